/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ends in the kernel: of all workers the sockets in sek_xsk and the mapped pages; of each its rings, its sign
 * of life, and what it has found out of flows.
 */
#ifndef AGENT_INLINE_SERVE_H
#define AGENT_INLINE_SERVE_H

#include "dataplane/xsk.h"
#include "inline/plan.h"
#include "install/install.h"
#include "sekisho/handoff.h"

struct flow; /* inspect/flow.h */

#define SERVE_ORDERS_MAX 256

/* To be told when the devices are done with all frames before it. */
struct serve_order {
	struct sek_hand_order order;
	uint16_t port[2]; /* by enum sek_dir: that they leave by */
	uint64_t sent[2]; /* and how many had been sent there */
	uint8_t why; /* enum sek_back_why */
};

/* Of all workers; changed by one thread while all others rest. */
struct service {
	const struct gate *gate;
	unsigned int workers;
	struct sek_xsk_ring *rings; /* mapped; of all */
	struct sek_worker *workers_page;
	struct sek_share *shares; /* mapped; of all */
	struct sek_reading *readings; /* mapped; by number of flow */
	uint32_t reading_cnt;
	struct xsk_room *room; /* NULL: there is no port */
	struct plan_port ports[SEK_PORTS_MAX];
	uint32_t port_cnt;
	uint32_t place[XSK_QUEUES_MAX]; /* of each queue's first socket; the other workers' are behind */
	uint64_t base[XSK_QUEUES_MAX][SEK_WORKERS_MAX]; /* what their rings had counted before */
};

/* One worker's, for its thread alone. */
struct serve {
	struct service *service;
	unsigned int number;
	struct sek_worker *worker; /* mapped; this one's */
	struct sek_share *share; /* mapped; this one's, by tenant */
	struct xsk_set *set; /* NULL: there is no port */
	int wake_fd; /* an eventfd, by which it is woken */
	int epoll; /* of that and of its sockets */
	size_t queue_cnt;
	struct serve_order orders[SERVE_ORDERS_MAX];
	size_t order_cnt;
};

/* What a life before has left is cleared. 0 or -errno. */
int service_init(struct service *service, const struct gate *gate, unsigned int workers);
void service_end(struct service *service);
/* Makes sockets for these ports, in place of those that there were; those that cannot be served are said. */
int service_ports(struct service *service, const struct plan *plan);
/* Are they served already? */
bool service_fits(const struct service *service, const struct plan *plan);
/*
 * No frames come any more; those that are in the rings can still be taken. Any thread may ask for it, and
 * more than one.
 */
void service_close(struct service *service);

/* It serves from here on, as soon as there are sockets. */
void serve_begin(struct serve *serve, struct service *service, unsigned int number, int wake_fd);
/* Takes over what service_ports() has made. */
void serve_take(struct serve *serve);
void serve_end(struct serve *serve);

void serve_beat(struct serve *serve, uint64_t now_ns);
/* It has looked at a frame of that body. */
void serve_took(const struct serve *serve, uint16_t tenant);
/* There is nothing in its rings: nobody has anything waiting. */
void serve_rests(const struct serve *serve);
/* Sends, gives buffers back, tells the kernel of both; orders whose frames have left are told. */
void serve_turn(struct serve *serve);
/*
 * A frame of a flow that is decided was sent: the kernel may take this direction over behind it; quiet: of it
 * what has no bytes.
 */
void serve_back(struct serve *serve, const struct sek_note *note, bool quiet, enum sek_back_why why);
/* The kernel is to hand that flow over again. False: it is over, or falls. */
bool serve_recall(struct serve *serve, const struct sek_note *note);
/* The same of the direction alone that is not the note's. */
bool serve_recall_other(struct serve *serve, const struct sek_note *note);
/* Whether the kernel has the note's direction, with nothing of it under way; or that flow is over. */
bool serve_is_back(const struct serve *serve, const struct sek_note *note);
/* Nothing of that flow passes any more. reset: its ends are told. */
void serve_block(struct serve *serve, const struct sek_note *note, bool reset);
/* What the engine knows of the frame's flow is shown to who asks for flows. */
void serve_show(struct serve *serve, const struct sek_note *note, const struct flow *flow);
/* Now and then: frames that the kernel could not put into a ring of its queues are counted. */
void serve_reckon(struct serve *serve);

#endif
