// SPDX-License-Identifier: Apache-2.0
/*
 * Address lists: a look-up among a million prefixes against the headers read and nothing else, and
 * against the kernel's LPM_TRIE; a million of both families from text to live against filling tries.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "bench/bench.h"
#include "bench/listdata.h"
#include "bench/listlook.skel.h"
#include "install/listmap.h"
#include "install/lists.h"

#define PREFIXES 1000000
#define FEW 100000
#define ADDRESSES (1 << 19)
#define OURS_RUNS ADDRESSES
#define TRIE_RUNS (ADDRESSES / 4)
#define CPU 1

enum {
	RANDOM4_PARSE,
	RANDOM4,
	RANDOM4_TRIE,
	HIT4_PARSE,
	HIT4,
	HIT4_TRIE,
	RANDOM6_PARSE,
	RANDOM6,
	RANDOM6_TRIE,
	NEAR6_PARSE,
	NEAR6,
	NEAR6_TRIE,
	HIT6_PARSE,
	HIT6,
	HIT6_TRIE,
	RANDOM4_FEW,
	LOAD,
	LOAD_TRIE,
};
/* The first fifteen: kinds of address in the order of list_take(), each asked in three ways. */

static const struct bench_subject subjects[] = {
	[RANDOM4_PARSE] = { "parse", "ns" },   [RANDOM4] = { "IPv4 random", "ns" },
	[RANDOM4_TRIE] = { "its trie", "ns" }, [HIT4_PARSE] = { "parse", "ns" },
	[HIT4] = { "IPv4 hit", "ns" },	       [HIT4_TRIE] = { "its trie", "ns" },
	[RANDOM6_PARSE] = { "parse", "ns" },   [RANDOM6] = { "IPv6 random", "ns" },
	[RANDOM6_TRIE] = { "its trie", "ns" }, [NEAR6_PARSE] = { "parse", "ns" },
	[NEAR6] = { "IPv6 near", "ns" },       [NEAR6_TRIE] = { "its trie", "ns" },
	[HIT6_PARSE] = { "parse", "ns" },      [HIT6] = { "IPv6 hit", "ns" },
	[HIT6_TRIE] = { "its trie", "ns" },    [RANDOM4_FEW] = { "IPv4 random, 100 k", "ns" },
	[LOAD] = { "load of 2 M", "s" },       [LOAD_TRIE] = { "two tries filled", "s" },
};

#define COST(name, what, over, under, goal)                                                        \
	{                                                                                          \
		name, what, BENCH_RATIO, over, under, NULL, BENCH_AT_MOST, goal                    \
	}
#define GAIN(name, what, over, under, goal)                                                        \
	{                                                                                          \
		name, what, BENCH_RATIO, over, under, NULL, BENCH_AT_LEAST, goal                   \
	}

static const struct bench_row rows[] = {
	COST("list4_random", "look-up among 1 M IPv4 prefixes, random address, against parse alone",
	     RANDOM4, RANDOM4_PARSE, 2.75),
	GAIN("list4_random_trie", "how many times faster than LPM_TRIE", RANDOM4_TRIE, RANDOM4, 15),
	COST("list4_hit", "the same, listed address", HIT4, HIT4_PARSE, 6),
	GAIN("list4_hit_trie", "how many times faster than LPM_TRIE", HIT4_TRIE, HIT4, 8),
	COST("list6_random", "look-up among 1 M IPv6 prefixes, random address", RANDOM6,
	     RANDOM6_PARSE, 1.7),
	GAIN("list6_random_trie", "how many times faster than LPM_TRIE", RANDOM6_TRIE, RANDOM6, 8),
	COST("list6_near", "the same, an address in the /32 of a listed prefix", NEAR6, NEAR6_PARSE,
	     5.5),
	GAIN("list6_near_trie", "how many times faster than LPM_TRIE", NEAR6_TRIE, NEAR6, 8),
	COST("list6_hit", "the same, listed address", HIT6, HIT6_PARSE, 7.5),
	GAIN("list6_hit_trie", "how many times faster than LPM_TRIE", HIT6_TRIE, HIT6, 7),
	COST("list_growth", "random address, 1 M against 100 k IPv4 prefixes", RANDOM4, RANDOM4_FEW,
	     1.75),
	COST("list_load", "1 M IPv4 and 1 M IPv6 prefixes from text to live, against LPM_TRIEs",
	     LOAD, LOAD_TRIE, 0.6),
};

/* A program with maps of its own. */
struct bed {
	struct listlook *skel;
	struct listmap map;
	struct sek_addr *addresses;
};

struct state {
	struct listdata *data[2]; /* IPv4, IPv6 */
	struct bed many, few, load; /* both families, 100 k of IPv4, what list_load fills */
	bool tries; /* those of `many` are filled */
	char dir[32], paths[2][48]; /* the data as text */
	struct frame frame;
};

