/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The maps of the address lists: built tables go into the kernel and take the former ones' place in
 * one step. Used by policy/install/lists.c and its neighbours alone, one build at a time.
 */
#ifndef POLICY_INSTALL_LISTMAP_H
#define POLICY_INSTALL_LISTMAP_H

#include "install/chunks.h"
#include "install/heads.h"
#include "install/overlay.h"
#include "lists/table.h"

struct listmap {
	struct chunks chunks; /* of sek_list */
	struct sek_list_heads *heads; /* sek_list_head, mapped */
	struct heads turn; /* of them, and of sek_list_over */
};

/* The head that is live, and the one that is being made. */
struct sek_list_head *listmap_live(const struct listmap *map);
struct sek_list_head *listmap_next(const struct listmap *map);

/* 0 or -errno. What is live for the policy in force, in this slot, stays so. */
int listmap_open(int head_fd, int chunk_fd, int overs_fd, uint32_t slot, struct listmap *ret_map);

/* Lets go of the mapping; the kernel's side stays. */
void listmap_close(struct listmap *map);

/*
 * Puts tables into free chunks and makes a head over them, with an empty overlay; nobody asks them
 * yet. A family whose table is NULL goes on with the live one. 0, -ENOSPC (no chunks are free) or
 * -errno; what was made by then is gone again.
 */
int listmap_make(struct listmap *map, const struct list_table *const tables[2]);

/* One store, after which every packet sees the new head. Waits until none uses the former one. */
void listmap_swap(struct listmap *map);

/*
 * The same for the packets of a policy that is about to be live in this slot; all others stay with the
 * former head. Nothing is waited for.
 */
void listmap_offer(struct listmap *map, uint32_t slot);
/* That policy is the next thing to be live: its head is the live one from here on. */
void listmap_take(struct listmap *map);
/* After listmap_take() or an offer that nobody took: waits for the packets of the policy that has gone. */
void listmap_settle(struct listmap *map);

/* A head that shall not go live. Nothing to do when none was made. */
void listmap_drop(struct listmap *map);

/* Gives chunks back that the live head does not name. */
void listmap_tidy(const struct listmap *map);

/* Bytes of the live tables in the kernel. */
size_t listmap_bytes(const struct listmap *map);

#endif
