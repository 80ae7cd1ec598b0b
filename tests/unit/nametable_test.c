// SPDX-License-Identifier: Apache-2.0
/*
 * Tables of names: every entry of two million is found and says what its lists say, none of a million
 * others is; lines are nine tenths full; sets, answers, exceptions; the whole look-up with suffixes,
 * paths, overlay, and who decides.
 */
#include "unit/namemade.h"

#include <errno.h>
#include <time.h>

#include "names/find.h"
#include "names/print.h"

#define MANY 2000000

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* How many of the numbers are held by exactly these lists. */
static size_t numbers_held(const struct name_table *table, const char *word, size_t from, size_t to,
			   uint64_t lists)
{
	size_t cnt = 0;

	for (size_t i = from; i < to; i++) {
		const struct sek_name_set *set;
		char host[64];
		int len = snprintf(host, sizeof(host), "%s%zu.d%zu.example", word, i, i % 100);

		set = name_table_set(table, name_print_host(&table->keys, host, (size_t)len));
		cnt += (set ? set->self : 0) == lists;
	}
	return cnt;
}

static void test_many(void **state)
{
	struct name_list a = name_list_numbers("host", 0, MANY);
	struct name_list b = name_list_numbers("host", MANY - 1000, 1000);
	struct name_source sources[] = { { .list = &a, .number = 3 }, { .list = &b, .number = 63 } };
	struct name_memory memory = {};
	struct name_table table;
	double begin;
	uint64_t both = 1ULL << 3 | 1ULL << 63;

	assert_int_equal(name_table_made(sources, 0, &memory, &table), 0);
	assert_null(name_table_set(&table, 1));
	name_table_free(&table);
	begin = seconds();
	assert_int_equal(name_table_made(sources, 2, &memory, &table), 0);
	print_message("2 M names: %.2f s with sanitizers, %zu steps of %zu names, %u lines\n",
		      seconds() - begin, table.moved_cnt, table.name_cnt, table.line_cnt);
	assert_int_equal(table.entry_cnt, MANY + 1000);
	assert_int_equal(table.name_cnt, MANY);
	assert_int_equal(table.set_cnt, 1 + 3);
	assert_true(table.moved_cnt > 0);
	assert_true((double)MANY / (8.0 * table.line_cnt) >= 0.85);
	assert_int_equal(numbers_held(&table, "host", 0, MANY - 1000, 1ULL << 3), MANY - 1000);
	assert_int_equal(numbers_held(&table, "host", MANY - 1000, MANY, both), 1000);
	/* 16 tags of 40 bits, for the 0.7 % that the bloom lets by: one in 10^7 runs of this has one. */
	assert_int_equal(numbers_held(&table, "other", 0, MANY / 2, 0), MANY / 2);
	name_table_free(&table);
	name_memory_free(&memory);
	name_list_made_free(&a);
	name_list_made_free(&b);
}

/* What the bloom lets by, and what tags cut to 12 bits then take for listed: both as chance has it. */
static void test_false(void **state)
{
	enum { NAMES = 3 << 17, ASKED = 1 << 20, BITS = 12 };
	struct name_list list = name_list_numbers("host", 0, NAMES);
	struct name_source source = { .list = &list, .number = 1 };
	size_t by = 0, taken = 0;
	struct name_memory memory = {};
	struct name_table table;

	assert_int_equal(name_table_made(&source, 1, &memory, &table), 0);
	/* 16 bits a name and more; how many names there are is estimated, so not at a power of two. */
	assert_int_equal(table.bloom_mask + 1, 1 << 17);
	for (size_t i = 0; i < ASKED; i++) {
		char host[64];
		int len = snprintf(host, sizeof(host), "other%zu.example", i);
		uint64_t print = name_print_host(&table.keys, host, (size_t)len);
		uint64_t bits = name_bloom_bits(print);
		uint32_t lines[2] = { name_line_first(print, table.line_cnt),
				      name_line_second(print, table.line_cnt) };
		bool found = false;

		by += (table.bloom[name_bloom_word(print, table.bloom_mask)] & bits) == bits;
		for (int s = 0; s < 2 * SEK_NAME_SLOTS; s++) {
			uint64_t slot = table.lines[lines[s / 8]].slot[s % 8];

			found |= slot && !((slot ^ print) & ((1U << BITS) - 1));
		}
		taken += found;
	}
	/* 16 * 0.9 slots * 2^-12 of a million: 3,686; with 40 bits, 2^28 times fewer. */
	print_message("of 2^20 names the bloom lets %zu by, tags of 12 bits take %zu\n", by, taken);
	assert_in_range(by, 0, ASKED / 100);
	assert_in_range(taken, 3300, 4100);
	name_table_free(&table);
	name_memory_free(&memory);
	name_list_made_free(&list);
}

