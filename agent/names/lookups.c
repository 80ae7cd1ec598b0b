/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS messages. Called by names/namewatch.c.
 */
#include "names/lookups.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sekisho/verdict.h"

#define LEARN_S_MIN 60
#define LEARN_S_MAX 86400

static const struct model_tenant *tenant_of(const struct lookups *l,
					    const struct sek_name_copy_head *head)
{
	const struct policy *policy = editions_policy(l->editions, head->generation);

	return policy ? policy_tenant_id(policy, head->key.tenant) : NULL;
}

void lookups_name(const struct lookups *l, const struct sek_name_copy_head *head,
		  const struct judged *judged, struct eve_name *n)
{
	const struct policy *policy = editions_policy(l->editions, head->generation);
	const struct model_tenant *tenant = tenant_of(l, head);
	const struct model_name_group *group = NULL;
	uint8_t number = judged ? judged->list : head->list;
	const struct model_name_list *list =
		policy && number != SEK_NAME_NO_LIST ? policy_name_list_id(policy, number) : NULL;
	bool in = head->dir == SEK_IN;

	if (tenant)
		policy_names_at(tenant, &head->key.addr[0], &group);
	*n = (struct eve_name){ .event = { .now_ns = head->now_ns,
					   .dir = head->dir,
					   .reason = judged ? judged->reason : head->reason,
					   .tenant = head->key.tenant,
					   .generation = head->generation,
					   .src = head->key.addr[in],
					   .dst = head->key.addr[!in],
					   .sport = head->key.port[in],
					   .dport = head->key.port[!in],
					   .proto = head->key.proto },
				.tenant = tenant ? tenant->name : NULL,
				.group = group ? group->name : NULL,
				.list = list ? list->name : NULL,
				.category = list ? list->category : NULL,
				.suffix = judged && judged->blocked ? judged->host + judged->suffix
								    : NULL,
				.how = head->how };
}

/* --- learning --- */

static bool pace_keeps(struct lookups *l, uint16_t tenant, uint64_t now_ns)
{
	uint64_t hour = now_ns / 3600000000000ULL + 1;

	tenant %= SEK_TENANTS_MAX;
	if (l->pace[tenant].hour != hour) {
		l->pace[tenant].hour = hour;
		l->pace[tenant].cnt = 0;
	}
	return ++l->pace[tenant].cnt <= LOOKUPS_LEARN_MAX;
}

static void learn(struct lookups *l, const struct sek_name_copy_head *head, const char *name,
		  uint32_t for_s, const char *reason)
{
	const struct model_tenant *tenant = tenant_of(l, head);

	if (!tenant)
		return;
	for_s = for_s < LEARN_S_MIN ? LEARN_S_MIN : for_s;
	for_s = for_s > LEARN_S_MAX ? LEARN_S_MAX : for_s;
	if (pace_keeps(l, head->key.tenant, head->now_ns) &&
	    !l->judge->calls.learn(l->judge->calls.arg, tenant->name, name, time(NULL) + for_s,
				   reason))
		l->learned++;
	else
		l->learned_refused++;
}

void lookups_seen(struct lookups *l, const struct sek_name_copy_head *head,
		  const struct judged *judged, bool is_server)
{
	const struct policy *policy = editions_policy(l->editions, head->generation);
	const struct model_name_list *list = policy && judged->list != SEK_NAME_NO_LIST
						     ? policy_name_list_id(policy, judged->list)
						     : NULL;

	if (!judged->host[0])
		return;
	l->at = head;
	if (judged->by_regex && judged->blocked)
		learn(l, head, judged->host, LEARN_S_MAX,
		      "a regular expression of a list matches it");
	if (!judged->blocked && list && list->category && strstr(list->category, "doh"))
		suspect_spare(l->suspect, head->key.tenant, &head->key.addr[0], head->now_ns);
	if (is_server && !judged->blocked && judged->flags & SEK_NAME_TELL_DNS)
		suspect_server(l->suspect, head->key.tenant, &head->key.addr[0], judged->host,
			       head->now_ns);
}

/* --- messages --- */

struct asked {
	char name[DNS_NAME_TEXT];
	uint16_t type;
	bool exists;
	uint32_t ttl_s;
	char led[DNS_NAME_TEXT]; /* the first name of an answer's that is blocked; "": none is */
};

