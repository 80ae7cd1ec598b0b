/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Takes the keys of Encrypted ClientHello out of a DNS answer: the parameter `ech` of its HTTPS and
 * SVCB records (RFC 9460, key 5), so that browsers say openly whom they want. Called for answers on
 * their way to a body whose profile wants it. Promises a whole, checksummed frame.
 *
 * One parameter is cut out, and the message is as if it had never been there. Where that would
 * break something else (several of them, a name behind that points behind, a datagram in pieces) each
 * configuration in them is given a version that no client knows, which clients must pass over
 * (RFC 9849, 4): no byte moves. An answer that cannot be read to its end goes on as it is. All
 * three are counted in sek_name_tally. Signatures of DNSSEC do not survive the first two: who
 * validates loses the record.
 */
#ifndef BPF_REWRITE_STRIP_ECH_H
#define BPF_REWRITE_STRIP_ECH_H

#include "core/namemaps.h"
#include "rewrite/answer_dns.h"
#include "rewrite/sequence.h"

#define ECH_KEY 5
#define ECH_PARAMS 24 /* of a record */
#define ECH_CONFIGS 16 /* of a parameter */
#define ECH_BYTES 2048 /* of a message; a power of two */
#define ECH_BEHIND 1024 /* of its records behind the one that is cut */
#define ECH_CHUNK 512 /* of bpf_csum_diff() */

struct ech_param {
	__be16 key, len;
};

/* How far a walk over a message is; in memory, for the verifier's sake: see parse/ipv4.h. */
struct ech_room {
	__u32 at; /* offset in the frame */
	__u32 end; /* of the message */
	__u32 cnt; /* parameters found */
	__u32 cut, cut_len; /* the first of them */
	__u32 rest; /* where the record that holds it ends */
	__u32 len_at; /* of that record's length */
	__u32 blank; /* 1: blank them on the way */
	__u8 bytes[ECH_BYTES + 8]; /* words may begin at the last of them */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ech_room);
} sek_ech_room SEC(".maps");

/* Puts another word at off, anywhere in the frame, and the transport's sum right. */
static __always_inline bool ech_put(struct frame_ctx *ctx, const struct packet *p, __u32 off,
				    __be16 value)
{
	bool tcp = p->proto == IPPROTO_TCP;
	__be16 *check, old;
	__u16 diff;

	if (frame_load(ctx, off, &old, sizeof(old)) || frame_store(ctx, off, &value, sizeof(value)))
		return false;
	diff = csum_fold((__u16)~old + (__u32)value);
	if ((off - p->payload) & 1)
		diff = __builtin_bswap16(diff);
	off = p->l4 + (tcp ? offsetof(struct tcphdr, check) : offsetof(struct udphdr, check));
	check = frame_at(ctx, off, sizeof(*check));
	if (!check)
		return false;
	if (frame_sum_open(ctx) || (!tcp && !*check))
		return true;
	*check = ~csum_fold((*check ^ 0xffff) + (__u32)diff);
	if (!tcp && !*check)
		*check = 0xffff;
	return true;
}

/* Gives each configuration of the value [off, end) the version 0. -1: it is not understood. */
__noinline int ech_blank(struct frame_ctx *ctx, struct packet *p, __u32 off, __u32 end)
{
	if (!p)
		return -1;
	off += sizeof(__be16); /* bytes of all of them */
	for (__u32 i = 0; i < ECH_CONFIGS; i++) {
		__be16 len;

		if (off >= end)
			return 0;
		/* Its length may be in the next segment; it is the version that matters. */
		if (off + 2 * sizeof(len) > end || !ech_put(ctx, p, off, 0) ||
		    frame_load(ctx, off + sizeof(len), &len, sizeof(len)))
			return -1;
		off += 2 * sizeof(len) + bpf_ntohs(len);
	}
	return -1;
}

