/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which names each tenant asks for: the most frequent, those that do not exist, those that are new. Memory
 * is taken for a tenant with its first name, and does not grow.
 */
#ifndef AGENT_NAMES_LEDGER_H
#define AGENT_NAMES_LEDGER_H

#include <jansson.h>
#include <stdbool.h>

#include "names/sketch.h"
#include "sekisho/limits.h"

/*
 * Names are remembered in bits, two halves by turns: the last 32,768 to 65,536 different ones. One of
 * 1,000 new names at most is taken for a known one.
 */
#define LEDGER_SEEN_BITS (1U << 20)
#define LEDGER_SEEN_NAMES 32768
#define LEDGER_NEW 512

enum ledger_kind { LEDGER_TOP, LEDGER_NXDOMAIN, LEDGER_KIND_CNT };

struct ledger;

int ledger_new(struct ledger **ret_ledger); /* 0 or -errno */
void ledger_free(struct ledger *ledger);

/* A name that a tenant asked for, in lower case; the answer: it had not been seen before. */
bool ledger_asked(struct ledger *ledger, uint16_t tenant, const char *name, int64_t real_ns);
void ledger_nxdomain(struct ledger *ledger, uint16_t tenant, const char *name);

/* {"names":[{"name","cnt","error"}],"all","kept"}: cnt is too high by error at most. New reference. */
json_t *ledger_show(const struct ledger *ledger, uint16_t tenant, enum ledger_kind kind, size_t cnt);
/* {"names":[{"name","seen"}],"all","kept"}: the last ones first, seen in seconds since 1970. */
json_t *ledger_show_new(const struct ledger *ledger, uint16_t tenant, size_t cnt);

#endif
