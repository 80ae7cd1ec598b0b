// SPDX-License-Identifier: Apache-2.0
/*
 * policy/install against the running kernel: pins, adoption, generations, refusals, state readers.
 * Works below /sys/fs/bpf/sekisho-itest-PID and leaves nothing there. Needs root; says SKIP else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bpf/layout.skel.h"
#include "install/feature.h"
#include "install/gate.h"
#include "install/state.h"
#include "sekisho/name.h"
#include "sekisho/verdict.h"

#define FLOWS 2048
#define FLOW_MAPS 9 /* flow, entry, free, handoff, hint, patrol, quota, reading, source */

struct bed {
	char dir[128];
	struct diag diag;
};

static int bed_up(void **state)
{
	struct bed *bed = calloc(1, sizeof(*bed));

	if (!bed)
		return -1;
	snprintf(bed->dir, sizeof(bed->dir), "/sys/fs/bpf/sekisho-itest-%d", (int)getpid());
	diag_init(&bed->diag);
	*state = bed;
	return 0;
}

/* Pins of maps in the directory, NAME-LAYOUT; with remove all go, and the directory with them. */
static size_t pins(const struct bed *bed, bool remove)
{
	DIR *dir = opendir(bed->dir);
	struct dirent *entry;
	size_t cnt = 0;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		cnt += strlen(entry->d_name) > 9 && entry->d_name[strlen(entry->d_name) - 9] == '-';
		if (remove)
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
	if (dir)
		closedir(dir);
	if (remove)
		rmdir(bed->dir);
	return cnt;
}

static int bed_down(void **state)
{
	struct bed *bed = *state;

	pins(bed, true);
	diag_free(&bed->diag);
	free(bed);
	return 0;
}

static struct gate *start_with(struct bed *bed, uint32_t flows, uint32_t events,
			       enum gate_programs programs, struct gate_adopted *ret_adopted)
{
	const struct gate_options options = {
		.pin_dir = bed->dir,
		.flows_max = flows,
		.sources_max = 1024,
		.events_bytes = events,
		.programs = programs,
	};
	struct gate *gate = NULL;
	int err = gate_open(&options, &gate, ret_adopted, &bed->diag);

	if (err)
		diag_print(&bed->diag, stderr);
	assert_int_equal(err, 0);
	return gate;
}

static struct gate *start(struct bed *bed, uint32_t flows, uint32_t events,
			  struct gate_adopted *ret_adopted)
{
	return start_with(bed, flows, events, GATE_TABLES, ret_adopted);
}

/* With all programs, for those that go on in them. */
static struct gate *start_whole(struct bed *bed, struct gate_adopted *ret_adopted)
{
	return start_with(bed, FLOWS, 0, GATE_WHOLE, ret_adopted);
}

/* A small image: one tenant with rules, two classes, one port table. */
static struct image *image_make(uint32_t flows_max)
{
	static const uint32_t networks[2] = { 0x0a000000, 0xc6336400 };
	struct image *image = calloc(1, sizeof(*image));

	image->attaches = calloc(2, sizeof(*image->attaches));
	image->classes = calloc(2, sizeof(*image->classes));
	image->tables = calloc(1, sizeof(*image->tables));
	image->rows = calloc(4, sizeof(*image->rows));
	image->rules = calloc(3, sizeof(*image->rules));
	image->attach_cnt = image->class_cnt = 2;
	image->table_cnt = 1;
	image->row_cnt = 4;
	image->rule_cnt = 3;
	for (size_t i = 0; i < 2; i++) {
		image->attaches[i].key.prefixlen = SEK_ATTACH_HEAD + 96 + 8;
		image->attaches[i].key.port = i + 1;
		image->attaches[i].key.addr.w[2] = htonl(0xffff);
		image->attaches[i].key.addr.w[3] = htonl(networks[0]);
		image->attaches[i].value.tenant = 1;
		image->classes[i].key.prefixlen = SEK_CLASS_HEAD + 96 + 24;
		image->classes[i].key.tenant = 1;
		image->classes[i].key.addr.w[2] = htonl(0xffff);
		image->classes[i].key.addr.w[3] = htonl(networks[i]);
		image->classes[i].value.src_row = i + 1;
	}
	memset(&image->rows[SEK_ROW_ALL], 0xff, sizeof(image->rows[0]));
	image->tenants[1].flags = SEK_TENANT_USED;
	image->tenants[1].rule_cnt = 3;
	image->tenants[1].flows_max = flows_max;
	image->rules[2].action = SEK_REFUSE;
	return image;
}

