/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns libmagic. Called by file.c for files whose type is asked for. Its handle serves one caller at a time,
 * so it is locked: types are asked once a file.
 */
#include "file/types.h"

#include <errno.h>
#include <magic.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct file_types {
	pthread_mutex_t lock;
	magic_t magic;
};

int file_types_new(const char *magic_file, struct file_types **ret_types)
{
	struct file_types *types = calloc(1, sizeof(*types));

	if (!types)
		return -ENOMEM;
	pthread_mutex_init(&types->lock, NULL);
	types->magic = magic_open(MAGIC_NONE);
	if (!types->magic || magic_load(types->magic, magic_file)) {
		file_types_free(types);
		return -ENOENT;
	}
	*ret_types = types;
	return 0;
}

void file_types_free(struct file_types *types)
{
	if (!types)
		return;
	if (types->magic)
		magic_close(types->magic);
	pthread_mutex_destroy(&types->lock);
	free(types);
}

void file_types_ask(struct file_types *types, struct slice head, char *to, size_t cap)
{
	const char *words;

	to[0] = 0;
	if (!types || !head.len)
		return;
	pthread_mutex_lock(&types->lock);
	words = magic_buffer(types->magic, head.at, head.len);
	snprintf(to, cap, "%s", words ? words : "");
	pthread_mutex_unlock(&types->lock);
}
