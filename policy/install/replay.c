// SPDX-License-Identifier: Apache-2.0
/*
 * BPF_PROG_TEST_RUN over a gate of its own. Called by `capture gate` and tests/bpf.
 * Promises: the live gateway is not touched, and the account of each packet is the program's.
 */
#include "install/replay.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "install/gate.h"
#include "install/lists.h"
#include "install/names.h"
#include "install/state.h"
#include "sekisho/config.h"
#include "sekisho/flow.h"
#include "sekisho/name.h"

#define LOOPBACK 1 /* the interface that a test run arrives on, in every network namespace */
#define FLOWS_DEFAULT 65536
#define SOURCES_DEFAULT 65536
#define EVENTS_BYTES 65536 /* nobody reads them here: the trace tells each packet */
#define ETHER_MIN 14
#define TAG_ROOM 256 /* what an answer or a tag may add */
#define TAG_OFFSET 12 /* behind the two link addresses */
#define TAG_LEN 4
#define SWEEP_NS (SEK_PATROL_ROUND_S * 1000000000ull)

struct replay {
	struct gate *gate;
	const struct policy *policy; /* the caller's */
	uint64_t swept_ns;
	int trace_fd, clock_fd;
	struct sek_name_heads *names; /* mapped; NULL: no list of names was loaded */
	uint64_t minute; /* in which the program was last told what time of the week it is */
	bool tc;
	struct __sk_buff merged; /* what TC is told beside the frame */
	bool ways;
	uint32_t ingress; /* the interface that frames arrive on; 0: LOOPBACK */
	struct sek_clock clock;
	uint8_t frame[REPLAY_FRAME_MAX + TAG_ROOM];
};

/* Where packets of route ports leave, for want of a routing table: see struct sek_clock. */
static void routes_set(struct sek_clock *clock, const struct policy *policy)
{
	clock->outside_port = 0;
	memset(clock->home, 0, sizeof(clock->home));
	for (size_t i = policy->port_cnt; i-- > 0;)
		if (policy->ports[i].outside && !policy->ports[i].bridge)
			clock->outside_port = policy->ports[i].id;
	for (size_t i = 0; i < policy->tenant_cnt; i++) {
		const struct model_tenant *tenant = &policy->tenants[i];

		for (size_t j = tenant->attach_cnt; j-- > 0;) {
			const struct model_attach *attach = &tenant->attaches[j];
			const struct model_port *port = policy_port_id(policy, attach->port_id);

			if (port && !port->outside && tenant->id < SEK_TENANTS_MAX)
				clock->home[tenant->id] = (struct sek_replay_home){
					.port = attach->port_id,
					.vlan = attach->vlan,
					.outer = attach->outer,
				};
		}
	}
}

int replay_apply(struct replay *replay, const struct policy *policy, struct diag *diag)
{
	struct image *image = image_compile(policy, diag);
	uint32_t generation;
	int r;

	if (!image)
		return -EINVAL;
	r = install_prepare(replay->gate, image, &generation, diag);
	image_free(image);
	if (r)
		return r;
	install_commit(replay->gate, generation);
	routes_set(&replay->clock, policy);
	replay->policy = policy;
	return 0;
}

static int maps_find(struct replay *replay, struct diag *diag)
{
	int fd = replay->tc ? gate_tc_fd(replay->gate, diag) : gate_prog_fd(replay->gate);

	if (fd < 0)
		return fd;
	replay->trace_fd = gate_map_fd(replay->gate, "sek_trace");
	replay->clock_fd = gate_map_fd(replay->gate, "sek_clock");
	if (replay->trace_fd >= 0 && replay->clock_fd >= 0)
		return 0;
	diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL, "the program has no sek_trace or no sek_clock");
	return -ENOENT;
}

/* Lists of names, and where their clock is. */
static int names_fill(struct replay *replay, const struct policy *policy, struct diag *diag)
{
	int r = names_load_all(replay->gate, policy, diag);
	void *page;

	if (r)
		return r;
	page = mmap(NULL, sizeof(*replay->names), PROT_READ | PROT_WRITE, MAP_SHARED,
		    gate_map_fd(replay->gate, "sek_name_head"), 0);
	if (page == MAP_FAILED) {
		r = -errno;
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL, "sek_name_head cannot be mapped: %s",
			 strerror(-r));
		return r;
	}
	replay->names = page;
	return 0;
}

