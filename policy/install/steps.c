// SPDX-License-Identifier: Apache-2.0
/*
 * The programs that a walk goes on in, put where the kernel finds them. Called when an object of the
 * gateway was loaded. Promises that all are there before a packet can ask for one, and that those of
 * a build before this one, which a hook may still run, keep theirs until this gate is closed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sekisho/config.h" /* the skeleton's rodata is made of these */
#include "sekisho/flow.h"
#include "sekisho/name.h"
#include "sekisho/policy.h"
#include "sekisho/tenant.h"
#include "sekisho/verdict.h"

#include "gateway.skel.h"
#include "install/gate.h"

struct step {
	uint32_t number;
	const char *program, *tc_program;
};

static const struct step steps[] = {
#define SEK_STEP(number, stage, program, tc_program) { number, #program, #tc_program },
#include "sekisho/steps.def"
#undef SEK_STEP
};

int steps_describe(const struct bpf_object *object)
{
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct bpf_program *program =
			bpf_object__find_program_by_name(object, steps[i].program);

		err = program ? bpf_program__set_flags(program, BPF_F_XDP_HAS_FRAGS) : -ENOENT;
	}
	return err;
}

static int leave_out(struct bpf_object *object, const char *name)
{
	struct bpf_program *program = bpf_object__find_program_by_name(object, name);

	return program ? bpf_program__set_autoload(program, false) : -ENOENT;
}

int steps_leave_out(struct bpf_object *object, enum gate_programs wanted)
{
	bool tc = bpf_object__find_program_by_name(object, "sek_gateway_tc");
	int err = wanted == GATE_TABLES ? leave_out(object, "sek_gateway") : 0;

	for (size_t i = 0; !err && wanted != GATE_WHOLE && i < sizeof(steps) / sizeof(steps[0]); i++)
		err = leave_out(object, tc ? steps[i].tc_program : steps[i].program);
	return err;
}

int steps_fill(const struct gate *gate, const struct bpf_object *object, const char *map)
{
	bool tc = strcmp(map, "sek_step_tc") == 0;
	int to = gate_map_fd(gate, map), err = to < 0 ? to : 0;

	for (size_t i = 0; !err && i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct bpf_program *program = bpf_object__find_program_by_name(
			object, tc ? steps[i].tc_program : steps[i].program);
		int fd = program ? bpf_program__fd(program) : -ENOENT;

		if (program && !bpf_program__autoload(program))
			continue; /* left out */
		err = fd < 0 ? fd : bpf_map_update_elem(to, &steps[i].number, &fd, BPF_ANY);
	}
	return err;
}

/*
 * The part in libxdp's dispatcher has no attach type, and leaves it to the dispatcher whether frames have
 * several buffers. An array serves programs of one kind, so those that it goes on in are the same.
 */
static int joined_prepare(const struct gate *gate, struct gateway *skel)
{
	struct bpf_program *program;
	struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_program(program, skel->obj) bpf_program__set_autoload(program, false);
	for (size_t i = 0; !err && i < sizeof(steps) / sizeof(steps[0]); i++) {
		program = bpf_object__find_program_by_name(skel->obj, steps[i].program);
		err = program ? bpf_program__set_autoload(program, true) : -ENOENT;
		if (!err)
			bpf_program__set_expected_attach_type(program, 0);
	}
	bpf_object__for_each_map(map, skel->obj)
	{
		int fd = gate_joined_fd(gate, bpf_map__name(map));

		if (!err && fd >= 0)
			err = bpf_map__reuse_fd(map, fd);
	}
	*(struct sek_config *)&skel->rodata->cfg = *object_config(gate);
	return err;
}

int gate_joined_fd(const struct gate *gate, const char *name)
{
	char joined[BPF_OBJ_NAME_LEN + sizeof("_joined")];
	int fd;

	snprintf(joined, sizeof(joined), "%s_joined", name);
	fd = gate_map_fd(gate, joined);
	return fd >= 0 ? fd : gate_map_fd(gate, name);
}

int gate_join(struct gate *gate)
{
	struct gateway *skel;
	int err;

	if (gate->joined)
		return 0;
	skel = gate->skel ? gateway__open() : NULL;
	err = skel ? joined_prepare(gate, skel) : -EBADF;
	if (!err)
		err = gateway__load(skel);
	if (!err)
		err = steps_fill(gate, skel->obj, "sek_step_joined");
	if (skel)
		gateway__destroy(skel);
	gate->joined = !err;
	return err;
}