static int bed_open(struct bed *bed)
{
	size_t bytes = ADDRESSES * sizeof(*bed->addresses);

	bed->skel = listlook__open_and_load();
	if (!bed->skel)
		return bench_say(-errno, "cannot load listlook.bpf.c: %s", strerror(errno));
	bed->addresses = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			      bpf_map__fd(bed->skel->maps.addresses), 0);
	if (bed->addresses == MAP_FAILED) {
		bed->addresses = NULL;
		return bench_say(-errno, "cannot map the addresses: %s", strerror(errno));
	}
	return 0;
}

static void bed_close(struct bed *bed)
{
	listmap_close(&bed->map);
	if (bed->addresses)
		munmap(bed->addresses, ADDRESSES * sizeof(*bed->addresses));
	listlook__destroy(bed->skel);
}

/* Puts the tables of some data (NULL: an empty one) in force. */
static int bed_fill(struct bed *bed, const struct listdata *const data[2])
{
	struct list_table *tables[2] = {};
	int r = listmap_open(bpf_map__fd(bed->skel->maps.sek_list_head),
			     bpf_map__fd(bed->skel->maps.sek_list),
			     bpf_map__fd(bed->skel->maps.sek_list_over), 0, &bed->map);

	for (int i = 0; i < 2 && !r; i++)
		r = data[i] ? listdata_table(data[i], &tables[i]) : 0;
	if (!r)
		r = listmap_make(&bed->map, (const struct list_table *const *)tables);
	if (!r)
		listmap_swap(&bed->map);
	list_table_free(tables[0]);
	list_table_free(tables[1]);
	return r ? bench_say(r, "no tables: %s", strerror(-r)) : 0;
}

static int text_write(struct state *state)
{
	for (int i = 0; i < 2; i++) {
		FILE *out;
		int r;

		snprintf(state->paths[i], sizeof(state->paths[i]), "%s/%d", state->dir, i ? 6 : 4);
		out = fopen(state->paths[i], "we");
		r = out ? listdata_write(state->data[i], out) : -errno;
		if (out)
			fclose(out);
		if (r)
			return bench_say(r, "cannot write %s: %s", state->paths[i], strerror(-r));
	}
	return 0;
}

static int list_setup(void **ret_state)
{
	static const struct pkt pkt = {
		.src = "192.0.2.1", .dst = "198.51.100.1", .proto = IPPROTO_TCP, .payload_len = 74
	};
	struct state *state = calloc(1, sizeof(*state));
	struct listdata *few = listdata_make(true, FEW);
	int r = few ? 0 : bench_say(-ENOMEM, "no memory");

	*ret_state = state;
	if (!state) {
		listdata_free(few);
		return bench_say(-ENOMEM, "no memory");
	}
	for (int i = 0; i < 2 && !r; i++) {
		state->data[i] = listdata_make(i == 0, PREFIXES);
		r = state->data[i] ? 0 : bench_say(-ENOMEM, "no memory");
	}
	if (!r) {
		pkt_build(&pkt, &state->frame);
		r = bed_open(&state->many);
	}
	if (!r)
		r = bed_open(&state->few);
	if (!r)
		r = bed_open(&state->load);
	if (!r)
		r = bed_fill(&state->many, (const struct listdata *const *)state->data);
	if (!r)
		r = bed_fill(&state->few, (const struct listdata *const[2]){ few, NULL });
	if (!r) {
		snprintf(state->dir, sizeof(state->dir), "/tmp/sekisho-bench-XXXXXX");
		if (!mkdtemp(state->dir))
			r = bench_say(-errno, "no directory: %s", strerror(errno));
	}
	listdata_free(few);
	return r ? r : text_write(state);
}

static void list_teardown(void *arg)
{
	struct state *state = arg;

	if (!state)
		return;
	for (int i = 0; i < 2; i++) {
		if (state->paths[i][0])
			unlink(state->paths[i]);
		listdata_free(state->data[i]);
	}
	if (state->dir[0])
		rmdir(state->dir);
	bed_close(&state->many);
	bed_close(&state->few);
	bed_close(&state->load);
	free(state);
}

/* --- tries --- */

/* Fills a trie with the data, one list mask each. */
static int trie_fill(const struct listdata *data, int fd)
{
	struct {
		uint32_t prefixlen;
		__be32 addr[4];
	} key;
	int r = 0;

	for (size_t i = 0; i < data->cnt && !r; i++) {
		const struct prefix *prefix = &data->prefixes[i];

		key.prefixlen = prefix->len - (data->v4 ? PREFIX_V4_BITS : 0);
		memcpy(key.addr, prefix->addr.b + (data->v4 ? 12 : 0), data->v4 ? 4 : 16);
		r = bpf_map_update_elem(fd, &key, &data->lists[i], BPF_ANY);
	}
	return r ? bench_say(r, "cannot fill an LPM_TRIE: %s", strerror(-r)) : 0;
}

