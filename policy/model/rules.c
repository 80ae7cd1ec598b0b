// SPDX-License-Identifier: Apache-2.0
/*
 * "rules": of a tenant, of defaults, of the host. A written rule becomes one rule of the model, or,
 * where a service asks for different ports of TCP and UDP, one for each part.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/draft.h"
#include "text/escape.h"
#include "text/service.h"

static const char *const dirs[] = { "out", "in", NULL };
static const char *const actions[] = { "accept", "drop", "reject", "inspect", NULL };
static const enum sek_action action_values[] = { SEK_ACCEPT, SEK_REFUSE, SEK_REJECT, SEK_INSPECT };

static void set_proto(struct model_rule *rule, uint8_t proto)
{
	rule->protos[proto / 8] |= (uint8_t)(1u << (proto % 8));
}

static bool has_proto(const struct model_rule *rule, uint8_t proto)
{
	return rule->protos[proto / 8] >> (proto % 8) & 1;
}

static void clear_proto(struct model_rule *rule, uint8_t proto)
{
	rule->protos[proto / 8] &= (uint8_t) ~(1u << (proto % 8));
}

static void add_end(struct reader *r, const struct node *item, void *arg)
{
	group_add(r, item, arg);
}

static void read_end(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	struct model_end *end = member;

	if (value->kind == NODE_SCALAR && !strcmp(value->text, "any"))
		return;
	reader_each(r, value, add_end, end);
	prefixes_tidy(end);
	if (value->kind == NODE_SEQ && !value->cnt)
		reader_error(r, value, "leave it out for any address", "%s is empty", f->name);
}

static void keep(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	*(const struct node **)member = value;
}

const struct field draft_fields[] = {
	{ .name = "name", .read = read_name, .offset = offsetof(struct draft, rule.name) },
	{ .name = "dir", .read = read_word, .offset = offsetof(struct draft, dir), .words = dirs },
	{ .name = "src", .read = read_end, .offset = offsetof(struct draft, rule.src) },
	{ .name = "dst", .read = read_end, .offset = offsetof(struct draft, rule.dst) },
	{ .name = "proto", .read = keep, .offset = offsetof(struct draft, proto) },
	{ .name = "sport", .read = keep, .offset = offsetof(struct draft, sport) },
	{ .name = "dport", .read = keep, .offset = offsetof(struct draft, dport) },
	{ .name = "icmp", .read = keep, .offset = offsetof(struct draft, icmp) },
	{ .name = "service", .read = keep, .offset = offsetof(struct draft, service) },
	{ .name = "comment", .read = read_title, .offset = offsetof(struct draft, rule.comment) },
	{},
};

/* What a rule says besides. */
static const struct field rule_fields[] = {
	{ .name = "action",
	  .read = read_word,
	  .offset = offsetof(struct draft, action),
	  .words = actions,
	  .needed = true },
	{ .name = "log", .read = read_bool, .offset = offsetof(struct draft, rule.log) },
	{},
};

void draft_table(const struct field *own, struct field to[DRAFT_TABLE_MAX])
{
	size_t cnt = 0;

	for (; own->name && cnt < DRAFT_TABLE_MAX - 1; own++)
		to[cnt++] = *own;
	for (const struct field *f = draft_fields; f->name && cnt < DRAFT_TABLE_MAX - 1; f++)
		to[cnt++] = *f;
	to[cnt] = (struct field){};
}

void rule_free(struct model_rule *rule)
{
	free(rule->name);
	free(rule->comment);
	free(rule->src.prefixes);
	free(rule->src.ports);
	free(rule->dst.prefixes);
	free(rule->dst.ports);
	free(rule->icmp);
	free(rule->icmp6);
}

static void *copy_array(struct reader *r, const void *items, size_t cnt, size_t size)
{
	size_t room = 1;
	void *copy;

	if (!cnt)
		return NULL;
	while (room < cnt) /* as reader_push() would have it */
		room *= 2;
	copy = malloc(room * size);
	if (!copy) {
		r->out_of_memory = true;
		return NULL;
	}
	return memcpy(copy, items, cnt * size);
}

static bool copy_end(struct reader *r, const struct model_end *from, struct model_end *to)
{
	to->prefixes = copy_array(r, from->prefixes, from->prefix_cnt, sizeof(*from->prefixes));
	to->prefix_cnt = to->prefixes ? from->prefix_cnt : 0;
	to->ports = copy_array(r, from->ports, from->port_cnt, sizeof(*from->ports));
	to->port_cnt = to->ports ? from->port_cnt : 0;
	r->prefix_cnt += to->prefix_cnt;
	return to->prefix_cnt == from->prefix_cnt && to->port_cnt == from->port_cnt;
}

