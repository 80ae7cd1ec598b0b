/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the ring to those who make something of it. Called by agent.c. As with events, a flood cannot hold
 * the loop: a turn ends after BATCH copies, and the ring stays readable.
 */
#include "names/namewatch.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "install/nameorder.h"
#include "names/lookups.h"
#include "names/replies.h"
#include "sekisho/event.h"
#include "sekisho/verdict.h"
#include "text/counted.h"

#define KINDS (SEK_NAME_AGAIN + 1)
#define BATCH 1024
#define PERIOD_MS 50 /* also without a wake-up: the kernel may leave them out */
#define ANOMALIES_A_SECOND 20 /* of a tenant; more are counted */

struct namewatch {
	struct gate *gate;
	const struct editions *editions;
	struct records *records;
	struct ring_buffer *ring;
	struct source *ready, *period, *second;
	struct readings *readings;
	struct replies *replies;
	struct judge judge;
	struct lookups lookups;
	uint32_t left; /* of this turn */
	uint64_t bad_copies, order_late, order_failed;
	uint64_t anomalies_untold, anomalies_told_of;
	struct sek_event_stat stat[KINDS];
	struct {
		uint64_t second;
		uint32_t cnt;
	} pace[SEK_TENANTS_MAX];
};

/* --- records --- */

static void anomaly(struct namewatch *w, const struct sek_name_copy_head *head, const char *event,
		    const char *name, const char *text, uint64_t score)
{
	struct eve_anomaly a = { event, name, text, score };
	uint16_t tenant = head->key.tenant % SEK_TENANTS_MAX;
	uint64_t second = head->now_ns / 1000000000;
	char line[EVE_LINE_MAX];
	struct eve_name n;

	if (w->pace[tenant].second != second) {
		w->pace[tenant].second = second;
		w->pace[tenant].cnt = 0;
	}
	if (++w->pace[tenant].cnt > ANOMALIES_A_SECOND) {
		w->anomalies_untold++;
		return;
	}
	lookups_name(&w->lookups, head, NULL, &n);
	records_line(w->records, line, eve_name_anomaly(&n, &a, clock_real_offset(), line));
}

static void suspicion_told(void *arg, uint16_t tenant, const char *event, const char *name,
			   const char *text, uint64_t score)
{
	struct namewatch *w = arg;

	anomaly(w, w->lookups.at, event, name, text, score);
}

static char *text_copy(struct wire_text from, char *to, size_t cap)
{
	size_t len = from.len < cap ? from.len : cap - 1;

	if (len)
		memcpy(to, from.text, len);
	to[len] = 0;
	return to;
}

static void request_record(struct namewatch *w, const struct sek_name_copy_head *head,
			   const struct judged *judged, const struct reader_name *name)
{
	char line[EVE_LINE_MAX], url[600], method[32], host[256];
	struct eve_request r = { .proto = name->proto,
				 .host = text_copy(name->host, host, sizeof(host)),
				 .url = text_copy(name->target, url, sizeof(url)),
				 .method = name->method.len
						   ? text_copy(name->method, method, sizeof(method))
						   : NULL,
				 .version = name->version,
				 .hides = name->hides };
	struct eve_name n;

	lookups_name(&w->lookups, head, judged, &n);
	records_line(w->records, line, eve_request(&n, &r, clock_real_offset(), line));
}

/* --- flows that are read here --- */

/* A question over TCP is told as one over UDP is, with what became of it. */
static void question_told(struct namewatch *w, const struct sek_name_copy_head *head,
			  const struct judged *judged, const struct reader_name *name)
{
	struct sek_name_copy_head h = *head;

	h.reason = judged->reason;
	h.list = judged->list;
	h.suffix = judged->blocked ? (uint8_t)(strlen(judged->host) - judged->suffix) : 0;
	lookups_take(&w->lookups, &h, (const uint8_t *)name->message.text, name->message.len);
}

