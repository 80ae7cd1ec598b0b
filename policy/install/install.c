// SPDX-License-Identifier: Apache-2.0
/*
 * One image into one generation. Called by sekishod's policy.apply and start, and by replay.
 * Promises: install_prepare() touches the idle slot only; what is live changes by the one store of
 * install_commit(). One caller at a time; the agent's lock sees to that.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "install/gate.h"
#include "install/hits.h"

/* One map of a generation. Entries stand key then value; arrays have no key, and are mapped. */
struct part {
	const char *map;
	const char *what; /* in words, for refusals */
	const void *entries;
	size_t cnt, cap;
	size_t key_size, value_size;
};
#define PART_CNT 9

static void parts_of(const struct image *image, struct part parts[PART_CNT])
{
	const struct part all[PART_CNT] = {
		{ "sek_port", "ports", image->ports, SEK_PORTS_MAX, SEK_PORTS_MAX, 0,
		  sizeof(struct sek_port) },
		{ "sek_tenant", "tenants", image->tenants, SEK_TENANTS_MAX, SEK_TENANTS_MAX, 0,
		  sizeof(struct sek_tenant) },
		{ "sek_attach", "tenant prefixes on ports and VLANs", image->attaches,
		  image->attach_cnt, INSTALL_ATTACHES_MAX, sizeof(struct sek_attach_key),
		  sizeof(struct sek_attach) },
		{ "sek_class", "address classes", image->classes, image->class_cnt,
		  INSTALL_CLASSES_MAX, sizeof(struct sek_class_key), sizeof(struct sek_class) },
		{ "sek_ports", "port tables", image->tables, image->table_cnt, INSTALL_TABLES_MAX,
		  0, sizeof(struct sek_ports) },
		{ "sek_row", "rule rows", image->rows, image->row_cnt, INSTALL_ROWS_MAX, 0,
		  sizeof(struct sek_row) },
		{ "sek_rule", "rules", image->rules, image->rule_cnt, INSTALL_RULES_MAX, 0,
		  sizeof(struct sek_rule) },
		{ "sek_name_policy", "settings of names", image->name_profiles,
		  image->name_profile_cnt, SEK_NAME_PROFILES_MAX, 0, sizeof(struct sek_name_profile) },
		{ "sek_name_group", "addresses with settings of names of their own",
		  image->name_groups, image->name_group_cnt, INSTALL_NAME_GROUPS_MAX,
		  sizeof(struct sek_name_group_key), sizeof(uint32_t) },
	};

	/* An array's entries stand at multiples of 8 bytes, here they stand one behind the other. */
	_Static_assert(sizeof(struct sek_port) % 8 == 0 && sizeof(struct sek_tenant) % 8 == 0 &&
			       sizeof(struct sek_ports) % 8 == 0 &&
			       sizeof(struct sek_row) % 8 == 0 && sizeof(struct sek_rule) % 8 == 0 &&
			       sizeof(struct sek_name_profile) % 8 == 0,
		       "no padding");
	_Static_assert(sizeof(struct image_attach) ==
			       sizeof(struct sek_attach_key) + sizeof(struct sek_attach),
		       "no padding");
	_Static_assert(sizeof(struct image_class) ==
			       sizeof(struct sek_class_key) + sizeof(struct sek_class),
		       "no padding");
	_Static_assert(sizeof(struct image_name_group) ==
			       sizeof(struct sek_name_group_key) + sizeof(uint32_t),
		       "no padding");
	memcpy(parts, all, sizeof(all));
}

static int part_refuse(const struct part *part, int err, const char *act, struct diag *diag)
{
	diag_add(diag, DIAG_ERROR, NULL, 0, 0,
		 err == -ENOMEM ? "give the host more memory or the policy fewer rules" : NULL,
		 "%s (%zu %s of %zu bytes) cannot be %s: %s; the live policy is untouched", part->map,
		 part->cnt, part->what, part->key_size + part->value_size, act, strerror(-err));
	return err;
}

static int profiles_check(const struct image *image, struct diag *diag)
{
	size_t bad = 0;

	for (uint32_t id = 0; id < SEK_TENANTS_MAX; id++)
		bad += image->tenants[id].name_profile &&
		       image->tenants[id].name_profile >= image->name_profile_cnt;
	for (size_t i = 0; i < image->name_group_cnt; i++)
		bad += image->name_groups[i].profile >= image->name_profile_cnt;
	if (!bad)
		return 0;
	diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL,
		 "%zu bodies or addresses have settings of names that the image does not hold", bad);
	return -EINVAL;
}

