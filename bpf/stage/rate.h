/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Owns sek_bucket: the tenant's rate in each direction, in bits and in packets, as GCRA (ITU-T
 * I.371): one time in the future, shared by all CPUs, that packets push on by their cost. While there
 * is plenty, a CPU pushes it on by a little more than a packet needs and lives on that (sek_slice), so
 * that two CPUs seldom want the same word. What was taken is used or waits to be: over the long run no
 * more passes than is configured. Called for every packet that would pass.
 */
#ifndef BPF_STAGE_RATE_H
#define BPF_STAGE_RATE_H

#include "core/config.h"
#include "core/maps.h"
#include "core/packet.h"

#define RATE_TRIES 4
#define RATE_SLICE 10 /* a CPU takes 2^-10 of the burst at once: 0.3 ms of the usual one */
/* A burst shorter than so many ticks of the slowest kernel (10 ms) needs the exact clock. */
#define RATE_COARSE_NS (64 * 1000 * 1000ULL)
#define RATE_ECN_CE 0x03

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SEK_TENANTS_MAX * 2);
	__type(key, __u32);
	__type(value, struct sek_slice);
} sek_slice SEC(".maps");

enum rate_answer {
	RATE_FITS = 0,
	RATE_MARK = 1, /* would be refused, were it not ECN-capable */
	RATE_OVER = 2,
};

/*
 * Refuses early, by chance that grows from nothing at half of the burst to all at its end, as RED
 * does (Floyd and Jacobson, 1993). A burst that is refused from one packet to the next throws TCP
 * into its retransmission timer, and much of the rate is lost while it waits.
 */
static __always_inline bool rate_early(__u64 ahead_ns, __u64 burst_ns)
{
	__u64 half = burst_ns / 2, share;

	if (ahead_ns <= half)
		return false;
	if (ahead_ns > burst_ns)
		return true;
	share = ((ahead_ns - half) << 16) / (half + 1);
	return (bpf_get_prandom_u32() & 0xffff) < (share * share >> 16);
}

/*
 * Pays cost_ns out of what this CPU has taken, or takes more: as long as less than half of the burst is
 * used up, so that nothing is refused yet. False: not so easily; nothing was paid.
 */
static __always_inline bool rate_pay(__u64 *slice, __u64 *tat, __u64 now, __u64 cost_ns,
				     __u64 burst_ns)
{
	__u64 seen = READ_ONCE(*tat), from = seen > now ? seen : now, more = burst_ns >> RATE_SLICE;

	if (from - now > burst_ns / 2)
		return false;
	if (*slice >= cost_ns) {
		*slice -= cost_ns;
		return true;
	}
	if (__sync_val_compare_and_swap(tat, seen, from + cost_ns + more) != seen)
		return false;
	*slice += more;
	return true;
}

/*
 * Takes cost_ns when the time of arrival is not too far ahead; else takes nothing. An ECN-capable
 * packet may go a second burst ahead before it is refused.
 */
static __noinline enum rate_answer rate_take(__u64 *tat, __u64 now, __u64 cost_ns, __u64 burst_ns,
					     bool ecn)
{
	enum rate_answer answer = RATE_FITS;
	__u64 seen = READ_ONCE(*tat), from, was;
	int try;

	for (try = 0; try < RATE_TRIES; try++) {
		from = seen > now ? seen : now;
		answer = rate_early(from - now, burst_ns) ? RATE_MARK : RATE_FITS;
		if (answer == RATE_MARK && (!ecn || from - now > burst_ns * 2))
			return RATE_OVER;
		was = __sync_val_compare_and_swap(tat, seen, from + cost_ns);
		if (was == seen)
			return answer;
		seen = was;
	}
	/* Others were quicker each time, so the time is theirs and not in the past: add to it. */
	__sync_fetch_and_add(tat, cost_ns);
	return answer;
}

/*
 * What a packet costs in bytes: what it carries, so that a limit is what a download measures, but at
 * least half of its IP packet, so that small ones are not free.
 */
static __always_inline __u64 rate_bytes(const struct packet *p)
{
	__u32 carries = p->flags & PKT_FRAG_LATER ? p->frag_len : p->payload_len;
	__u32 half = packet_ip_bytes(p) / 2;

	return carries > half ? carries : half;
}

