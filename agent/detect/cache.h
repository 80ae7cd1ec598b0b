/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled patterns on disk, by a hash of what they were compiled of and by. Every file is written
 * whole or not at all, and checked when it is read: one that is damaged is as good as none.
 */
#ifndef AGENT_DETECT_CACHE_H
#define AGENT_DETECT_CACHE_H

#include <hs/hs_common.h>
#include <stdint.h>

#define CACHE_KEY_LEN 32

/* Returns 0 or -errno: not there, damaged, of another Hyperscan or another machine. */
int cache_read(const char *dir, const uint8_t key[CACHE_KEY_LEN], hs_database_t **ret_database);
/* Makes the directory if need be. Returns 0 or -errno; nothing depends on it. */
int cache_write(const char *dir, const uint8_t key[CACHE_KEY_LEN], const hs_database_t *database);

#endif