static struct reading_verdict name_decide_here(void *arg, const struct sek_name_copy_head *head,
					       const struct reader_name *name)
{
	struct namewatch *w = arg;
	struct judged judged, other;

	if (name->proto == SEK_NAME_PROTO_HTTP)
		judge_request(&w->judge, head, &name->host, &name->target, &judged);
	else
		judge_host(&w->judge, head, name->host.text, name->host.len, &judged);
	if (name->other.len && !judged.blocked) {
		judge_request(&w->judge, head, &name->other, &name->target, &other);
		if (other.blocked)
			judged = other;
	}
	if (name->proto == SEK_NAME_PROTO_DNS)
		question_told(w, head, &judged, name);
	else if (judged.blocked || judged.flags & SEK_NAME_TELL_NAMES)
		request_record(w, head, &judged, name);
	lookups_seen(&w->lookups, head, &judged,
		     name->proto == SEK_NAME_PROTO_TLS || name->proto == SEK_NAME_PROTO_QUIC);
	return (struct reading_verdict){ judged.blocked, judged.list, judged.reason };
}

static void flow_bad(void *arg, const struct sek_name_copy_head *head, bool overlaps)
{
	anomaly(arg, head, overlaps ? "name_overlap" : "name_malformed", "",
		overlaps ? "it sent other bytes for the same place; the flow is ended"
			 : "what should hold a name breaks its protocol's rules; the flow is ended",
		0);
}

static bool flow_unread(void *arg, const struct sek_name_copy_head *head, enum reading_end why)
{
	static const char *const texts[] = {
		[READING_PUT_OUT] = "others needed the room to read in",
		[READING_STUCK] = "nothing more came of it",
		[READING_LONG] = "it needs more than is held of one flow",
		[READING_SHORT] = "copies of its packets are missing",
		[READING_UNKNOWN] = "a version of QUIC that is not known here",
	};
	struct namewatch *w = arg;
	const struct policy *policy = editions_policy(w->editions, head->generation);
	const struct model_tenant *tenant = policy ? policy_tenant_id(policy, head->key.tenant)
						   : NULL;
	bool closed = tenant && tenant->limits.flags & SEK_TENANT_FAIL_CLOSED;

	anomaly(w, head, closed ? "name_unread_ended" : "name_unread_passed", "", texts[why], 0);
	return !closed;
}

static void flow_order(void *arg, const struct sek_name_order *order)
{
	struct namewatch *w = arg;
	int err = name_order(w->gate, order);

	/* A flow may be over before it is read, or be asked no more. */
	if (err == -ENOENT || err == -ESTALE)
		w->order_late++;
	else if (err && !w->order_failed++)
		log_warn("names: a flow's verdict cannot be written: %s", strerror(-err));
}

/* --- copies --- */

/* The kernel has decided; where the name is it says. */
static void told_take(struct namewatch *w, const struct sek_name_copy_head *head, const uint8_t *bytes)
{
	struct reader_name name = { .proto = head->proto };
	struct judged judged = {
		.list = head->list, .reason = head->reason, .blocked = head->reason != 0, .flags = 0
	};
	struct sek_name_profile profile;

	if (head->name_off + head->name_len > head->len || head->path_off + head->path_len > head->len)
		return;
	name.host = (struct wire_text){ (const char *)bytes + head->name_off, head->name_len };
	name.target = (struct wire_text){ (const char *)bytes + head->path_off, head->path_len };
	text_copy(name.host, judged.host, sizeof(judged.host));
	for (char *c = judged.host; *c; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c | 0x20 : *c);
	if (head->suffix && head->suffix <= strlen(judged.host))
		judged.suffix = (uint16_t)(strlen(judged.host) - head->suffix);
	request_record(w, head, &judged, &name);
	if (regexes_cnt(w->judge.regexes) && !judged.blocked) {
		judge_host(&w->judge, head, name.host.text, name.host.len, &judged);
	} else if (judge_profile(&w->judge, head, &profile)) {
		judged.flags = profile.flags;
	}
	lookups_seen(&w->lookups, head, &judged, head->proto == SEK_NAME_PROTO_TLS);
}

