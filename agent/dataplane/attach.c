/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only place that puts a program on a hook or takes it off. Called by dataplane/ports. There is
 * never a moment with two of our programs on a hook: the kernel holds one link an interface, and a
 * link that was made but not pinned dies with us.
 */
#include "dataplane/attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/filter.h"
#include "dataplane/join.h"

#define PATH_BYTES 512
#define NAME_BYTES 256

/* Without multi-buffer support a frame must fit a page beside its head room and tail. */
#define SINGLE_BUFFER_MTU 3498

const char *hook_name(enum hook hook)
{
	static const char *const names[] = {
		[HOOK_NONE] = "none",
		[HOOK_XDP] = "xdp",
		[HOOK_GENERIC] = "generic",
		[HOOK_TC] = "tc",
		[HOOK_DISPATCHER] = "dispatcher",
	};

	return names[hook];
}

void attach_pin_name(const char *port, char *out, size_t cap)
{
	size_t used = 0;

	out[0] = '\0';
	for (const unsigned char *b = (const unsigned char *)port; *b && used + 4 < cap; b++) {
		bool plain = (*b >= 'a' && *b <= 'z') || (*b >= 'A' && *b <= 'Z') ||
			     (*b >= '0' && *b <= '9') || *b == '-' || *b == '_';

		used += (size_t)snprintf(out + used, cap - used, plain ? "%c" : "~%02x", *b);
	}
}

/* What a directory entry is a pin of: the port's part of the name, and for TC the interface. */
static const char *pin_parse(const char *entry, bool *ret_tc, uint32_t *ret_ifindex)
{
	char *end;

	*ret_tc = strncmp(entry, "tc-", 3) == 0;
	*ret_ifindex = 0;
	if (!*ret_tc)
		return strncmp(entry, "link-", 5) == 0 ? entry + 5 : NULL;
	*ret_ifindex = (uint32_t)strtoul(entry + 3, &end, 10);
	return *ret_ifindex && *end == '-' ? end + 1 : NULL;
}

static void link_path(const char *pin_dir, const char *port, char out[PATH_BYTES])
{
	char name[NAME_BYTES];

	attach_pin_name(port, name, sizeof(name));
	snprintf(out, PATH_BYTES, "%s/link-%s", pin_dir, name);
}

static void filter_path(const char *pin_dir, const char *port, uint32_t ifindex, char out[PATH_BYTES])
{
	char name[NAME_BYTES];

	attach_pin_name(port, name, sizeof(name));
	snprintf(out, PATH_BYTES, "%s/tc-%u-%s", pin_dir, ifindex, name);
}

static uint32_t link_ifindex(int link_fd)
{
	struct bpf_link_info info = {};
	uint32_t len = sizeof(info);

	if (bpf_obj_get_info_by_fd(link_fd, &info, &len) || info.type != BPF_LINK_TYPE_XDP)
		return 0;
	return info.xdp.ifindex;
}

/* Takes off what a pin stands for, and removes it. The link may be held elsewhere: detaching ends it. */
static bool pin_end(const char *pin_dir, const char *entry)
{
	char path[PATH_BYTES];
	uint32_t ifindex;
	bool tc;
	int fd;

	if (!pin_parse(entry, &tc, &ifindex))
		return false;
	snprintf(path, sizeof(path), "%s/%s", pin_dir, entry);
	if (tc)
		(void)filter_detach(ifindex, filter_handle(pin_dir));
	fd = tc ? -1 : bpf_obj_get(path);
	if (fd >= 0) {
		bpf_link_detach(fd);
		close(fd);
	}
	return !unlink(path);
}

/*
 * Calls for each pin of a port, of every port where that is NULL, and stops when told true. Names are
 * collected first: bpffs is not read on while it is changed.
 */
static void pins_each(const char *pin_dir, bool (*each)(const char *entry, void *arg), void *arg)
{
	struct dirent **entries;
	int cnt = scandir(pin_dir, &entries, NULL, NULL);
	bool over = false;

	for (int i = 0; i < cnt; i++) {
		over = over || each(entries[i]->d_name, arg);
		free(entries[i]);
	}
	if (cnt >= 0)
		free(entries);
}

struct pin_search {
	const char *pin_dir;
	char name[NAME_BYTES];
	bool filters_only;
	uint32_t other_than; /* interface that is spared */
	uint32_t ifindex; /* found */
};

