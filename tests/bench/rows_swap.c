// SPDX-License-Identifier: Apache-2.0
/*
 * A change of policy: the 21 bodies of policy/saga with 1,000 rules each, from text to live, and what
 * one generation of it takes of the kernel's memory.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "bench/bench.h"
#include "model/model.h"
#include "sekisho/tenant.h"

#define FOLDER "policy/saga"
#define SAGA FOLDER "/saga.yaml"
#define RULES 1000
#define RULES_WORD "\n    rules:\n" /* where a body's own rules begin */

enum { SWAP, MEMORY };

static const struct bench_subject subjects[] = {
	[SWAP] = { "text to live", "ms" },
	[MEMORY] = { "a generation", "MiB" },
};

static const struct bench_row rows[] = {
	{ "policy_swap", "policy/saga with 1,000 rules a tenant, from text until live", BENCH_VALUE,
	  SWAP, SWAP, NULL, BENCH_AT_MOST, 200 },
	{ "policy_memory", "what one generation of it takes in the kernel", BENCH_VALUE, MEMORY,
	  MEMORY, NULL, BENCH_AT_MOST, 64 },
};

struct swap {
	struct gate *gate;
	char *text; /* the policy, as the agent gets it */
};

/* Rules of every kind of field, no two alike, as many as are wanting. */
static void rules_write(FILE *out, unsigned int tenant, size_t cnt)
{
	for (unsigned int i = 0; i < cnt; i++)
		fprintf(out,
			"      - {name: more-%u, dir: out, proto: tcp, dst: 198.%u.%u.0/%u, dport: %u, "
			"action: %s}\n",
			i, 18 + tenant % 2, i % 250, 20 + i % 8, 1 + (i * 7 + tenant) % 999,
			i % 3 ? "accept" : "drop");
}

/* The text with every body's rules filled up to RULES. */
static char *text_fill(const char *text, const struct policy *policy)
{
	const char *next = text, *at;
	char *filled = NULL;
	size_t len, body = 1;
	FILE *out = open_memstream(&filled, &len);

	if (!out)
		return NULL;
	for (; (at = strstr(next, RULES_WORD)) && body < policy->tenant_cnt; body++) {
		at += strlen(RULES_WORD);
		fwrite(next, 1, (size_t)(at - next), out);
		rules_write(out, (unsigned int)body, RULES - policy->tenants[body].rule_cnt);
		next = at;
	}
	fputs(next, out);
	fclose(out);
	return filled;
}

static int say_first(int r, const struct diag *diag)
{
	return bench_say(r, "%s", diag->cnt ? diag->entries[0].text : strerror(-r));
}

static struct policy *parse(const char *text, struct diag *diag)
{
	return policy_parse(text, strlen(text), SAGA, FOLDER, diag);
}

static char *file_read(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t len = 0;

	if (!file)
		return NULL;
	if (getdelim(&text, &len, '\0', file) < 0) { /* all of it: text has no zeros */
		free(text);
		text = NULL;
	}
	fclose(file);
	return text;
}

static int text_make(char **ret_text)
{
	char *text = file_read(SAGA);
	struct policy *policy;
	struct diag diag;
	int r = -EINVAL;

	if (!text)
		return bench_say(-ENOENT, SAGA " cannot be read; run it from the source tree");
	diag_init(&diag);
	policy = parse(text, &diag);
	if (policy) {
		*ret_text = text_fill(text, policy);
		r = *ret_text ? 0 : -ENOMEM;
	}
	if (r)
		say_first(r, &diag);
	policy_free(policy);
	free(text);
	diag_free(&diag);
	return r;
}

static int setup(void **ret_state)
{
	const struct gate_options options = { .flows_max = 1024, .sources_max = 1024 };
	struct swap *swap = calloc(1, sizeof(*swap));
	struct gate_adopted adopted;
	struct diag diag;
	int r;

	*ret_state = swap;
	if (!swap)
		return bench_say(-ENOMEM, "no memory");
	r = text_make(&swap->text);
	if (r)
		return r;
	diag_init(&diag);
	r = gate_open(&options, &swap->gate, &adopted, &diag);
	if (r)
		say_first(r, &diag);
	diag_free(&diag);
	return r;
}