static void image_drop(struct image *image)
{
	free(image->attaches);
	free(image->classes);
	free(image->tables);
	free(image->rows);
	free(image->rules);
	free(image);
}

static void apply(struct bed *bed, struct gate *gate, uint32_t flows_max, uint32_t expected)
{
	struct image *image = image_make(flows_max);
	uint32_t generation = 0;
	int err = install_prepare(gate, image, &generation, &bed->diag);

	if (err)
		diag_print(&bed->diag, stderr);
	assert_int_equal(err, 0);
	assert_int_equal(generation, expected);
	assert_int_not_equal(gate_generation(gate), expected);
	install_commit(gate, generation);
	assert_int_equal(gate_generation(gate), expected);
	image_drop(image);
}

static uint32_t live_flows_max(struct gate *gate)
{
	struct sek_tenant tenant;

	assert_int_equal(gate_entry_get(gate, "sek_tenant", gate_generation(gate), 1, &tenant), 0);
	return tenant.flows_max;
}

static void flow_put(struct gate *gate, uint16_t sport, uint8_t state)
{
	struct sek_flow_key key = { .tenant = 1, .proto = IPPROTO_TCP };
	static uint32_t number; /* of entries that were put */
	struct sek_flow flow = {
		.generation = 1, .state = state, .packets = { 3, 2 }, .bytes = { 300, 200 }
	};

	for (int side = 0; side < 2; side++) {
		key.addr[side].w[2] = htonl(0xffff);
		key.addr[side].w[3] = htonl(side ? 0xc0000201 : 0x0a000001);
	}
	key.port[0] = htons(sport);
	key.port[1] = htons(443);
	if (state <= SEK_FLOW_SYN_ACK && state != SEK_FLOW_STREAM)
		flow.flags = SEK_FLOW_HALF;
	number = number % (FLOWS / 2) + 1;
	flow.key = key;
	flow.number = number;
	assert_int_equal(
		bpf_map_update_elem(gate_map_fd(gate, "sek_flow_entry"), &number, &flow, BPF_ANY), 0);
	assert_int_equal(bpf_map_update_elem(gate_map_fd(gate, "sek_flow"), &key, &number, BPF_ANY),
			 0);
}

static uint64_t flow_cnt(struct bed *bed, struct gate *gate)
{
	const struct state_filter all = { .tenant = -1, .proto = -1 };
	json_t *flows = state_flows(gate, NULL, &all, &bed->diag);
	uint64_t total;

	assert_non_null(flows);
	total = json_integer_value(json_object_get(flows, "total"));
	json_decref(flows);
	return total;
}

/* Sizes aside, whatever differs between two maps gives another layout. */
static void layouts_differ(void **state)
{
	struct layout *skel = layout__open();
	uint32_t same;

	assert_non_null(skel);
	const struct btf *btf = bpf_object__btf(skel->obj);
	const struct bpf_map *others[] = { skel->maps.flagged, skel->maps.renamed,
					   skel->maps.shaped, skel->maps.outer };

	same = layout_hash(btf, skel->maps.as_is);
	assert_int_equal(layout_hash(btf, skel->maps.larger), same);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_not_equal(layout_hash(btf, others[i]), same);
	assert_int_not_equal(layout_hash(btf, skel->maps.outer),
			     layout_hash(btf, skel->maps.outer_wide));
	layout__destroy(skel);
}

/* Generations go 1, 2, 3 over restarts; a second start adopts every map, flows included. */
static void restart_adopts_all(void **state)
{
	struct bed *bed = *state;
	struct gate_adopted first, second;
	struct gate *gate = start(bed, FLOWS, 5000, &first);

	assert_int_equal(first.maps_adopted, 0);
	assert_int_equal(gate_generation(gate), 0);
	apply(bed, gate, 100, 1);
	apply(bed, gate, 200, 2);
	flow_put(gate, 1000, SEK_FLOW_ESTABLISHED);
	gate_close(gate);
	assert_int_equal(pins(bed, false), first.maps_new);

	gate = start(bed, FLOWS, 5000, &second); /* 5000: no power of two */
	assert_int_equal(second.maps_adopted, first.maps_new);
	assert_int_equal(second.maps_new, 0);
	assert_string_equal(second.lost, "");
	assert_int_equal(gate_generation(gate), 2);
	assert_int_equal(live_flows_max(gate), 200);
	assert_int_equal(flow_cnt(bed, gate), 1);
	apply(bed, gate, 300, 3);
	assert_int_equal(live_flows_max(gate), 300);
	gate_close(gate);
}

