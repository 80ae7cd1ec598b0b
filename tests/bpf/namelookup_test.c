// SPDX-License-Identifier: Apache-2.0
/*
 * The kernel's look-up of names, over tables that policy/install/namemap.c has put there, asked by
 * BPF_PROG_TEST_RUN and compared with a model that goes through all entries for each suffix. Needs
 * root; says SKIP otherwise.
 */
#include "unit/namemade.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/lot.h"
#include "bpf/namelookup.h"
#include "install/namemap.h"
#include "names/print.h"
#include "sekisho/name.h"
#include "sekisho/policy.h"
#include "sekisho/tenant.h"

#include "bpf/namelookup.skel.h"

#define LISTS 6 /* of the model: numbers 0, 12, 24... */
#define STEP 12
#define ROWS 600 /* of a list */
#define OVERS 120
#define PROFILES 4
#define QUERIES 6000
#define TENANTS 3
#define QUARTER_NS (SEK_NAME_QUARTER_S * 1000000000ULL)

static uint64_t random_state = 0x5eed;

static uint32_t random_below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)((random_state >> 32) * n >> 32);
}

/* --- the bed --- */

struct row {
	char host[256], path[128];
	uint8_t kind, how;
	bool allow;
};

struct over {
	char host[256], path[128];
	struct sek_name_over says;
};

struct bed {
	struct namelookup *skel;
	struct namemap map;
	struct row rows[LISTS][ROWS];
	struct over overs[OVERS];
	size_t over_cnt;
	struct sek_name_profile profiles[PROFILES];
};

static int bed_up(void **state)
{
	struct bed *bed = calloc(1, sizeof(*bed));
	struct name_maps maps;

	libbpf_set_print(NULL);
	*state = NULL;
	if (!bed)
		return -1;
	bed->skel = namelookup__open_and_load();
	if (!bed->skel) {
		free(bed);
		return 0;
	}
	maps = (struct name_maps){
		.head_fd = bpf_map__fd(bed->skel->maps.sek_name_head),
		.key_fd = bpf_map__fd(bed->skel->maps.sek_name_key),
		.bloom_fd = bpf_map__fd(bed->skel->maps.sek_name_bloom),
		.table_fd = bpf_map__fd(bed->skel->maps.sek_name_table),
		.set_fd = bpf_map__fd(bed->skel->maps.sek_name_set),
		.answer_fd = bpf_map__fd(bed->skel->maps.sek_name_answer),
		.over_fd = bpf_map__fd(bed->skel->maps.sek_name_over),
		.count_fd = -1,
	};
	*state = bed;
	return namemap_open(&maps, 0, &bed->map);
}

static int bed_down(void **state)
{
	struct bed *bed = *state;

	if (!bed)
		return 0;
	namemap_close(&bed->map);
	namelookup__destroy(bed->skel);
	free(bed);
	return 0;
}

static struct bed *bed_of(void **state)
{
	if (!*state) {
		print_message("SKIP: no right to load kernel programs, or no kernel that has them\n");
		skip();
	}
	return *state;
}

static void bed_profiles(const struct bed *bed)
{
	int fd = bpf_map__fd(bed->skel->maps.sek_name_policy);

	for (uint32_t i = 0; i < PROFILES; i++)
		assert_int_equal(bpf_map_update_elem(fd, &i, &bed->profiles[i], BPF_ANY), 0);
}

/* Every other list marks the hosts of its pages. */
static bool list_allows(int list)
{
	return list & 1;
}

/* Puts the rows into the kernel, as lists 0, STEP, 2 * STEP... */
static void bed_lists(struct bed *bed)
{
	static const uint8_t digest[NAME_DIGEST_BYTES];
	struct name_source sources[LISTS];
	struct name_list lists[LISTS];

	for (int i = 0; i < LISTS; i++) {
		lists[i] = name_list_room(ROWS, (size_t)ROWS * sizeof(struct row));
		for (int j = 0; j < ROWS && bed->rows[i][j].kind; j++) {
			const struct row *row = &bed->rows[i][j];
			const struct name_row made = {
				.host = row->host,
				.path = row->path[0] ? row->path : NULL,
				.kind = row->kind,
				.how = row->how,
				.allow = row->allow,
			};

			name_list_put(&lists[i], &made);
		}
		sources[i] = (struct name_source){ .list = &lists[i],
						   .number = (uint8_t)(i * STEP),
						   .allow = list_allows(i) };
	}
	assert_int_equal(namemap_make(&bed->map, sources, LISTS, digest), 0);
	namemap_swap(&bed->map);
	for (int i = 0; i < LISTS; i++)
		name_list_made_free(&lists[i]);
}

