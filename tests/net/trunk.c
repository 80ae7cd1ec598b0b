/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trunk TRUNK MEMBER:VID...: makes a VLAN switch of interfaces in this network namespace.
 * Called by tests/net/lab.sh. The programs stay when it ends; they go with the interfaces.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/trunk.skel.h"

static int attach(const char *name, const struct bpf_program *prog, __u32 *ret_ifindex)
{
	__u32 ifindex = if_nametoindex(name);
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = bpf_program__fd(prog));
	int err;

	if (!ifindex)
		return -ENODEV;
	err = bpf_tc_hook_create(&hook);
	if (err && err != -EEXIST)
		return err;
	err = bpf_tc_attach(&hook, &opts);
	if (!err)
		*ret_ifindex = ifindex;
	return err;
}

static int add_member(struct trunk *trunk, const char *spec)
{
	char name[IF_NAMESIZE];
	__u32 vid, ifindex;
	int err;

	if (sscanf(spec, "%15[^:]:%u", name, &vid) != 2 || vid > 4094)
		return -EINVAL;
	err = attach(name, trunk->progs.from_member, &ifindex);
	if (err)
		return err;
	err = bpf_map_update_elem(bpf_map__fd(trunk->maps.vid_of), &ifindex, &vid, BPF_ANY);
	return err ?: bpf_map_update_elem(bpf_map__fd(trunk->maps.member_of), &vid, &ifindex, BPF_ANY);
}

int main(int argc, char **argv)
{
	struct trunk *trunk;
	__u32 ifindex;
	int err;

	if (argc < 3) {
		fprintf(stderr, "usage: trunk TRUNK MEMBER:VID...\n");
		return 2;
	}
	libbpf_set_print(NULL);
	trunk = trunk__open_and_load();
	if (!trunk) {
		fprintf(stderr, "trunk: cannot load its programs: %s\n", strerror(errno));
		return 1;
	}
	err = attach(argv[1], trunk->progs.from_trunk, &ifindex);
	if (err)
		fprintf(stderr, "trunk: %s: %s\n", argv[1], strerror(-err));
	else
		trunk->bss->trunk_ifindex = ifindex;
	for (int i = 2; i < argc && !err; i++) {
		err = add_member(trunk, argv[i]);
		if (err)
			fprintf(stderr, "trunk: %s: %s\n", argv[i], strerror(-err));
	}
	trunk__destroy(trunk);
	return err ? 1 : 0;
}
