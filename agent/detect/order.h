/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In which order rules are asked: actions as the settings say, then those that set what others ask
 * for, then by priority, then as they were written. Called by build.c.
 */
#ifndef AGENT_DETECT_ORDER_H
#define AGENT_DETECT_ORDER_H

#include "detect/parse/parse.h"

/* Sorts and numbers them. Returns 0 or -ENOMEM. */
int rules_order(struct signatures *signatures, const struct config *config);

#endif
