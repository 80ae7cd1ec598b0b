// SPDX-License-Identifier: Apache-2.0
/*
 * Numbers, their slots and what became of them. Called by the threads of traffic.c. A slot is judged
 * when its number comes round again, a million packets later, or at the end.
 */
#include "soak/ledger.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "sekisho/limits.h"

#define TENANTS 8
#define SHOWN 8 /* packets that are named one by one */

static const char *const reason_names[SEK_REASONS_MAX] = {
#define SEK_REASON(number, name, verdict, en, ja) [number] = #name,
#include "sekisho/reasons.def"
#undef SEK_REASON
};

/* Sums of packets, by what was wanted and what came. */
struct sums {
	atomic_ullong sent, lost, leaked, doubled;
	atomic_ullong wanted; /* that policy allows */
	atomic_ullong open_sent, open_seen; /* sent while policy was being changed */
};

struct ledger {
	struct soak_slot *slots;
	struct entry *entries; /* one a slot; what NULL: not in use */
	atomic_uint next;
	struct sums sums;
	atomic_ullong rows[TENANTS][2][SEK_REASONS_MAX]; /* as they must be counted, by direction */
	atomic_uint shown;
	struct {
		const char *what;
		uint32_t number;
		uint8_t seen;
	} wrong[SHOWN];
};

struct ledger *ledger_new(struct soak_slot *slots)
{
	struct ledger *ledger = calloc(1, sizeof(*ledger));

	if (!ledger)
		return NULL;
	ledger->slots = slots;
	ledger->entries = calloc(SOAK_SLOTS, sizeof(*ledger->entries));
	if (!ledger->entries) {
		free(ledger);
		return NULL;
	}
	return ledger;
}

void ledger_free(struct ledger *ledger)
{
	if (!ledger)
		return;
	free(ledger->entries);
	free(ledger);
}

static void show(struct ledger *ledger, const struct entry *entry, const struct soak_slot *slot)
{
	unsigned int place = atomic_fetch_add(&ledger->shown, 1);

	if (place >= SHOWN)
		return;
	ledger->wrong[place].what = entry->what;
	ledger->wrong[place].number = slot->number;
	ledger->wrong[place].seen = slot->seen;
}

static void judge(struct ledger *ledger, uint32_t index)
{
	const struct soak_slot *slot = &ledger->slots[index];
	struct entry *entry = &ledger->entries[index];
	bool wrong = false;

	if (!entry->what)
		return;
	if (entry->fate == FATE_EITHER)
		atomic_fetch_add(&ledger->sums.open_seen, slot->seen);
	if (slot->seen > 1 && (wrong = true))
		atomic_fetch_add(&ledger->sums.doubled, 1);
	if (entry->fate == FATE_PASS && !slot->seen && (wrong = true))
		atomic_fetch_add(&ledger->sums.lost, 1);
	if (entry->fate == FATE_DROP && slot->seen && (wrong = true))
		atomic_fetch_add(&ledger->sums.leaked, 1);
	if (wrong)
		show(ledger, entry, slot);
	entry->what = NULL;
}

uint32_t ledger_enter(struct ledger *ledger, const struct entry *entry, uint16_t len)
{
	uint32_t number = atomic_fetch_add(&ledger->next, 1), index = number & (SOAK_SLOTS - 1);

	judge(ledger, index);
	ledger->entries[index] = *entry;
	ledger->slots[index] = (struct soak_slot){
		.number = number,
		.len = len,
		.to = entry->from == SOAK_LAN ? SOAK_WAN : SOAK_LAN,
	};
	atomic_fetch_add(&ledger->sums.sent, 1);
	if (entry->fate == FATE_EITHER)
		atomic_fetch_add(&ledger->sums.open_sent, 1);
	else
		atomic_fetch_add(
			&ledger->rows[entry->tenant][entry->from != SOAK_LAN][entry->reason], 1);
	if (entry->fate == FATE_PASS)
		atomic_fetch_add(&ledger->sums.wanted, 1);
	atomic_thread_fence(memory_order_seq_cst); /* the slot stands before its packet leaves */
	return number;
}

bool ledger_seen(const struct ledger *ledger, uint32_t number)
{
	const volatile struct soak_slot *slot = &ledger->slots[number & (SOAK_SLOTS - 1)];

	return slot->number == number && slot->seen;
}

void ledger_close(struct ledger *ledger)
{
	for (uint32_t i = 0; i < SOAK_SLOTS; i++)
		judge(ledger, i);
}

static json_t *rows_json(const struct ledger *ledger)
{
	json_t *rows = json_array();

	for (int t = 0; t < TENANTS; t++)
		for (int dir = SEK_OUT; dir <= SEK_IN; dir++)
			for (int r = 0; r < SEK_REASONS_MAX; r++)
				if (ledger->rows[t][dir][r])
					json_array_append_new(
						rows, json_pack("{s:i,s:s,s:s,s:I}", "tenant", t,
								"dir", dir == SEK_OUT ? "out" : "in",
								"reason", reason_names[r], "packets",
								(json_int_t)ledger->rows[t][dir][r]));
	return rows;
}

static json_t *wrong_json(const struct ledger *ledger)
{
	json_t *array = json_array();

	for (unsigned int i = 0; i < SHOWN && i < ledger->shown; i++)
		json_array_append_new(array, json_pack("{s:s,s:I,s:i}", "what", ledger->wrong[i].what,
						       "number", (json_int_t)ledger->wrong[i].number,
						       "seen", ledger->wrong[i].seen));
	return array;
}

json_t *ledger_report(const struct ledger *ledger)
{
	const struct sums *sums = &ledger->sums;

	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:o,s:o}", "sent", (json_int_t)sums->sent,
			 "wanted", (json_int_t)sums->wanted, "lost", (json_int_t)sums->lost, "leaked",
			 (json_int_t)sums->leaked, "doubled", (json_int_t)sums->doubled, "open_sent",
			 (json_int_t)sums->open_sent, "open_seen", (json_int_t)sums->open_seen,
			 "rows", rows_json(ledger), "wrong", wrong_json(ledger));
}
