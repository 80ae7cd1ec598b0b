/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two flavours of answers.h in the kernel, one of them at a time. Used by the tests that run them; without
 * root each says SKIP.
 */
#ifndef TESTS_BPF_ANSWERS_LOAD_H
#define TESTS_BPF_ANSWERS_LOAD_H

#include <stdbool.h>
#include <unistd.h>

#include "bpf/answers.skel.h"
#include "bpf/answers_tc.skel.h"

/* One of them, as tc says; neither, without root. 0 or -1. */
static inline int answers_load(bool tc, struct answers **ret_xdp, struct answers_tc **ret_tc)
{
	if (geteuid())
		return 0;
	if (tc)
		*ret_tc = answers_tc__open_and_load();
	else
		*ret_xdp = answers__open_and_load();
	return *ret_tc || *ret_xdp ? 0 : -1;
}

/* NULL is allowed. */
static inline void answers_unload(struct answers *xdp, struct answers_tc *tc)
{
	answers_tc__destroy(tc);
	answers__destroy(xdp);
}

/* A setup for each test. */
static inline int may_run(void **state)
{
	(void)state;
	if (geteuid()) {
		print_message("# SKIP: the kernel program can only be loaded by root\n");
		skip();
	}
	return 0;
}

#endif
