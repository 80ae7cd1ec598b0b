// SPDX-License-Identifier: Apache-2.0
/*
 * Datagrams that came in pieces. Called by decode; promises that memory is bounded, that the oldest makes
 * room and is counted, and that what is made whole lives until the next one.
 */
#include "inspect/defrag.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/pool.h"
#include "inspect/checksum.h"
#include "inspect/exception.h"
#include "inspect/refused.h"
#include "sekisho/limits.h"

#define MEMCAP_DEFAULT (32ull << 20)
#define TRACKERS_DEFAULT 65535
#define TIMEOUT_DEFAULT_S 60
#define BUCKETS 4096
#define DATAGRAM_MAX 65535
#define FRONT_MAX 1024 /* link header and what stands in front of the pieces */
#define REFUSED_NS                                                                                 \
	60000000000ull /* no system waits longer for the rest of a datagram (RFC 8200, 4.5) */
#define TENANT_SHARE 4 /* of the memory one body has this part at most */
#define PIECES_MAX 8192 /* as many as eight bytes each can make of a datagram */

struct piece {
	uint32_t from, to; /* what is left of it */
	uint32_t whole_from, whole_to; /* as it came */
	uint8_t *bytes; /* of from; in `of` */
	struct piece_bytes *of;
};

/* The bytes of one fragment; its pieces share them. */
struct piece_bytes {
	uint32_t users, len;
	uint16_t tenant;
	uint8_t bytes[];
};

struct tracker {
	struct tracker *next; /* in its bucket */
	struct tracker *older, *newer;
	struct sek_addr src, dst;
	uint64_t key; /* datagram_key() */
	uint32_t id, bucket;
	uint16_t tenant;
	uint16_t vlan[PACKET_VLANS_MAX];
	uint8_t family, proto, depth, vlan_cnt;
	enum os_policy policy;
	uint64_t last_ns;
	uint32_t total; /* bytes of the whole; 0: its last fragment did not come yet */
	uint32_t piece_cnt, piece_cap;
	struct piece *pieces; /* sorted, apart */
	uint8_t *header; /* of the fragment with offset 0 */
	uint32_t header_len, next_at;
	uint8_t first_proto;
};

struct defrag {
	const struct hostos *hostos;
	uint64_t memcap, timeout_ns, used;
	uint64_t trackers_max;
	struct tracker *buckets[BUCKETS];
	struct tracker *oldest, *newest;
	struct pool pool;
	struct defrag_tally tally;
	uint16_t tenant; /* whose the fragments are */
	uint64_t of_tenant[SEK_TENANTS_MAX]; /* of used */
	struct refused *refused; /* NULL: it does not stand in the path */
	bool (*is_closed)(void *arg, uint16_t tenant);
	void *is_closed_arg;
	uint8_t whole[FRONT_MAX + DATAGRAM_MAX];
};

int defrag_new(const struct config *config, const struct hostos *hostos, struct defrag **ret_defrag)
{
	struct defrag *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->hostos = hostos;
	d->memcap = config_bytes(config, "defrag.memcap", MEMCAP_DEFAULT);
	d->trackers_max = config_number(config, "defrag.trackers", TRACKERS_DEFAULT);
	d->timeout_ns = config_number(config, "defrag.timeout", TIMEOUT_DEFAULT_S) * 1000000000ull;
	pool_init(&d->pool, sizeof(struct tracker));
	*ret_defrag = d;
	return 0;
}

static void charge(struct defrag *d, uint16_t tenant, uint64_t len)
{
	d->used += len;
	d->of_tenant[tenant % SEK_TENANTS_MAX] += len;
}

static void give_back(struct defrag *d, uint16_t tenant, uint64_t len)
{
	d->used -= len;
	d->of_tenant[tenant % SEK_TENANTS_MAX] -= len;
}

static void bytes_release(struct defrag *d, struct piece_bytes *bytes)
{
	if (--bytes->users)
		return;
	give_back(d, bytes->tenant, sizeof(*bytes) + bytes->len);
	free(bytes);
}

