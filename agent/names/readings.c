/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of readers. Called by names/ring.c for each copy of a packet; its verdicts leave by calls.
 */
#include "names/readings.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>

#include "sekisho/verdict.h"

#define BUCKETS 16384 /* a power of two */
#define GAP_NS 60000000000ULL /* what is missing does not come: servers have given up as well */
#define COPIES_MAX 1024 /* that get nowhere */
#define SETTLED_NS 30000000000ULL /* what was read may come again */
#define URGENT 0x20 /* TCP: a byte that its receiver takes out of what the others say (RFC 6093) */
#define IDLE_NS 600000000000ULL /* nothing is missing; the next request may take its time */

struct reading {
	TAILQ_ENTRY(reading) in_all, in_tenant; /* the one that got on longest ago first */
	struct reading *next; /* of the bucket */
	struct sek_name_copy_head head; /* of the last copy */
	struct reader reader;
	uint64_t got_on_ns;
	uint64_t settled_ns; /* not 0: read to its end then, and kept for what comes again */
	uint32_t seen_to; /* number behind the last byte that was read */
	uint32_t known_to; /* as it was told last */
	uint32_t copies_vain; /* since it got on */
	size_t bytes; /* accounted */
};
TAILQ_HEAD(reading_list, reading);

struct share {
	struct reading_list list;
	struct reading_list settled; /* by in_tenant alone, the oldest first */
	uint32_t flows;
	size_t bytes;
};

struct readings {
	struct readings_limits limits;
	struct readings_calls calls;
	struct readings_count count;
	struct reader_room room;
	uint64_t seed;
	struct reading_list all;
	struct reading *bucket[BUCKETS];
	struct share share[SEK_TENANTS_MAX];
};

int readings_new(const struct readings_limits *limits, const struct readings_calls *calls,
		 struct readings **ret_readings)
{
	struct readings *readings = calloc(1, sizeof(*readings));

	if (!readings)
		return -ENOMEM;
	readings->limits = *limits;
	readings->calls = *calls;
	TAILQ_INIT(&readings->all);
	for (uint32_t i = 0; i < SEK_TENANTS_MAX; i++) {
		TAILQ_INIT(&readings->share[i].list);
		TAILQ_INIT(&readings->share[i].settled);
	}
	if (getrandom(&readings->seed, sizeof(readings->seed), 0) != sizeof(readings->seed)) {
		free(readings);
		return -EIO;
	}
	*ret_readings = readings;
	return 0;
}

/* --- the table --- */

static struct reading **bucket_of(struct readings *rs, const struct sek_name_copy_head *head)
{
	uint64_t hash = rs->seed ^ head->first_ns, word;

	for (size_t i = 0; i < sizeof(head->key); i += sizeof(word)) {
		memcpy(&word, (const uint8_t *)&head->key + i, sizeof(word));
		hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
		hash ^= hash >> 29;
	}
	return &rs->bucket[hash & (BUCKETS - 1)];
}

static struct reading *reading_find(struct readings *rs, const struct sek_name_copy_head *head)
{
	struct reading *reading = *bucket_of(rs, head);

	while (reading && (reading->head.first_ns != head->first_ns ||
			   memcmp(&reading->head.key, &head->key, sizeof(head->key)) != 0))
		reading = reading->next;
	return reading;
}

static struct share *share_of(struct readings *rs, const struct reading *reading)
{
	return &rs->share[reading->head.key.tenant % SEK_TENANTS_MAX];
}

static void account(struct readings *rs, struct reading *reading)
{
	size_t bytes = sizeof(*reading) + reader_bytes(&reading->reader);
	struct share *share = share_of(rs, reading);

	share->bytes += bytes - reading->bytes;
	rs->count.bytes += bytes - reading->bytes;
	reading->bytes = bytes;
}

static void reading_drop(struct readings *rs, struct reading *reading)
{
	struct reading **at = bucket_of(rs, &reading->head);
	struct share *share = share_of(rs, reading);

	while (*at != reading)
		at = &(*at)->next;
	*at = reading->next;
	if (reading->settled_ns) {
		TAILQ_REMOVE(&share->settled, reading, in_tenant);
	} else {
		TAILQ_REMOVE(&rs->all, reading, in_all);
		TAILQ_REMOVE(&share->list, reading, in_tenant);
	}
	share->bytes -= reading->bytes;
	share->flows--;
	rs->count.bytes -= reading->bytes;
	rs->count.flows--;
	reader_end(&reading->reader);
	free(reading);
}

