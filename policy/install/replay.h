/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway's own kernel program, run over frames that nobody sent: loaded a second time with
 * fresh state, nothing pinned, nothing attached, its clock set by the caller. Used by
 * `capture gate`, by explain/ and by the tests of the kernel program, so both see what a wire would see.
 */
#ifndef POLICY_INSTALL_REPLAY_H
#define POLICY_INSTALL_REPLAY_H

#include "install/install.h"
#include "sekisho/event.h"

struct replay;

struct replay_result {
	uint32_t action; /* XDP_*, whichever hook the program is for */
	struct sek_trace trace; /* the program's own account */
	const uint8_t *frame; /* as it left; until the next run */
	uint32_t len;
	uint32_t unseen; /* bytes at the end that the kernel would not take */
	bool by_xdp; /* asked for TC, but the kernel takes no such frame for a test run of it */
	bool tiny; /* under 14 bytes: no driver hands this to XDP; refused without a run */
};

#define REPLAY_FRAME_MAX                                                                           \
	65557 /* an IP packet of 65,535 bytes with its Ethernet header and two tags */

/* The live gateway's ports and the kernel's routes, for packets that shall leave as live ones would. */
struct replay_ways {
	const struct gate *live;
	uint16_t port[SEK_PORTS_MAX]; /* by the live port's id: its id in the replay's policy; 0: none */
	uint32_t ifindex[SEK_PORTS_MAX]; /* by the policy's id: interfaces that are no live ports yet */
};

/*
 * Loads the program with this policy. Needs CAP_BPF and CAP_NET_ADMIN. Returns 0 or -errno with
 * words in diag. The policy must live until the next replay_apply() or replay_close(); the live gate
 * is not kept.
 */
struct replay_options {
	uint32_t flows_max; /* and sources at most; 0: 65,536 */
	bool with_lists; /* fills the policy's lists from their sources */
	bool tc; /* runs the program for TC; frames over 3 kB or of a few bytes still by XDP's */
	bool changes; /* replay_apply() follows, with policies that may look at names */
	const struct gate *live; /* asks the lists in force here instead */
	const struct replay_ways *ways; /* NULL: bodies are at home, everybody else is outside */
};
int replay_open(const struct policy *policy, const struct replay_options *options,
		struct replay **ret_replay, struct diag *diag);
void replay_close(struct replay *replay);

/* Makes another policy live, as `policy apply` does; flows stay, until their time is over. */
int replay_apply(struct replay *replay, const struct policy *policy, struct diag *diag);

/* The gate below, for the caller that wants to read its maps or install lists. */
struct gate *replay_gate(struct replay *replay);

/*
 * Every frame from now on arrives on this port; ids are the policy's, 0 means a port of none. With
 * ways it arrives on the port's own interface, where there is one.
 */
int replay_port(struct replay *replay, uint16_t port);
/* Whether it does so: else routes are asked as from nowhere. */
bool replay_at_home(const struct replay *replay);

/* From now on frames stand for several of size bytes, as TC may have them; size 0: each for itself. */
void replay_merge(struct replay *replay, uint16_t size, uint16_t segs);

/* Runs one frame at a time of the caller's clock, which must not go backwards. 0 or -errno. */
int replay_run(struct replay *replay, uint64_t now_ns, const void *frame, uint32_t len,
	       struct replay_result *ret_result);

#endif
