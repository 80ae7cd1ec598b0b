// SPDX-License-Identifier: Apache-2.0
/*
 * Owns the mapped pages and the sockets of one worker. Called by worker.c in its thread. Promises that an
 * order to take a flow back is told only when the device that sends is done with every frame before it.
 */
#include "inline/serve.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/log.h"
#include "base/loop.h"
#include "install/handoff.h"

#define RINGS (SEK_PORTS_MAX * SEK_QUEUES_MAX)

static void *table_map(const struct gate *gate, const char *name, size_t len)
{
	void *page = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, gate_map_fd(gate, name), 0);

	return page == MAP_FAILED ? NULL : page;
}

int serve_init(struct serve *s, const struct gate *gate)
{
	memset(s, 0, sizeof(*s));
	s->gate = gate;
	s->rings = table_map(gate, "sek_xsk_ring", RINGS * sizeof(*s->rings));
	s->workers_page = table_map(gate, "sek_worker", SEK_WORKERS_MAX * sizeof(*s->workers_page));
	if (!s->rings || !s->workers_page) {
		serve_end(s);
		return -ENOMEM;
	}
	s->worker = &s->workers_page[0];
	for (size_t i = 0; i < RINGS; i++) /* of a life before */
		__atomic_store_n(&s->rings[i].room, 0, __ATOMIC_RELAXED);
	memset(s->worker, 0, sizeof(*s->worker));
	__atomic_store_n(&s->worker->began_ns, clock_mono_ns(), __ATOMIC_RELEASE);
	return 0;
}

void serve_close(struct serve *s)
{
	int sockets = gate_map_fd(s->gate, "sek_xsk");

	for (size_t i = 0; s->set && i < xsk_cnt(s->set); i++) {
		__atomic_store_n(&s->rings[s->place[i]].room, 0, __ATOMIC_RELEASE);
		(void)bpf_map_delete_elem(sockets, &s->place[i]);
	}
}

static void sockets_free(struct serve *s)
{
	xsk_set_free(s->set);
	s->set = NULL;
	s->port_cnt = 0;
	s->order_cnt = 0;
}

void serve_end(struct serve *s)
{
	if (s->worker)
		__atomic_store_n(&s->worker->beat_ns, 0, __ATOMIC_RELEASE);
	sockets_free(s);
	if (s->rings)
		munmap(s->rings, RINGS * sizeof(*s->rings));
	if (s->workers_page)
		munmap(s->workers_page, SEK_WORKERS_MAX * sizeof(*s->workers_page));
	memset(s, 0, sizeof(*s));
}

bool serve_fits(const struct serve *s, const struct plan *plan)
{
	return s->port_cnt == plan->port_cnt &&
	       !memcmp(s->ports, plan->ports, plan->port_cnt * sizeof(plan->ports[0]));
}

/* The ring is the kernel's to fill as soon as it has room. */
static int socket_open(struct serve *s, size_t socket, uint16_t port, uint32_t queue)
{
	uint32_t place = sek_ring_index(port, queue);
	struct sek_xsk_ring *ring = &s->rings[place];
	int fd = xsk_fd(s->set, socket);

	s->place[socket] = place;
	s->base[socket] = __atomic_load_n(&ring->sent, __ATOMIC_ACQUIRE);
	__atomic_store_n(&ring->taken, s->base[socket], __ATOMIC_RELAXED);
	ring->worker = (uint32_t)(s->worker - s->workers_page);
	if (bpf_map_update_elem(gate_map_fd(s->gate, "sek_xsk"), &place, &fd, BPF_ANY))
		return -errno;
	__atomic_store_n(&ring->room, xsk_room, __ATOMIC_RELEASE);
	return 0;
}

static int port_open(struct serve *s, const struct plan_port *port)
{
	uint32_t queue;
	int r = 0;

	for (queue = 0; queue < SEK_QUEUES_MAX; queue++) {
		r = xsk_add(s->set, port->interface, queue, port->port);
		if (r < 0)
			break;
		r = socket_open(s, (size_t)r, port->port, queue);
		if (r)
			break;
	}
	if (queue && r == -EINVAL) /* it has no more of them */
		return 0;
	if (r)
		log_error("inspection: queue %u of %s cannot be served: %s", queue, port->interface,
			  strerror(-r));
	return queue ? 0 : r;
}

