// SPDX-License-Identifier: Apache-2.0
/*
 * The lists in a real kernel: loading, replacing, single changes, expiry and restart through
 * policy/install/lists.c, asked by BPF_PROG_TEST_RUN and compared with a model that walks over all
 * prefixes. Needs root; says SKIP otherwise.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bpf/listlookup.skel.h"
#include "install/lists.h"
#include "lists/set.h"
#include "sekisho/list.h"

#define ADDRESSES 64
#define NAMES 8

/* The gateway's list maps with the tiny program, and the lists over them. */
struct bed {
	struct listlookup *program;
	struct lists *lists;
	struct model_list models[NAMES];
	char names[NAMES][24];
	char state_dir[64];
	unsigned int changed_cnt;
};

/* One prefix of one list; the model is a plain array of these. */
struct fact {
	struct prefix prefix;
	uint8_t list;
};

struct model {
	struct fact *facts;
	size_t cnt, cap;
};

static uint64_t random_state = 0x5eed;

static uint64_t random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static uint64_t model_find(const struct model *model, const struct sek_addr *addr)
{
	uint64_t lists = 0;

	for (size_t i = 0; i < model->cnt; i++)
		if (prefix_holds(&model->facts[i].prefix, addr))
			lists |= 1ULL << model->facts[i].list;
	return lists;
}

static size_t model_at(const struct model *model, uint8_t list, const struct prefix *prefix)
{
	size_t i;

	for (i = 0; i < model->cnt; i++)
		if (model->facts[i].list == list && !prefix_compare(&model->facts[i].prefix, prefix))
			break;
	return i;
}

static void model_add(struct model *model, uint8_t list, const struct prefix *prefix)
{
	if (model_at(model, list, prefix) < model->cnt)
		return;
	if (model->cnt == model->cap) {
		model->cap = model->cap ? model->cap * 2 : 64;
		model->facts = reallocarray(model->facts, model->cap, sizeof(*model->facts));
		assert_non_null(model->facts);
	}
	model->facts[model->cnt++] = (struct fact){ *prefix, list };
}

static bool model_delete(struct model *model, uint8_t list, const struct prefix *prefix)
{
	size_t at = model_at(model, list, prefix);

	if (at == model->cnt)
		return false;
	model->facts[at] = model->facts[--model->cnt];
	return true;
}

static void model_clear(struct model *model, uint8_t list)
{
	for (size_t i = model->cnt; i-- > 0;)
		if (model->facts[i].list == list)
			model->facts[i] = model->facts[--model->cnt];
}

static void bed_changed(void *arg)
{
	__atomic_add_fetch(&((struct bed *)arg)->changed_cnt, 1, __ATOMIC_RELAXED);
}

static void bed_lists(struct bed *bed, bool keep)
{
	struct lists_kernel kernel = {
		.head_fd = bpf_map__fd(bed->program->maps.sek_list_head),
		.chunk_fd = bpf_map__fd(bed->program->maps.sek_list),
		.over_fd = bpf_map__fd(bed->program->maps.sek_list_over),
		.count_fd = -1,
		.changed = bed_changed,
		.arg = bed,
	};

	assert_int_equal(lists_open_maps(&kernel, keep ? bed->state_dir : NULL, &bed->lists), 0);
}

static void bed_load(struct bed *bed)
{
	struct policy policy = { .lists = bed->models, .list_cnt = NAMES };
	struct diag diag;

	diag_init(&diag);
	assert_int_equal(lists_load(bed->lists, &policy, NULL, NULL, &diag), 0);
	diag_free(&diag);
}

static int bed_up(void **state)
{
	struct bed *bed = calloc(1, sizeof(*bed));

	if (!bed)
		return -1;
	libbpf_set_print(NULL);
	bed->program = listlookup__open_and_load();
	if (!bed->program) {
		free(bed);
		*state = NULL;
		return 0;
	}
	strcpy(bed->state_dir, "/tmp/sekisho-lists-XXXXXX");
	if (!mkdtemp(bed->state_dir)) {
		listlookup__destroy(bed->program);
		free(bed);
		return -1;
	}
	for (int i = 0; i < NAMES; i++) {
		snprintf(bed->names[i], sizeof(bed->names[i]), "list-%d", i);
		bed->models[i] = (struct model_list){ .id = i * 9, .name = bed->names[i] };
	}
	*state = bed;
	return 0;
}