/* Looks through the parameters [off, end) of a record. -1: they are not understood. */
__noinline int ech_params(struct frame_ctx *ctx, struct packet *p, struct ech_room *room, __u32 off,
			  __u32 end)
{
	if (!p || !room)
		return -1;
	for (__u32 i = 0; i < ECH_PARAMS; i++) {
		const struct ech_param *param = frame_at(ctx, off, sizeof(*param));
		__u32 len;

		if (off >= end)
			return 0;
		if (!param)
			return -1;
		len = sizeof(*param) + bpf_ntohs(param->len);
		if (off + len > end)
			return -1;
		if (param->key == bpf_htons(ECH_KEY)) {
			if (!room->cnt++) {
				room->cut = off;
				room->cut_len = len;
				room->rest = end;
			}
			if (room->blank && ech_blank(ctx, p, off + sizeof(*param), off + len))
				return -1;
		}
		off += len;
	}
	return -1;
}

/* One record, on to the next. -1: it is not understood. */
__noinline int ech_record(struct frame_ctx *ctx, struct packet *p, struct ech_room *room)
{
	struct dns_data record;
	__u32 params, seen;

	if (!p || !room)
		return -1;
	record = dns_record_at(ctx, READ_ONCE(room->at), READ_ONCE(room->end));
	if (!record.data)
		return -1;
	WRITE_ONCE(room->at, record.end);
	if (record.type != bpf_htons(DNS_HTTPS) && record.type != bpf_htons(DNS_SVCB))
		return 0;
	params = dns_behind_name(ctx, record.data + sizeof(__be16), record.end); /* behind a priority */
	seen = room->cnt;
	if (!params || ech_params(ctx, p, room, params, record.end))
		return -1;
	if (!seen && room->cnt)
		room->len_at = record.data - sizeof(__be16);
	return 0;
}

/* The whole message. -1: it is not understood. */
__noinline int ech_walk(struct frame_ctx *ctx, struct packet *p, struct ech_room *room)
{
	const struct dns_head *head;
	__u32 cnt, at;

	if (!p || !room)
		return -1;
	head = frame_at(ctx, p->payload, sizeof(*head));
	if (!head || !(head->flags[0] & DNS_QR) || bpf_ntohs(head->cnt[0]) > 1)
		return -1;
	cnt = bpf_ntohs(head->cnt[1]) + bpf_ntohs(head->cnt[2]) + bpf_ntohs(head->cnt[3]);
	at = dns_records_at(ctx, head, p->payload, READ_ONCE(room->end));
	if (!at)
		return -1;
	WRITE_ONCE(room->at, at);
	room->cnt = 0;
	for (__u32 i = 0; i < DNS_RECORDS; i++) {
		if (i >= cnt)
			return 0;
		if (ech_record(ctx, p, room))
			return -1;
	}
	return -1;
}

/*
 * Whether names among the bytes [at, end) in the room may point at `from` of the message, of len
 * bytes, or behind it: any two bytes that look like such a pointer are taken for one.
 */
__noinline int ech_points(struct ech_room *room, __u32 at, __u32 end, __u32 from, __u32 len)
{
	if (!room)
		return 1;
	for (__u32 i = 0; i < ECH_BEHIND; i++) {
		const __u8 *byte = room->bytes + (at & (ECH_BYTES - 1));

		if (at + 1 >= end)
			return 0;
		if ((__u32)(byte[0] << 8 | byte[1]) - 0xc000 - from < len - from)
			return 1;
		at++;
	}
	return 1;
}

/*
 * A length of 1 to most, a power of two, as the verifier of 6.1 believes it: of a comparison with 0 it
 * learns nothing.
 */
static __always_inline __u32 ech_some(__u32 len, __u32 most)
{
	len--;
	barrier_var(len);
	len &= most - 1;
	return len + 1;
}

/* Bytes of the frame into the room, and back; none is no error. */
static __always_inline bool ech_load(struct frame_ctx *ctx, struct ech_room *room, __u32 off,
				     __u32 len)
{
	if (!len)
		return true;
	return !frame_load(ctx, off, room->bytes, ech_some(len, ECH_BYTES));
}

static __always_inline bool ech_store(struct frame_ctx *ctx, struct ech_room *room, __u32 off,
				      __u32 len)
{
	if (!len)
		return true;
	return !frame_store(ctx, off, room->bytes, ech_some(len, ECH_BYTES));
}

