/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of names to the table that the kernel searches (sekisho/name.h), pure but for its keys. Made by
 * policy/install/names.c; find.h is the kernel's look-up in user space.
 */
#ifndef POLICY_NAMES_TABLE_H
#define POLICY_NAMES_TABLE_H

#include "names/names.h"

/* Entries of one list; what skip() says yes to is left out. */
struct name_source {
	const struct name_list *list;
	const uint8_t *skip; /* one byte an entry, 1: not any more; NULL: all are in */
	uint8_t number; /* of the list, 0..63 */
	bool allow; /* it allows: hosts of its pages are marked */
};

/* Where a table is built: in chunks of the kernel, or in plain memory. */
struct name_room {
	/*
	 * Room for lines, all 0, for good with the room; asked again when more of them are needed, after
	 * which the former are of no use. 0 or -errno.
	 */
	int (*lines)(void *arg, uint32_t line_cnt, struct sek_name_line **ret_lines);
	void *arg;
	uint64_t *bloom; /* SEK_NAME_BLOOM_WORDS words of any content */
};

struct name_table {
	struct sek_name_keys keys;
	const struct sek_name_line *lines; /* the room's, as bloom is */
	const uint64_t *bloom;
	uint32_t line_cnt, bloom_mask;
	struct sek_name_set *sets; /* owned; [0] is none */
	uint32_t set_cnt;
	struct sek_name_answer *answers; /* owned; [0] is none */
	uint32_t answer_cnt;
	size_t entry_cnt; /* that went in */
	size_t name_cnt; /* different ones */
	size_t moved_cnt; /* steps of those that had to make room */
};

/*
 * Builds a table over all sources. 0; -E2BIG when they make more different sets of lists or answers than
 * can be numbered; -ENOMEM or another -errno of the room. The caller frees with name_table_free(),
 * which leaves the room alone.
 */
int name_table_build(const struct name_source *sources, size_t source_cnt,
		     const struct name_room *room, struct name_table *ret_table);
void name_table_free(struct name_table *table);

/* The fingerprint that an entry of a list has. */
uint64_t name_entry_print(const struct sek_name_keys *keys, const struct name_list *list,
			  const struct name_entry *entry);

#endif