static bool pin_find(const char *entry, void *arg)
{
	struct pin_search *search = arg;
	char path[PATH_BYTES];
	uint32_t ifindex;
	bool tc;
	const char *name = pin_parse(entry, &tc, &ifindex);
	int fd;

	if (!name || strcmp(name, search->name) != 0)
		return false;
	if (tc) {
		search->ifindex = ifindex;
		return true;
	}
	snprintf(path, sizeof(path), "%s/%s", search->pin_dir, entry);
	fd = bpf_obj_get(path);
	if (fd >= 0) {
		search->ifindex = link_ifindex(fd);
		close(fd);
	}
	return search->ifindex != 0;
}

uint32_t attach_pinned_ifindex(const char *pin_dir, const char *port)
{
	struct pin_search search = { .pin_dir = pin_dir };

	attach_pin_name(port, search.name, sizeof(search.name));
	pins_each(pin_dir, pin_find, &search);
	return search.ifindex;
}

static bool filter_end(const char *entry, void *arg)
{
	struct pin_search *search = arg;
	uint32_t ifindex;
	bool tc;
	const char *name = pin_parse(entry, &tc, &ifindex);

	if (name && tc && strcmp(name, search->name) == 0 && ifindex != search->other_than)
		pin_end(search->pin_dir, entry);
	return false;
}

/* Takes the port's filters off all interfaces but one. */
static void filters_end(const char *pin_dir, const char *port, uint32_t other_than)
{
	struct pin_search search = { .pin_dir = pin_dir, .other_than = other_than };

	attach_pin_name(port, search.name, sizeof(search.name));
	pins_each(pin_dir, filter_end, &search);
}

bool attach_alive(const struct attachment *a)
{
	switch (a->hook) {
	case HOOK_DISPATCHER:
		return join_stands(a->ifindex);
	case HOOK_TC:
		return filter_program(a->ifindex, a->filter) == a->prog_id;
	default:
		return a->link_fd >= 0 && link_ifindex(a->link_fd) == a->ifindex;
	}
}

static bool hook_native(uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	return !bpf_xdp_query((int)ifindex, 0, &query) && query.attach_mode != XDP_ATTACHED_SKB;
}

uint32_t attach_occupant(uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	return bpf_xdp_query((int)ifindex, 0, &query) ? 0 : query.prog_id;
}

/* Returns 1 when the pinned link serves, 0 when there is none that could. */
static int link_adopt(const char *path, const struct model_port *port, uint32_t ifindex,
		      int prog_fd, struct attachment *ret_attachment)
{
	int fd = bpf_obj_get(path);
	bool native;

	if (fd < 0)
		return 0;
	native = hook_native(ifindex);
	if (link_ifindex(fd) == ifindex && port->mode != MODE_TC &&
	    !(port->mode == MODE_NATIVE && !native) && !(port->mode == MODE_GENERIC && native) &&
	    !bpf_link_update(fd, prog_fd, NULL)) {
		*ret_attachment = (struct attachment){ .hook = native ? HOOK_XDP : HOOK_GENERIC,
						       .link_fd = fd,
						       .ifindex = ifindex,
						       .adopted = true };
		return 1;
	}
	close(fd);
	unlink(path);
	return 0;
}

/*
 * The hook is taken by somebody: join libxdp's dispatcher where that is it, else say who it is. A part that
 * a former run left in the dispatcher is replaced by ours.
 */
static int link_join(struct gate *gate, const struct model_port *port, const char *interface,
		     uint32_t ifindex, struct attachment *ret_attachment, struct diag *diag)
{
	int former;

	if (!join_is_dispatcher(ifindex)) {
		diag_add(diag, DIAG_ERROR, NULL, 0, 0,
			 "take it off (ip link set dev INTERFACE xdp off), serve the port behind it "
			 "(hook: tc), or give it another interface; libxdp's dispatcher is only seen "
			 "by an agent started beside it",
			 "port %s: another XDP program (id %u) is on %s", port->name,
			 attach_occupant(ifindex), interface);
		return -EBUSY;
	}
	former = join_attach(gate, ifindex);
	if (former < 0) {
		diag_add(diag, DIAG_ERROR, NULL, 0, 0,
			 "unload the dispatcher (xdp-loader unload INTERFACE --all); the port is "
			 "then served alone",
			 "port %s: %s runs libxdp's dispatcher, and joining it is refused (%s): it "
			 "needs freplace programs, which this kernel may not allow",
			 port->name, interface, strerror(-former));
		return -EBUSY;
	}
	*ret_attachment = (struct attachment){
		.hook = HOOK_DISPATCHER, .link_fd = -1, .ifindex = ifindex, .adopted = former > 0
	};
	return 0;
}

