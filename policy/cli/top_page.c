/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns what stands around the rows: head, problem, keys, help; and the pages' orders. Called by
 * top_screen.c and the tests. The rows themselves are in top_rows.c, a body's page in top_body.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/print.h"
#include "cli/top_page.h"
#include "cli/top_parts.h"

#define REASONS_TOLD 6

const struct top_order *top_orders(enum top_page_kind page, size_t *ret_cnt)
{
	static const struct top_order bodies[] = {
		{ "use", "use", false },
		{ "name", "tenant", true },
		{ "up", "up.bits_per_s", false },
		{ "down", "down.bits_per_s", false },
		{ "packets", "packets_per_s", false },
		{ "dropped", "dropped_per_s", false },
		{ "rejected", "rejected_per_s", false },
		{ "flows", "flows", false },
	};
	static const struct top_order ports[] = {
		{ "name", "port", true },
		{ "in", "bits_per_s", false },
		{ "packets", "packets_per_s", false },
		{ "dropped", "dropped_per_s", false },
		{ "lost", "kernel_dropped_per_s", false },
	};

	if (page == TOP_BODIES) {
		*ret_cnt = sizeof(bodies) / sizeof(bodies[0]);
		return bodies;
	}
	*ret_cnt = page == TOP_PORTS ? sizeof(ports) / sizeof(ports[0]) : 0;
	return ports;
}

int top_order_find(enum top_page_kind page, const char *name)
{
	size_t cnt;
	const struct top_order *orders = top_orders(page, &cnt);

	for (size_t i = 0; i < cnt; i++)
		if (strcmp(orders[i].name, name) == 0)
			return (int)i;
	return -1;
}

double top_value(const json_t *row, const char *key)
{
	const json_t *value = print_member(row, key);

	return json_is_number(value) ? json_number_value(value) : -1;
}

const char *top_word(const json_t *row, const char *key)
{
	const char *value = json_string_value(print_member(row, key));

	return value ? value : "";
}

void top_count(struct top_line *line, enum top_style style, const json_t *row, const char *key)
{
	double value = top_value(row, key);
	char text[16];

	top_say(line, TOP_PLAIN, " ");
	if (value <= 0)
		style = TOP_FAINT;
	top_cell(line, style, TOP_NUMBER_WIDTH, true, value < 0 ? "-" : top_number(value, text));
}

void top_sum(struct top_line *line, const char *title, const json_t *row, const char *key,
	     const char *unit, enum top_style style)
{
	double value = top_value(row, key);
	char text[16];
	size_t len;

	top_say(line, TOP_FAINT, "  %s ", title);
	if (value <= 0)
		style = TOP_PLAIN;
	if (value < 0) {
		top_say(line, style, "-");
		return;
	}
	len = strlen(top_number(value, text));
	if (unit[0] == 'b' && len > 1 && text[len - 1] > '9') /* 3.52 Mbit/s */
		top_say(line, style, "%.*s %c%s", (int)len - 1, text, text[len - 1], unit);
	else
		top_say(line, style, "%s%s%s", text, unit[0] == 'b' ? " " : "", unit);
}

static void title_line(struct top_page *page, const json_t *rates, const struct top_view *view)
{
	struct top_line *line = top_line_add(&page->head);
	time_t at = (time_t)top_value(rates, "time");
	char when[32] = "", policy[32] = "no policy", right[160];
	size_t cnt;
	const struct top_order *orders = top_orders(view->page, &cnt);
	struct tm tm;
	int columns;

	if (at > 0 && localtime_r(&at, &tm))
		strftime(when, sizeof(when), "%H:%M:%S", &tm);
	top_say(line, TOP_HEAD, " sekisho top%s%s", view->instance[0] ? " - " : "", view->instance);
	if (view->page == TOP_PORTS)
		top_say(line, TOP_HEAD, " - ports");
	if (top_value(rates, "generation") > 0)
		snprintf(policy, sizeof(policy), "policy %.0f", top_value(rates, "generation"));
	snprintf(right, sizeof(right), "%s%s%s  %s  every %u s  %s ",
		 view->order < cnt ? "by " : "", view->order < cnt ? orders[view->order].name : "",
		 view->order < cnt && view->reverse ? ", reversed" : "", policy, view->interval_s,
		 when);
	columns = top_columns(right);
	if (line && line->width > line->columns + columns)
		top_fill(line, TOP_HEAD, line->width - columns);
	else
		top_say(line, TOP_HEAD, " ");
	top_say(line, TOP_HEAD, "%s", right);
	top_fill(line, TOP_HEAD, -1);
}

static void sum_lines(struct top_page *page, const json_t *rates)
{
	struct top_line *line = top_line_add(&page->head);

	top_sum(line, "up", rates, "up_bits_per_s", "bit/s", TOP_STRONG);
	top_sum(line, "down", rates, "down_bits_per_s", "bit/s", TOP_STRONG);
	top_sum(line, "flows", rates, "flows", "", TOP_STRONG);
	if (page->head.width < 120)
		line = top_line_add(&page->head);
	top_sum(line, "passed", rates, "passed_per_s", "/s", TOP_GOOD);
	top_sum(line, "dropped", rates, "dropped_per_s", "/s", TOP_WARN);
	top_sum(line, "rejected", rates, "rejected_per_s", "/s", TOP_WARN);
}