/* Which lists hold depends on the hour: that of the frames, whose clock counts from 1970. */
static void names_clock_set(struct replay *replay, uint64_t now_ns)
{
	uint64_t minute = now_ns / 60000000000ull;

	if (!replay->names || replay->minute == minute)
		return;
	replay->minute = minute;
	replay->names->week_ns = name_week_begin((int64_t)(now_ns / 1000000000ull), now_ns);
}

static int lists_fill(struct replay *replay, const struct policy *policy,
		      const struct replay_options *options, struct diag *diag)
{
	int r;

	if (options->live || !options->with_lists)
		return 0;
	r = lists_load_all(replay->gate, policy, diag);
	return r ? r : names_fill(replay, policy, diag);
}

/* The programs that read names are most of the verifier's work: not for a policy that asks for none. */
static enum gate_programs programs_for(const struct policy *policy, bool changes)
{
	for (size_t i = 0; i < policy->tenant_cnt; i++)
		if (policy->tenants[i].names.on || policy->tenants[i].name_group_cnt)
			return GATE_WHOLE;
	return changes ? GATE_WHOLE : GATE_UNNAMED;
}

int replay_open(const struct policy *policy, const struct replay_options *options,
		struct replay **ret_replay, struct diag *diag)
{
	struct gate_options gate_options = {
		.flows_max = options->flows_max ? options->flows_max : FLOWS_DEFAULT,
		.sources_max = options->flows_max && options->flows_max < SOURCES_DEFAULT
				       ? options->flows_max
				       : SOURCES_DEFAULT,
		.events_bytes = EVENTS_BYTES,
		.replay = true,
		.replay_ways = options->ways,
		.programs = programs_for(policy, options->changes),
		.lists_of = options->live,
	};
	struct gate_adopted adopted;
	struct replay *replay = calloc(1, sizeof(*replay));
	int r;

	if (!replay)
		return -ENOMEM;
	replay->tc = options->tc;
	replay->ways = options->ways;
	r = gate_open(&gate_options, &replay->gate, &adopted, diag);
	if (r)
		goto fail;
	r = maps_find(replay, diag);
	if (r)
		goto fail;
	r = replay_apply(replay, policy, diag);
	if (r)
		goto fail;
	r = lists_fill(replay, policy, options, diag);
	if (!r && options->ways)
		r = ways_copy(options->ways, replay->gate, diag);
	if (r)
		goto fail;
	*ret_replay = replay;
	return 0;
fail:
	replay_close(replay);
	return r;
}

void replay_close(struct replay *replay)
{
	if (!replay)
		return;
	if (replay->names)
		munmap(replay->names, sizeof(*replay->names));
	if (replay->gate)
		gate_close(replay->gate);
	free(replay);
}

struct gate *replay_gate(struct replay *replay)
{
	return replay->gate;
}

int replay_port(struct replay *replay, uint16_t port)
{
	struct sek_link link = { .port = port };
	uint32_t key = port, ifindex = 0;

	if (replay->ways && port < SEK_PORTS_MAX &&
	    bpf_map_lookup_elem(gate_map_fd(replay->gate, "sek_out"), &key, &ifindex))
		return -errno;
	replay->ingress = ifindex;
	replay->merged.ifindex = ifindex;
	if (ifindex)
		return 0;
	return gate_link_set(replay->gate, LOOPBACK, &link);
}

bool replay_at_home(const struct replay *replay)
{
	return replay->ingress;
}

void replay_merge(struct replay *replay, uint16_t size, uint16_t segs)
{
	replay->merged.gso_size = size;
	replay->merged.gso_segs = segs;
}

/* No program ran: says what the gateway's own reason for such a frame is. */
static void refuse_tiny(const void *frame, uint32_t len, struct replay_result *ret_result)
{
	*ret_result = (struct replay_result){
		.action = XDP_DROP,
		.trace = { .verdict = SEK_DROP,
			   .reason = SEK_R_short_frame,
			   .rule = SEK_NO_RULE,
			   .list = SEK_NO_LIST,
			   .spared = SEK_NO_LIST,
			   .name_list = SEK_NAME_NO_LIST },
		.frame = frame,
		.len = len,
		.tiny = true,
	};
}

/* TC has one word for what is sent on and what is answered, and one for drops and bugs. */
static uint32_t action_of(uint32_t tc_action, const struct sek_trace *trace)
{
	switch ((int)tc_action) {
	case TC_ACT_REDIRECT:
		return trace->verdict == SEK_ANSWER ? XDP_TX : XDP_REDIRECT;
	case TC_ACT_SHOT:
		return trace->verdict == SEK_BUG ? XDP_ABORTED : XDP_DROP;
	case TC_ACT_UNSPEC:
		return XDP_PASS;
	default:
		return XDP_ABORTED;
	}
}

