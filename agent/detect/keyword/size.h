/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long what a rule asks can be at most, for who looks whether it can be at all. UINT64_MAX: as long as it
 * likes.
 */
#ifndef AGENT_DETECT_KEYWORD_SIZE_H
#define AGENT_DETECT_KEYWORD_SIZE_H

#include "detect/parse/inside.h"

uint64_t dsize_most(const struct signature *signature); /* the payload of its packets */
uint64_t bsize_most(const struct clause *clause); /* the clause's buffer */

#endif