static void tracker_forget(struct defrag *d, struct tracker *t)
{
	struct tracker **at = &d->buckets[t->bucket];

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	if (t->older)
		t->older->newer = t->newer;
	else
		d->oldest = t->newer;
	if (t->newer)
		t->newer->older = t->older;
	else
		d->newest = t->older;
	for (uint32_t i = 0; i < t->piece_cnt; i++)
		bytes_release(d, t->pieces[i].of);
	give_back(d, t->tenant, sizeof(*t) + t->piece_cap * sizeof(*t->pieces) + t->header_len);
	free(t->pieces);
	free(t->header);
	pool_give(&d->pool, t);
}

void defrag_free(struct defrag *d)
{
	if (!d)
		return;
	while (d->oldest)
		tracker_forget(d, d->oldest);
	pool_free(&d->pool);
	refused_free(d->refused);
	free(d);
}

struct defrag_tally defrag_tally(const struct defrag *d)
{
	return d->tally;
}

/* --- in the path --- */

int defrag_stand(struct defrag *d, bool (*is_closed)(void *arg, uint16_t tenant), void *arg)
{
	d->refused = refused_new(REFUSED_NS);
	d->is_closed = is_closed;
	d->is_closed_arg = arg;
	return d->refused ? 0 : -ENOMEM;
}

void defrag_tenant(struct defrag *d, uint16_t tenant)
{
	d->tenant = tenant;
}

void defrag_refuse(struct defrag *d, const struct packet *p)
{
	if (d->refused)
		refused_add(d->refused, d->tenant, p->datagram, p->time_ns);
}

/* Pieces of it have gone on, and nobody will see it whole. late: whatever the body's `fail:` says. */
static void tracker_lose(struct defrag *d, struct tracker *t, uint64_t now_ns, bool late)
{
	if (d->refused && (late || d->is_closed(d->is_closed_arg, t->tenant)))
		refused_add(d->refused, t->tenant, t->key, now_ns);
	tracker_forget(d, t);
}

/* The piece falls, and with it its datagram. */
static void piece_refuse(struct defrag *d, struct packet *p, enum packet_drop why)
{
	d->tally.refused++;
	defrag_refuse(d, p);
	packet_drop(p, why);
}

/* It could not be kept, so its datagram will not be seen whole. */
static void piece_lose(struct defrag *d, struct packet *p)
{
	if (d->refused && d->is_closed(d->is_closed_arg, d->tenant))
		piece_refuse(d, p, DROP_DEFRAG_MEMCAP);
}

/* --- trackers --- */

static uint64_t datagram_key(const struct packet *p, const struct defrag_piece *piece)
{
	uint64_t hash = p->src.q[0] ^ (p->src.q[1] * 0x9e3779b97f4a7c15ull);
	uint64_t proto = p->family == 6 ? 0 : piece->proto;

	hash = (hash ^ p->dst.q[0]) * 0xd6e8feb86659fd93ull;
	hash = (hash ^ p->dst.q[1] ^ hash >> 32) * 0xa0761d6478bd642full;
	return (hash ^ piece->id ^ proto << 32 ^ hash >> 29) * 0x9e3779b97f4a7c15ull;
}

/* IPv6: the first fragment alone knows what comes next, so it is no part of the key (RFC 8200, 4.5). */
static bool tracker_is(const struct defrag *d, const struct tracker *t, const struct packet *p,
		       uint32_t id, uint8_t proto)
{
	return t->id == id && t->tenant == d->tenant && t->family == p->family &&
	       t->depth == p->depth && (p->family == 6 || t->proto == proto) &&
	       t->vlan_cnt == p->vlan_cnt && memcmp(&t->src, &p->src, sizeof(t->src)) == 0 &&
	       memcmp(&t->dst, &p->dst, sizeof(t->dst)) == 0 &&
	       memcmp(t->vlan, p->vlan, sizeof(t->vlan)) == 0;
}