void readings_free(struct readings *rs)
{
	if (!rs)
		return;
	while (!TAILQ_EMPTY(&rs->all))
		reading_drop(rs, TAILQ_FIRST(&rs->all));
	for (uint32_t i = 0; i < SEK_TENANTS_MAX; i++)
		while (!TAILQ_EMPTY(&rs->share[i].settled))
			reading_drop(rs, TAILQ_FIRST(&rs->share[i].settled));
	free(rs);
}

/* Read to its end: its bytes are held against what comes again, as long as nobody needs the room. */
static void settle(struct readings *rs, struct reading *reading)
{
	struct share *share = share_of(rs, reading);

	if (!reading->reader.stream.end && !reading->reader.quic) {
		reading_drop(rs, reading);
		return;
	}
	TAILQ_REMOVE(&rs->all, reading, in_all);
	TAILQ_REMOVE(&share->list, reading, in_tenant);
	reading->settled_ns = reading->head.now_ns;
	TAILQ_INSERT_TAIL(&share->settled, reading, in_tenant);
	account(rs, reading);
}

static void unsettle(struct readings *rs, struct reading *reading)
{
	struct share *share = share_of(rs, reading);

	TAILQ_REMOVE(&share->settled, reading, in_tenant);
	reading->settled_ns = 0;
	TAILQ_INSERT_TAIL(&rs->all, reading, in_all);
	TAILQ_INSERT_TAIL(&share->list, reading, in_tenant);
}

static void got_on(struct readings *rs, struct reading *reading)
{
	struct share *share = share_of(rs, reading);

	reading->got_on_ns = reading->head.now_ns;
	TAILQ_REMOVE(&rs->all, reading, in_all);
	TAILQ_INSERT_TAIL(&rs->all, reading, in_all);
	TAILQ_REMOVE(&share->list, reading, in_tenant);
	TAILQ_INSERT_TAIL(&share->list, reading, in_tenant);
}

/* --- verdicts --- */

/* Up to which all has been read, whole or not. */
static uint32_t known_to(const struct reading *reading)
{
	const struct stream *stream = &reading->reader.stream;
	bool ahead = (int32_t)(stream->base + stream->end - stream_next(stream)) > 0;

	return ahead ? stream->base + stream->end : stream_next(stream);
}

/*
 * What lies before next passes when it comes again: it is decided, or a part of what nobody can act
 * upon until its rest has come. Without that a client whose first piece waits would never send the
 * last.
 */
static void order(struct readings *rs, struct reading *reading, enum sek_name_state state,
		  struct reading_verdict verdict)
{
	const struct sek_name_copy_head *head = &reading->head;
	uint32_t next = known_to(reading);
	uint32_t seen = (int32_t)(reading->seen_to - next) < 0 ? reading->seen_to : next;
	struct sek_name_order o = {
		.key = head->key,
		.first_ns = head->first_ns,
		.number = head->number,
		.name = { .state = state,
			  .proto = reading->reader.proto,
			  .list = verdict.list,
			  .reason = verdict.reason,
			  .profile = head->profile,
			  .start = reading->reader.quic ? head->seq : seen,
			  .next = next },
		.heard_ns = head->now_ns,
	};

	rs->calls.order(rs->calls.arg, &o);
}

/* A copy was read, and changes nothing. */
static void acknowledge(struct readings *rs, const struct sek_name_copy_head *head)
{
	const struct sek_name_order o = { .key = head->key,
					  .first_ns = head->first_ns,
					  .number = head->number,
					  .heard_ns = head->now_ns };

	rs->calls.order(rs->calls.arg, &o);
}

static const struct reading_verdict passed = { .list = SEK_NAME_NO_LIST };

/* Of a flow that passes unread. QUIC: what comes next between its ports may be another connection. */
static enum sek_name_state unread_passes(const struct sek_name_copy_head *head)
{
	return head->key.proto == IPPROTO_TCP ? SEK_NAME_PASSES : SEK_NAME_QUIC;
}

