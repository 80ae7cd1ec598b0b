// SPDX-License-Identifier: Apache-2.0
/*
 * The name lists in a real kernel: loading, replacing, single changes, overrides, expiry, policies and
 * restarts through policy/install/names.c, asked by BPF_PROG_TEST_RUN and compared with the look-up in
 * user space. Needs root; says SKIP otherwise.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sekisho/config.h" /* the skeleton is made of these */
#include "sekisho/name.h"
#include "sekisho/policy.h"
#include "sekisho/tenant.h"

#include "base/statm.h"
#include "bpf/namelookup.h"
#include "bpf/namelookup.skel.h"
#include "install/names.h"

#define LISTS 4
#define TENANT 7
#define OTHER_TENANT 8

/* The gateway's maps of names with the tiny program, and the lists over them. */
struct bed {
	struct namelookup *program;
	struct names *names;
	struct journal *journal;
	struct model_name_list models[LISTS]; /* 0, 1: block; 2: allow; 3: nobody's */
	struct model_tenant tenants[3];
	struct policy policy;
	struct sek_name_profile profile;
	char dir[64], text[LISTS][96]; /* of state; of sources */
	unsigned int changed_cnt;
};

static void bed_changed(void *arg)
{
	__atomic_add_fetch(&((struct bed *)arg)->changed_cnt, 1, __ATOMIC_RELAXED);
}

static void names_begin(struct bed *bed)
{
	struct name_maps maps = {
		.head_fd = bpf_map__fd(bed->program->maps.sek_name_head),
		.key_fd = bpf_map__fd(bed->program->maps.sek_name_key),
		.bloom_fd = bpf_map__fd(bed->program->maps.sek_name_bloom),
		.table_fd = bpf_map__fd(bed->program->maps.sek_name_table),
		.set_fd = bpf_map__fd(bed->program->maps.sek_name_set),
		.answer_fd = bpf_map__fd(bed->program->maps.sek_name_answer),
		.over_fd = bpf_map__fd(bed->program->maps.sek_name_over),
		.count_fd = -1,
	};
	char path[96];

	assert_int_equal(names_open_maps(&maps, 0, bed_changed, bed, bed->dir, &bed->names), 0);
	snprintf(path, sizeof(path), "%s/journal", bed->dir);
	assert_int_equal(journal_open(path, &bed->journal), 0);
	assert_int_equal(names_overrides_read(bed->names, bed->journal), 0);
}

static void names_end(struct bed *bed)
{
	names_close(bed->names);
	journal_close(bed->journal);
	bed->names = NULL;
}

/* A list that has a source file, which says `text` from now on. */
static void source_write(struct bed *bed, int list, const char *text)
{
	static int64_t stamp = 1000;
	struct timespec times[2] = { { .tv_sec = stamp + 1 }, { .tv_sec = stamp + 1 } };
	FILE *out = fopen(bed->text[list], "we");

	stamp++;
	assert_non_null(out);
	fputs(text, out);
	futimens(fileno(out), times); /* another each time, however fast the test is */
	fclose(out);
}

static int load(struct bed *bed)
{
	struct diag diag;
	int err;

	diag_init(&diag);
	err = names_load(bed->names, &bed->policy, NULL, NULL, &diag);
	if (err)
		diag_print(&diag, stderr);
	diag_free(&diag);
	return err;
}

