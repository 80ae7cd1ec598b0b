// SPDX-License-Identifier: Apache-2.0
/*
 * The gateway's object: opened, sized, loaded, with maps that outlive it. Called by sekishod, by
 * `capture gate` (no pins) and, for reading only, by the CLI.
 * Promises: a failure leaves nothing loaded and tells which object, which limit, what to do.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "sekisho/config.h" /* the skeleton's rodata is made of these */
#include "sekisho/handoff.h"
#include "sekisho/name.h"
#include "sekisho/policy.h"
#include "sekisho/tenant.h"

#include "gateway.skel.h"
#include "install/gate.h"
#include "sekisho/flow.h"

#define EVENTS_BYTES_DEFAULT (4u << 20)
#define EVENT_BUDGET_DEFAULT 10000
#define VERIFIER_WORDS 400 /* of the log's end, for people */

struct gate_map *gate_find(const struct gate *gate, const char *name)
{
	for (size_t i = 0; i < gate->map_cnt; i++)
		if (!strcmp(gate->maps[i].name, name))
			return &gate->maps[i];
	return NULL;
}

/* The third word of its line in maps.def. */
static int generation_kind(const char *name)
{
	static const struct {
		const char *name;
		int generation;
	} rows[] = {
#define SEK_MAP(name, what, generation) { #name, generation },
#include "sekisho/maps.def"
#undef SEK_MAP
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!strcmp(name, rows[i].name))
			return rows[i].generation;
	return 0;
}

static enum map_group group_of(const char *name)
{
	static const char *const flows[] = { "sek_flow",      "sek_flow_entry", "sek_flow_free",
					     "sek_flow_hint", "sek_patrol",	"sek_quota",
					     "sek_source",    "sek_handoff",	"sek_reading" };

	if (!strcmp(name, "sek_active") || generation_kind(name))
		return GROUP_POLICY;
	for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++)
		if (!strcmp(name, flows[i]))
			return GROUP_FLOWS;
	if (!strncmp(name, "sek_step", 8))
		return GROUP_STEPS;
	if (!strncmp(name, "sek_list", 8) && strcmp(name, "sek_list_count") != 0)
		return GROUP_LISTS;
	return GROUP_NONE;
}

static void map_describe(struct gate_map *entry, struct bpf_map *map, const struct btf *btf)
{
	struct bpf_map *inner = bpf_map__inner_map(map);

	*entry = (struct gate_map){
		.map = map,
		.group = group_of(bpf_map__name(map)),
		.layout = layout_hash(btf, map),
		.type = bpf_map__type(map),
		.key_size = bpf_map__key_size(map),
		.value_size = bpf_map__value_size(map),
		.max_entries = bpf_map__max_entries(map),
		.halves = generation_kind(bpf_map__name(map)) == 2,
		.fd = -1,
		.inner_fd = { -1, -1 },
	};
	snprintf(entry->name, sizeof(entry->name), "%s", bpf_map__name(map));
	if (!inner)
		return;
	entry->value_size = sizeof(uint32_t); /* libbpf sets it at load */
	entry->inner_type = bpf_map__type(inner);
	entry->inner_flags = bpf_map__map_flags(inner);
	entry->inner_key_size = bpf_map__key_size(inner);
	entry->inner_value_size = bpf_map__value_size(inner);
}

/* Every map of ours; .rodata and its like are libbpf's and made anew each time. */
static int maps_describe(struct gate *gate)
{
	struct bpf_object *object = gate->skel->obj;
	size_t cnt = 0;
	struct bpf_map *map;

	bpf_object__for_each_map(map, object) cnt++;
	gate->maps = calloc(cnt ? cnt : 1, sizeof(*gate->maps));
	if (!gate->maps)
		return -ENOMEM;
	bpf_object__for_each_map(map, object) if (!strncmp(bpf_map__name(map), "sek_", 4))
		map_describe(&gate->maps[gate->map_cnt++], map, bpf_object__btf(object));
	return 0;
}

/* A ring must be a power of two pages; the kernel keeps the number that libbpf rounds to. */
static uint32_t ring_bytes(uint32_t wanted)
{
	uint32_t bytes = (uint32_t)sysconf(_SC_PAGESIZE);

	while (bytes < wanted && bytes < (1u << 30))
		bytes <<= 1;
	return bytes;
}

/* Twice as many hints as flows, so that few flows share one. */
static uint32_t hints_mask(uint32_t flows)
{
	uint32_t mask = 1;

	while (mask < 2ull * flows - 1)
		mask = mask << 1 | 1;
	return mask;
}

/* One store and atomic adds from user space go through a mapped page. */
static int map_make_mappable(struct bpf_map *map)
{
	return bpf_map__set_map_flags(map, bpf_map__map_flags(map) | BPF_F_MMAPABLE);
}

