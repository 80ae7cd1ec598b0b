/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regular expressions of lists against names, all at once (Hyperscan): what a name costs does not grow
 * with their number as it would one after the other. One that cannot be compiled, or takes too long or too
 * much for it, is named and left out; it never holds up anything else.
 */
#ifndef AGENT_NAMES_REGEX_H
#define AGENT_NAMES_REGEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sekisho/name.h"
#include "text/diag.h"

#define REGEX_CLOCK 8
#define REGEX_BYTES_MAX 1000 /* of one */

struct regex_source {
	const char *text;
	uint32_t len, line;
	uint8_t list;
	bool allow; /* an exception of its list */
};

struct regex_limits {
	uint32_t batch; /* compiled together */
	uint32_t ms; /* of CPU, for a batch; of the clock it may take REGEX_CLOCK times that */
	uint32_t all_ms; /* for all; what is left then is left out */
	size_t memory; /* bytes, while a batch is compiled */
	size_t compiled; /* bytes of a compiled batch */
};
#define REGEX_LIMITS                                                                               \
	((struct regex_limits){ .batch = 200,                                                      \
				.ms = 2000,                                                        \
				.all_ms = 120000,                                                  \
				.memory = (size_t)1 << 30,                                         \
				.compiled = 64U << 20 })

struct regexes;

/*
 * Takes long: each batch is compiled in a process of its own, which can be ended. Sources are not kept.
 * 0, whatever was left out (with words in diag); -ENOMEM or another -errno of the machine.
 */
int regexes_compile(const struct regex_source *sources, size_t cnt, const struct regex_limits *limits,
		    struct regexes **ret_regexes, struct diag *diag);
void regexes_free(struct regexes *regexes);

struct regex_match {
	uint64_t block, allow; /* lists, one bit each */
	uint32_t line; /* of the first that matched */
};
/* Of one thread at a time. regexes NULL: nothing matches. */
struct regex_match regexes_match(struct regexes *regexes, const char *name, size_t len);

/* Which lists block a name by one in this phase, one bit each; 0 where an exception spares it. */
uint64_t regexes_block(struct regexes *regexes, const char *name, size_t len,
		       const struct sek_name_phase *phase);

size_t regexes_cnt(const struct regexes *regexes); /* that are in force */

#endif
