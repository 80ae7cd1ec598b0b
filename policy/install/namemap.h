/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The maps of the name lists: a table is built in the kernel's chunks and takes the former one's place in
 * one step. The only writer of sek_name_head, _key, _bloom, _table, _set, _answer and _over. Used by
 * policy/install/names.c and its neighbours alone, one build at a time.
 */
#ifndef POLICY_INSTALL_NAMEMAP_H
#define POLICY_INSTALL_NAMEMAP_H

#include "install/chunks.h"
#include "install/heads.h"
#include "names/find.h"

/* Maps by their names in maps.def; not owned. */
struct name_maps {
	int head_fd, key_fd, bloom_fd, table_fd, set_fd, answer_fd, over_fd;
	int count_fd; /* sek_name_count; -1: nothing is counted */
};

struct namemap {
	struct name_maps maps;
	struct chunks chunks; /* of sek_name_table */
	struct sek_name_heads *heads; /* sek_name_head, mapped */
	uint64_t *bloom; /* sek_name_bloom, mapped: both heads' words */
	struct heads turn;
	struct name_table table[2]; /* by number of the head; lines are mapped chunks */
};

#define NAME_DIGEST_BYTES 16

/*
 * What is live for the policy in force, in this slot, stays so: its table is read from the kernel. 0 or
 * -errno.
 */
int namemap_open(const struct name_maps *maps, uint32_t slot, struct namemap *ret_map);
/* Lets go of what is mapped; the kernel's side stays. */
void namemap_close(struct namemap *map);

struct sek_name_head *namemap_live(const struct namemap *map);
struct sek_name_head *namemap_next(const struct namemap *map);
static inline const struct name_table *namemap_table(const struct namemap *map)
{
	return &map->table[map->turn.live];
}

/* Of the sources that the live table was made of. */
const void *namemap_digest(const struct namemap *map);

/*
 * Makes a table of sources and a head over it, with an empty overlay; nobody asks it yet. 0, -ENOSPC
 * (no chunks are free), as name_table_build(), or -errno; what was made by then is gone again.
 */
int namemap_make(struct namemap *map, const struct name_source *sources, size_t cnt,
		 const uint8_t digest[NAME_DIGEST_BYTES]);

/* As listmap.h has them. */
void namemap_swap(struct namemap *map);
void namemap_offer(struct namemap *map, uint32_t slot);
void namemap_take(struct namemap *map);
void namemap_settle(struct namemap *map);
void namemap_drop(struct namemap *map);
void namemap_tidy(struct namemap *map);

/* What is said of a fingerprint beside the table, in the overlay of the live head or of the next one. */
int namemap_over_put(struct namemap *map, bool next, uint64_t print,
		     const struct sek_name_over *over);
int namemap_over_get(const struct namemap *map, uint64_t print, struct sek_name_over *ret_over);
/* Takes everything out of the live overlay that keep() does not want, as after a restart. */
int namemap_over_sift(struct namemap *map, bool (*keep)(void *arg, uint64_t print), void *arg);

/* Bytes of the kernel's that names take, whatever the lists. */
size_t namemap_bytes(const struct namemap *map);

#endif
