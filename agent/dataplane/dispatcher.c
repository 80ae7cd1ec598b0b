/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A dispatcher is built aside, with all its parts in their slots, and exchanged for the old one by a
 * single call of the kernel. Called by dataplane/join.
 */
#include "dataplane/dispatcher.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dispatcher.skel.h"

/* Room for a path, and for what each step adds to it. */
#define ROOT_BYTES PATH_MAX
#define DIR_BYTES (ROOT_BYTES + 40)
#define PATH_BYTES (DIR_BYTES + 40)
#define SLOT_NAME_BYTES 16

bool part_before(const struct part *a, const struct part *b)
{
	return a->priority != b->priority ? a->priority < b->priority : strcmp(a->name, b->name) < 0;
}

/* The directory of all dispatchers' pins, which is their lock too. */
static void pins_root(char out[ROOT_BYTES])
{
	const char *bpffs = secure_getenv("LIBXDP_BPFFS");

	snprintf(out, ROOT_BYTES, "%s/xdp", bpffs ? bpffs : "/sys/fs/bpf");
}

static void pins_dir(uint32_t ifindex, uint32_t id, char out[DIR_BYTES])
{
	char root[ROOT_BYTES];

	pins_root(root);
	snprintf(out, DIR_BYTES, "%s/dispatch-%u-%u", root, ifindex, id);
}

/* kind: "prog" or "link" */
static void pin_path(const char *dir, size_t slot, const char *kind, char out[PATH_BYTES])
{
	snprintf(out, PATH_BYTES, "%s/prog%zu-%s", dir, slot, kind);
}

static void pins_drop(uint32_t ifindex, uint32_t id)
{
	char dir[DIR_BYTES], path[PATH_BYTES];

	pins_dir(ifindex, id, dir);
	for (size_t slot = 0; slot < MAX_DISPATCHER_ACTIONS; slot++) {
		pin_path(dir, slot, "link", path);
		unlink(path);
		pin_path(dir, slot, "prog", path);
		unlink(path);
	}
	rmdir(dir);
}

/* What a slot holds, while it is built. */
struct slot {
	int prog_fd; /* the part's or its object's, which close it */
	int link_fd;
};

static int pins_make(uint32_t ifindex, uint32_t id, const struct slot *slots, size_t cnt)
{
	char dir[DIR_BYTES], path[PATH_BYTES];
	int err;

	pins_dir(ifindex, id, dir);
	err = mkdir(dir, 0700) ? -errno : 0;
	for (size_t i = 0; !err && i < cnt; i++) {
		pin_path(dir, i, "prog", path);
		err = bpf_obj_pin(slots[i].prog_fd, path);
		pin_path(dir, i, "link", path);
		if (!err)
			err = bpf_obj_pin(slots[i].link_fd, path);
	}
	return err;
}

static int object_load_for(struct bpf_object *object, const char *name, int dispatcher_fd,
			   const char *slot)
{
	struct bpf_program *program = bpf_object__find_program_by_name(object, name);
	int err;

	if (!program)
		return -ENOENT;
	bpf_program__set_type(program, BPF_PROG_TYPE_EXT);
	bpf_program__set_expected_attach_type(program, 0);
	/* Only the dispatcher says whether frames of several buffers come. */
	bpf_program__set_flags(program, bpf_program__flags(program) & ~BPF_F_XDP_HAS_FRAGS);
	err = bpf_program__set_attach_target(program, dispatcher_fd, slot);
	if (!err)
		err = bpf_object__load(object);
	return err ? err : bpf_program__fd(program);
}

static int slot_fill(const struct dispatcher *next, size_t index, const struct part *part,
		     struct slot *ret_slot)
{
	int fd = bpf_program__fd(next->progs.xdp_dispatcher);
	LIBBPF_OPTS(bpf_link_create_opts, opts);
	char name[SLOT_NAME_BYTES];
	int func;

	snprintf(name, sizeof(name), "prog%hhu", (unsigned char)index);
	func = btf__find_by_name_kind(bpf_object__btf(next->obj), name, BTF_KIND_FUNC);
	if (func < 0)
		return func;
	opts.target_btf_id = (uint32_t)func;
	ret_slot->prog_fd = part->object ? object_load_for(part->object, part->name, fd, name)
					 : part->fd;
	if (ret_slot->prog_fd < 0)
		return ret_slot->prog_fd;
	ret_slot->link_fd = bpf_link_create(ret_slot->prog_fd, fd, 0, &opts);
	return ret_slot->link_fd < 0 ? ret_slot->link_fd : 0;
}

