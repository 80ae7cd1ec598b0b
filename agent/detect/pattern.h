/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many literals looked for in one pass. Each is kept once, however many rules share it; what is
 * found is the numbers of the rules that may match. Built by build.c, read by any number of
 * workers.
 */
#ifndef AGENT_DETECT_PATTERN_H
#define AGENT_DETECT_PATTERN_H

#include <hs/hs_common.h>
#include <hs/hs_runtime.h>

#include "base/slice.h"

struct patterns;

/*
 * The last byte of what is found lies before end_max, from the beginning of the whole; UINT32_MAX:
 * anywhere.
 */
struct pattern_user {
	uint32_t number;
	uint32_t end_max;
};

struct pattern_list; /* while it grows */
struct pattern_list *pattern_list_new(void);
void pattern_list_free(struct pattern_list *list);
/* The bytes are copied. Returns 0 or -ENOMEM. */
int pattern_list_add(struct pattern_list *list, struct slice bytes, bool nocase,
		     struct pattern_user user);

/*
 * Compiles all lists, on threads CPUs; what cache_dir has is taken from there, what it has not is
 * put there. cache_dir NULL: none. ret_patterns[i] is NULL where list i is NULL or empty. Returns 0
 * or -errno.
 */
int patterns_compile(struct pattern_list *const *lists, size_t cnt, const char *cache_dir,
		     unsigned int threads, struct patterns **ret_patterns);
void patterns_free(struct patterns *patterns);

/* Makes scratch fit for these patterns as well. Returns 0 or -ENOMEM. */
int patterns_scratch(const struct patterns *patterns, hs_scratch_t **scratch);
/* Length of the shortest, of the longest. */
size_t patterns_len_min(const struct patterns *patterns);
size_t patterns_len_max(const struct patterns *patterns);

/* Calls found for each user whose pattern is in bytes; from: their place in the whole. */
void patterns_find(const struct patterns *patterns, hs_scratch_t *scratch, struct slice bytes,
		   uint64_t from, void (*found)(void *arg, uint32_t number), void *arg);

#endif
