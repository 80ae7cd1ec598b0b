// SPDX-License-Identifier: Apache-2.0
/*
 * From lines to cells. Called by asserts.c, shadow.c and meaning.c. Pure.
 */
#include "prove/region.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/rows.h"
#include "text/service.h"

/* --- what is described, field by field --- */

static int ranges_of_end(const struct model_end *end, enum family family, struct ranges *to)
{
	int err = 0;

	for (size_t i = 0; i < end->prefix_cnt && !err; i++)
		if (prefix_is_v4(&end->prefixes[i]) == (family == FAMILY_4))
			err = ranges_add(to, prefix_range(&end->prefixes[i]));
	return err;
}

static int ranges_of_ports(const struct model_end *end, struct ranges *to)
{
	int err = 0;

	for (size_t i = 0; i < end->port_cnt && !err; i++)
		err = ranges_add(to, (struct range){ end->ports[i].from, end->ports[i].to });
	return err;
}

static int ranges_of_types(const uint16_t *types, size_t cnt, struct ranges *to)
{
	int err = 0;

	for (size_t i = 0; i < cnt && !err; i++) {
		bool any = (types[i] & 0xff) == ICMP_ANY_CODE;
		uint16_t from = any ? types[i] & 0xff00 : types[i];

		err = ranges_add(to, (struct range){ from, types[i] });
	}
	return err;
}

static enum kind kind_of(unsigned int proto)
{
	if (proto_has_ports((uint8_t)proto))
		return KIND_PORTS;
	return proto == IPPROTO_ICMP	 ? KIND_ICMP
	       : proto == IPPROTO_ICMPV6 ? KIND_ICMP6
					 : KIND_OTHER;
}

static int ranges_of_protos(const struct model_rule *set, enum kind kind, struct ranges *to)
{
	int err = 0;

	for (unsigned int p = 0; p < 256 && !err; p++)
		if (kind_of(p) == kind &&
		    (!set || set->any_proto || set->protos[p / 8] >> (p % 8) & 1))
			err = ranges_add(to, (struct range){ p, p });
	return err;
}

/* Does the other family's ICMP come with types? It is a protocol like any other there. */
static bool typeless(const struct region *r)
{
	return r->kind == (r->family == FAMILY_4 ? KIND_ICMP6 : KIND_ICMP);
}

/* *ret_any: the field is not described. Else what is, which may be nothing. */
static int described(const struct region *r, const struct model_rule *set, enum field field,
		     struct ranges *to, bool *ret_any)
{
	const struct model_end *end = field == FIELD_SRC || field == FIELD_SPORT ? &set->src
										 : &set->dst;
	bool v6 = r->kind == KIND_ICMP6;

	switch (field) {
	case FIELD_SRC:
	case FIELD_DST:
		*ret_any = !end->prefix_cnt;
		return ranges_of_end(end, r->family, to);
	case FIELD_SPORT:
		*ret_any = r->kind != KIND_PORTS || !end->port_cnt;
		return *ret_any ? 0 : ranges_of_ports(end, to);
	case FIELD_DPORT:
		if (r->kind == KIND_PORTS) {
			*ret_any = !end->port_cnt;
			return ranges_of_ports(end, to);
		}
		*ret_any = r->kind == KIND_OTHER || !(v6 ? set->icmp6_cnt : set->icmp_cnt);
		return *ret_any ? 0
				: ranges_of_types(v6 ? set->icmp6 : set->icmp,
						  v6 ? set->icmp6_cnt : set->icmp_cnt, to);
	default:
		*ret_any = false;
		return ranges_of_protos(set, r->kind, to);
	}
}

/* --- lines, cut to it --- */

