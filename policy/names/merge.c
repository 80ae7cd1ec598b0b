// SPDX-License-Identifier: Apache-2.0
/*
 * Parts of a list put together: what is there twice is there once, a name and what is below it become
 * one suffix, and names that must not be answered with an address are marked below what is blocked.
 * Called by read.c.
 */
#include "names/merge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lists/parallel.h"
#include "names/read.h"

#define CANARIES_MAX 64
#define AHEAD 16 /* slots that are on their way from memory */

/* Entries by what they name: number + 1 over all parts, open addressing. */
struct seen {
	uint32_t *slots;
	uint64_t mask;
};

struct merge {
	struct name_reader *parts;
	size_t part_cnt;
	struct name_list list;
	size_t text_at[PARALLEL_MAX], entry_at[PARALLEL_MAX];
	uint32_t line_at[PARALLEL_MAX];
};

int name_seed_draw(struct name_seed *ret_seed)
{
	struct name_seed seed;

	if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		return -errno;
	seed.b |= 1;
	*ret_seed = seed;
	return 0;
}

static size_t entry_len(const struct name_entry *entry)
{
	return (size_t)entry->host_len + entry->path_len;
}

static bool entry_same(const struct name_list *list_a, const struct name_entry *a,
		       const struct name_list *list_b, const struct name_entry *b)
{
	return a->allow == b->allow && a->important == b->important && a->how == b->how &&
	       a->answer == b->answer && a->host_len == b->host_len && a->path_len == b->path_len &&
	       !memcmp(list_a->text + a->at, list_b->text + b->at, entry_len(a));
}

/* The entry with this number over all parts, and which part it is in. */
static struct name_entry *entry_at(const struct merge *merge, uint32_t n, size_t *ret_part)
{
	size_t part = 0;

	while (n >= merge->parts[part].list.cnt)
		n -= (uint32_t)merge->parts[part++].list.cnt;
	*ret_part = part;
	return &merge->parts[part].list.entries[n];
}

/*
 * A hosts file gives a name its IPv4 address in one line and its IPv6 address in another: they are one
 * answer. Of two addresses of one family the first is kept. False: the two have nothing to do with another.
 */
static bool answers_join(struct name_reader *part, struct name_entry *other,
			 const struct name_entry *entry)
{
	struct sek_name_answer both;
	const struct sek_name_answer *more;
	uint16_t number;

	if (other->how != SEK_NAME_LOCAL || entry->how != SEK_NAME_LOCAL ||
	    other->kind != entry->kind || other->host_len != entry->host_len ||
	    other->path_len != entry->path_len ||
	    memcmp(part->list.text + other->at, part->list.text + entry->at, entry_len(entry)) != 0)
		return false;
	both = part->list.answers[other->answer - 1];
	more = &part->list.answers[entry->answer - 1];
	if (more->flags & ~both.flags & SEK_NAME_HAS4)
		both.ip4 = more->ip4;
	if (more->flags & ~both.flags & SEK_NAME_HAS6)
		both.ip6 = more->ip6;
	both.flags |= more->flags;
	number = name_take_answer(part, &both);
	other->answer = number ? number : other->answer;
	return true;
}

/* Puts one entry among those seen. One that adds nothing to a former one is marked: kind 0. */
static void seen_put(struct merge *merge, struct seen *seen, struct name_reader *part, size_t n,
		     uint32_t number)
{
	struct name_entry *entry = &part->list.entries[n], *other;
	uint32_t *slot;
	size_t p;

	for (uint64_t at = part->hashes[n];; at++) {
		slot = &seen->slots[at & seen->mask];
		if (!*slot)
			break;
		other = entry_at(merge, *slot - 1, &p);
		/* Lists with answers are read in one part. */
		if (entry->answer && other->answer && entry->answer != other->answer &&
		    answers_join(part, other, entry)) {
			entry->kind = 0;
			return;
		}
		if (!entry_same(&part->list, entry, &merge->parts[p].list, other))
			continue;
		if ((other->kind | entry->kind) == other->kind)
			merge->list.duplicate_cnt++;
		if (part == &merge->parts[p])
			name_entry_join(other, entry);
		other->kind |= entry->kind;
		entry->kind = 0;
		return;
	}
	*slot = number + 1;
}

static int seen_all(struct merge *merge, struct seen *seen, size_t cnt)
{
	uint32_t number = 0;
	size_t slots = 64;

	while (slots < cnt * 2)
		slots *= 2;
	seen->slots = calloc(slots, sizeof(*seen->slots));
	seen->mask = slots - 1;
	if (!seen->slots)
		return -ENOMEM;
	for (size_t p = 0; p < merge->part_cnt; p++) {
		struct name_reader *part = &merge->parts[p];

		for (size_t n = 0; n < part->list.cnt; n++, number++) {
			if (n + AHEAD < part->list.cnt)
				__builtin_prefetch(&seen->slots[part->hashes[n + AHEAD] & seen->mask]);
			seen_put(merge, seen, part, n, number);
		}
	}
	return 0;
}