/* The sum of len bytes at off, an even one from where summing begins. */
__noinline __u64 ech_sum(struct frame_ctx *ctx, struct ech_room *room, __u32 off, __u32 len)
{
	__u64 sum = 0;

	if (!room)
		return 0;
	for (__u32 i = 0; i < ECH_BYTES / ECH_CHUNK && len; i++) {
		__u32 part = ech_some(len < ECH_CHUNK ? len : ECH_CHUNK, ECH_CHUNK);

		if (frame_load(ctx, off, room->bytes, part))
			return 0;
		__builtin_memset(room->bytes + part, 0, 3);
		sum += (__u32)bpf_csum_diff(NULL, 0, (void *)room->bytes, (part + 3) & ~3U, 0);
		off += part;
		len -= part;
	}
	return sum;
}

/* The frame is shorter by len bytes: so are its headers. */
static __always_inline bool ech_lengths(struct frame_ctx *ctx, struct packet *p, __u32 len)
{
	struct ipv6hdr *ip6;
	struct iphdr *ip4;
	__be16 old;

	p->ip_len -= len;
	p->payload_len -= len;
	if (p->family == 4) {
		ip4 = frame_at(ctx, p->l3, sizeof(*ip4));
		if (!ip4)
			return false;
		old = ip4->tot_len;
		ip4->tot_len = bpf_htons(p->ip_len);
		csum_replace(&ip4->check, old, ip4->tot_len);
		return true;
	}
	ip6 = frame_at(ctx, p->l3, sizeof(*ip6));
	if (!ip6)
		return false;
	ip6->payload_len = bpf_htons(p->ip_len - sizeof(*ip6));
	return true;
}

/* The UDP header of a message that was changed; its sum is made anew, or left as it was: not there. */
static __always_inline bool ech_udp(struct frame_ctx *ctx, struct packet *p, struct ech_room *room)
{
	__u32 len = sizeof(struct udphdr) + p->payload_len;
	__u64 sum = answer_pseudo(p, IPPROTO_UDP, len);
	struct udphdr *udp;
	bool open = frame_sum_open(ctx);

	if (!open)
		sum += ech_sum(ctx, room, p->payload, p->payload_len);
	udp = frame_at(ctx, p->l4, sizeof(*udp));
	if (!udp)
		return false;
	udp->len = bpf_htons(len);
	if (open) {
		udp->check = csum_fold(sum);
	} else if (udp->check) {
		udp->check = 0;
		udp->check = ~csum_fold(sum + csum_words((__be32 *)udp, sizeof(*udp) / 4));
		if (!udp->check)
			udp->check = 0xffff;
	}
	return true;
}

/* Whether the one parameter can be cut out; what is behind it is in the room then. */
static __always_inline bool ech_loose(struct frame_ctx *ctx, const struct packet *p,
				      struct ech_room *room)
{
	__u32 behind = room->cut + room->cut_len, len = room->end - behind;

	if (room->cnt != 1 || p->flags & PKT_FRAG_FIRST || frame_more(&p->shape) ||
	    p->payload_len >= ECH_BYTES || len >= ECH_BYTES || !ech_load(ctx, room, behind, len))
		return false;
	return !ech_points(room, room->rest - behind, len, room->cut - p->payload, p->payload_len);
}

/* false: the frame is no packet any more. */
static __always_inline bool ech_cut(struct frame_ctx *ctx, struct packet *p, struct ech_room *room)
{
	__u32 len = room->cut_len, was = frame_len(ctx);
	__be16 *record_len = frame_at(ctx, room->len_at, sizeof(*record_len));

	if (!record_len)
		return false;
	*record_len = bpf_htons(bpf_ntohs(*record_len) - len);
	if (!ech_store(ctx, room, room->cut, room->end - room->cut - len) ||
	    frame_cut(ctx, was, was - len))
		return false;
	p->frame_len = was - len;
	return ech_lengths(ctx, p, len) && ech_udp(ctx, p, room);
}

/* --- over TCP --- */

/*
 * Bytes of a stream know of no message, and none of them may move. But the parameter begins with eight
 * bytes that hardly anything else begins with: its key, two lengths of which one is two less, a version
 * of ECH, whose first byte is 0xfe. Where a segment ends within those its last bytes are kept for the one
 * behind it. Of several configurations the ones that begin in another segment are not seen.
 */