int serve_ports(struct serve *s, const struct plan *plan)
{
	size_t sockets = plan->port_cnt * 2; /* most have one queue or two */
	int r;

	sockets_free(s);
	memcpy(s->ports, plan->ports, sizeof(s->ports));
	s->port_cnt = plan->port_cnt;
	if (!sockets)
		return 0;
	r = xsk_set_new(sockets, &s->set);
	if (r) {
		log_error("inspection: no memory for frames: %s", strerror(-r));
		return r;
	}
	for (uint32_t i = 0; i < plan->port_cnt; i++)
		(void)port_open(s, &plan->ports[i]);
	return 0;
}

void serve_beat(struct serve *s, uint64_t now_ns)
{
	__atomic_store_n(&s->worker->beat_ns, now_ns, __ATOMIC_RELEASE);
}

static bool order_is_due(const struct serve *s, const struct serve_order *o)
{
	for (unsigned int dir = 0; dir < 2; dir++)
		if (o->order.dirs & 1u << dir && xsk_done(s->set, o->port[dir]) < o->sent[dir])
			return false;
	return true;
}

static void orders_tell(struct serve *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->order_cnt; i++) {
		if (!order_is_due(s, &s->orders[i]))
			s->orders[kept++] = s->orders[i];
		else if (!hand_order(s->gate, &s->orders[i].order))
			s->worker->back++;
	}
	s->order_cnt = kept;
}

void serve_turn(struct serve *s)
{
	if (!s->set)
		return;
	xsk_turn(s->set);
	orders_tell(s);
	for (size_t i = 0; i < xsk_cnt(s->set); i++)
		__atomic_store_n(&s->rings[s->place[i]].taken, s->base[i] + xsk_given(s->set, i),
				 __ATOMIC_RELEASE);
}

static struct serve_order *order_of(struct serve *s, const struct sek_note *note)
{
	struct serve_order *o;

	for (size_t i = s->order_cnt; i-- > 0;)
		if (s->orders[i].order.number == note->number &&
		    s->orders[i].order.first_ns == note->first_ns)
			return &s->orders[i];
	if (s->order_cnt == SERVE_ORDERS_MAX)
		return NULL; /* the flow's next frame asks again */
	o = &s->orders[s->order_cnt++];
	*o = (struct serve_order){ .order = { .first_ns = note->first_ns,
					      .number = note->number,
					      .state = SEK_HANDOFF_BACK } };
	return o;
}

void serve_back(struct serve *s, const struct sek_note *note)
{
	struct serve_order *o = order_of(s, note);
	unsigned int dir = note->dir & 1;

	if (!o)
		return;
	o->order.dirs |= (uint8_t)(1u << dir);
	o->order.upto[dir] = note->sent;
	o->port[dir] = note->out_port;
	o->sent[dir] = xsk_sent(s->set, note->out_port);
}

static bool is_of(const struct serve_order *o, const struct sek_note *note)
{
	return o->order.number == note->number && o->order.first_ns == note->first_ns;
}

bool serve_recall(struct serve *s, const struct sek_note *note)
{
	const struct sek_hand_order order = { .first_ns = note->first_ns,
					      .number = note->number,
					      .state = SEK_HANDOFF_WORKER };
	size_t kept = 0;

	for (size_t i = 0; i < s->order_cnt; i++) /* to take it back; not told yet */
		if (!is_of(&s->orders[i], note))
			s->orders[kept++] = s->orders[i];
	s->order_cnt = kept;
	return !hand_order(s->gate, &order);
}

void serve_block(struct serve *s, const struct sek_note *note, bool reset)
{
	const struct sek_hand_order order = { .first_ns = note->first_ns,
					      .number = note->number,
					      .state = SEK_HANDOFF_DROP,
					      .reset = reset };

	if (!hand_order(s->gate, &order))
		s->worker->blocked++;
}

void serve_reckon(struct serve *s)
{
	for (size_t i = 0; s->set && i < xsk_cnt(s->set); i++)
		xsk_reckon(s->set, i);
}
