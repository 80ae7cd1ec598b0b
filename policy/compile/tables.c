// SPDX-License-Identifier: Apache-2.0
/*
 * Protocols, ports and ICMP types to rows. Ports: rules begin and end at boundaries, so a sweep over
 * the sorted boundaries makes one row for each run of ports that are alike.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/build.h"
#include "text/service.h"

/* The rules of a direction, each in the rows of its protocols; `every` has those that ask for none. */
static void protos_sort(const struct model_tenant *tenant, enum sek_dir asked,
			struct sek_row rows[256], struct sek_row *every)
{
	for (size_t i = 0; i < tenant->rule_cnt; i++) {
		const struct model_rule *rule = &tenant->rules[i];

		if (rule->dir != asked)
			continue;
		if (rule->any_proto)
			row_set(every, i);
		for (size_t byte = 0; byte < sizeof(rule->protos) && !rule->any_proto; byte++)
			for (unsigned int bits = rule->protos[byte]; bits; bits &= bits - 1)
				row_set(&rows[byte * 8 + (size_t)__builtin_ctz(bits)], i);
	}
}

int build_protos(struct build *b)
{
	bool host = b->out->flags & SEK_TENANT_STATELESS;
	int err = 0;

	for (int dir = 0; dir < 2; dir++) {
		enum sek_dir asked = host ? SEK_IN : (enum sek_dir)dir;
		struct sek_row rows[256] = {}, every = {};

		protos_sort(b->tenant, asked, rows, &every);
		row_set(&every, b->tenant->rule_cnt + asked);
		for (unsigned int proto = 0; !err && proto < 256; proto++) {
			row_or(&rows[proto], &every);
			err = rows_add(&b->rows, &rows[proto], &b->out->proto_class[dir][proto]);
		}
	}
	return err;
}

/* A rule begins or ends to hold at a port. */
struct boundary {
	uint32_t port;
	uint16_t rule;
	bool begin;
};

static int compare_boundaries(const void *a, const void *b)
{
	const struct boundary *x = a, *y = b;

	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	return x->rule != y->rule ? (int)x->rule - y->rule : x->begin - y->begin;
}

static const struct model_end *end_of(const struct model_rule *rule, bool dst)
{
	return dst ? &rule->dst : &rule->src;
}

/* Boundaries of all rules with ports; `row` gets those that hold at every port. */
static struct boundary *boundaries_make(const struct build *b, bool dst, struct sek_row *row,
					size_t *ret_cnt)
{
	const struct model_tenant *tenant = b->tenant;
	struct boundary *list;
	size_t cnt = 0;

	for (size_t i = 0; i < tenant->rule_cnt; i++)
		cnt += 2 * end_of(&tenant->rules[i], dst)->port_cnt;
	list = calloc(cnt + 1, sizeof(*list));
	if (!list)
		return NULL;
	cnt = 0;
	for (size_t i = 0; i < b->rule_cnt; i++) {
		const struct model_end *end = i < tenant->rule_cnt ? end_of(&tenant->rules[i], dst)
								   : NULL;

		if (!end || !end->port_cnt)
			row_set(row, i);
		for (size_t p = 0; end && p < end->port_cnt; p++) {
			list[cnt++] = (struct boundary){ end->ports[p].from, (uint16_t)i, true };
			list[cnt++] = (struct boundary){ end->ports[p].to + 1U, (uint16_t)i, false };
		}
	}
	qsort(list, cnt, sizeof(*list), compare_boundaries);
	*ret_cnt = cnt;
	return list;
}

static int ports_fill(struct build *b, bool dst, struct sek_ports *table)
{
	struct sek_row row = {};
	size_t cnt = 0, at = 0;
	struct boundary *list = boundaries_make(b, dst, &row, &cnt);
	uint32_t port = 0;
	int err = list ? 0 : -ENOMEM;

	while (!err && port < 65536) {
		uint16_t number;
		uint32_t until;

		for (; at < cnt && list[at].port == port; at++)
			(list[at].begin ? row_set : row_clear)(&row, list[at].rule);
		until = at < cnt ? list[at].port : 65536;
		err = rows_add(&b->rows, &row, &number);
		for (; !err && port < until; port++)
			table->row[port] = number;
	}
	free(list);
	return err;
}

/* A rule asks for a type and code. */
struct kind {
	uint16_t value, rule;
};