#define ECH_SIGN_BYTES 8
#define ECH_SIGN_MASK 0x00ff00000000ffffULL /* as a word that was read from memory */
#define ECH_SIGN 0x00fe000000000500ULL
#define ECH_TURNS 256 /* bytes that are looked at in one go */
#define ECH_PARTS 33 /* of ECH_BYTES, each with the last bytes of the one before */

/* Not 0: no parameter begins at the n-th byte of the room. One number, for the verifier's sake. */
static __always_inline __u64 ech_no_sign(const struct ech_room *room, __u32 n)
{
	__u64 word = *(const __u64 *)(room->bytes + (n & (ECH_BYTES - 1)));
	__u64 len = bpf_ntohs((__be16)(word >> 16)), list = bpf_ntohs((__be16)(word >> 32));
	__u64 no = ((word & ECH_SIGN_MASK) ^ ECH_SIGN) | (len ^ (list + sizeof(__be16)));

	barrier_var(no);
	return no;
}

/* Where in the first len bytes of the room a sign begins, from `from` on, or up to where there is none. */
__noinline __u32 ech_sign(struct ech_room *room, __u32 from, __u32 len)
{
	if (!room)
		return len;
	for (__u32 i = 0; i < ECH_TURNS; i++) {
		if (from + ECH_SIGN_BYTES > len || !ech_no_sign(room, from))
			break;
		from++;
	}
	return from;
}

/*
 * Blanks the first parameter of the len bytes at off, which are in the room, that begins at `at` or behind.
 * Where to look on; len when there is none left. A function of its own, so that 6.1 verifies it once.
 */
__noinline __u32 ech_next(struct frame_ctx *ctx, struct packet *p, __u32 off, __u32 at, __u32 len)
{
	struct ech_room *room;
	__u32 zero = 0, value;

	room = bpf_map_lookup_elem(&sek_ech_room, &zero);
	if (!p || !room)
		return len;
	at = ech_sign(room, at, len);
	if (at + ECH_SIGN_BYTES > len)
		return len;
	if (ech_no_sign(room, at))
		return at;
	value = bpf_ntohs(*(const __be16 *)(room->bytes + ((at + 2) & (ECH_BYTES - 1))));
	off += at + sizeof(struct ech_param);
	ech_blank(ctx, p, off, off + value);
	room->cnt++;
	return at + ECH_SIGN_BYTES;
}

/* Blanks what begins within the len bytes at off, ECH_BYTES at most; room.cnt counts. */
__noinline int ech_part(struct frame_ctx *ctx, struct packet *p, __u32 off, __u32 len)
{
	struct ech_room *room;
	__u32 zero = 0, at = 0;

	room = bpf_map_lookup_elem(&sek_ech_room, &zero);
	if (!p || !room || len > ECH_BYTES || !ech_load(ctx, room, off, len))
		return 0;
	for (__u32 i = 0; i < DNS_RECORDS + ECH_BYTES / ECH_TURNS; i++) {
		at = ech_next(ctx, p, off, at, len);
		if (at >= len)
			break;
	}
	return 0;
}

/* The last bytes of a segment that may be the first ones of a parameter, by flow and by what comes next. */
struct ech_tail_key {
	__u32 number, seq;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct ech_tail_key);
	__type(value, __u64); /* as a word that was read from memory */
} sek_ech_tail SEC(".maps");

/* Not 0: none of the last seven bytes of a word that was read from memory begins a parameter. */
static __always_inline __u64 ech_no_head(__u64 word)
{
	__u64 no = (word >> 56) & 0xff;

#pragma unroll
	for (int i = 1; i < 7; i++)
		no *= (word >> 8 * i & 0xffff) ^ 0x0500;
	return no;
}

/* Keeps the last bytes of the segment: the room has its first ones, behind the last of the one before. */
__noinline int ech_tail_keep(struct frame_ctx *ctx, struct packet *p, struct ech_room *room)
{
	struct ech_tail_key key;
	__u64 tail;

	if (!p || !room)
		return 0;
	key = (struct ech_tail_key){ p->number, p->seq + p->payload_len };
	if (p->payload_len < ECH_SIGN_BYTES)
		tail = *(const __u64 *)(room->bytes + (p->payload_len & (ECH_SIGN_BYTES - 1)));
	else if (frame_load(ctx, p->payload + p->payload_len - ECH_SIGN_BYTES, &tail, sizeof(tail)))
		return 0;
	if (!ech_no_head(tail))
		bpf_map_update_elem(&sek_ech_tail, &key, &tail, BPF_ANY);
	return 0;
}