/* --- what is said --- */

#define BIT(list) (1ULL << (list))

static const struct name_row block_rows[] = {
	{ .host = "suffix.example" },
	{ .host = "self.example", .kind = NAME_SELF },
	{ .host = "below.example", .kind = NAME_BELOW },
	{ .host = "twice.example", .kind = NAME_SELF },
	{ .host = "twice.example", .kind = NAME_BELOW },
	{ .host = "good.suffix.example", .allow = true },
	{ .host = "deep.good.suffix.example" },
	{ .host = "own.example", .how = SEK_NAME_LOCAL, .answer = 1 },
	{ .host = "own2.example", .how = SEK_NAME_LOCAL, .answer = 2, .kind = NAME_SELF },
	{ .host = "quiet.example", .how = SEK_NAME_SILENCE },
	{ .host = "web.example", .path = "/bad/", .kind = NAME_URL_PREFIX },
	{ .host = "web.example", .path = "/page", .kind = NAME_URL_EXACT },
	{ .host = "web.example", .path = "/dir/", .kind = NAME_URL_EXACT },
	{ .host = "web.example", .path = "/bad/fine/", .kind = NAME_URL_PREFIX, .allow = true },
	{ .host = "tcp.example", .how = SEK_NAME_TCP },
	{ .host = "x" },
};

static const struct name_row allow_rows[] = {
	{ .host = "white.suffix.example" },
	{ .host = "quiet.example", .kind = NAME_SELF },
	{ .host = "pages.example", .path = "/docs/", .kind = NAME_URL_PREFIX },
	{ .host = "pages.example", .path = "/one", .kind = NAME_URL_EXACT },
	{ .host = "page.self.example", .path = "/", .kind = NAME_URL_PREFIX },
	{ .host = "deep.good.suffix.example", .path = "/fine/", .kind = NAME_URL_PREFIX },
	{ .host = "look.example", .path = "/page", .kind = NAME_URL_EXACT, .allow = true },
};

static const struct name_row other_rows[] = {
	{ .host = "own.example", .how = SEK_NAME_NODATA },
	{ .host = "suffix.example", .allow = true },
	{ .host = "look.example" },
};

enum { BLOCK = 5, ALLOW = 9, OTHER = 40, INSPECT = 41 };

struct lists {
	struct name_list lists[3];
	struct sek_name_answer answers[2];
	struct name_source sources[3];
	struct name_memory memory;
	struct name_table table;
};

static struct name_list rows_list(const struct name_row *rows, size_t cnt)
{
	struct name_list list = name_list_room(cnt, 4096);

	for (size_t i = 0; i < cnt; i++)
		name_list_put(&list, &rows[i]);
	return list;
}

#define ROWS(rows) rows_list(rows, sizeof(rows) / sizeof(*(rows)))

static struct lists *lists_make(void)
{
	struct lists *l = calloc(1, sizeof(*l));

