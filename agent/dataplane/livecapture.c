/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ring to file. Called by method/capture.c and agent.c. The kernel keeps frames only while the loan of
 * time runs that we move on here.
 */
#include "dataplane/livecapture.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "capture/capture.h"
#include "dataplane/counters.h"
#include "install/state.h"

#define PERIOD_MS 200
#define LOAN_NS 3000000000ULL
#define BATCH 2048 /* frames of one turn, so that the loop goes on under a flood */
#define TAG_AT 12 /* bytes of a frame before its tag */
#define TAG_LEN 4

struct livecapture {
	struct loop *loop;
	struct gate *gate;
	const struct editions *editions;
	bool running;
	struct livecapture_wish wish;
	struct sek_capture filter; /* as the kernel has it */
	struct ring_buffer *ring;
	struct source *ready, *period;
	FILE *file;
	struct capture_writer *writer;
	uint32_t interfaces[SEK_PORTS_MAX]; /* by port: index in the file */
	uint64_t begun_ns, ended_ns;
	struct sek_event_stat before, account; /* of the kernel: at the start; since then */
	uint64_t frames; /* in the file */
	uint64_t bytes;
	uint32_t left; /* of this turn */
	int err; /* of the file */
};

/* --- one frame --- */

static const char *verdict_word(uint8_t verdict)
{
	static const char *const words[] = { "none", "forward", "stack", "drop", "answer", "bug" };

	return verdict < sizeof(words) / sizeof(words[0]) ? words[verdict] : "unknown";
}

/* "verdict=drop reason=list_block tenant=saga dir=out list=block policy=7" */
static void comment_make(const struct livecapture *c, const struct sek_captured *head, char *to,
			 size_t cap)
{
	const struct policy *policy = editions_policy(c->editions, head->generation);
	const struct model_tenant *tenant = policy ? policy_tenant_id(policy, head->tenant) : NULL;
	const struct model_list *list =
		policy && head->list != SEK_NO_LIST ? policy_list_id(policy, head->list) : NULL;
	int len = snprintf(to, cap, "verdict=%s reason=%s tenant=%s dir=%s",
			   verdict_word(head->verdict), state_reason_name(head->reason),
			   tenant ? tenant->name : "unknown", state_dir_name(head->dir));

	if (tenant && head->rule != SEK_NO_RULE && head->rule < tenant->rule_cnt + 2) {
		const struct place *place = policy_rule_place(tenant, head->rule);

		len += snprintf(to + len, cap - (size_t)len, " rule=%s place=%.400s:%u",
				policy_rule_name(tenant, head->rule),
				place->file ? place->file : "", place->line);
	}
	if (list)
		len += snprintf(to + len, cap - (size_t)len, " list=%s", list->name);
	snprintf(to + len, cap - (size_t)len, " policy=%u", head->generation);
}

/* A tag that stood beside the frame goes back to where the wire had it. Returns the bytes. */
static uint32_t tag_restore(const struct sek_captured *head, const uint8_t *from, uint32_t len,
			    uint8_t *to)
{
	uint32_t at = head->tag_type && len >= TAG_AT ? TAG_AT : len;

	memcpy(to, from, at);
	if (at == len)
		return len;
	memcpy(to + at, &head->tag_type, sizeof(head->tag_type));
	memcpy(to + at + 2, &head->tag_tci, sizeof(head->tag_tci));
	memcpy(to + at + TAG_LEN, from + at, len - at);
	return len + TAG_LEN;
}

static bool is_full(const struct livecapture *c)
{
	return (c->wish.frames_max && c->frames >= c->wish.frames_max) ||
	       (c->wish.bytes_max && c->bytes >= c->wish.bytes_max);
}

