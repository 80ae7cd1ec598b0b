// SPDX-License-Identifier: Apache-2.0
/*
 * Owns the mapped pages, and what is in them of sockets. Called by crew.c while workers rest, by worker.c in
 * its own thread. Promises that an order to take a flow back is told only when the device that sends is done
 * with every frame before it.
 */
#include "inline/serve.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "inspect/flow.h"
#include "install/handoff.h"

#define LINK_LEN 14 /* Ethernet */

static void *table_map(const struct gate *gate, const char *name, size_t len)
{
	void *page = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, gate_map_fd(gate, name), 0);

	return page == MAP_FAILED ? NULL : page;
}

static uint32_t entries_of(const struct gate *gate, const char *name)
{
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);

	return bpf_obj_get_info_by_fd(gate_map_fd(gate, name), &info, &len) ? 0 : info.max_entries;
}

/* By these names others show what workers tell by numbers. */
static void apps_write(const struct gate *gate)
{
	int apps = gate_map_fd(gate, "sek_app");

	for (uint32_t i = PROTO_FAILED; i < PROTO_CNT && i < SEK_APPS_MAX; i++) {
		struct sek_app app = { .name = "failed" };

		if (i > PROTO_FAILED)
			snprintf(app.name, sizeof(app.name), "%s", protos[i] ? protos[i]->name : "");
		(void)bpf_map_update_elem(apps, &i, &app, BPF_ANY); /* else it has no name there */
	}
}

/* What was handed over and has not come never will. */
static void share_clear(struct sek_share *share)
{
	uint64_t sent = __atomic_load_n(&share->sent, __ATOMIC_RELAXED);

	if (share->taken != sent)
		__atomic_store_n(&share->taken, sent, __ATOMIC_RELAXED);
}

int service_init(struct service *s, const struct gate *gate, unsigned int workers)
{
	memset(s, 0, sizeof(*s));
	s->gate = gate;
	s->workers = workers;
	s->rings = table_map(gate, "sek_xsk_ring", SEK_RINGS_MAX * sizeof(*s->rings));
	s->workers_page = table_map(gate, "sek_worker", SEK_WORKERS_MAX * sizeof(*s->workers_page));
	s->shares = table_map(gate, "sek_share", SEK_SHARES_MAX * sizeof(*s->shares));
	s->reading_cnt = entries_of(gate, "sek_reading");
	s->readings = table_map(gate, "sek_reading", s->reading_cnt * sizeof(*s->readings));
	if (!s->rings || !s->workers_page || !s->shares || !s->readings) {
		service_end(s);
		return -ENOMEM;
	}
	apps_write(gate);
	for (size_t i = 0; i < SEK_RINGS_MAX; i++)
		if (s->rings[i].room) /* a page that was never touched stays so */
			__atomic_store_n(&s->rings[i].room, 0, __ATOMIC_RELAXED);
	memset(s->workers_page, 0, SEK_WORKERS_MAX * sizeof(*s->workers_page));
	for (size_t i = 0; i < SEK_SHARES_MAX; i++)
		share_clear(&s->shares[i]);
	s->workers_page[0].fellows = workers;
	return 0;
}

void service_close(struct service *s)
{
	int sockets = gate_map_fd(s->gate, "sek_xsk");

	for (size_t i = 0; s->room && i < xsk_room_cnt(s->room); i++)
		for (uint32_t place = s->place[i]; place < s->place[i] + s->workers; place++) {
			__atomic_store_n(&s->rings[place].room, 0, __ATOMIC_RELEASE);
			(void)bpf_map_delete_elem(sockets, &place);
		}
}

void service_end(struct service *s)
{
	xsk_room_free(s->room);
	if (s->rings)
		munmap(s->rings, SEK_RINGS_MAX * sizeof(*s->rings));
	if (s->workers_page)
		munmap(s->workers_page, SEK_WORKERS_MAX * sizeof(*s->workers_page));
	if (s->shares)
		munmap(s->shares, SEK_SHARES_MAX * sizeof(*s->shares));
	if (s->readings)
		munmap(s->readings, s->reading_cnt * sizeof(*s->readings));
	memset(s, 0, sizeof(*s));
}

bool service_fits(const struct service *s, const struct plan *plan)
{
	return s->port_cnt == plan->port_cnt &&
	       !memcmp(s->ports, plan->ports, plan->port_cnt * sizeof(plan->ports[0]));
}