/* An answer over TCP is taken as one over UDP is. */
static void reply_read(void *arg, const struct sek_name_copy_head *head, const uint8_t *message,
		       size_t len)
{
	struct namewatch *w = arg;

	lookups_take(&w->lookups, head, message, len);
}

static int copy_take(void *arg, void *data, size_t len)
{
	struct namewatch *w = arg;
	struct sek_name_copy_head head;
	const uint8_t *bytes = (const uint8_t *)data + sizeof(head);

	if (len < sizeof(head)) {
		w->bad_copies++;
		return 0;
	}
	memcpy(&head, data, sizeof(head));
	if (head.len > len - sizeof(head) || head.kind >= KINDS) {
		w->bad_copies++;
		return 0;
	}
	w->lookups.at = NULL;
	if (head.kind == SEK_NAME_DNS && head.key.proto == IPPROTO_TCP)
		replies_take(w->replies, &head, bytes, head.len);
	else if (head.kind == SEK_NAME_DNS)
		lookups_take(&w->lookups, &head, bytes, head.len);
	else if (head.kind == SEK_NAME_AGAIN)
		readings_again(w->readings, &head, bytes, head.len);
	else if (head.kind == SEK_NAME_TOLD)
		told_take(w, &head, bytes);
	else
		readings_take(w->readings, &head, bytes, head.len);
	return --w->left ? 0 : -EAGAIN;
}

static void ring_read(struct namewatch *w)
{
	w->left = BATCH;
	ring_buffer__consume(w->ring);
}

static void ring_ready(void *arg, uint32_t ready)
{
	ring_read(arg);
}

static void ring_due(void *arg)
{
	ring_read(arg);
}

/* --- what did not get through --- */

static const char *const kinds[KINDS] = { "told", "asked", "dns", "again" };

static bool stat_read(const struct namewatch *w, uint32_t kind, struct sek_event_stat *ret_stat)
{
	int cpus = libbpf_num_possible_cpus(), fd = gate_map_fd(w->gate, "sek_name_stat");
	struct sek_event_stat *cells = cpus > 0 ? calloc((size_t)cpus, sizeof(*cells)) : NULL;
	bool done = cells && fd >= 0 && !bpf_map_lookup_elem(fd, &kind, cells);

	*ret_stat = (struct sek_event_stat){};
	for (int i = 0; done && i < cpus; i++) {
		ret_stat->offered += cells[i].offered;
		ret_stat->written += cells[i].written;
		ret_stat->suppressed += cells[i].suppressed;
		ret_stat->lost += cells[i].lost;
	}
	free(cells);
	return done;
}

static void second_past(void *arg)
{
	struct namewatch *w = arg;
	char line[EVE_LINE_MAX], cause[32];

	readings_tick(w->readings, clock_mono_ns());
	for (uint32_t kind = 0; kind < KINDS; kind++) {
		struct sek_event_stat now, *last = &w->stat[kind];

		if (!stat_read(w, kind, &now))
			continue;
		snprintf(cause, sizeof(cause), "name_%s", kinds[kind]);
		if (now.suppressed > last->suppressed || now.lost > last->lost)
			records_line(w->records, line,
				     eve_loss(cause, &now, now.suppressed - last->suppressed,
					      now.lost - last->lost, clock_real_ns(), line));
		*last = now;
	}
	if (w->anomalies_untold != w->anomalies_told_of) {
		log_warn("names: too many for a second to be told: %s more",
			 COUNTED(w->anomalies_untold - w->anomalies_told_of, "anomaly"));
		w->anomalies_told_of = w->anomalies_untold;
	}
}

/* --- making and ending --- */

static int parts_new(struct namewatch *w, uint32_t grace_s)
{
	const struct readings_calls calls = { name_decide_here, flow_bad, flow_unread, flow_order, w };
	const struct readings_limits limits = READINGS_LIMITS;
	int err;

	if ((err = readings_new(&limits, &calls, &w->readings)) ||
	    (err = replies_new(reply_read, w, &w->replies)) ||
	    (err = ledger_new(&w->lookups.ledger)) ||
	    (err = suspect_new(suspicion_told, w, grace_s, &w->lookups.suspect)))
		return err;
	w->ring = ring_buffer__new(gate_map_fd(w->gate, "sek_name_ring"), copy_take, w, NULL);
	return w->ring ? 0 : -errno;
}