static int bed_up(void **state)
{
	static char *const list_names[LISTS] = { "bad", "worse", "good", "spare" };
	struct bed *bed = calloc(1, sizeof(*bed));
	uint32_t zero = 0;

	if (!bed)
		return -1;
	*state = bed;
	libbpf_set_print(NULL);
	bed->program = namelookup__open_and_load();
	if (!bed->program) {
		free(bed);
		*state = NULL;
		return 0;
	}
	strcpy(bed->dir, "/tmp/sekisho-names-XXXXXX");
	if (!mkdtemp(bed->dir))
		return -1;
	for (int i = 0; i < LISTS; i++) {
		snprintf(bed->text[i], sizeof(bed->text[i]), "%s/source-%d", bed->dir, i);
		bed->models[i] = (struct model_name_list){ .id = (uint16_t)(i * 21),
							   .name = list_names[i],
							   .allow = i == 2,
							   .source = bed->text[i],
							   .format = "domains" };
	}
	bed->tenants[0] = (struct model_tenant){ .id = 0, .name = "host" };
	bed->tenants[1] = (struct model_tenant){ .id = TENANT, .name = "saga" };
	bed->tenants[2] = (struct model_tenant){ .id = OTHER_TENANT, .name = "karatsu" };
	bed->policy = (struct policy){ .name_lists = bed->models,
				       .name_list_cnt = LISTS,
				       .tenants = bed->tenants,
				       .tenant_cnt = 3 };
	bed->profile.phase[0] = (struct sek_name_phase){ .block = 1ULL << 0 | 1ULL << 21,
							 .allow = 1ULL << 42,
							 .flags = SEK_NAME_LOOKS_ON };
	bpf_map_update_elem(bpf_map__fd(bed->program->maps.sek_name_policy), &zero, &bed->profile,
			    BPF_ANY);
	source_write(bed, 0, "bad.example\n=only.example\n*.under.example\nkeep.example\n");
	source_write(bed, 1, "worse.example\nbad.example\nsites.example\n");
	source_write(bed, 2, "fine.bad.example\nfine.worse.example\n");
	source_write(bed, 3, "spare.example\nspare2.example\n");
	*state = bed;
	return 0;
}

static int bed_down(void **state)
{
	struct bed *bed = *state;
	char command[128];

	if (!bed)
		return 0;
	names_end(bed);
	namelookup__destroy(bed->program);
	snprintf(command, sizeof(command), "rm -rf %s", bed->dir);
	free(bed);
	return system(command);
}

static struct bed *bed_of(void **state)
{
	struct bed *bed = *state;

	if (!bed) {
		print_message("SKIP: no right to load kernel programs, or no kernel that has them\n");
		skip();
	}
	if (bed->names)
		return bed;
	names_begin(bed);
	assert_int_equal(load(bed), 0);
	return bed;
}

/* flags: of the one profile that there is, beside SEK_NAME_LOOKS_ON. */
static void bed_mode(struct bed *bed, uint64_t flags)
{
	uint32_t zero = 0;

	bed->profile.phase[0].flags = SEK_NAME_LOOKS_ON | flags;
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(bed->program->maps.sek_name_policy), &zero,
					     &bed->profile, BPF_ANY),
			 0);
}

/* --- asking --- */

static struct namelookup_asked kernel_ask(const struct bed *bed, const char *host, const char *path,
					  uint32_t tenant)
{
	static _Thread_local uint8_t frame[1024], out[1024];
	size_t host_len = strlen(host), path_len = path ? strlen(path) : 0;
	uint64_t host_at = NAMELOOKUP_TEXT, path_at = NAMELOOKUP_TEXT + host_len + 8;
	struct namelookup_asked asked = {
		.tenant = tenant,
		.host = 1 | host_at << 16 | (uint64_t)host_len << 32,
		.path = path ? 1 | path_at << 16 | (uint64_t)path_len << 32 | (uint64_t)path_len << 48
			     : 0,
	};
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = sizeof(frame),
		    .data_out = out, .data_size_out = sizeof(out), .repeat = 1);

	memset(frame, 0, sizeof(frame));
	memcpy(frame, &asked, sizeof(asked));
	memcpy(frame + host_at, host, host_len);
	if (path)
		memcpy(frame + path_at, path, path_len);
	assert_int_equal(
		bpf_prog_test_run_opts(bpf_program__fd(bed->program->progs.name_look_t), &run), 0);
	assert_int_equal(run.retval, 2); /* XDP_PASS */
	memcpy(&asked, out, sizeof(asked));
	return asked;
}

/* What kernel and user space think of it, who must agree. */
static int opinion_for(struct bed *bed, const char *host, const char *path, uint32_t tenant)
{
	struct namelookup_asked asked = kernel_ask(bed, host, path, tenant);
	struct name_asked question = { host, path, strlen(host), path ? strlen(path) : 0 };
	struct sek_name_said said =
		names_decide(bed->names, &question, (uint16_t)tenant, &bed->profile.phase[0], NULL);

	if (asked.opinion != said.opinion || asked.lists != said.lists)
		fail_msg("%s%s: kernel %u by %llx, user space %u by %llx", host, path ? path : "",
			 asked.opinion, (unsigned long long)asked.lists, said.opinion,
			 (unsigned long long)said.lists);
	return said.opinion;
}

