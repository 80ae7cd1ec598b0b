/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One download, guarded: how long, how much, from where. Blocks; for a worker's thread.
 */
#ifndef AGENT_FETCH_GET_H
#define AGENT_FETCH_GET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "fetch/plan.h"

struct get {
	const char *url, *proxy; /* proxy NULL: none, whatever the environment says */
	bool insecure; /* http is allowed */
	bool private; /* a redirect may lead to a private address */
	uint64_t max_bytes; /* unpacked as HTTP has packed it */
	const char *etag, *modified; /* NULL or "": not asked by it */
	atomic_bool *stop; /* set in any thread: ends it with -ECANCELED */
};

enum get_outcome { GET_NEW, GET_SAME };

struct got {
	enum get_outcome outcome;
	char etag[PLAN_TEXT_MAX], modified[PLAN_TEXT_MAX]; /* "" when there are none */
};

/*
 * Writes what comes to path, which is made or emptied. 0, or -errno with words: -EFBIG: larger than
 * max_bytes; -ETIMEDOUT: nothing came for half a minute, or it took a quarter of an hour; -EACCES: it led
 * where it may not; -EPROTO: another status than 200 or 304; -EIO: all the rest.
 */
int get_file(const struct get *get, const char *path, struct got *ret_got, char *why, size_t why_cap);

/* The same into memory, at most cap - 1 bytes, ended by 0. Never conditional. */
int get_text(const struct get *get, char *text, size_t cap, size_t *ret_len, char *why,
	     size_t why_cap);

#endif
