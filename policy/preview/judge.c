// SPDX-License-Identifier: Apache-2.0
/*
 * The candidate, made ready for millions of records. Called by tally.c; after judge_new() it is only
 * read, by any number of threads.
 */
#include "preview/judge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/spans.h"
#include "explain/nameside.h"
#include "sekisho/event.h"
#include "text/service.h"

#define NAME_SLOTS 256 /* of tenants by name; four times SEK_TENANTS_MAX, a power of two */

/* What an address is to a tenant. A next hop outside is nobody's source, though it lies in a prefix. */
enum home { HOME_NONE, HOME_OWN, HOME_ROUTER };

struct judge {
	const struct policy *policy;
	const struct image *image;
	struct image_index *index;
	struct judge_lists lists;
	struct spans homes[SEK_TENANTS_MAX]; /* values: enum home */
	struct name_side sides[SEK_TENANTS_MAX]; /* where names are judged */
	const struct model_tenant *names[NAME_SLOTS];
};

static size_t name_slot(const char *name, size_t len)
{
	uint32_t hash = 2166136261U;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)name[i]) * 16777619U;
	return (hash ^ hash >> 16) % NAME_SLOTS;
}

static size_t homes_add(const struct prefix *prefixes, size_t cnt, enum home home,
			struct span_entry *entries)
{
	for (size_t i = 0; i < cnt; i++)
		entries[i] = (struct span_entry){ prefixes[i], home };
	return cnt;
}

static int homes_build(const struct model_tenant *tenant, struct spans *ret_homes)
{
	/* an IPv6 prefix such as ::/0 holds no IPv4 address */
	static const struct prefix v4 = { .addr.b = { [10] = 0xff, [11] = 0xff },
					  .len = PREFIX_V4_BITS };
	struct span_entry *entries =
		calloc(tenant->prefix_cnt + tenant->router_cnt + 1, sizeof(*entries));
	size_t cnt;
	int err;

	if (!entries)
		return -ENOMEM;
	cnt = homes_add(&v4, 1, HOME_NONE, entries);
	cnt += homes_add(tenant->prefixes, tenant->prefix_cnt, HOME_OWN, entries + cnt);
	cnt += homes_add(tenant->routers, tenant->router_cnt, HOME_ROUTER, entries + cnt);
	err = spans_build(entries, cnt, ret_homes);
	free(entries);
	return err;
}

static void name_add(struct judge *judge, const struct model_tenant *tenant)
{
	size_t at = name_slot(tenant->name, strlen(tenant->name));

	while (judge->names[at])
		at = (at + 1) % NAME_SLOTS;
	judge->names[at] = tenant;
}

static int tenant_take(struct judge *judge, const struct model_tenant *tenant)
{
	int err = homes_build(tenant, &judge->homes[tenant->id]);

	name_add(judge, tenant);
	if (!err && judge->lists.names)
		err = name_side_make(judge->lists.names, tenant, false, &judge->sides[tenant->id]);
	return err;
}

struct judge *judge_new(const struct policy *policy, const struct image *image,
			const struct judge_lists *lists)
{
	struct judge *judge = calloc(1, sizeof(*judge));
	int err = judge ? 0 : -ENOMEM;

	if (!err) {
		judge->policy = policy;
		judge->image = image;
		judge->lists = *lists;
		judge->index = image_index_new(image);
		err = judge->index ? 0 : -ENOMEM;
	}
	for (size_t i = 0; !err && i < policy->tenant_cnt; i++)
		err = tenant_take(judge, &policy->tenants[i]);
	if (!err)
		return judge;
	judge_free(judge);
	return NULL;
}

void judge_free(struct judge *judge)
{
	if (!judge)
		return;
	image_index_free(judge->index);
	for (size_t i = 0; i < SEK_TENANTS_MAX; i++) {
		spans_free(&judge->homes[i]);
		name_side_free(&judge->sides[i]);
	}
	free(judge);
}

const struct model_tenant *judge_tenant(const struct judge *judge, struct record_text name)
{
	for (size_t at = name_slot(name.text, name.len); judge->names[at]; at = (at + 1) % NAME_SLOTS)
		if (strlen(judge->names[at]->name) == name.len &&
		    !memcmp(judge->names[at]->name, name.text, name.len))
			return judge->names[at];
	return NULL;
}

static bool is_home(const struct judge *judge, const struct model_tenant *tenant,
		    const struct sek_addr *addr)
{
	return spans_find(&judge->homes[tenant->id], addr) == HOME_OWN;
}

