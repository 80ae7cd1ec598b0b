// SPDX-License-Identifier: Apache-2.0
/*
 * Differences in words and as JSON. Called by `sekisho policy diff`. Pure.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "prove/meaning.h"
#include "text/service.h"

#define RANGE_TEXT_MAX (2 * PREFIX_TEXT_MAX)
#define ITEMS_SHOWN 8 /* of one list, in a line for people */

typedef void range_print(const struct range *range, char to[RANGE_TEXT_MAX]);

/* A prefix where it is one. */
static void address_range_print(const struct range *range, char to[RANGE_TEXT_MAX])
{
	point size = range->to - range->from; /* less one */
	struct prefix prefix = { .addr = point_address(range->from), .len = 128 };
	char from[PREFIX_TEXT_MAX], until[PREFIX_TEXT_MAX];
	struct sek_addr last = point_address(range->to);

	for (point rest = size; rest & 1; rest >>= 1)
		prefix.len--;
	if (!(size & (size + 1)) && !(range->from & size)) {
		prefix_print(&prefix, to);
		return;
	}
	snprintf(to, RANGE_TEXT_MAX, "%s-%s", address_print(&prefix.addr, from),
		 address_print(&last, until));
}

static void number_range_print(const struct range *range, char to[RANGE_TEXT_MAX])
{
	unsigned int from = (unsigned int)range->from, until = (unsigned int)range->to;

	if (from == until)
		snprintf(to, RANGE_TEXT_MAX, "%u", from);
	else
		snprintf(to, RANGE_TEXT_MAX, "%u-%u", from, until);
}

static void proto_range_print(const struct range *range, char to[RANGE_TEXT_MAX])
{
	const char *name = proto_name((uint8_t)range->from);

	if (range->from == range->to && name)
		snprintf(to, RANGE_TEXT_MAX, "%s", name);
	else
		number_range_print(range, to);
}

/* Whole types where they are: "3", "3-5", else "3/1", "3/1-4/0". */
static void kind_range_print(const struct range *range, char to[RANGE_TEXT_MAX])
{
	unsigned int from = (unsigned int)range->from, until = (unsigned int)range->to;
	struct range types = { from >> 8, until >> 8 };

	if (!(from & 0xff) && (until & 0xff) == 0xff)
		number_range_print(&types, to);
	else if (from == until)
		snprintf(to, RANGE_TEXT_MAX, "%u/%u", from >> 8, from & 0xff);
	else
		snprintf(to, RANGE_TEXT_MAX, "%u/%u-%u/%u", from >> 8, from & 0xff, until >> 8,
			 until & 0xff);
}

/* Adds to list; each range by itself. */
static void ranges_list(json_t *list, const struct ranges *ranges, range_print *print)
{
	char text[RANGE_TEXT_MAX];

	for (size_t i = 0; i < ranges->cnt; i++) {
		print(&ranges->list[i], text);
		json_array_append_new(list, json_string(text));
	}
}

/* [] fits everything, as in acl show. */
static json_t *field_json(const struct box *box, enum box_field field, range_print *print)
{
	json_t *list = json_array();

	if (!ranges_whole(&box->fields[field], field))
		ranges_list(list, &box->fields[field], print);
	return list;
}

/* Protocols next to each other have names of their own. */
static json_t *protos_json(const struct box *box)
{
	const struct ranges *protos = &box->fields[BOX_PROTO];
	json_t *list = json_array();
	char text[RANGE_TEXT_MAX];

	for (size_t i = 0; i < protos->cnt && !ranges_whole(protos, BOX_PROTO); i++) {
		struct range rest = protos->list[i], one = rest;

		for (; rest.to - rest.from < 2 && rest.from <= rest.to; rest.from++) {
			one.from = one.to = rest.from;
			proto_range_print(&one, text);
			json_array_append_new(list, json_string(text));
		}
		if (rest.from > rest.to)
			continue;
		number_range_print(&rest, text);
		json_array_append_new(list, json_string(text));
	}
	return list;
}

/* All addresses of the families that the box has. */
static bool end_whole(const struct box *box, bool dst)
{
	const struct ranges *four = &box->fields[dst ? BOX_DST4 : BOX_SRC4];
	const struct ranges *six = &box->fields[dst ? BOX_DST6 : BOX_SRC6];

	return (!four->cnt || ranges_whole(four, BOX_SRC4)) &&
	       (!six->cnt || ranges_whole(six, BOX_SRC6));
}

/*
 * Where all packets of one family are meant, the other end says which, if it says anything: a packet
 * has one family.
 */
static json_t *end_json(const struct box *box, bool dst)
{
	const enum box_field ends[2] = { dst ? BOX_DST4 : BOX_SRC4, dst ? BOX_DST6 : BOX_SRC6 };
	bool both = box->fields[BOX_SRC4].cnt && box->fields[BOX_SRC6].cnt;
	json_t *list = json_array();

	if (end_whole(box, dst) && (dst || both || !end_whole(box, true)))
		return list;
	for (int family = 0; family < FAMILY_CNT; family++) {
		const struct range every = family_range((enum family)family);
		const struct ranges *ranges = &box->fields[ends[family]];
		struct ranges all = { (struct range *)&every, 1 };

		ranges_list(list, ranges_whole(ranges, ends[family]) ? &all : ranges,
			    address_range_print);
	}
	return list;
}

