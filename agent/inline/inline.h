/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inspection in line: rules and settings in, a worker that serves the policy's ports, records out. Its worker
 * is one thread for now.
 */
#ifndef AGENT_INLINE_INLINE_H
#define AGENT_INLINE_INLINE_H

#include "base/loop.h"
#include "dataplane/ports.h"
#include "install/install.h"
#include "model/model.h"
#include "report/records.h"
#include "settings.h"

struct inspection;

/* Before rights are given up. Without rules in the settings: *ret_inspection is NULL and nothing is done. */
int inspection_new(struct loop *loop, const struct settings *settings, const struct gate *gate,
		   struct records *records, struct inspection **ret_inspection);
/* The worker begins. NULL is allowed. */
int inspection_start(struct inspection *inspection);
/* Policy or ports may have changed. NULL is allowed. */
void inspection_follow(struct inspection *inspection, const struct ports *ports,
		       const struct policy *policy, uint32_t generation);
void inspection_free(struct inspection *inspection);

#endif