/* Whether the kernel has answered otherwise than it would answer what is learned. */
static bool is_answered_apart(const struct lookups *l, const struct sek_name_copy_head *head)
{
	struct sek_name_profile profile;

	return head->reason && judge_profile(l->judge, head, &profile) && head->how != profile.answer;
}

/* A name that an answer leads to. The asked one is learned unless somebody allows or blocks it already. */
static void target_judge(struct lookups *l, const struct sek_name_copy_head *head,
			 struct asked *asked, const char *target, uint32_t ttl_s)
{
	struct judged to, from;
	char reason[SEK_NAME_BYTES + 64];

	judge_host(l->judge, head, target, strlen(target), &to);
	if (to.reason != SEK_R_name_block)
		return;
	if (!asked->led[0])
		memcpy(asked->led, to.host, strlen(to.host) + 1);
	if (is_answered_apart(l, head))
		return;
	judge_host(l->judge, head, asked->name, strlen(asked->name), &from);
	if (from.blocked || from.allowed)
		return;
	snprintf(reason, sizeof(reason), "an answer leads it to %.253s", to.host);
	learn(l, head, from.host, ttl_s, reason);
}

static void answers_walk(struct lookups *l, const struct sek_name_copy_head *head,
			 struct dns_reader *dns, struct asked *asked)
{
	char target[DNS_NAME_TEXT];
	struct dns_item item;

	asked->ttl_s = UINT32_MAX;
	while (dns_next(dns, &item) == WIRE_DONE) {
		if (item.section == DNS_ANSWER) {
			asked->exists = true;
			if (item.ttl_s < asked->ttl_s)
				asked->ttl_s = item.ttl_s;
		}
		if (dns_target(dns, &item, target))
			target_judge(l, head, asked, target, item.ttl_s);
	}
}

static void lower(char *text)
{
	for (; *text; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text | 0x20);
}

static void question_take(struct lookups *l, const struct sek_name_copy_head *head,
			  const struct asked *asked, size_t len)
{
	struct judged judged;

	ledger_asked(l->ledger, head->key.tenant, asked->name,
		     (int64_t)head->now_ns + clock_real_offset());
	suspect_question(l->suspect, head->key.tenant, asked->name, asked->type, (uint32_t)len,
			 head->now_ns);
	if (head->reason || !regexes_cnt(l->judge->regexes))
		return;
	judge_host(l->judge, head, asked->name, strlen(asked->name), &judged);
	lookups_seen(l, head, &judged, false);
}

static void answer_take(struct lookups *l, const struct sek_name_copy_head *head,
			struct dns_reader *dns, struct asked *asked)
{
	bool missing = dns_rcode(dns) == DNS_RCODE_NXDOMAIN;

	answers_walk(l, head, dns, asked);
	if (missing)
		ledger_nxdomain(l->ledger, head->key.tenant, asked->name);
	if (missing || asked->exists)
		suspect_answer(l->suspect, head->key.tenant, &head->key.addr[0], asked->name,
			       !missing, asked->exists ? asked->ttl_s : 0, head->now_ns);
}

static void message_record(struct lookups *l, const struct sek_name_copy_head *head,
			   const uint8_t *message, size_t len, const char *name)
{
	size_t name_len = strlen(name), line_len;
	char line[EVE_LINE_MAX];
	struct eve_name n;

	lookups_name(l, head, NULL, &n);
	if (head->suffix && head->suffix <= name_len)
		n.suffix = name + name_len - head->suffix;
	if (eve_dns(&n, message, len, clock_real_offset(), line, &line_len))
		records_line(l->records, line, line_len);
}

void lookups_take(struct lookups *l, const struct sek_name_copy_head *head, const uint8_t *message,
		  size_t len)
{
	struct dns_reader dns;
	struct dns_item item;
	struct asked asked = {};

	if (dns_begin(&dns, message, len) != WIRE_DONE || dns_next(&dns, &item) != WIRE_DONE ||
	    item.section != DNS_QUESTION)
		return;
	memcpy(asked.name, item.name, sizeof(asked.name));
	asked.type = item.type;
	lower(asked.name);
	l->at = head;
	if (dns_is_answer(&dns))
		answer_take(l, head, &dns, &asked);
	else
		question_take(l, head, &asked, len);
	/* Of an answer that is refused it is not the asked name that a list has. */
	message_record(l, head, message, len, asked.led[0] ? asked.led : asked.name);
}
