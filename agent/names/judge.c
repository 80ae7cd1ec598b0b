/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names to verdicts. Called by names/namewatch.c and names/lookups.c.
 */
#include "names/judge.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <netinet/in.h>
#include <string.h>
#include <time.h>

#include "names/url.h"
#include "sekisho/verdict.h"
#include "text/week.h"

bool judge_profile(struct judge *judge, const struct sek_name_copy_head *head,
		   struct sek_name_profile *ret_profile)
{
	uint32_t index = (head->generation & 1) * SEK_NAME_PROFILES_MAX + head->profile;
	int fd = gate_map_fd(judge->gate, "sek_name_policy");

	if (!head->profile || head->profile >= SEK_NAME_PROFILES_MAX)
		return false;
	if (fd >= 0 && !bpf_map_lookup_elem(fd, &index, ret_profile))
		return true;
	judge->profile_errors++;
	return false;
}

const struct sek_name_phase *judge_phase(const struct sek_name_profile *profile, time_t now)
{
	unsigned int quarter;
	struct tm tm;

	localtime_r(&now, &tm);
	quarter = week_quarter((unsigned int)(tm.tm_wday + 6) % 7, (unsigned int)tm.tm_hour,
			       (unsigned int)tm.tm_min);
	return &profile->phase[profile->week[quarter] % SEK_NAME_PHASES_MAX];
}

static bool is_question(const struct sek_name_copy_head *head)
{
	return head->key.port[1] == htons(53);
}

/* Of several spellings or places the one that is against it counts. */
static void ask(struct judge *judge, const struct sek_name_copy_head *head,
		const struct sek_name_phase *phase, const char *host, const char *target,
		struct judged *judged)
{
	uint16_t suffix = 0;
	struct sek_name_said said;

	if (judged->blocked)
		return;
	said = judge->calls.decide(judge->calls.arg, host, target, head->key.tenant, phase, &suffix);
	if (head->key.proto == IPPROTO_TCP || !is_question(head))
		name_said_connected(&said, is_question(head));
	judged->list = name_list_lowest(said.lists);
	judged->suffix = suffix;
	judged->reason = said.opinion == SEK_NAME_BLOCK ? SEK_R_name_block : 0;
	if (said.opinion == SEK_NAME_NONE && phase->flags & SEK_NAME_ONLY_LISTED)
		judged->reason = SEK_R_name_unlisted;
	judged->blocked = judged->reason;
	judged->allowed = said.opinion == SEK_NAME_ALLOW;
	if (said.opinion == SEK_NAME_NONE || said.opinion == SEK_NAME_INSPECT) {
		uint64_t block = regexes_block(judge->regexes, host, strlen(host), phase);

		if (!block)
			return;
		judged->blocked = judged->by_regex = true;
		judged->reason = SEK_R_name_block;
		judged->list = name_list_lowest(block);
	}
}

/* Begins a judgement; false: there is nothing to be judged by. */
static bool begin(struct judge *judge, const struct sek_name_copy_head *head,
		  struct sek_name_profile *profile, const struct sek_name_phase **phase,
		  struct judged *judged)
{
	*judged = (struct judged){ .list = SEK_NAME_NO_LIST };
	if (!judge_profile(judge, head, profile))
		return false;
	*phase = judge_phase(profile, time(NULL));
	judged->flags = profile->flags;
	return (*phase)->flags & SEK_NAME_LOOKS_ON;
}

/* Nothing is named: a list cannot have it. */
static void nameless(const struct sek_name_profile *profile, const struct sek_name_phase *phase,
		     bool is_hello, struct judged *judged)
{
	if (phase->flags & SEK_NAME_ONLY_LISTED)
		judged->reason = SEK_R_name_unlisted;
	else if (is_hello && profile->flags & SEK_NAME_TLS_STRICT)
		judged->reason = SEK_R_name_hidden;
	judged->blocked = judged->reason;
}

/* One spelling where there is one, else as it came. In requests it may be encoded as URLs are. */
static void host_spell(const char *host, size_t len, bool in_request, struct judged *judged)
{
	struct name name;
	bool address;

	if (!(in_request ? url_host(host, len, &name, &address)
			 : name_of_host(host, len, &name, &address))) {
		memcpy(judged->host, name.text, sizeof(name.text));
		return;
	}
	len = len < sizeof(judged->host) ? len : sizeof(judged->host) - 1;
	for (size_t i = 0; i < len; i++)
		judged->host[i] = (char)(host[i] >= 'A' && host[i] <= 'Z' ? host[i] | 0x20 : host[i]);
	judged->host[len] = 0;
}

void judge_host(struct judge *judge, const struct sek_name_copy_head *head, const char *host,
		size_t host_len, struct judged *judged)
{
	const struct sek_name_phase *phase = NULL;
	struct sek_name_profile profile;
	bool looks = begin(judge, head, &profile, &phase, judged);

	if (host_len)
		host_spell(host, host_len, false, judged);
	if (looks && host_len)
		ask(judge, head, phase, judged->host, NULL, judged);
	else if (looks)
		nameless(&profile, phase, !is_question(head), judged);
}

void judge_request(struct judge *judge, const struct sek_name_copy_head *head,
		   const struct wire_text *host, const struct wire_text *target,
		   struct judged *judged)
{
	const struct sek_name_phase *phase = NULL;
	struct sek_name_profile profile;
	static struct url url, bare; /* of the loop's thread; too large for a stack */
	bool looks = begin(judge, head, &profile, &phase, judged);

	if (host->len)
		host_spell(host->text, host->len, true, judged);
	if (!looks)
		return;
	if (!host->len) {
		nameless(&profile, phase, false, judged);
		return;
	}
	/* A target that is no URL, or a very long one, is no page: what is said of the host counts. */
	if (url_of_request(host->text, host->len, target->text, target->len, &url)) {
		ask(judge, head, phase, judged->host, "", judged);
		return;
	}
	ask(judge, head, phase, judged->host, url.target, judged);
	if (url_without_parameters(&url, &bare))
		ask(judge, head, phase, judged->host, bare.target, judged);
}