/* A rule with arrays of its own. */
static struct model_rule rule_copy(struct reader *r, const struct model_rule *from)
{
	struct model_rule rule = *from;

	rule.name = from->name ? reader_copy(r, from->name) : NULL;
	rule.comment = from->comment ? reader_copy(r, from->comment) : NULL;
	copy_end(r, &from->src, &rule.src);
	copy_end(r, &from->dst, &rule.dst);
	rule.icmp = copy_array(r, from->icmp, from->icmp_cnt, sizeof(*from->icmp));
	rule.icmp6 = copy_array(r, from->icmp6, from->icmp6_cnt, sizeof(*from->icmp6));
	if (r->out_of_memory)
		rule.icmp_cnt = rule.icmp6_cnt = 0;
	return rule;
}

/* Owns rule. Counts: one rule too many is told once. */
static void rule_add(struct reader *r, const struct node *at, struct model_rule *rule,
		     struct model_tenant *tenant)
{
	struct model_rule *to = NULL;

	if (tenant->rule_cnt < MODEL_RULES_MAX)
		to = reader_push(r, &tenant->rules, &tenant->rule_cnt, sizeof(*to));
	if (!to) {
		rule_free(rule);
		return;
	}
	*to = *rule;
}

static void add_proto(struct reader *r, const struct node *item, void *arg)
{
	const char *text = reader_text(r, item, "a protocol");
	struct draft *d = arg;
	struct suggest near;
	uint8_t proto;

	if (!text)
		return;
	if (!strcmp(text, "any")) {
		d->rule.any_proto = true;
	} else if (!strcmp(text, "icmp")) {
		d->icmp_both = true;
		set_proto(&d->rule, IPPROTO_ICMP);
		set_proto(&d->rule, IPPROTO_ICMPV6);
	} else if (!proto_parse(text, &proto)) {
		set_proto(&d->rule, proto);
	} else {
		suggest_start(&near, text);
		suggest_offer(&near, "icmp");
		suggest_offer(&near, "any");
		for (unsigned int i = 0; proto_known(i); i++)
			suggest_offer(&near, proto_known(i));
		reader_unknown(r, item, &near, "a name such as tcp, udp, icmp, esp, or 0 to 255",
			       "protocol");
	}
}

static void add_ports(struct reader *r, const struct node *item, void *arg)
{
	const char *text = reader_text(r, item, "a port");
	struct model_end *end = arg;
	struct model_range range, *to;
	char shown[60];

	if (!text)
		return;
	if (ports_parse(text, &range.from, &range.to)) {
		reader_error(r, item, "as in 443 or 8000-8010; 1 to 65535", "\"%s\" is no port",
			     text_escape(text, strlen(text), shown, sizeof(shown)));
		return;
	}
	to = reader_push(r, &end->ports, &end->port_cnt, sizeof(*to));
	if (to)
		*to = range;
}

static void add_icmp(struct reader *r, const struct node *item, void *arg)
{
	const char *text = reader_text(r, item, "an ICMP type");
	struct draft *d = arg;
	struct suggest near;
	uint16_t value, *to;
	bool found = false;

	if (!text)
		return;
	if (d->icmp_both && icmp_is_number(text)) {
		reader_error(r, item, "say proto: icmp4 or icmp6, or use a name",
			     "numbers of ICMP types differ between IPv4 and IPv6");
		return;
	}
	if (has_proto(&d->rule, IPPROTO_ICMP) && !icmp_parse(text, false, &value)) {
		to = reader_push(r, &d->rule.icmp, &d->rule.icmp_cnt, sizeof(*to));
		if (to)
			*to = value;
		found = true;
	}
	if (has_proto(&d->rule, IPPROTO_ICMPV6) && !icmp_parse(text, true, &value)) {
		to = reader_push(r, &d->rule.icmp6, &d->rule.icmp6_cnt, sizeof(*to));
		if (to)
			*to = value;
		found = true;
	}
	if (found)
		return;
	suggest_start(&near, text);
	for (unsigned int i = 0; icmp_known(i); i++)
		suggest_offer(&near, icmp_known(i));
	reader_unknown(r, item, &near, "a name such as echo-request, or type/code: 3/4",
		       "ICMP type for this protocol");
}

