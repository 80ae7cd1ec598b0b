/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words that thresholds have alike, in rules and in the threshold file. Pure.
 */
#ifndef AGENT_DETECT_KEYWORD_THRESHOLD_H
#define AGENT_DETECT_KEYWORD_THRESHOLD_H

#include "detect/parse/inside.h"

bool threshold_track(struct slice word, int *ret_track);
bool threshold_kind(struct slice word, int *ret_kind);
/* "track by_src", "type limit", "count 1", "seconds 60". false: it is none of these. */
bool threshold_word(struct slice key, struct slice value, struct threshold *threshold);

#endif