	assert_non_null(l);
	l->lists[0] = ROWS(block_rows);
	l->lists[1] = ROWS(allow_rows);
	l->lists[2] = ROWS(other_rows);
	l->answers[0] = (struct sek_name_answer){ .ttl_s = 11, .flags = SEK_NAME_HAS4 };
	l->answers[1] = (struct sek_name_answer){ .ttl_s = 12, .flags = SEK_NAME_HAS4 };
	l->lists[0].answers = l->answers;
	l->lists[0].answer_cnt = 2;
	l->sources[0] = (struct name_source){ .list = &l->lists[0], .number = BLOCK };
	l->sources[1] = (struct name_source){ .list = &l->lists[1], .number = ALLOW, .allow = true };
	l->sources[2] = (struct name_source){ .list = &l->lists[2], .number = OTHER };
	assert_int_equal(name_table_made(l->sources, 3, &l->memory, &l->table), 0);
	return l;
}

static void lists_end(struct lists *l)
{
	name_table_free(&l->table);
	name_memory_free(&l->memory);
	for (int i = 0; i < 3; i++)
		name_list_made_free(&l->lists[i]);
	free(l);
}

/* The overlay of the rows: one name by fingerprint. */
struct changed {
	uint64_t print;
	struct sek_name_over over;
};

static bool changed_get(void *arg, uint64_t print, struct sek_name_over *ret_over)
{
	const struct changed *changed = arg;

	*ret_over = changed->over;
	return print == changed->print;
}

struct decision {
	const char *host, *path;
	uint8_t opinion; /* with BLOCK and OTHER blocking, ALLOW allowing */
	uint8_t list;
	uint8_t how;
	uint32_t ttl_s; /* of its own answer */
};

static const struct decision decisions[] = {
	{ "example", NULL, SEK_NAME_NONE, SEK_NAME_NO_LIST, 0, 0 },
	{ "self.example", NULL, SEK_NAME_BLOCK, BLOCK, 0, 0 },
	{ "SELF.Example.", NULL, SEK_NAME_BLOCK, BLOCK, 0, 0 },
	{ "www.self.example", NULL, SEK_NAME_NONE, SEK_NAME_NO_LIST, 0, 0 },
	{ "myself.example", NULL, SEK_NAME_NONE, SEK_NAME_NO_LIST, 0, 0 },
	{ "below.example", NULL, SEK_NAME_NONE, SEK_NAME_NO_LIST, 0, 0 },
	{ "a.below.example", NULL, SEK_NAME_BLOCK, BLOCK, 0, 0 },
	{ "a.b.c.below.example", NULL, SEK_NAME_BLOCK, BLOCK, 0, 0 },
	{ "twice.example", NULL, SEK_NAME_BLOCK, BLOCK, 0, 0 },
	{ "a.twice.example", NULL, SEK_NAME_BLOCK, BLOCK, 0, 0 },
	/* OTHER's exception of the same name beats BLOCK's entry; of a longer one BLOCK's holds. */
	{ "suffix.example", NULL, SEK_NAME_ALLOW, OTHER, 0, 0 },
	{ "good.suffix.example", NULL, SEK_NAME_ALLOW, BLOCK, 0, 0 },
	{ "a.good.suffix.example", NULL, SEK_NAME_ALLOW, BLOCK, 0, 0 },
	{ "deep.good.suffix.example", NULL, SEK_NAME_BLOCK, BLOCK, 0, 0 },
	{ "white.suffix.example", NULL, SEK_NAME_ALLOW, ALLOW, 0, 0 },
	{ "quiet.example", NULL, SEK_NAME_ALLOW, ALLOW, 0, 0 },
	{ "a.quiet.example", NULL, SEK_NAME_BLOCK, BLOCK, SEK_NAME_SILENCE, 0 },
	{ "own.example", NULL, SEK_NAME_BLOCK, BLOCK, SEK_NAME_LOCAL, 11 },
	{ "www.own.example", NULL, SEK_NAME_BLOCK, BLOCK, SEK_NAME_LOCAL, 11 },
	{ "own2.example", NULL, SEK_NAME_BLOCK, BLOCK, SEK_NAME_LOCAL, 12 },
	{ "www.own2.example", NULL, SEK_NAME_NONE, SEK_NAME_NO_LIST, 0, 0 },
	{ "x", NULL, SEK_NAME_BLOCK, BLOCK, 0, 0 },
	{ "web.example", NULL, SEK_NAME_NONE, SEK_NAME_NO_LIST, 0, 0 },
	{ "web.example", "/", SEK_NAME_NONE, SEK_NAME_NO_LIST, 0, 0 },
	{ "web.example", "/bad", SEK_NAME_NONE, SEK_NAME_NO_LIST, 0, 0 },
	{ "web.example", "/bad/", SEK_NAME_BLOCK, BLOCK, 0, 0 },
	{ "Web.example.", "/bad/x?y", SEK_NAME_BLOCK, BLOCK, 0, 0 },
	{ "www.web.example", "/bad/x", SEK_NAME_NONE, SEK_NAME_NO_LIST, 0, 0 },
	{ "web.example", "/bad/fine/x", SEK_NAME_ALLOW, BLOCK, 0, 0 },
	{ "web.example", "/badx/", SEK_NAME_NONE, SEK_NAME_NO_LIST, 0, 0 },
	{ "web.example", "/Bad/", SEK_NAME_NONE, SEK_NAME_NO_LIST, 0, 0 },
	{ "web.example", "/page", SEK_NAME_BLOCK, BLOCK, 0, 0 },
	{ "web.example", "/page?any", SEK_NAME_BLOCK, BLOCK, 0, 0 },
	{ "web.example", "/page/", SEK_NAME_NONE, SEK_NAME_NO_LIST, 0, 0 },
	{ "web.example", "/dir/", SEK_NAME_BLOCK, BLOCK, 0, 0 },
	{ "web.example", "/dir/?q", SEK_NAME_BLOCK, BLOCK, 0, 0 },
	{ "web.example", "/dir/x", SEK_NAME_NONE, SEK_NAME_NO_LIST, 0, 0 },
	{ "a.below.example", "/x", SEK_NAME_BLOCK, BLOCK, 0, 0 },
};

