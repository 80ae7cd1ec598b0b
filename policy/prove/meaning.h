/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which packets two policies treat otherwise, as boxes. Private to prove/, but for tests; others take
 * policy_meaning().
 */
#ifndef POLICY_PROVE_MEANING_H
#define POLICY_PROVE_MEANING_H

#include "prove/boxes.h"
#include "prove/prove.h"

/* before.policy NULL: there was none. *ret_open: tenants of which not all could be found out. */
int meaning_find(const struct policy *before, const struct image *before_image,
		 const struct policy *after, const struct image *after_image,
		 struct boxes *ret_boxes, size_t *ret_open);

#endif
