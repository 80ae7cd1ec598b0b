/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds for all packets, by the compiled classes: assertions, rules that no packet reaches, what a
 * change of policy opens and closes. Pure: no kernel, no file, no clock.
 * It speaks of rules and of the tenant's own prefixes, by which the gateway finds forged packets;
 * lists, flows and quotas change at run time and are left out.
 */
#ifndef POLICY_PROVE_PROVE_H
#define POLICY_PROVE_PROVE_H

#include "compile/compile.h"

/*
 * The section "assert": each that does not hold is an error with a packet that breaks it and the rule
 * that decided it; so is one that describes no packet. Returns 0, -EINVAL, or -ENOMEM with words.
 */
int asserts_prove(const struct policy *policy, const struct image *image, struct diag *diag);

/* A rule that no packet reaches. */
#define TAKERS_MAX 16
struct shadow {
	const struct model_tenant *tenant;
	uint16_t rule;
	bool foreign; /* what it describes is none of the tenant's packets; else earlier rules take all */
	uint16_t takers[TAKERS_MAX]; /* those rules, in order */
	size_t taker_cnt; /* all of them; no more than TAKERS_MAX are named */
};

/*
 * Calls each for every such rule of every tenant, in order. *ret_open: rules of which it could not be
 * told with a bounded effort. Returns 0 or -ENOMEM.
 */
int shadows_find(const struct policy *policy, const struct image *image,
		 void (*each)(const struct shadow *shadow, void *arg), void *arg, size_t *ret_open);

/*
 * Which packets two policies answer otherwise, before (NULL: there was none) and after, as few sets:
 * {"packets":[{"tenants":[],"dir","change","before","after","proto":[],"src":[],"sport":[],"dst":[],
 *   "dport":[],"icmp":[],"icmp6":[],"text"}],"more":n,"unsettled":n}
 * change: "opened", "closed", or "otherwise" (such as drop and reject). An empty list fits everything.
 * At most `most` sets; more: how many there are besides. unsettled: tenants whose rules are too
 * entangled to find all. Returns a new reference, or NULL when out of memory.
 */
struct json_t;
struct json_t *policy_meaning(const struct policy *before, const struct image *before_image,
			      const struct policy *after, const struct image *after_image,
			      size_t most);

/*
 * Assertions, and shadowed rules (not foreign ones) as warnings: what `policy check` and
 * `policy apply` look at. Returns 0 or -EINVAL.
 */
int policy_prove(const struct policy *policy, const struct image *image, struct diag *diag);

#endif