static int link_make(uint32_t ifindex, int prog_fd, uint32_t flags)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = flags);

	return bpf_link_create(prog_fd, (int)ifindex, BPF_XDP, &opts);
}

/* Pinned, so that it outlives the agent; what it replaces is replaced already. */
static int hook_pin(const struct model_port *port, int fd, const char *path, struct diag *diag)
{
	int err = unlink(path) && errno != ENOENT ? -errno : 0;

	if (!err && bpf_obj_pin(fd, path))
		err = -errno;
	if (err)
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, "is bpffs mounted on /sys/fs/bpf?",
			 "port %s: it cannot be pinned as %s: %s", port->name, path, strerror(-err));
	return err;
}

static void native_refused(const struct model_port *port, const struct attach_place *at, int err,
			   struct diag *diag)
{
	diag_add(diag, port->mode == MODE_NATIVE ? DIAG_ERROR : DIAG_WARNING, NULL, 0, 0,
		 at->mtu > SINGLE_BUFFER_MTU
			 ? "a lower MTU, or a driver with XDP multi-buffer, gives native speed"
			 : "see `ethtool -i INTERFACE` for the driver",
		 "port %s: the driver of %s refuses native XDP at MTU %u (%s; without "
		 "multi-buffer the limit is about %u)%s",
		 port->name, at->interface, at->mtu, strerror(-err), SINGLE_BUFFER_MTU,
		 port->mode == MODE_NATIVE ? "" : "; TC is tried, which is slower");
}

static int xdp_attach(const struct attach_place *at, const struct model_port *port, uint32_t flags,
		      struct attachment *ret_attachment, struct diag *diag)
{
	char path[PATH_BYTES];
	int fd = link_make(at->ifindex, gate_prog_fd(at->gate), flags), err;

	if (fd < 0)
		return fd;
	link_path(at->pin_dir, port->name, path);
	err = hook_pin(port, fd, path, diag);
	if (err) {
		close(fd);
		return err;
	}
	*ret_attachment = (struct attachment){
		.hook = flags & XDP_FLAGS_DRV_MODE ? HOOK_XDP : HOOK_GENERIC,
		.link_fd = fd,
		.ifindex = at->ifindex,
	};
	return 0;
}

static int tc_attach(const struct attach_place *at, const struct model_port *port,
		     struct attachment *ret_attachment, struct diag *diag)
{
	uint32_t handle = filter_handle(at->pin_dir), prog_id;
	bool adopted = filter_program(at->ifindex, handle) != 0;
	int fd = gate_tc_fd(at->gate, diag), err;
	char path[PATH_BYTES];

	err = fd < 0 ? fd : filter_attach(at->ifindex, handle, fd, &prog_id);
	if (err) {
		diag_add(diag, port->mode == MODE_TC ? DIAG_ERROR : DIAG_WARNING, NULL, 0, 0,
			 "the kernel needs sch_ingress and cls_bpf; a filter of another kind at "
			 "priority 1 (tc filter show dev INTERFACE ingress) must move to a higher number",
			 "port %s: no TC filter can be attached to %s: %s%s", port->name,
			 at->interface, strerror(-err),
			 port->mode == MODE_TC ? "" : "; XDP is tried in its place");
		return err;
	}
	filter_path(at->pin_dir, port->name, at->ifindex, path);
	err = hook_pin(port, fd, path, diag);
	if (err) {
		filter_detach(at->ifindex, handle);
		return err;
	}
	*ret_attachment = (struct attachment){
		.hook = HOOK_TC,
		.link_fd = -1,
		.ifindex = at->ifindex,
		.filter = handle,
		.prog_id = prog_id,
		.adopted = adopted,
	};
	return 0;
}

/* The hooks that the port's mode allows, best first. */
static int hook_choose(const struct attach_place *at, const struct model_port *port,
		       struct attachment *ret_attachment, struct diag *diag)
{
	int err;

