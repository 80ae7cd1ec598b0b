/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a policy means: the YAML document after reading and checking, before compiling.
 * model_read() is the only maker. All strings are owned by the policy and valid UTF-8.
 */
#ifndef POLICY_MODEL_MODEL_H
#define POLICY_MODEL_MODEL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sekisho/limits.h"
#include "sekisho/name.h"
#include "sekisho/policy.h"
#include "sekisho/tenant.h"
#include "sekisho/verdict.h"
#include "text/address.h"
#include "text/diag.h"
#include "text/week.h"

/* Where in the document something was said. */
struct place {
	const char *file;
	uint32_t line, column;
};

struct model_port {
	uint16_t id; /* 1.. */
	char *name; /* as in the policy */
	char *interface; /* Linux name; the same as name unless given */
	bool outside;
	bool bridge;
	char *peer; /* bridge: name of the other port */
	uint16_t peer_id;
	uint16_t link_forward, link_stack;
	enum { MODE_AUTO, MODE_NATIVE, MODE_GENERIC, MODE_TC } mode;
	struct place place;
};

/* How a list is kept new from where it is published. */
struct model_feed {
	char *url; /* NULL: it is not */
	uint32_t refresh_s; /* how often it is asked */
	uint64_t max_bytes; /* what is longer is refused */
	char *sha256; /* 64 hexadecimal digits, or the URL of a file of sums; may be NULL */
	char *signature; /* URL of a detached signature; NULL: none */
	char *key; /* file of the public key, resolved as a source is; with signature alone */
	char *proxy; /* URL of a proxy; NULL: none */
	bool insecure; /* http without TLS may be used */
	bool private; /* a redirect may lead to a private address */
	bool reserved; /* entries of private and multicast networks are meant */
};

struct model_list {
	uint16_t id; /* 0..63 */
	char *name;
	char *title; /* may be NULL; may be Japanese */
	bool allow; /* an allow list; else a block list */
	char *category;
	char *source; /* file to load at start, resolved against the policy's folder; may be NULL */
	char *format; /* name in formats.def; NULL: guess */
	struct model_feed feed; /* in place of a source */
	struct place place;
};

/*
 * The name of a list that is there where somebody needs it: names by which browsers and phones ask whether
 * they may hide names. Whoever has `canaries: refuse`, or white list mode, takes it as a block list.
 */
#define MODEL_CANARIES "built-in-canaries"

/* A list of names and URLs (holds: names). Its id is not one of an address list. */
struct model_name_list {
	uint16_t id; /* 0..63 */
	char *name; /* no address list has it either */
	char *title, *category; /* as those of an address list; may be NULL */
	bool allow;
	char *source; /* a file, resolved against the policy's folder; may be NULL */
	char *format; /* name of a format of names; NULL: guess */
	bool own_answers; /* names that it gives an address are answered with it, not as the body says */
	bool public_suffixes; /* it has them on purpose: jp, go.jp */
	bool built_in; /* MODEL_CANARIES: nobody wrote it */
	struct model_feed feed; /* in place of a source */
	struct place place;
};

/* Lists of names that are taken together, and when. */
struct model_taking {
	uint64_t lists; /* bit x: the name list with id x */
	struct week when;
	struct place place;
};

enum model_use { USE_BLOCK, USE_ALLOW, USE_INSPECT, USE_CNT };

/* What holds of names for a tenant, or for a group of its addresses. */
struct model_names {
	bool on; /* names are looked at; else nothing of the rest holds */
	enum { NAMES_BLOCK, NAMES_ONLY_LISTED } mode;
	struct model_taking *takings[USE_CNT]; /* by enum model_use */
	size_t taking_cnt[USE_CNT];
	enum { ANSWER_NXDOMAIN, ANSWER_NODATA, ANSWER_SINKHOLE } answer;
	enum { ECH_ALLOW, ECH_STRIP, ECH_BLOCK } ech; /* numbers of enum sek_name_ech */
	enum { HIDDEN_ALLOW, HIDDEN_REFUSE } quic, dot, canaries;
	enum { NAMELESS_ALLOW, NAMELESS_BLOCK } nameless; /* a ClientHello without a name */
	enum { RECORDS_NONE, RECORDS_DNS, RECORDS_ALL } records;
	char *help_desk; /* what the block page names; NULL: the site's */
	struct place place;
};

struct model_name_group {
	char *name;
	char *title; /* may be NULL */
	struct prefix *prefixes; /* within the tenant's, in no other group */
	size_t prefix_cnt;
	struct model_names names;
	struct place place;
};

