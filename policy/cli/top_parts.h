/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of a page, for top_page.c, top_rows.c and top_body.c only.
 */
#ifndef POLICY_CLI_TOP_PARTS_H
#define POLICY_CLI_TOP_PARTS_H

#include "cli/top_page.h"

/* Each adds its head to page->head and its rows to page->body. */
void top_bodies(struct top_page *page, const json_t *rates, const struct top_view *view);
void top_ports(struct top_page *page, const json_t *rates, const struct top_view *view);
void top_body(struct top_page *page, const json_t *rates, const struct top_view *view);

/* A number by a column's key; -1: the row has none. */
double top_value(const json_t *row, const char *key);
/* A text by a column's key; "": the row has none. */
const char *top_word(const json_t *row, const char *key);
/* A blank and the number, in TOP_NUMBER_WIDTH columns; "-" for none, and faint when it is 0. */
void top_count(struct top_line *line, enum top_style style, const json_t *row, const char *key);
/* "  passed 12.3k/s", "  up 3.52 Mbit/s", in as many columns as they take. */
void top_sum(struct top_line *line, const char *title, const json_t *row, const char *key,
	     const char *unit, enum top_style style);

#endif
