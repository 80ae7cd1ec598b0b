/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts of names. Called by names/lookups.c and names/names.c; shown by method/name.c.
 */
#include "names/ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct fresh_name {
	char text[SKETCH_TEXT];
	int64_t real_ns;
};

struct page {
	struct sketch sketch[LEDGER_KIND_CNT];
	uint64_t seen[2][LEDGER_SEEN_BITS / 64];
	uint32_t seen_cnt; /* in the half of now */
	uint8_t half;
	uint64_t fresh_cnt;
	struct fresh_name fresh[LEDGER_NEW]; /* a ring */
};

struct ledger {
	uint64_t seed;
	struct page *page[SEK_TENANTS_MAX];
};

int ledger_new(struct ledger **ret_ledger)
{
	struct ledger *ledger = calloc(1, sizeof(*ledger));

	if (!ledger)
		return -ENOMEM;
	if (getrandom(&ledger->seed, sizeof(ledger->seed), 0) != sizeof(ledger->seed)) {
		free(ledger);
		return -EIO;
	}
	*ret_ledger = ledger;
	return 0;
}

void ledger_free(struct ledger *ledger)
{
	if (!ledger)
		return;
	for (uint32_t i = 0; i < SEK_TENANTS_MAX; i++)
		free(ledger->page[i]);
	free(ledger);
}

static struct page *page_of(struct ledger *ledger, uint16_t tenant)
{
	struct page **page = &ledger->page[tenant % SEK_TENANTS_MAX];

	if (!*page)
		*page = calloc(1, sizeof(**page));
	return *page;
}

/* Four bits of a name's, of two hashes. */
static void bits_of(const struct ledger *ledger, const char *name, uint32_t bits[4])
{
	uint64_t hash = ledger->seed;

	while (*name)
		hash = (hash ^ (uint8_t)*name++) * 0x100000001b3ULL;
	hash ^= hash >> 31;
	hash *= 0x9e3779b97f4a7c15ULL;
	for (int i = 0; i < 4; i++)
		bits[i] = (uint32_t)((hash >> 32) + (uint64_t)i * ((hash & 0xffffffff) | 1)) %
			  LEDGER_SEEN_BITS;
}

static bool half_has(const uint64_t *half, const uint32_t bits[4])
{
	for (int i = 0; i < 4; i++)
		if (!(half[bits[i] / 64] >> (bits[i] % 64) & 1))
			return false;
	return true;
}

/* The half of now gets it; when that is full, the other one begins anew. */
static bool seen_add(const struct ledger *ledger, struct page *page, const char *name)
{
	uint32_t bits[4];
	bool known;

	bits_of(ledger, name, bits);
	if (half_has(page->seen[page->half], bits))
		return true;
	known = half_has(page->seen[!page->half], bits);
	if (++page->seen_cnt > LEDGER_SEEN_NAMES) {
		page->half = !page->half;
		page->seen_cnt = 1;
		memset(page->seen[page->half], 0, sizeof(page->seen[0]));
	}
	for (int i = 0; i < 4; i++)
		page->seen[page->half][bits[i] / 64] |= 1ULL << (bits[i] % 64);
	return known;
}

bool ledger_asked(struct ledger *ledger, uint16_t tenant, const char *name, int64_t real_ns)
{
	struct page *page = page_of(ledger, tenant);
	struct fresh_name *fresh;

	if (!page)
		return true;
	sketch_add(&page->sketch[LEDGER_TOP], name);
	if (seen_add(ledger, page, name))
		return false;
	fresh = &page->fresh[page->fresh_cnt++ % LEDGER_NEW];
	memset(fresh->text, 0, sizeof(fresh->text));
	strncpy(fresh->text, name, sizeof(fresh->text) - 1);
	fresh->real_ns = real_ns;
	return true;
}

void ledger_nxdomain(struct ledger *ledger, uint16_t tenant, const char *name)
{
	struct page *page = page_of(ledger, tenant);

	if (page)
		sketch_add(&page->sketch[LEDGER_NXDOMAIN], name);
}

json_t *ledger_show(const struct ledger *ledger, uint16_t tenant, enum ledger_kind kind, size_t cnt)
{
	const struct page *page = ledger->page[tenant % SEK_TENANTS_MAX];
	const struct sketch_name *top[SKETCH_NAMES];
	json_t *names = json_array();

	cnt = page ? sketch_top(&page->sketch[kind], top, cnt) : 0;
	for (size_t i = 0; i < cnt; i++)
		json_array_append_new(names, json_pack("{s:s, s:I, s:I}", "name", top[i]->text,
						       "cnt", (json_int_t)top[i]->cnt, "error",
						       (json_int_t)top[i]->error));
	return json_pack("{s:o, s:I, s:i}", "names", names, "all",
			 (json_int_t)(page ? page->sketch[kind].all : 0), "kept", SKETCH_NAMES);
}

json_t *ledger_show_new(const struct ledger *ledger, uint16_t tenant, size_t cnt)
{
	const struct page *page = ledger->page[tenant % SEK_TENANTS_MAX];
	uint64_t all = page ? page->fresh_cnt : 0;
	json_t *names = json_array();

	for (uint64_t i = all; i-- > 0 && all - i <= LEDGER_NEW && json_array_size(names) < cnt;) {
		const struct fresh_name *fresh = &page->fresh[i % LEDGER_NEW];

		json_array_append_new(names, json_pack("{s:s, s:I}", "name", fresh->text, "seen",
						       (json_int_t)(fresh->real_ns / 1000000000)));
	}
	return json_pack("{s:o, s:I, s:i}", "names", names, "all", (json_int_t)all, "kept",
			 LEDGER_NEW);
}
