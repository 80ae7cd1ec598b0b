/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy and its includes as one text. Still a stream of YAML documents, but cut by lengths, so
 * that lines and columns are those of the files:
 *   # sekisho bundle 1
 *   --- # BYTES PATH        (PATH within the policy's folder; the first is the policy itself)
 *   the bytes, a newline
 */
#ifndef POLICY_MODEL_BUNDLE_H
#define POLICY_MODEL_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>

#define BUNDLE_HEAD "# sekisho bundle 1\n"

struct bundle_part {
	const char *path, *text; /* slices of the bundle */
	size_t path_len, len;
};

bool bundle_is(const char *text, size_t len);

/*
 * The part that begins at *at, which moves behind it. Returns 1, 0 at the end, or -EINVAL for what
 * is no bundle.
 */
int bundle_next(const char *text, size_t len, size_t *at, struct bundle_part *ret_part);

#endif
