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
