/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prefixes and addresses for the bench of the lists, the same in every run. Used by rows_list.c.
 */
#ifndef TESTS_BENCH_LISTDATA_H
#define TESTS_BENCH_LISTDATA_H

#include <stdbool.h>
#include <stdio.h>

#include "lists/table.h"

/*
 * IPv4: 40 % /32, 40 % /24, the rest /20 to /31. IPv6: 20 % /128, 40 % /64, 10 % /56, 20 % /48, 10 % /32
 * to /44, in 30,000 /32s of 2000::/3. All at random. Each is in one list of 64 (90 %), two (9 %) or
 * three, the first lists more often than the last.
 */
struct listdata {
	bool v4;
	size_t cnt;
	struct prefix *prefixes;
	uint64_t *lists; /* one mask each */
};

/* NULL: no memory. */
struct listdata *listdata_make(bool v4, size_t cnt);
void listdata_free(struct listdata *data);

/* The table of them; 0 or -errno. */
int listdata_table(const struct listdata *data, struct list_table **ret_table);

/* One prefix a line. */
int listdata_write(const struct listdata *data, FILE *out);

enum listdata_kind {
	LISTDATA_RANDOM, /* anywhere; IPv6: in 2000::/3 */
	LISTDATA_NEAR, /* IPv6: in the /32 of one of the prefixes */
	LISTDATA_HIT, /* in one of the prefixes */
};

void listdata_addresses(const struct listdata *data, enum listdata_kind kind, struct sek_addr *to,
			size_t cnt);

#endif
