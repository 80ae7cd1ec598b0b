/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports, VLANs and prefixes to tenants. Private to compile/.
 */
#ifndef POLICY_COMPILE_ATTACH_H
#define POLICY_COMPILE_ATTACH_H

#include "compile/compile.h"

/*
 * Fills image->attaches in order of their keys: the places that are used, whose addresses are
 * there, and the gateway's own addresses on every place of a routing port. 0 or -ENOMEM, or -EEXIST
 * with words when one address would be two's.
 */
int attaches_build(const struct policy *policy, struct image *image, struct diag *diag);

#endif