static int opinion(struct bed *bed, const char *host)
{
	return opinion_for(bed, host, NULL, TENANT);
}

static uint32_t build(const struct bed *bed)
{
	json_t *show = names_show(bed->names, NULL);
	uint32_t number = (uint32_t)json_integer_value(json_object_get(show, "build"));

	json_decref(show);
	return number;
}

static void restart(struct bed *bed)
{
	names_end(bed);
	names_begin(bed);
}

#define SAYS(call, expected)                                                                       \
	do {                                                                                       \
		struct diag diag;                                                                  \
		diag_init(&diag);                                                                  \
		assert_int_equal(call, expected);                                                  \
		diag_free(&diag);                                                                  \
	} while (0)

/* --- rows --- */

static void lists_are_what_the_kernel_says(void **state)
{
	struct bed *bed = bed_of(state);

	assert_int_equal(opinion(bed, "bad.example"), SEK_NAME_BLOCK);
	assert_int_equal(opinion(bed, "www.bad.example"), SEK_NAME_BLOCK);
	assert_int_equal(opinion(bed, "WWW.Bad.Example"), SEK_NAME_BLOCK);
	assert_int_equal(opinion(bed, "fine.bad.example"), SEK_NAME_ALLOW);
	assert_int_equal(opinion(bed, "www.fine.bad.example"), SEK_NAME_ALLOW);
	assert_int_equal(opinion(bed, "only.example"), SEK_NAME_BLOCK);
	assert_int_equal(opinion(bed, "www.only.example"), SEK_NAME_NONE);
	assert_int_equal(opinion(bed, "under.example"), SEK_NAME_NONE);
	assert_int_equal(opinion(bed, "www.under.example"), SEK_NAME_BLOCK);
	assert_int_equal(opinion(bed, "spare.example"), SEK_NAME_NONE);
	assert_int_equal(opinion(bed, "example"), SEK_NAME_NONE);
	assert_int_equal(opinion(bed, "goodbad.example"), SEK_NAME_NONE);
}

static void single_changes_work_at_once(void **state)
{
	struct bed *bed = bed_of(state);
	uint32_t before = build(bed);

	SAYS(names_add(bed->names, "bad", "new.example", 0, "why", &diag), 0);
	SAYS(names_add(bed->names, "bad", "New.Example.", 0, "why", &diag), -EEXIST);
	SAYS(names_add(bed->names, "worse", "sites.example.org/dir/", 0, NULL, &diag), 0);
	SAYS(names_add(bed->names, "bad", "no such name/", 0, NULL, &diag), -EINVAL);
	SAYS(names_add(bed->names, "nosuch", "a.example", 0, NULL, &diag), -ENOENT);
	SAYS(names_delete(bed->names, "bad", "keep.example", "a mistake", &diag), 0);
	SAYS(names_delete(bed->names, "bad", "keep.example", "a mistake", &diag), -ENOENT);
	SAYS(names_delete(bed->names, "bad", "www.bad.example", "not in it", &diag), -ENOENT);
	SAYS(names_delete(bed->names, "bad", "bad.example", NULL, &diag), 0);
	assert_int_equal(opinion(bed, "a.new.example"), SEK_NAME_BLOCK);
	assert_int_equal(opinion_for(bed, "sites.example.org", "/dir/x", TENANT), SEK_NAME_BLOCK);
	assert_int_equal(opinion_for(bed, "sites.example.org", "/dir", TENANT), SEK_NAME_NONE);
	assert_int_equal(opinion(bed, "keep.example"), SEK_NAME_NONE);
	/* It is in the other list as well. */
	assert_int_equal(opinion(bed, "bad.example"), SEK_NAME_BLOCK);
	assert_int_equal(build(bed), before);
	/* In the next table, and after a restart, it is all the same. */
	for (int i = 0; i < 2; i++) {
		source_write(bed, 3, i ? "spare.example\nx.example\n" : "spare.example\ny.example\n");
		if (i)
			restart(bed);
		assert_int_equal(load(bed), 0);
		assert_true(build(bed) > before);
		assert_int_equal(opinion(bed, "a.new.example"), SEK_NAME_BLOCK);
		assert_int_equal(opinion(bed, "keep.example"), SEK_NAME_NONE);
		assert_int_equal(opinion_for(bed, "sites.example.org", "/dir/x", TENANT),
				 SEK_NAME_BLOCK);
	}
	SAYS(names_add(bed->names, "bad", "keep.example", 0, NULL, &diag), 0);
	SAYS(names_add(bed->names, "bad", "bad.example", 0, NULL, &diag), 0);
	SAYS(names_delete(bed->names, "bad", "new.example", NULL, &diag), 0);
	assert_int_equal(opinion(bed, "a.new.example"), SEK_NAME_NONE);
	assert_int_equal(opinion(bed, "keep.example"), SEK_NAME_BLOCK);
}