static int object_size(struct gateway *skel, const struct gate_options *options)
{
	uint32_t flows = options->flows_max ? options->flows_max : SEK_FLOWS_DEFAULT;
	uint32_t sources = options->sources_max ? options->sources_max : SEK_SOURCES_DEFAULT;
	uint32_t events = options->events_bytes ? options->events_bytes : EVENTS_BYTES_DEFAULT;
	struct sek_config *cfg = (struct sek_config *)&skel->rodata->cfg;
	int err;

	if (getrandom(&cfg->hash_seed, sizeof(cfg->hash_seed), 0) != sizeof(cfg->hash_seed))
		return -EIO;
	cfg->event_budget = options->event_budget ? options->event_budget : EVENT_BUDGET_DEFAULT;
	cfg->flows_max = flows;
	cfg->hint_mask = hints_mask(flows);
	cfg->replay = options->replay;
	cfg->replay_ways = options->replay_ways;
	err = bpf_map__set_max_entries(skel->maps.sek_flow, flows);
	if (!err)
		err = bpf_map__set_max_entries(skel->maps.sek_flow_entry, flows + 1);
	if (!err)
		err = bpf_map__set_max_entries(skel->maps.sek_handoff, flows + 1);
	if (!err)
		err = bpf_map__set_max_entries(skel->maps.sek_reading, flows + 1);
	if (!err)
		err = bpf_map__set_max_entries(skel->maps.sek_flow_free, flows);
	if (!err)
		err = bpf_map__set_max_entries(skel->maps.sek_flow_hint, cfg->hint_mask + 1);
	if (!err)
		err = bpf_map__set_max_entries(skel->maps.sek_source, sources);
	if (!err)
		err = bpf_map__set_max_entries(skel->maps.sek_events, ring_bytes(events));
	return err ? err : map_make_mappable(skel->maps.sek_active);
}

/* libbpf opens it without any privilege; sizes and flags are set so that layouts are final. */
static int object_open(const struct gate_options *options, struct gate *gate, struct diag *diag)
{
	int err;

	gate->programs = options->programs;
	gate->skel = gateway__open();
	err = gate->skel ? object_size(gate->skel, options) : -errno;
	if (!err)
		err = steps_describe(gate->skel->obj);
	if (!err)
		err = steps_leave_out(gate->skel->obj, options->programs);
	if (!err)
		err = maps_describe(gate);
	if (err)
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL,
			 "the gateway's object cannot be opened: %s", strerror(-err));
	return err;
}

void load_explain(const char *object, int err, const char *log, struct diag *diag)
{
	size_t len = strlen(log);
	const char *hint = err == -EPERM || err == -EACCES
				   ? "loading needs root, or CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON"
			   : err == -ENOMEM ? "ask for fewer flows or give the host more memory"
			   : err == -E2BIG
				   ? "its verifier gives up before the program's end; a newer "
				     "kernel, or another build of sekisho, is needed"
			   : err == -ENOSPC ? "the verifier said more than there was room for"
					    : "sekisho feature probe shows what this kernel lacks";

	diag_add(diag, DIAG_ERROR, NULL, 0, 0, hint, "the kernel refuses %s: %s", object,
		 strerror(-err));
	if (len)
		diag_add(diag, DIAG_NOTE, NULL, 0, 0, NULL, "the verifier's last words: %s",
			 len > VERIFIER_WORDS ? log + len - VERIFIER_WORDS : log);
}

static int object_steps(const struct gate *gate, struct diag *diag)
{
	int err = steps_fill(gate, gate->skel->obj, "sek_step");

	if (err)
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL,
			 "the gateway's programs cannot be put together: %s", strerror(-err));
	return err;
}

static int object_load(struct gate *gate, struct diag *diag)
{
	char *log = calloc(1, VERIFIER_LOG_BYTES);
	int err;

	if (!log)
		return -ENOMEM;
	bpf_program__set_log_buf(gate->skel->progs.sek_gateway, log, VERIFIER_LOG_BYTES);
	err = gateway__load(gate->skel);
	bpf_program__set_log_buf(gate->skel->progs.sek_gateway, NULL, 0);
	if (err)
		load_explain("the gateway's object", err, log, diag);
	free(log);
	for (size_t i = 0; !err && i < gate->map_cnt; i++)
		gate->maps[i].fd = bpf_map__fd(gate->maps[i].map);
	return err ? err : object_steps(gate, diag);
}

/*
 * The maps of another gate's address lists in place of own ones: the program only reads them. A head says
 * by itself where its tables are, so nothing has to be copied, and what changes there is seen here.
 */
