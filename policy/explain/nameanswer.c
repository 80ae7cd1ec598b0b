// SPDX-License-Identifier: Apache-2.0
/*
 * The answer to "why is this name blocked?", protocol by protocol. Called by `sekisho url explain` and by
 * the agent for it. Pure.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compile/spell.h"
#include "explain/nameasked.h"

enum name_end name_end_of(const struct sek_name_said *said, const struct sek_name_phase *phase)
{
	if (!(phase->flags & SEK_NAME_LOOKS_ON) || said->opinion == SEK_NAME_ALLOW)
		return NAME_PASSES;
	if (said->opinion == SEK_NAME_BLOCK)
		return NAME_BLOCKED;
	if (said->opinion == SEK_NAME_INSPECT)
		return NAME_INSPECTED;
	return phase->flags & SEK_NAME_ONLY_LISTED ? NAME_UNLISTED : NAME_PASSES;
}

const char *name_end_word(enum name_end end)
{
	static const char *const words[] = { "passes", "blocked", "blocked", "inspected" };

	return words[end];
}

/* Everything that the rows of the wire ask. */
struct wire {
	const struct policy *policy;
	const struct name_question *q;
	enum name_end host, url; /* a question over UDP, a request */
	enum name_end question,
		hello; /* a question over TCP, a connection that shows the host alone */
	const struct name_because *host_because;
	json_t *rows;
};

static void row(struct wire *w, const char *protocol, const char *by, enum name_end end,
		const char *what)
{
	json_array_append_new(w->rows, json_pack("{s:s, s:s, s:s, s:s}", "protocol", protocol, "by",
						 by, "end", name_end_word(end), "what", what));
}

static bool is_stopped(enum name_end end)
{
	return end == NAME_BLOCKED || end == NAME_UNLISTED;
}

static uint8_t how_of(const struct wire *w)
{
	uint8_t how = w->host_because->said.how;

	return w->host == NAME_BLOCKED && how != SEK_NAME_AS_POLICY ? how : w->q->profile.answer;
}

static void sinkhole_say(const struct model_name_site *site, char *to, size_t size)
{
	char v4[PREFIX_TEXT_MAX] = "no data", v6[PREFIX_TEXT_MAX] = "no data";

	if (site->sink4.len)
		prefix_print(&site->sink4, v4);
	if (site->sink6.len)
		prefix_print(&site->sink6, v6);
	snprintf(to, size, "answered with the sinkhole: A %s, AAAA %s, for %us; HTTPS with no data",
		 v4, v6, site->sink_ttl_s);
}

static void own_say(const struct sek_name_answer *own, char *to, size_t size)
{
	char v4[PREFIX_TEXT_MAX] = "no data", v6[PREFIX_TEXT_MAX] = "no data";
	struct sek_addr mapped = { .w = { [2] = htonl(0xffff), [3] = own->ip4 } };

	if (own->flags & SEK_NAME_HAS4)
		address_print(&mapped, v4);
	if (own->flags & SEK_NAME_HAS6)
		address_print(&own->ip6, v6);
	if (own->flags)
		snprintf(to, size, "answered with the list's own address: A %s, AAAA %s, for %us",
			 v4, v6, own->ttl_s);
	else
		snprintf(to, size, "answered with the list's own address");
}

static void dns_row(struct wire *w)
{
	char text[256] = "the question passes";

	if (w->q->url.address) {
		row(w, "DNS", "-", NAME_PASSES, "an address is not asked for");
		return;
	}
	if (is_stopped(w->host)) {
		uint8_t how = how_of(w);

		if (how == SEK_NAME_SINKHOLE)
			sinkhole_say(&w->policy->names, text, sizeof(text));
		else if (how == SEK_NAME_LOCAL)
			own_say(&w->host_because->own, text, sizeof(text));
		else
			snprintf(text, sizeof(text), "%s",
				 how == SEK_NAME_NODATA	   ? "answered with no data"
				 : how == SEK_NAME_SILENCE ? "dropped without an answer"
				 : how == SEK_NAME_TCP ? "answered as too long: ask again over TCP"
						       : "answered with NXDOMAIN");
	} else if (w->q->profile.ech == SEK_ECH_STRIP) {
		snprintf(text, sizeof(text),
			 "the question passes; ech is taken out of the HTTPS answer");
	}
	row(w, "DNS", "kernel", w->host, text);
	row(w, "DNS over TCP", "agent", w->question,
	    is_stopped(w->question) ? "both ends get a reset" : "passes");
}

