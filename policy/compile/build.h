/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One tenant on its way into the image. Private to compile/; every function returns 0, -ENOMEM, or
 * -ENOSPC when the tenant needs more rows than a number can name.
 */
#ifndef POLICY_COMPILE_BUILD_H
#define POLICY_COMPILE_BUILD_H

#include "compile/compile.h"
#include "compile/rows.h"

struct build {
	const struct model_tenant *tenant;
	struct image *image;
	struct sek_tenant *out; /* image->tenants[id] */
	struct rows rows;
	size_t rule_cnt; /* the two defaults included */
};

/* Elements are added at the end of an array that doubles at powers of two; NULL: out of memory. */
void *image_push(void *array, size_t *cnt, size_t size);

/* Which rules speak of a protocol, by direction. */
int build_protos(struct build *b);
/* Address to rows: each prefix carries the rules of all prefixes that contain it. */
int build_classes(struct build *b);
/* Ports and ICMP types to rows; a table that another tenant has as well is shared. */
int build_tables(struct build *b);

#endif
