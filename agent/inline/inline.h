/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inspection in line: rules and settings in, workers that serve the policy's ports, records out.
 */
#ifndef AGENT_INLINE_INLINE_H
#define AGENT_INLINE_INLINE_H

#include "base/loop.h"
#include "base/worker.h"
#include "dataplane/ports.h"
#include "editions.h"
#include "inline/reload.h"
#include "install/install.h"
#include "model/model.h"
#include "report/records.h"
#include "settings.h"

struct inspection;

/* Before rights are given up. Without rules in the settings: *ret_inspection is NULL and nothing is done. */
int inspection_new(struct loop *loop, const struct settings *settings, const struct gate *gate,
		   struct records *records, struct worker *aside, struct inspection **ret_inspection);
/*
 * Policy or ports may have changed; live: the edition in force, NULL: there is none yet. With the first
 * one the workers begin. Where the policy says something else of the rules than that by which they were
 * built, they are built again, as by inspection_reload(). NULL is allowed. Returns 0 or -errno: no thread
 * could be made.
 */
int inspection_follow(struct inspection *inspection, const struct ports *ports, struct edition *live);
/*
 * Reads the rules of the settings' files again, and those of YARA, for the bodies of the live policy; the
 * workers go on with them between two frames, and flows under way with them. done is called once, in the
 * loop's thread; what it is given lives until it returns. Where that says an error, or this returns one,
 * the rules in force stay: -EBUSY (another is under way), -EAGAIN (the workers have not begun, or could
 * not), -ENOMEM.
 */
int inspection_reload(struct inspection *inspection,
		      void (*done)(void *arg, const struct reload *reload), void *arg);
/* Waits for nothing: a reload that is under way ends with -ECANCELED. */
void inspection_free(struct inspection *inspection);

#endif
