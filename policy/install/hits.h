/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often each rule decided. Private to install/; see state_rule_hits() and install_hits_carry().
 */
#ifndef POLICY_INSTALL_HITS_H
#define POLICY_INSTALL_HITS_H

#include "install/install.h"

/* Sets the idle generation's counters to 0, from now on. Returns 0 or -errno with words. */
int hits_clear(const struct gate *gate, const struct image *image, uint32_t generation,
	       struct diag *diag);

#endif