static void bed_over(struct bed *bed, const struct over *over)
{
	const struct sek_name_keys *keys = &namemap_table(&bed->map)->keys;
	uint64_t print = name_print_host(keys, over->host, strlen(over->host));

	if (over->path[0])
		print = name_print_path(keys, print, over->path, strlen(over->path));
	assert_int_equal(namemap_over_put(&bed->map, false, print, &over->says), 0);
}

/* --- what is asked --- */

struct query {
	char host[256], path[128]; /* as it is asked, in any case; no path: a host alone */
	uint32_t tenant, profile;
	uint64_t now_ns;
};

static uint64_t place(size_t off, size_t len, size_t extra)
{
	return 1 | (uint64_t)off << 16 | (uint64_t)len << 32 | (uint64_t)extra << 48;
}

/* The host as labels behind length bytes; how many. */
static size_t labels_write(const char *host, uint8_t *to)
{
	size_t cnt = 0;

	while (*host) {
		size_t len = strcspn(host, ".");

		*to++ = (uint8_t)len;
		memcpy(to, host, len);
		to += len;
		host += len + (host[len] == '.');
		cnt++;
	}
	return cnt;
}

static struct namelookup_asked ask(const struct bed *bed, const struct query *query, bool dns)
{
	uint8_t frame[NAMELOOKUP_TEXT + 512] = {}, out[sizeof(frame)] = {};
	size_t len = strlen(query->host), path_at = NAMELOOKUP_TEXT + len + 2;
	struct namelookup_asked asked = {
		.now_ns = query->now_ns,
		.tenant = query->tenant,
		.profile = query->profile,
	};
	const struct bpf_program *prog = dns ? bed->skel->progs.name_look_d
					     : bed->skel->progs.name_look_t;
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = sizeof(frame),
		    .data_out = out, .data_size_out = sizeof(out), .repeat = 1);

	memset(frame + sizeof(asked), 0xff, sizeof(frame) - sizeof(asked));
	if (dns) {
		size_t labels = labels_write(query->host, frame + NAMELOOKUP_TEXT);

		asked.host = place(NAMELOOKUP_TEXT + 1, len, labels);
	} else {
		memcpy(frame + NAMELOOKUP_TEXT, query->host, len);
		asked.host = place(NAMELOOKUP_TEXT, len, 0);
	}
	if (query->path[0]) {
		memcpy(frame + path_at, query->path, strlen(query->path));
		asked.path = place(path_at, strlen(query->path), strcspn(query->path, "?"));
	}
	memcpy(frame, &asked, sizeof(asked));
	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(prog), &run), 0);
	assert_int_equal(run.retval, 2);
	memcpy(&asked, out, sizeof(asked));
	return asked;
}

/* --- the model: each suffix and prefix, each entry, by their texts --- */

struct said {
	uint32_t opinion, how, len;
	uint64_t lists;
};

static bool row_fits(const struct row *row, bool whole)
{
	switch (row->kind) {
	case NAME_SELF:
	case NAME_URL_EXACT:
		return whole;
	case NAME_BELOW:
		return !whole;
	default:
		return true;
	}
}

/* What lists say at one key. */
static void model_lists(const struct bed *bed, const char *host, const char *path, bool whole,
			const struct sek_name_over *over, const struct sek_name_phase *phase,
			struct said *said)
{
	uint64_t lists = 0, spare = 0, own = 0, care = 0;
	uint32_t how = 0;