static void entries_expire(void **state)
{
	struct bed *bed = bed_of(state);

	SAYS(names_add(bed->names, "bad", "short.example", 2000, NULL, &diag), 0);
	SAYS(names_add(bed->names, "bad", "=keep.example", 2000, NULL, &diag), -EEXIST);
	assert_int_equal(opinion(bed, "short.example"), SEK_NAME_BLOCK);
	assert_int_equal(names_expire(bed->names, 1999), 0);
	assert_int_equal(names_expire(bed->names, 2000), 1);
	assert_int_equal(opinion(bed, "short.example"), SEK_NAME_NONE);
	assert_int_equal(names_expire(bed->names, 2001), 0);
}

static void override_put(struct bed *bed, const char *tenant, const char *name, bool allow,
			 int64_t until)
{
	const struct name_override override = { .tenant = tenant,
						.name = name,
						.allow = allow,
						.until = until,
						.made = 1,
						.reason = "for a lesson",
						.asked_by = "a",
						.allowed_by = "b" };

	SAYS(names_override_add(bed->names, bed->journal, &override, NULL, &diag), 0);
}

static void tenants_override_lists(void **state)
{
	struct bed *bed = bed_of(state);
	uint16_t numbers[2] = { TENANT, OTHER_TENANT };
	json_t *rows;

	override_put(bed, "saga", "bad.example", true, 0);
	override_put(bed, "karatsu", "bad.example", false, 0);
	override_put(bed, "karatsu", "fine.bad.example", false, 0);
	override_put(bed, "saga", "sites.example.net/x/", false, 4000000000);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(opinion_for(bed, "a.bad.example", NULL, numbers[0]), SEK_NAME_ALLOW);
		assert_int_equal(opinion_for(bed, "a.bad.example", NULL, numbers[1]), SEK_NAME_BLOCK);
		assert_int_equal(opinion_for(bed, "fine.bad.example", NULL, numbers[0]),
				 SEK_NAME_ALLOW);
		assert_int_equal(opinion_for(bed, "fine.bad.example", NULL, numbers[1]),
				 SEK_NAME_BLOCK);
		assert_int_equal(opinion_for(bed, "sites.example.net", "/x/y", numbers[0]),
				 SEK_NAME_BLOCK);
		assert_int_equal(opinion_for(bed, "sites.example.net", "/x/y", numbers[1]),
				 SEK_NAME_NONE);
		if (i == 0) { /* a table from before, without and with a change, other numbers */
			restart(bed);
		} else if (i == 1) {
			source_write(bed, 3, "spare.example\nz.example\n");
		} else if (i == 2) {
			numbers[0] = bed->tenants[1].id = 12;
			numbers[1] = bed->tenants[2].id = 13;
		}
		assert_int_equal(load(bed), 0);
	}
	bed->tenants[1].id = TENANT;
	bed->tenants[2].id = OTHER_TENANT;
	assert_int_equal(load(bed), 0);
	rows = names_overrides(bed->names, "karatsu");
	assert_int_equal(json_array_size(json_object_get(rows, "overrides")), 2);
	json_decref(rows);
	SAYS(names_override_delete(bed->names, bed->journal, "saga", "Bad.Example", &diag), 0);
	SAYS(names_override_delete(bed->names, bed->journal, "saga", "bad.example", &diag), -ENOENT);
	assert_int_equal(opinion(bed, "a.bad.example"), SEK_NAME_BLOCK);
	assert_int_equal(names_expire(bed->names, 4000000001), 1);
	assert_int_equal(opinion_for(bed, "sites.example.net", "/x/y", TENANT), SEK_NAME_NONE);
	restart(bed);
	assert_int_equal(load(bed), 0);
	assert_int_equal(opinion(bed, "a.bad.example"), SEK_NAME_BLOCK);
	assert_int_equal(opinion_for(bed, "fine.bad.example", NULL, OTHER_TENANT), SEK_NAME_BLOCK);
	SAYS(names_override_delete(bed->names, bed->journal, "karatsu", "bad.example", &diag), 0);
	SAYS(names_override_delete(bed->names, bed->journal, "karatsu", "fine.bad.example", &diag),
	     0);
}