static void frame_write(struct livecapture *c, const struct sek_captured *head, const uint8_t *from,
			uint32_t len)
{
	uint8_t bytes[SEK_CAPTURE_BYTES + TAG_LEN];
	struct capture_packet packet = { .bytes = bytes,
					 .len = tag_restore(head, from, len, bytes),
					 .time_ns = head->now_ns + (uint64_t)clock_real_offset() };
	char comment[1024];

	packet.wire_len = head->wire_len + (packet.len - len);
	comment_make(c, head, comment, sizeof(comment));
	c->err = capture_write_comment(c->writer, &packet,
				       c->interfaces[head->port % SEK_PORTS_MAX], comment);
	c->frames += !c->err;
	c->bytes = capture_size(c->writer);
}

static int frame_take(void *arg, void *data, size_t size)
{
	struct livecapture *c = arg;
	struct sek_captured head;

	if (size < sizeof(head)) {
		log_error("capture: a record of %zu bytes is too short for one", size);
		return 0;
	}
	memcpy(&head, data, sizeof(head));
	if (head.session == c->filter.session && head.len <= SEK_CAPTURE_BYTES &&
	    head.len <= size - sizeof(head) && !c->err && !is_full(c))
		frame_write(c, &head, (const uint8_t *)data + sizeof(head), head.len);
	return --c->left ? 0 : -EAGAIN;
}

/* --- the kernel's half --- */

static int filter_put(struct livecapture *c, uint64_t until_ns)
{
	uint32_t zero = 0;

	c->filter.until_ns = until_ns;
	return bpf_map_update_elem(gate_map_fd(c->gate, "sek_capture"), &zero, &c->filter, BPF_ANY)
		       ? -errno
		       : 0;
}

static void account_take(struct livecapture *c)
{
	struct sek_event_stat now;

	if (capture_stat_read(c->gate, &now))
		return;
	c->account.offered = now.offered - c->before.offered;
	c->account.suppressed = now.suppressed - c->before.suppressed;
	c->account.lost = now.lost - c->before.lost;
	c->account.written = now.written - c->before.written;
}

/* --- one capture --- */

static void parts_free(struct livecapture *c)
{
	source_remove(c->ready);
	source_remove(c->period);
	ring_buffer__free(c->ring);
	if (c->writer)
		capture_finish(c->writer);
	if (c->file)
		fclose(c->file);
	c->ready = NULL;
	c->period = NULL;
	c->ring = NULL;
	c->writer = NULL;
	c->file = NULL;
}

/* All that is in the ring, in turns that cannot last for ever: the kernel adds nothing any more. */
static void ring_drain(struct livecapture *c)
{
	do {
		c->left = BATCH;
		ring_buffer__consume(c->ring);
	} while (!c->left);
}

static void end(struct livecapture *c, const char *why)
{
	char words[160];

	filter_put(c, 0);
	ring_drain(c);
	account_take(c);
	if (!c->err && fflush(c->file))
		c->err = -errno;
	if (c->err) {
		snprintf(words, sizeof(words), "the file cannot be written: %s", strerror(-c->err));
		why = words;
	}
	c->ended_ns = clock_mono_ns();
	c->running = false;
	parts_free(c);
	c->wish.ended(c->wish.arg, why, livecapture_show(c));
}

static void look(struct livecapture *c)
{
	uint64_t now = clock_mono_ns();

	if (c->err)
		end(c, "");
	else if (c->wish.frames_max && c->frames >= c->wish.frames_max)
		end(c, "the number of frames is reached");
	else if (is_full(c))
		end(c, "the size is reached");
	else if (now - c->begun_ns >= (uint64_t)c->wish.seconds_max * 1000000000)
		end(c, "its time is over");
	else if (!c->wish.wanted(c->wish.arg))
		end(c, "the command that began it has ended");
	else if (c->filter.until_ns - now < LOAN_NS / 2 && filter_put(c, now + LOAN_NS))
		log_warn("capture: the kernel cannot be told to go on");
}

static void ring_ready(void *arg, uint32_t events)
{
	struct livecapture *c = arg;

	c->left = BATCH;
	ring_buffer__consume(c->ring);
	look(c);
}

static void period_due(void *arg)
{
	struct livecapture *c = arg;

	c->left = BATCH;
	ring_buffer__consume(c->ring);
	if (!c->err && fflush(c->file))
		c->err = -errno;
	look(c);
}