	for (int i = LISTS; i-- > 0;)
		for (int j = ROWS; j-- > 0;) {
			const struct row *row = &bed->rows[i][j];
			uint64_t bit = 1ULL << (i * STEP);

			if (!row->kind || strcmp(row->host, host) != 0 ||
			    strcmp(row->path, path) != 0 || !row_fits(row, whole))
				continue;
			if (row->allow) {
				spare |= bit;
				continue;
			}
			lists |= bit;
			if (row->how) { /* of the lowest list, of its first entry */
				own = bit;
				how = row->how;
			}
		}
	if (over) {
		care = whole ? over->care_self : over->care_below;
		lists = (lists & ~care) | (whole ? over->value_self : over->value_below);
	}
	if ((spare & ~care & phase->block) | (lists & phase->allow)) {
		said->opinion = SEK_NAME_ALLOW;
		said->lists = (spare & ~care & phase->block) | (lists & phase->allow);
	} else if (lists & phase->block) {
		own &= lists & phase->block & ~care;
		said->opinion = SEK_NAME_BLOCK;
		said->lists = own ? own : lists & phase->block;
		said->how = own ? how : 0;
	} else if (lists & phase->inspect) {
		said->opinion = SEK_NAME_INSPECT;
		said->lists = lists & phase->inspect;
	}
}

static void model_key(const struct bed *bed, const char *host, const char *path, bool whole,
		      uint64_t tenant, const struct sek_name_phase *phase, struct said *said)
{
	const struct sek_name_over *over = NULL;
	struct said here = {};

	for (size_t i = 0; i < bed->over_cnt; i++)
		if (!strcmp(bed->overs[i].host, host) && !strcmp(bed->overs[i].path, path))
			over = &bed->overs[i].says;
	if (over && (whole ? over->allow_self : over->allow_below) & tenant)
		here.opinion = SEK_NAME_ALLOW;
	else if (over && (whole ? over->block_self : over->block_below) & tenant)
		here.opinion = SEK_NAME_BLOCK;
	else
		model_lists(bed, host, path, whole, over, phase, &here);
	if (here.opinion == SEK_NAME_NONE)
		return;
	here.len = (uint32_t)strlen(path) + (uint32_t)strlen(host);
	*said = here;
}

/* A host that stands alone, where only what is listed passes: pages of it may be allowed. */
static void model_pages(const struct bed *bed, const char *host, const struct sek_name_phase *phase,
			struct said *said)
{
	for (int i = 0; i < LISTS; i++)
		for (int j = 0; j < ROWS; j++) {
			const struct row *row = &bed->rows[i][j];
			uint64_t bit = 1ULL << (i * STEP);

			if (!row->kind || !row->path[0] || row->allow || !list_allows(i) ||
			    !(phase->allow & bit) || strcmp(row->host, host) != 0)
				continue;
			said->opinion = SEK_NAME_ALLOW;
			said->lists |= bit;
			said->len = (uint32_t)strlen(host);
		}
}

static struct said model_ask(const struct bed *bed, const struct query *query,
			     const struct sek_name_phase *phase)
{
	char host[256] = "", path[128] = "";
	uint64_t tenant = 1ULL << query->tenant;
	size_t len = strlen(query->host), path_len = strlen(query->path);
	struct said said = {};

	for (size_t i = 0; i < len; i++)
		host[i] = (char)(query->host[i] >= 'A' && query->host[i] <= 'Z' ? query->host[i] + 32
										: query->host[i]);
	for (size_t at = len; at-- > 0;)
		if (!at || host[at - 1] == '.')
			model_key(bed, host + at, "", !at, tenant, phase, &said);
	for (size_t n = 1; n <= path_len; n++) {
		bool whole = n == path_len || n == strcspn(query->path, "?");

		if (!whole && query->path[n - 1] != '/')
			continue;
		memcpy(path, query->path, n);
		path[n] = '\0';
		model_key(bed, host, path, whole, tenant, phase, &said);
	}
	if (!path_len && said.opinion == SEK_NAME_NONE && phase->flags & SEK_NAME_ONLY_LISTED)
		model_pages(bed, host, phase, &said);
	return said;
}

/* --- names at random, of few words, so that they meet --- */

static void random_host(char host[256], bool any_case)
{
	static const char *const words[] = {
		"a",	    "bb",
		"com",	    "example",
		"x-1",	    "seven77",
		"eight888", "ninechars",
		"_dmarc",   "abcdefghijklmnopqrstuvwxyz0123456789abcdefgh",
	};
	size_t cnt = 1 + random_below(4);

	host[0] = '\0';
	for (size_t i = 0; i < cnt; i++) {
		strcat(host, i ? "." : "");
		strcat(host, words[random_below(sizeof(words) / sizeof(words[0]))]);
	}
	for (char *p = host; any_case && *p; p++)
		if (*p >= 'a' && *p <= 'z' && !random_below(3))
			*p = (char)(*p - 32);
}