/* Other sizes: flows and what counts them are made anew, the policy stays, the loss is said. */
static void size_change_is_said(void **state)
{
	struct bed *bed = *state;
	struct gate_adopted adopted;
	struct gate *gate = start(bed, FLOWS, 0, &adopted);

	apply(bed, gate, 100, 1);
	flow_put(gate, 1000, SEK_FLOW_ESTABLISHED);
	gate_close(gate);
	gate = start(bed, FLOWS * 2, 0, &adopted);
	assert_int_equal(adopted.maps_new, FLOW_MAPS);
	assert_non_null(strstr(adopted.lost, "sek_flow (had room for 2048, now 4096)"));
	assert_non_null(strstr(adopted.lost, "all flows"));
	assert_int_equal(gate_generation(gate), 1);
	assert_int_equal(flow_cnt(bed, gate), 0);
	gate_close(gate);
}

/* As if another version had pinned this map: the same name, another layout. */
static void pin_age(struct bed *bed, const char *name)
{
	DIR *dir = opendir(bed->dir);
	struct dirent *entry;
	char after[64];

	assert_non_null(dir);
	do {
		entry = readdir(dir);
		assert_non_null(entry);
	} while (strncmp(entry->d_name, name, strlen(name)) != 0 ||
		 strlen(entry->d_name) != strlen(name) + 9);
	snprintf(after, sizeof(after), "%s-0badc0de", name);
	assert_int_equal(renameat(dirfd(dir), entry->d_name, dirfd(dir), after), 0);
	closedir(dir);
}

static void layout_change_is_said(void **state)
{
	struct bed *bed = *state;
	struct gate_adopted adopted;
	struct gate *gate = start(bed, FLOWS, 0, &adopted);
	uint32_t maps = adopted.maps_new;

	apply(bed, gate, 100, 1);
	flow_put(gate, 1000, SEK_FLOW_ESTABLISHED);
	gate_close(gate);
	pin_age(bed, "sek_source");
	gate = start(bed, FLOWS, 0, &adopted);
	assert_non_null(strstr(adopted.lost, "sek_source (its layout changed)"));
	assert_int_equal(adopted.maps_new, FLOW_MAPS);
	assert_int_equal(flow_cnt(bed, gate), 0);
	assert_int_equal(pins(bed, false), maps); /* the old pin is gone */
	gate_close(gate);
	gate = start(bed, FLOWS, 0, &adopted);
	assert_int_equal(adopted.maps_adopted, maps);
	gate_close(gate);
}

/* A policy that cannot be adopted keeps its numbering: flows of generation 2 ask again. */
static void numbering_survives_policy_loss(void **state)
{
	static const char *const aged[] = { "sek_active", "sek_row" };
	struct bed *bed = *state;
	struct gate_adopted adopted;
	struct gate *gate = start(bed, FLOWS, 0, &adopted);
	uint32_t maps = adopted.maps_new;

	apply(bed, gate, 100, 1);
	apply(bed, gate, 100, 2);
	gate_close(gate);
	for (size_t i = 0; i < 2; i++) {
		pin_age(bed, aged[i]);
		gate = start(bed, FLOWS, 0, &adopted);
		assert_non_null(strstr(adopted.lost, aged[i]));
		assert_int_equal(gate_generation(gate), 0);
		apply(bed, gate, 100, 3 + 2 * i); /* never in the slot that is live */
		gate_close(gate);
		assert_int_equal(pins(bed, false), maps);
	}
}

/* After a reboot the journal knows more than the maps; the live slot is never written to. */
static void numbers_go_on_above(void **state)
{
	struct bed *bed = *state;
	struct gate *gate = start(bed, FLOWS, 0, NULL);

	install_number_above(gate, 40);
	apply(bed, gate, 100, 41);
	install_number_above(gate, 42);
	apply(bed, gate, 200, 44); /* 43 would be the slot of 41 */
	install_number_above(gate, 7);
	apply(bed, gate, 300, 45);
	gate_close(gate);
}

