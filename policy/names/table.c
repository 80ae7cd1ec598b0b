// SPDX-License-Identifier: Apache-2.0
/*
 * Entries of lists to fingerprints, those to lines. How many different names there are is estimated
 * first, so that the lines are as many as they need. Called by policy/install/names.c. Linear.
 */
#include "names/table.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lists/parallel.h"
#include "names/fill.h"
#include "names/print.h"

#define FILL_TENTHS 9 /* of a line's slots that are used */
#define TRIES 20 /* with more lines or other keys each time */
#define AHEAD 16 /* names whose lines are fetched while another is added */
#define PART 65536 /* entries of one part of the work */
#define LINES_PART 16384

/* All entries as one row, with marks of hosts, and their fingerprints. */
struct builder {
	const struct name_source *sources;
	size_t source_cnt;
	size_t *starts; /* of each source in the row; one more is the end */
	uint64_t *prints;
	struct name_table *table;
	struct name_sets sets;
	struct name_fill fill;
	uint64_t *bloom;
	bool unclear;
};

uint64_t name_entry_print(const struct sek_name_keys *keys, const struct name_list *list,
			  const struct name_entry *entry)
{
	uint64_t host = name_print_host(keys, name_host(list, entry), entry->host_len);

	return name_is_url(entry)
		       ? name_print_path(keys, host, name_path(list, entry), entry->path_len)
		       : host;
}

static size_t part_cnt(size_t cnt, size_t part)
{
	return (cnt + part - 1) / part;
}

/* Which source entry number n of the row is of. */
static size_t source_of(const struct builder *b, size_t n)
{
	size_t at = 0;

	while (n >= b->starts[at + 1])
		at++;
	return at;
}

/* An allow list's entries stand in the row twice: behind them are the marks of their hosts. */
static size_t source_rows(const struct name_source *source)
{
	return source->list->cnt * (source->allow ? 2 : 1);
}

static uint64_t row_print(const struct sek_name_keys *keys, const struct name_list *list, size_t row)
{
	const struct name_entry *entry = &list->entries[row % list->cnt];

	if (row < list->cnt || !name_is_url(entry))
		return name_entry_print(keys, list, entry);
	return name_sum_pages(keys, name_print_host(keys, name_host(list, entry), entry->host_len));
}

static void prints_make(void *arg, size_t part)
{
	struct builder *b = arg;
	size_t cnt = b->starts[b->source_cnt], n = part * PART;
	size_t end = n + PART < cnt ? n + PART : cnt;

	for (size_t s = source_of(b, n); n < end; n++) {
		const struct name_list *list;

		while (n >= b->starts[s + 1])
			s++;
		list = b->sources[s].list;
		b->prints[n] = row_print(&b->table->keys, list, n - b->starts[s]);
	}
}

static bool entry_skipped(const struct name_source *source, size_t n)
{
	return source->skip && source->skip[n];
}

/*
 * How many of the fingerprints are different, to a tenth of a percent or so: by the bits that stay 0 in
 * a map of four to eight for each (Whang and others, "A linear-time probabilistic counting algorithm",
 * 1990).
 */
static int names_estimate(const struct builder *b, double *ret_cnt)
{
	size_t cnt = b->starts[b->source_cnt], words = 1, zeros = 0;
	uint64_t *seen;

	while (words * 64 < cnt * 4)
		words *= 2;
	seen = calloc(words, sizeof(*seen));
	if (!seen)
		return -ENOMEM;
	for (size_t n = 0; n < cnt; n++)
		seen[b->prints[n] >> 6 & (words - 1)] |= 1ULL << (b->prints[n] & 63);
	for (size_t i = 0; i < words; i++)
		zeros += 64U - (unsigned int)__builtin_popcountll(seen[i]);
	free(seen);
	*ret_cnt = -(double)(words * 64) * log((double)zeros / (double)(words * 64));
	return 0;
}

/* --- what an entry says --- */