static void random_path(char path[128], bool query)
{
	static const char *const parts[] = { "a", "B", "seven77", "eight88", "nine-nine", "b.c" };
	size_t cnt = random_below(4);

	strcpy(path, "/");
	for (size_t i = 0; i < cnt; i++) {
		strcat(path, parts[random_below(sizeof(parts) / sizeof(parts[0]))]);
		if (i + 1 < cnt || random_below(2))
			strcat(path, "/");
	}
	if (query && !random_below(3))
		strcat(path, random_below(2) ? "?q=a/b" : "?x");
}

static void random_row(struct row *row)
{
	static const uint8_t hows[] = { 0, 0, 0, SEK_NAME_NODATA, SEK_NAME_CANARY };

	*row = (struct row){ .kind = (uint8_t)(NAME_SELF + random_below(3)),
			     .how = hows[random_below(sizeof(hows))],
			     .allow = !random_below(8) };
	random_host(row->host, false);
	if (random_below(3))
		return;
	random_path(row->path, true);
	row->kind = row->path[strlen(row->path) - 1] == '/' ? NAME_URL_PREFIX : NAME_URL_EXACT;
	row->how = 0;
}

/* Each key once in a list: what an entry says twice is the list reader's matter. */
static void random_rows(struct row rows[ROWS])
{
	for (int i = 0; i < ROWS; i++) {
		bool twice = true;

		while (twice) {
			random_row(&rows[i]);
			twice = false;
			for (int j = 0; j < i; j++)
				twice |= !strcmp(rows[j].host, rows[i].host) &&
					 !strcmp(rows[j].path, rows[i].path);
		}
	}
}

static uint64_t random_lists(void)
{
	uint64_t lists = 0;

	for (int i = 0; i < LISTS; i++)
		lists |= (uint64_t)!random_below(3) << (i * STEP);
	return lists;
}

static void random_over(struct over *over)
{
	uint64_t care = random_lists(), care_below = random_lists();

	*over = (struct over){ .says = {
				       .care_self = care,
				       .value_self = care & random_lists(),
				       .care_below = care_below,
				       .value_below = care_below & random_lists(),
				       .allow_self = random_below(1U << TENANTS) &
						     random_below(1U << TENANTS),
				       .allow_below = random_below(1U << TENANTS) &
						      random_below(1U << TENANTS),
				       .block_self = random_below(1U << TENANTS) &
						     random_below(1U << TENANTS),
				       .block_below = random_below(1U << TENANTS) &
						      random_below(1U << TENANTS),
			       } };
	random_host(over->host, false);
	if (!random_below(4))
		random_path(over->path, true);
}

static void random_profile(struct sek_name_profile *profile)
{
	*profile = (struct sek_name_profile){ .answer = SEK_NAME_NXDOMAIN };
	for (int i = 0; i < SEK_NAME_PHASES_MAX; i++)
		profile->phase[i] = (struct sek_name_phase){
			.block = random_lists() | random_lists(),
			.allow = random_lists() & random_lists(),
			.inspect = random_lists(),
			.flags = (random_below(10) ? SEK_NAME_LOOKS_ON : 0) |
				 (random_below(2) ? SEK_NAME_ONLY_LISTED : 0),
		};
	for (int i = 0; i < SEK_NAME_QUARTERS; i++)
		profile->week[i] = (uint8_t)random_below(SEK_NAME_PHASES_MAX);
}

static void random_query(const struct bed *bed, struct query *query)
{
	*query = (struct query){
		.tenant = random_below(TENANTS),
		.profile = random_below(PROFILES),
		.now_ns = bed->map.heads->week_ns +
			  (uint64_t)random_below(2 * SEK_NAME_QUARTERS) * QUARTER_NS +
			  random_below(1000),
	};
	random_host(query->host, true);
	if (random_below(2))
		random_path(query->path, true);
}

/* --- tests --- */

static const struct sek_name_phase *phase_at(const struct bed *bed, const struct query *query)
{
	const struct sek_name_profile *profile = &bed->profiles[query->profile];
	uint64_t quarter = (query->now_ns - bed->map.heads->week_ns) / QUARTER_NS;

	return &profile->phase[profile->week[quarter % SEK_NAME_QUARTERS]];
}