/* What does not fit is refused whole, with numbers; what is live stays. */
static void capacity_is_refused(void **state)
{
	struct bed *bed = *state;
	struct gate *gate = start(bed, FLOWS, 0, NULL);
	struct image *image = image_make(7);
	uint32_t generation = 99;

	apply(bed, gate, 100, 1);
	free(image->rules);
	image->rules = calloc(INSTALL_RULES_MAX + 1, sizeof(*image->rules));
	for (int over = -1; over <= 0; over++) {
		image->rule_cnt = INSTALL_RULES_MAX + over;
		assert_int_equal(install_prepare(gate, image, &generation, &bed->diag), 0);
		install_abort(gate, generation);
	}
	generation = 99;
	image->rule_cnt = INSTALL_RULES_MAX + 1;
	assert_int_equal(install_prepare(gate, image, &generation, &bed->diag), -E2BIG);
	assert_int_equal(generation, 99);
	assert_non_null(strstr(bed->diag.entries[bed->diag.cnt - 1].text,
			       "needs 65537 rules, a gateway holds 65536"));
	image->rule_cnt = 3;
	image->tenants[1].rule_cnt = 4;
	assert_int_equal(install_prepare(gate, image, &generation, &bed->diag), -EINVAL);
	image->tenants[1].rule_cnt = 3;
	image->attaches[1].key = image->attaches[0].key; /* one key, two owners */
	image->attaches[1].value.tenant = 2;
	assert_int_equal(install_prepare(gate, image, &generation, &bed->diag), -EIO);
	assert_int_equal(gate_generation(gate), 1);
	assert_int_equal(live_flows_max(gate), 100);
	image_drop(image);
	apply(bed, gate, 100, 2);
	gate_close(gate);
}

#define KILLS 16

/* A start killed at any moment leaves what the next start can use. */
static void killed_starts_leave_no_half(void **state)
{
	struct bed *bed = *state;
	struct gate_adopted adopted;
	struct timespec begin, end;
	useconds_t whole_us;
	uint32_t maps;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	gate_close(start(bed, FLOWS, 0, NULL));
	clock_gettime(CLOCK_MONOTONIC, &end);
	whole_us = (end.tv_sec - begin.tv_sec) * 1000000 + (end.tv_nsec - begin.tv_nsec) / 1000;
	pins(bed, true);
	for (useconds_t i = 0; i < KILLS; i++) { /* spread over a start, and into the one after it */
		pid_t child = fork();
		int status;

		assert_true(child >= 0);
		if (child == 0) {
			const struct gate_options options = { .pin_dir = bed->dir,
							      .flows_max = FLOWS,
							      .programs = GATE_TABLES };
			struct gate *gate;

			for (;;)
				if (!gate_open(&options, &gate, NULL, &bed->diag))
					gate_close(gate);
		}
		usleep(whole_us * i * 5 / (KILLS * 4));
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, &status, 0), child);
		if (i % 3 == 0)
			pins(bed, true);
	}
	gate_close(start(bed, FLOWS, 0, &adopted));
	maps = adopted.maps_new + adopted.maps_adopted;
	assert_int_equal(pins(bed, false), maps);
	gate_close(start(bed, FLOWS, 0, &adopted));
	assert_int_equal(adopted.maps_adopted, maps);
}

static void peek_reads_pins(void **state)
{
	struct bed *bed = *state;
	struct gate *gate = start(bed, FLOWS, 0, NULL), *peek = NULL;
	struct sek_link link = { .port = 2, .mtu = 1500 };
	json_t *stats;

	assert_int_equal(gate_link_set(gate, 1, &link), 0);
	assert_int_equal(gate_tx_set(gate, 2, 1, true), 0);
	assert_int_equal(gate_tx_set(gate, 2, 0, true), 0);
	assert_int_equal(gate_tx_set(gate, 2, 0, true), 0);
	assert_int_equal(gate_link_set(gate, SEK_IFINDEX_MAX, &link), -ERANGE);
	apply(bed, gate, 100, 1);
	flow_put(gate, 7, SEK_FLOW_SYN);
	gate_close(gate);
	assert_int_equal(gate_peek(bed->dir, &peek, &bed->diag), 0);
	assert_int_equal(gate_generation(peek), 1);
	assert_int_equal(live_flows_max(peek), 100);
	assert_int_equal(flow_cnt(bed, peek), 1);
	stats = state_stats(peek, NULL, &bed->diag);
	assert_non_null(stats);
	json_decref(stats);
	gate_close(peek);
	assert_int_equal(gate_peek("/sys/fs/bpf/sekisho-itest-none", &peek, &bed->diag), -ENOENT);
}