/* Everything that an entry points at must be there: the kernel program trusts it. */
static int tenants_check(const struct image *image, struct diag *diag)
{
	for (uint32_t id = 0; id < SEK_TENANTS_MAX; id++) {
		const struct sek_tenant *t = &image->tenants[id];
		const uint32_t tables[] = { t->dport_table, t->sport_table, t->icmp_table,
					    t->icmp6_table };

		if (!(t->flags & SEK_TENANT_USED))
			continue;
		if ((uint64_t)t->rule_base + t->rule_cnt > image->rule_cnt ||
		    t->rule_cnt > SEK_RULES_MAX || t->row_base >= image->row_cnt) {
			diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL,
				 "tenant %u: rules %u..%u (at most %u) and row %u, but the image holds "
				 "%zu rules and %zu rows",
				 id, t->rule_base, t->rule_base + t->rule_cnt, SEK_RULES_MAX,
				 t->row_base, image->rule_cnt, image->row_cnt);
			return -EINVAL;
		}
		for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
			if (tables[i] < image->table_cnt)
				continue;
			diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL,
				 "tenant %u: port table %u, but the image holds %zu", id, tables[i],
				 image->table_cnt);
			return -EINVAL;
		}
	}
	return 0;
}

static int image_check(const struct image *image, const struct part parts[PART_CNT], struct diag *diag)
{
	int err = tenants_check(image, diag);

	if (!err)
		err = profiles_check(image, diag);
	for (size_t i = 0; i < PART_CNT; i++) {
		if (parts[i].cnt <= parts[i].cap)
			continue;
		diag_add(diag, DIAG_ERROR, NULL, 0, 0,
			 "fewer or wider prefixes, fewer distinct port lists, or fewer rules",
			 "the policy needs %zu %s, a gateway holds %zu", parts[i].cnt,
			 parts[i].what, parts[i].cap);
		err = -E2BIG;
	}
	return err;
}

static int part_create(const struct gate_map *map, const struct part *part)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = map->inner_flags);

	if (map->inner_value_size != part->value_size ||
	    map->inner_key_size != (part->key_size ? part->key_size : sizeof(uint32_t)))
		return -EPROTO;
	return bpf_map_create(map->inner_type, part->map, map->inner_key_size,
			      map->inner_value_size, part->cnt ? part->cnt : 1, &opts);
}

/*
 * Entries of an array from `from` on, into its memory as this process sees it: a call for each batch
 * would copy and check entry by entry, a quarter of what an apply of a thousand rules a body takes.
 */
static int array_write(int fd, const struct part *part, uint32_t from)
{
	size_t before = from * part->value_size, bytes = part->cnt * part->value_size;
	char *mapped;

	if (!part->cnt)
		return 0;
	mapped = mmap(NULL, before + bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mapped == MAP_FAILED)
		return -errno;
	memcpy(mapped + before, part->entries, bytes);
	munmap(mapped, before + bytes);
	return 0;
}

/* Keys and values of a table, taken apart. */
static void table_split(const struct part *part, char *keys, char *values)
{
	const char *entry = part->entries;

	for (size_t i = 0; i < part->cnt; i++) {
		memcpy(keys + i * part->key_size, entry, part->key_size);
		memcpy(values + i * part->value_size, entry + part->key_size, part->value_size);
		entry += part->key_size + part->value_size;
	}
}

static int table_write(int fd, const struct part *part)
{
	char *keys = calloc(part->cnt + 1, part->key_size);
	char *values = calloc(part->cnt + 1, part->value_size);
	uint32_t cnt = part->cnt;
	int err = keys && values ? 0 : -ENOMEM;

	if (!err && cnt) {
		table_split(part, keys, values);
		err = bpf_map_update_batch(fd, keys, values, &cnt, NULL);
	}
	if (!err && cnt != part->cnt)
		err = -EIO;
	free(keys);
	free(values);
	return err;
}

/* The map was made for exactly these entries, so finding each is finding nothing else. */
static int table_compare(int fd, const struct part *part)
{
	const char *entry = part->entries;
	char value[64];
	int err = 0;

	for (size_t i = 0; !err && i < part->cnt; i++) {
		err = bpf_map_lookup_elem(fd, entry, value);
		if (!err && memcmp(value, entry + part->key_size, part->value_size) != 0)
			err = -EIO;
		entry += part->key_size + part->value_size;
	}
	return err;
}

/* A map with the part in it, a table read back; or -errno with words. */
static int part_make(const struct gate_map *map, const struct part *part, struct diag *diag)
{
	int fd = part_create(map, part), err;

	if (fd < 0)
		return part_refuse(part, fd, "made", diag);
	err = part->key_size ? table_write(fd, part) : array_write(fd, part, 0);
	if (err) {
		close(fd);
		return part_refuse(part, err, "written", diag);
	}
	err = part->key_size ? table_compare(fd, part) : 0;
	if (err) {
		close(fd);
		return part_refuse(part, err, "read back as it was written", diag);
	}
	return fd;
}

/* One outer map's slot. The kernel makes each such store wait until no packet uses what was there. */
struct put {
	const struct gate_map *map;
	pthread_t thread;
	int err;
	uint32_t slot;
	bool apart; /* runs in a thread of its own */
};

static void *put_run(void *arg)
{
	struct put *put = arg;

	put->err = bpf_map_update_elem(put->map->fd, &put->slot, &put->map->inner_fd[put->slot],
				       BPF_ANY);
	return NULL;
}

