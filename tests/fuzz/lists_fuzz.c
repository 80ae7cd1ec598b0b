// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as a list in any format: the readers survive, what they give is canonical and sorted,
 * and the table made of it finds exactly what a walk over the entries finds. The first byte chooses
 * the format.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lists/lists.h"
#include "lists/set.h"
#include "lists/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WALK_MAX 300
#define TABLE_EVERY 16 /* a table is 4 MiB and more: of one input in so many */

static void check_address(struct list_table *const tables[2], const struct list_set *set,
			  const struct sek_addr *addr)
{
	uint64_t want = 0;

	for (size_t i = 0; i < set->cnt; i++)
		want |= prefix_holds(&set->entries[i].prefix, addr) ? 1ULL << 63 : 0;
	if (list_table_find(tables[address_is_v4(addr)], addr) != want)
		abort();
}

/* The ends of an entry and what lies beside them. */
static void check_entry(struct list_table *const tables[2], const struct list_set *set,
			const struct prefix *prefix)
{
	struct sek_addr addr = prefix->addr;

	check_address(tables, set, &addr);
	addr.b[15] ^= 1;
	check_address(tables, set, &addr);
	addr = prefix->addr;
	if (prefix->len)
		addr.b[(prefix->len - 1) / 8] ^= 0x80 >> (prefix->len - 1) % 8;
	check_address(tables, set, &addr);
	addr = prefix->addr;
	for (unsigned int bit = prefix->len; bit < 128; bit++)
		addr.b[bit / 8] |= 0x80 >> (bit % 8);
	check_address(tables, set, &addr);
}

static void check_set(const struct list_set *set, bool with_table)
{
	struct list_source source = { set->entries, NULL, set->cnt, 63 };
	struct list_table *tables[2];

	for (size_t i = 0; i < set->cnt; i++) {
		struct prefix cut = prefix_cut(&set->entries[i].prefix, set->entries[i].prefix.len);

		if (memcmp(&cut.addr, &set->entries[i].prefix.addr, sizeof(cut.addr)) != 0)
			abort();
		if (i && prefix_order(&set->entries[i - 1].prefix, &cut) >= 0)
			abort();
	}
	if (!with_table || set->cnt > WALK_MAX)
		return;
	if (list_table_build(&source, 1, false, &tables[0]) ||
	    list_table_build(&source, 1, true, &tables[1]))
		abort();
	for (size_t i = 0; i < set->cnt; i++)
		check_entry(tables, set, &set->entries[i].prefix);
	list_table_free(tables[0]);
	list_table_free(tables[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const formats[] = { NULL, "plain", "ipset", "hosts", "csv", "json", "url" };
	struct list_set set = {};
	struct diag diag;
	char *text;

	if (!size)
		return 0;
	/* A copy of exactly this size, so that a read beyond it is seen. */
	text = malloc(size - 1 ? size - 1 : 1);
	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	diag_init(&diag);
	if (!list_parse(text, size - 1, "fuzz", formats[data[0] % 7], &set, &diag))
		check_set(&set, size % TABLE_EVERY == 0);
	list_set_free(&set);
	diag_free(&diag);
	free(text);
	return 0;
}