/* A flow in words: the opener is src, numbers stand where no policy gives names. */
static void flow_in_words(void **state)
{
	const struct state_filter filter = {
		.tenant = 1, .proto = IPPROTO_TCP, .port = 443, .limit = 1
	};
	struct bed *bed = *state;
	struct gate *gate = start(bed, FLOWS, 0, NULL);
	const char *src, *dst, *words;
	int sport, dport, bytes;
	json_t *flows;

	flow_put(gate, 1000, SEK_FLOW_SYN);
	flow_put(gate, 1001, SEK_FLOW_SYN);
	flows = state_flows(gate, NULL, &filter, &bed->diag);
	assert_non_null(flows);
	assert_int_equal(json_integer_value(json_object_get(flows, "matched")), 2);
	assert_int_equal(json_unpack(flows, "{s:[{s:s,s:s,s:i,s:i,s:s,s:i}!]}", "flows", "src",
				     &src, "dst", &dst, "sport", &sport, "dport", &dport, "state",
				     &words, "bytes_in", &bytes),
			 0);
	assert_string_equal(src, "10.0.0.1");
	assert_string_equal(dst, "192.0.2.1");
	assert_true(sport == 1000 || sport == 1001);
	assert_int_equal(dport, 443);
	assert_string_equal(words, "syn");
	assert_int_equal(bytes, 200);
	json_decref(flows);
	gate_close(gate);
}

/* Sums over CPUs; every packet is in exactly one cell. */
static void counters_are_summed(void **state)
{
	struct bed *bed = *state;
	struct gate *gate = start(bed, FLOWS, 0, NULL);
	int cpus = libbpf_num_possible_cpus(), packets, rows;
	struct sek_count *cells = calloc(cpus, sizeof(*cells));
	uint32_t index = (1 * 2 + SEK_IN) * SEK_REASONS_MAX + SEK_R_rule_drop;
	const char *reason, *verdict;
	json_t *stats;

	for (int i = 0; i < cpus; i++)
		cells[i] = (struct sek_count){ .packets = i + 1, .bytes = 100 };
	assert_int_equal(bpf_map_update_elem(gate_map_fd(gate, "sek_count"), &index, cells, 0), 0);
	stats = state_stats(gate, NULL, &bed->diag);
	assert_non_null(stats);
	assert_int_equal(json_unpack(stats, "{s:i,s:[{s:s,s:s,s:i}!]}", "packets", &packets, "rows",
				     "reason", &reason, "verdict", &verdict, "packets", &rows),
			 0);
	assert_int_equal(packets, cpus * (cpus + 1) / 2);
	assert_int_equal(rows, packets);
	assert_string_equal(reason, "rule_drop");
	assert_string_equal(verdict, "drop");
	json_decref(stats);
	free(cells);
	gate_close(gate);
}

#define POLICY(action)                                                                             \
	"version: 1\n"                                                                             \
	"ports:\n"                                                                                 \
	"  - {name: inside, id: 1, side: inside, mode: bridge, peer: outside}\n"                   \
	"  - {name: outside, id: 2, side: outside, mode: bridge, peer: inside}\n"                  \
	"tenants:\n"                                                                               \
	"  - name: alpha\n"                                                                        \
	"    id: 1\n"                                                                              \
	"    attach: [{port: inside}, {port: outside}]\n"                                          \
	"    prefixes: [10.0.0.0/16]\n"                                                            \
	"    rules: [{name: dns, dir: out, proto: udp, dport: [53], action: " action "}]\n"