/* The ring is the kernel's to fill as soon as it has room. */
static int socket_open(struct service *s, size_t queue, uint32_t place, unsigned int worker)
{
	struct sek_xsk_ring *ring = &s->rings[place];
	int fd = xsk_room_fd(s->room, queue, worker);

	s->base[queue][worker] = __atomic_load_n(&ring->sent, __ATOMIC_ACQUIRE);
	__atomic_store_n(&ring->taken, s->base[queue][worker], __ATOMIC_RELAXED);
	if (bpf_map_update_elem(gate_map_fd(s->gate, "sek_xsk"), &place, &fd, BPF_ANY))
		return -errno;
	__atomic_store_n(&ring->room, xsk_room_each(s->room), __ATOMIC_RELEASE);
	return 0;
}

static int queue_open(struct service *s, const struct plan_port *port, uint32_t queue)
{
	int number = xsk_room_add(s->room, port->interface, queue, port->port);
	int r = number < 0 ? number : 0;

	if (r)
		return r;
	s->place[number] = sek_ring_index(port->port, queue, 0);
	for (unsigned int i = 0; !r && i < s->workers; i++)
		r = socket_open(s, (size_t)number, s->place[number] + i, i);
	return r;
}

static uint32_t port_queues(const struct plan_port *port)
{
	uint32_t cnt = xsk_queues(port->interface);

	return cnt < SEK_QUEUES_MAX ? cnt : SEK_QUEUES_MAX;
}

/* A frame lies in one buffer, a page. */
static void length_check(const struct plan_port *port)
{
	uint32_t longest = xsk_mtu(port->interface) + LINK_LEN;

	if (longest > SEK_HANDOFF_LEN_MAX)
		log_warn("inspection: frames of %s have up to %u bytes; TCP of flows to inspect is told to "
			 "send segments of %d at most, other frames over %d end as `fail:` says",
			 port->interface, longest, SEK_HANDOFF_SEGMENT_MAX, SEK_HANDOFF_LEN_MAX);
}

static void port_open(struct service *s, const struct plan_port *port)
{
	uint32_t cnt = port_queues(port);

	length_check(port);
	for (uint32_t queue = 0; queue < cnt; queue++) {
		int r = queue_open(s, port, queue);

		if (r) {
			log_error("inspection: queue %u of %s cannot be served: %s", queue,
				  port->interface, strerror(-r));
			return;
		}
	}
}

int service_ports(struct service *s, const struct plan *plan)
{
	size_t queues = 0;
	int r;

	for (uint32_t i = 0; i < plan->port_cnt; i++)
		queues += port_queues(&plan->ports[i]);

	xsk_room_free(s->room);
	s->room = NULL;
	memcpy(s->ports, plan->ports, sizeof(s->ports));
	s->port_cnt = plan->port_cnt;
	if (!queues)
		return 0;
	r = xsk_room_new(queues, s->workers, &s->room);
	if (r) {
		log_error("inspection: no memory for frames: %s", strerror(-r));
		return r;
	}
	for (uint32_t i = 0; i < plan->port_cnt; i++)
		port_open(s, &plan->ports[i]);
	return 0;
}

void serve_begin(struct serve *s, struct service *service, unsigned int number, int wake_fd)
{
	memset(s, 0, sizeof(*s));
	s->service = service;
	s->number = number;
	s->wake_fd = wake_fd;
	s->epoll = -1;
	serve_take(s);
	s->worker = &service->workers_page[number];
	s->share = &service->shares[sek_share_index(number, 0)];
	__atomic_store_n(&s->worker->began_ns, clock_mono_ns(), __ATOMIC_RELEASE);
}

static void fd_watch(const struct serve *s, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event))
		log_error("inspection: a socket cannot be waited for: %s", strerror(errno));
}

void serve_take(struct serve *s)
{
	struct xsk_room *room = s->service->room;

	s->set = room ? xsk_set_of(room, s->number, s->wake_fd) : NULL;
	s->queue_cnt = s->set ? xsk_room_cnt(room) : 0;
	s->order_cnt = 0;
	if (s->epoll >= 0)
		close(s->epoll);
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	fd_watch(s, s->wake_fd);
	for (size_t i = 0; i < s->queue_cnt; i++)
		fd_watch(s, xsk_room_fd(room, i, s->number));
}

void serve_end(struct serve *s)
{
	if (!s->worker)
		return;
	__atomic_store_n(&s->worker->beat_ns, 0, __ATOMIC_RELEASE);
	close(s->epoll);
	s->set = NULL;
	s->queue_cnt = 0;
}

void serve_beat(struct serve *s, uint64_t now_ns)
{
	__atomic_store_n(&s->worker->beat_ns, now_ns, __ATOMIC_RELEASE);
}