/* Whether the addresses are the tenant's as the kernel's stage of tenants wants them; else why not. */
static enum sek_reason address_reason(const struct judge *judge, const struct model_tenant *tenant,
				      const struct record_line *line)
{
	bool src = is_home(judge, tenant, &line->src), dst = is_home(judge, tenant, &line->dst);

	if (line->dir == SEK_OUT)
		return src ? SEK_R_none : SEK_R_spoofed;
	if (!dst)
		return SEK_R_no_tenant;
	return src && tenant->id ? SEK_R_spoofed : SEK_R_none;
}

static bool text_is(struct record_text text, const char *word)
{
	return strlen(word) == text.len && !memcmp(word, text.text, text.len);
}

/* --- lists of addresses --- */

/* The list that refused then, if the tenant still takes it; NULL: it does not. */
static const struct model_list *list_of_then(const struct judge *judge,
					     const struct model_tenant *tenant,
					     const struct record_line *line)
{
	for (size_t i = 0; line->kind == RECORD_REFUSAL && i < judge->policy->list_cnt; i++) {
		const struct model_list *list = &judge->policy->lists[i];

		if (text_is(line->list, list->name))
			return tenant->list_block >> list->id & 1 ? list : NULL;
	}
	return NULL;
}

static uint64_t lists_around(const struct judge *judge, const struct record_line *line)
{
	const struct sek_addr *remote = line->dir == SEK_OUT ? &line->dst : &line->src;
	uint64_t lists = 0;

	for (int i = 0; i < 2; i++)
		if (judge->lists.tables[i])
			lists |= list_table_find(judge->lists.tables[i], remote);
	return lists & judge->lists.known;
}

static const char *list_named(const struct judge *judge, uint64_t lists)
{
	const struct model_list *list =
		policy_list_id(judge->policy, (uint16_t)__builtin_ctzll(lists));

	return list ? list->name : NULL;
}

/* Whether a list refuses it, as stage_list() asks them; what is not known is as it was. */
static bool is_listed(const struct judge *judge, const struct model_tenant *tenant,
		      const struct record_line *line, struct judgement *judgement)
{
	const struct model_list *then = list_of_then(judge, tenant, line);
	uint64_t lists = lists_around(judge, line), blocks = lists & tenant->list_block;
	bool spared = lists & tenant->list_allow,
	     spares_unknown = tenant->list_allow & ~judge->lists.known;

	*judgement = (struct judgement){ SEK_R_list_block, SEK_NO_RULE, NULL, false, false };
	if (spared)
		return false;
	if (blocks) {
		judgement->list = list_named(judge, blocks);
		judgement->unsure = spares_unknown && line->kind == RECORD_FLOW;
		return !judgement->unsure;
	}
	if (!then || judge->lists.known >> then->id & 1)
		return false;
	judgement->list = then->name;
	judgement->unsure = true;
	return true;
}

/* --- rules --- */

/* A recorded flow of ICMP does not tell the type of its question: it is taken for an echo. */
static struct model_probe probe_of(const struct model_tenant *tenant, const struct record_line *line)
{
	struct model_probe probe = {
		.tenant = tenant->id,
		.dir = line->dir,
		.proto = line->proto,
		.src = line->src,
		.dst = line->dst,
		.sport = line->sport,
		.dport = line->dport,
		.icmp_type = line->icmp_type,
		.icmp_code = line->icmp_code,
	};

	if (line->kind == RECORD_FLOW && !line->icmp_type && !line->icmp_code)
		probe.icmp_type = line->proto == IPPROTO_ICMP ? 8 : 128;
	return probe;
}

static enum sek_reason refusal_reason(const struct model_tenant *tenant, const struct sek_rule *rule)
{
	bool by_default = rule->flags & SEK_RULE_DEFAULT;

	if (rule->action == SEK_INSPECT)
		return SEK_R_inspect_closed;
	if (!tenant->id)
		return SEK_R_host_refused;
	if (rule->action == SEK_REJECT)
		return by_default ? SEK_R_default_reject : SEK_R_rule_reject;
	return by_default ? SEK_R_default_drop : SEK_R_rule_drop;
}

