/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Names of questions that cannot be read in place, and those that answers lead to, as text in a room of
 * each CPU, and their look-up there: what parse/name_dns.h and stage/name_look.h do of ordinary ones. Called
 * by stage/name_long.h and stage/name_leads.h. All that a loop carries on is in the room, so that the
 * verifier looks at one turn of it.
 */
#ifndef BPF_STAGE_NAME_SPELT_H
#define BPF_STAGE_NAME_SPELT_H

#include "parse/dns_record.h"
#include "stage/name_verdict.h"

#define DNS_LABEL_MAX 63
#define SPELT_AT 16 /* where a name begins in the room: words are read that begin before it */
#define SPELT_ROOM 512 /* a power of two */
#define SPELT_POINTERS 32 /* of one name that are followed */
#define SPELT_ODD 0xff /* a byte that no list has in a name */
#define SPELT_TURNS (DNS_NAME_MAX / 2 + SEK_NAME_HOST_WORDS) /* labels of one byte, and words */

struct spelt_room {
	__u8 bytes[SPELT_ROOM + 16]; /* a dot in front of each label */
	struct sek_name_sum sum, next; /* in front of the word, and behind it */
	__u64 word;
	__u64 marks; /* of suffixes that are yet to be looked at */
	__u64 last; /* not 0: this is the word that the name begins in */
	__u32 t; /* bytes of words so far */
	__u32 len; /* of the name */
	__u32 left; /* of the label that is being spelt out */
	__u32 at; /* where a name that may have pointers goes on */
	__u32 record; /* where the next record begins */
	__u32 base, end; /* of the message that both are in */
	struct name_look look;
	struct name_verdict verdict;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct spelt_room);
} sek_spelt_room SEC(".maps");

static __always_inline struct spelt_room *spelt_room(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&sek_spelt_room, &zero);
}

