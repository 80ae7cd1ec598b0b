/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single IPv6 /32s in buckets (sekisho/list.h). Used by table.c.
 */
#ifndef POLICY_LISTS_BUCKET_H
#define POLICY_LISTS_BUCKET_H

#include "lists/directory.h"
#include "sekisho/list.h"

/*
 * Takes keys that are not as those beside them out of *cells (strictly rising, the first of key 0)
 * into regions->bucket; what is left, *cnt of them, is for the directory. Fills family->bucket_cnt
 * and ->seed. 0, -ENOMEM or -E2BIG.
 */
int bucket_make(struct regions *regions, struct cell *cells, size_t *cnt,
		struct sek_list_family *family);

#endif