/* Whether kernel and model agree; the opinion that they have. */
static uint32_t compare(const struct bed *bed, const struct query *query, bool dns)
{
	const struct sek_name_phase *phase = phase_at(bed, query);
	struct namelookup_asked got = ask(bed, query, dns);
	struct said said;

	assert_int_equal(got.looked, (phase->flags & SEK_NAME_LOOKS_ON) != 0);
	if (!got.looked)
		return SEK_NAME_NONE;
	assert_true(got.print == name_print_host(&namemap_table(&bed->map)->keys, query->host,
						 strlen(query->host)));
	assert_int_equal(got.path_looked, query->path[0] != '\0');
	said = model_ask(bed, query, phase);
	if (got.opinion != said.opinion || got.how != said.how || got.lists != said.lists ||
	    got.len != said.len)
		fail_msg("%s%s: %u by %llx, how %u, %u bytes; expected %u by %llx, %u, %u",
			 query->host, query->path, got.opinion, (unsigned long long)got.lists,
			 got.how, got.len, said.opinion, (unsigned long long)said.lists, said.how,
			 said.len);
	return said.opinion;
}

static void random_names_are_weighed(void **state)
{
	struct bed *bed = bed_of(state);
	size_t met[4] = {};

	for (int i = 0; i < LISTS; i++)
		random_rows(bed->rows[i]);
	for (int i = 0; i < PROFILES; i++)
		random_profile(&bed->profiles[i]);
	bed_lists(bed);
	bed_profiles(bed);
	bed->map.heads->week_ns = 1000 * QUARTER_NS;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < QUERIES; i++) {
			struct query query;
			bool dns;

			random_query(bed, &query);
			dns = !query.path[0] && random_below(2);
			met[compare(bed, &query, dns)]++;
		}
		for (; !round && bed->over_cnt < OVERS; bed->over_cnt++) {
			struct over *over = &bed->overs[bed->over_cnt];
			bool twice = true;

			while (twice) {
				random_over(over);
				twice = false;
				for (size_t j = 0; j < bed->over_cnt; j++)
					twice |= !strcmp(bed->overs[j].host, over->host) &&
						 !strcmp(bed->overs[j].path, over->path);
			}
			bed_over(bed, over);
		}
	}
	for (int i = 0; i < 4; i++)
		assert_true(met[i] > QUERIES / 50);
}

static void bed_one(struct bed *bed, const struct row *row)
{
	memset(bed->rows, 0, sizeof(bed->rows));
	bed->rows[0][0] = *row;
	for (int i = 0; i < PROFILES; i++) {
		bed->profiles[i] = (struct sek_name_profile){ .answer = SEK_NAME_NXDOMAIN };
		bed->profiles[i].phase[0] =
			(struct sek_name_phase){ .block = 1, .flags = SEK_NAME_LOOKS_ON };
	}
	bed_lists(bed);
	bed_profiles(bed);
}

/* A suffix of every length, in names of every length: words begin and end anywhere. */
static void suffixes_of_every_length(void **state)
{
	struct bed *bed = bed_of(state);
	struct row row = { .kind = NAME_SUFFIX };

	for (size_t len = 1; len <= 60; len++) {
		struct query query = {};

		memset(row.host, 0, sizeof(row.host));
		for (size_t i = 0; i < len; i++)
			row.host[i] = i % 13 == 12 && i + 1 < len ? '.' : 'a';
		bed_one(bed, &row);
		for (size_t before = 0; before < 20; before++) {
			memset(query.host, 'b', before);
			strcpy(query.host + before, before ? "." : "");
			strcat(query.host, row.host);
			assert_int_equal(compare(bed, &query, false), SEK_NAME_BLOCK);
			assert_int_equal(compare(bed, &query, true), SEK_NAME_BLOCK);
			if (!before)
				continue;
			query.host[before] = 'b'; /* another label ends so */
			assert_int_equal(compare(bed, &query, false), SEK_NAME_NONE);
		}
	}
}

