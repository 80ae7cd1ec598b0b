/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the rows of bodies and of ports: which columns there is room for, and each cell. Called by
 * top_page.c. Promises that a column begins at the same place in every row and in its head.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/top_parts.h"

#define COLUMNS_MAX 24
#define WIDE 150 /* from here on limits are written out and packets have bars of their own */

enum part_kind {
	PART_TEXT,
	PART_NUMBER,
	PART_ALARM, /* a number that had better be 0 */
	PART_LIMIT, /* a number that is there anyway; 0: none */
	PART_BAR, /* key, or key as a part of `of` */
	PART_REASON, /* what stops most packets of the row */
	PART_LINK, /* a text that is good when it is "up" */
};

struct part {
	const char *title, *key, *of;
	enum part_kind kind;
	const char *order; /* its order's name; NULL: not sorted by */
	int width;
};

struct layout {
	struct part parts[COLUMNS_MAX];
	size_t cnt;
};

static void layout_add(struct layout *layout, struct part part)
{
	if (layout->cnt < COLUMNS_MAX && part.width > 0)
		layout->parts[layout->cnt++] = part;
}

/* Texts and numbers have a blank before them, but the first; a bar stands at its number. */
static bool has_gap(const struct part *part, size_t i)
{
	return i > 0 && part->kind != PART_BAR;
}

static int layout_width(const struct layout *layout)
{
	int sum = 0;

	for (size_t i = 0; i < layout->cnt; i++)
		sum += layout->parts[i].width + has_gap(&layout->parts[i], i);
	return sum;
}

/* The widest text of a column in all rows, at most `most`. */
static int widest(const json_t *rows, const char *key, int least, int most)
{
	const json_t *row;
	int width = 0;
	size_t i;

	json_array_foreach(rows, i, row) {
		int columns = top_columns(top_word(row, key));

		width = columns > width ? columns : width;
	}
	if (width == 0)
		return 0;
	return width < least ? least : width > most ? most : width;
}

static void head_cell(struct top_line *line, const struct part *part, const char *chosen)
{
	bool is_chosen = part->order && chosen && strcmp(part->order, chosen) == 0;

	top_cell(line, is_chosen ? TOP_CHOSEN : TOP_HEAD, part->width,
		 part->kind == PART_NUMBER || part->kind == PART_ALARM || part->kind == PART_LIMIT,
		 part->title);
}

static void head_line(struct top_page *page, const struct layout *layout, const char *chosen)
{
	struct top_line *line = top_line_add(&page->head);

	for (size_t i = 0; i < layout->cnt; i++) {
		if (has_gap(&layout->parts[i], i))
			top_cell(line, TOP_HEAD, 1, false, "");
		head_cell(line, &layout->parts[i], chosen);
	}
	top_fill(line, TOP_HEAD, -1);
}

static void bar_cell(struct top_line *line, const struct part *part, const json_t *row)
{
	double value = top_value(row, part->key), whole = part->of ? top_value(row, part->of) : 1;

	top_bar(line, part->width, whole > 0 && value >= 0 ? value / whole : -1);
}

static void number_cell(struct top_line *line, const struct part *part, const json_t *row)
{
	double value = top_value(row, part->key);
	enum top_style style = part->kind == PART_ALARM ? TOP_WARN : TOP_PLAIN;
	bool none = value < 0 || (part->kind == PART_LIMIT && value == 0);
	char text[16];

	if (value <= 0 || part->kind == PART_LIMIT)
		style = TOP_FAINT;
	top_cell(line, style, part->width, true, none ? "-" : top_number(value, text));
}

/* "default_drop 812" */
static void reason_cell(struct top_line *line, const struct part *part, const json_t *row)
{
	const json_t *reason, *most = NULL;
	char text[96] = "", number[16];
	size_t i;

	json_array_foreach(json_object_get(row, "reasons"), i, reason)
		if ((strcmp(top_word(reason, "verdict"), "drop") == 0 ||
		     strcmp(top_word(reason, "verdict"), "bug") == 0) &&
		    top_value(reason, "packets_per_s") > 0 &&
		    (!most || top_value(reason, "packets_per_s") > top_value(most, "packets_per_s")))
			most = reason;
	if (most)
		snprintf(text, sizeof(text), "%s %s", top_word(most, "reason"),
			 top_number(top_value(most, "packets_per_s"), number));
	top_cell(line, TOP_WARN, part->width, false, text);
}

