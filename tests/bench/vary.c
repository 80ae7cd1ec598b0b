// SPDX-License-Identifier: Apache-2.0
/*
 * Many flows out of one frame, for PROG_TEST_RUN: a small program changes the packet and becomes the
 * one that is measured, by a tail call. Called by files of rows.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "bench/bare.skel.h"
#include "bench/bench.h"
#include "bench/head.h"

struct vary {
	struct bare *skel;
};

/* Words as they stand in memory, so the sum needs no byte order (RFC 1071, 2.B). */
uint32_t head_sum(const struct frame *frame, bool back)
{
	size_t varied = frame->l3 + (back ? 18 : 14), check = frame->l3 + 10;
	uint32_t sum = 0;
	uint16_t word;

	for (size_t at = frame->l3; at < frame->l3 + 20; at += 2) {
		memcpy(&word, frame->b + at, 2);
		if (at != varied && at != check)
			sum += word;
	}
	return sum;
}

int vary_open(const struct frame *frame, uint32_t flows, bool back, struct vary **ret_vary)
{
	struct vary *vary = calloc(1, sizeof(*vary));

	*ret_vary = NULL;
	if (!vary)
		return bench_say(-ENOMEM, "no memory");
	vary->skel = bare__open_and_load();
	if (!vary->skel) {
		free(vary);
		return bench_say(-EINVAL, "cannot load bare.bpf.c: %s", strerror(errno));
	}
	vary->skel->bss->back = back;
	vary->skel->bss->head_sum = head_sum(frame, back);
	vary->skel->data->flows = flows;
	*ret_vary = vary;
	return 0;
}

void vary_close(struct vary *vary)
{
	if (!vary)
		return;
	bare__destroy(vary->skel);
	free(vary);
}

int vary_into(struct vary *vary, int prog_fd)
{
	uint32_t zero = 0;
	int r = bpf_map_update_elem(bpf_map__fd(vary->skel->maps.next), &zero, &prog_fd, BPF_ANY);

	return r ? bench_say(r, "no tail call into the program: %s", strerror(-r)) : 0;
}

int vary_bare(const struct vary *vary, enum vary_bare which)
{
	return bpf_program__fd(which == VARY_PARSE ? vary->skel->progs.bare_parse
						   : vary->skel->progs.bare_drop);
}

int vary_prog_fd(const struct vary *vary)
{
	return bpf_program__fd(vary->skel->progs.vary);
}