static int entry_set(struct name_sets *sets, const struct name_source *source,
		     const struct name_entry *entry)
{
	uint64_t bit = 1ULL << (source->number & 63);
	bool self = entry->kind != NAME_BELOW;
	bool below = entry->kind != NAME_SELF && entry->kind != NAME_URL_EXACT;
	bool rewrites = entry->how == SEK_NAME_LOCAL || entry->how == SEK_NAME_TCP;
	struct sek_name_set set = {};
	int answer = 0;

	if (entry->allow) {
		set.spare_self = self ? bit : 0;
		set.spare_below = below ? bit : 0;
		return name_sets_number(sets, &set);
	}
	if (entry->how == SEK_NAME_LOCAL && entry->answer) {
		answer = name_sets_answer(sets, &source->list->answers[entry->answer - 1]);
		if (answer < 0)
			return answer;
	}
	if (self) {
		set.self = bit;
		set.rewrite_self = rewrites ? bit : 0;
		set.how_self = entry->how;
		set.list_self = entry->how ? source->number : 0;
		set.answer_self = (uint16_t)answer;
	}
	if (below) {
		set.below = bit;
		set.rewrite_below = rewrites ? bit : 0;
		set.how_below = entry->how;
		set.list_below = entry->how ? source->number : 0;
		set.answer_below = (uint16_t)answer;
	}
	return name_sets_number(sets, &set);
}

/* Entries that say the same as others before them, by all but what they are of. */
struct said {
	int sets[8][16][2]; /* by kind, how and allow; 0: not asked yet */
};

static int entry_said(struct builder *b, const struct name_source *source,
		      const struct name_entry *entry, struct said *said)
{
	int *set = &said->sets[entry->kind & 7][entry->how & 15][entry->allow];

	if (entry->answer)
		return entry_set(&b->sets, source, entry);
	if (!*set)
		*set = entry_set(&b->sets, source, entry);
	return *set;
}

/* --- into the table --- */

/* Has what a print goes to fetched. */
static void print_near(const struct builder *b, uint64_t print)
{
	name_fill_near(&b->fill, print);
	__builtin_prefetch(&b->bloom[name_bloom_word(print, b->table->bloom_mask)], 1);
}

static void bloom_add(struct builder *b, uint64_t print)
{
	b->bloom[name_bloom_word(print, b->table->bloom_mask)] |= name_bloom_bits(print);
}

/* Of hosts of which nothing but pages is allowed. */
static int marks_fill(struct builder *b, size_t s)
{
	const struct name_source *source = &b->sources[s];
	const struct sek_name_set mark = { .self = 1ULL << (source->number & 63) };
	size_t cnt = source->list->cnt;
	const uint64_t *prints = b->prints + b->starts[s] + cnt;
	int set = name_sets_number(&b->sets, &mark), err = set < 0 ? set : 0;

	for (size_t i = 0; i < cnt && !err; i++) {
		const struct name_entry *entry = &source->list->entries[i];

		if (!name_is_url(entry) || entry->allow || entry_skipped(source, i))
			continue;
		err = name_fill_add(&b->fill, prints[i], (uint32_t)set);
		bloom_add(b, prints[i]);
	}
	return err;
}

static int source_fill(struct builder *b, size_t s)
{
	const struct name_source *source = &b->sources[s];
	const uint64_t *prints = b->prints + b->starts[s];
	size_t cnt = source->list->cnt;
	struct said said = {};

	for (size_t i = 0; i < cnt; i++) {
		int set, err;

		if (i + AHEAD < cnt)
			print_near(b, prints[i + AHEAD]);
		if (entry_skipped(source, i))
			continue;
		set = entry_said(b, source, &source->list->entries[i], &said);
		err = set < 0 ? set : name_fill_add(&b->fill, prints[i], (uint32_t)set);
		if (err)
			return err;
		bloom_add(b, prints[i]);
		b->table->entry_cnt++;
	}
	return source->allow ? marks_fill(b, s) : 0;
}

static void lines_check(void *arg, size_t part)
{
	struct builder *b = arg;
	size_t to = (part + 1) * LINES_PART;

	if (to > b->fill.line_cnt)
		to = b->fill.line_cnt;
	if (!name_fill_clear(&b->fill, (uint32_t)part * LINES_PART, (uint32_t)to))
		__atomic_store_n(&b->unclear, true, __ATOMIC_RELAXED);
}

