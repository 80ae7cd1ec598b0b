/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker's ends in the kernel: its sockets in sek_xsk, its rings' counts, its sign of life, and what it has
 * found out of flows. Of one thread.
 */
#ifndef AGENT_INLINE_SERVE_H
#define AGENT_INLINE_SERVE_H

#include "dataplane/xsk.h"
#include "inline/plan.h"
#include "install/install.h"
#include "sekisho/handoff.h"

#define SERVE_ORDERS_MAX 256

/* To be told when the devices are done with all frames before it. */
struct serve_order {
	struct sek_hand_order order;
	uint16_t port[2]; /* by enum sek_dir: that they leave by */
	uint64_t sent[2]; /* and how many had been sent there */
};

struct serve {
	const struct gate *gate;
	struct sek_worker *worker; /* mapped; this one's */
	struct sek_xsk_ring *rings; /* mapped; of all */
	struct sek_worker *workers_page;
	struct xsk_set *set; /* NULL: there is no port */
	uint32_t place[XSK_SOCKETS_MAX]; /* of each socket */
	uint64_t base[XSK_SOCKETS_MAX]; /* what its ring had counted before */
	struct plan_port ports[SEK_PORTS_MAX];
	uint32_t port_cnt;
	struct serve_order orders[SERVE_ORDERS_MAX];
	size_t order_cnt;
};

/* 0 or -errno. */
int serve_init(struct serve *serve, const struct gate *gate);
void serve_end(struct serve *serve);

/* Makes sockets for these ports, in place of those that there were; those that cannot be served are said. */
int serve_ports(struct serve *serve, const struct plan *plan);
/* Are they served already? */
bool serve_fits(const struct serve *serve, const struct plan *plan);
/* No frames come any more; those that are in the rings can still be taken. */
void serve_close(struct serve *serve);

void serve_beat(struct serve *serve, uint64_t now_ns);
/* Sends, gives buffers back, tells the kernel of both; orders whose frames have left are told. */
void serve_turn(struct serve *serve);
/* A frame of a flow that is decided was sent: the kernel may take this direction over behind it. */
void serve_back(struct serve *serve, const struct sek_note *note);
/* The kernel is to hand that flow over again. False: it is over, or falls. */
bool serve_recall(struct serve *serve, const struct sek_note *note);
/* Nothing of that flow passes any more. reset: its ends are told. */
void serve_block(struct serve *serve, const struct sek_note *note, bool reset);
/* Now and then: frames that the kernel could not put into a ring are counted. */
void serve_reckon(struct serve *serve);

#endif