#define MODEL_NAME_PAGES_MAX 16
/* Section "names": what all tenants have in common. */
struct model_name_site {
	struct prefix sink4, sink6; /* addresses of the sinkhole; len 0: none */
	uint32_t sink_ttl_s;
	bool page; /* the block page is served */
	struct model_page_listen {
		struct sek_addr addr;
		uint16_t port;
	} listens[MODEL_NAME_PAGES_MAX]; /* listen_cnt 0: the sinkhole's addresses, port 80 */
	size_t listen_cnt;
	char *help_desk; /* may be NULL */
	bool no_requests; /* the page has no button that asks for release */
	struct place place; /* line 0: there is no such section */
};

/* Ports, both ends included; host byte order. */
struct model_range {
	uint16_t from, to;
};

/* One end of a rule: prefixes (groups are resolved); prefix_cnt 0 means any. */
struct model_end {
	struct prefix *prefixes;
	size_t prefix_cnt;
	struct model_range *ports; /* port_cnt 0 means any */
	size_t port_cnt;
};

struct model_rule {
	enum sek_dir dir; /* of the host: SEK_IN always */
	char *name; /* "out-3" unless given */
	bool unnamed; /* the name was not given */
	bool shared; /* of the defaults: other tenants have it as well */
	char *comment; /* may be NULL */
	bool any_proto;
	uint8_t protos[256 / 8]; /* bit set of protocols; unused when any_proto */
	struct model_end src, dst;
	/* By family: type << 8 | code, code 0xff: any; cnt 0 means any. */
	uint16_t *icmp, *icmp6;
	size_t icmp_cnt, icmp6_cnt;
	enum sek_action action;
	bool log;
	struct place place;
};

struct model_attach {
	uint16_t port_id;
	uint16_t vlan, outer; /* 0: untagged */
	struct place place;
};

/* One rule of the inspection engine, or all of a class. */
#define MODEL_CLASS_MAX 64
struct model_rule_pick {
	uint32_t gid, sid; /* sid 0: of the class */
	char class_name[MODEL_CLASS_MAX]; /* "trojan-activity" */
	struct place place;
};
struct model_picks {
	struct model_rule_pick *at;
	size_t cnt;
};

struct model_rule_set {
	char name[64]; /* of its file, without folder and ".rules" */
	struct place place;
};

#define MODEL_VARIABLE_MAX 64
struct model_variable { /* of addresses, in rules: $NAME */
	char name[MODEL_VARIABLE_MAX];
	struct prefix *prefixes;
	size_t prefix_cnt;
	struct place place;
};

enum pick_use { PICK_DISABLE, PICK_ALERT, PICK_DROP, PICK_REJECT, PICK_CNT };

/* Which rules of the inspection engine hold for a tenant, and what they do. */
struct model_inspect {
	bool off; /* none of them */
	bool all; /* all sets that the engine has; else those named */
	struct model_rule_set *sets;
	size_t set_cnt;
	struct model_picks picks[PICK_CNT]; /* by enum pick_use */
	struct model_variable *variables; /* HOME_NET is the tenant's prefixes unless it is among them */
	size_t variable_cnt;
	struct place place;
};

/* Alerts of a rule that are kept out of the records. */
struct model_suppression {
	struct model_rule_pick rule; /* never of a class */
	uint16_t tenant_id; /* 0: of all */
	struct prefix *src, *dst; /* both must hold; cnt 0: any */
	size_t src_cnt, dst_cnt;
	int64_t until_s; /* since 1970; 0: for good */
	char *by, *why; /* by may be NULL */
	struct place place;
};

struct model_tenant {
	uint16_t id; /* 1..63; 0 is the host */
	char *name; /* ASCII, [a-z0-9-] */
	char *title; /* for people, any language; may be NULL */
	char *options; /* free text of options taken ("decrypt, mail A"); may be NULL */
	struct model_attach *attaches;
	size_t attach_cnt;
	struct prefix *prefixes; /* its addresses */
	size_t prefix_cnt;
	struct prefix *routers; /* addresses among them that stand on the outside: its next hops */
	size_t router_cnt;
	struct model_rule *rules; /* in order, the defaults not included */
	size_t rule_cnt;
	enum sek_action default_action[2]; /* by direction */
	bool default_log[2];
	uint64_t list_block, list_allow; /* subscription, by list id */
	struct model_names names;
	struct model_name_group *name_groups; /* addresses for which something else holds of names */
	size_t name_group_cnt;
	struct model_inspect inspect;
	struct sek_tenant limits; /* flags, quotas, timeouts and rates are filled; tables are compile's */
	struct place place;
};