/* What changes of a page by hand changes the mark of its host, in the overlay as in the next table. */
static void pages_open_their_host(void **state)
{
	struct bed *bed = bed_of(state);
	const struct name_asked asked = { "pages.example", NULL, 13, 0 };
	struct names_why why;
	json_t *rows;

	bed_mode(bed, SEK_NAME_ONLY_LISTED);
	assert_int_equal(opinion(bed, "pages.example"), SEK_NAME_NONE);
	SAYS(names_add(bed->names, "good", "http://pages.example/one/", 0, NULL, &diag), 0);
	SAYS(names_add(bed->names, "good", "pages.example/two", 0, NULL, &diag), 0);
	SAYS(names_add(bed->names, "bad", "bad.example/page", 0, NULL, &diag), 0);
	for (int i = 0; i < 3; i++) { /* by the overlay, by a new table, after a restart */
		source_write(bed, 3,
			     i & 1 ? "spare.example\nx.example\n" : "spare.example\ny.example\n");
		if (i == 2)
			restart(bed);
		if (i)
			assert_int_equal(load(bed), 0);
		assert_int_equal(opinion(bed, "pages.example"), SEK_NAME_ALLOW);
		assert_int_equal(opinion(bed, "a.pages.example"), SEK_NAME_NONE);
		assert_int_equal(opinion_for(bed, "pages.example", "/two", TENANT), SEK_NAME_ALLOW);
		assert_int_equal(opinion_for(bed, "pages.example", "/three", TENANT), SEK_NAME_NONE);
	}
	names_decide(bed->names, &asked, TENANT, &bed->profile.phase[0], &why);
	assert_string_equal(why.list_name, "good");
	names_why_free(&why);
	SAYS(names_delete(bed->names, "good", "pages.example/one/", NULL, &diag), 0);
	assert_int_equal(opinion(bed, "pages.example"), SEK_NAME_ALLOW);
	SAYS(names_delete(bed->names, "good", "pages.example/two", NULL, &diag), 0);
	assert_int_equal(opinion(bed, "pages.example"), SEK_NAME_NONE);
	override_put(bed, "saga", "pages.example/one/", true, 4000000000LL);
	assert_int_equal(opinion(bed, "pages.example"), SEK_NAME_ALLOW);
	assert_int_equal(opinion_for(bed, "pages.example", NULL, OTHER_TENANT), SEK_NAME_NONE);
	restart(bed);
	assert_int_equal(load(bed), 0);
	assert_int_equal(opinion(bed, "pages.example"), SEK_NAME_ALLOW);
	assert_true(names_expire(bed->names, 4000000000LL) >= 1); /* others of before are over, too */
	assert_int_equal(opinion(bed, "pages.example"), SEK_NAME_NONE);
	SAYS(names_delete(bed->names, "bad", "bad.example/page", NULL, &diag), 0);
	rows = names_overrides(bed->names, NULL);
	assert_int_equal(json_array_size(json_object_get(rows, "overrides")), 0);
	json_decref(rows);
	bed_mode(bed, 0);
}

