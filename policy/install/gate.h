/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of struct gate, for the files of this room only: maps by name, their pins, the mapped
 * page of sek_active. install.h is what others see.
 */
#ifndef POLICY_INSTALL_GATE_H
#define POLICY_INSTALL_GATE_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "install/install.h"
#include "sekisho/limits.h"

/* Maps that only make sense together: all of a group are adopted, or none. */
enum map_group { GROUP_NONE, GROUP_POLICY, GROUP_FLOWS, GROUP_LISTS, GROUP_STEPS, GROUP_CNT };

struct gate_map {
	char name[BPF_OBJ_NAME_LEN];
	struct bpf_map *map; /* libbpf's; NULL after a peek */
	enum map_group group;
	uint32_t layout; /* hash of types and structs; in the pin's name */
	uint32_t type, key_size, value_size, max_entries;
	uint32_t inner_type, inner_flags, inner_key_size, inner_value_size; /* maps of maps */
	bool halves; /* holds both generations itself, [(generation & 1) * max_entries / 2 + i] */
	bool adopted;
	int fd; /* owned by the object, after a peek by us */
	int inner_fd[2]; /* owned; -1: not made or not asked for yet */
};

#define GATE_FORMER_MAX 3

struct sek_config;
struct gateway;
struct gateway_tc;

struct gate {
	struct gateway *skel; /* NULL after gate_peek */
	struct gateway_tc *tc; /* NULL until gate_tc_fd() is asked */
	struct gate_map *maps;
	size_t map_cnt;
	struct sek_active *active; /* mapped; NULL after gate_peek */
	uint32_t generation_floor; /* generations up to here were used before, by maps that are lost */
	bool joined; /* what programs in dispatchers go on in is loaded */
	int former_fd[GATE_FORMER_MAX]; /* arrays of steps that were not adopted; -1: none */
	char *pin_dir; /* NULL: nothing is pinned */
	uint32_t reset_ifindex[SEK_PORTS_MAX]; /* what gate_reset_set() was told */
	enum gate_programs programs; /* what is loaded of the walk */
	bool forks; /* sek_fork is this program's */
};

/* The map of this name, or NULL. */
struct gate_map *gate_find(const struct gate *gate, const char *name);

/* The program that gives back what an ended flow held: see struct sek_release. -EBADF after a peek. */
int gate_release_fd(const struct gate *gate);
/* The program that brings what the agent has read to a flow: see struct sek_name_order. The same. */
int gate_order_fd(const struct gate *gate);
/* The program that brings what a worker has found to a flow: see struct sek_hand_order. The same. */
int gate_hand_fd(const struct gate *gate);
/* sek_link, by interface number: SEK_IFINDEX_MAX entries that the caller frees. NULL with words. */
struct sek_link *links_read(const struct gate *gate, struct diag *diag);
/* Gives a replay's gate the ports and interfaces of the live one. 0 or -errno with words. */
struct replay_ways;
int ways_copy(const struct replay_ways *ways, struct gate *own, struct diag *diag);

/* What the XDP program was loaded with. */
const struct sek_config *object_config(const struct gate *gate);
#define VERIFIER_LOG_BYTES (1u << 20)
/* Says why an object was refused, with the last words of the verifier's log. */
void load_explain(const char *object, int err, const char *log, struct diag *diag);
/* The programs that make the copies of a reset, and that each copy meets. -EBADF after a peek. */
int object_fork_fd(const struct gate *gate);
int object_copy_fd(const struct gate *gate);
/* Before an object is loaded: its programs of steps.def take frames of several buffers, as sek_gateway. */
int steps_describe(const struct bpf_object *object);
/* And what of the walk is not wanted is not loaded. */
int steps_leave_out(struct bpf_object *object, enum gate_programs wanted);
/* Puts the programs of steps.def, of an object that was loaded, into one of sek_step, .._joined, .._tc. */
int steps_fill(const struct gate *gate, const struct bpf_object *object, const char *map);
/* Lets go of the TC program; what is attached stays. */
void tc_unload(struct gate *gate);

/* FNV-1a over type, flags, key and value as BTF describes them, and of the inner map. */
uint32_t layout_hash(const struct btf *btf, const struct bpf_map *map);

/*
 * The pin directory. pins_lock() mounts bpffs if needed, makes the directory and locks it: two
 * starts wait for each other. Returns a descriptor (close to unlock) or -errno with words.
 */
int pins_lock(const char *pin_dir, struct diag *diag);
/* Gives adopted maps to libbpf; says in adopted what was lost. Called between open and load. */
int pins_adopt(struct gate *gate, struct gate_adopted *adopted, struct diag *diag);
/* Pins what is new, then removes what is stale. Called after load. */
int pins_write(struct gate *gate, struct diag *diag);
/* Removes stale pins of sek_active, kept until the numbers in them were surpassed. */
void pins_forget_active(const struct gate *gate);
/* Pins an inner map in place of the one of this slot; fd -1: only takes that away. */
int pins_inner_write(const struct gate *gate, const struct gate_map *map, uint32_t slot, int fd);
/* A descriptor, for reading, of what is in the slot now; or -errno. */
int pins_inner_open(const struct gate *gate, const struct gate_map *map, uint32_t slot);
/* Opens every pin for reading. */
int pins_read(struct gate *gate, struct diag *diag);

#endif