static int bed_down(void **state)
{
	struct bed *bed = *state;
	char command[128];

	if (!bed)
		return 0;
	lists_close(bed->lists);
	listlookup__destroy(bed->program);
	snprintf(command, sizeof(command), "rm -rf %s", bed->state_dir);
	free(bed);
	return system(command);
}

static struct bed *bed_of(void **state)
{
	if (!*state) {
		print_message("SKIP: no right to load kernel programs, or no kernel that has them\n");
		skip();
	}
	return *state;
}

/* Asks the kernel program about up to 64 addresses at once. */
static void kernel_find(const struct bed *bed, const struct sek_addr *addrs, size_t cnt,
			uint64_t *ret_lists)
{
	struct sek_addr in[ADDRESSES] = {}, out[ADDRESSES];
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = in, .data_size_in = sizeof(in),
		    .data_out = out, .data_size_out = sizeof(out), .repeat = 1);

	memcpy(in, addrs, cnt * sizeof(*addrs));
	assert_int_equal(
		bpf_prog_test_run_opts(bpf_program__fd(bed->program->progs.list_answer), &run), 0);
	for (size_t i = 0; i < cnt; i++)
		ret_lists[i] = out[i].q[0];
}

static struct sek_addr addr_of(const char *text)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, strlen(text), &prefix, NULL), PREFIX_OK);
	return prefix.addr;
}

static uint64_t kernel_find_text(const struct bed *bed, const char *text)
{
	struct sek_addr addr = addr_of(text);
	uint64_t lists;

	kernel_find(bed, &addr, 1, &lists);
	return lists;
}

/* The model's lists are numbered 0..7, the policy's 0, 9, 18... */
static uint64_t spread(uint64_t lists)
{
	uint64_t wide = 0;

	for (int i = 0; i < NAMES; i++)
		if (lists >> i & 1)
			wide |= 1ULL << (i * 9);
	return wide;
}

static struct prefix prefix_random(bool v4, unsigned int least, unsigned int dense)
{
	struct prefix prefix = {};

	/* Few bits differ, so that prefixes nest and share /24s and /32s. */
	prefix.addr.q[0] = random_next() & random_next();
	prefix.addr.q[1] = random_next() & random_next();
	for (unsigned int i = 0; i < dense && i < 16; i++)
		prefix.addr.b[i] = v4 ? 0 : 0x20;
	if (v4) {
		memset(prefix.addr.b, 0, 10);
		memset(prefix.addr.b + 10, 0xff, 2);
		for (unsigned int i = 12; i < 12 + dense && i < 16; i++)
			prefix.addr.b[i] = 10;
	}
	if (v4)
		least = PREFIX_V4_BITS + (least < 32 ? least : 32);
	prefix.len = least + random_next() % (129 - least);
	return prefix_cut(&prefix, prefix.len);
}

/* An address at, just before or behind, or inside a random fact; or any. */
static struct sek_addr addr_random(const struct model *model)
{
	const struct prefix *prefix;
	struct sek_addr addr;

	if (!model->cnt || random_next() % 8 == 0)
		return prefix_random(random_next() & 1, 0, random_next() % 4).addr;
	prefix = &model->facts[random_next() % model->cnt].prefix;
	addr = prefix->addr;
	switch (random_next() % 4) {
	case 0:
		break;
	case 1:
		for (unsigned int bit = prefix->len; bit < 128; bit++)
			addr.b[bit / 8] |= 0x80 >> (bit % 8);
		if (random_next() & 1)
			break;
		__attribute__((fallthrough)); /* the one behind it */
	case 2:
		for (int i = 15, carry = random_next() & 1 ? 1 : 255; i >= 12; i--) {
			carry += addr.b[i];
			addr.b[i] = carry;
			carry = carry > 255 ? 1 : 0;
		}
		break;
	default:
		for (unsigned int bit = prefix->len; bit < 128; bit++)
			if (random_next() & 1)
				addr.b[bit / 8] |= 0x80 >> (bit % 8);
	}
	return addr;
}