static void a_restart_builds_nothing_anew(void **state)
{
	struct bed *bed = bed_of(state);
	uint32_t before;

	/* What was changed by hand is in the table. */
	source_write(bed, 3, "spare.example\nw.example\n");
	assert_int_equal(load(bed), 0);
	before = build(bed);
	restart(bed);
	assert_int_equal(build(bed), before);
	/* Before anything is read, all is in force. */
	assert_int_equal(opinion(bed, "bad.example"), SEK_NAME_BLOCK);
	SAYS(names_add(bed->names, "bad", "a.example", 0, NULL, &diag), -EAGAIN);
	assert_int_equal(load(bed), 0);
	assert_int_equal(build(bed), before);
	source_write(bed, 3, "spare.example\nv.example\n");
	restart(bed);
	assert_int_equal(load(bed), 0);
	assert_int_equal(build(bed), before + 1);
	/* A change by hand that no table has: one is made. */
	SAYS(names_add(bed->names, "bad", "hand.example", 0, NULL, &diag), 0);
	restart(bed);
	assert_int_equal(opinion(bed, "hand.example"), SEK_NAME_BLOCK);
	assert_int_equal(load(bed), 0);
	assert_int_equal(opinion(bed, "hand.example"), SEK_NAME_BLOCK);
	SAYS(names_delete(bed->names, "bad", "hand.example", NULL, &diag), 0);
}

static void a_worse_list_changes_nothing(void **state)
{
	struct bed *bed = bed_of(state);

	source_write(bed, 1, "worse.example\n");
	assert_int_equal(load(bed), 0);
	assert_int_equal(opinion(bed, "sites.example"), SEK_NAME_BLOCK);
	assert_int_equal(unlink(bed->text[1]), 0);
	restart(bed);
	assert_int_equal(load(bed), 0);
	assert_int_equal(opinion(bed, "sites.example"), SEK_NAME_BLOCK);
	source_write(bed, 1, "worse.example\nbad.example\nsites.example\n");
	assert_int_equal(load(bed), 0);
	SAYS(names_replace(bed->names, "worse", "x.example\n", 10, NULL, false, NULL, &diag),
	     -ERANGE);
	assert_int_equal(opinion(bed, "x.example"), SEK_NAME_NONE);
	SAYS(names_replace(bed->names, "worse", "x.example\n", 10, NULL, true, NULL, &diag), 0);
	assert_int_equal(opinion(bed, "x.example"), SEK_NAME_BLOCK);
	assert_int_equal(opinion(bed, "sites.example"), SEK_NAME_NONE);
	/* It stays until the source is another. */
	restart(bed);
	assert_int_equal(load(bed), 0);
	assert_int_equal(opinion(bed, "x.example"), SEK_NAME_BLOCK);
	source_write(bed, 1, "worse.example\nbad.example\nsites.example\n");
	assert_int_equal(load(bed), 0);
	assert_int_equal(opinion(bed, "x.example"), SEK_NAME_NONE);
	assert_int_equal(opinion(bed, "sites.example"), SEK_NAME_BLOCK);
}

