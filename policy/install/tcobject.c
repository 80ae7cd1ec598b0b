// SPDX-License-Identifier: Apache-2.0
/*
 * The gateway's program for TC: an object of its own on the maps of the first. Called by gate_tc_fd(),
 * gate_handover_fd() and gate_close() alone. Promises that a gate without TC ports never loads it.
 */
#include <errno.h>
#include <stdlib.h>

#include "sekisho/config.h" /* the skeleton's rodata is made of these */
#include "sekisho/flow.h"
#include "sekisho/name.h"
#include "sekisho/policy.h"
#include "sekisho/tenant.h"

#include "gateway_tc.skel.h"
#include "install/gate.h"

static int maps_share(const struct gate *gate, struct bpf_object *object)
{
	struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_map(map, object)
	{
		const struct gate_map *shared = gate_find(gate, bpf_map__name(map));

		if (!err && shared)
			err = bpf_map__reuse_fd(map, shared->fd);
	}
	return err;
}

static int tc_load(struct gate *gate, struct diag *diag)
{
	char *log = calloc(1, VERIFIER_LOG_BYTES);
	struct gateway_tc *tc = gateway_tc__open();
	int err = tc && log ? 0 : -ENOMEM;

	if (!err)
		err = maps_share(gate, tc->obj);
	if (!err)
		err = steps_leave_out(tc->obj, gate->programs);
	if (!err) {
		/* One seed: both programs find the same pieces of a datagram, and share the patrol. */
		*(struct sek_config *)&tc->rodata->cfg = *object_config(gate);
		bpf_program__set_log_buf(tc->progs.sek_gateway_tc, log, VERIFIER_LOG_BYTES);
		err = gateway_tc__load(tc);
		bpf_program__set_log_buf(tc->progs.sek_gateway_tc, NULL, 0);
	}
	if (!err)
		err = steps_fill(gate, tc->obj, "sek_step_tc");
	if (err) {
		load_explain("the gateway's object for TC", err, log ? log : "", diag);
		if (tc)
			gateway_tc__destroy(tc);
	} else {
		gate->tc = tc;
	}
	free(log);
	return err;
}

static int tc_ensure(struct gate *gate, struct diag *diag)
{
	return gate->tc ? 0 : gate->skel ? tc_load(gate, diag) : -EBADF;
}

int gate_tc_fd(struct gate *gate, struct diag *diag)
{
	int err = tc_ensure(gate, diag);

	return err ? err : bpf_program__fd(gate->tc->progs.sek_gateway_tc);
}

int gate_handover_fd(struct gate *gate, struct diag *diag)
{
	int err = tc_ensure(gate, diag);

	return err ? err : bpf_program__fd(gate->tc->progs.sek_handover);
}

void tc_unload(struct gate *gate)
{
	if (gate->tc)
		gateway_tc__destroy(gate->tc);
	gate->tc = NULL;
}