static void tls_row(struct wire *w)
{
	bool closed = w->q->tenant->limits.flags & SEK_TENANT_FAIL_CLOSED;

	if (w->q->url.address) {
		bool blocked = w->q->profile.flags & SEK_NAME_TLS_STRICT;

		row(w, "TLS", "kernel", blocked ? NAME_BLOCKED : NAME_PASSES,
		    blocked ? "both ends get a reset: the ClientHello names nothing"
			    : "passes: the ClientHello names nothing");
		return;
	}
	row(w, "TLS", "kernel", w->hello,
	    is_stopped(w->hello)	 ? "both ends get a reset at the ClientHello"
	    : w->hello == NAME_INSPECTED ? "passes on to inspection"
	    : w->q->profile.ech == SEK_ECH_BLOCK
		    ? "passes; with ECH that is not GREASE both ends get a reset"
		    : "passes");
	row(w, "TLS, ClientHello in pieces", "agent", w->hello,
	    is_stopped(w->hello) ? closed ? "waits until the name is read, then both ends get a reset"
					  : "both ends get a reset as soon as the name is read"
	    : closed		 ? "waits until the name is read, then passes"
				 : "passes");
}

static void http_row(struct wire *w)
{
	row(w, "HTTP", "kernel", w->url,
	    is_stopped(w->url)	       ? "both ends get a reset at the request"
	    : w->url == NAME_INSPECTED ? "passes on to inspection"
				       : "passes");
}

static void quic_row(struct wire *w)
{
	if (w->q->profile.flags & SEK_NAME_QUIC_REFUSE)
		row(w, "QUIC", "kernel", NAME_BLOCKED,
		    "refused by ICMP whatever the name: the browser takes TCP at once");
	else
		row(w, "QUIC", "agent", w->hello,
		    is_stopped(w->hello) ? "refused as soon as the name is read" : "passes");
}

static json_t *wire_rows(struct wire *w)
{
	w->rows = json_array();
	if (!w->rows || !w->q->names->on)
		return w->rows;
	dns_row(w);
	tls_row(w);
	http_row(w);
	quic_row(w);
	if (w->q->profile.flags & SEK_NAME_DOT_REFUSE)
		row(w, "DNS over TLS, QUIC", "kernel", NAME_BLOCKED,
		    "port 853 is refused whatever the name");
	return w->rows;
}

static json_t *text_json(const char *text)
{
	return text && *text ? json_string(text) : json_null();
}

/* Names of the lists of a mask. */
static json_t *lists_json(const struct policy *policy, uint64_t lists)
{
	json_t *names = json_array();

	for (size_t i = 0; i < policy->name_list_cnt; i++)
		if (lists >> policy->name_lists[i].id & 1)
			json_array_append_new(names, json_string(policy->name_lists[i].name));
	return names;
}

static json_t *list_json(const struct policy *policy, const struct name_because *because)
{
	const struct model_name_list *list =
		because->list < 0 ? NULL : policy_name_list_id(policy, (uint16_t)because->list);

	if (because->list < 0)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:I, s:o}", "name",
			 text_json(list ? list->name : NULL), "kind",
			 text_json(!list	 ? NULL
				   : list->allow ? "allow"
						 : "block"),
			 "category", text_json(list ? list->category : NULL), "title",
			 text_json(list ? list->title : NULL), "file", text_json(because->file),
			 "line", (json_int_t)because->line, "entry", text_json(because->entry));
}

/* What of the question was met: a suffix of the host, or host and the beginning of the target. */
static json_t *matched_json(const struct name_question *q, const struct name_because *because)
{
	if (because->said.opinion == SEK_NAME_NONE)
		return json_null();
	if (because->found.pages)
		return json_sprintf("%s (pages of it)", q->url.host.text);
	return json_sprintf("%s%.*s", q->url.host.text + because->found.at,
			    (int)because->found.path_len, q->url.target);
}

static const char *decided_by(const struct name_because *because, enum name_end end)
{
	return because->override			? "override"
	       : because->list >= 0			? "list"
	       : because->said.opinion != SEK_NAME_NONE ? "override"
	       : end == NAME_UNLISTED			? "mode"
							: "nothing";
}

static json_t *because_json(const struct policy *policy, const struct name_question *q,
			    const struct name_because *because, enum name_end end)
{
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:O?}", "verdict", name_end_word(end),
			 "reason",
			 end == NAME_BLOCKED	? "name_block"
			 : end == NAME_UNLISTED ? "name_unlisted"
						: "accepted",
			 "by", decided_by(because, end), "list", list_json(policy, because),
			 "matched", matched_json(q, because), "lists",
			 lists_json(policy, because->said.lists), "override", because->override);
}