static bool only_ports(const struct model_rule *rule)
{
	bool any = false;

	if (rule->any_proto)
		return false;
	for (unsigned int proto = 0; proto < 256; proto++) {
		if (has_proto(rule, (uint8_t)proto) && !proto_has_ports((uint8_t)proto))
			return false;
		any |= has_proto(rule, (uint8_t)proto);
	}
	return any;
}

static void take_ports(struct reader *r, const struct draft *d, const struct node *value,
		       const char *name, struct model_end *end)
{
	if (!value)
		return;
	if (!d->service && !only_ports(&d->rule)) {
		reader_error(r, value, "say proto: tcp, udp or [tcp, udp]",
			     "%s: only tcp and udp have ports", name);
		return;
	}
	reader_each(r, value, add_ports, end);
	ranges_tidy(end);
	if (value->kind == NODE_SEQ && !value->cnt)
		reader_error(r, value, "leave it out for any port", "%s is empty", name);
}

static void take_types(struct reader *r, struct draft *d)
{
	bool icmp = has_proto(&d->rule, IPPROTO_ICMP) || has_proto(&d->rule, IPPROTO_ICMPV6);
	struct model_rule *rule = &d->rule;

	if (!d->icmp)
		return;
	if (!icmp || rule->any_proto) {
		reader_error(r, d->icmp, "say proto: icmp", "icmp types need an ICMP protocol");
		return;
	}
	reader_each(r, d->icmp, add_icmp, d);
	if (d->icmp->kind == NODE_SEQ && !d->icmp->cnt)
		reader_error(r, d->icmp, "leave it out for any type", "icmp is empty");
	/* a family that has none of the types is not meant */
	if (!rule->icmp_cnt)
		clear_proto(rule, IPPROTO_ICMP);
	if (!rule->icmp6_cnt)
		clear_proto(rule, IPPROTO_ICMPV6);
}

/* What the named services ask for, all together. */
struct wanted {
	struct service sum;
	bool found;
};

static void *push_all(struct reader *r, void *array, size_t *cnt, const void *items,
		      size_t item_cnt, size_t size)
{
	void *to = NULL;

	for (size_t i = 0; i < item_cnt; i++) {
		to = reader_push(r, array, cnt, size);
		if (!to)
			return NULL;
		memcpy(to, (const char *)items + i * size, size);
	}
	return to;
}

static void want_service(struct reader *r, const struct node *item, void *arg)
{
	const struct service *service = service_find(r, item);
	struct wanted *wanted = arg;
	struct service *sum = &wanted->sum;

	if (!service)
		return;
	wanted->found = true;
	push_all(r, &sum->tcp.ports, &sum->tcp.port_cnt, service->tcp.ports, service->tcp.port_cnt,
		 sizeof(*sum->tcp.ports));
	push_all(r, &sum->udp.ports, &sum->udp.port_cnt, service->udp.ports, service->udp.port_cnt,
		 sizeof(*sum->udp.ports));
	push_all(r, &sum->icmp, &sum->icmp_cnt, service->icmp, service->icmp_cnt, sizeof(*sum->icmp));
	push_all(r, &sum->icmp6, &sum->icmp6_cnt, service->icmp6, service->icmp6_cnt,
		 sizeof(*sum->icmp6));
	for (size_t i = 0; i < sizeof(sum->protos); i++)
		sum->protos[i] |= service->protos[i];
}

/* One part of a rule with a service: its own copy, with protocols, ports and types of that part. */
struct part {
	const char *suffix;
	uint8_t protos[256 / 8];
	const struct model_end *ports;
	bool types;
};

static void part_add(struct reader *r, const struct draft *d, const struct part *part,
		     const struct service *sum, bool alone, struct model_tenant *tenant)
{
	struct model_rule rule = rule_copy(r, &d->rule);
	char name[MODEL_NAME_LEN + 8];

	memcpy(rule.protos, part->protos, sizeof(rule.protos));
	if (part->ports) {
		rule.dst.ports = copy_array(r, part->ports->ports, part->ports->port_cnt,
					    sizeof(*rule.dst.ports));
		rule.dst.port_cnt = rule.dst.ports ? part->ports->port_cnt : 0;
	}
	if (part->types) {
		push_all(r, &rule.icmp, &rule.icmp_cnt, sum->icmp, sum->icmp_cnt, sizeof(*rule.icmp));
		push_all(r, &rule.icmp6, &rule.icmp6_cnt, sum->icmp6, sum->icmp6_cnt,
			 sizeof(*rule.icmp6));
	}
	if (!alone && rule.name) {
		snprintf(name, sizeof(name), "%s%s", rule.name, part->suffix);
		if (strlen(name) > MODEL_NAME_LEN)
			reader_error(r, d->at, "choose a shorter name",
				     "the service makes several rules, and \"%s\" is too long", name);
		free(rule.name);
		rule.name = reader_copy(r, name);
	}
	rule_add(r, d->at, &rule, tenant);
}