/* A byte of a label, small; a dot inside of one is not one between two. */
static __always_inline __u8 spelt_byte(__u8 byte)
{
	__u8 small = byte | 0x20;

	if ((small >= 'a' && small <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' ||
	    byte == '_')
		return small;
	return SPELT_ODD;
}

/* The byte behind those that were taken. 1: the name ends there; -1: it is none. */
__noinline int spelt_take(struct frame_ctx *ctx, struct spelt_room *room, __u32 off)
{
	const __u8 *at = frame_at(ctx, off, 1);
	__u32 left, n;
	__u8 byte;

	if (!room || !at)
		return -1;
	byte = *at;
	left = room->left;
	n = room->len;
	if (!left && !byte)
		return 1;
	if (!left && byte > DNS_LABEL_MAX)
		return -1;
	room->left = left ? left - 1 : byte;
	room->bytes[(SPELT_AT + n) & (SPELT_ROOM - 1)] = left ? spelt_byte(byte) : '.';
	room->len = n + 1;
	return 0;
}

/*
 * Any name that a question may have, into the room: NAME_FOUND says where it is in the frame, as
 * name_dns_find() does. A name in pieces, with a pointer (nothing is in front of it that it could point
 * at), or too long is nobody's to answer.
 */
__noinline __u64 spelt_find(struct frame_ctx *ctx, __u32 payload, __u32 len)
{
	const struct dns_head *dns = frame_at(ctx, payload, sizeof(*dns));
	__u32 off = payload + sizeof(*dns), end = payload + len, n;
	struct spelt_room *room = spelt_room();
	int said = 0;

	if (!dns || !room || len < sizeof(*dns))
		return NAME_BAD;
	if (name_dns_head(dns) != NAME_FOUND)
		return name_dns_head(dns);
	room->left = 0;
	room->len = 0;
	for (__u32 i = 0; i < DNS_NAME_MAX && !said; i++)
		said = off + i < end ? spelt_take(ctx, room, off + i) : -1;
	n = room->len;
	if (said <= 0 || off + n + 1 + DNS_FIXED > end)
		return NAME_BAD;
	return n ? name_found(off + 1, n - 1, 0) : NAME_NONE;
}

/* As spelt_take(), of the byte at room->at; or goes where a pointer there leads. */
__noinline int spelt_follow(struct frame_ctx *ctx, struct spelt_room *room)
{
	const __u8 *at, *low;
	__u32 off;

	if (!room)
		return -1;
	off = READ_ONCE(room->at);
	at = frame_at(ctx, off, 1);
	if (!at || off >= READ_ONCE(room->end))
		return -1;
	if (!room->left && *at >= DNS_POINTER) {
		low = frame_at(ctx, off + 1, 1);
		if (!low)
			return -1;
		WRITE_ONCE(room->at, room->base + ((*at & ~DNS_POINTER) << 8 | *low));
		return 0;
	}
	WRITE_ONCE(room->at, off + 1);
	return spelt_take(ctx, room, off);
}

/*
 * The name at off, with pointers, into the room: bytes of its text, -1: it is none. However pointers turn in
 * a circle, it ends.
 */
__noinline int spelt_record_name(struct frame_ctx *ctx, struct spelt_room *room, __u32 off)
{
	int said = 0;

	if (!room)
		return -1;
	room->left = 0;
	room->len = 0;
	WRITE_ONCE(room->at, off);
	for (__u32 i = 0; i < DNS_NAME_MAX + SPELT_POINTERS && !said; i++)
		said = spelt_follow(ctx, room);
	return said > 0 && room->len <= DNS_NAME_MAX ? (int)room->len - 1 : -1;
}

/* Takes the next word to the left. */
static __always_inline void spelt_word(struct spelt_room *room, const struct sek_name_keys *keys)
{
	__u32 t = room->t, spare = word_spare(room->len - t, &room->last);
	const void *at = room->bytes + ((SPELT_AT + 1 + room->len - t - 9) & (SPELT_ROOM - 1));
	__u64 mask = ~0ULL << 8 * spare;

	room->word = (word_read(at + 1) | WORD_SMALL) & mask;
	room->marks = word_marks(word_read(at), '.') & mask;
	room->sum = room->next;
	name_sum_add(&room->next, &keys->host[t / 8 & (SEK_NAME_HOST_WORDS - 1)], room->word);
	room->t = t + 8;
}

/* Looks at the next suffix of the word. */
static __always_inline void spelt_suffix(struct spelt_room *room, const struct sek_name_keys *keys)
{
	const struct sek_name_bloom *bloom = name_bloom(room->look.head);
	__u64 low = room->marks & -room->marks, print;

	room->marks &= room->marks - 1;
	print = name_sum_end(room->sum, &keys->host[(room->t - 8) / 8 & (SEK_NAME_HOST_WORDS - 1)],
			     room->word & -(low >> 7));
	if (bloom && name_may(bloom, room->look.bloom_mask, print))
		name_meet(&room->look, print, room->t - word_first(low));
}

/* One turn: a word, or a suffix. 1: there is none left. */
__noinline int spelt_turn(struct spelt_room *room)
{
	const struct sek_name_keys *keys;

	if (!room)
		return 1;
	keys = name_keys(room->look.head);
	if (!keys)
		return 1;
	if (room->marks) {
		spelt_suffix(room, keys);
		return 0;
	}
	if (room->last)
		return 1;
	spelt_word(room, keys);
	return 0;
}

/* Of the whole, when all of its words were taken. */
static __always_inline __u64 spelt_print(const struct spelt_room *room,
					 const struct sek_name_keys *keys)
{
	return name_sum_end(room->sum, &keys->host[(room->t - 8) / 8 & (SEK_NAME_HOST_WORDS - 1)],
			    room->word);
}

/* What lists say of the name that spelt_find() has put into the room. */
__noinline int spelt_look(struct spelt_room *room, __u32 len)
{
	const struct sek_name_keys *keys = room ? name_keys(room->look.head) : NULL;

	if (!room || !keys)
		return 0;
	room->len = len;
	room->look.whole = len;
	room->t = 0;
	room->last = 0;
	room->marks = 0;
	room->next = (struct sek_name_sum){};
	for (__u32 i = 0; i < SPELT_TURNS; i++)
		if (spelt_turn(room))
			break;
	name_look_alone(&room->look, spelt_print(room, keys));
	return 0;
}

#endif