void serve_took(const struct serve *s, uint16_t tenant)
{
	struct sek_share *share = &s->share[tenant % SEK_TENANTS_MAX];

	__atomic_store_n(&share->taken, share->taken + 1, __ATOMIC_RELAXED);
}

void serve_rests(const struct serve *s)
{
	for (size_t i = 0; i < SEK_TENANTS_MAX; i++)
		share_clear(&s->share[i]);
}

static bool order_is_due(const struct serve *s, const struct serve_order *o)
{
	for (unsigned int dir = 0; dir < 2; dir++)
		if (o->order.dirs & 1u << dir && xsk_done(s->set, o->port[dir]) < o->sent[dir])
			return false;
	return true;
}

static void back_count(const struct serve *s, const struct serve_order *o)
{
	if (o->order.dirs == o->order.quiet)
		return; /* its bytes still come */
	s->worker->back++;
	s->worker->backs[o->why]++;
}

static void orders_tell(struct serve *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->order_cnt; i++) {
		if (!order_is_due(s, &s->orders[i]))
			s->orders[kept++] = s->orders[i];
		else if (!hand_order(s->service->gate, &s->orders[i].order))
			back_count(s, &s->orders[i]);
	}
	s->order_cnt = kept;
}

/* Of all sockets at a queue of this worker's, for its buffers are its to put back. */
static void taken_tell(const struct serve *s, size_t queue)
{
	struct service *all = s->service;

	for (unsigned int i = 0; i < all->workers; i++) {
		uint64_t taken = all->base[queue][i] + xsk_given(s->set, queue, i);
		__u64 *told = &all->rings[all->place[queue] + i].taken;

		if (*told != taken)
			__atomic_store_n(told, taken, __ATOMIC_RELEASE);
	}
}

void serve_turn(struct serve *s)
{
	if (!s->set)
		return;
	xsk_turn(s->set);
	orders_tell(s);
	for (size_t i = 0; i < s->queue_cnt; i++)
		if (xsk_owns(s->set, i))
			taken_tell(s, i);
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

void serve_back(struct serve *s, const struct sek_note *note, bool quiet, enum sek_back_why why)
{
	struct serve_order *o = note->number ? order_of(s, note) : NULL;
	unsigned int dir = note->dir & 1;

	if (!o)
		return;
	o->order.dirs |= (uint8_t)(1u << dir);
	o->order.quiet = (uint8_t)((o->order.quiet & ~(1u << dir)) | (unsigned int)quiet << dir);
	o->why = (uint8_t)why;
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
	return !hand_order(s->service->gate, &order);
}

bool serve_recall_other(struct serve *s, const struct sek_note *note)
{
	const uint8_t other = (uint8_t)(1u << !(note->dir & 1));
	const struct sek_hand_order order = { .first_ns = note->first_ns,
					      .number = note->number,
					      .state = SEK_HANDOFF_WORKER,
					      .dirs = other };

	for (size_t i = 0; i < s->order_cnt; i++)
		if (is_of(&s->orders[i], note)) {
			s->orders[i].order.dirs &= (uint8_t)~other;
			s->orders[i].order.quiet &= (uint8_t)~other;
		}
	return !hand_order(s->service->gate, &order);
}

bool serve_is_back(const struct serve *s, const struct sek_note *note)
{
	return hand_is_back(s->service->gate, note->number, note->first_ns, note->dir & 1);
}

static void block_count(struct sek_worker *worker, const struct sek_note *note)
{
	uint32_t took_ns = (uint32_t)clock_mono_ns() - note->handed_ns;

	worker->blocked++;
	if (took_ns > worker->block_ns)
		worker->block_ns = took_ns;
}

void serve_block(struct serve *s, const struct sek_note *note, bool reset)
{
	const struct sek_hand_order order = { .first_ns = note->first_ns,
					      .number = note->number,
					      .state = SEK_HANDOFF_DROP,
					      .reset = reset };

	if (note->number && !hand_order(s->service->gate, &order))
		block_count(s->worker, note);
}

void serve_show(struct serve *s, const struct sek_note *note, const struct flow *flow)
{
	struct sek_reading *reading;

	if (!note->number || note->number >= s->service->reading_cnt)
		return;
	reading = &s->service->readings[note->number];
	*reading = (struct sek_reading){
		.first_ns = note->first_ns,
		.rules = flow->purpose.rules,
		.app = (uint8_t)flow->session.proto,
		.whom = flow->purpose.whom,
		.back = flow->state == FLOW_BYPASSED ? flow->over + 1 : 0,
	};
}

void serve_reckon(struct serve *s)
{
	for (size_t i = 0; i < s->queue_cnt; i++)
		if (xsk_owns(s->set, i))
			xsk_reckon(s->set, i);
}
