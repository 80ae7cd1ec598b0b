// SPDX-License-Identifier: Apache-2.0
/*
 * From compiled tables to lines. Called by asserts.c, shadow.c and meaning.c. Pure.
 */
#include "prove/space.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Takes the class from what `marks` marks with `mark`. */
static int class_take(struct spans *spans, const struct spans *marks, uint16_t mark)
{
	struct spans both = {}, out = {};
	int err = spans_pair(spans, marks, &both);

	for (size_t i = 0; i < both.cnt && !err; i++) {
		struct span span = both.list[i];

		if (span.row[1] == mark)
			span.row[0] = SEK_ROW_NONE;
		span.row[1] = 0;
		err = spans_add(&out, &span);
	}
	free(both.list);
	if (err) {
		free(out.list);
		return err;
	}
	free(spans->list);
	*spans = out;
	return 0;
}

/* From addresses that are (own) or are not the tenant's. */
static int own_take(struct spans *spans, const struct model_tenant *tenant, enum family family,
		    bool own)
{
	struct spans owned = {};
	int err = spans_owned(tenant, family, &owned);

	if (!err)
		err = class_take(spans, &owned, own);
	free(owned.list);
	return err;
}

#define V4(from, to)                                                                               \
	{                                                                                          \
		(point)0xffff << 32 | (from), (point)0xffff << 32 | (to)                           \
	}
#define MARTIANS_MAX 4

/* As stage/sanity.h of the kernel program: what ends before anybody asks a rule. */
static const struct martians {
	struct range ranges[MARTIANS_MAX];
	size_t cnt;
} martians[FAMILY_CNT][2] = {
	[FAMILY_4] = {
		{ { V4(0x00000001, 0x00ffffff), V4(0x7f000000, 0x7fffffff), V4(0xe0000000, 0xffffffff) },
		  3 },
		{ { V4(0x00000000, 0x00ffffff), V4(0x7f000000, 0x7fffffff), V4(0xf0000000, 0xfffffffe) },
		  3 },
	},
	[FAMILY_6] = {
		{ { { 1, 0xffffffff }, { (point)0xff << 120, ~(point)0 } }, 2 },
		{ { { 0, 0xffffffff } }, 1 },
	},
};

static int martians_take(struct spans *spans, const struct martians *martians_of)
{
	struct spans marks = {};
	point at = 0;
	int err = 0;

	for (size_t i = 0; i < martians_of->cnt && !err; i++) {
		const struct range *range = &martians_of->ranges[i];

		if (range->from > at)
			err = spans_add(&marks, &(struct span){ at, range->from - 1, { 0, 0 } });
		if (!err)
			err = spans_add(&marks, &(struct span){ range->from, range->to, { 1, 0 } });
		at = range->to + 1;
	}
	if (!err && at)
		err = spans_add(&marks, &(struct span){ at, ~(point)0, { 0, 0 } });
	if (!err)
		err = class_take(spans, &marks, 1);
	free(marks.list);
	return err;
}

/*
 * Out: the source is the tenant's. In: the destination is, and a source that is would be forged;
 * the host hears from anybody.
 */
static int own_apply(struct spans *spans, const struct side *side, enum sek_dir dir,
		     enum family family, bool dst)
{
	bool near = dst == (dir == SEK_IN); /* the tenant's own end */

	if (near)
		return own_take(spans, side->tenant, family, false);
	return dst || !side->tenant->id ? 0 : own_take(spans, side->tenant, family, true);
}

/* On routed ports the addresses of the host are the host's, whoever's prefix they are in. */
static int host_take(struct spans *spans, const struct side *side, enum family family)
{
	const struct model_tenant *tenant = side->tenant;

	for (size_t i = 0; i < tenant->attach_cnt; i++) {
		const struct model_port *port =
			policy_port_id(side->policy, tenant->attaches[i].port_id);

		if (!port || port->bridge)
			return 0;
	}
	return tenant->id ? own_take(spans, &side->policy->tenants[0], family, true) : 0;
}

static int side_address(const struct side *side, enum sek_dir dir, enum family family, bool dst,
			struct spans *ret_spans)
{
	int err;

