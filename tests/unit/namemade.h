/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of names made of texts or of numbers, and plain memory to build their tables in. Used by tests
 * of names.
 */
#ifndef TESTS_UNIT_NAMEMADE_H
#define TESTS_UNIT_NAMEMADE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names/table.h"

/* What a row of a list says. */
struct name_row {
	const char *host, *path;
	uint8_t kind; /* 0: NAME_SUFFIX */
	uint8_t how;
	uint16_t answer;
	bool allow;
};

static inline void name_list_put(struct name_list *list, const struct name_row *row)
{
	size_t host_len = strlen(row->host), path_len = row->path ? strlen(row->path) : 0;
	struct name_entry *entry = &list->entries[list->cnt];

	*entry = (struct name_entry){
		.at = (uint32_t)list->text_len,
		.line = (uint32_t)++list->cnt,
		.path_len = (uint16_t)path_len,
		.answer = row->answer,
		.host_len = (uint8_t)host_len,
		.kind = row->kind ? row->kind : NAME_SUFFIX,
		.how = row->how,
		.allow = row->allow,
	};
	memcpy(list->text + list->text_len, row->host, host_len);
	memcpy(list->text + list->text_len + host_len, row->path ? row->path : "", path_len);
	list->text_len += host_len + path_len;
}

/* An empty list with room; name_list_made_free() ends it. */
static inline struct name_list name_list_room(size_t cnt, size_t bytes)
{
	struct name_list list = {
		.entries = calloc(cnt + 1, sizeof(*list.entries)),
		.text = calloc(1, bytes + 2UL * NAME_TEXT_PAD),
		.text_len = NAME_TEXT_PAD,
	};

	assert_non_null(list.entries);
	assert_non_null(list.text);
	return list;
}

static inline void name_list_made_free(struct name_list *list)
{
	free(list->entries);
	free(list->text);
}

/* cnt names "WORD<number>.<one of 100>.example" with numbers from `from`. */
static inline struct name_list name_list_numbers(const char *word, size_t from, size_t cnt)
{
	struct name_list list = name_list_room(cnt, cnt * 40);
	char host[64];

	for (size_t i = from; i < from + cnt; i++) {
		snprintf(host, sizeof(host), "%s%zu.d%zu.example", word, i, i % 100);
		name_list_put(&list, &(struct name_row){ .host = host });
	}
	return list;
}

/* Plain memory for one table at a time. */
struct name_memory {
	struct sek_name_line *lines;
	uint64_t *bloom;
	int asked; /* how often lines were asked for */
};

static inline int name_memory_lines(void *arg, uint32_t cnt, struct sek_name_line **ret_lines)
{
	struct name_memory *memory = arg;

	free(memory->lines);
	memory->lines = aligned_alloc(64, (size_t)cnt * sizeof(*memory->lines));
	assert_non_null(memory->lines);
	memset(memory->lines, 0, (size_t)cnt * sizeof(*memory->lines));
	memory->asked++;
	*ret_lines = memory->lines;
	return 0;
}

static inline int name_table_made(const struct name_source *sources, size_t cnt,
				  struct name_memory *memory, struct name_table *ret_table)
{
	struct name_room room = { .lines = name_memory_lines, .arg = memory };

	if (!memory->bloom)
		memory->bloom = calloc(SEK_NAME_BLOOM_WORDS, sizeof(*memory->bloom));
	assert_non_null(memory->bloom);
	room.bloom = memory->bloom;
	return name_table_build(sources, cnt, &room, ret_table);
}

static inline void name_memory_free(struct name_memory *memory)
{
	free(memory->lines);
	free(memory->bloom);
	*memory = (struct name_memory){};
}

#endif