static void decision_check(const struct lists *l, const struct decision *d,
			   const struct sek_name_phase *phase, struct changed *changed)
{
	struct name_view view = { .table = &l->table,
				  .over = changed ? changed_get : NULL,
				  .arg = changed };
	struct name_asked asked = { d->host, d->path, strlen(d->host), d->path ? strlen(d->path) : 0 };
	struct sek_name_said said = name_decide(&view, &asked, 7, phase, NULL);

	if (said.opinion != d->opinion || name_list_lowest(said.lists) != d->list ||
	    said.how != d->how)
		fail_msg("%s%s: opinion %d by list %d, how %d", d->host, d->path ? d->path : "",
			 said.opinion, name_list_lowest(said.lists), said.how);
	if (d->ttl_s)
		assert_int_equal(l->table.answers[said.answer].ttl_s, d->ttl_s);
}

static void test_decide(void **state)
{
	struct sek_name_phase phase = { .block = BIT(BLOCK) | BIT(OTHER), .allow = BIT(ALLOW) };
	static const struct decision without[] = {
		/* Nobody goes by what lists say that the profile does not have. */
		{ "quiet.example", NULL, SEK_NAME_NONE, SEK_NAME_NO_LIST, 0, 0 },
		{ "suffix.example", NULL, SEK_NAME_ALLOW, OTHER, 0, 0 },
		{ "self.example", NULL, SEK_NAME_NONE, SEK_NAME_NO_LIST, 0, 0 },
		/* The answer is BLOCK's, whom nobody asks: as the policy says. */
		{ "own.example", NULL, SEK_NAME_BLOCK, OTHER, SEK_NAME_AS_POLICY, 0 },
	};
	static const struct decision inspecting[] = {
		{ "a.look.example", NULL, SEK_NAME_INSPECT, OTHER, 0, 0 },
		{ "own.example", NULL, SEK_NAME_BLOCK, BLOCK, SEK_NAME_LOCAL, 11 },
		{ "suffix.example", NULL, SEK_NAME_BLOCK, BLOCK, 0, 0 },
	};
	struct lists *l = lists_make();

	for (size_t i = 0; i < sizeof(decisions) / sizeof(*decisions); i++)
		decision_check(l, &decisions[i], &phase, NULL);
	phase = (struct sek_name_phase){ .block = BIT(OTHER) };
	for (size_t i = 0; i < sizeof(without) / sizeof(*without); i++)
		decision_check(l, &without[i], &phase, NULL);
	phase = (struct sek_name_phase){ .block = BIT(BLOCK), .inspect = BIT(OTHER) };
	for (size_t i = 0; i < sizeof(inspecting) / sizeof(*inspecting); i++)
		decision_check(l, &inspecting[i], &phase, NULL);
	lists_end(l);
}