static void compare(const struct bed *bed, const struct model *model, size_t rounds)
{
	struct sek_addr addrs[ADDRESSES];
	uint64_t lists[ADDRESSES];
	char text[PREFIX_TEXT_MAX];

	for (size_t round = 0; round < rounds; round++) {
		for (int i = 0; i < ADDRESSES; i++)
			addrs[i] = addr_random(model);
		kernel_find(bed, addrs, ADDRESSES, lists);
		for (int i = 0; i < ADDRESSES; i++) {
			uint64_t want = spread(model_find(model, &addrs[i]));

			if (lists[i] != want)
				fail_msg("%s: kernel %#llx, model %#llx",
					 address_print(&addrs[i], text),
					 (unsigned long long)lists[i], (unsigned long long)want);
			assert_true(lists_find(bed->lists, &addrs[i]) == want);
		}
	}
}

static int change(struct bed *bed, uint8_t list, const struct prefix *prefix, bool add)
{
	char text[PREFIX_TEXT_MAX];
	struct diag diag;
	int err;

	diag_init(&diag);
	prefix_print(prefix, text);
	err = add ? lists_add(bed->lists, bed->names[list], text, 0, "a test", &diag)
		  : lists_delete(bed->lists, bed->names[list], text, "a test", &diag);
	diag_free(&diag);
	return err;
}

static void change_both(struct bed *bed, struct model *model, uint8_t list,
			const struct prefix *prefix, bool add)
{
	int err = change(bed, list, prefix, add);

	if (add) {
		assert_true(err == 0 || err == -EEXIST);
		model_add(model, list, prefix);
	} else {
		assert_int_equal(err, model_delete(model, list, prefix) ? 0 : -ENOENT);
	}
}

/* Replaces one list by cnt random prefixes, in kernel and model. */
static void replace_both(struct bed *bed, struct model *model, uint8_t list, size_t cnt,
			 unsigned int least, unsigned int dense)
{
	char *text = malloc(cnt * PREFIX_TEXT_MAX + 1), *at = text;
	struct diag diag;

	model_clear(model, list);
	for (size_t i = 0; i < cnt; i++) {
		struct prefix prefix = prefix_random(random_next() & 1, least, dense);

		model_add(model, list, &prefix);
		prefix_print(&prefix, at);
		at += strlen(at);
		*at++ = '\n';
	}
	diag_init(&diag);
	assert_int_equal(lists_replace(bed->lists, bed->names[list], text, at - text, "plain", true,
				       NULL, &diag),
			 0);
	diag_free(&diag);
	free(text);
}

static void empty_kernel_knows_nothing(void **state)
{
	struct bed *bed = bed_of(state);

	bed_lists(bed, false);
	assert_true(kernel_find_text(bed, "192.0.2.1") == 0);
	bed_load(bed);
	assert_true(kernel_find_text(bed, "192.0.2.1") == 0);
	assert_true(kernel_find_text(bed, "2001:db8::1") == 0);
	assert_int_equal(bed->changed_cnt, 1);
}

static void random_lists_are_found(void **state)
{
	struct bed *bed = bed_of(state);
	static const struct {
		size_t cnt;
		unsigned int least, dense;
	} shapes[] = {
		{ 5, 0, 0 },	{ 40, 0, 0 },	{ 40, 0, 2 },	{ 300, 0, 3 },
		{ 300, 20, 2 }, { 300, 24, 1 }, { 200, 30, 3 }, { 1, 0, 0 },
	};

	bed_lists(bed, false);
	bed_load(bed);
	for (int turn = 0; turn < 2; turn++) {
		struct model model = {};

		for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
			for (uint8_t list = 0; list < NAMES; list += 2 + turn)
				replace_both(bed, &model, list, shapes[i].cnt / (1 + turn) + 1,
					     shapes[i].least, shapes[i].dense);
			compare(bed, &model, 150);
		}
		free(model.facts);
		lists_close(bed->lists);
		bed_lists(bed, false);
		bed_load(bed);
	}
}