int namewatch_new(const struct namewatch_parts *parts, struct namewatch **ret_watch)
{
	struct namewatch *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	w->gate = parts->gate;
	w->editions = parts->editions;
	w->records = parts->records;
	w->judge = (struct judge){ .gate = parts->gate, .calls = parts->calls };
	w->lookups.judge = &w->judge;
	w->lookups.editions = parts->editions;
	w->lookups.records = parts->records;
	err = parts_new(w, parts->grace_s);
	for (uint32_t kind = 0; kind < KINDS && !err; kind++)
		stat_read(w, kind, &w->stat[kind]);
	if (!err)
		err = loop_add(parts->loop, ring_buffer__epoll_fd(w->ring), EPOLLIN, ring_ready, w,
			       &w->ready);
	if (!err)
		err = loop_timer(parts->loop, PERIOD_MS, PERIOD_MS, ring_due, w, &w->period);
	if (!err)
		err = loop_timer(parts->loop, 1000, 1000, second_past, w, &w->second);
	if (err) {
		namewatch_free(w);
		return err;
	}
	*ret_watch = w;
	return 0;
}

void namewatch_free(struct namewatch *w)
{
	if (!w)
		return;
	source_remove(w->ready);
	source_remove(w->period);
	source_remove(w->second);
	ring_buffer__free(w->ring);
	readings_free(w->readings);
	replies_free(w->replies);
	suspect_free(w->lookups.suspect);
	ledger_free(w->lookups.ledger);
	regexes_free(w->judge.regexes);
	free(w);
}

void namewatch_regexes(struct namewatch *w, struct regexes *regexes)
{
	regexes_free(w->judge.regexes);
	w->judge.regexes = regexes;
}

uint64_t namewatch_matches(struct namewatch *w, const char *host, size_t len,
			   const struct sek_name_phase *phase)
{
	return regexes_block(w->judge.regexes, host, len, phase);
}

const struct ledger *namewatch_ledger(const struct namewatch *w)
{
	return w->lookups.ledger;
}

static json_t *ring_json(const struct namewatch *w)
{
	json_t *ring = json_object();

	for (uint32_t kind = 0; kind < KINDS; kind++)
		json_object_set_new(ring, kinds[kind],
				    json_pack("{s:I, s:I, s:I, s:I}", "offered",
					      (json_int_t)w->stat[kind].offered, "written",
					      (json_int_t)w->stat[kind].written, "suppressed",
					      (json_int_t)w->stat[kind].suppressed, "lost",
					      (json_int_t)w->stat[kind].lost));
	return ring;
}

json_t *namewatch_show(const struct namewatch *w)
{
	struct readings_count c = readings_count(w->readings);

	return json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:{s:I, s:I, s:I, s:I, s:I}, s:I, s:I, s:I, s:I, s:I, s:o}",
		"copies", (json_int_t)c.copies, "bad_copies", (json_int_t)w->bad_copies, "flows",
		(json_int_t)c.flows, "bytes", (json_int_t)c.bytes, "names", (json_int_t)c.names,
		"unread", "put_out", (json_int_t)c.ended[READING_PUT_OUT], "unknown",
		(json_int_t)c.ended[READING_UNKNOWN], "stuck", (json_int_t)c.ended[READING_STUCK],
		"long", (json_int_t)c.ended[READING_LONG], "short",
		(json_int_t)c.ended[READING_SHORT], "late", (json_int_t)w->order_late, "learned",
		(json_int_t)w->lookups.learned, "learned_refused",
		(json_int_t)w->lookups.learned_refused, "regexes",
		(json_int_t)regexes_cnt(w->judge.regexes), "anomalies_untold",
		(json_int_t)w->anomalies_untold, "ring", ring_json(w));
}