static void list_join(struct defrag *d, struct tracker *t)
{
	t->older = d->newest;
	t->newer = NULL;
	if (d->newest)
		d->newest->newer = t;
	else
		d->oldest = t;
	d->newest = t;
}

static void trackers_expire(struct defrag *d, uint64_t now_ns)
{
	while (d->oldest && now_ns > d->oldest->last_ns &&
	       now_ns - d->oldest->last_ns > d->timeout_ns) {
		d->tally.timed_out++;
		tracker_lose(d, d->oldest, now_ns, true);
	}
}

/* The oldest make room for len bytes more, but not the one that asks; none where a body has its share. */
static bool room_make(struct defrag *d, uint64_t len, const struct tracker *asking)
{
	if (d->refused && d->of_tenant[d->tenant % SEK_TENANTS_MAX] + len > d->memcap / TENANT_SHARE) {
		d->tally.memory_short++;
		return false;
	}
	while (d->used + len > d->memcap) {
		if (!d->oldest || d->oldest == asking) {
			d->tally.memory_short++;
			return false;
		}
		d->tally.evicted++;
		tracker_lose(d, d->oldest, d->oldest->last_ns, false);
	}
	charge(d, d->tenant, len);
	return true;
}

static struct tracker *tracker_of(struct defrag *d, const struct packet *p, uint32_t id, uint8_t proto)
{
	uint32_t bucket = (uint32_t)(p->datagram >> 40) % BUCKETS;
	struct tracker *t;

	for (t = d->buckets[bucket]; t; t = t->next)
		if (tracker_is(d, t, p, id, proto))
			return t;
	if (d->pool.used >= d->trackers_max && d->oldest) {
		d->tally.evicted++;
		tracker_lose(d, d->oldest, p->time_ns, false);
	}
	if (!room_make(d, sizeof(*t), NULL))
		return NULL;
	t = pool_take(&d->pool);
	if (!t) {
		give_back(d, d->tenant, sizeof(*t));
		return NULL;
	}
	t->src = p->src;
	t->dst = p->dst;
	t->id = id;
	t->key = p->datagram;
	t->tenant = d->tenant;
	t->bucket = bucket;
	memcpy(t->vlan, p->vlan, sizeof(t->vlan));
	t->vlan_cnt = p->vlan_cnt;
	t->family = p->family;
	t->proto = proto;
	t->depth = p->depth;
	t->last_ns = p->time_ns;
	t->policy = hostos_of(d->hostos, &p->dst);
	t->next = d->buckets[bucket];
	d->buckets[bucket] = t;
	list_join(d, t);
	d->tally.trackers++;
	return t;
}

/* --- pieces --- */

static bool piece_put(struct defrag *d, struct tracker *t, uint32_t at, struct piece piece)
{
	if (t->piece_cnt >= PIECES_MAX)
		return false;
	if (t->piece_cnt == t->piece_cap) {
		uint32_t cap = t->piece_cap ? t->piece_cap * 2 : 4;
		struct piece *grown;

		if (!room_make(d, (cap - t->piece_cap) * sizeof(*grown), t))
			return false;
		grown = realloc(t->pieces, cap * sizeof(*grown));
		if (!grown) {
			give_back(d, t->tenant, (cap - t->piece_cap) * sizeof(*grown));
			return false;
		}
		t->pieces = grown;
		t->piece_cap = cap;
	}
	memmove(t->pieces + at + 1, t->pieces + at, (t->piece_cnt - at) * sizeof(*t->pieces));
	t->pieces[at] = piece;
	t->piece_cnt++;
	piece.of->users++;
	return true;
}

static void piece_remove(struct defrag *d, struct tracker *t, uint32_t at)
{
	bytes_release(d, t->pieces[at].of);
	t->piece_cnt--;
	memmove(t->pieces + at, t->pieces + at + 1, (t->piece_cnt - at) * sizeof(*t->pieces));
}