/* An interface for each port of the policy, and one for what is no port. */
static int writer_make(struct livecapture *c)
{
	const struct edition *live = editions_live(c->editions);
	const char *names[SEK_PORTS_MAX + 1] = { "no port" };
	struct capture_format format = { .ng = true, .interfaces = names, .interface_cnt = 1 };
	int fd = dup(c->wish.fd);

	memset(c->interfaces, 0, sizeof(c->interfaces));
	for (size_t i = 0; live && i < live->policy->port_cnt; i++) {
		const struct model_port *port = &live->policy->ports[i];

		c->interfaces[port->id] = (uint32_t)format.interface_cnt;
		names[format.interface_cnt++] = port->name;
	}
	c->file = fd < 0 ? NULL : fdopen(fd, "w");
	if (!c->file) {
		int err = -errno;

		if (fd >= 0)
			close(fd);
		return err;
	}
	return capture_create(c->file, &format, &c->writer);
}

static int parts_make(struct livecapture *c)
{
	int err = writer_make(c);

	if (err)
		return err;
	c->left = BATCH;
	c->ring = ring_buffer__new(gate_map_fd(c->gate, "sek_cap_ring"), frame_take, c, NULL);
	if (!c->ring)
		return -errno;
	ring_drain(c); /* frames of a session before: their number is another */
	err = capture_stat_read(c->gate, &c->before);
	if (!err)
		err = loop_add(c->loop, ring_buffer__epoll_fd(c->ring), EPOLLIN, ring_ready, c,
			       &c->ready);
	if (!err)
		err = loop_timer(c->loop, PERIOD_MS, PERIOD_MS, period_due, c, &c->period);
	if (!err)
		err = filter_put(c, 0); /* whole before it is on */
	return err ? err : filter_put(c, clock_mono_ns() + LOAN_NS);
}

int livecapture_start(struct livecapture *c, const struct livecapture_wish *wish)
{
	uint32_t session = c->filter.session + 1;
	int err;

	if (c->running)
		return -EBUSY;
	c->wish = *wish;
	c->filter = wish->filter;
	c->filter.session = session;
	c->begun_ns = clock_mono_ns();
	c->account = (struct sek_event_stat){};
	c->frames = c->bytes = 0;
	c->err = 0;
	err = parts_make(c);
	if (err) {
		filter_put(c, 0);
		parts_free(c);
		return err;
	}
	c->running = true;
	return 0;
}

bool livecapture_stop(struct livecapture *c, const char *why)
{
	if (!c->running)
		return false;
	end(c, why);
	return true;
}

json_t *livecapture_show(const struct livecapture *c)
{
	struct livecapture now = *c;
	uint64_t until = c->running ? clock_mono_ns() : c->ended_ns, late = 0;
	uint64_t seconds = (until - c->begun_ns) / 1000000000;

	if (c->running)
		account_take(&now);
	else
		late = now.account.written - c->frames;
	return json_pack("{s:b, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "running", c->running,
			 "what", c->wish.words, "seconds", (json_int_t)seconds, "seconds_left",
			 (json_int_t)(c->running && c->wish.seconds_max > seconds
					      ? c->wish.seconds_max - seconds
					      : 0),
			 "offered", (json_int_t)now.account.offered, "written",
			 (json_int_t)c->frames, "suppressed", (json_int_t)now.account.suppressed,
			 "lost", (json_int_t)now.account.lost, "late", (json_int_t)late, "bytes",
			 (json_int_t)c->bytes);
}

int livecapture_new(struct loop *loop, struct gate *gate, const struct editions *editions,
		    struct livecapture **ret_capture)
{
	struct livecapture *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	c->loop = loop;
	c->gate = gate;
	c->editions = editions;
	c->filter.session =
		(uint32_t)(clock_mono_ns() >> 10); /* another than that of an agent before */
	err = filter_put(c, 0);
	if (err) {
		free(c);
		return err;
	}
	*ret_capture = c;
	return 0;
}

void livecapture_free(struct livecapture *c)
{
	if (!c)
		return;
	livecapture_stop(c, "the agent ends");
	free(c);
}