#define BIT(part, proto) ((part).protos[(proto) / 8] |= (uint8_t)(1u << ((proto) % 8)))

/* At most four: TCP, UDP (one when their ports are the same), ICMP by type, the rest. */
static size_t parts_of(const struct service *sum, struct part *parts)
{
	bool tcp = sum->tcp.port_cnt, udp = sum->udp.port_cnt;
	size_t cnt = 0;

	if (tcp && udp && ranges_equal(&sum->tcp, &sum->udp)) {
		parts[cnt] = (struct part){ .suffix = "-tcp", .ports = &sum->tcp };
		BIT(parts[cnt], IPPROTO_TCP);
		BIT(parts[cnt++], IPPROTO_UDP);
		tcp = udp = false;
	}
	if (tcp) {
		parts[cnt] = (struct part){ .suffix = "-tcp", .ports = &sum->tcp };
		BIT(parts[cnt++], IPPROTO_TCP);
	}
	if (udp) {
		parts[cnt] = (struct part){ .suffix = "-udp", .ports = &sum->udp };
		BIT(parts[cnt++], IPPROTO_UDP);
	}
	if (sum->icmp_cnt || sum->icmp6_cnt) {
		parts[cnt] = (struct part){ .suffix = "-icmp", .types = true };
		if (sum->icmp_cnt)
			BIT(parts[cnt], IPPROTO_ICMP);
		if (sum->icmp6_cnt)
			BIT(parts[cnt], IPPROTO_ICMPV6);
		cnt++;
	}
	for (size_t i = 0; i < sizeof(sum->protos); i++) {
		if (!sum->protos[i])
			continue;
		parts[cnt] = (struct part){ .suffix = "-other" };
		memcpy(parts[cnt++].protos, sum->protos, sizeof(sum->protos));
		break;
	}
	return cnt;
}

static void take_service(struct reader *r, struct draft *d, struct model_tenant *tenant)
{
	struct wanted wanted = {};
	struct part parts[4];
	size_t cnt;

	if (d->proto || d->dport || d->icmp)
		reader_error(r,
			     d->proto	? d->proto
			     : d->dport ? d->dport
					: d->icmp,
			     "say one of the two",
			     "a service says protocol, ports and types already");
	reader_each(r, d->service, want_service, &wanted);
	ranges_tidy(&wanted.sum.tcp);
	ranges_tidy(&wanted.sum.udp);
	cnt = wanted.found ? parts_of(&wanted.sum, parts) : 0;
	if (d->sport &&
	    (wanted.sum.icmp_cnt || wanted.sum.icmp6_cnt || (cnt && !parts[cnt - 1].ports)))
		reader_error(r, d->sport, NULL, "sport: the service is not only tcp and udp");
	for (size_t i = 0; i < cnt; i++)
		part_add(r, d, &parts[i], &wanted.sum, cnt == 1, tenant);
	service_free(&wanted.sum);
}

/* Names that unnamed rules and defaults have. */
static bool name_is_taken(const char *name)
{
	const char *digits = !strncmp(name, "out-", 4)	? name + 4
			     : !strncmp(name, "in-", 3) ? name + 3
							: "x";

	return !strcmp(name, "default-out") || !strcmp(name, "default-in") ||
	       (*digits && strspn(digits, "0123456789") == strlen(digits));
}

void draft_direct(struct reader *r, struct draft *d, bool host)
{
	if (d->dir < 0 && !host && !node_find(d->at, "dir"))
		reader_error(r, d->at, "out: from the body, in: towards it", "\"dir\" is missing");
	if (host && d->dir == SEK_OUT)
		reader_error(r, node_find(d->at, "dir"), "leave dir out",
			     "rules of the host are about what comes in");
	d->rule.dir = host || d->dir == SEK_IN ? SEK_IN : SEK_OUT;
}

static void rule_check(struct reader *r, struct draft *d, const struct model_tenant *tenant)
{
	if (d->rule.name && name_is_taken(d->rule.name))
		reader_error(r, node_find(d->at, "name"), "unnamed rules are called so",
			     "\"%s\" is no name to choose", d->rule.name);
	draft_direct(r, d, tenant->limits.flags & SEK_TENANT_STATELESS);
	if (d->action >= 0)
		d->rule.action = action_values[d->action];
}