/* What the list says of a name itself, and of what is below it. */
struct said {
	bool of_it, blocks_below, allows_below;
	uint32_t line; /* that blocks */
};

static struct said list_says(const struct merge *merge, const struct seen *seen, const char *host)
{
	size_t len = strlen(host), part;
	struct said said = {};

	for (uint64_t at = name_hash(&merge->parts[0].seed, host, len);
	     seen->slots[at & seen->mask]; at++) {
		const struct name_entry *entry =
			entry_at(merge, seen->slots[at & seen->mask] - 1, &part);

		if (name_is_url(entry) || entry->host_len != len ||
		    memcmp(name_host(&merge->parts[part].list, entry), host, len) != 0)
			continue;
		said.of_it |= entry->kind & NAME_SELF;
		if (!(entry->kind & NAME_BELOW))
			continue;
		said.allows_below |= entry->allow;
		said.blocks_below |= !entry->allow;
		if (!entry->allow)
			said.line = entry->line + merge->line_at[part];
	}
	return said;
}

/* The line that blocks a canary by what is above it, where the list does not speak of itself; 0: none. */
static uint32_t canary_line(const struct merge *merge, const struct seen *seen, const char *name)
{
	struct said said = list_says(merge, seen, name);
	const char *dot = strchr(name, '.');

	if (said.of_it)
		return 0;
	for (; dot && !said.blocks_below && !said.allows_below; dot = strchr(dot + 1, '.'))
		said = list_says(merge, seen, dot + 1);
	return said.blocks_below && !said.allows_below ? said.line : 0;
}

/*
 * A list that blocks all below icloud.com blocks mask.icloud.com, but must not lead it to a sinkhole. Such
 * names become entries of their own, behind those of the first part; the numbers of others move by that.
 */
static void canaries_add(struct merge *merge, const struct seen *seen)
{
	const struct name_as as = { .kind = NAME_SELF, .how = SEK_NAME_CANARY };
	struct name_reader *first = &merge->parts[0];
	uint32_t lines[CANARIES_MAX];
	size_t cnt;

	for (cnt = 0; cnt < CANARIES_MAX && name_canaries[cnt]; cnt++)
		lines[cnt] = canary_line(merge, seen, name_canaries[cnt]);
	for (size_t i = 0; i < cnt; i++) {
		first->line = lines[i];
		if (lines[i])
			name_take(first,
				  (struct text){ name_canaries[i], strlen(name_canaries[i]) }, &as);
	}
}

/*
 * $badfilter: what a rule says that takes others back is nothing, wherever in the list they stand. It is an
 * entry until here, of SEK_NAME_SPARE. One that takes nothing back is told: its author meant something.
 */
static void take_back(struct merge *merge, const struct seen *seen, struct name_reader *part, size_t n)
{
	struct name_entry *back = &part->list.entries[n];
	bool idle = true;

	for (uint64_t at = part->hashes[n]; seen->slots[at & seen->mask]; at++) {
		size_t p;
		struct name_entry *entry = entry_at(merge, seen->slots[at & seen->mask] - 1, &p);

		if (entry->how != SEK_NAME_SPARE && entry->allow == back->allow &&
		    entry->important == back->important && entry->host_len == back->host_len &&
		    entry->path_len == back->path_len &&
		    !memcmp(merge->parts[p].list.text + entry->at, part->list.text + back->at,
			    entry_len(back))) {
			entry->kind = 0;
			idle = false;
		}
	}
	back->kind = 0;
	part->line = back->line;
	if (idle)
		name_skip(part, NAME_SKIP_idle,
			  (struct text){ part->list.text + back->at, back->host_len });
}

static void all_take_back(struct merge *merge, const struct seen *seen)
{
	for (size_t p = 0; p < merge->part_cnt; p++) {
		struct name_reader *part = &merge->parts[p];

		for (size_t n = 0; part->takes_back && n < part->list.cnt; n++)
			if (part->list.entries[n].how == SEK_NAME_SPARE)
				take_back(merge, seen, part, n);
	}
}

/* --- $important --- */

/* A text that an entry is asked about: its host, one above it, or its host and the beginning of its path. */
struct ancestor {
	const char *text;
	size_t host_len, path_len;
	bool whole; /* all that the entry is of */
	bool own; /* its very host */
};

