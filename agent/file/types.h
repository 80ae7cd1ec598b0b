/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What kind of file some bytes are, in libmagic's words.
 */
#ifndef AGENT_FILE_TYPES_H
#define AGENT_FILE_TYPES_H

#include "base/slice.h"

struct file_types;

/* magic_file NULL: the system's. Returns 0 or -errno. */
int file_types_new(const char *magic_file, struct file_types **ret_types);
void file_types_free(struct file_types *types);
/* Words into to, always ended by 0; "" where it cannot be told. By any thread. */
void file_types_ask(struct file_types *types, struct slice head, char *to, size_t cap);

#endif