	if (!side->tenant)
		return spans_flat(family_range(family), SEK_ROW_NONE, ret_spans);
	err = spans_addresses(side->image, side->tenant->id, family, dst, ret_spans);
	if (!err)
		err = own_apply(ret_spans, side, dir, family, dst);
	if (!err)
		err = host_take(ret_spans, side, family);
	return err ? err : martians_take(ret_spans, &martians[family][dst]);
}

enum table { TABLE_PROTO, TABLE_SPORT, TABLE_DPORT, TABLE_ICMP, TABLE_ICMP6, TABLE_CNT };

static int side_table(const struct side *side, enum sek_dir dir, enum table table,
		      struct spans *ret_spans)
{
	bool ports = table == TABLE_SPORT || table == TABLE_DPORT;
	uint32_t cnt = table == TABLE_PROTO ? 256 : 65536;
	const struct sek_tenant *t;
	uint32_t number;

	if (!side->tenant)
		return spans_flat((struct range){ ports, cnt - 1 }, SEK_ROW_NONE, ret_spans);
	t = &side->image->tenants[side->tenant->id];
	if (table == TABLE_PROTO)
		return spans_table(t->proto_class[dir], 0, cnt, ret_spans);
	number = table == TABLE_SPORT	? t->sport_table
		 : table == TABLE_DPORT ? t->dport_table
		 : table == TABLE_ICMP	? t->icmp_table
					: t->icmp6_table;
	/* port 0 is on no honest packet and ends before anybody asks a rule */
	return spans_table(side->image->tables[number].row, ports, cnt, ret_spans);
}

static struct spans *table_of(struct space *space, enum table table)
{
	struct spans *const all[TABLE_CNT] = { &space->proto, &space->sport, &space->dport,
					       &space->icmp, &space->icmp6 };

	return all[table];
}

/* What make() gives for each side, as one line. */
static int sides_pair(const struct space *space, struct spans parts[SIDES], int err,
		      struct spans *ret_spans)
{
	if (!err && space->side_cnt == 1) {
		*ret_spans = parts[0];
		return 0;
	}
	if (!err)
		err = spans_pair(&parts[0], &parts[1], ret_spans);
	for (size_t i = 0; i < SIDES; i++)
		free(parts[i].list);
	return err;
}

static int space_fill(struct space *space)
{
	int err = 0;

	for (int a = 0; a < FAMILY_CNT * 2 && !err; a++) {
		struct spans parts[SIDES] = {};

		for (size_t i = 0; i < space->side_cnt && !err; i++)
			err = side_address(&space->sides[i], space->dir, (enum family)(a / 2),
					   a % 2, &parts[i]);
		err = sides_pair(space, parts, err, &space->address[a / 2][a % 2]);
	}
	for (int t = 0; t < TABLE_CNT && !err; t++) {
		struct spans parts[SIDES] = {};

		for (size_t i = 0; i < space->side_cnt && !err; i++)
			err = side_table(&space->sides[i], space->dir, (enum table)t, &parts[i]);
		err = sides_pair(space, parts, err, table_of(space, (enum table)t));
	}
	if (err)
		space_free(space);
	return err;
}

static uint8_t rule_action(const struct model_tenant *tenant, size_t rule)
{
	if (rule < tenant->rule_cnt)
		return (uint8_t)tenant->rules[rule].action;
	return (uint8_t)tenant->default_action[rule - tenant->rule_cnt];
}

static void number_give(struct space *space, size_t side, size_t rule)
{
	space->number[side][rule] = (uint16_t)space->number_cnt;
	space->rule[side][space->number_cnt] = (uint16_t)rule;
	space->action[space->number_cnt] = rule_action(space->sides[side].tenant, rule);
}

int space_of_one(struct space *space, const struct side *side, enum sek_dir dir)
{
	*space = (struct space){ .dir = dir, .sides = { *side }, .side_cnt = 1 };
	for (; space->number_cnt < side_rule_cnt(side); space->number_cnt++)
		number_give(space, 0, space->number_cnt);
	return space_fill(space);
}

static bool bytes_same(const void *a, size_t a_cnt, const void *b, size_t b_cnt, size_t size)
{
	return a_cnt == b_cnt && (!a_cnt || !memcmp(a, b, a_cnt * size));
}

static bool prefixes_same(const struct model_end *a, const struct model_end *b)
{
	if (a->prefix_cnt != b->prefix_cnt)
		return false;
	for (size_t i = 0; i < a->prefix_cnt; i++)
		if (prefix_compare(&a->prefixes[i], &b->prefixes[i]) != 0)
			return false;
	return true;
}

