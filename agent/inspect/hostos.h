/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How TCP and fragments that overlap are read: as the system that receives them does, by its prefix
 * (host-os-policy). Read once, then shared by all workers.
 */
#ifndef AGENT_INSPECT_HOSTOS_H
#define AGENT_INSPECT_HOSTOS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sekisho/base.h"

struct config;

enum os_policy {
	OS_BSD,
	OS_BSD_RIGHT,
	OS_LINUX,
	OS_OLD_LINUX,
	OS_SOLARIS,
	OS_HPUX,
	OS_WINDOWS,
	OS_VISTA,
	OS_MACOS,
	OS_FIRST,
	OS_LAST
};

struct hostos;

/* Returns 0 or -ENOMEM. What no prefix names is read as BSD does. */
int hostos_new(const struct config *config, struct hostos **ret_hostos);
void hostos_free(struct hostos *hostos);
enum os_policy hostos_of(const struct hostos *hostos, const struct sek_addr *addr);

/* Which bytes a system keeps where two pieces overlap, by where each begins and ends. */
struct overlap {
	int64_t old_from, old_to, new_from, new_to;
};
bool hostos_takes_new_segment(enum os_policy policy, const struct overlap *overlap);
bool hostos_takes_new_fragment(enum os_policy policy, const struct overlap *overlap);

#endif
