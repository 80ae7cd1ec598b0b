/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which rule of a tenant is which of the same tenant in another policy: by name where names were
 * given, by content where not.
 */
#ifndef POLICY_COMPILE_PAIR_H
#define POLICY_COMPILE_PAIR_H

#include "model/model.h"

/* A rule beside its like. */
struct match {
	char *spelling; /* by spell_rule() */
	size_t other; /* its like in the other policy; SIZE_MAX: none */
};

/* Both tenants' rules, the defaults aside. */
struct pairing {
	const struct model_tenant *was, *now;
	struct match *a, *b;
};

/* 0 or -ENOMEM; the caller frees in any case. */
int pairing_make(struct pairing *p, const struct model_tenant *was, const struct model_tenant *now);
void pairing_free(struct pairing *p);

#endif
