// SPDX-License-Identifier: Apache-2.0
/*
 * A set-associative table for each body, made when it first needs one. Called by defrag; promises that no
 * other body's datagrams displace one, nor its own.
 */
#include "inspect/refused.h"

#include <stdlib.h>
#include <sys/random.h>

#include "sekisho/limits.h"

#define SETS 256
#define WAYS 4

struct refused_set {
	struct {
		uint64_t key, until_ns;
	} way[WAYS];
	uint64_t full_until_ns; /* one more was refused than there is room for */
};

struct refused {
	uint64_t for_ns, seed;
	struct refused_set *tables[SEK_TENANTS_MAX];
};

struct refused *refused_new(uint64_t for_ns)
{
	struct refused *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->for_ns = for_ns;
	if (getrandom(&r->seed, sizeof(r->seed), 0) != (ssize_t)sizeof(r->seed))
		r->seed = (uintptr_t)r;
	return r;
}

void refused_free(struct refused *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < SEK_TENANTS_MAX; i++)
		free(r->tables[i]);
	free(r);
}

/* The seed is secret: nobody can aim at a set. */
static uint32_t set_of(const struct refused *r, uint64_t key)
{
	uint64_t mixed = (key ^ r->seed) * 0x9e3779b97f4a7c15ull;

	return (uint32_t)((mixed ^ mixed >> 32) * 0xd6e8feb86659fd93ull >> 40) % SETS;
}

void refused_add(struct refused *r, uint16_t tenant, uint64_t key, uint64_t now_ns)
{
	struct refused_set **table = &r->tables[tenant % SEK_TENANTS_MAX], *set;

	if (!*table)
		*table = calloc(SETS, sizeof(**table));
	if (!*table)
		return;
	set = &(*table)[set_of(r, key)];
	for (int i = 0; i < WAYS; i++) {
		if (set->way[i].key != key && set->way[i].until_ns > now_ns)
			continue;
		set->way[i].key = key;
		set->way[i].until_ns = now_ns + r->for_ns;
		return;
	}
	set->full_until_ns = now_ns + r->for_ns;
}

bool refused_has(const struct refused *r, uint16_t tenant, uint64_t key, uint64_t now_ns)
{
	const struct refused_set *table = r->tables[tenant % SEK_TENANTS_MAX], *set;

	if (!table)
		return false;
	set = &table[set_of(r, key)];
	for (int i = 0; i < WAYS; i++)
		if (set->way[i].key == key && set->way[i].until_ns > now_ns)
			return true;
	return set->full_until_ns > now_ns;
}