/* The first piece that ends at or behind a point. */
static size_t spans_at(const struct spans *spans, point value)
{
	size_t low = 0, high = spans->cnt;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (spans->list[middle].to < value)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int piece_add(const struct space *space, struct spans *pieces, struct span piece)
{
	if (space->side_cnt == 1 && piece.row[0] == SEK_ROW_NONE)
		return 0;
	return spans_add(pieces, &piece);
}

static int strip_cut(const struct space *space, struct strip *strip, const struct spans *line,
		     const struct ranges *ranges)
{
	int err = 0;

	for (size_t r = 0; r < ranges->cnt && !err; r++) {
		const struct range *range = &ranges->list[r];

		for (size_t i = spans_at(line, range->from);
		     i < line->cnt && line->list[i].from <= range->to && !err; i++) {
			struct span piece = line->list[i];

			if (piece.from < range->from)
				piece.from = range->from;
			if (piece.to > range->to)
				piece.to = range->to;
			err = piece_add(space, &strip->pieces, piece);
		}
	}
	return err;
}

static const struct spans *line_of(const struct region *r, enum field field)
{
	const struct space *space = r->space;

	switch (field) {
	case FIELD_SRC:
	case FIELD_DST:
		return &space->address[r->family][field == FIELD_DST];
	case FIELD_PROTO:
		return &space->proto;
	case FIELD_SPORT:
		return r->kind == KIND_PORTS ? &space->sport : NULL;
	default:
		return r->kind == KIND_PORTS   ? &space->dport
		       : r->kind == KIND_ICMP  ? &space->icmp
		       : r->kind == KIND_OTHER ? NULL
					       : &space->icmp6;
	}
}

/* A field that these packets do not have, or that is the same whatever stands there. */
static int strip_flat(struct strip *strip, const struct span *like)
{
	struct span piece = { 0, 65535, { SEK_ROW_ALL, SEK_ROW_ALL } };

	if (like)
		memcpy(piece.row, like->row, sizeof(piece.row));
	return spans_add(&strip->pieces, &piece);
}

/* What is asked of type 0 code 0, as the gateway does, whatever the packet holds. */
static int strip_typeless(struct region *r, struct strip *strip, const struct ranges *ranges, bool any)
{
	if (!any && (!ranges->cnt || ranges->list[0].from))
		return 0;
	return strip_flat(strip, &line_of(r, FIELD_DPORT)->list[0]);
}

static int strip_fill(struct region *r, enum field field, const struct model_rule *set)
{
	const struct spans *line = line_of(r, field);
	struct strip *strip = &r->strips[field];
	struct ranges ranges = {};
	bool any = true;
	int err = 0;

	if (set)
		err = described(r, set, field, &ranges, &any);
	else if (field == FIELD_PROTO)
		any = false, err = ranges_of_protos(NULL, r->kind, &ranges);
	if (any && !err)
		err = ranges_add(&ranges, (struct range){ 0, ~(point)0 });
	ranges_settle(&ranges);
	if (err)
		;
	else if (!line)
		err = strip_flat(strip, NULL);
	else if (field == FIELD_DPORT && typeless(r))
		err = strip_typeless(r, strip, &ranges, any);
	else
		err = strip_cut(r->space, strip, line, &ranges);
	free(ranges.list);
	return err;
}

/* --- candidates --- */

/* The rules of each side that hold for some value, and those that hold for all. */
struct reach {
	struct sek_row some[SIDES], all[SIDES];
};

static void row_and(struct sek_row *row, const struct sek_row *with)
{
	for (size_t i = 0; i < SEK_RULE_WORDS; i++)
		row->rules[i] &= with->rules[i];
}

static void reach_narrow(struct reach *reach, const struct space *space, const struct strip *strip)
{
	for (size_t side = 0; side < space->side_cnt; side++) {
		struct sek_row some = {}, all;
		int last = -1;

		memset(&all, 0xff, sizeof(all));
		for (size_t i = 0; i < strip->pieces.cnt; i++) {
			uint16_t number = strip->pieces.list[i].row[side];
			const struct sek_row *row = space_row(space, side, number);

			if (number == last)
				continue;
			last = number;
			row_or(&some, row);
			row_and(&all, row);
		}
		row_and(&reach->some[side], &some);
		row_and(&reach->all[side], &all);
	}
}

/* Behind a rule that holds for all packets nothing is asked. */
static void reach_end(struct reach *reach, size_t side)
{
	bool ended = false;

	for (size_t i = 0; i < SEK_RULE_WORDS; i++) {
		__u64 *some = &reach->some[side].rules[i];
		__u64 sure = *some & reach->all[side].rules[i];

		if (ended)
			*some = 0;
		else if (sure)
			*some &= (sure & -sure) | ((sure & -sure) - 1);
		ended |= sure != 0;
	}
}

static int candidates_find(struct region *r)
{
	const struct space *space = r->space;
	bool *here = calloc(space->number_cnt + 1, sizeof(*here));
	struct reach reach;

	r->candidates = calloc(space->number_cnt + 1, sizeof(*r->candidates));
	if (!here || !r->candidates) {
		free(here);
		return -ENOMEM;
	}
	memset(&reach, 0xff, sizeof(reach));
	for (int field = 0; field < FIELD_CNT; field++)
		reach_narrow(&reach, space, &r->strips[field]);
	for (size_t side = 0; side < space->side_cnt; side++) {
		reach_end(&reach, side);
		for (size_t i = 0; i < side_rule_cnt(&space->sides[side]); i++)
			if (reach.some[side].rules[i / 64] >> (i % 64) & 1)
				here[space->number[side][i]] = true;
	}
	for (size_t i = 0; i < space->number_cnt; i++)
		if (here[i])
			r->candidates[r->candidate_cnt++] = (uint16_t)i;
	free(here);
	r->words = r->candidate_cnt / 64 + 1;
	r->stride = r->words * space->side_cnt;
	return 0;
}

size_t region_candidate(const struct region *region, uint16_t number)
{
	size_t low = 0, high = region->candidate_cnt;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (region->candidates[middle] < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < region->candidate_cnt && region->candidates[low] == number ? low : SIZE_MAX;
}

/* --- cells --- */

static void vector_make(const struct region *r, const struct span *piece, uint64_t *vector)
{
	memset(vector, 0, r->stride * sizeof(*vector));
	for (size_t side = 0; side < r->space->side_cnt; side++) {
		const struct sek_row *row = space_row(r->space, side, piece->row[side]);

		for (size_t c = 0; c < r->candidate_cnt; c++) {
			uint16_t rule = r->space->rule[side][r->candidates[c]];

			if (rule != NO_RULE && row->rules[rule / 64] >> (rule % 64) & 1)
				vector[side * r->words + c / 64] |= 1ULL << (c % 64);
		}
	}
}

/* Cells by content, and cells by the rows that lead to them. */
struct finder {
	uint32_t *by_vector, *by_rows; /* number + 1; 0: free */
	uint32_t *rows;
	size_t slot_cnt;
};

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0xff51afd7ed558ccdULL;
	return hash ^ hash >> 32;
}

static uint32_t cell_find(const struct region *r, struct strip *strip, struct finder *f)
{
	const uint64_t *vector = strip->vectors + strip->cell_cnt * r->stride;
	uint64_t hash = 1;
	size_t at;

	for (size_t i = 0; i < r->stride; i++)
		hash = mix(hash, vector[i]);
	for (at = hash % f->slot_cnt; f->by_vector[at]; at = (at + 1) % f->slot_cnt) {
		uint32_t cell = f->by_vector[at] - 1;

		if (!memcmp(strip->vectors + cell * r->stride, vector, r->stride * sizeof(*vector)))
			return cell;
	}
	f->by_vector[at] = (uint32_t)++strip->cell_cnt;
	return (uint32_t)strip->cell_cnt - 1;
}

/* The vector that is being made stands behind those of the cells. */
static void strip_divide(const struct region *r, struct strip *strip, struct finder *f)
{
	for (size_t i = 0; i < strip->pieces.cnt; i++) {
		const struct span *piece = &strip->pieces.list[i];
		uint32_t rows = (uint32_t)piece->row[0] << 16 | piece->row[1];
		size_t at = mix(1, rows) % f->slot_cnt;

		while (f->by_rows[at] && f->rows[at] != rows)
			at = (at + 1) % f->slot_cnt;
		if (!f->by_rows[at]) {
			vector_make(r, piece, strip->vectors + strip->cell_cnt * r->stride);
			f->rows[at] = rows;
			f->by_rows[at] = cell_find(r, strip, f) + 1;
		}
		strip->cell[i] = f->by_rows[at] - 1;
		strip->uneven |= r->space->side_cnt > 1 &&
				 !piece->row[0] != !piece->row[1]; /* SEK_ROW_NONE */
	}
}

static int strip_cells(const struct region *r, struct strip *strip)
{
	size_t cnt = strip->pieces.cnt;
	struct finder f = { .slot_cnt = 2 * cnt + 1 };
	int err = -ENOMEM;

	f.by_vector = calloc(f.slot_cnt, sizeof(*f.by_vector));
	f.by_rows = calloc(f.slot_cnt, sizeof(*f.by_rows));
	f.rows = calloc(f.slot_cnt, sizeof(*f.rows));
	strip->cell = calloc(cnt, sizeof(*strip->cell));
	strip->vectors = calloc((cnt + 1) * r->stride, sizeof(*strip->vectors));
	if (f.by_vector && f.by_rows && f.rows && strip->cell && strip->vectors) {
		strip_divide(r, strip, &f);
		err = 0;
	}
	free(f.by_vector);
	free(f.by_rows);
	free(f.rows);
	return err;
}

int region_make(struct region *region, const struct space *space, enum family family,
		enum kind kind, const struct model_rule *set, bool *ret_empty)
{
	bool empty = false;
	int err = 0;

	*region = (struct region){ .space = space, .family = family, .kind = kind };
	for (int field = 0; field < FIELD_CNT && !err && !empty; field++) {
		err = strip_fill(region, (enum field)field, set);
		empty = !region->strips[field].pieces.cnt;
	}
	if (!err && !empty)
		err = candidates_find(region);
	for (int field = 0; field < FIELD_CNT && !err && !empty; field++)
		err = strip_cells(region, &region->strips[field]);
	if (err || empty)
		region_free(region);
	*ret_empty = empty;
	return err;
}

void region_free(struct region *region)
{
	for (int field = 0; field < FIELD_CNT; field++) {
		free(region->strips[field].pieces.list);
		free(region->strips[field].cell);
		free(region->strips[field].vectors);
	}
	free(region->candidates);
	*region = (struct region){};
}
