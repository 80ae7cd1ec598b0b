/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the page of one body: its rates and quotas, why its packets end, what blocked, its busiest
 * flows. Called by top_page.c.
 */
#include <string.h>

#include "cli/top_parts.h"

#define FLOWS_SHOWN 50
#define BLOCKED_SHOWN 12
#define CONNECTION_MAX 128
#define STATE_WIDTH 11

static const json_t *body_find(const json_t *rates, const char *tenant)
{
	const json_t *body;
	size_t i;

	json_array_foreach(json_object_get(rates, "tenants"), i, body)
		if (strcmp(top_word(body, "tenant"), tenant) == 0)
			return body;
	return NULL;
}

static double part_of(double value, double whole)
{
	return value >= 0 && whole > 0 ? value / whole : -1;
}

/* " 98.7M of  130M bit/s [|||||   ]" */
static void measure_say(struct top_line *line, const json_t *row, const char *key, const char *of,
			const char *unit, int bar)
{
	double value = top_value(row, key), whole = top_value(row, of);
	char text[16];

	top_count(line, TOP_STRONG, row, key);
	if (whole > 0) {
		top_say(line, TOP_FAINT, " of ");
		top_cell(line, TOP_PLAIN, TOP_NUMBER_WIDTH, true, top_number(whole, text));
		top_say(line, TOP_FAINT, "%s ", unit);
		top_bar(line, bar, part_of(value, whole));
	} else {
		top_say(line, TOP_FAINT, "%s, no limit", unit);
	}
}

static void way_line(struct top_page *page, const json_t *body, bool down)
{
	struct top_line *line = top_line_add(&page->head);
	int width = page->head.width, bar = width >= 150 ? 40 : width >= 100 ? 20 : 12;

	top_cell(line, TOP_FAINT, 7, false, down ? "  down" : "  up");
	measure_say(line, body, down ? "down.bits_per_s" : "up.bits_per_s",
		    down ? "down.limit_bits_per_s" : "up.limit_bits_per_s", " bit/s", bar);
	top_say(line, TOP_PLAIN, " ");
	measure_say(line, body, down ? "down.packets_per_s" : "up.packets_per_s",
		    down ? "down.limit_packets_per_s" : "up.limit_packets_per_s", " pkt/s", bar);
}

static void quota_line(struct top_page *page, const json_t *body)
{
	struct top_line *line = top_line_add(&page->head);
	int width = page->head.width, bar = width >= 150 ? 40 : width >= 100 ? 20 : 12;

	top_cell(line, TOP_FAINT, 7, false, "  flows");
	measure_say(line, body, "flows", "flows_max", "      ", bar);
	top_say(line, TOP_PLAIN, " ");
	measure_say(line, body, "half_open", "half_open_max", " half ", bar);
}

static void body_head(struct top_page *page, const json_t *body)
{
	struct top_line *line = top_line_add(&page->head);

	top_say(line, TOP_STRONG, " %s  %s", top_word(body, "tenant"), top_word(body, "title"));
	top_sum(line, "passed", body, "passed_per_s", "/s", TOP_GOOD);
	top_sum(line, "dropped", body, "dropped_per_s", "/s", TOP_WARN);
	top_sum(line, "rejected", body, "rejected_per_s", "/s", TOP_WARN);
	way_line(page, body, false);
	way_line(page, body, true);
	quota_line(page, body);
}

/* A cell of a section's head, over the cells below it. */
struct title {
	const char *text;
	int width; /* 0: no such column on this screen */
	bool right;
};

static void section_line(struct top_page *page, const struct title *titles, size_t cnt)
{
	struct top_line *line = top_line_add(&page->body);

	for (size_t i = 0; i < cnt; i++) {
		if (titles[i].width == 0)
			continue;
		top_cell(line, TOP_HEAD, 1, false, "");
		top_cell(line, TOP_HEAD, titles[i].width, titles[i].right, titles[i].text);
	}
	top_fill(line, TOP_HEAD, -1);
}

static bool is_stopped(const json_t *reason)
{
	return strcmp(top_word(reason, "verdict"), "drop") == 0 ||
	       strcmp(top_word(reason, "verdict"), "bug") == 0;
}

static void reason_line(struct top_page *page, const json_t *reason, bool japanese)
{
	struct top_line *line = top_line_add(&page->body);

	top_say(line, TOP_PLAIN, " ");
	top_cell(line, is_stopped(reason) ? TOP_WARN : TOP_GOOD, 18, false,
		 top_word(reason, "reason"));
	top_say(line, TOP_PLAIN, " ");
	top_cell(line, TOP_PLAIN, 3, false, top_word(reason, "dir"));
	top_count(line, TOP_STRONG, reason, "packets_per_s");
	top_count(line, TOP_PLAIN, reason, "packets");
	top_say(line, TOP_FAINT, " %s", top_word(reason, japanese ? "text_ja" : "text"));
}

static void reason_lines(struct top_page *page, const json_t *body, const struct top_view *view,
			 bool stopped)
{
	static const struct top_order by_rate = { "rate", "packets_per_s", false };
	const struct title titles[] = { { stopped ? "WHY STOPPED" : "WHY PASSED", 18, false },
					{ "DIR", 3, false },
					{ "/S", TOP_NUMBER_WIDTH, true },
					{ "ALL", TOP_NUMBER_WIDTH, true },
					{ "MEANING", 7, false } };
	json_t *reasons = json_copy(json_object_get(body, "reasons")), *reason;
	size_t i, shown = 0;

	top_sort(reasons, &by_rate, false);
	section_line(page, titles, sizeof(titles) / sizeof(titles[0]));
	json_array_foreach(reasons, i, reason) {
		if (is_stopped(reason) != stopped)
			continue;
		reason_line(page, reason, view->japanese);
		shown++;
	}
	if (!shown)
		top_say(top_line_add(&page->body), TOP_FAINT, "  nothing yet");
	json_decref(reasons);
}