/* The piece at `at` gives way for [from, to); returns how many of it are left. */
static uint32_t piece_yield(struct defrag *d, struct tracker *t, uint32_t at, uint32_t from,
			    uint32_t to)
{
	struct piece *old = &t->pieces[at], right = *old;
	bool has_left = old->from<from, has_right = old->to> to;

	right.bytes += to - right.from;
	right.from = to;
	if (!has_left && !has_right) {
		piece_remove(d, t, at);
		return 0;
	}
	if (!has_left) {
		*old = right;
		return 1;
	}
	old->to = from;
	return has_right && piece_put(d, t, at + 1, right) ? 2 : 1;
}

static struct piece piece_part(const struct piece *piece, uint32_t from, uint32_t to)
{
	struct piece part = *piece;

	part.bytes += from - piece->from;
	part.from = from;
	part.to = to;
	return part;
}

/* Puts what the receiver's system keeps of the piece among the others. False: others were there. */
static bool pieces_insert(struct defrag *d, struct tracker *t, const struct piece *piece)
{
	uint32_t i = 0, at = piece->from;
	bool overlaps = false;

	while (i < t->piece_cnt && t->pieces[i].to <= at)
		i++;
	while (at < piece->to) {
		struct piece *old = i < t->piece_cnt ? &t->pieces[i] : NULL;
		uint32_t to = piece->to;

		if (!old || old->from > at) {
			if (old && old->from < to)
				to = old->from;
			if (!piece_put(d, t, i, piece_part(piece, at, to)))
				return !overlaps;
			i++;
		} else {
			const struct overlap overlap = {
				.old_from = old->whole_from,
				.old_to = old->whole_to,
				.new_from = piece->whole_from,
				.new_to = piece->whole_to,
			};

			overlaps = true;
			to = old->to < to ? old->to : to;
			if (hostos_takes_new_fragment(t->policy, &overlap)) {
				bool has_left = old->from < at;

				piece_yield(d, t, i, at, to);
				i += has_left ? 1 : 0;
				if (!piece_put(d, t, i, piece_part(piece, at, to)))
					return false;
				i++;
			} else if (old->to <= piece->to) {
				i++;
			}
		}
		at = to;
	}
	return !overlaps;
}

static bool header_keep(struct defrag *d, struct tracker *t, const struct packet *p,
			const struct defrag_piece *piece)
{
	if (p->fragment_offset != 0 || t->header)
		return true;
	if (piece->header_len > FRONT_MAX / 2 || !room_make(d, piece->header_len, t))
		return false;
	t->header = malloc(piece->header_len);
	if (!t->header) {
		give_back(d, t->tenant, piece->header_len);
		return false;
	}
	memcpy(t->header, p->ip.at, piece->header_len);
	t->header_len = (uint32_t)piece->header_len;
	t->next_at = (uint32_t)piece->next_at;
	t->first_proto = piece->proto;
	return true;
}

static bool bytes_keep(struct defrag *d, struct tracker *t, const struct packet *p,
		       const struct defrag_piece *in)
{
	uint32_t from = p->fragment_offset, len = (uint32_t)in->data.len;
	struct piece piece = {
		.from = from, .to = from + len, .whole_from = from, .whole_to = from + len
	};
	bool apart;

	if (len == 0)
		return true;
	if (!room_make(d, sizeof(*piece.of) + len, t))
		return true;
	piece.of = malloc(sizeof(*piece.of) + len);
	if (!piece.of) {
		give_back(d, t->tenant, sizeof(*piece.of) + len);
		d->tally.memory_short++;
		return true;
	}
	piece.of->users = 1;
	piece.of->tenant = t->tenant;
	piece.of->len = len;
	piece.bytes = piece.of->bytes;
	memcpy(piece.bytes, in->data.at, len);
	apart = pieces_insert(d, t, &piece);
	bytes_release(d, piece.of);
	return apart;
}

static bool tracker_is_whole(const struct tracker *t)
{
	uint32_t at = 0;

	if (!t->total || !t->header)
		return false;
	for (uint32_t i = 0; i < t->piece_cnt && at < t->total; i++) {
		if (t->pieces[i].from != at)
			return false;
		at = t->pieces[i].to;
	}
	return at >= t->total;
}