/* White list mode: pages open their host where it stands alone, and nothing that is blocked. */
static void test_pages(void **state)
{
	static const struct decision rows[] = {
		{ "pages.example", NULL, SEK_NAME_ALLOW, ALLOW, 0, 0 },
		{ "PAGES.example.", NULL, SEK_NAME_ALLOW, ALLOW, 0, 0 },
		{ "page.self.example", NULL, SEK_NAME_ALLOW, ALLOW, 0, 0 },
		{ "www.pages.example", NULL, SEK_NAME_NONE, SEK_NAME_NO_LIST, 0, 0 },
		{ "example", NULL, SEK_NAME_NONE, SEK_NAME_NO_LIST, 0, 0 },
		{ "pages.example", "", SEK_NAME_NONE, SEK_NAME_NO_LIST, 0, 0 },
		{ "pages.example", "/", SEK_NAME_NONE, SEK_NAME_NO_LIST, 0, 0 },
		{ "pages.example", "/docs/x", SEK_NAME_ALLOW, ALLOW, 0, 0 },
		{ "pages.example", "/one?q", SEK_NAME_ALLOW, ALLOW, 0, 0 },
		{ "pages.example", "/other", SEK_NAME_NONE, SEK_NAME_NO_LIST, 0, 0 },
		/* BLOCK has these: its host, or nothing but pages of it. */
		{ "deep.good.suffix.example", NULL, SEK_NAME_BLOCK, BLOCK, 0, 0 },
		{ "deep.good.suffix.example", "/fine/x", SEK_NAME_ALLOW, ALLOW, 0, 0 },
		{ "web.example", NULL, SEK_NAME_NONE, SEK_NAME_NO_LIST, 0, 0 },
	};
	static const struct decision otherwise = { "pages.example",  NULL, SEK_NAME_NONE,
						   SEK_NAME_NO_LIST, 0,	   0 };
	struct sek_name_phase phase = { .block = BIT(BLOCK),
					.allow = BIT(ALLOW),
					.flags = SEK_NAME_ONLY_LISTED };
	struct lists *l = lists_make();
	struct name_found found = {};
	const struct name_asked asked = { "pages.example", NULL, 13, 0 };
	const struct name_view view = { .table = &l->table };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		decision_check(l, &rows[i], &phase, NULL);
	name_decide(&view, &asked, 7, &phase, &found);
	assert_true(found.pages && found.whole && !found.at && !found.path_len);
	phase.flags = 0;
	decision_check(l, &otherwise, &phase, NULL);
	phase = (struct sek_name_phase){ .flags = SEK_NAME_ONLY_LISTED };
	decision_check(l, &otherwise, &phase, NULL);
	lists_end(l);
}

