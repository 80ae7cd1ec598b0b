// SPDX-License-Identifier: Apache-2.0
/*
 * The job that makes them. Called by inline.c; promises that a file that cannot be read leaves nothing
 * behind.
 */
#include "inline/reload.h"

#include <errno.h>
#include <stdlib.h>

#include "base/loop.h"
#include "file/room.h"
#include "scan/scan.h"

static void reload_run(void *arg)
{
	struct reload *r = arg;

	r->err = ruleset_build(&r->sources, &r->ruleset, &r->tally, &r->diag);
	if (!r->err && !r->tally.taken && r->tally.refused)
		r->err = -EINVAL;
	for (unsigned int i = 0; !r->err && i < r->workers; i++)
		r->err = scratch_new(r->ruleset, false, &r->scratch[i]);
	if (!r->err && r->files && r->files->scan)
		r->err = scan_room_renew(r->files->scan, &r->diag);
}

static void reload_done(void *arg)
{
	struct reload *r = arg;

	r->made(r->arg, r);
}

int reload_begin(struct worker *worker, const struct ruleset_sources *sources, unsigned int workers,
		 struct file_room *files, void (*made)(void *arg, struct reload *reload), void *arg)
{
	struct reload *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	*r = (struct reload){ .err = -ECANCELED, /* unless it runs */
			      .began_ns = clock_mono_ns(),
			      .workers = workers,
			      .sources = *sources,
			      .files = files,
			      .made = made,
			      .arg = arg };
	diag_init(&r->diag);
	err = worker_post(worker, reload_run, reload_done, r);
	if (err)
		reload_free(r);
	return err;
}

void reload_free(struct reload *r)
{
	if (!r)
		return;
	for (unsigned int i = 0; i < r->workers; i++)
		scratch_free(r->scratch[i]);
	ruleset_free(r->ruleset);
	diag_free(&r->diag);
	free(r);
}
