// SPDX-License-Identifier: Apache-2.0
/*
 * A worker's one way into what the kernel knows of a flow: by a program, so that it is this flow's and no
 * later one's.
 */
#include "install/handoff.h"

#include <errno.h>

#include "install/gate.h"
#include "sekisho/handoff.h"

int hand_order(const struct gate *gate, const struct sek_hand_order *order)
{
	struct sek_hand_order ctx = *order;
	LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = &ctx, .ctx_size_in = sizeof(ctx));
	int fd = gate_hand_fd(gate), err = fd < 0 ? fd : bpf_prog_test_run_opts(fd, &run);

	return err ? err : (int)run.retval;
}

bool hand_is_back(const struct gate *gate, uint32_t number, uint64_t first_ns, unsigned int dir)
{
	struct sek_handoff hand;

	if (bpf_map_lookup_elem(gate_map_fd(gate, "sek_handoff"), &number, &hand) ||
	    hand.first_ns != first_ns)
		return true;
	return hand.state != SEK_HANDOFF_WORKER &&
	       !(hand.state == SEK_HANDOFF_BACK &&
		 (!(hand.back >> dir & 1) || hand.sent[dir] != hand.upto[dir]));
}