static int tries_fill(struct state *state)
{
	int r = 0;

	if (!state->tries)
		r = trie_fill(state->data[0], bpf_map__fd(state->many.skel->maps.trie4));
	if (!r && !state->tries)
		r = trie_fill(state->data[1], bpf_map__fd(state->many.skel->maps.trie6));
	state->tries = !r;
	return r;
}

/* --- loads --- */

/* Of all threads: a load has several. */
static double process_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int load_take(struct state *state, double *ret_seconds)
{
	const struct listlook *skel = state->load.skel;
	const struct lists_kernel kernel = {
		.head_fd = bpf_map__fd(skel->maps.sek_list_head),
		.chunk_fd = bpf_map__fd(skel->maps.sek_list),
		.over_fd = bpf_map__fd(skel->maps.sek_list_over),
		.count_fd = -1,
	};
	struct model_list models[2] = {
		{ .id = 0, .name = "four", .source = state->paths[0] },
		{ .id = 1, .name = "six", .source = state->paths[1] },
	};
	const struct policy policy = { .lists = models, .list_cnt = 2 };
	struct lists *lists;
	double start = process_now();
	struct diag diag;
	int r = lists_open_maps(&kernel, NULL, &lists);

	if (r)
		return bench_say(r, "no lists: %s", strerror(-r));
	diag_init(&diag);
	r = lists_load(lists, &policy, NULL, NULL, &diag);
	*ret_seconds = process_now() - start;
	if (r || diag.error_cnt)
		r = bench_say(-EIO, "the lists do not load");
	diag_free(&diag);
	lists_close(lists);
	return r;
}

static int load_trie_take(const struct state *state, double *ret_seconds)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_NO_PREALLOC);
	double start = process_now();
	int r = 0;

	for (int i = 0; i < 2 && !r; i++) {
		int fd = bpf_map_create(BPF_MAP_TYPE_LPM_TRIE, "bench_trie", i ? 20 : 8,
					sizeof(uint64_t), PREFIXES, &options);

		r = fd < 0 ? bench_say(fd, "no LPM_TRIE: %s", strerror(-fd))
			   : trie_fill(state->data[i], fd);
		if (fd >= 0)
			close(fd);
	}
	*ret_seconds = process_now() - start;
	return r;
}

/* --- look-ups --- */

enum asked { PARSE, OURS, TRIE };

static int lookup_take(struct state *state, struct bed *bed, bool v4, enum listdata_kind kind,
		       enum asked asked, double *ret_ns)
{
	const struct bpf_program *progs[] = {
		[PARSE] = bed->skel->progs.list_parse,
		[OURS] = bed->skel->progs.list_ours,
		[TRIE] = v4 ? bed->skel->progs.list_trie4 : bed->skel->progs.list_trie6,
	};
	const struct bench_run run = {
		.prog_fd = bpf_program__fd(progs[asked]),
		.frame = &state->frame,
		.repeat = asked == TRIE ? TRIE_RUNS : OURS_RUNS,
		.cpu = CPU,
	};

	listdata_addresses(state->data[v4 ? 0 : 1], kind, bed->addresses, ADDRESSES);
	bed->skel->bss->at = 0;
	return bench_run(&run, ret_ns);
}

static int list_take(void *arg, int subject, double *ret_value)
{
	static const enum listdata_kind kinds[] = { LISTDATA_RANDOM, LISTDATA_HIT, LISTDATA_RANDOM,
						    LISTDATA_NEAR, LISTDATA_HIT };
	struct state *state = arg;
	int r = 0;

	if (subject == LOAD)
		return load_take(state, ret_value);
	if (subject == LOAD_TRIE)
		return load_trie_take(state, ret_value);
	if (subject == RANDOM4_FEW)
		return lookup_take(state, &state->few, true, LISTDATA_RANDOM, OURS, ret_value);
	if (subject % 3 == TRIE)
		r = tries_fill(state);
	return r ? r
		 : lookup_take(state, &state->many, subject < RANDOM6_PARSE, kinds[subject / 3],
			       subject % 3, ret_value);
}

const struct bench_topic topic_list = {
	.name = "list",
	.subjects = subjects,
	.subject_cnt = sizeof(subjects) / sizeof(subjects[0]),
	.rows = rows,
	.row_cnt = sizeof(rows) / sizeof(rows[0]),
	.rounds = 5,
	.setup = list_setup,
	.take = list_take,
	.teardown = list_teardown,
};