/* A policy that is made live, or is not, with changes by hand between its halves. */
static void a_policy_goes_live_with_its_lists(void **state)
{
	struct bed *bed = bed_of(state);
	uint32_t before = build(bed);

	source_write(bed, 1, "worse.example\nbad.example\nsites.example\nlater.example\n");
	SAYS(names_prepare(bed->names, &bed->policy, 2, NULL, NULL, &diag), 0);
	assert_int_equal(names_decide(bed->names, &(struct name_asked){ "later.example", NULL, 13, 0 },
				      TENANT, &bed->profile.phase[0], NULL)
				 .opinion,
			 SEK_NAME_NONE);
	/* The program asks for slot 0, which this generation is of. */
	assert_int_equal(kernel_ask(bed, "later.example", NULL, TENANT).opinion, SEK_NAME_BLOCK);
	SAYS(names_add(bed->names, "bad", "between.example", 0, NULL, &diag), 0);
	assert_int_equal(kernel_ask(bed, "between.example", NULL, TENANT).opinion, SEK_NAME_NONE);
	names_abort(bed->names);
	SAYS(names_settle(bed->names, &diag), 0);
	assert_int_equal(opinion(bed, "later.example"), SEK_NAME_NONE);
	assert_int_equal(opinion(bed, "between.example"), SEK_NAME_BLOCK);
	assert_int_equal(build(bed), before);
	SAYS(names_prepare(bed->names, &bed->policy, 3, NULL, NULL, &diag), 0);
	assert_int_equal(opinion(bed, "later.example"), SEK_NAME_NONE);
	SAYS(names_delete(bed->names, "bad", "between.example", NULL, &diag), 0);
	SAYS(names_delete(bed->names, "worse", "sites.example", NULL, &diag), 0);
	override_put(bed, "saga", "later.example", true, 0);
	names_commit_begin(bed->names);
	names_commit_end(bed->names);
	SAYS(names_settle(bed->names, &diag), 0);
	assert_int_equal(opinion_for(bed, "later.example", NULL, OTHER_TENANT), SEK_NAME_BLOCK);
	assert_int_equal(opinion(bed, "later.example"), SEK_NAME_ALLOW);
	assert_int_equal(opinion(bed, "between.example"), SEK_NAME_NONE);
	assert_int_equal(opinion(bed, "sites.example"), SEK_NAME_NONE);
	assert_int_equal(build(bed), before + 1);
	SAYS(names_add(bed->names, "worse", "sites.example", 0, NULL, &diag), 0);
	SAYS(names_override_delete(bed->names, bed->journal, "saga", "later.example", &diag), 0);
}

static void why_is_told(void **state)
{
	struct bed *bed = bed_of(state);
	struct name_asked asked = { "www.bad.example", NULL, 15, 0 };
	struct names_why why;
	struct sek_name_said said;
	json_t *show;

	said = names_decide(bed->names, &asked, TENANT, &bed->profile.phase[0], &why);
	assert_int_equal(said.opinion, SEK_NAME_BLOCK);
	assert_string_equal(why.list_name, "bad");
	assert_string_equal(why.entry, "bad.example");
	assert_int_equal(why.line, 1);
	assert_string_equal(why.source, bed->text[0]);
	names_why_free(&why);
	asked = (struct name_asked){ "nothing.example", NULL, 15, 0 };
	names_decide(bed->names, &asked, TENANT, &bed->profile.phase[0], &why);
	assert_int_equal(why.list, -1);
	names_why_free(&why);
	show = names_show(bed->names, "bad");
	assert_non_null(show);
	assert_int_equal(json_array_size(json_object_get(show, "lists")), 1);
	json_decref(show);
	assert_null(names_show(bed->names, "nosuch"));
	assert_true(names_has(bed->names, "good"));
	assert_false(names_has(bed->names, "nosuch"));
}

/* --- many swaps under many questions --- */

struct asking {
	const struct bed *bed;
	bool stop;
	uint64_t asked, wrong;
};

static void *ask_run(void *arg)
{
	struct asking *asking = arg;
	char host[64];

	for (uint32_t i = 0; !__atomic_load_n(&asking->stop, __ATOMIC_RELAXED); i++) {
		bool listed = i & 1;
		uint32_t opinion;

		/* Of both contents, or of neither. */
		snprintf(host, sizeof(host), "www.%s%u.example", listed ? "always" : "never",
			 i % 5000);
		opinion = kernel_ask(asking->bed, host, NULL, TENANT).opinion;
		asking->wrong += opinion != (listed ? SEK_NAME_BLOCK : SEK_NAME_NONE);
		asking->asked++;
	}
	return NULL;
}

/* 5,000 names that are always there, and as many that are in each `turn` alone. */
static char *turn_text(int turn, size_t *ret_len)
{
	size_t cap = 10000 * 40, len = 0;
	char *text = malloc(cap);

	assert_non_null(text);
	for (int i = 0; i < 5000; i++)
		len += (size_t)snprintf(text + len, cap - len,
					"always%d.example\nturn%d-%d.example\n", i, turn, i);
	*ret_len = len;
	return text;
}