/* It is not read on, and goes as its tenant's fail: says. */
static void give_up(struct readings *rs, struct reading *reading, enum reading_end why)
{
	bool passes = rs->calls.unread(rs->calls.arg, &reading->head, why);

	rs->count.ended[why]++;
	order(rs, reading, passes ? unread_passes(&reading->head) : SEK_NAME_BLOCKED,
	      (struct reading_verdict){ .blocked = !passes,
					.list = SEK_NAME_NO_LIST,
					.reason = passes ? 0 : SEK_R_name_wait });
	reading_drop(rs, reading);
}

static void end_bad(struct readings *rs, struct reading *reading, bool overlaps)
{
	rs->calls.bad(rs->calls.arg, &reading->head, overlaps);
	order(rs, reading, SEK_NAME_BLOCKED,
	      (struct reading_verdict){ true, SEK_NAME_NO_LIST, SEK_R_name_bad });
	reading_drop(rs, reading);
}

/*
 * More must come. What stands between two requests the kernel may read again, until it cannot. Each
 * copy has its order, since answers wait for that.
 */
static void wait_more(struct readings *rs, struct reading *reading)
{
	bool between = reader_is_between(&reading->reader);
	enum sek_name_state state = !between				 ? SEK_NAME_AGENT
				    : reading->reader.kind == READER_TLS ? SEK_NAME_HELLO
									 : SEK_NAME_REQUEST;

	if (reading->known_to != known_to(reading)) {
		reading->copies_vain = 0;
		reading->known_to = known_to(reading);
		order(rs, reading, state, passed);
	} else {
		acknowledge(rs, &reading->head);
	}
	if (between)
		settle(rs, reading);
	else if (reading->reader.fresh && !reading->reader.stream.cap)
		reading_drop(rs, reading);
	else
		account(rs, reading);
}

/* Returns false when the flow has its verdict. */
static bool named(struct readings *rs, struct reading *reading, const struct reader_name *name)
{
	struct reading_verdict verdict = rs->calls.decide(rs->calls.arg, &reading->head, name);

	rs->count.names++;
	reading->copies_vain = 0;
	got_on(rs, reading);
	if (!verdict.blocked)
		return true;
	order(rs, reading, SEK_NAME_BLOCKED, verdict);
	reading_drop(rs, reading);
	return false;
}

/*
 * The last datagram's connection passes by its id from now on, if its name was read; the next one does
 * not. What was read is held against what comes again.
 */
static void initials_wait(struct readings *rs, struct reading *reading)
{
	const struct quic *quic = reading->reader.quic;

	if (quic_is_read(quic))
		order(rs, reading, SEK_NAME_QUIC, passed);
	else
		acknowledge(rs, &reading->head);
	if (!quic->cnt)
		reading_drop(rs, reading);
	else if (quic_is_settled(quic))
		settle(rs, reading);
	else
		account(rs, reading);
}

/* Nothing that follows is read. */
static void read_whole(struct readings *rs, struct reading *reading)
{
	if (reading->reader.quic) {
		give_up(rs, reading, READING_UNKNOWN);
		return;
	}
	order(rs, reading, SEK_NAME_PASSES, passed);
	reading_drop(rs, reading);
}

static void heard(struct readings *rs, struct reading *reading, enum reader_said said)
{
	switch (said) {
	case READER_BAD:
		end_bad(rs, reading, false);
		break;
	case READER_LOST:
		give_up(rs, reading, READING_LONG);
		break;
	case READER_MORE:
		if (reading->reader.quic)
			initials_wait(rs, reading);
		else
			wait_more(rs, reading);
		break;
	default:
		read_whole(rs, reading);
	}
}

static void segment_take(struct readings *rs, struct reading *reading, const uint8_t *bytes,
			 uint32_t len)
{
	struct reader *reader = &reading->reader;
	uint32_t end = reader->stream.end;
	struct reader_name name;
	enum reader_said said;

	switch (reader_segment(reader, reading->head.seq, bytes, len)) {
	case STREAM_TAKEN:
		break;
	case STREAM_CONFLICT:
		end_bad(rs, reading, true);
		return;
	case STREAM_NO_MEMORY:
		give_up(rs, reading, READING_PUT_OUT);
		return;
	default:
		give_up(rs, reading, READING_LONG);
		return;
	}
	if ((int32_t)(reading->head.seq + len - reading->seen_to) > 0)
		reading->seen_to = reading->head.seq + len;
	if (reader->stream.end != end)
		got_on(rs, reading);
	if (reading->copies_vain > COPIES_MAX) {
		give_up(rs, reading, READING_LONG);
		return;
	}
	while ((said = reader_next(reader, &rs->room, &name)) == READER_NAME)
		if (!named(rs, reading, &name))
			return;
	heard(rs, reading, said);
}

