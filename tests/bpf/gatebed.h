/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel program on a bench: a policy text, frames in, the program's own account out, a clock
 * that only moves when a row moves it. One program is loaded for all rows; bed_reset() forgets
 * flows, quotas, rates and fragments between them.
 */
#ifndef TESTS_BPF_GATEBED_H
#define TESTS_BPF_GATEBED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bpf/packet.h"
#include "install/replay.h"
#include "sekisho/verdict.h"

/* Ports of the bed's policies. */
#define INSIDE 1
#define OUTSIDE 2

#define SECOND 1000000000ull
#define MS 1000000ull

struct bed {
	bool tc;
	struct replay *replay;
	struct policy *policy;
	uint64_t now_ns;
	struct replay_result last;
	struct frame in;
	struct frame out; /* what left, l3 found again */
	uint64_t runs, by_xdp; /* frames, and those that only XDP's program could be run on */
	uint32_t met[SEK_REASONS_MAX]; /* how often each reason ended a packet */
};

/* cmocka group fixtures; *state is the bed. */
int bed_setup(void **state);
int bed_setup_tc(void **state); /* the program for TC */
int bed_teardown(void **state);

/* The bridge of most rows: alpha on VLAN 10 and others, see gatebed.c. */
extern const char bed_bridge[];
/* Two bodies on ports of their own, routed to `outside`. */
extern const char bed_route[];

/* How a policy opens: the bridge's ports; then body alpha on VLAN 10, whose further keys follow. */
#define BED_PORTS                                                                                  \
	"version: 1\n"                                                                             \
	"ports:\n"                                                                                 \
	"  - {name: inside, id: 1, side: inside, mode: bridge, peer: outside}\n"                   \
	"  - {name: outside, id: 2, side: outside, mode: bridge, peer: inside}\n"
#define BED_ALPHA                                                                                  \
	BED_PORTS                                                                                  \
	"tenants:\n"                                                                               \
	"  - name: alpha\n"                                                                        \
	"    id: 1\n"                                                                              \
	"    attach: [{port: inside, vlan: 10}, {port: outside, vlan: 10}]\n"                      \
	"    prefixes: [10.0.0.0/16, \"2001:db8:a::/48\"]\n"

/* Makes a policy live and forgets all state; stops the test with the policy's errors. */
void bed_policy(struct bed *bed, const char *text);
/* The same but flows stay, as when an operator applies a change. */
void bed_apply(struct bed *bed, const char *text);
void bed_reset(struct bed *bed);
void bed_wait(struct bed *bed, uint64_t ns);

/* Runs a frame; the account is in bed->last, what left in bed->out. */
enum sek_reason bed_frame(struct bed *bed, uint16_t port, const struct frame *frame);
enum sek_reason bed_run(struct bed *bed, uint16_t port, const struct pkt *pkt);

/* Runs and compares reason and XDP action (the action of the reason's class). */
void bed_expect_at(struct bed *bed, const char *what, uint16_t port, const struct pkt *pkt,
		   enum sek_reason reason, const char *file, int line);
#define bed_expect(bed, what, port, pkt, reason)                                                   \
	bed_expect_at(bed, what, port, pkt, SEK_R_##reason, __FILE__, __LINE__)
/* The same for a frame that was answered (XDP_TX). */
void bed_answer_at(struct bed *bed, const char *what, uint16_t port, const struct pkt *pkt,
		   enum sek_reason reason, const char *file, int line);
#define bed_answer(bed, what, port, pkt, reason)                                                   \
	bed_answer_at(bed, what, port, pkt, SEK_R_##reason, __FILE__, __LINE__)

const char *reason_name(enum sek_reason reason);

/* Name of the rule that decided the last packet; "" when none did. */
const char *bed_rule(const struct bed *bed);

/* How many flows there are, and the first of them. */
size_t bed_flows(struct bed *bed, struct sek_flow *ret_first);
/* A cell of sek_count, summed over CPUs. */
struct sek_count bed_count(struct bed *bed, uint16_t tenant, enum sek_dir dir,
			   enum sek_reason reason);
/* What a tenant holds. */
struct sek_quota bed_quota(struct bed *bed, uint16_t tenant);

/* Changes one port of the live generation, as the agent does; reset by the next policy. */
void bed_port_change(struct bed *bed, uint16_t port, void (*change)(struct sek_port *port));

/* A row of a table. */
struct row {
	const char *what;
	uint16_t port;
	struct pkt pkt;
	enum sek_reason reason;
	const char *rule; /* NULL: not asked */
};
void bed_rows(struct bed *bed, const struct row *rows, size_t cnt, const char *file, int line);
#define bed_table(bed, rows)                                                                       \
	bed_rows(bed, rows, sizeof(rows) / sizeof((rows)[0]), __FILE__, __LINE__)

/* Both ends of a conversation of body alpha, in each family. */
struct ends {
	const char *family, *body, *far, *third;
	uint8_t icmp, echo, reply;
};
extern const struct ends bed_ends[2];
/* The packet between them on VLAN 10, outward or inward. */
struct pkt bed_out(const struct ends *ends, struct pkt pkt);
struct pkt bed_in(const struct ends *ends, struct pkt pkt);

/* Of a TCP connection: who opens it, from inside, and to whom. */
struct talk {
	const char *from, *to;
	uint16_t sport, dport;
};
/* A packet of the one who opened it, and one of the other. */
struct pkt bed_opener(const struct talk *talk, uint16_t vlan, uint8_t flags, uint32_t seq,
		      uint32_t ack, size_t len);
struct pkt bed_opened(const struct talk *talk, uint16_t vlan, uint8_t flags, uint32_t seq,
		      uint32_t ack, size_t len);

/* Every file of rows gives its tests to gate_test.c. */
struct rows {
	const struct CMUnitTest *tests;
	size_t cnt;
};
extern const struct rows rows_frame, rows_control, rows_tenant, rows_fragment, rows_tcp, rows_flow,
	rows_quota, rows_policy, rows_list, rows_rate, rows_route, rows_syncookie, rows_random,
	rows_merged, rows_capture, rows_name, rows_name_dns, rows_name_stream, rows_name_quic,
	rows_name_leads, rows_inspect, rows_page;
#define ROWS(name, tests_) const struct rows name = { tests_, sizeof(tests_) / sizeof((tests_)[0]) }

#endif