static void apply_text(struct bed *bed, struct gate *gate, const char *text,
		       struct policy **ret_policy)
{
	struct policy *policy = policy_parse(text, strlen(text), "test", NULL, &bed->diag);
	struct image *image = policy ? image_compile(policy, &bed->diag) : NULL;
	uint32_t generation = 0;

	if (!image)
		diag_print(&bed->diag, stderr);
	assert_non_null(image);
	assert_int_equal(install_prepare(gate, image, &generation, &bed->diag), 0);
	install_commit(gate, generation);
	image_free(image);
	*ret_policy = policy;
}

/* A DNS question from 10.0.0.1, as it arrives on port 1. Returns what the program did. */
static uint32_t question_run(struct gate *gate)
{
	static const uint8_t frame[64] = {
		2,    0, 0,   0,  0, 2, 2, 0, 0,  0,  0,    1,	  8,  0, /* Ethernet */
		0x45, 0, 0,   40, 0, 1, 0, 0, 64, 17, 0xae, 0xc2, 10, 0,
		0,    1, 192, 0,  2, 1, 4, 0, 0,  53, 0,    20,	  0,  0, /* UDP, no checksum */
	};
	struct xdp_md context = { .data_end = sizeof(frame), .ingress_ifindex = 1 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame),
		    .ctx_in = &context, .ctx_size_in = sizeof(context));

	assert_int_equal(bpf_prog_test_run_opts(gate_prog_fd(gate), &opts), 0);
	return opts.retval;
}

/* Copies of names stand beside events, in a row of their kind. */
static void copies_are_accounted_for(void **state)
{
	struct bed *bed = *state;
	struct gate *gate = start(bed, FLOWS, 0, NULL);
	int cpus = libbpf_num_possible_cpus();
	struct sek_event_stat *each = calloc((size_t)cpus, sizeof(*each));
	uint32_t kind = SEK_NAME_ASKED;
	json_t *stats, *row = NULL;
	size_t i;

	assert_non_null(each);
	each[0] = (struct sek_event_stat){ .offered = 7, .written = 4, .suppressed = 2, .lost = 1 };
	assert_int_equal(
		bpf_map_update_elem(gate_map_fd(gate, "sek_name_stat"), &kind, each, BPF_ANY), 0);
	free(each);
	stats = state_event_stats(gate, &bed->diag);
	json_array_foreach(json_object_get(stats, "causes"), i, row) {
		if (!strcmp(json_string_value(json_object_get(row, "cause")), "name_asked"))
			break;
	}
	assert_int_equal(json_integer_value(json_object_get(row, "offered")), 7);
	assert_int_equal(json_integer_value(json_object_get(row, "written")), 4);
	assert_int_equal(json_integer_value(json_object_get(row, "suppressed")), 2);
	assert_int_equal(json_integer_value(json_object_get(row, "lost")), 1);
	json_decref(stats);
	gate_close(gate);
}

/* A flow of its own for each port; to none that is known. Looked at for its name, in another program. */
static uint32_t datagram_run(int prog, uint8_t sport)
{
	const uint8_t frame[64] = {
		2,    0,     0,	  0,  0, 2,  2, 0, 0,  0,  0,	 1,    8,  0, /* Ethernet */
		0x45, 0,     0,	  47, 0, 1,  0, 0, 64, 17, 0xae, 0xbb, 10, 0,
		0,    1,     192, 0,  2, 1, /* IPv4 */
		4,    sport, 0,	  53, 0, 27, 0, 0, /* UDP, no checksum */
		0,    1,     1,	  0,  0, 1,  0, 0, 0,  0,  0,	 0,    1,  'a',
		0,    0,     1,	  0,  1, /* a question for a */
	};
	struct xdp_md context = { .data_end = sizeof(frame), .ingress_ifindex = 1 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame),
		    .ctx_in = &context, .ctx_size_in = sizeof(context));

	assert_int_equal(bpf_prog_test_run_opts(prog, &opts), 0);
	return opts.retval;
}

static const char *last_reason(struct bed *bed, struct gate *gate, const struct policy *policy)
{
	json_t *stats = state_stats(gate, policy, &bed->diag);
	json_t *rows = json_object_get(stats, "rows");
	const char *tenant, *reason;
	size_t last = json_array_size(rows);

	assert_true(last > 0);
	assert_int_equal(json_unpack(json_array_get(rows, last - 1), "{s:s,s:s}", "tenant", &tenant,
				     "reason", &reason),
			 0);
	assert_string_equal(tenant, "alpha");
	for (uint8_t i = 0; i < SEK_REASONS_MAX; i++)
		if (!strcmp(state_reason_name(i), reason))
			reason = state_reason_name(i); /* outlives the object */
	json_decref(stats);
	return reason;
}