/* Which bits of an entry's kind an important one at this place speaks of as well. */
static uint8_t spoken_of(const struct name_entry *entry, const struct name_entry *by,
			 const struct ancestor *place)
{
	if (name_is_url(by))
		return by->kind == NAME_URL_PREFIX || (place->whole && by->kind == entry->kind)
			       ? entry->kind
			       : 0;
	if (place->whole)
		return entry->kind & by->kind;
	return by->kind & (place->own ? NAME_SELF : NAME_BELOW) ? entry->kind : 0;
}

/*
 * Whether the important one takes the other's place: an exception that of a block; either that of what is
 * not important. Of two that are important the longer name decides, as everywhere.
 */
static bool beats(const struct name_entry *by, const struct name_entry *entry, bool whole)
{
	if (entry->important)
		return whole && by->allow && !entry->allow;
	return whole || by->allow != entry->allow;
}

/* What is beaten of an entry by those at one place; again: by one that says the same. */
static uint8_t beaten_at(const struct merge *merge, const struct seen *seen,
			 const struct name_entry *entry, const struct ancestor *place,
			 bool *ret_again)
{
	size_t len = place->host_len + place->path_len, part;
	uint8_t beaten = 0;

	for (uint64_t at = name_hash(&merge->parts[0].seed, place->text, len);
	     seen->slots[at & seen->mask]; at++) {
		const struct name_entry *by =
			entry_at(merge, seen->slots[at & seen->mask] - 1, &part);
		uint8_t of = spoken_of(entry, by, place);

		if (!by->important || by == entry || !of || by->host_len != place->host_len ||
		    by->path_len != place->path_len ||
		    memcmp(merge->parts[part].list.text + by->at, place->text, len) != 0 ||
		    !beats(by, entry, place->whole))
			continue;
		*ret_again |= by->allow == entry->allow && of == entry->kind;
		beaten |= of;
	}
	return beaten;
}

/* Asks at all places of the entry: at its host and those above it, and along its path. */
static uint8_t beaten(const struct merge *merge, const struct seen *seen, const char *text,
		      const struct name_entry *entry, bool *ret_again)
{
	uint8_t bits = 0;

	for (size_t at = 0; at < entry->host_len; at++) {
		struct ancestor place = { .text = text + at,
					  .host_len = entry->host_len - at,
					  .whole = !at && !entry->path_len,
					  .own = !at };

		if (!at || text[at - 1] == '.')
			bits |= beaten_at(merge, seen, entry, &place, ret_again);
	}
	for (size_t len = 1; len <= entry->path_len; len++) {
		struct ancestor place = { .text = text,
					  .host_len = entry->host_len,
					  .path_len = len,
					  .whole = len == entry->path_len,
					  .own = true };

		if (place.whole || text[entry->host_len + len - 1] == '/')
			bits |= beaten_at(merge, seen, entry, &place, ret_again);
	}
	return bits;
}

static void overrule(struct merge *merge, const struct seen *seen, struct name_reader *part,
		     struct name_entry *entry)
{
	const char *text = part->list.text + entry->at;
	bool again = false;
	uint8_t bits = beaten(merge, seen, text, entry, &again);

	entry->kind &= ~bits;
	if (!bits || entry->kind)
		return;
	part->line = entry->line;
	if (again)
		merge->list.duplicate_cnt++;
	else
		name_skip(part, NAME_SKIP_overruled, (struct text){ text, entry->host_len });
}

/*
 * $important: such a rule beats those of its list that are not, of the same name and of all below it, and
 * an exception beats a block. What is beaten is no entry any more. First those that are important, since
 * one that is beaten beats nothing.
 */
static void all_overrule(struct merge *merge, const struct seen *seen)
{
	bool ranks = false;

	for (size_t p = 0; p < merge->part_cnt; p++)
		ranks |= merge->parts[p].ranks;
	for (int important = 1; ranks && important >= 0; important--) {
		for (size_t p = 0; p < merge->part_cnt; p++) {
			struct name_reader *part = &merge->parts[p];

			for (size_t n = 0; n < part->list.cnt; n++)
				if (part->list.entries[n].kind &&
				    part->list.entries[n].important == important)
					overrule(merge, seen, part, &part->list.entries[n]);
		}
	}
}

static void lines_count(struct merge *merge)
{
	for (size_t p = 0; p < merge->part_cnt; p++) {
		merge->line_at[p] = (uint32_t)merge->list.line_cnt;
		merge->list.line_cnt += merge->parts[p].list.line_cnt;
	}
}