static void edges_are_found(void **state)
{
	struct bed *bed = bed_of(state);
	static const char *const edges[] = {
		"0.0.0.0/0",
		"::/0",
		"0.0.0.0",
		"255.255.255.255",
		"::",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"128.0.0.0/1",
		"8000::/1",
		"10.0.0.0/31",
		"255.255.255.0/24",
		"ffff:ffff::/32",
		"ffff:fffe::/31",
		"::ffff:0:0/96",
		"2001:db8:0:0:8000::/65",
		"2001:db8::/32",
		"0.0.0.0/24",
		"::/32",
		"0.0.1.0/24",
		"2001:db8::/127",
		"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
		"2001:db9::",
	};
	struct model model = {};

	bed_lists(bed, false);
	bed_load(bed);
	for (int fold = 0; fold < 2; fold++) {
		for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
			struct prefix prefix;

			prefix_parse(edges[i], strlen(edges[i]), &prefix, NULL);
			change_both(bed, &model, i % NAMES, &prefix, true);
			compare(bed, &model, 20);
			if (fold) /* into the table, one by one */
				replace_both(bed, &model, 7, 3, 60, 3);
			compare(bed, &model, 20);
		}
		for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
			struct prefix prefix;

			prefix_parse(edges[i], strlen(edges[i]), &prefix, NULL);
			if (i % NAMES != 7 || !fold)
				change_both(bed, &model, i % NAMES, &prefix, false);
			compare(bed, &model, 20);
		}
	}
	free(model.facts);
}