/* Why packets are stopped now: the reasons with a rate, the most first. */
static void stopped_line(struct top_page *page, const json_t *rates)
{
	struct top_line *line = top_line_add(&page->head);
	size_t i, told = 0;
	const json_t *row;

	top_say(line, TOP_FAINT, "  why");
	json_array_foreach(json_object_get(rates, "reasons"), i, row) {
		char number[16];

		if (top_value(row, "packets_per_s") <= 0 || told == REASONS_TOLD)
			continue;
		top_say(line, TOP_PLAIN, "%s%s ", told ? ", " : " ", top_word(row, "reason"));
		top_say(line, TOP_WARN, "%s/s", top_number(top_value(row, "packets_per_s"), number));
		told++;
	}
	if (!told)
		top_say(line, TOP_FAINT, " %s",
			top_value(rates, "interval_s") > 0 ? "nothing is stopped" : "-");
}

/* A text of several words over as many lines as it needs. */
static void wrapped_say(struct top_page *page, enum top_style style, char mark, const char *text)
{
	size_t room = page->head.width > 12 ? (size_t)page->head.width - 3 : 9;

	while (*text) {
		size_t len = strlen(text), cut = len;

		if (len > room)
			for (cut = room; cut > 0 && text[cut] != ' ';)
				cut--;
		if (cut == 0)
			cut = len; /* one long word: the line cuts it */
		top_say(top_line_add(&page->head), style, "%c %.*s", mark, (int)cut, text);
		mark = ' ';
		text += cut + strspn(text + cut, " ");
	}
}

/* What an operator must not miss: no agent, ports that do not serve. */
static void problem_lines(struct top_page *page, const json_t *rates, const struct top_view *view)
{
	const char *problem = top_word(rates, "problem");
	const json_t *port;
	size_t i;

	wrapped_say(page, TOP_BAD, '!', problem);
	wrapped_say(page, TOP_STRONG, '>', view->news);
	json_array_foreach(json_object_get(rates, "ports"), i, port)
		if (view->page != TOP_PORTS && strcmp(top_word(port, "link"), "up") != 0 &&
		    top_word(port, "link")[0])
			top_say(top_line_add(&page->head), TOP_BAD, "! port %s: %s",
				top_word(port, "port"), top_word(port, "link"));
}

static void keys_line(struct top_page *page, const struct top_view *view)
{
	static const char *const keys[] = {
		[TOP_BODIES] =
			"Enter:look into  </>:sort  r:reverse  p:ports  +/-:interval  h:help  q:quit",
		[TOP_PORTS] = "</>:sort  r:reverse  p:bodies  +/-:interval  h:help  q:quit",
		[TOP_BODY] = "Esc:back  up/down:scroll  n/N:next, previous body  h:help  q:quit",
		[TOP_HELP] = "Esc:back  q:quit",
	};
	struct top_line *line = top_line_add(&page->foot);

	top_say(line, TOP_HEAD, " %s", keys[view->page]);
	top_fill(line, TOP_HEAD, -1);
}

static void help_lines(struct top_page *page)
{
	static const char *const text[][2] = {
		{ "up down PgUp PgDn", "move; Home and End: the first, the last" },
		{ "Enter", "look into a body: why packets end, what blocked, flows" },
		{ "Esc, Backspace", "back" },
		{ "n N", "the next body, the one before" },
		{ "< >", "sort by the column before, by the next" },
		{ "r", "turn the order round" },
		{ "p, Tab", "ports, and back to the bodies" },
		{ "+ -", "a longer interval, a shorter one" },
		{ "q", "end" },
		{ "", "" },
		{ "UP, DOWN", "bit/s of frames that passed; the bar is the part of the" },
		{ "", "limit that is used, of bits or packets, which is nearer;" },
		{ "", "a screen of 150 columns has a bar for each" },
		{ "PKT/S", "packets a second that passed" },
		{ "DROP, REJ", "packets a second that were dropped; refused and told so" },
		{ "FLOWS", "held now; the bar is the part of the quota" },
		{ "IN, LOST", "of a port: what came in; packets a second that the kernel" },
		{ "", "lost at the interface, beside the gateway" },
	};

	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		struct top_line *line = top_line_add(&page->body);

		top_say(line, TOP_PLAIN, "  ");
		top_cell(line, TOP_STRONG, 18, false, text[i][0]);
		top_say(line, TOP_PLAIN, "  %s", text[i][1]);
	}
}

static void row_sort(json_t *rates, const struct top_view *view)
{
	size_t cnt;
	const struct top_order *orders = top_orders(view->page, &cnt);

	if (view->order < cnt)
		top_sort(json_object_get(rates, view->page == TOP_PORTS ? "ports" : "tenants"),
			 &orders[view->order], view->reverse);
}

int top_page_make(struct top_page *ret_page, json_t *rates, const struct top_view *view, int width)
{
	struct top_page page = { .head.width = width, .body.width = width, .foot.width = width };

	row_sort(rates, view);
	title_line(&page, rates, view);
	if (view->page != TOP_HELP) {
		sum_lines(&page, rates);
		stopped_line(&page, rates);
		problem_lines(&page, rates, view);
	}
	if (view->page == TOP_BODIES)
		top_bodies(&page, rates, view);
	else if (view->page == TOP_PORTS)
		top_ports(&page, rates, view);
	else if (view->page == TOP_BODY)
		top_body(&page, rates, view);
	else
		help_lines(&page);
	keys_line(&page, view);
	*ret_page = page;
	if (page.foot.cnt == 0 || page.head.cnt == 0)
		return -ENOMEM;
	return 0;
}

void top_page_free(struct top_page *page)
{
	top_lines_free(&page->head);
	top_lines_free(&page->body);
	top_lines_free(&page->foot);
	free(page->rows);
	*page = (struct top_page){ 0 };
}
