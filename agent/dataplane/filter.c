// SPDX-License-Identifier: Apache-2.0
/*
 * libbpf's bpf_tc_hook, as Debian 12 has it: cls_bpf with direct action. Called by dataplane/attach.
 * Touches no filter of another priority or handle, and never removes a qdisc.
 */
#include "dataplane/filter.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stddef.h>

/*
 * The first: a filter before ours could let packets past the gateway. One that comes later sees
 * what goes on to the kernel.
 */
#define PRIORITY 1
#define HANDLE 0x5ec00000 /* and 20 bits of its agent's own */

uint32_t filter_handle(const char *pin_dir)
{
	uint32_t hash = 2166136261u;

	for (const unsigned char *b = (const unsigned char *)pin_dir; *b; b++)
		hash = (hash ^ *b) * 16777619u;
	return HANDLE | (hash & 0xfffff);
}

static struct bpf_tc_hook hook_of(uint32_t ifindex)
{
	return (struct bpf_tc_hook){ .sz = sizeof(struct bpf_tc_hook),
				     .ifindex = (int)ifindex,
				     .attach_point = BPF_TC_INGRESS };
}

/* Makes the qdisc if there is none. Neither answer is news, and libbpf would print one as an error. */
static int qdisc_ensure(struct bpf_tc_hook *hook)
{
	libbpf_print_fn_t print = libbpf_set_print(NULL);
	int err = bpf_tc_hook_create(hook);

	libbpf_set_print(print);
	return err == -EEXIST ? 0 : err;
}

int filter_attach(uint32_t ifindex, uint32_t handle, int prog_fd, uint32_t *ret_prog_id)
{
	struct bpf_tc_hook hook = hook_of(ifindex);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = handle, .priority = PRIORITY, .prog_fd = prog_fd,
		    .flags = BPF_TC_F_REPLACE);
	int err = qdisc_ensure(&hook);

	if (!err)
		err = bpf_tc_attach(&hook, &opts);
	if (!err)
		*ret_prog_id = opts.prog_id;
	return err;
}

uint32_t filter_program(uint32_t ifindex, uint32_t handle)
{
	struct bpf_tc_hook hook = hook_of(ifindex);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = handle, .priority = PRIORITY);
	libbpf_print_fn_t print = libbpf_set_print(NULL); /* none is an answer, no error */
	int err = bpf_tc_query(&hook, &opts);

	libbpf_set_print(print);
	return err ? 0 : opts.prog_id;
}

int filter_detach(uint32_t ifindex, uint32_t handle)
{
	struct bpf_tc_hook hook = hook_of(ifindex);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = handle, .priority = PRIORITY);

	return bpf_tc_detach(&hook, &opts);
}