/* Once with these keys and so many lines: -ENOSPC if it needs more, -EAGAIN if it needs other keys. */
static int table_try(struct builder *b, const struct name_room *room, uint32_t line_cnt)
{
	struct sek_name_line *lines;
	int err = room->lines(room->arg, line_cnt, &lines);

	if (!err)
		err = name_fill_begin(&b->fill, lines, line_cnt, &b->sets);
	if (err)
		return err;
	memset(room->bloom, 0, ((size_t)b->table->bloom_mask + 1) * sizeof(*room->bloom));
	b->table->entry_cnt = 0;
	b->unclear = false;
	for (size_t s = 0; s < b->source_cnt && !err; s++)
		err = source_fill(b, s);
	if (!err)
		parallel_run(part_cnt(line_cnt, LINES_PART), parallel_cpus(), lines_check, b);
	if (!err && b->unclear)
		err = -EAGAIN;
	b->table->name_cnt = b->fill.name_cnt;
	b->table->moved_cnt = b->fill.moved_cnt;
	b->table->lines = lines;
	b->table->line_cnt = line_cnt;
	name_fill_end(&b->fill);
	return err;
}

/*
 * Words of the bloom: sixteen bits and more, as far as there are, for each name and for what an overlay may
 * get.
 */
static uint32_t bloom_words(size_t cnt)
{
	uint32_t words = 64;

	while (words < SEK_NAME_BLOOM_WORDS && (size_t)words * 64 < (cnt + SEK_NAME_OVER_MAX) * 16)
		words *= 2;
	return words;
}

static int table_make(struct builder *b, const struct name_room *room)
{
	size_t cnt = b->starts[b->source_cnt];
	double name_cnt = 0, more = 1;
	int err = -EAGAIN;

	for (int i = 0; i < TRIES && (err == -EAGAIN || err == -ENOSPC); i++) {
		if (err == -EAGAIN) {
			err = name_keys_draw(&b->table->keys);
			if (err)
				return err;
			parallel_run(part_cnt(cnt, PART), parallel_cpus(), prints_make, b);
			err = names_estimate(b, &name_cnt);
		} else {
			more += 0.04;
			err = 0;
		}
		b->table->bloom_mask = bloom_words((size_t)name_cnt) - 1;
		if (!err)
			err = table_try(b, room,
					1 + (uint32_t)(name_cnt * more * 10 / FILL_TENTHS /
						       SEK_NAME_SLOTS));
	}
	return err == -EAGAIN || err == -ENOSPC ? -E2BIG : err;
}

static int builder_init(struct builder *b, const struct name_source *sources, size_t source_cnt)
{
	int err = name_sets_init(&b->sets);

	b->sources = sources;
	b->source_cnt = source_cnt;
	b->starts = calloc(source_cnt + 1, sizeof(*b->starts));
	if (err || !b->starts)
		return -ENOMEM;
	for (size_t i = 0; i < source_cnt; i++)
		b->starts[i + 1] = b->starts[i] + source_rows(&sources[i]);
	b->prints = malloc((b->starts[source_cnt] + 1) * sizeof(*b->prints));
	return b->prints ? 0 : -ENOMEM;
}

int name_table_build(const struct name_source *sources, size_t source_cnt,
		     const struct name_room *room, struct name_table *ret_table)
{
	struct builder b = { .table = ret_table, .bloom = room->bloom };
	int err;

	*ret_table = (struct name_table){ .bloom = room->bloom };
	err = builder_init(&b, sources, source_cnt);
	if (!err)
		err = table_make(&b, room);
	if (!err) {
		ret_table->set_cnt = b.sets.cnt;
		ret_table->sets = realloc(b.sets.sets, b.sets.cnt * sizeof(*b.sets.sets));
		b.sets.sets = ret_table->sets ? NULL : b.sets.sets;
		ret_table->answer_cnt = b.sets.answer_cnt;
		ret_table->answers = b.sets.answers;
		b.sets.answers = NULL;
		err = ret_table->sets ? 0 : -ENOMEM;
	}
	name_sets_free(&b.sets);
	free(b.starts);
	free(b.prints);
	if (err)
		name_table_free(ret_table);
	return err;
}

void name_table_free(struct name_table *table)
{
	free(table->sets);
	free(table->answers);
	*table = (struct name_table){};
}