/* Sets CE in the IPv4 TOS; the header sum by RFC 1624, eqn. 3. */
static __always_inline int rate_mark_v4(struct frame_ctx *ctx, __u32 l3)
{
	__u8 word[2];
	__be16 sum;
	__u32 new_sum;

	if (frame_load(ctx, l3, word, sizeof(word)) || frame_load(ctx, l3 + 10, &sum, sizeof(sum)))
		return -EFAULT;
	new_sum = (__u16)~bpf_ntohs(sum);
	new_sum += (__u16) ~(word[0] << 8 | word[1]);
	word[1] |= RATE_ECN_CE;
	new_sum += word[0] << 8 | word[1];
	new_sum = (new_sum & 0xffff) + (new_sum >> 16);
	new_sum = (new_sum & 0xffff) + (new_sum >> 16);
	sum = bpf_htons(~new_sum);
	if (frame_store(ctx, l3, word, sizeof(word)) || frame_store(ctx, l3 + 10, &sum, sizeof(sum)))
		return -EFAULT;
	return 0;
}

/* Sets CE in the IPv6 traffic class: bits 10 and 11 of the header. */
static __always_inline int rate_mark_v6(struct frame_ctx *ctx, __u32 l3)
{
	__u8 byte;

	if (frame_load(ctx, l3 + 1, &byte, sizeof(byte)))
		return -EFAULT;
	byte |= RATE_ECN_CE << 4;
	return frame_store(ctx, l3 + 1, &byte, sizeof(byte)) ? -EFAULT : 0;
}

/* Marks congestion experienced (RFC 3168, 5); 0 or -EFAULT. */
__noinline int rate_mark(struct frame_ctx *ctx, __u32 l3, __u32 family)
{
	return family == 4 ? rate_mark_v4(ctx, l3) : rate_mark_v6(ctx, l3);
}

static __always_inline __u64 rate_now(const struct packet *p, __u64 burst_ns)
{
	return burst_ns < RATE_COARSE_NS ? clock_exact() : p->now_ns;
}

static __always_inline enum sek_verdict rate_bits(struct frame_ctx *ctx, struct packet *p,
						  struct sek_bucket *bucket, __u64 *slice,
						  const struct sek_rate *rate)
{
	__u64 cost = rate_bytes(p) * rate->ns_per_byte_q20 >> 20, burst = rate->burst_ns;
	__u64 now = rate_now(p, burst);

	if (rate_pay(slice, &bucket->bits_tat_ns, now, cost, burst))
		return SEK_NEXT;
	switch (rate_take(&bucket->bits_tat_ns, now, cost, burst, p->flags & PKT_ECN)) {
	case RATE_FITS:
		return SEK_NEXT;
	case RATE_MARK:
		if (rate_mark(ctx, p->l3, p->family))
			return packet_end(p, SEK_R_bug_rewrite, SEK_BUG);
		p->reason = SEK_R_ecn_marked;
		return SEK_NEXT;
	default:
		return packet_end(p, SEK_R_rate_bits, SEK_DROP);
	}
}

static __always_inline bool rate_packets(const struct packet *p, struct sek_bucket *bucket,
					 __u64 *slice, const struct sek_rate *rate)
{
	__u64 cost = packet_frames(p) * rate->ns_per_packet_q20 >> 20;
	__u64 burst = rate->packet_burst_ns, now = rate_now(p, burst);

	return rate_pay(slice, &bucket->packets_tat_ns, now, cost, burst) ||
	       rate_take(&bucket->packets_tat_ns, now, cost, burst, false) == RATE_FITS;
}

static __always_inline enum sek_verdict stage_rate(struct frame_ctx *ctx, struct packet *p)
{
	__u32 index = (p->tenant & (SEK_TENANTS_MAX - 1)) * 2 + (p->dir & 1);
	const struct sek_tenant *tenant = tenant_of(p);
	const struct sek_rate *rate;
	struct sek_bucket *bucket;
	struct sek_slice *slice;

	if (!tenant)
		return packet_end(p, SEK_R_bug_map, SEK_BUG);
	rate = &tenant->rate[p->dir & 1];
	if (!rate->bits_per_s && !rate->packets_per_s)
		return SEK_NEXT;
	bucket = bpf_map_lookup_elem(&sek_bucket, &index);
	slice = bpf_map_lookup_elem(&sek_slice, &index);
	if (!bucket || !slice)
		return packet_end(p, SEK_R_bug_map, SEK_BUG);
	if (rate->packets_per_s && !rate_packets(p, bucket, &slice->packets_ns, rate))
		return packet_end(p, SEK_R_rate_packets, SEK_DROP);
	return rate->bits_per_s ? rate_bits(ctx, p, bucket, &slice->bits_ns, rate) : SEK_NEXT;
}

#endif
