/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attaching beside others. Called by dataplane/attach, and by agent.c before it gives rights up.
 * libxdp shows what stands; dataplane/dispatcher makes what shall stand. A program that takes a slot
 * must be loaded for that slot, so the object is opened a second time; every map of it is the one
 * that the gate has.
 */
#include "dataplane/join.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xdp/libxdp.h>

#include "dataplane/dispatcher.h"
#include "sekisho/config.h"
#include "sekisho/name.h"

#include "gateway.skel.h"

#define PROGRAM "sek_gateway"
#define PRIORITY 50 /* libxdp's default: whoever says nothing of it */
#define LOOKS 5 /* at a dispatcher that others change meanwhile */

/* Without the right to see programs of others libxdp complains at every look. */
static bool may_see(uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	int fd = bpf_xdp_query((int)ifindex, 0, &query) ? -1 : bpf_prog_get_fd_by_id(query.prog_id);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

bool join_is_dispatcher(uint32_t ifindex)
{
	struct xdp_multiprog *mp;
	bool dispatcher;

	if (!may_see(ifindex))
		return false;
	mp = xdp_multiprog__get_from_ifindex((int)ifindex);
	if (libxdp_get_error(mp))
		return false;
	dispatcher = !xdp_multiprog__is_legacy(mp);
	xdp_multiprog__close(mp);
	return dispatcher;
}

/* Calls visit for each interface that runs the dispatcher; the sum of what it returns. */
static int dispatchers_visit(int (*visit)(uint32_t ifindex))
{
	struct if_nameindex *list = if_nameindex();
	int sum = 0;

	for (struct if_nameindex *at = list; at && at->if_index; at++) {
		if (join_is_dispatcher(at->if_index))
			sum += visit(at->if_index);
	}
	if_freenameindex(list);
	return sum;
}

static int one(uint32_t ifindex)
{
	return ifindex > 0;
}

bool join_any_dispatcher(void)
{
	return dispatchers_visit(one) > 0;
}

/* The read-only data that the running program was loaded with. */
static int rodata_copy(const struct gate *gate, struct bpf_map *map)
{
	uint32_t ids[64] = {}, len = sizeof(struct bpf_prog_info), zero = 0;
	struct bpf_prog_info info = { .nr_map_ids = 64, .map_ids = (uintptr_t)ids };
	size_t size = bpf_map__value_size(map);
	void *value;
	int err = -ENOENT;

	if (bpf_obj_get_info_by_fd(gate_prog_fd(gate), &info, &len))
		return -errno;
	value = calloc(1, size);
	if (!value)
		return -ENOMEM;
	for (uint32_t i = 0; err && i < info.nr_map_ids && i < 64; i++) {
		struct bpf_map_info about = {};
		int fd = bpf_map_get_fd_by_id(ids[i]);

		len = sizeof(about);
		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &about, &len) &&
		    strstr(about.name, ".rodata") && about.value_size == size &&
		    !bpf_map_lookup_elem(fd, &zero, value))
			err = bpf_map__set_initial_value(map, value, size);
		if (fd >= 0)
			close(fd);
	}
	free(value);
	return err;
}

static int maps_share(const struct gate *gate, struct bpf_object *object)
{
	struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_map(map, object)
	{
		const char *name = bpf_map__name(map);
		int fd = gate_joined_fd(gate, name);

		if (err)
			break;
		if (fd >= 0)
			err = bpf_map__reuse_fd(map, fd);
		else if (strstr(name, ".rodata"))
			err = rodata_copy(gate, map);
	}
	return err;
}

static bool ours(const struct xdp_program *program)
{
	return strcmp(xdp_program__name(program), PROGRAM) == 0;
}

bool join_stands(uint32_t ifindex)
{
	struct xdp_multiprog *mp = xdp_multiprog__get_from_ifindex((int)ifindex);
	struct xdp_program *program = NULL;
	bool stands = false;

	if (libxdp_get_error(mp))
		return false;
	while (!stands && !xdp_multiprog__is_legacy(mp) &&
	       (program = xdp_multiprog__next_prog(program, mp)))
		stands = ours(program);
	xdp_multiprog__close(mp);
	return stands;
}

