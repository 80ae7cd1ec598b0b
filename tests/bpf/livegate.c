// SPDX-License-Identifier: Apache-2.0
/*
 * Owns the pinned gateway and its namespace. Called by explain_test.c. Leaves no pins behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bpf/livegate.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "install/lists.h"
#include "sekisho/frag.h"

#define FLOWS 1024
#define MTU 1500
#define FNV_START 14695981039346656037ull
#define FNV_PRIME 1099511628211ull

/* Bodies behind `inside`, the Internet behind `outside`; some ways lead elsewhere or nowhere. */
static const char *const commands[] = {
	"ip link set lo up",
	"ip link add inside type veth peer name far-in",
	"ip link add outside type veth peer name far-out",
	"for i in inside outside far-in far-out; do ip link set $i addrgenmode none up; done",
	"sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1",
	"ip addr add 10.0.0.1/16 dev inside && ip -6 addr add 2001:db8:a::1/48 dev inside nodad",
	"ip addr add 192.0.2.1/24 dev outside && ip -6 addr add 2001:db8:ee::1/64 dev outside nodad",
	"ip route add 10.2.0.0/16 dev inside",
	"ip route add default via 192.0.2.254 && ip -6 route add default via 2001:db8:ee::fe",
	"ip route add unreachable 100.1.0.0/16 && ip route add 203.0.113.0/25 dev far-out",
	"ip neigh add 203.0.113.9 lladdr 02:00:00:00:00:09 dev far-out nud permanent",
	"ip neigh add 10.0.1.5 lladdr 02:00:00:00:00:05 dev inside nud permanent",
	"ip neigh add 10.2.1.5 lladdr 02:00:00:00:00:05 dev inside nud permanent",
	"ip neigh add 2001:db8:a::5 lladdr 02:00:00:00:00:05 dev inside nud permanent",
	"ip neigh add 192.0.2.254 lladdr 02:00:00:00:00:fe dev outside nud permanent",
	"ip neigh add 2001:db8:ee::fe lladdr 02:00:00:00:00:fe dev outside nud permanent",
};

static const char *namespace_up(void)
{
	if (geteuid() != 0)
		return "the kernel program can only be loaded by root";
	if (unshare(CLONE_NEWNET))
		return "this kernel makes no network namespaces";
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (system(commands[i])) /* NOLINT(cert-env33-c): constant words */
			return commands[i];
	return NULL;
}

static int event_seen(void *arg, void *data, size_t len)
{
	struct livegate *live = arg;

	assert_true(len >= sizeof(live->event));
	memcpy(&live->event, data, sizeof(live->event));
	live->event_cnt++;
	return 0;
}

static void ports_up(struct livegate *live)
{
	static const char *const names[] = { NULL, "inside", "outside" };

	for (uint16_t port = 1; port <= 2; port++) {
		struct sek_link link = { .port = port, .mtu = MTU };

		live->ifindex[port] = if_nametoindex(names[port]);
		assert_true(live->ifindex[port] > 0);
		assert_int_equal(gate_link_set(live->gate, live->ifindex[port], &link), 0);
		assert_int_equal(gate_tx_set(live->gate, port, live->ifindex[port], true), 0);
	}
}

struct livegate *livegate_up(const char **ret_why)
{
	struct gate_options options = { .flows_max = FLOWS,
					.sources_max = FLOWS,
					.events_bytes = 1 << 20,
					.event_budget = UINT32_MAX,
					.programs = GATE_UNNAMED };
	struct livegate *live = calloc(1, sizeof(*live));
	struct diag diag;

	assert_non_null(live);
	*ret_why = namespace_up();
	if (*ret_why)
		return live;
	diag_init(&diag);
	snprintf(live->pin_dir, sizeof(live->pin_dir), "/sys/fs/bpf/sekisho-etest-%d", (int)getpid());
	options.pin_dir = live->pin_dir;
	if (gate_open(&options, &live->gate, NULL, &diag)) {
		diag_print(&diag, stderr);
		fail();
	}
	diag_free(&diag);
	ports_up(live);
	live->ring = ring_buffer__new(gate_map_fd(live->gate, "sek_events"), event_seen, live, NULL);
	assert_non_null(live->ring);
	return live;
}

static void pins_remove(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	rmdir(path);
}

void livegate_down(struct livegate *live)
{
	ring_buffer__free(live->ring);
	if (live->gate)
		gate_close(live->gate);
	if (live->pin_dir[0])
		pins_remove(live->pin_dir);
	free(live);
}

void livegate_apply(struct livegate *live, const struct policy *policy)
{
	struct image *image;
	uint32_t generation = 0;
	struct diag diag;

	diag_init(&diag);
	image = image_compile(policy, &diag);
	if (!image || lists_load_all(live->gate, policy, &diag) ||
	    install_prepare(live->gate, image, &generation, &diag)) {
		diag_print(&diag, stderr);
		fail();
	}
	install_commit(live->gate, generation);
	image_free(image);
	diag_free(&diag);
}

uint32_t livegate_run(struct livegate *live, uint16_t port, const struct frame *frame)
{
	struct xdp_md at = { .data_end = (uint32_t)frame->len,
			     .ingress_ifindex = live->ifindex[port] };
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame->b, .data_size_in = (uint32_t)frame->len,
		    .ctx_in = &at, .ctx_size_in = sizeof(at), .repeat = 1);

	live->event_cnt = 0;
	assert_int_equal(bpf_prog_test_run_opts(gate_prog_fd(live->gate), &run), 0);
	assert_true(ring_buffer__consume(live->ring) >= 0);
	return run.retval;
}

