/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store of files: DIR/aa/HASH by their SHA-256, as Suricata's filestore version 2 lays it out. What may
 * be kept is written beside it as it comes, and moved there or removed when that is known.
 */
#ifndef AGENT_FILE_STORE_H
#define AGENT_FILE_STORE_H

#include "base/slice.h"
#include "file/room.h"

struct file_spill;

/* NULL: it cannot be written. */
struct file_spill *file_spill_new(struct file_room *room);
void file_spill_add(struct file_spill *spill, struct slice bytes);
/* Into the store under this hash; false: not all of it could be written. */
bool file_spill_keep(struct file_spill *spill, const struct file_room *room, const char *sha256);
/* Removes what was not kept. */
void file_spill_free(struct file_spill *spill);
/* A text beside a file of the store: HASH.SECONDS.ID.json */
bool file_store_info(const struct file_room *room, const char *sha256, uint64_t seconds,
		     uint32_t id, struct slice text);

#endif
