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
#include "sekisho/event.h"
#include "text/service.h"

#define NAME_SLOTS 256 /* of tenants by name; four times SEK_TENANTS_MAX, a power of two */

/* What an address is to a tenant. A next hop outside is nobody's source, though it lies in a prefix. */
enum home { HOME_NONE, HOME_OWN, HOME_ROUTER };

struct judge {
	const struct policy *policy;
	const struct image *image;
	struct image_index *index;
	struct spans homes[SEK_TENANTS_MAX]; /* values: enum home */
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

struct judge *judge_new(const struct policy *policy, const struct image *image)
{
	struct judge *judge = calloc(1, sizeof(*judge));
	int err = judge ? 0 : -ENOMEM;

	if (!err) {
		judge->policy = policy;
		judge->image = image;
		judge->index = image_index_new(image);
		err = judge->index ? 0 : -ENOMEM;
	}
	for (size_t i = 0; !err && i < policy->tenant_cnt; i++) {
		name_add(judge, &policy->tenants[i]);
		err = homes_build(&policy->tenants[i], &judge->homes[policy->tenants[i].id]);
	}
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
	for (size_t i = 0; i < SEK_TENANTS_MAX; i++)
		spans_free(&judge->homes[i]);
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

/* Does the tenant take the list that refused then? */
static bool takes_list(const struct judge *judge, const struct model_tenant *tenant,
		       struct record_text name)
{
	for (size_t i = 0; i < judge->policy->list_cnt; i++) {
		const struct model_list *list = &judge->policy->lists[i];

		if (strlen(list->name) == name.len && !memcmp(list->name, name.text, name.len))
			return tenant->list_block >> list->id & 1;
	}
	return false;
}

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
		return (struct judgement){ SEK_R_bug_map, SEK_NO_RULE, false };
	rule = &judge->image->rules[compiled->rule_base + number];
	if (rule->action == SEK_ACCEPT ||
	    (rule->action == SEK_INSPECT && !(compiled->flags & SEK_TENANT_FAIL_CLOSED)))
		return (struct judgement){ SEK_R_accepted, number, true };
	return (struct judgement){ refusal_reason(tenant, rule), number, false };
}

struct judgement judge_record(const struct judge *judge, const struct model_tenant *tenant,
			      const struct record_line *line)
{
	enum sek_reason reason = tenant ? address_reason(judge, tenant, line) : SEK_R_no_tenant;

	if (reason == SEK_R_none && line->kind == RECORD_REFUSAL && line->list.len &&
	    takes_list(judge, tenant, line->list))
		reason = SEK_R_list_block;
	if (reason != SEK_R_none)
		return (struct judgement){ reason, SEK_NO_RULE, false };
	return rules_ask(judge, tenant, line);
}
