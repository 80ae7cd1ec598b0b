/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies and images made of text that must be right: what is wrong with it is printed and fails the
 * test. The caller owns what it gets. Used by tests that compile.
 */
#ifndef TESTS_UNIT_MADE_H
#define TESTS_UNIT_MADE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "compile/compile.h"

static inline struct policy *parse(const char *text)
{
	struct policy *policy;
	struct diag diag;

	diag_init(&diag);
	policy = policy_parse(text, strlen(text), "t.yaml", NULL, &diag);
	if (!policy)
		diag_print(&diag, stderr);
	diag_free(&diag);
	assert_non_null(policy);
	return policy;
}

static inline struct image *compile(const struct policy *policy)
{
	struct image *image;
	struct diag diag;

	diag_init(&diag);
	image = image_compile(policy, &diag);
	if (!image)
		diag_print(&diag, stderr);
	diag_free(&diag);
	assert_non_null(image);
	return image;
}

#endif