static bool end_same(const struct model_end *a, const struct model_end *b)
{
	return prefixes_same(a, b) &&
	       bytes_same(a->ports, a->port_cnt, b->ports, b->port_cnt, sizeof(*a->ports));
}

/* The same packets, the same answer. */
static bool rule_same(const struct model_rule *a, const struct model_rule *b)
{
	return a->dir == b->dir && a->action == b->action && a->any_proto == b->any_proto &&
	       (a->any_proto || !memcmp(a->protos, b->protos, sizeof(a->protos))) &&
	       end_same(&a->src, &b->src) && end_same(&a->dst, &b->dst) &&
	       bytes_same(a->icmp, a->icmp_cnt, b->icmp, b->icmp_cnt, sizeof(*a->icmp)) &&
	       bytes_same(a->icmp6, a->icmp6_cnt, b->icmp6, b->icmp6_cnt, sizeof(*a->icmp6));
}

static bool side_rule_same(const struct side *sides, size_t i, size_t j)
{
	const struct model_tenant *a = sides[0].tenant, *b = sides[1].tenant;

	if (i < a->rule_cnt && j < b->rule_cnt)
		return rule_same(&a->rules[i], &b->rules[j]);
	return i >= a->rule_cnt && i - a->rule_cnt == j - b->rule_cnt &&
	       rule_action(a, i) == rule_action(b, j);
}

/* What is left of both sides' rules when those that are the same at both ends are taken off. */
struct middle {
	size_t a, a_end, b, b_end;
};

static struct middle middle_find(const struct side *sides)
{
	struct middle m = { 0, side_rule_cnt(&sides[0]), 0, side_rule_cnt(&sides[1]) };

	for (; m.a < m.a_end && m.b < m.b_end && side_rule_same(sides, m.a, m.b); m.b++)
		m.a++;
	for (; m.a < m.a_end && m.b < m.b_end && side_rule_same(sides, m.a_end - 1, m.b_end - 1);
	     m.b_end--)
		m.a_end--;
	return m;
}

/* Lengths of the longest common run of rules in order: common[i][j] from rules i and j on. */
typedef uint16_t common_row[SEK_RULES_MAX + 1];
static common_row *common_make(const struct side *sides, const struct middle *m)
{
	common_row *common = calloc(m->a_end + 1, sizeof(*common));

	for (size_t i = m->a_end; common && i-- > m->a;)
		for (size_t j = m->b_end; j-- > m->b;) {
			uint16_t down = common[i + 1][j], right = common[i][j + 1];

			common[i][j] = side_rule_same(sides, i, j) ? common[i + 1][j + 1] + 1
				       : down > right		   ? down
								   : right;
		}
	return common;
}

static int numbers_merge(struct space *space)
{
	const struct side *sides = space->sides;
	const struct middle m = middle_find(sides);
	size_t a = side_rule_cnt(&sides[0]), b = side_rule_cnt(&sides[1]);
	common_row *common = common_make(sides, &m);

	if (!common)
		return -ENOMEM;
	for (size_t i = 0, j = 0; i < a || j < b; space->number_cnt++) {
		bool both = i < a && j < b && side_rule_same(sides, i, j);

		if (both || j == b ||
		    (i < m.a_end && (j == m.b_end || common[i + 1][j] >= common[i][j + 1]))) {
			number_give(space, 0, i++);
			if (both)
				number_give(space, 1, j++);
		} else {
			number_give(space, 1, j++);
		}
	}
	free(common);
	return 0;
}

int space_of_two(struct space *space, const struct side *before, const struct side *after,
		 enum sek_dir dir)
{
	int err;

	*space = (struct space){ .dir = dir, .sides = { *before, *after }, .side_cnt = SIDES };
	memset(space->rule, 0xff, sizeof(space->rule)); /* NO_RULE */
	err = numbers_merge(space);
	return err ? err : space_fill(space);
}

void space_free(struct space *space)
{
	for (int family = 0; family < FAMILY_CNT; family++)
		for (int end = 0; end < 2; end++)
			free(space->address[family][end].list);
	for (int t = 0; t < TABLE_CNT; t++)
		free(table_of(space, (enum table)t)->list);
	*space = (struct space){};
}