/* G47: whatever the order of coming and going, the other two stay as they are. */
static void nested_in_every_order(void **state)
{
	struct bed *bed = bed_of(state);
	static const int orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
					  { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
	static const char *const nested[2][3] = {
		{ "10.0.0.0/8", "10.1.0.0/16", "10.1.1.1/32" },
		{ "2001:db8::/32", "2001:db8:1::/48", "2001:db8:1::1" },
	};

	bed_lists(bed, false);
	bed_load(bed);
	for (int run = 0; run < 36 * 2 * 2; run++) {
		const int *come = orders[run % 6], *go = orders[run / 6 % 6];
		const char *const *texts = nested[run / 36 % 2];
		bool published = run / 72; /* added by hand, or in the table and taken out */
		struct model model = {};
		struct prefix prefix[3];

		for (int i = 0; i < 3; i++)
			prefix_parse(texts[i], strlen(texts[i]), &prefix[i], NULL);
		for (int i = 0; i < 3; i++) {
			change_both(bed, &model, 1, &prefix[come[i]], true);
			compare(bed, &model, 4);
		}
		if (published) {
			struct diag diag;
			char all[128];
			int len = snprintf(all, sizeof(all), "%s\n%s\n%s\n", texts[0], texts[1],
					   texts[2]);

			diag_init(&diag);
			assert_int_equal(lists_replace(bed->lists, bed->names[1], all, len, NULL,
						       false, NULL, &diag),
					 0);
			diag_free(&diag);
		}
		for (int i = 0; i < 3; i++) {
			change_both(bed, &model, 1, &prefix[go[i]], false);
			compare(bed, &model, 4);
		}
		free(model.facts);
	}
}

/* Long random histories of adding, deleting and replacing, nested prefixes everywhere. */
static void random_changes_are_found(void **state)
{
	struct bed *bed = bed_of(state);
	struct model model = {};

	bed_lists(bed, false);
	bed_load(bed);
	for (int step = 0; step < 4000; step++) {
		uint8_t list = random_next() % NAMES;
		struct prefix prefix =
			prefix_random(random_next() & 1, random_next() % 33, random_next() % 4);
		unsigned int what = random_next() % 64;

		if (what == 0)
			replace_both(bed, &model, list, 1 + random_next() % 80, 0, random_next() % 4);
		else if (what < 36)
			change_both(bed, &model, list, &prefix, true);
		else if (model.cnt)
			change_both(bed, &model, model.facts[step % model.cnt].list,
				    &model.facts[random_next() % model.cnt].prefix, false);
		if (step % 4 == 0)
			compare(bed, &model, 1);
	}
	compare(bed, &model, 200);
	free(model.facts);
}

/* G49: two lists, two spellings, one deleted. */
static void each_list_owns_its_entries(void **state)
{
	struct bed *bed = bed_of(state);
	struct diag diag;

	bed_lists(bed, false);
	bed_load(bed);
	diag_init(&diag);
	assert_int_equal(lists_add(bed->lists, "list-0", "10.0.0.1/24", 0, "", &diag), 0);
	assert_int_equal(diag.cnt, 1);
	assert_non_null(strstr(diag.entries[0].text, "10.0.0.0/24"));
	assert_int_equal(lists_add(bed->lists, "list-1", "10.0.0.0/24", 0, "", &diag), 0);
	assert_true(kernel_find_text(bed, "10.0.0.77") == (1ULL | 1ULL << 9));
	assert_int_equal(lists_delete(bed->lists, "list-0", "10.0.0.0/24", "", &diag), 0);
	assert_true(kernel_find_text(bed, "10.0.0.77") == 1ULL << 9);
	assert_int_equal(lists_delete(bed->lists, "list-0", "10.0.0.0/24", "", &diag), -ENOENT);
	assert_int_equal(lists_add(bed->lists, "nowhere", "10.0.0.0/24", 0, "", &diag), -ENOENT);
	assert_int_equal(lists_add(bed->lists, "list-0", "010.0.0.0/24", 0, "", &diag), -EINVAL);
	diag_free(&diag);
}

static void entries_expire(void **state)
{
	struct bed *bed = bed_of(state);
	int64_t now = time(NULL);
	struct diag diag;

	bed_lists(bed, false);
	bed_load(bed);
	diag_init(&diag);
	assert_int_equal(lists_add(bed->lists, "list-2", "198.51.100.0/24", now + 5, "", &diag), 0);
	assert_int_equal(lists_add(bed->lists, "list-2", "198.51.100.7", now + 9, "", &diag), 0);
	assert_int_equal(lists_add(bed->lists, "list-2", "2001:db8::/48", 0, "", &diag), 0);
	assert_int_equal(lists_expire(bed->lists, now + 4), 0);
	assert_true(kernel_find_text(bed, "198.51.100.1") == 1ULL << 18);
	assert_int_equal(lists_expire(bed->lists, now + 5), 1);
	assert_true(kernel_find_text(bed, "198.51.100.1") == 0);
	assert_true(kernel_find_text(bed, "198.51.100.7") == 1ULL << 18);
	assert_int_equal(lists_expire(bed->lists, now + 100), 1);
	assert_true(kernel_find_text(bed, "198.51.100.7") == 0);
	assert_true(kernel_find_text(bed, "2001:db8::9") == 1ULL << 18);
	diag_free(&diag);
}

static void a_worse_list_changes_nothing(void **state)
{
	struct bed *bed = bed_of(state);
	static const struct {
		const char *text;
		int err;
	} rows[] = {
		{ "", -ENODATA },
		{ "# nothing\n", -ENODATA },
		{ "192.0.2.1\n", -ERANGE },
		{ "example.com\nexample.net\n", -ENODATA },
		{ "192.0.2.1\nx\x01\n1.2.3\n1.2.3.4.5\n", -EBADMSG },
	};
	const char *good = "192.0.2.0/24\n198.51.100.0/24\n203.0.113.0/24\n2001:db8::/32\n";
	struct lists_change change = {};
	struct diag diag;

	bed_lists(bed, false);
	bed_load(bed);
	diag_init(&diag);
	assert_int_equal(lists_replace(bed->lists, "list-3", good, strlen(good), NULL, false,
				       &change, &diag),
			 0);
	assert_int_equal(change.after_cnt, 4);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t told = diag.cnt;

		assert_int_equal(lists_replace(bed->lists, "list-3", rows[i].text,
					       strlen(rows[i].text), "plain", false, NULL, &diag),
				 rows[i].err);
		assert_true(diag.cnt > told);
		assert_true(kernel_find_text(bed, "203.0.113.5") == 1ULL << 27);
	}
	assert_int_equal(
		lists_replace(bed->lists, "list-3", "192.0.2.1\n", 10, NULL, true, NULL, &diag), 0);
	assert_true(kernel_find_text(bed, "203.0.113.5") == 0);
	diag_free(&diag);
}