/* Frames of several buffers come only where every part takes them. */
static void configure(struct dispatcher *next, const struct part *parts, size_t cnt)
{
	struct xdp_dispatcher_config *conf = (struct xdp_dispatcher_config *)&next->rodata->conf;
	bool frags = true;

	conf->magic = XDP_DISPATCHER_MAGIC;
	conf->dispatcher_version = XDP_DISPATCHER_VERSION;
	conf->num_progs_enabled = (uint8_t)cnt;
	for (size_t i = 0; i < cnt; i++) {
		conf->chain_call_actions[i] = parts[i].chain | 1u << XDP_DISPATCHER_RETVAL;
		conf->run_prios[i] = parts[i].priority;
		conf->program_flags[i] = parts[i].frags ? BPF_F_XDP_HAS_FRAGS : 0;
		frags = frags && parts[i].frags;
	}
	conf->is_xdp_frags = frags;
	if (frags)
		bpf_program__set_flags(next->progs.xdp_dispatcher, BPF_F_XDP_HAS_FRAGS);
}

static uint32_t mode_flags(const struct xdp_multiprog *mp)
{
	switch (xdp_multiprog__attach_mode(mp)) {
	case XDP_MODE_SKB:
		return XDP_FLAGS_SKB_MODE;
	case XDP_MODE_HW:
		return XDP_FLAGS_HW_MODE;
	default:
		return XDP_FLAGS_DRV_MODE;
	}
}

static int prog_id(int fd, uint32_t *ret_id)
{
	struct bpf_prog_info info = {};
	uint32_t len = sizeof(info);
	int err = bpf_obj_get_info_by_fd(fd, &info, &len);

	if (!err)
		*ret_id = info.id;
	return err;
}

/* The new one takes the hook. Its pins stand before, the old one's go after. */
static int hook_exchange(const struct xdp_multiprog *mp, uint32_t ifindex, int fd,
			 const struct slot *slots, size_t cnt)
{
	const struct xdp_program *old = xdp_multiprog__main_prog(mp);
	LIBBPF_OPTS(bpf_xdp_attach_opts, opts, .old_prog_fd = xdp_program__fd(old));
	uint32_t old_id, new_id;
	int err = prog_id(opts.old_prog_fd, &old_id);

	if (!err)
		err = prog_id(fd, &new_id);
	if (err)
		return err;
	err = pins_make(ifindex, new_id, slots, cnt);
	if (!err)
		err = bpf_xdp_attach((int)ifindex, fd, XDP_FLAGS_REPLACE | mode_flags(mp), &opts);
	pins_drop(ifindex, err ? new_id : old_id);
	return err;
}

static int exchange_locked(const struct xdp_multiprog *mp, uint32_t ifindex, int fd,
			   const struct slot *slots, size_t cnt)
{
	char root[ROOT_BYTES];
	int lock, err;

	pins_root(root);
	lock = open(root, O_DIRECTORY | O_CLOEXEC);
	if (lock < 0)
		return -errno;
	err = flock(lock, LOCK_EX) ? -errno : hook_exchange(mp, ifindex, fd, slots, cnt);
	close(lock);
	return err;
}

/* Without libbpf's word on xdp_metadata, a section that is not for it. Errors are told by errno. */
static struct dispatcher *open_quietly(void)
{
	libbpf_print_fn_t print = libbpf_set_print(NULL);
	struct dispatcher *next = dispatcher__open();

	libbpf_set_print(print);
	return next;
}

int dispatcher_replace(struct xdp_multiprog *mp, uint32_t ifindex, const struct part *parts,
		       size_t cnt)
{
	struct slot slots[MAX_DISPATCHER_ACTIONS];
	struct dispatcher *next;
	size_t filled = 0;
	int err;

	if (cnt > MAX_DISPATCHER_ACTIONS)
		return -ENOSPC;
	next = open_quietly();
	if (!next)
		return -errno;
	configure(next, parts, cnt);
	err = dispatcher__load(next);
	for (; !err && filled < cnt; filled += !err)
		err = slot_fill(next, filled, &parts[filled], &slots[filled]);
	if (!err)
		err = exchange_locked(mp, ifindex, bpf_program__fd(next->progs.xdp_dispatcher),
				      slots, cnt);
	while (filled)
		close(slots[--filled].link_fd);
	dispatcher__destroy(next);
	return err;
}
