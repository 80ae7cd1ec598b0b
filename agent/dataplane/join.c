/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libxdp's part of attaching. Called by dataplane/attach, and by agent.c before it gives rights up.
 * The program that libxdp replaces a slot with must be loaded for that slot, so the object is
 * opened a second time; every map of it is the one that the gate has.
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

#include "sekisho/config.h"

#include "gateway.skel.h"

#define PROGRAM "sek_gateway"

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
		int fd = gate_map_fd(gate, strcmp(name, "sek_tx") ? name : "sek_tx_joined");

		if (err)
			break;
		if (fd >= 0)
			err = bpf_map__reuse_fd(map, fd);
		else if (strstr(name, ".rodata"))
			err = rodata_copy(gate, map);
	}
	return err;
}

/* A part of the dispatcher that is ours and is not this one. Caller closes mp. */
static struct xdp_program *ours_find(struct xdp_multiprog *mp, uint32_t but)
{
	struct xdp_program *program = NULL;

	if (!libxdp_get_error(mp) && !xdp_multiprog__is_legacy(mp))
		while ((program = xdp_multiprog__next_prog(program, mp)))
			if (strcmp(xdp_program__name(program), PROGRAM) == 0 &&
			    xdp_program__id(program) != but)
				break;
	return program;
}

/* Takes every part of ours but this one out. Returns how many, or -errno. */
static int ours_drop(uint32_t ifindex, uint32_t but)
{
	int err = 0, cnt = 0;

	while (!err) {
		struct xdp_multiprog *mp = xdp_multiprog__get_from_ifindex((int)ifindex);
		struct xdp_program *program = ours_find(mp, but);

		err = program ? xdp_program__detach(program, (int)ifindex,
						    xdp_multiprog__attach_mode(mp), 0)
			      : -ENOENT;
		if (!libxdp_get_error(mp))
			xdp_multiprog__close(mp);
		cnt += !err;
	}
	return err == -ENOENT ? cnt : err;
}

bool join_stands(uint32_t ifindex)
{
	struct xdp_multiprog *mp = xdp_multiprog__get_from_ifindex((int)ifindex);
	bool stands = ours_find(mp, 0);

	if (!libxdp_get_error(mp))
		xdp_multiprog__close(mp);
	return stands;
}

/* There is no moment without ours: the part of a former run goes when the new one is at work. */
static int part_attach(struct bpf_object *object, uint32_t ifindex)
{
	DECLARE_LIBXDP_OPTS(xdp_program_opts, opts, .obj = object, .prog_name = PROGRAM);
	struct xdp_program *program = xdp_program__create(&opts);
	int err = (int)libxdp_get_error(program);

	if (err)
		return err;
	/* libxdp does not ask libbpf; without it large frames end at the others. */
	err = xdp_program__set_xdp_frags_support(program, true);
	if (!err)
		err = xdp_program__attach(program, (int)ifindex, XDP_MODE_UNSPEC, 0);
	if (!err)
		err = ours_drop(ifindex, xdp_program__id(program));
	xdp_program__close(program);
	return err;
}

int join_attach(const struct gate *gate, uint32_t ifindex)
{
	struct bpf_object *object;
	size_t size;
	const void *bytes = gateway__elf_bytes(&size);
	int err;

	object = bpf_object__open_mem(bytes, size, NULL);
	if (!object)
		return -errno;
	err = maps_share(gate, object);
	if (!err)
		err = part_attach(object, ifindex);
	bpf_object__close(object);
	return err;
}

int join_detach(uint32_t ifindex)
{
	int cnt = ours_drop(ifindex, 0);

	return cnt > 0 ? 0 : cnt ? cnt : -ENOENT;
}

static int left(uint32_t ifindex)
{
	return join_detach(ifindex) == 0;
}

int join_detach_all(void)
{
	return dispatchers_visit(left);
}