static int compare_kinds(const void *a, const void *b)
{
	const struct kind *x = a, *y = b;

	return x->value != y->value ? (int)x->value - y->value : (int)x->rule - y->rule;
}

static const uint16_t *types_of(const struct model_rule *rule, bool v6, size_t *ret_cnt)
{
	*ret_cnt = v6 ? rule->icmp6_cnt : rule->icmp_cnt;
	return v6 ? rule->icmp6 : rule->icmp;
}

static struct kind *kinds_make(const struct build *b, bool v6, struct sek_row *row, size_t *ret_cnt)
{
	struct kind *list;
	size_t cnt = 0, types_cnt;

	for (size_t i = 0; i < b->tenant->rule_cnt; i++) {
		types_of(&b->tenant->rules[i], v6, &types_cnt);
		cnt += types_cnt;
	}
	list = calloc(cnt + 1, sizeof(*list));
	if (!list)
		return NULL;
	cnt = 0;
	for (size_t i = 0; i < b->rule_cnt; i++) {
		const uint16_t *types = NULL;

		types_cnt = 0;
		if (i < b->tenant->rule_cnt)
			types = types_of(&b->tenant->rules[i], v6, &types_cnt);
		if (!types_cnt)
			row_set(row, i);
		for (size_t t = 0; t < types_cnt; t++)
			list[cnt++] = (struct kind){ types[t], (uint16_t)i };
	}
	qsort(list, cnt, sizeof(*list), compare_kinds);
	*ret_cnt = cnt;
	return list;
}

/* The kinds of one type, list[from..to): any code first, then each code by itself. */
static int type_fill(struct build *b, const struct kind *list, size_t cnt,
		     const struct sek_row *base, struct sek_ports *table)
{
	unsigned int type = list[0].value >> 8;
	struct sek_row any = *base;
	uint16_t number;
	size_t codes = cnt;
	int err;

	while (codes && (list[codes - 1].value & 0xff) == ICMP_ANY_CODE)
		row_set(&any, list[--codes].rule);
	err = rows_add(&b->rows, &any, &number);
	for (unsigned int code = 0; !err && code < 256; code++)
		table->row[type << 8 | code] = number;
	for (size_t i = 0; i < codes && !err;) {
		uint16_t value = list[i].value;
		struct sek_row row = any;

		for (; i < codes && list[i].value == value; i++)
			row_set(&row, list[i].rule);
		err = rows_add(&b->rows, &row, &table->row[value]);
	}
	return err;
}

static int icmp_fill(struct build *b, bool v6, struct sek_ports *table)
{
	struct sek_row base = {};
	size_t cnt = 0;
	struct kind *list = kinds_make(b, v6, &base, &cnt);
	uint16_t number = 0;
	int err = list ? rows_add(&b->rows, &base, &number) : -ENOMEM;

	for (size_t i = 0; !err && i < 65536; i++)
		table->row[i] = number;
	for (size_t from = 0; from < cnt && !err;) {
		size_t to = from;

		while (to < cnt && list[to].value >> 8 == list[from].value >> 8)
			to++;
		err = type_fill(b, list + from, to - from, &base, table);
		from = to;
	}
	free(list);
	return err;
}

/* An equal table's number, or that of a new one. */
static int table_keep(struct image *image, const struct sek_ports *table, uint32_t *ret_number)
{
	struct sek_ports *kept;

	for (size_t i = 0; i < image->table_cnt; i++) {
		if (!memcmp(&image->tables[i], table, sizeof(*table))) {
			*ret_number = (uint32_t)i;
			return 0;
		}
	}
	kept = image_push(&image->tables, &image->table_cnt, sizeof(*kept));
	if (!kept)
		return -ENOMEM;
	*kept = *table;
	*ret_number = (uint32_t)image->table_cnt - 1;
	return 0;
}

int build_tables(struct build *b)
{
	struct sek_ports *table = malloc(sizeof(*table));
	int err = table ? ports_fill(b, true, table) : -ENOMEM;

	if (!err)
		err = table_keep(b->image, table, &b->out->dport_table);
	if (!err)
		err = ports_fill(b, false, table);
	if (!err)
		err = table_keep(b->image, table, &b->out->sport_table);
	if (!err)
		err = icmp_fill(b, false, table);
	if (!err)
		err = table_keep(b->image, table, &b->out->icmp_table);
	if (!err)
		err = icmp_fill(b, true, table);
	if (!err)
		err = table_keep(b->image, table, &b->out->icmp6_table);
	free(table);
	return err;
}