static int lists_share(struct gate *gate, const struct gate *of, struct diag *diag)
{
	int err = 0;

	for (size_t i = 0; i < gate->map_cnt && !err; i++) {
		const struct gate_map *map = &gate->maps[i], *other;

		if (map->group != GROUP_LISTS)
			continue;
		other = gate_find(of, map->name);
		err = other && other->layout == map->layout ? bpf_map__reuse_fd(map->map, other->fd)
							    : -ESTALE;
	}
	if (err)
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL,
			 "the lists in force cannot be read: %s", strerror(-err));
	return err;
}

static int active_map(struct gate *gate, struct diag *diag)
{
	void *page = mmap(NULL, sizeof(*gate->active), PROT_READ | PROT_WRITE, MAP_SHARED,
			  gate_map_fd(gate, "sek_active"), 0);

	if (page == MAP_FAILED) {
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL, "sek_active cannot be mapped: %s",
			 strerror(errno));
		return -errno;
	}
	gate->active = page;
	return 0;
}

/* SYN cookies are made from the first packet on. */
static int secret_start(struct gate *gate, struct diag *diag)
{
	int err = gate_secret_renew(gate);

	if (err)
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL,
			 "no secret for SYN cookies could be made: %s", strerror(-err));
	return err;
}

/* From pins to pins: adopt, load, pin; nobody else does the same meanwhile. */
static int object_start(struct gate *gate, struct gate_adopted *adopted, struct diag *diag)
{
	int lock = gate->pin_dir ? pins_lock(gate->pin_dir, diag) : 0, err = 0;

	if (lock < 0)
		return lock;
	if (gate->pin_dir)
		err = pins_adopt(gate, adopted, diag);
	if (!err)
		err = object_load(gate, diag);
	if (!err && gate->pin_dir)
		err = pins_write(gate, diag);
	if (!err)
		err = active_map(gate, diag);
	if (!err)
		err = secret_start(gate, diag);
	if (gate->pin_dir)
		close(lock);
	return err;
}

static void formers_none(struct gate *gate)
{
	for (int i = 0; i < GATE_FORMER_MAX; i++)
		gate->former_fd[i] = -1;
}

int gate_open(const struct gate_options *options, struct gate **ret_gate,
	      struct gate_adopted *ret_adopted, struct diag *diag)
{
	struct gate_adopted adopted = {};
	struct gate *gate = calloc(1, sizeof(*gate));
	int err = -ENOMEM;

	if (!gate)
		return err;
	formers_none(gate);
	if (options->pin_dir) {
		gate->pin_dir = strdup(options->pin_dir);
		if (!gate->pin_dir)
			goto failed;
	}
	err = object_open(options, gate, diag);
	if (!err && options->lists_of)
		err = lists_share(gate, options->lists_of, diag);
	if (!err)
		err = object_start(gate, &adopted, diag);
	if (err)
		goto failed;
	for (size_t i = 0; i < gate->map_cnt; i++)
		*(gate->maps[i].adopted ? &adopted.maps_adopted : &adopted.maps_new) += 1;
	if (ret_adopted)
		*ret_adopted = adopted;
	*ret_gate = gate;
	return 0;
failed:
	gate_close(gate);
	return err;
}

int gate_peek(const char *pin_dir, struct gate **ret_gate, struct diag *diag)
{
	struct gate *gate = calloc(1, sizeof(*gate));
	int err = -ENOMEM;

	if (!gate)
		return err;
	formers_none(gate);
	gate->pin_dir = strdup(pin_dir);
	if (gate->pin_dir)
		err = object_open(&(struct gate_options){}, gate, diag);
	if (gate->skel) {
		gateway__destroy(gate->skel); /* it served for names and layouts */
		gate->skel = NULL;
	}
	for (size_t i = 0; i < gate->map_cnt; i++)
		gate->maps[i].map = NULL;
	if (!err)
		err = pins_read(gate, diag);
	if (err) {
		gate_close(gate);
		return err;
	}
	*ret_gate = gate;
	return 0;
}

static void fd_close(int fd)
{
	if (fd >= 0)
		close(fd);
}

void gate_close(struct gate *gate)
{
	if (!gate)
		return;
	tc_unload(gate);
	if (gate->active)
		munmap(gate->active, sizeof(*gate->active));
	for (size_t i = 0; i < gate->map_cnt; i++) {
		fd_close(gate->maps[i].inner_fd[0]);
		fd_close(gate->maps[i].inner_fd[1]);
		if (!gate->skel)
			fd_close(gate->maps[i].fd);
	}
	if (gate->skel)
		gateway__destroy(gate->skel);
	for (int i = 0; i < GATE_FORMER_MAX; i++)
		fd_close(gate->former_fd[i]);
	free(gate->maps);
	free(gate->pin_dir);
	free(gate);
}