static void datagram_take(struct readings *rs, struct reading *reading, const uint8_t *bytes,
			  uint32_t len)
{
	struct reader_name name;
	enum reader_said said = reader_datagram(&reading->reader, bytes, len, &name);

	while (said == READER_NAME) {
		if (!named(rs, reading, &name))
			return;
		said = reader_next(&reading->reader, &rs->room, &name);
	}
	heard(rs, reading, said);
}

/* --- copies --- */

static struct reading *reading_new(struct readings *rs, const struct sek_name_copy_head *head)
{
	struct reading *reading = calloc(1, sizeof(*reading)), **bucket;
	struct share *share;

	if (!reading)
		return NULL;
	reading->head = *head;
	reading->got_on_ns = head->now_ns;
	reading->known_to = reading->seen_to = head->next;
	if (head->key.proto == IPPROTO_TCP) {
		reader_begin_tcp(&reading->reader, head->next, head->key.port[1] == htons(53),
				 head->proto == SEK_NAME_PROTO_TLS);
	} else if (reader_begin_quic(&reading->reader)) {
		free(reading);
		return NULL;
	}
	bucket = bucket_of(rs, head);
	reading->next = *bucket;
	*bucket = reading;
	share = share_of(rs, reading);
	TAILQ_INSERT_TAIL(&rs->all, reading, in_all);
	TAILQ_INSERT_TAIL(&share->list, reading, in_tenant);
	share->flows++;
	rs->count.flows++;
	account(rs, reading);
	return reading;
}

/* Of a tenant's: one that is read goes before one that is not, the oldest first. */
static bool settled_drop(struct readings *rs, struct share *share)
{
	struct reading *reading = TAILQ_FIRST(&share->settled);

	if (reading)
		reading_drop(rs, reading);
	return reading;
}

static bool settled_drop_any(struct readings *rs)
{
	for (uint32_t i = 0; i < SEK_TENANTS_MAX; i++)
		if (settled_drop(rs, &rs->share[i]))
			return true;
	return false;
}

/* The one that got on longest ago goes: of the tenant that has more than its share, else of all. */
static void room_make(struct readings *rs, uint16_t tenant)
{
	struct share *share = &rs->share[tenant % SEK_TENANTS_MAX];

	while (share->flows > rs->limits.tenant_flows || share->bytes > rs->limits.tenant_bytes)
		if (!settled_drop(rs, share))
			give_up(rs, TAILQ_FIRST(&share->list), READING_PUT_OUT);
	while (rs->count.flows > rs->limits.flows || rs->count.bytes > rs->limits.bytes)
		if (!settled_drop(rs, share) && !settled_drop_any(rs))
			give_up(rs, TAILQ_FIRST(&rs->all), READING_PUT_OUT);
}

/* No memory for a reader: as if it had been put out at once. */
static void refuse(struct readings *rs, const struct sek_name_copy_head *head)
{
	bool passes = rs->calls.unread(rs->calls.arg, head, READING_PUT_OUT);
	struct sek_name_order o = { .key = head->key,
				    .first_ns = head->first_ns,
				    .number = head->number,
				    .heard_ns = head->now_ns };

	rs->count.ended[READING_PUT_OUT]++;
	o.name = (struct sek_flow_name){ .state = passes ? unread_passes(head) : SEK_NAME_BLOCKED,
					 .list = SEK_NAME_NO_LIST,
					 .reason = passes ? 0 : SEK_R_name_wait,
					 .profile = head->profile,
					 .next = head->next };
	rs->calls.order(rs->calls.arg, &o);
}

void readings_take(struct readings *rs, const struct sek_name_copy_head *head, const uint8_t *bytes,
		   uint32_t len)
{
	struct reading *reading = reading_find(rs, head);

	rs->count.copies++;
	if (reading && reading->settled_ns) {
		if (reading->reader.quic || (reader_is_between(&reading->reader) &&
					     stream_next(&reading->reader.stream) == head->next)) {
			unsettle(rs, reading);
		} else {
			reading_drop(rs, reading);
			reading = NULL;
		}
	}
	if (!reading)
		reading = reading_new(rs, head);
	if (!reading) {
		refuse(rs, head);
		return;
	}
	reading->head = *head;
	reading->copies_vain++;
	if (head->tcp_flags & URGENT)
		end_bad(rs, reading, false);
	else if (head->key.proto != IPPROTO_TCP)
		datagram_take(rs, reading, bytes, len);
	else
		segment_take(rs, reading, bytes, len);
	room_make(rs, head->key.tenant);
}