static void part_copy(void *arg, size_t p)
{
	struct merge *merge = arg;
	const struct name_list *part = &merge->parts[p].list;
	struct name_list *list = &merge->list;
	size_t to = merge->entry_at[p];

	if (part->text_len)
		memcpy(list->text + merge->text_at[p], part->text, part->text_len);
	for (size_t n = 0; n < part->cnt; n++) {
		struct name_entry *entry = &list->entries[to];

		if (!part->entries[n].kind)
			continue;
		*entry = part->entries[n];
		entry->at += (uint32_t)merge->text_at[p];
		entry->line += merge->line_at[p];
		to++;
	}
}

/* Expressions and what was left out: few, one part after the other. */
static void part_append(struct merge *merge, size_t p)
{
	const struct name_list *part = &merge->parts[p].list;
	struct name_list *list = &merge->list;

	for (size_t n = 0; n < part->regex_cnt; n++) {
		struct name_regex *regex = &list->regexes[list->regex_cnt++];

		*regex = part->regexes[n];
		regex->at += (uint32_t)merge->text_at[p];
		regex->line += merge->line_at[p];
	}
	for (size_t n = 0; n < part->skip_cnt; n++) {
		struct name_skipped *skipped = &list->skips[list->skip_cnt++];

		*skipped = part->skips[n];
		skipped->line += merge->line_at[p];
		list->skip_cnts[skipped->skip]++;
	}
	list->port_cnt += part->port_cnt;
}

static int skip_compare(const void *a, const void *b)
{
	const struct name_skipped *x = a, *y = b;

	return x->line < y->line ? -1 : x->line > y->line;
}

/* What was found out behind the reading stands behind all else so far. */
static void skips_sort(struct name_list *list)
{
	bool sorted = true;

	for (size_t n = 1; n < list->skip_cnt; n++)
		sorted &= list->skips[n - 1].line <= list->skips[n].line;
	if (!sorted)
		qsort(list->skips, list->skip_cnt, sizeof(*list->skips), skip_compare);
}

static size_t kept_cnt(const struct name_list *part)
{
	size_t cnt = 0;

	for (size_t n = 0; n < part->cnt; n++)
		cnt += part->entries[n].kind != 0;
	return cnt;
}

/* Where each part goes, and room for all of it. */
static int rooms_make(struct merge *merge)
{
	struct name_list *list = &merge->list;
	size_t regex_cnt = 0, skip_cnt = 0;

	list->text_len = NAME_TEXT_PAD;
	for (size_t p = 0; p < merge->part_cnt; p++) {
		const struct name_list *part = &merge->parts[p].list;

		merge->text_at[p] = list->text_len;
		merge->entry_at[p] = list->cnt;
		list->text_len += part->text_len;
		list->cnt += kept_cnt(part);
		regex_cnt += part->regex_cnt;
		skip_cnt += part->skip_cnt;
	}
	if (list->text_len > UINT32_MAX || list->cnt > NAME_ENTRIES_MAX)
		return -E2BIG;
	list->text = malloc(list->text_len + NAME_TEXT_PAD);
	list->entries = malloc((list->cnt + 1) * sizeof(*list->entries));
	list->regexes = malloc((regex_cnt + 1) * sizeof(*list->regexes));
	list->skips = malloc((skip_cnt + 1) * sizeof(*list->skips));
	if (!list->text || !list->entries || !list->regexes || !list->skips)
		return -ENOMEM;
	memset(list->text, 0, NAME_TEXT_PAD);
	memset(list->text + list->text_len, 0, NAME_TEXT_PAD);
	return 0;
}

int name_merge(struct name_reader *parts, size_t part_cnt, size_t thread_cnt,
	       struct name_list *ret_list)
{
	struct merge merge = { .parts = parts, .part_cnt = part_cnt };
	struct seen seen = {};
	size_t cnt = 0;
	int err;

	for (size_t p = 0; p < part_cnt; p++)
		cnt += parts[p].list.cnt;
	if (cnt > NAME_ENTRIES_MAX)
		return -E2BIG;
	lines_count(&merge);
	err = seen_all(&merge, &seen, cnt);
	if (!err) {
		all_take_back(&merge, &seen);
		all_overrule(&merge, &seen);
		if (!parts[0].options->allow)
			canaries_add(&merge, &seen);
		err = parts[0].err;
	}
	free(seen.slots);
	if (!err)
		err = rooms_make(&merge);
	if (err) {
		name_list_free(&merge.list);
		return err;
	}
	parallel_run(part_cnt, thread_cnt, part_copy, &merge);
	for (size_t p = 0; p < part_cnt; p++)
		part_append(&merge, p);
	skips_sort(&merge.list);
	/* Only formats that are read in one part give answers. */
	merge.list.answers = parts[0].list.answers;
	merge.list.answer_cnt = parts[0].list.answer_cnt;
	parts[0].list.answers = NULL;
	*ret_list = merge.list;
	return 0;
}