/* A program that runs, with what it was told when it was attached. */
static struct part part_running(const struct xdp_program *program)
{
	struct part part = {
		.name = xdp_program__name(program),
		.priority = xdp_program__run_prio(program),
		.frags = xdp_program__xdp_frags_support(program),
		.fd = xdp_program__fd(program),
	};

	for (enum xdp_action action = XDP_ABORTED; action <= XDP_REDIRECT; action++)
		if (xdp_program__chain_call_enabled(program, action))
			part.chain |= 1u << action;
	return part;
}

/* The parts that shall be: the others that run and, unless it is NULL, add. */
struct parts {
	struct part list[MAX_DISPATCHER_ACTIONS];
	size_t cnt;
	int former; /* parts of ours that run, and go */
};

static int parts_append(struct parts *parts, const struct part *part)
{
	if (parts->cnt == MAX_DISPATCHER_ACTIONS)
		return -ENOSPC;
	parts->list[parts->cnt++] = *part;
	return 0;
}

static int parts_plan(const struct xdp_multiprog *mp, const struct part *add, struct parts *parts)
{
	struct xdp_program *program = NULL;
	int err = 0;

	while (!err && (program = xdp_multiprog__next_prog(program, mp))) {
		struct part part = part_running(program);

		if (ours(program)) {
			parts->former++;
			continue;
		}
		if (add && part_before(add, &part)) {
			err = parts_append(parts, add);
			add = NULL;
		}
		if (!err)
			err = parts_append(parts, &part);
	}
	return !err && add ? parts_append(parts, add) : err;
}

/* There is no moment without ours: the part of a former run goes as the new one comes. */
static int parts_change(uint32_t ifindex, const struct part *add)
{
	struct xdp_multiprog *mp = xdp_multiprog__get_from_ifindex((int)ifindex);
	struct parts parts = {};
	int err = (int)libxdp_get_error(mp);

	if (err)
		return err;
	err = xdp_multiprog__is_legacy(mp) ? -ENOENT : parts_plan(mp, add, &parts);
	if (!err && !add && !parts.former)
		err = -ENOENT;
	if (!err)
		err = parts.cnt ? dispatcher_replace(mp, ifindex, parts.list, parts.cnt)
				: xdp_multiprog__detach(mp);
	xdp_multiprog__close(mp);
	return err ? err : parts.former;
}

/* What the part goes on in stands apart from it: see gate_join(). */
static void others_leave(struct bpf_object *object)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, strcmp(bpf_program__name(program), PROGRAM) == 0);
}

static int part_attach(struct gate *gate, uint32_t ifindex)
{
	struct part part = {
		.name = PROGRAM, .priority = PRIORITY, .chain = 1u << XDP_PASS, .frags = true
	};
	size_t size;
	const void *bytes = gateway__elf_bytes(&size);
	int err;

	part.object = bpf_object__open_mem(bytes, size, NULL);
	if (!part.object)
		return -errno;
	others_leave(part.object);
	err = maps_share(gate, part.object);
	if (!err)
		err = gate_join(gate);
	if (!err)
		err = parts_change(ifindex, &part);
	bpf_object__close(part.object);
	return err;
}

int join_attach(struct gate *gate, uint32_t ifindex)
{
	int err = -EEXIST;

	for (int look = 0; look < LOOKS && err == -EEXIST; look++)
		err = part_attach(gate, ifindex);
	return err;
}

int join_detach(uint32_t ifindex)
{
	int err = -EEXIST;

	for (int look = 0; look < LOOKS && err == -EEXIST; look++)
		err = parts_change(ifindex, NULL);
	return err < 0 ? err : 0;
}

static int left(uint32_t ifindex)
{
	return join_detach(ifindex) == 0;
}

int join_detach_all(void)
{
	return dispatchers_visit(left);
}