/* Where the device that sends would put the tag. */
static uint32_t tag_insert(uint8_t *frame, uint32_t len, const struct sek_trace *trace)
{
	memmove(frame + TAG_OFFSET + TAG_LEN, frame + TAG_OFFSET, len - TAG_OFFSET);
	memcpy(frame + TAG_OFFSET, &trace->tag_type, sizeof(trace->tag_type));
	memcpy(frame + TAG_OFFSET + sizeof(trace->tag_type), &trace->tag_tci, sizeof(trace->tag_tci));
	return len + TAG_LEN;
}

static int frame_run_xdp(struct replay *replay, struct bpf_test_run_opts *run)
{
	struct xdp_md at = { .data_end = run->data_size_in, .ingress_ifindex = replay->ingress };

	run->ctx_in = replay->ingress ? &at : NULL;
	run->ctx_size_in = run->ctx_in ? sizeof(at) : 0;
	return bpf_prog_test_run_opts(gate_prog_fd(replay->gate), run) ? -errno : 0;
}

/* One run, by TC's program if that can be. */
static int frame_run(struct replay *replay, struct bpf_test_run_opts *run, bool *ret_by_xdp)
{
	__u32 room = run->data_size_out;

	*ret_by_xdp = false;
	run->ctx_in = replay->merged.gso_size || replay->ingress ? &replay->merged : NULL;
	run->ctx_size_in = run->ctx_in ? sizeof(replay->merged) : 0;
	if (replay->tc && !bpf_prog_test_run_opts(gate_tc_fd(replay->gate, NULL), run))
		return 0;
	if (replay->tc && errno != EINVAL)
		return -errno;
	*ret_by_xdp = replay->tc;
	run->data_size_out = room;
	return frame_run_xdp(replay, run);
}

/*
 * Ends flows that are over by the caller's clock, which the kernel's patrol does not know: what they
 * hold would else count against quotas for ever.
 */
static int flows_sweep(struct replay *replay, uint64_t now_ns)
{
	const struct state_filter over = {
		.tenant = -1, .proto = -1, .expired = true, .now_ns = now_ns
	};
	struct diag diag;
	uint64_t ended;
	int r;

	if (now_ns - replay->swept_ns < SWEEP_NS)
		return 0;
	diag_init(&diag);
	r = state_flow_delete(replay->gate, replay->policy, &over, NULL, NULL, &ended, &diag);
	diag_free(&diag);
	replay->swept_ns = now_ns;
	return r;
}

int replay_run(struct replay *replay, uint64_t now_ns, const void *frame, uint32_t len,
	       struct replay_result *ret_result)
{
	uint32_t zero = 0, unseen = len > REPLAY_FRAME_MAX ? len - REPLAY_FRAME_MAX : 0;
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = len - unseen,
		    .data_out = replay->frame, .data_size_out = sizeof(replay->frame) - TAG_LEN,
		    .repeat = 1);
	static const struct sek_trace nothing = { .reason = SEK_R_none,
						  .spared = SEK_NO_LIST,
						  .name_list = SEK_NAME_NO_LIST };
	struct sek_trace trace;
	bool by_xdp;
	int r;

	if (len < ETHER_MIN) {
		refuse_tiny(frame, len, ret_result);
		return 0;
	}
	r = flows_sweep(replay, now_ns);
	if (r)
		return r;
	names_clock_set(replay, now_ns);
	replay->clock.now_ns = now_ns;
	if (bpf_map_update_elem(replay->clock_fd, &zero, &replay->clock, BPF_ANY) ||
	    bpf_map_update_elem(replay->trace_fd, &zero, &nothing, BPF_ANY))
		return -errno;
	r = frame_run(replay, &run, &by_xdp);
	if (r)
		return r;
	if (bpf_map_lookup_elem(replay->trace_fd, &zero, &trace))
		return -errno;
	*ret_result = (struct replay_result){
		.action = replay->tc && !by_xdp ? action_of(run.retval, &trace) : run.retval,
		.trace = trace,
		.frame = replay->frame,
		.len = trace.tag_type ? tag_insert(replay->frame, run.data_size_out, &trace)
				      : run.data_size_out,
		.unseen = unseen,
		.by_xdp = by_xdp,
	};
	return 0;
}