static uint32_t chunks_filled(const struct bed *bed)
{
	struct sek_name_heads *heads = malloc(sizeof(*heads));
	uint32_t zero = 0, cnt = 0;

	assert_non_null(heads);
	assert_int_equal(
		bpf_map_lookup_elem(bpf_map__fd(bed->program->maps.sek_name_head), &zero, heads), 0);
	for (uint32_t i = 0; i < SEK_NAME_CHUNKS / 64; i++)
		cnt += (uint32_t)__builtin_popcountll(heads->filled[i]);
	free(heads);
	return cnt;
}

static void swaps_are_never_seen(void **state)
{
	enum { TURNS = 22 };
	struct bed *bed = bed_of(state);
	struct asking asking = { .bed = bed };
	pthread_t thread;
	size_t second = 0, len;

	for (int turn = 0; turn < TURNS; turn++) {
		char *text = turn_text(turn, &len), name[64];

		if (turn == 1)
			assert_int_equal(pthread_create(&thread, NULL, ask_run, &asking), 0);
		SAYS(names_replace(bed->names, "bad", text, len, NULL, true, NULL, &diag), 0);
		free(text);
		snprintf(name, sizeof(name), "turn%d-77.example", turn);
		assert_int_equal(opinion(bed, name), SEK_NAME_BLOCK);
		snprintf(name, sizeof(name), "turn%d-77.example", turn - 1);
		assert_int_equal(opinion(bed, name), SEK_NAME_NONE);
		assert_int_equal(chunks_filled(bed), 1);
		second = turn == 1 ? statm_read().resident : second;
	}
	__atomic_store_n(&asking.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	print_message("%llu questions while %d tables were swapped: %llu wrong; %zu KiB, then %zu\n",
		      (unsigned long long)asking.asked, TURNS - 1, (unsigned long long)asking.wrong,
		      second >> 10, (size_t)statm_read().resident >> 10);
	assert_int_equal(asking.wrong, 0);
	assert_true(asking.asked > 1000);
}

static void many_changes_become_a_table(void **state)
{
	struct bed *bed = bed_of(state);
	uint32_t before = build(bed);
	char name[64];
	struct diag diag;

	diag_init(&diag);
	for (int i = 0; i < SEK_NAME_OVER_MAX / 8; i++) {
		snprintf(name, sizeof(name), "many%d.example", i);
		assert_int_equal(names_add(bed->names, "good", name, 0, NULL, &diag), 0);
	}
	assert_int_equal(build(bed), before);
	assert_int_equal(names_fold(bed->names, &diag), 0);
	assert_int_equal(build(bed), before);
	diag_free(&diag);
	assert_int_equal(opinion(bed, "many0.example"), SEK_NAME_ALLOW);
	assert_int_equal(opinion(bed, "many2047.example"), SEK_NAME_ALLOW);
}

static void the_week_begins_on_monday(void **state)
{
	/* 2026-11-29 12:00 UTC is a Sunday. */
	setenv("TZ", "UTC", 1);
	tzset();
	assert_int_equal(name_week_begin(1795953600, 700000 * 1000000000ULL),
			 (700000 - 6 * 86400 - 43200) * 1000000000ULL);
	/* A machine that was started today: before its clock began. */
	assert_int_equal(name_week_begin(1795953600, 1000000000ULL),
			 1000000000ULL - (6 * 86400 + 43200) * 1000000000ULL);
	setenv("TZ", "Asia/Tokyo", 1);
	tzset();
	assert_int_equal(name_week_begin(1795953600 + 3 * 3600, 1000000000ULL), 1000000000ULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_what_the_kernel_says),
		cmocka_unit_test(single_changes_work_at_once),
		cmocka_unit_test(entries_expire),
		cmocka_unit_test(tenants_override_lists),
		cmocka_unit_test(pages_open_their_host),
		cmocka_unit_test(a_restart_builds_nothing_anew),
		cmocka_unit_test(a_worse_list_changes_nothing),
		cmocka_unit_test(a_policy_goes_live_with_its_lists),
		cmocka_unit_test(why_is_told),
		cmocka_unit_test(swaps_are_never_seen),
		cmocka_unit_test(many_changes_become_a_table),
		cmocka_unit_test(the_week_begins_on_monday),
	};

	return cmocka_run_group_tests(tests, bed_up, bed_down);
}