static void teardown(void *state)
{
	struct swap *swap = state;

	if (!swap)
		return;
	if (swap->gate)
		gate_close(swap->gate);
	free(swap->text);
	free(swap);
}

static int full(const struct image *image)
{
	for (uint32_t id = 1; id < SEK_TENANTS_MAX; id++)
		if (image->tenants[id].flags & SEK_TENANT_USED && image->tenants[id].rule_cnt < RULES)
			return bench_say(-EINVAL, "tenant %u has %u rules only", id,
					 image->tenants[id].rule_cnt);
	return 0;
}

/* As policy.apply does: read, compile, write, read back, one store. */
static int apply(const struct swap *swap, struct diag *diag)
{
	struct policy *policy = parse(swap->text, diag);
	struct image *image = policy ? image_compile(policy, diag) : NULL;
	uint32_t generation;
	int r = image ? full(image) : say_first(-EINVAL, diag);

	if (!r) {
		r = install_prepare(swap->gate, image, &generation, diag);
		if (r)
			say_first(r, diag);
		else
			install_commit(swap->gate, generation);
	}
	image_free(image);
	policy_free(policy);
	return r;
}

/* Bytes that a map of its own takes, as the kernel tells. */
static long memlock(int fd)
{
	char path[64], line[128];
	long bytes = -1;
	FILE *info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = fopen(path, "re");
	while (info && fgets(line, sizeof(line), info))
		if (sscanf(line, "memlock: %ld", &bytes) == 1)
			break;
	if (info)
		fclose(info);
	return bytes;
}

static int memory(const struct swap *swap, double *ret_value)
{
	static const struct {
		const char *name;
		int kind; /* the third word of its line in maps.def */
	} maps[] = {
#define SEK_MAP(name, what, generation) { #name, generation },
#include "sekisho/maps.def"
#undef SEK_MAP
	};
	double sum = 0;

	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		int fd = maps[i].kind == 1
				 ? gate_live_fd(swap->gate, maps[i].name, gate_generation(swap->gate))
				 : gate_map_fd(swap->gate, maps[i].name);
		long bytes = maps[i].kind ? memlock(fd) : 0;

		if (bytes < 0)
			return bench_say(-EIO, "the kernel does not tell the size of %s",
					 maps[i].name);
		sum += maps[i].kind == 2 ? (double)bytes / 2 : (double)bytes;
	}
	*ret_value = sum / (1 << 20);
	return 0;
}

/* Seconds that this thread was ready and others had the CPU: theirs, not the policy's. */
static double queued(void)
{
	FILE *file = fopen("/proc/thread-self/schedstat", "re");
	unsigned long long ran = 0, waited = 0;

	if (!file || fscanf(file, "%llu %llu", &ran, &waited) != 2)
		waited = 0; /* the kernel does not tell: then it counts */
	if (file)
		fclose(file);
	return (double)waited / 1e9;
}

static int take(void *state, int subject, double *ret_value)
{
	struct swap *swap = state;
	double start = bench_now() - queued();
	struct diag diag;
	int r = 0;

	diag_init(&diag);
	if (subject == SWAP || !gate_generation(swap->gate))
		r = apply(swap, &diag);
	*ret_value = (bench_now() - queued() - start) * 1e3;
	diag_free(&diag);
	return r || subject == SWAP ? r : memory(swap, ret_value);
}

const struct bench_topic topic_swap = {
	.name = "swap",
	.subjects = subjects,
	.subject_cnt = sizeof(subjects) / sizeof(subjects[0]),
	.rows = rows,
	.row_cnt = sizeof(rows) / sizeof(rows[0]),
	.rounds = 7,
	.setup = setup,
	.take = take,
	.teardown = teardown,
};
