/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong with an input, told to the person who wrote it: place, text, hint.
 * Every reader of policy, lists and settings collects into one struct diag and goes on, so that
 * all errors of a file are seen at once. Nothing else prints errors of input.
 */
#ifndef POLICY_TEXT_DIAG_H
#define POLICY_TEXT_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum diag_level { DIAG_ERROR, DIAG_WARNING, DIAG_NOTE };

struct diag_entry {
	enum diag_level level;
	char *file; /* owned */
	uint32_t line; /* from 1; 0: no place */
	uint32_t column; /* from 1 */
	char *text; /* owned: what is wrong */
	char *hint; /* owned: what to do; NULL: none */
};

struct diag {
	struct diag_entry *entries;
	size_t cnt, cap;
	size_t error_cnt;
	size_t dropped_cnt; /* beyond DIAG_MAX entries; shown, never silent */
};
#define DIAG_MAX 1000

void diag_init(struct diag *d);
void diag_free(struct diag *d);

/* Adds an entry; text and hint are copied, hint may be NULL. Never fails: out of memory counts as dropped. */
void diag_add(struct diag *d, enum diag_level level, const char *file, uint32_t line, uint32_t column,
	      const char *hint, const char *fmt, ...) __attribute__((format(printf, 7, 8)));

/* Adds what another has; what is graver than `most` is said as that. */
void diag_add_all(struct diag *d, const struct diag *from, enum diag_level most);

/* Prints "file:line:column: error: text" and "  hint: ..." with control characters escaped. */
void diag_print(const struct diag *d, FILE *out);

#endif