/* One question to the world, asked from the gateway after a policy went live. */
struct model_check {
	enum check_kind { CHECK_PING, CHECK_TCP, CHECK_HTTP, CHECK_DNS } kind;
	char *name;
	struct sek_addr to; /* ping, tcp: the target; dns: the server */
	uint16_t port; /* tcp; dns: 0 is 53 */
	char *text; /* http: the URL; dns: the name that is asked for */
	uint16_t dns_type; /* RFC 1035, 3.2.2 */
	uint16_t status; /* http; 0: any from 200 to 399 */
	struct sek_addr from; /* the gateway's own end */
	bool has_from;
	struct place place;
};

/* A policy with checks is kept when all pass, and goes back when one does not. */
struct model_confirm {
	uint32_t within_s; /* all of them */
	uint32_t attempts; /* of each, before it has failed */
	uint32_t timeout_ms; /* of an attempt */
	struct model_check *checks;
	size_t check_cnt; /* 0: the policy has none */
	struct place place;
};

/*
 * What must hold whatever the rules are: none, or every one, of the described packets passes.
 * Checked by policy_prove().
 */
struct model_assert {
	char *name;
	uint64_t tenants; /* bit x: of the tenant with id x */
	bool all; /* of all bodies: those of which it describes no packet are passed over */
	bool pass; /* expect: accept; else drop */
	struct model_rule *sets; /* the packets; more than one where a service has parts */
	size_t set_cnt;
	struct place place;
};

struct policy {
	char *path; /* of the document */
	char *text; /* the whole text, includes not expanded; owned */
	char **files; /* names that places point to; owned */
	size_t file_cnt;
	struct model_port *ports;
	size_t port_cnt;
	struct model_list *lists;
	size_t list_cnt;
	struct model_name_list *name_lists;
	size_t name_list_cnt;
	struct model_name_site names;
	struct model_confirm confirm;
	struct model_tenant *tenants; /* tenants[0] is the host, always there */
	size_t tenant_cnt;
	struct model_assert *asserts;
	size_t assert_cnt;
	struct model_suppression *suppressions;
	size_t suppression_cnt;
};

/*
 * Reads and checks a policy file with its includes. All errors go to diag, with place and hint.
 * Returns NULL when there was an error. The caller frees with policy_free().
 */
struct policy *policy_read(const char *path, struct diag *diag);

/*
 * The document and its includes as one stream of YAML documents ("---" between files), as the agent
 * receives and the journal keeps it; policy_parse() takes it. Owned by the caller; NULL with words.
 */
char *policy_bundle(const char *path, struct diag *diag);

/*
 * The same from memory, a document or a bundle; name stands for the file in places, base is the folder
 * of includes (NULL: none allowed). Sources of lists are resolved against base, else name's folder.
 */
struct policy *policy_parse(const char *text, size_t len, const char *name, const char *base,
			    struct diag *diag);
void policy_free(struct policy *policy);

/* Whether the rules of inspection hold for the same bodies in the same way by both. */
bool policy_inspects_alike(const struct policy *a, const struct policy *b);

/* Whether any of its flows may come to be inspected: by a list of names, or by a rule as well. */
bool tenant_names_inspect(const struct model_tenant *tenant);
bool tenant_inspects(const struct model_tenant *tenant);

const struct model_tenant *policy_tenant(const struct policy *policy, const char *name);
const struct model_tenant *policy_tenant_id(const struct policy *policy, uint16_t id);
const struct model_port *policy_port(const struct policy *policy, const char *name);
const struct model_port *policy_port_id(const struct policy *policy, uint16_t id);
const struct model_list *policy_list(const struct policy *policy, const char *name);
const struct model_list *policy_list_id(const struct policy *policy, uint16_t id);

const struct model_name_list *policy_name_list(const struct policy *policy, const char *name);
const struct model_name_list *policy_name_list_id(const struct policy *policy, uint16_t id);
const struct model_name_group *policy_name_group(const struct model_tenant *tenant, const char *name);
/* What holds of names for an address of the tenant's; group (may be NULL) is set to its group, or NULL. */
const struct model_names *policy_names_at(const struct model_tenant *tenant,
					  const struct sek_addr *addr,
					  const struct model_name_group **group);

/* Where the block page is served; none: there is no page. Returns how many. */
size_t policy_pages(const struct policy *policy,
		    struct model_page_listen ret_pages[MODEL_NAME_PAGES_MAX]);

/* Name of rule number r of a tenant; the two defaults are "default-out" and "default-in". */
const char *policy_rule_name(const struct model_tenant *tenant, uint16_t rule);

/* Where it stands, the tenant's; the two defaults stand with their tenant. */
const struct place *policy_rule_place(const struct model_tenant *tenant, uint16_t rule);

#endif