static void cell(struct top_line *line, const struct part *part, const json_t *row, bool first)
{
	const char *text = top_word(row, part->key);

	switch (part->kind) {
	case PART_TEXT:
		top_cell(line, first ? TOP_STRONG : TOP_PLAIN, part->width, false, text);
		break;
	case PART_LINK:
		top_cell(line, strcmp(text, "up") == 0 ? TOP_GOOD : TOP_BAD, part->width, false,
			 text[0] ? text : "-");
		break;
	case PART_BAR:
		bar_cell(line, part, row);
		break;
	case PART_REASON:
		reason_cell(line, part, row);
		break;
	default:
		number_cell(line, part, row);
	}
}

static void row_line(struct top_page *page, const struct layout *layout, const json_t *row)
{
	struct top_line *line = top_line_add(&page->body);

	page->rows[page->row_cnt++] = page->body.cnt - 1;
	for (size_t i = 0; i < layout->cnt; i++) {
		if (has_gap(&layout->parts[i], i))
			top_cell(line, TOP_PLAIN, 1, false, "");
		cell(line, &layout->parts[i], row, i == 0);
	}
	top_fill(line, TOP_PLAIN, -1);
}

static const char *chosen_order(const struct top_view *view)
{
	size_t cnt;
	const struct top_order *orders = top_orders(view->page, &cnt);

	return view->order < cnt ? orders[view->order].name : NULL;
}

/* --- bodies --- */

static void name_parts(struct layout *layout, const json_t *bodies, int room)
{
	int name = widest(bodies, "tenant", 4, 24), title = widest(bodies, "title", 5, 24);

	if (title && name + 1 + title > room)
		title = room - name - 1;
	if (title && title < 5) { /* the name gives way too, to a half */
		title = room / 2;
		name = room - title - 1;
	}
	if (!title && name > room)
		name = room;
	layout_add(layout, (struct part){ "BODY", "tenant", NULL, PART_TEXT, "name", name });
	layout_add(layout, (struct part){ "TITLE", "title", NULL, PART_TEXT, NULL, title });
}