void draft_expand(struct reader *r, struct draft *d, struct model_tenant *to)
{
	d->rule.place = reader_place(d->at);
	d->rule.unnamed = !d->rule.name;
	if (d->proto)
		reader_each(r, d->proto, add_proto, d);
	else
		d->rule.any_proto = !d->service;
	take_ports(r, d, d->sport, "sport", &d->rule.src);
	if (d->service) {
		take_service(r, d, to);
		rule_free(&d->rule);
		return;
	}
	take_ports(r, d, d->dport, "dport", &d->rule.dst);
	take_types(r, d);
	rule_add(r, d->at, &d->rule, to);
}

static void take_rule(struct reader *r, const struct node *item, void *arg)
{
	struct draft d = { .at = item, .dir = -1, .action = -1 };
	struct field fields[DRAFT_TABLE_MAX];
	struct model_tenant *tenant = arg;

	if (tenant->rule_cnt >= MODEL_RULES_MAX) {
		if (tenant->rule_cnt++ == MODEL_RULES_MAX)
			reader_error(r, item, "groups, services and lists make one rule of many",
				     "more than %d rules", MODEL_RULES_MAX);
		tenant->rule_cnt = MODEL_RULES_MAX;
		return;
	}
	draft_table(rule_fields, fields);
	if (!reader_map(r, item, fields, &d))
		return;
	rule_check(r, &d, tenant);
	draft_expand(r, &d, tenant);
}

void read_rules(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	reader_each_map(r, value, take_rule, member);
}

void rules_append(struct reader *r, const struct node *at, const struct model_tenant *from,
		  struct model_tenant *to)
{
	if (to->rule_cnt + from->rule_cnt > MODEL_RULES_MAX) {
		reader_error(r, at, NULL, "%zu rules and %zu of the defaults make more than %d rules",
			     to->rule_cnt, from->rule_cnt, MODEL_RULES_MAX);
		return;
	}
	for (size_t i = 0; i < from->rule_cnt; i++) {
		struct model_rule rule;

		if (r->prefix_cnt > MODEL_PREFIXES_MAX || r->prefixes_full) {
			if (!r->prefixes_full)
				reader_error(r, at, NULL, "more than %u prefixes in all rules",
					     MODEL_PREFIXES_MAX);
			r->prefixes_full = true;
			return;
		}
		rule = rule_copy(r, &from->rules[i]);
		rule.shared = true;
		rule_add(r, at, &rule, to);
	}
}

static int compare_names(const void *a, const void *b)
{
	const struct model_rule *const *x = a, *const *y = b;
	int order = strcmp((*x)->name, (*y)->name);

	return order ? order : (*x < *y ? -1 : *x > *y);
}

static void find_twice(struct reader *r, const struct model_tenant *tenant)
{
	const struct model_rule **sorted = calloc(tenant->rule_cnt + 1, sizeof(struct model_rule *));
	size_t cnt = 0;

	if (!sorted) {
		r->out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < tenant->rule_cnt; i++)
		if (tenant->rules[i].name)
			sorted[cnt++] = &tenant->rules[i];
	qsort(sorted, cnt, sizeof(struct model_rule *), compare_names);
	for (size_t i = 1; i < cnt; i++) {
		const struct place *at = &sorted[i]->place, *first = &sorted[i - 1]->place;

		if (!strcmp(sorted[i]->name, sorted[i - 1]->name))
			diag_add(r->diag, DIAG_ERROR, at->file, at->line, at->column,
				 "rules of defaults follow a tenant's own; choose another name",
				 "rule \"%s\" of %s is there twice; first in %s:%u", sorted[i]->name,
				 tenant->name ? tenant->name : "a tenant", first->file, first->line);
	}
	free(sorted);
}

void rules_name(struct reader *r, struct model_tenant *tenant)
{
	unsigned int cnt[2] = { 0, 0 };
	char name[24];

	for (size_t i = 0; i < tenant->rule_cnt; i++) {
		struct model_rule *rule = &tenant->rules[i];

		cnt[rule->dir]++;
		if (!rule->unnamed)
			continue;
		snprintf(name, sizeof(name), "%s-%u", dirs[rule->dir], cnt[rule->dir]);
		free(rule->name);
		rule->name = reader_copy(r, name);
	}
	find_twice(r, tenant);
}