static struct judgement rules_ask(const struct judge *judge, const struct model_tenant *tenant,
				  const struct record_line *line)
{
	const struct sek_tenant *compiled = &judge->image->tenants[tenant->id];
	struct model_probe probe = probe_of(tenant, line);
	uint16_t number = image_index_decide(judge->index, &probe);
	const struct sek_rule *rule;

	if (number >= compiled->rule_cnt)
		return (struct judgement){ SEK_R_bug_map, SEK_NO_RULE, NULL, false, false };
	rule = &judge->image->rules[compiled->rule_base + number];
	if (rule->action == SEK_ACCEPT ||
	    (rule->action == SEK_INSPECT && !(compiled->flags & SEK_TENANT_FAIL_CLOSED)))
		return (struct judgement){ SEK_R_accepted, number, NULL, true, false };
	return (struct judgement){ refusal_reason(tenant, rule), number, NULL, false, false };
}

struct judgement judge_record(const struct judge *judge, const struct model_tenant *tenant,
			      const struct record_line *line)
{
	enum sek_reason reason = tenant ? address_reason(judge, tenant, line) : SEK_R_no_tenant;
	struct judgement listed, ruled;

	if (reason != SEK_R_none)
		return (struct judgement){ reason, SEK_NO_RULE, NULL, false, false };
	if (is_listed(judge, tenant, line, &listed))
		return listed;
	ruled = rules_ask(judge, tenant, line);
	ruled.unsure = listed.unsure;
	return ruled;
}

/* --- names --- */

/* As it was: what decided it is no list's to say. */
static struct judgement name_stays(const struct record_line *line)
{
	return (struct judgement){ line->passed ? SEK_R_accepted : SEK_R_name_block, SEK_NO_RULE,
				   NULL, line->passed, true };
}

static struct judgement name_ruled(const struct judge *judge, const struct name_ruled *ruled)
{
	const struct model_name_list *list =
		ruled->list < SEK_NAME_LISTS_MAX ? policy_name_list_id(judge->policy, ruled->list)
						 : NULL;
	enum sek_reason reason = ruled->end == NAME_BLOCKED    ? SEK_R_name_block
				 : ruled->end == NAME_UNLISTED ? SEK_R_name_unlisted
							       : SEK_R_accepted;

	return (struct judgement){ reason, SEK_NO_RULE, list ? list->name : NULL,
				   reason == SEK_R_accepted, false };
}

/*
 * A refusal that stays though no entry asks for it: an override's, or an alias' or a regular expression's
 * that was learnt, none of which has a list; or of a list that is not known, or has regular expressions.
 */
static bool is_refused_apart(const struct judge *judge, const struct sek_name_phase *phase,
			     const struct record_line *line)
{
	const struct name_list *held;

	if (!text_is(line->reason, "name_block"))
		return false;
	if (!line->list.len)
		return true;
	for (size_t i = 0; i < judge->policy->name_list_cnt; i++) {
		const struct model_name_list *list = &judge->policy->name_lists[i];

		if (!text_is(line->list, list->name))
			continue;
		held = name_book_list(judge->lists.names, list->id);
		return phase->block >> list->id & 1 && (!held || held->regex_cnt);
	}
	return false;
}

/* False: it is no name of any host. */
static bool name_asked(const struct record_line *line, struct url *url, struct name_asked *ret_asked)
{
	*ret_asked = (struct name_asked){ .host = line->host.text, .host_len = line->host.len };
	if (!line->host.len || !line->target.len)
		return line->host.len;
	if (url_of_request(line->host.text, line->host.len, line->target.text, line->target.len, url))
		return false;
	*ret_asked = (struct name_asked){ .host = url->host.text,
					  .host_len = url->host.len,
					  .path = url->target,
					  .path_len = url->target_len };
	return true;
}

struct judgement judge_name(const struct judge *judge, const struct model_tenant *tenant,
			    const struct record_line *line, unsigned int quarter)
{
	const struct sek_name_phase *phase;
	const struct name_side *side;
	struct judgement judgement;
	struct name_asked asked;
	struct name_ruled ruled;
	struct url url;

	if (!tenant || !judge->lists.names || !name_asked(line, &url, &asked))
		return name_stays(line);
	side = &judge->sides[tenant->id];
	phase = name_side_phase(
		side, name_side_group(side, line->dir == SEK_OUT ? &line->src : &line->dst), quarter);
	ruled = name_side_rule(side, &asked, phase,
			       !line->dns		    ? NAME_SEEN_CONNECTION
			       : line->proto == IPPROTO_TCP ? NAME_SEEN_DNS_TCP
							    : NAME_SEEN_DNS);
	judgement = name_ruled(judge, &ruled);
	if (!line->passed && judgement.passes && is_refused_apart(judge, phase, line))
		return name_stays(line);
	return judgement;
}