static void a_restart_keeps_all(void **state)
{
	struct bed *bed = bed_of(state);
	const char *published = "192.0.2.0/24\n198.51.100.0/24\n";
	struct diag diag;
	json_t *shown;

	bed_lists(bed, true);
	bed_load(bed);
	diag_init(&diag);
	lists_replace(bed->lists, "list-4", published, strlen(published), NULL, false, NULL, &diag);
	lists_add(bed->lists, "list-4", "203.0.113.9", 0, "seen in\nthe log", &diag);
	lists_add(bed->lists, "list-4", "203.0.113.10", time(NULL) + 1000, "for a while", &diag);
	lists_add(bed->lists, "list-4", "203.0.113.11", time(NULL) - 1, "over already", &diag);
	lists_delete(bed->lists, "list-4", "198.51.100.0/24", "wrong", &diag);
	lists_close(bed->lists);

	/* Between the two agents, and until the lists are read again: as it was. */
	bed_lists(bed, true);
	assert_true(kernel_find_text(bed, "203.0.113.9") == 1ULL << 36);
	assert_true(kernel_find_text(bed, "198.51.100.1") == 0);
	assert_int_equal(lists_add(bed->lists, "list-4", "203.0.113.12", 0, "", &diag), -EAGAIN);
	bed_load(bed);
	assert_true(kernel_find_text(bed, "192.0.2.1") == 1ULL << 36);
	assert_true(kernel_find_text(bed, "203.0.113.9") == 1ULL << 36);
	assert_true(kernel_find_text(bed, "203.0.113.10") == 1ULL << 36);
	assert_true(kernel_find_text(bed, "203.0.113.11") == 0);
	assert_true(kernel_find_text(bed, "198.51.100.1") == 0);
	shown = lists_show(bed->lists, "list-4");
	assert_int_equal(json_integer_value(json_object_get(
				 json_array_get(json_object_get(shown, "lists"), 0), "entries")),
			 3);
	assert_int_equal(json_array_size(json_object_get(shown, "changes")), 3);
	json_decref(shown);
	diag_free(&diag);
}

static json_int_t shown_number(struct bed *bed, const char *name)
{
	json_t *shown = lists_show(bed->lists, NULL);
	json_int_t number = json_integer_value(json_object_get(shown, name));

	json_decref(shown);
	return number;
}

/* A replacement builds the families it has entries of, and those with changes by hand; no more. */
static void a_replacement_takes_changes_in(void **state)
{
	struct bed *bed = bed_of(state);
	struct lists_change told = {};
	struct diag diag;

	bed_lists(bed, false);
	bed_load(bed);
	diag_init(&diag);
	assert_int_equal(lists_add(bed->lists, "list-1", "2001:db8::/32", 0, "", &diag), 0);
	assert_int_equal(lists_add(bed->lists, "list-2", "198.51.100.1", 0, "", &diag), 0);
	assert_int_equal(shown_number(bed, "single_changes"), 2);
	assert_int_equal(
		lists_replace(bed->lists, "list-2", "192.0.2.1\n", 10, NULL, false, &told, &diag), 0);
	assert_int_equal(told.by_hand_cnt, 1);
	assert_int_equal(shown_number(bed, "single_changes"), 0);
	assert_true(kernel_find_text(bed, "2001:db8::1") == 1ULL << 9);
	assert_true(kernel_find_text(bed, "198.51.100.1") == 0);
	for (int i = 0; i < 4; i++) {
		const char *text = i & 1 ? "192.0.2.7\n" : "2001:db8:1::7\n";

		assert_int_equal(lists_replace(bed->lists, "list-2", text, strlen(text), NULL,
					       false, NULL, &diag),
				 0);
		assert_true(kernel_find_text(bed, "192.0.2.7") == (i & 1 ? 1ULL << 18 : 0));
		assert_true(kernel_find_text(bed, "2001:db8:1::7") ==
			    (1ULL << 9 | (i & 1 ? 0 : 1ULL << 18)));
		/* A chunk for each family; what nobody uses any more is given back. */
		assert_int_equal(shown_number(bed, "memory"),
				 sizeof(struct sek_list_heads) +
					 2 * SEK_LIST_CHUNK * sizeof(struct sek_list_line));
	}
	diag_free(&diag);
}