/* "Mon 08:30", and until when the same lists count. */
static json_t *phase_json(const struct policy *policy, const struct name_question *q)
{
	const uint8_t *week = q->profile.week;
	unsigned int end = q->quarter, cnt = 0;
	char from[16], until[16] = "";

	while (cnt < SEK_NAME_QUARTERS && week[end] == week[q->quarter]) {
		end = (end + 1) % SEK_NAME_QUARTERS;
		cnt++;
	}
	snprintf(from, sizeof(from), "%s %02u:%02u", week_day_name(q->quarter / 96),
		 q->quarter % 96 / 4, q->quarter % 4 * 15);
	if (cnt < SEK_NAME_QUARTERS)
		snprintf(until, sizeof(until), "%s %02u:%02u", week_day_name(end / 96),
			 end % 96 / 4, end % 4 * 15);
	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "at", from, "until", text_json(until),
			 "block", lists_json(policy, q->phase->block), "allow",
			 lists_json(policy, q->phase->allow), "inspect",
			 lists_json(policy, q->phase->inspect));
}

void name_answer_site(json_t *answer, const struct name_suffixes *suffixes)
{
	const char *host = json_string_value(json_object_get(answer, "host")), *end, *dot;

	json_object_set_new(answer, "public_suffix", json_null());
	json_object_set_new(answer, "site", json_null());
	if (!host || !suffixes)
		return;
	end = host + strlen(host);
	if (name_suffix_is_public(suffixes, host, (size_t)(end - host))) {
		json_object_set_new(answer, "public_suffix", json_string(host));
		return;
	}
	host += name_suffix_registered(suffixes, host, (size_t)(end - host));
	dot = strchr(host, '.');
	if (!dot || !name_suffix_is_public(suffixes, dot + 1, (size_t)(end - dot - 1)))
		return; /* below none that is known */
	json_object_set_new(answer, "public_suffix", json_string(dot + 1));
	json_object_set_new(answer, "site", json_string(host));
}

void name_answer_expressions(json_t *answer, const struct name_question *q,
			     const size_t of[SEK_NAME_LISTS_MAX])
{
	uint64_t lists = q->phase->block | q->phase->allow;
	size_t cnt = 0;

	for (size_t i = 0; i < SEK_NAME_LISTS_MAX; i++)
		cnt += lists >> i & 1 ? of[i] : 0;
	json_object_set_new(answer, "expressions", json_integer((json_int_t)cnt));
}

static enum name_end connected_end(struct sek_name_said said, const struct sek_name_phase *phase,
				   bool question)
{
	name_said_connected(&said, question);
	return name_end_of(&said, phase);
}

/* TLS shows a name and no more; and where DNS gives no address, no request is ever sent. */
static bool host_decides(const struct wire *w)
{
	return w->q->https || !w->q->has_path || (is_stopped(w->hello) && !w->q->url.address);
}

/* Of a URL or of a name: where a list's own answer leads somewhere, what becomes of the connection. */
static enum name_end end_of(const struct wire *w, bool by_host)
{
	if (!by_host)
		return w->url;
	return w->q->https || w->q->has_path ? w->hello : w->host;
}

json_t *name_answer_json(const struct policy *policy, const struct name_question *q,
			 const struct name_because *host, const struct name_because *url,
			 const char *lists)
{
	struct wire wire = {
		.policy = policy,
		.q = q,
		.host = name_end_of(&host->said, q->phase),
		.url = connected_end(url->said, q->phase, false),
		.question = connected_end(host->said, q->phase, true),
		.hello = connected_end(host->said, q->phase, false),
		.host_because = host,
	};
	bool by_host = host_decides(&wire);
	enum name_end end = end_of(&wire, by_host);
	char *settings = spell_names(policy, q->names);
	json_t *answer =
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:s}",
			  "asked", q->what, "host", q->url.host.text, "target", q->url.target,
			  "verdict", name_end_word(end), "tenant", q->tenant->name, "group",
			  text_json(q->group ? q->group->name : NULL), "mode",
			  !q->names->on				? "off"
			  : q->names->mode == NAMES_ONLY_LISTED ? "only-listed"
								: "block",
			  "settings", text_json(settings), "phase", phase_json(policy, q),
			  "because", because_json(policy, q, by_host ? host : url, end), "url",
			  q->has_path ? because_json(policy, q, url, wire.url) : json_null(),
			  "wire", wire_rows(&wire), "lists", lists);

	free(settings);
	return answer;
}