#define NAMED                                                                                      \
	"version: 1\n"                                                                             \
	"ports:\n"                                                                                 \
	"  - {name: inside, id: 1, side: inside, mode: bridge, peer: outside}\n"                   \
	"  - {name: outside, id: 2, side: outside, mode: bridge, peer: inside}\n"                  \
	"lists: [{name: bad, id: 0, holds: names, kind: block}]\n"                                 \
	"tenants:\n"                                                                               \
	"  - name: alpha\n"                                                                        \
	"    id: 1\n"                                                                              \
	"    attach: [{port: inside}, {port: outside}]\n"                                          \
	"    prefixes: [10.0.0.0/16]\n"                                                            \
	"    fail: closed\n"                                                                       \
	"    default: {out: accept, in: drop}\n"                                                   \
	"    names: {block: [bad]}\n"

/* The kernel empties an array that nobody holds a moment later. */
static bool stops_passing(int prog)
{
	for (uint8_t port = 100; port < 200; port++) {
		if (datagram_run(prog, port) == XDP_DROP)
			return true;
		usleep(50000);
	}
	return false;
}

/*
 * A hook that runs the program of a former run goes on in its programs: while nobody runs, while the
 * next takes over, and when that cannot use the former's array.
 */
static void steps_are_there_for_hooks(void **state)
{
	const struct sek_link link = { .port = 1 };
	struct bed *bed = *state;
	struct gate_adopted adopted;
	struct policy *policy;
	struct gate *gate = start_whole(bed, NULL);
	int hook = dup(gate_prog_fd(gate));

	assert_true(hook >= 0);
	assert_int_equal(gate_link_set(gate, 1, &link), 0); /* 1 is lo, in every namespace */
	assert_int_equal(gate_tx_set(gate, 2, 1, true), 0);
	apply_text(bed, gate, NAMED, &policy);
	policy_free(policy);
	assert_int_equal(datagram_run(hook, 1), XDP_REDIRECT);
	gate_close(gate);
	usleep(200000);
	assert_int_equal(datagram_run(hook, 2), XDP_REDIRECT);
	gate = start_whole(bed, &adopted);
	assert_string_equal(adopted.lost, "");
	assert_int_equal(datagram_run(hook, 3), XDP_REDIRECT);
	assert_int_equal(datagram_run(gate_prog_fd(gate), 4), XDP_REDIRECT);
	gate_close(gate);
	pin_age(bed, "sek_step_room");
	gate = start_whole(bed, &adopted);
	assert_non_null(strstr(adopted.lost, "all programs of the walk"));
	usleep(200000);
	assert_int_equal(datagram_run(hook, 5), XDP_REDIRECT);
	assert_int_equal(datagram_run(gate_prog_fd(gate), 6), XDP_REDIRECT);
	gate_close(gate);
	assert_true(stops_passing(hook)); /* no hook has it any more, nor anybody its programs */
	close(hook);
}

/* The program sees a policy as soon as it is committed, and so does a flow that it let pass. */
static void packets_obey_the_live_generation(void **state)
{
	const struct sek_link link = { .port = 1 };
	const struct state_filter all = { .tenant = -1, .proto = -1 };
	struct bed *bed = *state;
	struct gate *gate = start_with(bed, FLOWS, 0, GATE_UNNAMED, NULL);
	struct policy *policy;
	const char *tenant, *rule;
	json_t *flows;

	assert_int_equal(gate_link_set(gate, 1, &link), 0); /* 1 is lo, in every namespace */
	assert_int_equal(gate_tx_set(gate, 2, 1, true), 0);
	assert_int_equal(question_run(gate), XDP_DROP); /* no policy: nothing passes */
	apply_text(bed, gate, POLICY("accept"), &policy);
	assert_int_equal(question_run(gate), XDP_REDIRECT);
	assert_string_equal(last_reason(bed, gate, policy), "accepted");
	flows = state_flows(gate, policy, &all, &bed->diag);
	assert_int_equal(
		json_unpack(flows, "{s:[{s:s,s:s}!]}", "flows", "tenant", &tenant, "rule", &rule), 0);
	assert_string_equal(tenant, "alpha");
	assert_string_equal(rule, "dns");
	json_decref(flows);
	policy_free(policy);
	apply_text(bed, gate, POLICY("drop"), &policy);
	assert_int_equal(question_run(gate), XDP_DROP);
	assert_string_equal(last_reason(bed, gate, policy), "rule_drop");
	assert_int_equal(flow_cnt(bed, gate), 0);
	policy_free(policy);
	gate_close(gate);
}