/* More single changes than an overlay holds become a table, unseen. */
static void many_changes_become_a_table(void **state)
{
	struct bed *bed = bed_of(state);
	struct diag diag;
	char text[32];

	bed_lists(bed, false);
	bed_load(bed);
	diag_init(&diag);
	for (int i = 0; i < SEK_LIST_OVER_MAX + 100; i++) {
		snprintf(text, sizeof(text), "10.%d.%d.1", i >> 8, i & 255);
		assert_int_equal(lists_add(bed->lists, "list-5", text, 0, "", &diag), 0);
	}
	assert_true(kernel_find_text(bed, "10.0.0.1") == 1ULL << 45);
	snprintf(text, sizeof(text), "10.%d.%d.1", SEK_LIST_OVER_MAX >> 8, SEK_LIST_OVER_MAX & 255);
	assert_true(kernel_find_text(bed, text) == 1ULL << 45);
	assert_true(kernel_find_text(bed, "10.0.0.2") == 0);
	diag_free(&diag);
}

struct adder {
	struct bed *bed;
	int added_cnt;
	bool stop;
};

static void *adder_run(void *arg)
{
	struct adder *adder = arg;
	struct diag diag;
	char text[32];

	diag_init(&diag);
	while (!__atomic_load_n(&adder->stop, __ATOMIC_RELAXED) && adder->added_cnt < 60000) {
		snprintf(text, sizeof(text), "172.16.%d.%d", adder->added_cnt >> 8,
			 adder->added_cnt & 255);
		if (lists_add(adder->bed->lists, "list-6", text, 0, "", &diag))
			break;
		adder->added_cnt++;
		usleep(200);
	}
	diag_free(&diag);
	return NULL;
}

/* While lists are replaced, changes by hand go on, none is lost and no listed address is let go. */
static void changes_and_replacements_meet(void **state)
{
	struct bed *bed = bed_of(state);
	struct adder adder = { .bed = bed };
	struct model model = {};
	pthread_t thread;
	char text[32];

	bed_lists(bed, false);
	bed_load(bed);
	replace_both(bed, &model, 0, 50, 8, 1);
	pthread_create(&thread, NULL, adder_run, &adder);
	for (int i = 0; i < 20; i++)
		replace_both(bed, &model, i % 6, 200, 8, 1);
	__atomic_store_n(&adder.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	assert_true(adder.added_cnt > 0);
	for (int i = 0; i < adder.added_cnt; i++) {
		snprintf(text, sizeof(text), "172.16.%d.%d", i >> 8, i & 255);
		assert_true(kernel_find_text(bed, text) >> 54 & 1);
	}
	free(model.facts);
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, bed_up, bed_down)
	const struct CMUnitTest tests[] = {
		ROW(empty_kernel_knows_nothing),
		ROW(random_lists_are_found),
		ROW(edges_are_found),
		ROW(nested_in_every_order),
		ROW(random_changes_are_found),
		ROW(each_list_owns_its_entries),
		ROW(entries_expire),
		ROW(a_worse_list_changes_nothing),
		ROW(a_restart_keeps_all),
		ROW(a_replacement_takes_changes_in),
		ROW(many_changes_become_a_table),
		ROW(changes_and_replacements_meet),
	};

	return cmocka_run_group_tests_name("lists in the kernel", tests, NULL, NULL);
}