static void narrow_parts(struct layout *layout, int spare)
{
	int more = spare > 60 ? 60 : spare < 0 ? 0 : spare, number = TOP_NUMBER_WIDTH;
	const struct part parts[] = {
		{ "UP", "up.bits_per_s", NULL, PART_NUMBER, "up", number },
		{ " limit", "up.use", NULL, PART_BAR, NULL, 8 + more * 2 / 5 },
		{ "DOWN", "down.bits_per_s", NULL, PART_NUMBER, "down", number },
		{ " limit", "down.use", NULL, PART_BAR, NULL, 8 + more * 2 / 5 },
		{ "PKT/S", "packets_per_s", NULL, PART_NUMBER, "packets", number },
		{ "DROP", "dropped_per_s", NULL, PART_ALARM, "dropped", number },
		{ "REJ", "rejected_per_s", NULL, PART_ALARM, "rejected", number },
		{ "FLOWS", "flows", NULL, PART_NUMBER, "flows", number },
		{ " max", "flows", "flows_max", PART_BAR, NULL, 6 + more / 5 },
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		layout_add(layout, parts[i]);
}

#define NARROW_WIDTH 58 /* of narrow_parts() without spare room, blanks before numbers included */

static void way_parts(struct layout *layout, bool down, int bar)
{
	int number = TOP_NUMBER_WIDTH;
	const struct part up_parts[] = {
		{ "UP", "up.bits_per_s", NULL, PART_NUMBER, "up", number },
		{ "of", "up.limit_bits_per_s", NULL, PART_LIMIT, NULL, number },
		{ " limit", "up.bits_per_s", "up.limit_bits_per_s", PART_BAR, NULL, bar },
		{ "PKT/S", "up.packets_per_s", NULL, PART_NUMBER, NULL, number },
		{ "of", "up.limit_packets_per_s", NULL, PART_LIMIT, NULL, number },
		{ "", "up.packets_per_s", "up.limit_packets_per_s", PART_BAR, NULL, bar / 2 },
	};
	const struct part down_parts[] = {
		{ "DOWN", "down.bits_per_s", NULL, PART_NUMBER, "down", number },
		{ "of", "down.limit_bits_per_s", NULL, PART_LIMIT, NULL, number },
		{ " limit", "down.bits_per_s", "down.limit_bits_per_s", PART_BAR, NULL, bar },
		{ "PKT/S", "down.packets_per_s", NULL, PART_NUMBER, NULL, number },
		{ "of", "down.limit_packets_per_s", NULL, PART_LIMIT, NULL, number },
		{ "", "down.packets_per_s", "down.limit_packets_per_s", PART_BAR, NULL, bar / 2 },
	};

	for (size_t i = 0; i < sizeof(up_parts) / sizeof(up_parts[0]); i++)
		layout_add(layout, down ? down_parts[i] : up_parts[i]);
}

/* Limits, drops, flows take 74 columns; a third of the rest is a bar of bits, half of that the others. */
static void wide_parts(struct layout *layout, int width)
{
	int number = TOP_NUMBER_WIDTH, spare = width - layout_width(layout) - 74, reason;
	int bar = spare / 5;

	bar = bar < 8 ? 8 : bar > 24 ? 24 : bar;
	way_parts(layout, false, bar);
	way_parts(layout, true, bar);
	layout_add(layout,
		   (struct part){ "DROP", "dropped_per_s", NULL, PART_ALARM, "dropped", number });
	layout_add(layout,
		   (struct part){ "REJ", "rejected_per_s", NULL, PART_ALARM, "rejected", number });
	layout_add(layout, (struct part){ "FLOWS", "flows", NULL, PART_NUMBER, "flows", number });
	layout_add(layout, (struct part){ "of", "flows_max", NULL, PART_LIMIT, NULL, number });
	layout_add(layout, (struct part){ "", "flows", "flows_max", PART_BAR, NULL, bar / 2 });
	reason = width - layout_width(layout) - 1;
	if (reason >= 12)
		layout_add(layout, (struct part){ "STOPPED MOST, /S", "reason", NULL, PART_REASON,
						  NULL, reason > 40 ? 40 : reason });
}

static void rows_make(struct top_page *page, const struct layout *layout, const json_t *rows)
{
	const json_t *row;
	size_t i;

	page->rows = calloc(json_array_size(rows) + 1, sizeof(*page->rows));
	if (!page->rows)
		return;
	json_array_foreach(rows, i, row)
		row_line(page, layout, row);
}

void top_bodies(struct top_page *page, const json_t *rates, const struct top_view *view)
{
	const json_t *bodies = json_object_get(rates, "tenants");
	int width = page->body.width;
	struct layout layout = { .cnt = 0 };

	if (width >= WIDE) {
		name_parts(&layout, bodies, 48);
		wide_parts(&layout, width);
	} else {
		name_parts(&layout, bodies, width > NARROW_WIDTH + 12 ? width - NARROW_WIDTH : 12);
		narrow_parts(&layout, width - NARROW_WIDTH - layout_width(&layout));
	}
	head_line(page, &layout, chosen_order(view));
	rows_make(page, &layout, bodies);
	if (page->row_cnt == 0)
		top_say(top_line_add(&page->body), TOP_FAINT, "  no body is known");
}

/* --- ports --- */

static const char *port_problem(const json_t *port)
{
	const char *problem = top_word(port, "problem");

	return strcmp(problem, "-") == 0 ? "" : problem;
}

void top_ports(struct top_page *page, const json_t *rates, const struct top_view *view)
{
	const json_t *ports = json_object_get(rates, "ports"), *port;
	int number = TOP_NUMBER_WIDTH;
	struct layout layout = { .cnt = 0 };
	size_t i;

	layout_add(&layout, (struct part){ "PORT", "port", NULL, PART_TEXT, "name",
					   widest(ports, "port", 6, 16) });
	layout_add(&layout, (struct part){ "SIDE", "side", NULL, PART_TEXT, NULL, 7 });
	layout_add(&layout, (struct part){ "LINK", "link", NULL, PART_LINK, NULL, 10 });
	layout_add(&layout,
		   (struct part){ "SPEED", "speed_bits_per_s", NULL, PART_LIMIT, NULL, number });
	layout_add(&layout, (struct part){ "DRIVER", "driver", NULL, PART_TEXT, NULL, 8 });
	layout_add(&layout, (struct part){ "HOOK", "hook", NULL, PART_TEXT, NULL, 10 });
	layout_add(&layout, (struct part){ "IN", "bits_per_s", NULL, PART_NUMBER, "in", number });
	if (page->body.width >= 96)
		layout_add(&layout, (struct part){ " speed", "bits_per_s", "speed_bits_per_s",
						   PART_BAR, NULL, 12 });
	layout_add(&layout,
		   (struct part){ "PKT/S", "packets_per_s", NULL, PART_NUMBER, "packets", number });
	layout_add(&layout,
		   (struct part){ "DROP", "dropped_per_s", NULL, PART_ALARM, "dropped", number });
	layout_add(&layout, (struct part){ "LOST", "kernel_dropped_per_s", NULL, PART_ALARM, "lost",
					   number });
	head_line(page, &layout, chosen_order(view));
	page->rows = calloc(json_array_size(ports) + 1, sizeof(*page->rows));
	if (!page->rows)
		return;
	json_array_foreach(ports, i, port) {
		row_line(page, &layout, port);
		if (port_problem(port)[0])
			top_say(top_line_add(&page->body), TOP_BAD, "  ! %s", port_problem(port));
	}
	if (page->row_cnt == 0)
		top_say(top_line_add(&page->body), TOP_FAINT, "  no port is known");
}