/*
 * Blanks the parameter whose sign begins n bytes in the word in front of the segment: the bytes of its
 * version that are still to come. One that has its first byte already becomes another one all the same.
 */
static __always_inline void ech_over(struct frame_ctx *ctx, struct packet *p, struct ech_room *room,
				     __u32 n)
{
	__u32 value = n + sizeof(struct ech_param), len;
	__u32 off = p->payload + value - ECH_SIGN_BYTES;
	__be16 low;

	len = bpf_ntohs(*(const __be16 *)(room->bytes + n + 2));
	if (n > 1)
		ech_blank(ctx, p, off, off + len);
	else if (!frame_load(ctx, p->payload - 1, &low, sizeof(low))) /* there may be no byte behind */
		ech_put(ctx, p, p->payload - 1, low & bpf_htons(0xff00));
	room->cnt++;
}

/* A sign that began in the segment before, and ends in this one. */
__noinline int ech_border(struct frame_ctx *ctx, struct packet *p, struct ech_room *room)
{
	__u32 len, n, last;
	struct ech_tail_key key;
	const __u64 *tail;

	if (!p || !room || !p->payload_len)
		return 0;
	key = (struct ech_tail_key){ p->number, p->seq };
	tail = bpf_map_lookup_elem(&sek_ech_tail, &key);
	*(__u64 *)room->bytes = tail ? *tail : ~0ULL;
	len = p->payload_len < ECH_SIGN_BYTES ? p->payload_len : ECH_SIGN_BYTES;
	last = ech_some(len, ECH_SIGN_BYTES);
	if (frame_load(ctx, p->payload, room->bytes + ECH_SIGN_BYTES, last) || !tail)
		return 0;
	for (n = 1; n < ECH_SIGN_BYTES; n++)
		if (n <= len && !ech_no_sign(room, n)) {
			ech_over(ctx, p, room, n);
			break;
		}
	return 0;
}

static __always_inline enum sek_verdict ech_stream(struct frame_ctx *ctx, struct packet *p,
						   struct ech_room *room)
{
	__u32 off = p->payload, left = p->payload_len;

	room->cnt = 0;
	ech_border(ctx, p, room);
	ech_tail_keep(ctx, p, room);
	for (__u32 i = 0; i < ECH_PARTS; i++) {
		if (left < ECH_SIGN_BYTES)
			break;
		ech_part(ctx, p, off, left < ECH_BYTES ? left : ECH_BYTES);
		if (left <= ECH_BYTES)
			break;
		off += ECH_BYTES - ECH_SIGN_BYTES + 1;
		left -= ECH_BYTES - ECH_SIGN_BYTES + 1;
	}
	if (room->cnt)
		name_tally(SEK_NAME_ECH_BLANK);
	return SEK_NEXT;
}

/* SEK_NEXT: the packet goes on, without ECH or as it was; SEK_BUG: it is spoilt. */
__noinline enum sek_verdict strip_ech(struct frame_ctx *ctx, struct packet *p)
{
	struct ech_room *room;
	__u32 zero = 0;

	room = bpf_map_lookup_elem(&sek_ech_room, &zero);
	if (!p || !room)
		return SEK_BUG;
	if (p->proto == IPPROTO_TCP)
		return ech_stream(ctx, p, room);
	frame_reach(ctx, p->payload + p->payload_len);
	room->end = p->payload + p->payload_len;
	room->blank = 0;
	if (ech_walk(ctx, p, room)) {
		name_tally(SEK_NAME_ECH_LEFT);
		return SEK_NEXT;
	}
	if (!room->cnt)
		return SEK_NEXT;
	if (ech_loose(ctx, p, room)) {
		name_tally(SEK_NAME_ECH_CUT);
		return ech_cut(ctx, p, room) ? SEK_NEXT : packet_end(p, SEK_R_bug_rewrite, SEK_BUG);
	}
	room->blank = 1;
	name_tally(ech_walk(ctx, p, room) ? SEK_NAME_ECH_LEFT : SEK_NAME_ECH_BLANK);
	return SEK_NEXT;
}

#endif
