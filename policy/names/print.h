/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fingerprints of names and URLs in user space, the same as the kernel's (sekisho/namehash.h).
 * Used by table.c and find.c.
 */
#ifndef POLICY_NAMES_PRINT_H
#define POLICY_NAMES_PRINT_H

#include <stddef.h>
#include <stdint.h>

#include "sekisho/namehash.h"

/* New keys, of which nobody knows anything. 0 or -errno. */
int name_keys_draw(struct sek_name_keys *ret_keys);

/* Of a host name or a suffix of one: text in any case, no dot at its end, 1..256 bytes. */
uint64_t name_print_host(const struct sek_name_keys *keys, const char *name, size_t len);

/* Of a path, or a prefix of one, below a host of this fingerprint; 1..512 bytes. */
uint64_t name_print_path(const struct sek_name_keys *keys, uint64_t host, const char *path,
			 size_t len);

#endif