const struct sek_config *object_config(const struct gate *gate)
{
	return (const struct sek_config *)&gate->skel->rodata->cfg;
}

int gate_release_fd(const struct gate *gate)
{
	return gate->skel ? bpf_program__fd(gate->skel->progs.sek_release) : -EBADF;
}

int object_fork_fd(const struct gate *gate)
{
	return gate->skel ? bpf_program__fd(gate->skel->progs.sek_reset_fork) : -EBADF;
}

int object_copy_fd(const struct gate *gate)
{
	return gate->skel ? bpf_program__fd(gate->skel->progs.sek_reset_copy) : -EBADF;
}

int gate_order_fd(const struct gate *gate)
{
	return gate->skel ? bpf_program__fd(gate->skel->progs.sek_name_order) : -EBADF;
}

int gate_hand_fd(const struct gate *gate)
{
	return gate->skel ? bpf_program__fd(gate->skel->progs.sek_hand_order) : -EBADF;
}

int gate_page_back_fd(const struct gate *gate)
{
	return gate->skel ? bpf_program__fd(gate->skel->progs.sek_page_back) : -EBADF;
}

int gate_prog_fd(const struct gate *gate)
{
	return gate->skel ? bpf_program__fd(gate->skel->progs.sek_gateway) : -EBADF;
}

int gate_map_fd(const struct gate *gate, const char *name)
{
	const struct gate_map *map = gate_find(gate, name);

	return map ? map->fd : -ENOENT;
}

int gate_live_fd(const struct gate *gate, const char *name, uint32_t generation)
{
	struct gate_map *map = gate_find(gate, name);
	uint32_t slot = generation & 1;

	if (!map || !map->inner_type)
		return -ENOENT;
	if (map->inner_fd[slot] >= 0)
		return map->inner_fd[slot];
	map->inner_fd[slot] = pins_inner_open(gate, map, slot); /* made by an earlier run */
	return map->inner_fd[slot];
}

/* Where entry `index` of a generation is in a map of two halves; NULL: there is none. */
static const struct gate_map *half_find(const struct gate *gate, const char *name,
					uint32_t generation, uint32_t *index)
{
	const struct gate_map *map = gate_find(gate, name);

	if (!map || !map->halves || *index >= map->max_entries / 2)
		return NULL;
	*index += (generation & 1) * (map->max_entries / 2);
	return map;
}

int gate_entry_get(const struct gate *gate, const char *name, uint32_t generation, uint32_t index,
		   void *ret_value)
{
	const struct gate_map *map = half_find(gate, name, generation, &index);

	return map ? bpf_map_lookup_elem(map->fd, &index, ret_value) : -ENOENT;
}

int gate_entry_set(const struct gate *gate, const char *name, uint32_t generation, uint32_t index,
		   const void *value)
{
	const struct gate_map *map = half_find(gate, name, generation, &index);

	return map ? bpf_map_update_elem(map->fd, &index, value, BPF_EXIST) : -ENOENT;
}

uint32_t gate_generation(const struct gate *gate)
{
	struct sek_active active = {};
	uint32_t zero = 0;

	if (gate->active)
		return __atomic_load_n(&gate->active->generation, __ATOMIC_ACQUIRE);
	(void)bpf_map_lookup_elem(gate_map_fd(gate, "sek_active"), &zero, &active);
	return active.generation;
}

static int map_entry_set(const struct gate *gate, const char *name, uint32_t key, const void *value,
			 bool remove)
{
	const struct gate_map *map = gate_find(gate, name);
	int err;

	if (!map)
		return -ENOENT;
	if (!remove || map->type == BPF_MAP_TYPE_ARRAY)
		return bpf_map_update_elem(map->fd, &key, value, BPF_ANY);
	err = bpf_map_delete_elem(map->fd, &key);
	return err == -ENOENT ? 0 : err;
}

int gate_link_set(struct gate *gate, uint32_t ifindex, const struct sek_link *link)
{
	const struct sek_link none = {};

	if (ifindex >= SEK_IFINDEX_MAX)
		return -ERANGE;
	return map_entry_set(gate, "sek_link", ifindex, link->port ? link : &none, !link->port);
}

int gate_tx_set(struct gate *gate, uint16_t port, uint32_t ifindex, bool from_xdp)
{
	const struct bpf_devmap_val out = { .ifindex = ifindex };
	int err;

	if (port >= SEK_PORTS_MAX)
		return -ERANGE;
	err = map_entry_set(gate, "sek_out", port, &ifindex, false);
	if (!err)
		err = map_entry_set(gate, "sek_tx", port, &out, !ifindex || !from_xdp);
	return err ? err : map_entry_set(gate, "sek_tx_joined", port, &out, !ifindex || !from_xdp);
}