/* What a list answers with data of its own ends no connection, unless another one blocks the name. */
static void test_connected(void **state)
{
	static const struct {
		const char *host;
		uint64_t block;
		uint8_t connected, list;
		uint8_t question; /* over TCP */
	} rows[] = {
		{ "own.example", BIT(BLOCK), SEK_NAME_ALLOW, BLOCK, SEK_NAME_BLOCK },
		{ "a.own.example", BIT(BLOCK), SEK_NAME_ALLOW, BLOCK, SEK_NAME_BLOCK },
		{ "own.example", BIT(BLOCK) | BIT(OTHER), SEK_NAME_BLOCK, OTHER, SEK_NAME_BLOCK },
		{ "own.example", BIT(OTHER), SEK_NAME_BLOCK, OTHER, SEK_NAME_BLOCK },
		{ "own2.example", BIT(BLOCK), SEK_NAME_ALLOW, BLOCK, SEK_NAME_BLOCK },
		{ "tcp.example", BIT(BLOCK), SEK_NAME_ALLOW, BLOCK, SEK_NAME_ALLOW },
		{ "quiet.example", BIT(BLOCK), SEK_NAME_BLOCK, BLOCK, SEK_NAME_BLOCK },
		{ "self.example", BIT(BLOCK), SEK_NAME_BLOCK, BLOCK, SEK_NAME_BLOCK },
		{ "none.example", BIT(BLOCK), SEK_NAME_NONE, SEK_NAME_NO_LIST, SEK_NAME_NONE },
	};
	struct changed changed = { .over = { .care_self = BIT(BLOCK), .value_self = BIT(BLOCK) } };
	struct sek_name_phase phase = {};
	struct lists *l = lists_make();
	struct name_view view = { .table = &l->table };
	struct name_asked asked;
	struct sek_name_said said;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct sek_name_said question;

		phase.block = rows[i].block;
		asked = (struct name_asked){ rows[i].host, NULL, strlen(rows[i].host), 0 };
		said = question = name_decide(&view, &asked, 7, &phase, NULL);
		name_said_connected(&said, false);
		name_said_connected(&question, true);
		if (said.opinion != rows[i].connected || question.opinion != rows[i].question ||
		    name_list_lowest(said.lists) != rows[i].list)
			fail_msg("%s: opinion %d by list %d, of a question %d", rows[i].host,
				 said.opinion, name_list_lowest(said.lists), question.opinion);
	}
	/* Added by hand it is blocked, as it is by a tenant's own decision. */
	view.over = changed_get;
	view.arg = &changed;
	changed.print = name_print_host(&l->table.keys, "own.example", 11);
	phase.block = BIT(BLOCK);
	asked = (struct name_asked){ "own.example", NULL, 11, 0 };
	for (int i = 0; i < 2; i++) {
		said = name_decide(&view, &asked, 7, &phase, NULL);
		name_said_connected(&said, false);
		assert_int_equal(said.opinion, SEK_NAME_BLOCK);
		changed.over = (struct sek_name_over){ .block_self = BIT(7) };
	}
	lists_end(l);
}

static void test_overlay(void **state)
{
	static const struct {
		const char *name; /* that has changed */
		struct sek_name_over over;
		struct decision then;
	} rows[] = {
		{ "self.example",
		  { .care_self = BIT(BLOCK) },
		  { "self.example", NULL, SEK_NAME_NONE, SEK_NAME_NO_LIST, 0, 0 } },
		{ "new.example",
		  { .care_self = BIT(BLOCK), .value_self = BIT(BLOCK) },
		  { "new.example", NULL, SEK_NAME_BLOCK, BLOCK, 0, 0 } },
		{ "new.example",
		  { .care_self = BIT(BLOCK), .value_self = BIT(BLOCK) },
		  { "a.new.example", NULL, SEK_NAME_NONE, SEK_NAME_NO_LIST, 0, 0 } },
		{ "new.example",
		  { .care_below = BIT(BLOCK), .value_below = BIT(BLOCK) },
		  { "a.new.example", NULL, SEK_NAME_BLOCK, BLOCK, 0, 0 } },
		{ "good.suffix.example",
		  { .care_self = BIT(BLOCK) },
		  { "good.suffix.example", NULL, SEK_NAME_ALLOW, OTHER, 0, 0 } },
		{ "self.example",
		  { .allow_self = BIT(7) },
		  { "self.example", NULL, SEK_NAME_ALLOW, SEK_NAME_NO_LIST, 0, 0 } },
		{ "self.example",
		  { .allow_self = BIT(8) },
		  { "self.example", NULL, SEK_NAME_BLOCK, BLOCK, 0, 0 } },
		{ "example",
		  { .block_below = BIT(7) },
		  { "any.example", NULL, SEK_NAME_BLOCK, SEK_NAME_NO_LIST, 0, 0 } },
		{ "example",
		  { .block_below = BIT(7), .allow_below = BIT(7) },
		  { "any.example", NULL, SEK_NAME_ALLOW, SEK_NAME_NO_LIST, 0, 0 } },
		{ "quiet.example",
		  { .care_below = BIT(BLOCK), .value_below = BIT(BLOCK) },
		  { "a.quiet.example", NULL, SEK_NAME_BLOCK, BLOCK, SEK_NAME_AS_POLICY, 0 } },
		{ "white.suffix.example",
		  { .block_self = BIT(7) },
		  { "white.suffix.example", NULL, SEK_NAME_BLOCK, SEK_NAME_NO_LIST, 0, 0 } },
	};
	const struct sek_name_phase phase = { .block = BIT(BLOCK) | BIT(OTHER), .allow = BIT(ALLOW) };
	struct lists *l = lists_make();

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct changed changed = { .over = rows[i].over };

		changed.print = name_print_host(&l->table.keys, rows[i].name, strlen(rows[i].name));
		decision_check(l, &rows[i].then, &phase, &changed);
	}
	lists_end(l);
}

