/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pages of `sekisho top` as lines: bodies, ports, one body, help. Pure; the model's object in,
 * lines out. What a terminal does with them is top_screen.c's.
 */
#ifndef POLICY_CLI_TOP_PAGE_H
#define POLICY_CLI_TOP_PAGE_H

#include "cli/top_line.h"
#include "cli/top_model.h"

enum top_page_kind { TOP_BODIES, TOP_PORTS, TOP_BODY, TOP_HELP };

/* What the one before the screen has chosen. */
struct top_view {
	enum top_page_kind page;
	const char *instance; /* "" the one without a name */
	const char *tenant; /* TOP_BODY: whose page */
	size_t order; /* index in top_orders() of the page */
	bool reverse;
	bool japanese; /* meanings of reasons */
	unsigned int interval_s;
	const char *news; /* said beside the problem; "" nothing */
};

struct top_page {
	struct top_lines head, body; /* what stands, what scrolls */
	struct top_lines foot; /* the keys, one line */
	size_t *rows; /* bodies and ports: index of the first line of each row in body */
	size_t row_cnt;
};

/* The columns by which the rows of a page can be sorted; none of a body's and of help. */
const struct top_order *top_orders(enum top_page_kind page, size_t *ret_cnt);

/* The order of this name, or -1. */
int top_order_find(enum top_page_kind page, const char *name);

/*
 * Makes the lines of a page, each at most `width` columns. rates is of top_look; its rows are sorted
 * in place. Returns 0 or -ENOMEM; top_page_free() releases.
 */
int top_page_make(struct top_page *ret_page, json_t *rates, const struct top_view *view, int width);
void top_page_free(struct top_page *page);

#endif
