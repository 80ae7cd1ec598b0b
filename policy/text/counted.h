/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers for people: "1,234", and with the noun that they count "1 rule", "12 rules", "0 entries". Pure.
 */
#ifndef POLICY_TEXT_COUNTED_H
#define POLICY_TEXT_COUNTED_H

#include <stdint.h>

#define COUNT_TEXT_MAX 32
#define COUNTED_TEXT_MAX 80

/* With a comma between thousands. Returns to. */
char *count_print(char to[COUNT_TEXT_MAX], int64_t cnt);

/* noun: as it is of one, "half-open flow"; its last word is regular. Returns to. */
char *counted_print(char to[COUNTED_TEXT_MAX], uint64_t cnt, const char *noun);

/* The same in a room of its own, which lasts as long as the block that it stands in. */
#define COUNTED(cnt, noun) counted_print((char[COUNTED_TEXT_MAX]){ 0 }, (uint64_t)(cnt), noun)

/* A word that goes with the number: by_count(cnt, "is", "are"). */
static inline const char *by_count(uint64_t cnt, const char *one, const char *many)
{
	return cnt == 1 ? one : many;
}

#endif