/* What was taken out by hand does not go in. */
static void test_skip(void **state)
{
	struct name_list list = name_list_numbers("host", 0, 1000);
	uint8_t skip[1000] = { [10] = 1, [999] = 1 };
	struct name_source source = { .list = &list, .number = 0, .skip = skip };
	struct name_memory memory = {};
	struct name_table table;

	assert_int_equal(name_table_made(&source, 1, &memory, &table), 0);
	assert_int_equal(table.name_cnt, 998);
	assert_int_equal(numbers_held(&table, "host", 0, 1000, 1), 998);
	assert_int_equal(numbers_held(&table, "host", 10, 11, 0), 1);
	name_table_free(&table);
	name_memory_free(&memory);
	name_list_made_free(&list);
}

/* Sixty-four lists with all their names alike or not, and more different sets than there may be. */
static void test_sets(void **state)
{
	enum { LISTS = 16, NAMES = 1 << LISTS };
	struct name_list lists[LISTS];
	struct name_source sources[LISTS];
	struct name_memory memory = {};
	struct name_table table;
	char host[64];

	for (size_t i = 0; i < LISTS; i++) {
		lists[i] = name_list_room(NAMES, NAMES * 40UL);
		for (size_t n = 0; n < NAMES; n++) {
			if (!(n >> i & 1))
				continue;
			snprintf(host, sizeof(host), "host%zu.d%zu.example", n, n % 100);
			name_list_put(&lists[i], &(struct name_row){ .host = host });
		}
		sources[i] = (struct name_source){ .list = &lists[i], .number = (uint8_t)i };
	}
	/* 13 lists make 2^13 sets at most, 14 make 2^14 and the empty one with it, which is all there are. */
	assert_int_equal(name_table_made(sources, 13, &memory, &table), 0);
	for (size_t n = 0; n < NAMES; n += 17)
		assert_int_equal(numbers_held(&table, "host", n, n + 1, n & 0x1fff), 1);
	assert_int_equal(table.set_cnt, 1 << 13);
	name_table_free(&table);
	assert_int_equal(name_table_made(sources, 14, &memory, &table), 0);
	assert_int_equal(table.set_cnt, SEK_NAME_SETS_MAX);
	name_table_free(&table);
	assert_int_equal(name_table_made(sources, 15, &memory, &table), -E2BIG);
	name_memory_free(&memory);
	for (size_t i = 0; i < LISTS; i++)
		name_list_made_free(&lists[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many),	  cmocka_unit_test(test_false),
		cmocka_unit_test(test_decide),	  cmocka_unit_test(test_pages),
		cmocka_unit_test(test_connected), cmocka_unit_test(test_overlay),
		cmocka_unit_test(test_skip),	  cmocka_unit_test(test_sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