	if (port->mode == MODE_NATIVE || (port->mode == MODE_AUTO && !at->tags_hidden)) {
		err = xdp_attach(at, port, XDP_FLAGS_DRV_MODE, ret_attachment, diag);
		if (!err)
			return 0;
		native_refused(port, at, err, diag);
		if (port->mode == MODE_NATIVE)
			return err;
	}
	if (port->mode == MODE_AUTO || port->mode == MODE_TC) {
		err = tc_attach(at, port, ret_attachment, diag);
		if (!err || port->mode == MODE_TC)
			return err;
	}
	/* Passed over for the tags that it does not see; untagged bodies are served all the same. */
	if (port->mode == MODE_AUTO && at->tags_hidden &&
	    !xdp_attach(at, port, XDP_FLAGS_DRV_MODE, ret_attachment, diag))
		return 0;
	err = xdp_attach(at, port, XDP_FLAGS_SKB_MODE, ret_attachment, diag);
	if (err)
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL,
			 "port %s: generic XDP cannot be attached to %s at MTU %u: %s", port->name,
			 at->interface, at->mtu, strerror(-err));
	return err;
}

int attach_port(const struct attach_place *at, const struct model_port *port,
		struct attachment *ret_attachment, struct diag *diag)
{
	char path[PATH_BYTES];
	int err = 0;

	link_path(at->pin_dir, port->name, path);
	if (!link_adopt(path, port, at->ifindex, gate_prog_fd(at->gate), ret_attachment)) {
		if (port->mode != MODE_TC && attach_occupant(at->ifindex))
			err = link_join(at->gate, port, at->interface, at->ifindex, ret_attachment,
					diag);
		else
			err = hook_choose(at, port, ret_attachment, diag);
	}
	/* What it left on another interface goes when the new hook is at work. */
	if (!err)
		filters_end(at->pin_dir, port->name, at->ifindex);
	return err;
}

int attach_handover(const struct attach_place *at, const struct model_port *port,
		    struct attachment *a, bool wanted, struct diag *diag)
{
	char path[PATH_BYTES];
	int fd, err;

	if (!wanted) {
		if (!a->bare)
			filters_end(at->pin_dir, port->name, 0);
		a->bare = true;
		return 0;
	}
	a->bare = false;
	a->filter = filter_handle(at->pin_dir);
	if (a->prog_id && filter_program(at->ifindex, a->filter) == a->prog_id)
		return 0;
	fd = gate_handover_fd(at->gate, diag);
	err = fd < 0 ? fd : filter_attach(at->ifindex, a->filter, fd, &a->prog_id);
	if (err) {
		diag_add(diag, DIAG_ERROR, NULL, 0, 0,
			 "hook: tc or generic for this port as well, or a filter less at priority 1",
			 "port %s: XDP at %s cannot hand over to ports that are not by native XDP, and "
			 "which may take nothing from it: %s",
			 port->name, at->interface, strerror(-err));
		return err;
	}
	filter_path(at->pin_dir, port->name, at->ifindex, path);
	return hook_pin(port, fd, path, diag);
}

void attach_end(const char *pin_dir, const char *port, struct attachment *a)
{
	char path[PATH_BYTES];

	link_path(pin_dir, port, path);
	unlink(path);
	/* The link may be held elsewhere (a reader of pins); detaching ends it for all. */
	if (a->link_fd >= 0)
		bpf_link_detach(a->link_fd);
	if (a->hook == HOOK_DISPATCHER)
		join_detach(a->ifindex);
	filters_end(pin_dir, port, 0);
	attach_leave(a);
}

void attach_leave(struct attachment *a)
{
	if (a->link_fd >= 0)
		close(a->link_fd);
	*a = (struct attachment){ .link_fd = -1 };
}

struct pin_prune {
	const char *pin_dir;
	bool (*keep)(const char *pin_name, void *arg);
	void *arg;
	int removed;
};

static bool pin_prune(const char *entry, void *arg)
{
	struct pin_prune *prune = arg;
	uint32_t ifindex;
	bool tc;
	const char *name = pin_parse(entry, &tc, &ifindex);

	if (name && !(prune->keep && prune->keep(name, prune->arg)))
		prune->removed += pin_end(prune->pin_dir, entry);
	return false;
}

int attach_prune(const char *pin_dir, bool (*keep)(const char *pin_name, void *arg), void *arg)
{
	struct pin_prune prune = { .pin_dir = pin_dir, .keep = keep, .arg = arg };

	pins_each(pin_dir, pin_prune, &prune);
	return prune.removed;
}