/* Ends a flow of which nothing is held. */
static void end_unheld(struct readings *rs, const struct sek_name_copy_head *head,
		       struct reading_verdict verdict)
{
	const struct sek_name_order o = { .key = head->key,
					  .first_ns = head->first_ns,
					  .number = head->number,
					  .name = { .state = SEK_NAME_BLOCKED,
						    .proto = head->proto,
						    .list = verdict.list,
						    .reason = verdict.reason,
						    .profile = head->profile,
						    .start = head->next,
						    .next = head->next },
					  .heard_ns = head->now_ns };

	rs->calls.order(rs->calls.arg, &o);
}

/*
 * Requests that the kernel has read come again, and others after them: whole requests they were, and
 * must be, whose names pass. false: the flow is ended.
 */
static bool requests_pass(struct readings *rs, const struct sek_name_copy_head *head,
			  const uint8_t *bytes, uint32_t len)
{
	struct reading_verdict verdict = { true, SEK_NAME_NO_LIST, SEK_R_name_bad };
	enum reader_said said = READER_BAD;
	struct reader_name name;
	struct reader reader;
	bool blocked = false, sound;

	reader_begin_tcp(&reader, head->seq, false, false);
	reader.kind = READER_HTTP1;
	if (reader_segment(&reader, head->seq, bytes, len) == STREAM_TAKEN)
		while (!blocked && (said = reader_next(&reader, &rs->room, &name)) == READER_NAME) {
			verdict = rs->calls.decide(rs->calls.arg, head, &name);
			blocked = verdict.blocked;
		}
	sound = said == READER_MORE && reader_is_between(&reader) &&
		stream_next(&reader.stream) == head->seq + len;
	reader_end(&reader);
	if (sound)
		return true;
	if (!blocked) {
		verdict = (struct reading_verdict){ true, SEK_NAME_NO_LIST, SEK_R_name_bad };
		rs->calls.bad(rs->calls.arg, head, true);
	}
	end_unheld(rs, head, verdict);
	return false;
}

void readings_again(struct readings *rs, const struct sek_name_copy_head *head,
		    const uint8_t *bytes, uint32_t len)
{
	struct reading *reading = reading_find(rs, head);

	rs->count.copies++;
	if (reading && stream_differs(&reading->reader.stream, head->seq, bytes, len)) {
		reading->head = *head;
		end_bad(rs, reading, true);
		return;
	}
	if (!head->unheld || requests_pass(rs, head, bytes, len))
		acknowledge(rs, head);
}

/*
 * A gap that stays: the copies of what is missing were lost, or its sender plays dead. Where there is
 * none, the sender may take its time, for the server waits as we do.
 */
static bool has_gap(const struct reading *reading)
{
	const struct reader *reader = &reading->reader;

	return reader->quic ? quic_has_gap(reader->quic) : stream_has_gap(&reader->stream);
}

void readings_tick(struct readings *rs, uint64_t now_ns)
{
	struct reading *reading = TAILQ_FIRST(&rs->all), *after;

	for (; reading; reading = after) {
		uint64_t silent_ns = now_ns > reading->got_on_ns ? now_ns - reading->got_on_ns : 0;

		after = TAILQ_NEXT(reading, in_all);
		if (silent_ns <= GAP_NS)
			break;
		if (has_gap(reading))
			give_up(rs, reading, READING_SHORT);
		else if (silent_ns > IDLE_NS)
			give_up(rs, reading, READING_STUCK);
	}
	for (uint32_t i = 0; i < SEK_TENANTS_MAX; i++) {
		struct reading_list *settled = &rs->share[i].settled;

		while ((reading = TAILQ_FIRST(settled)) && now_ns > reading->settled_ns + SETTLED_NS)
			reading_drop(rs, reading);
	}
}

struct readings_count readings_count(const struct readings *rs)
{
	return rs->count;
}
