/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the keywords about contents share. Pure.
 */
#ifndef AGENT_DETECT_KEYWORD_CONTENT_H
#define AGENT_DETECT_KEYWORD_CONTENT_H

#include "detect/parse/inside.h"

extern const struct clause_ops content_ops;
enum clause_says content_ask(const struct clause *clause, struct match *match);
/* Of text as rules write contents, |hex| in it; the caller owns it. 0 or -errno, told to the draft. */
int content_make(struct draft *draft, struct slice text, bool negated, struct content **ret_content);
/* The clause that was put in last is a content, and the one that modifiers speak of. */
void content_is_last(struct draft *draft, uint32_t part);

#endif