static void prefixes_of_every_length(void **state)
{
	struct bed *bed = bed_of(state);
	struct row row = { .host = "example.com", .kind = NAME_URL_PREFIX };

	for (size_t len = 1; len <= 40; len++) {
		struct query query = { .host = "EXAMPLE.com" };

		memset(row.path, 0, sizeof(row.path));
		for (size_t i = 0; i < len; i++)
			row.path[i] = i + 1 == len || i % 7 == 0 ? '/' : 'a';
		bed_one(bed, &row);
		for (size_t behind = 0; behind < 20; behind++) {
			strcpy(query.path, row.path);
			memset(query.path + len, 'b', behind);
			assert_int_equal(compare(bed, &query, false), SEK_NAME_BLOCK);
		}
		query.path[len - 1] = 'b';
		assert_int_equal(compare(bed, &query, false), SEK_NAME_NONE);
	}
}

static void bytes_that_no_name_has_are_the_agents(void **state)
{
	struct bed *bed = bed_of(state);

	bed_one(bed, &(struct row){ .host = "example.com", .kind = NAME_SUFFIX });
	for (int byte = 1; byte < 256; byte++)
		for (size_t at = 0; at < 20; at++) {
			bool alnum = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
				     (byte >= 'A' && byte <= 'Z');
			bool fine = alnum || strchr("-._", byte) || (byte >= 0x7b && byte < 0x80) ||
				    (byte >= 0x5b && byte <= 0x5f);
			struct query query = { .host = "www.aaaa.example.com" };

			query.host[at] = (char)byte;
			assert_int_equal(ask(bed, &query, false).print != 0, fine);
		}
}

/* In a question, length bytes alone are small; a dot inside of a label is none. */
static void odd_labels_are_the_agents(void **state)
{
	struct bed *bed = bed_of(state);

	bed_one(bed, &(struct row){ .host = "example.com", .kind = NAME_SUFFIX });
	for (int byte = 0; byte < 256; byte++)
		for (size_t at = 0; at < 20; at++) {
			static const char name[] = "\3www\4aaaa\7example\3com";
			uint8_t frame[NAMELOOKUP_TEXT + 64] = {}, out[sizeof(frame)] = {};
			struct namelookup_asked asked = { .host = place(NAMELOOKUP_TEXT + 1, 20, 4) };
			LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame,
				    .data_size_in = sizeof(frame), .data_out = out,
				    .data_size_out = sizeof(out), .repeat = 1);
			bool length = at == 3 || at == 8 || at == 16;
			bool small = byte < '-', dot = byte == '.';

			memcpy(frame, &asked, sizeof(asked));
			memcpy(frame + NAMELOOKUP_TEXT, name, sizeof(name));
			frame[NAMELOOKUP_TEXT + 1 + at] = (uint8_t)byte;
			assert_int_equal(bpf_prog_test_run_opts(
						 bpf_program__fd(bed->skel->progs.name_look_d), &run),
					 0);
			memcpy(&asked, out, sizeof(asked));
			assert_int_equal(asked.print != 0, !dot && small == length);
		}
}

static void more_dots_than_turns_are_the_agents(void **state)
{
	struct bed *bed = bed_of(state);
	struct query query = {};

	bed_one(bed, &(struct row){ .host = "a.a", .kind = NAME_SUFFIX });
	for (int i = 0; i < 47; i++)
		strcat(query.host, i ? ".a" : "a");
	assert_int_equal(compare(bed, &query, false), SEK_NAME_BLOCK);
	strcat(query.host, ".a");
	assert_int_equal(ask(bed, &query, false).print, 0);
}

/* Nobody is on a list by chance, whom 100,000 names are too few to show. */
static void others_are_not_listed(void **state)
{
	struct bed *bed = bed_of(state);

	for (int i = 0; i < LISTS; i++)
		random_rows(bed->rows[i]);
	bed_lists(bed);
	for (int i = 0; i < (int)lot_cnt(100000); i++) {
		struct query query = {};

		snprintf(query.host, sizeof(query.host), "host%d.d%d.invalid", i, i % 100);
		assert_int_equal(ask(bed, &query, i & 1).opinion, SEK_NAME_NONE);
	}
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, bed_up, bed_down)
	const struct CMUnitTest tests[] = {
		ROW(random_names_are_weighed),	ROW(suffixes_of_every_length),
		ROW(prefixes_of_every_length),	ROW(bytes_that_no_name_has_are_the_agents),
		ROW(odd_labels_are_the_agents), ROW(more_dots_than_turns_are_the_agents),
		ROW(others_are_not_listed),
	};

	return cmocka_run_group_tests_name("look-up of names", tests, NULL, NULL);
}