static bool passes(uint8_t action)
{
	return action == SEK_ACCEPT || action == SEK_INSPECT;
}

static const char *change_name(const struct box *box)
{
	if (passes(box->before) == passes(box->after))
		return "otherwise";
	return passes(box->after) ? "opened" : "closed";
}

/* What is no packet of the tenant is dropped. */
static const char *answer_name(uint8_t action)
{
	static const char *const names[] = { "drop", "accept", "drop", "reject", "inspect" };

	return names[action];
}

static void put_list(FILE *out, const char *word, const json_t *list)
{
	size_t cnt = json_array_size(list), shown = cnt == ITEMS_SHOWN + 1 ? cnt : ITEMS_SHOWN;

	for (size_t i = 0; i < cnt && i < shown; i++)
		fprintf(out, "%s%s", i ? "," : word, json_string_value(json_array_get(list, i)));
	if (cnt > shown)
		fprintf(out, " and %zu more", cnt - shown);
}

static void put_end(FILE *out, const char *word, const json_t *addresses, const json_t *ports)
{
	if (!json_array_size(addresses) && !json_array_size(ports))
		return;
	fprintf(out, " %s", word);
	if (json_array_size(addresses))
		put_list(out, " ", addresses);
	else
		fputs(" any", out);
	put_list(out, " port ", ports);
}

/* "opened for saga: out tcp from 10.1.0.0/24 to any port 25 (reject → accept)" */
static json_t *row_text(const json_t *row, bool everybody)
{
	const json_t *protos = json_object_get(row, "proto");
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	json_t *string;

	if (!out)
		return NULL;
	fprintf(out, "%s for", json_string_value(json_object_get(row, "change")));
	if (everybody)
		fputs(" all bodies", out);
	else
		put_list(out, " ", json_object_get(row, "tenants"));
	fprintf(out, ": %s", json_string_value(json_object_get(row, "dir")));
	put_list(out, " ", protos);
	if (!json_array_size(protos))
		fputs(" any", out);
	put_list(out, " icmp4 type ", json_object_get(row, "icmp"));
	put_list(out, " icmp6 type ", json_object_get(row, "icmp6"));
	put_end(out, "from", json_object_get(row, "src"), json_object_get(row, "sport"));
	put_end(out, "to", json_object_get(row, "dst"), json_object_get(row, "dport"));
	fprintf(out, " (%s → %s)", json_string_value(json_object_get(row, "before")),
		json_string_value(json_object_get(row, "after")));
	string = fclose(out) ? NULL : json_string(text);
	free(text);
	return string;
}

static json_t *box_json(const struct box *box, size_t body_cnt)
{
	json_t *tenants = json_array(), *row;
	bool everybody = box->tenant_cnt == body_cnt && body_cnt > 1;

	for (size_t i = 0; i < box->tenant_cnt; i++) {
		everybody &= strcmp(box->tenants[i], "host") != 0;
		json_array_append_new(tenants, json_string(box->tenants[i]));
	}
	row = json_pack("{s:o, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "tenants",
			tenants, "dir", box->dir == SEK_OUT ? "out" : "in", "change",
			change_name(box), "before", answer_name(box->before), "after",
			answer_name(box->after), "proto", protos_json(box), "src",
			end_json(box, false), "sport",
			field_json(box, BOX_SPORT, number_range_print), "dst", end_json(box, true),
			"dport", field_json(box, BOX_DPORT, number_range_print), "icmp",
			field_json(box, BOX_ICMP4, kind_range_print), "icmp6",
			field_json(box, BOX_ICMP6, kind_range_print));
	if (row)
		json_object_set_new(row, "text", row_text(row, everybody));
	return row;
}

struct json_t *policy_meaning(const struct policy *before, const struct image *before_image,
			      const struct policy *after, const struct image *after_image,
			      size_t most)
{
	struct boxes boxes = {};
	size_t open = 0, shown;
	json_t *rows, *result = NULL;

	if (meaning_find(before, before_image, after, after_image, &boxes, &open))
		return NULL;
	rows = json_array();
	shown = boxes.cnt < most ? boxes.cnt : most;
	for (size_t i = 0; i < shown; i++)
		json_array_append_new(rows, box_json(&boxes.list[i], after->tenant_cnt - 1));
	if (json_array_size(rows) == shown)
		result = json_pack("{s:O, s:I, s:I}", "packets", rows, "more",
				   (json_int_t)(boxes.cnt - shown) + (json_int_t)boxes.more,
				   "unsettled", (json_int_t)open);
	json_decref(rows);
	boxes_free(&boxes);
	return result;
}
