/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Owns sek_page_seat: who talks to the block page from behind a bridge. A client has one of a few places
 * among its body's seats, and keeps it while it is used. Called by stage/page.h, which gives seats away, and
 * rewrite/page_back.h.
 */
#ifndef BPF_CORE_PAGESEAT_H
#define BPF_CORE_PAGESEAT_H

#include "core/config.h"
#include "core/packet.h"
#include "sekisho/page.h"

#define SEATS_ALL (SEK_TENANTS_MAX * SEK_PAGE_SEATS)
#define SEAT_NONE SEATS_ALL

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SEATS_ALL);
	__type(key, __u32);
	__type(value, struct sek_page_seat);
} sek_page_seat SEC(".maps");

static __always_inline struct sek_page_seat *seat_at(__u32 number)
{
	return bpf_map_lookup_elem(&sek_page_seat, &number);
}

static __always_inline bool seat_is_of(const struct sek_page_seat *seat, const struct packet *p)
{
	return seat->client.q[0] == p->src.q[0] && seat->client.q[1] == p->src.q[1] &&
	       seat->port == p->port && seat->vlan == p->vlan && seat->outer == p->outer &&
	       seat->used_ns;
}

/* The first of a client's places. The seed is secret: nobody can aim at another's. */
static __always_inline __u32 seat_first(const struct packet *p)
{
	__u64 place = (__u64)p->port << 32 | (__u32)p->vlan << 16 | p->outer;
	__u64 mixed = (p->src.q[0] ^ cfg.hash_seed) * 0x9e3779b97f4a7c15ULL;

	mixed = ((mixed ^ mixed >> 32) + p->src.q[1]) * 0xc2b2ae3d27d4eb4fULL;
	mixed = ((mixed ^ mixed >> 32) + place) * 0x9e3779b97f4a7c15ULL;
	return mixed >> 40;
}

/* The client's seat, or one that may be given to it; SEAT_NONE: all its places are others'. */
static __always_inline __u32 seat_find(const struct packet *p, __u32 tenant)
{
	__u32 first = seat_first(p), oldest = SEAT_NONE;
	__u64 before = p->now_ns - SEK_PAGE_IDLE_NS;

	for (__u32 i = 0; i < SEK_PAGE_WAYS; i++) {
		__u32 number = (tenant & (SEK_TENANTS_MAX - 1)) * SEK_PAGE_SEATS +
			       ((first + i) & (SEK_PAGE_SEATS - 1));
		const struct sek_page_seat *seat = seat_at(number);

		if (!seat)
			break;
		if (seat_is_of(seat, p))
			return number;
		if (!seat->used_ns || seat->used_ns < before) {
			before = seat->used_ns;
			oldest = number;
		}
	}
	return oldest;
}

/* Gives it, with the link addresses of the frame that came; false: another was faster. */
static __always_inline bool seat_take(struct sek_page_seat *seat, const struct packet *p,
				      const struct ethhdr *link)
{
	if (!seat_is_of(seat, p)) {
		__u64 seen = seat->used_ns;

		if (__sync_val_compare_and_swap(&seat->used_ns, seen, p->now_ns) != seen)
			return false;
		seat->client = p->src;
		seat->port = p->port;
		seat->vlan = p->vlan;
		seat->outer = p->outer;
	}
	seat->used_ns = p->now_ns;
	/* Each time, since routers change places. */
	__builtin_memcpy(seat->client_mac, link->h_source, ETH_ALEN);
	__builtin_memcpy(seat->router_mac, link->h_dest, ETH_ALEN);
	return true;
}

static __always_inline void seat_address(__u32 number, __u8 family, struct sek_addr *ret_addr)
{
	const __be32 v6[4] = { bpf_htonl(SEK_PAGE_SEAT6_0), bpf_htonl(SEK_PAGE_SEAT6_1), 0,
			       bpf_htonl(number) };

	if (family == 4)
		addr_set_v4(ret_addr, bpf_htonl(SEK_PAGE_SEAT4 + number));
	else
		addr_set_v6(ret_addr, v6);
}

/* The seat that has this address, or SEAT_NONE. */
static __always_inline __u32 seat_number(const struct sek_addr *addr, __u8 family)
{
	__u32 number = bpf_ntohl(addr->w[3]);

	if (family == 4)
		number -= SEK_PAGE_SEAT4;
	else if (addr->w[0] != bpf_htonl(SEK_PAGE_SEAT6_0) ||
		 addr->w[1] != bpf_htonl(SEK_PAGE_SEAT6_1) || addr->w[2])
		return SEAT_NONE;
	return number < SEATS_ALL ? number : SEAT_NONE;
}

#endif
