// SPDX-License-Identifier: Apache-2.0
/*
 * The head of a rule: action, protocol, addresses, ports, direction. Called by line.c.
 */
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

#include "detect/parse/inside.h"
#include "text/suggest.h"

static const struct {
	const char *word;
	enum rule_action action;
} actions[] = {
	{ "alert", RULE_ALERT },
	{ "pass", RULE_PASS },
	{ "drop", RULE_DROP },
	{ "reject", RULE_REJECT },
	{ "rejectsrc", RULE_REJECT },
	{ "rejectdst", RULE_REJECT_DST },
	{ "rejectboth", RULE_REJECT_BOTH },
	{ "config", RULE_CONFIG },
};

int actions_find(struct slice word, enum rule_action *ret_action)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (slice_same(word, actions[i].word)) {
			*ret_action = actions[i].action;
			return 0;
		}
	}
	return -ENOENT;
}

static int action_read(struct draft *draft, struct slice word)
{
	struct suggest near;
	char hint[64] = "alert, pass, drop, reject, rejectdst, rejectboth or config";
	char said[32];

	if (!actions_find(word, &draft->signature->rule.action)) {
		/* what passes is told where "alert" asks for it */
		draft->signature->rule.noalert = draft->signature->rule.action == RULE_PASS;
		return 0;
	}
	snprintf(said, sizeof(said), "%.*s", (int)word.len, word.at);
	suggest_start(&near, said);
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		suggest_offer(&near, actions[i].word);
	if (near.best)
		snprintf(hint, sizeof(hint), "did you mean %s?", near.best);
	return refuse(draft, (const char *)word.at, hint, "there is no action \"%s\"", said);
}

static void proto_set(struct signature *signature, unsigned int proto)
{
	signature->protos[proto / 64] |= 1ull << proto % 64;
}

static void proto_all(struct signature *signature)
{
	memset(signature->protos, 0xff, sizeof(signature->protos));
}

static void proto_tcp_pkt(struct signature *signature)
{
	proto_set(signature, IPPROTO_TCP);
	signature->only_pkt = true;
}

static void proto_tcp_stream(struct signature *signature)
{
	proto_set(signature, IPPROTO_TCP);
	signature->only_stream = true;
}

static void proto_icmp(struct signature *signature)
{
	proto_set(signature, IPPROTO_ICMP);
	proto_set(signature, IPPROTO_ICMPV6);
}

static void proto_ipv4(struct signature *signature)
{
	proto_all(signature);
	signature->family = 4;
}

static void proto_ipv6(struct signature *signature)
{
	proto_all(signature);
	signature->family = 6;
}

static void proto_pkthdr(struct signature *signature)
{
	proto_all(signature);
	signature->any_packet = true;
}

static const struct {
	const char *word;
	uint8_t proto; /* 0: as set says */
	void (*set)(struct signature *signature);
} transports[] = {
	{ "tcp", IPPROTO_TCP, NULL },
	{ "udp", IPPROTO_UDP, NULL },
	{ "sctp", IPPROTO_SCTP, NULL },
	{ "icmpv4", IPPROTO_ICMP, NULL },
	{ "icmpv6", IPPROTO_ICMPV6, NULL },
	{ "tcp-pkt", 0, proto_tcp_pkt },
	{ "icmp", 0, proto_icmp },
	{ "tcp-stream", 0, proto_tcp_stream },
	{ "ip", 0, proto_all },
	{ "any", 0, proto_all },
	{ "ipv4", 0, proto_ipv4 },
	{ "ip4", 0, proto_ipv4 },
	{ "ipv6", 0, proto_ipv6 },
	{ "ip6", 0, proto_ipv6 },
	{ "pkthdr", 0, proto_pkthdr },
};

static int app_read(struct draft *draft, struct slice word)
{
	struct signature *signature = draft->signature;
	bool is_known;
	uint64_t apps = apps_find(word, &is_known);

	if (!apps && is_known)
		return refuse(draft, (const char *)word.at, NULL,
			      "the protocol %.*s is not read yet", (int)word.len, word.at);
	if (!apps)
		return refuse(draft, (const char *)word.at,
			      "tcp, udp, icmp, ip, or a protocol such as http, dns, tls",
			      "there is no protocol \"%.*s\"", (int)word.len, word.at);
	signature->apps = apps;
	for (unsigned int id = 0; id < PROTO_CNT; id++) {
		if (!(apps >> id & 1))
			continue;
		if (protos[id]->over & PROTO_OVER_TCP)
			proto_set(signature, IPPROTO_TCP);
		if (protos[id]->over & PROTO_OVER_UDP)
			proto_set(signature, IPPROTO_UDP);
	}
	return 0;
}

static int proto_read(struct draft *draft, struct slice word)
{
	for (size_t i = 0; i < sizeof(transports) / sizeof(transports[0]); i++) {
		if (!slice_same(word, transports[i].word))
			continue;
		if (transports[i].proto)
			proto_set(draft->signature, transports[i].proto);
		else
			transports[i].set(draft->signature);
		return 0;
	}
	return app_read(draft, word);
}

/* The next word; a list in brackets may have spaces in it. */
static bool word_next(struct slice *rest, struct slice *ret_word)
{
	int depth = 0;
	size_t len;

	*rest = slice_trim(*rest);
	for (len = 0; len < rest->len; len++) {
		if (rest->at[len] == '[')
			depth++;
		else if (rest->at[len] == ']')
			depth--;
		else if (depth <= 0 && isspace(rest->at[len]))
			break;
	}
	*ret_word = slice(rest->at, len);
	*rest = slice_behind(*rest, len);
	return len > 0;
}

static int direction_read(struct draft *draft, struct slice word)
{
	draft->signature->both_ways = slice_is(word, "<>");
	if (draft->signature->both_ways || slice_is(word, "->"))
		return 0;
	return refuse(draft, (const char *)word.at, "-> or <>; turn the ends round for <-",
		      "\"%.*s\" is no direction", (int)word.len, word.at);
}

int header_read(struct draft *draft, struct slice header)
{
	struct signature *signature = draft->signature;
	struct slice rest = header, words[7], more;
	int err;

	for (int i = 0; i < 7; i++)
		if (!word_next(&rest, &words[i]))
			return refuse(draft, (const char *)header.at,
				      "action protocol source port -> destination port (...)",
				      "the head of a rule has seven words, this one has %d", i);
	if (word_next(&rest, &more))
		return refuse(draft, (const char *)more.at,
			      "action protocol source port -> destination port (...)",
			      "\"%.*s\" is too much in front of the parenthesis", (int)more.len,
			      more.at);
	err = action_read(draft, words[0]);
	if (!err)
		err = proto_read(draft, words[1]);
	if (!err)
		err = addresses_read(draft, words[2], &signature->src);
	if (!err)
		err = ports_read(draft, words[3], &signature->sport);
	if (!err)
		err = direction_read(draft, words[4]);
	if (!err)
		err = addresses_read(draft, words[5], &signature->dst);
	if (!err)
		err = ports_read(draft, words[6], &signature->dport);
	return err;
}
