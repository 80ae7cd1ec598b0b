// SPDX-License-Identifier: Apache-2.0
/*
 * The one way of user space into a flow's entry: by a program, so that it is this flow's and no later
 * one's.
 */
#include "install/nameorder.h"

#include <errno.h>

#include "install/gate.h"
#include "sekisho/name.h"

int name_order(const struct gate *gate, const struct sek_name_order *order)
{
	struct sek_name_order ctx = *order;
	LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = &ctx, .ctx_size_in = sizeof(ctx));
	int fd = gate_order_fd(gate), err = fd < 0 ? fd : bpf_prog_test_run_opts(fd, &run);

	return err ? err : (int)run.retval;
}