static void blocked_line(struct top_page *page, const json_t *row)
{
	struct top_line *line = top_line_add(&page->body);
	const char *last = top_word(row, "last");
	char when[9] = "";

	/* 2026-11-25T14:23:05.123456+0900: the time of day */
	if (strlen(last) >= 19)
		snprintf(when, sizeof(when), "%.8s", last + 11);
	top_say(line, TOP_PLAIN, " ");
	top_cell(line, TOP_STRONG, 22, false, top_word(row, "by")[0] ? top_word(row, "by") : "-");
	top_count(line, TOP_WARN, row, "events");
	top_say(line, TOP_PLAIN, " ");
	top_cell(line, TOP_PLAIN, 15, false, top_word(row, "reason"));
	top_say(line, TOP_PLAIN, " ");
	top_cell(line, TOP_FAINT, 8, false, when);
	top_say(line, TOP_PLAIN, " %s > %s", top_word(row, "src"), top_word(row, "dst"));
}

static void blocked_lines(struct top_page *page, const json_t *rates)
{
	static const struct title titles[] = { { "BLOCKED BY", 22, false },
					       { "TIMES", TOP_NUMBER_WIDTH, true },
					       { "REASON", 15, false },
					       { "LAST", 8, false },
					       { "LATELY, BY THE RECORDS", 22, false } };
	const json_t *blocked = json_object_get(rates, "blocked"), *row;
	size_t i;

	section_line(page, titles, sizeof(titles) / sizeof(titles[0]));
	if (json_array_size(blocked) == 0)
		top_say(top_line_add(&page->body), TOP_FAINT,
			blocked ? "  nothing was recorded lately"
				: "  sekishod tells, when it answers");
	json_array_foreach(blocked, i, row)
		if (i < BLOCKED_SHOWN)
			blocked_line(page, row);
}

/* An IPv6 address and a port are told apart by brackets. */
static void end_text(char *out, size_t cap, const json_t *flow, const char *address, const char *port)
{
	const char *text = top_word(flow, address);
	bool six = strchr(text, ':');

	if (top_value(flow, port) > 0)
		snprintf(out, cap, "%s%s%s:%.0f", six ? "[" : "", text, six ? "]" : "",
			 top_value(flow, port));
	else
		snprintf(out, cap, "%s", text);
}

/* Two IPv6 addresses with ports want room more than the flow's state does. */
static bool has_states(const struct top_page *page)
{
	return page->body.width >= 110;
}

static int connection_width(const struct top_page *page)
{
	int room = page->body.width - (has_states(page) ? 52 : 30);

	return room < 36 ? 36 : room > 97 ? 97 : room;
}

static void flow_line(struct top_page *page, const json_t *flow)
{
	struct top_line *line = top_line_add(&page->body);
	char from[64], to[64], text[CONNECTION_MAX + 8];

	end_text(from, sizeof(from), flow, "src", "sport");
	end_text(to, sizeof(to), flow, "dst", "dport");
	snprintf(text, sizeof(text), "%s > %s", from, to);
	top_count(line, TOP_STRONG, flow, "up_bits_per_s");
	top_count(line, TOP_STRONG, flow, "down_bits_per_s");
	top_say(line, TOP_PLAIN, " ");
	top_cell(line, TOP_FAINT, 5, false, top_word(flow, "proto"));
	top_say(line, TOP_PLAIN, " ");
	top_cell(line, TOP_PLAIN, connection_width(page), false, text);
	if (has_states(page)) {
		top_say(line, TOP_PLAIN, " ");
		top_cell(line, TOP_FAINT, STATE_WIDTH, false, top_word(flow, "state"));
	}
	top_say(line, TOP_PLAIN, " %s", top_word(flow, "rule"));
}

static void flow_lines(struct top_page *page, const json_t *rates)
{
	const struct title titles[] = { { "UP", TOP_NUMBER_WIDTH, true },
					{ "DOWN", TOP_NUMBER_WIDTH, true },
					{ "PROTO", 5, false },
					{ "BUSIEST FLOWS", connection_width(page), false },
					{ "STATE", has_states(page) ? STATE_WIDTH : 0, false },
					{ "RULE", 4, false } };
	const json_t *flows = json_object_get(rates, "flows_top"), *flow;
	size_t i;

	section_line(page, titles, sizeof(titles) / sizeof(titles[0]));
	if (json_array_size(flows) == 0)
		top_say(top_line_add(&page->body), TOP_FAINT, "  no flow is known");
	json_array_foreach(flows, i, flow)
		if (i < FLOWS_SHOWN)
			flow_line(page, flow);
}

void top_body(struct top_page *page, const json_t *rates, const struct top_view *view)
{
	const json_t *body = body_find(rates, view->tenant);

	if (!body) {
		top_say(top_line_add(&page->body), TOP_BAD, "  there is no body '%s' now",
			view->tenant);
		return;
	}
	body_head(page, body);
	reason_lines(page, body, view, true);
	blocked_lines(page, rates);
	flow_lines(page, rates);
	reason_lines(page, body, view, false);
}