static void pieces_forget(const struct livegate *live, uint16_t tenant)
{
	static const struct sek_frag_set empty[SEK_FRAG_SETS];
	uint32_t keys[SEK_FRAG_SETS], cnt = SEK_FRAG_SETS;

	for (uint32_t i = 0; i < cnt; i++)
		keys[i] = tenant * SEK_FRAG_SETS + i;
	assert_int_equal(bpf_map_update_batch(gate_map_fd(live->gate, "sek_frag"), keys, empty,
					      &cnt, NULL),
			 0);
}

/* No hour passes here, so what time would forget is cleared. */
void livegate_forget(struct livegate *live, uint16_t tenant, bool pieces)
{
	const struct sek_quota quota = { 0 };
	const struct sek_bucket bucket = { 0 };
	uint32_t key = tenant;

	assert_int_equal(gate_forget(live->gate), 0);
	assert_int_equal(bpf_map_update_elem(gate_map_fd(live->gate, "sek_quota"), &key, &quota, 0),
			 0);
	for (key = tenant * 2u; key < tenant * 2u + 2; key++)
		assert_int_equal(bpf_map_update_elem(gate_map_fd(live->gate, "sek_bucket"), &key,
						     &bucket, 0),
				 0);
	if (pieces)
		pieces_forget(live, tenant);
}

uint64_t livegate_counted(const struct livegate *live, const char *map, uint32_t cell)
{
	struct sek_count counts[libbpf_num_possible_cpus()];
	uint64_t sum = 0;

	assert_int_equal(bpf_map_lookup_elem(gate_map_fd(live->gate, map), &cell, counts), 0);
	for (int cpu = 0; cpu < libbpf_num_possible_cpus(); cpu++)
		sum += counts[cpu].packets;
	return sum;
}

size_t livegate_flows(const struct livegate *live, struct sek_flow *ret_first)
{
	int keys = gate_map_fd(live->gate, "sek_flow"),
	    entries = gate_map_fd(live->gate, "sek_flow_entry");
	struct sek_flow_key key, *at = NULL;
	uint32_t number;
	size_t cnt = 0;

	for (; !bpf_map_get_next_key(keys, at, &key); at = &key) {
		if (cnt++)
			continue;
		assert_int_equal(bpf_map_lookup_elem(keys, &key, &number), 0);
		assert_int_equal(bpf_map_lookup_elem(entries, &number, ret_first), 0);
	}
	return cnt;
}

static uint64_t digest_add(uint64_t sum, const void *bytes, size_t len)
{
	uint64_t word;

	for (size_t i = 0; i < len; i += sizeof(word)) {
		word = 0;
		memcpy(&word, (const uint8_t *)bytes + i, len - i < 8 ? len - i : 8);
		sum = (sum ^ word) * FNV_PRIME;
		sum ^= sum >> 32;
	}
	return sum;
}

/* All entries of an array, in one call. */
static uint64_t digest_array(uint64_t sum, int fd, uint32_t cnt, size_t bytes)
{
	uint32_t *keys = calloc(cnt, sizeof(*keys)), token, all = cnt;
	void *values = calloc(cnt, bytes);

	assert_non_null(keys);
	assert_non_null(values);
	if (bpf_map_lookup_batch(fd, NULL, &token, keys, values, &cnt, NULL))
		assert_int_equal(errno, ENOENT); /* the end was reached */
	assert_int_equal(cnt, all);
	sum = digest_add(sum, values, cnt * bytes);
	free(keys);
	free(values);
	return sum;
}

static uint64_t digest_entries(uint64_t sum, int fd, size_t key_len, size_t bytes)
{
	uint8_t key[64];
	void *value = calloc(1, bytes), *at = NULL;

	assert_non_null(value);
	assert_true(key_len <= sizeof(key));
	for (; !bpf_map_get_next_key(fd, at, key); at = key) {
		sum = digest_add(sum, key, key_len);
		if (!bpf_map_lookup_elem(fd, key, value))
			sum = digest_add(sum, value, bytes);
	}
	free(value);
	return sum;
}

static uint64_t digest_map(uint64_t sum, int fd)
{
	size_t cpus = (size_t)libbpf_num_possible_cpus();
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info);

	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &len), 0);
	if (info.type == BPF_MAP_TYPE_ARRAY)
		return digest_array(sum, fd, info.max_entries, info.value_size);
	if (info.type == BPF_MAP_TYPE_PERCPU_ARRAY)
		return digest_array(sum, fd, info.max_entries, cpus * ((info.value_size + 7) & ~7u));
	return digest_entries(sum, fd, info.key_size, info.value_size);
}

static uint64_t digest_pins(uint64_t sum, const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		sum += digest_add(FNV_START, entry->d_name, strlen(entry->d_name));
	closedir(dir);
	return sum;
}

/* The patrol's timer counts its own visits, so that map is left out; a ring has no entries. */
uint64_t livegate_digest(const struct livegate *live)
{
	static const char *const maps[] = {
		"sek_active",	 "sek_link",	   "sek_out",	     "sek_tx",	       "sek_port",
		"sek_tenant",	 "sek_flow",	   "sek_flow_entry", "sek_flow_hint",  "sek_quota",
		"sek_source",	 "sek_cookie",	   "sek_bucket",     "sek_slice",      "sek_frag",
		"sek_count",	 "sek_port_count", "sek_list_count", "sek_event_stat", "sek_trace",
		"sek_list_head", "sek_list_over",  "sek_clock",
	};
	uint64_t sum = FNV_START;

	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		sum = digest_map(sum, gate_map_fd(live->gate, maps[i]));
	return digest_pins(sum, live->pin_dir);
}