/* The header of the whole: of its first fragment, with lengths and checksum as if it had never been cut. */
static void header_mend(const struct tracker *t, uint8_t *ip, uint32_t len)
{
	uint16_t sum;

	if (t->family == 4) {
		ip[2] = (uint8_t)(len >> 8);
		ip[3] = (uint8_t)len;
		ip[6] = ip[7] = ip[10] = ip[11] = 0;
		sum = checksum_end(checksum_add(0, slice(ip, t->header_len)));
		memcpy(ip + 10, &sum, sizeof(sum));
		return;
	}
	len -= 40;
	ip[4] = (uint8_t)(len >> 8);
	ip[5] = (uint8_t)len;
	ip[t->next_at] = t->first_proto;
}

static void tracker_build(struct defrag *d, const struct tracker *t, const struct packet *p,
			  struct defrag_whole *ret)
{
	size_t link_len = p->ip.at > p->frame.at ? (size_t)(p->ip.at - p->frame.at) : 0;
	uint8_t *ip;

	if (link_len + t->header_len > FRONT_MAX)
		link_len = 0;
	ip = d->whole + link_len;
	memcpy(d->whole, p->frame.at, link_len);
	memcpy(ip, t->header, t->header_len);
	for (uint32_t i = 0; i < t->piece_cnt && t->pieces[i].from < t->total; i++) {
		const struct piece *piece = &t->pieces[i];
		uint32_t to = piece->to < t->total ? piece->to : t->total;

		memcpy(ip + t->header_len + piece->from, piece->bytes, to - piece->from);
	}
	header_mend(t, ip, t->header_len + t->total);
	*ret = (struct defrag_whole){ slice(d->whole, link_len + t->header_len + t->total), link_len };
}

/* Keeps it, with an event where it lies over another; false: it falls, and so does its datagram. */
static bool piece_take(struct defrag *d, struct tracker *t, struct packet *p,
		       const struct defrag_piece *piece)
{
	uint64_t had_short = d->tally.memory_short;

	if (!bytes_keep(d, t, p, piece)) {
		packet_event(p, p->family == 4 ? EVENT_IPV4_FRAG_OVERLAP : EVENT_IPV6_FRAG_OVERLAP);
		if (d->refused)
			piece_refuse(d, p, DROP_DATAGRAM);
	}
	if (d->tally.memory_short != had_short)
		piece_lose(d, p);
	return !(p->fate & FATE_DROP);
}

bool defrag_take(struct defrag *d, struct packet *p, const struct defrag_piece *piece,
		 struct defrag_whole *ret_whole)
{
	bool is_v4 = p->family == 4;
	uint32_t end = p->fragment_offset + (uint32_t)piece->data.len;
	struct tracker *t;

	p->datagram = datagram_key(p, piece);
	trackers_expire(d, p->time_ns);
	if (end + piece->header_len > DATAGRAM_MAX + (is_v4 ? 0 : 40)) {
		packet_event(p,
			     is_v4 ? EVENT_IPV4_FRAG_PKT_TOO_LARGE : EVENT_IPV6_FRAG_PKT_TOO_LARGE);
		return false;
	}
	if (d->refused && refused_has(d->refused, d->tenant, p->datagram, p->time_ns)) {
		d->tally.refused++;
		packet_drop(p, DROP_DATAGRAM);
		return false;
	}
	t = tracker_of(d, p, piece->id, piece->proto);
	if (!t || !header_keep(d, t, p, piece)) {
		packet_event(p, is_v4 ? EVENT_IPV4_FRAG_IGNORED : EVENT_IPV6_FRAG_IGNORED);
		piece_lose(d, p);
		return false;
	}
	if (!piece_take(d, t, p, piece)) {
		tracker_forget(d, t);
		return false;
	}
	if (!p->more_fragments && (!t->total || end < t->total))
		t->total = end;
	if (!tracker_is_whole(t))
		return false;
	tracker_build(d, t, p, ret_whole);
	d->tally.rebuilt++;
	tracker_forget(d, t);
	return true;
}