/* A viewer without CAP_BPF is told what it takes. */
static void peek_without_right(void **state)
{
	struct bed *bed = *state;
	pid_t child;
	int status;

	gate_close(start(bed, FLOWS, 0, NULL));
	child = fork();
	if (child == 0) {
		struct gate *peek;
		int err = setresuid(65534, 65534, 65534);

		if (!err)
			err = gate_peek(bed->dir, &peek, &bed->diag);
		_exit((err == -EACCES || err == -EPERM) && bed->diag.cnt &&
				      strstr(bed->diag.entries[bed->diag.cnt - 1].text, "CAP_BPF")
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* The probe finds this kernel ready, and says what is not an interface. */
static void features_are_probed(void **state)
{
	struct bed *bed = *state;
	json_t *features = feature_probe("lo", &bed->diag);
	const char *name;
	int ready;

	if (!features)
		diag_print(&bed->diag, stderr);
	assert_non_null(features);
	assert_int_equal(json_unpack(features, "{s:b,s:{s:s}}", "ready", &ready, "interface",
				     "interface", &name),
			 0);
	assert_true(ready);
	assert_string_equal(name, "lo");
	json_decref(features);
	assert_null(feature_probe("sekisho-none", &bed->diag));
	assert_non_null(strstr(bed->diag.entries[0].text, "no interface sekisho-none"));
}

/* Deleting by filter gives quotas back and touches nothing else. */
static void flow_delete_by_filter(void **state)
{
	struct bed *bed = *state;
	struct gate *gate = start(bed, FLOWS, 0, NULL);
	struct sek_quota quota = { .flows = 3, .half = 1 };
	struct state_filter filter = { .tenant = -1, .proto = -1 };
	json_t *params = json_pack("{s:s,s:s,s:i,s:s}", "src", "10.0.0.0/8", "proto", "tcp", "port",
				   20, "tenant", "1");
	uint32_t tenant = 1;
	uint64_t deleted = 0;

	assert_int_equal(bpf_map_update_elem(gate_map_fd(gate, "sek_quota"), &tenant, &quota, 0), 0);
	flow_put(gate, 10, SEK_FLOW_ESTABLISHED);
	flow_put(gate, 20, SEK_FLOW_SYN);
	flow_put(gate, 30, SEK_FLOW_ESTABLISHED);
	assert_int_equal(state_filter_read(params, NULL, &filter, &bed->diag), 0);
	json_decref(params);
	assert_int_equal(state_flow_delete(gate, NULL, &filter, NULL, NULL, &deleted, &bed->diag), 0);
	assert_int_equal(deleted, 1);
	assert_int_equal(flow_cnt(bed, gate), 2);
	assert_int_equal(bpf_map_lookup_elem(gate_map_fd(gate, "sek_quota"), &tenant, &quota), 0);
	assert_int_equal(quota.flows, 2);
	assert_int_equal(quota.half, 0);
	gate_close(gate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layouts_differ),
		cmocka_unit_test_setup_teardown(restart_adopts_all, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(size_change_is_said, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(layout_change_is_said, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(numbering_survives_policy_loss, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(numbers_go_on_above, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(capacity_is_refused, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(killed_starts_leave_no_half, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(peek_reads_pins, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(peek_without_right, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(flow_in_words, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(counters_are_summed, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(packets_obey_the_live_generation, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(copies_are_accounted_for, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(steps_are_there_for_hooks, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(features_are_probed, bed_up, bed_down),
		cmocka_unit_test_setup_teardown(flow_delete_by_filter, bed_up, bed_down),
	};

	if (geteuid()) {
		puts("1..1\nok 1 # SKIP loading programs needs root");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