/* All at once, so that the waits (5 to 15 ms each on a quiet host) are one. */
static int parts_put(const struct gate *gate, const struct part parts[PART_CNT], uint32_t slot,
		     struct diag *diag)
{
	struct put puts[PART_CNT] = {};
	int err = 0;

	for (size_t i = 0; i < PART_CNT; i++) {
		puts[i] = (struct put){ .map = gate_find(gate, parts[i].map), .slot = slot };
		if (puts[i].map->halves)
			continue;
		puts[i].apart = !pthread_create(&puts[i].thread, NULL, put_run, &puts[i]);
		if (!puts[i].apart)
			put_run(&puts[i]);
	}
	for (size_t i = 0; i < PART_CNT; i++) {
		if (puts[i].apart)
			pthread_join(puts[i].thread, NULL);
		if (puts[i].err && !err)
			err = part_refuse(&parts[i], puts[i].err, "put in its slot", diag);
	}
	return err;
}

/*
 * The idle halves, in place. Called after parts_put(): its wait has let every packet end that began
 * before this generation's forerunner became live, and might still read here.
 */
static int halves_fill(const struct gate *gate, const struct part parts[PART_CNT], uint32_t slot,
		       struct diag *diag)
{
	int err = 0;

	for (size_t i = 0; !err && i < PART_CNT; i++) {
		const struct gate_map *map = gate_find(gate, parts[i].map);
		uint32_t from = slot * (map->max_entries / 2);

		if (!map->halves)
			continue;
		err = array_write(map->fd, &parts[i], from);
		if (err)
			part_refuse(&parts[i], err, "written", diag);
	}
	return err;
}

static int parts_pin(const struct gate *gate, const struct part parts[PART_CNT], uint32_t slot,
		     struct diag *diag)
{
	int err = 0;

	for (size_t i = 0; !err && i < PART_CNT; i++) {
		const struct gate_map *map = gate_find(gate, parts[i].map);

		if (map->halves)
			continue;
		err = pins_inner_write(gate, map, slot, map->inner_fd[slot]);
		if (err)
			part_refuse(&parts[i], err, "pinned", diag);
	}
	return err;
}

static void inner_keep(struct gate_map *map, uint32_t slot, int fd)
{
	if (map->inner_fd[slot] >= 0)
		close(map->inner_fd[slot]);
	map->inner_fd[slot] = fd;
}

/* The next number that was never used and whose slot is not the live one: of another parity. */
static uint32_t generation_next(const struct gate *gate)
{
	uint32_t live = gate_generation(gate);
	uint32_t next = (live > gate->generation_floor ? live : gate->generation_floor) + 1;

	return (next & 1) == (live & 1) ? next + 1 : next;
}

void install_number_above(struct gate *gate, uint32_t used)
{
	if (used > gate->generation_floor)
		gate->generation_floor = used;
}

int install_prepare(struct gate *gate, const struct image *image, uint32_t *ret_generation,
		    struct diag *diag)
{
	uint32_t generation = generation_next(gate), slot = generation & 1;
	struct part parts[PART_CNT];
	int err;

	parts_of(image, parts);
	err = image_check(image, parts, diag);
	for (size_t i = 0; !err && i < PART_CNT; i++) {
		struct gate_map *map = gate_find(gate, parts[i].map);
		int fd;

		if (map && map->halves)
			continue;
		fd = map ? part_make(map, &parts[i], diag) : -ENOENT;
		if (fd < 0)
			err = fd;
		else
			inner_keep(map, slot, fd);
	}
	if (!err)
		err = parts_put(gate, parts, slot, diag);
	if (!err)
		err = halves_fill(gate, parts, slot, diag);
	if (!err)
		err = hits_clear(gate, image, generation, diag);
	if (!err)
		err = parts_pin(gate, parts, slot, diag);
	if (err) {
		install_abort(gate, generation);
		return err;
	}
	*ret_generation = generation;
	return 0;
}

void install_commit(struct gate *gate, uint32_t generation)
{
	__atomic_store_n(&gate->active->generation, generation, __ATOMIC_RELEASE);
	if (gate->pin_dir && gate->generation_floor)
		pins_forget_active(gate);
	gate->generation_floor = 0;
}

void install_abort(struct gate *gate, uint32_t generation)
{
	uint32_t slot = generation & 1;
	struct part parts[PART_CNT];

	if (generation == gate_generation(gate))
		return;
	parts_of(&(struct image){}, parts);
	for (size_t i = 0; i < PART_CNT; i++) {
		struct gate_map *map = gate_find(gate, parts[i].map);

		if (!map || map->halves)
			continue;
		inner_keep(map, slot, -1);
		(void)bpf_map_delete_elem(map->fd, &slot);
		(void)pins_inner_write(gate, map, slot, -1);
	}
}

void install_list_epoch(struct gate *gate)
{
	__atomic_add_fetch(&gate->active->list_epoch, 1, __ATOMIC_RELEASE);
}
