/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fragments in, whole datagrams out, as the system that receives them puts them together. Owned by one
 * worker; goes by the packets' clock.
 */
#ifndef AGENT_INSPECT_DEFRAG_H
#define AGENT_INSPECT_DEFRAG_H

#include "inspect/hostos.h"
#include "inspect/packet.h"

struct config;

struct defrag_piece {
	size_t header_len; /* in front of the fragment (IPv6: of its fragment header), from p->ip on */
	size_t next_at; /* IPv6: where the type of the fragment header is said */
	struct slice data;
	uint32_t id;
	uint8_t proto; /* IPv6: what the fragment header says comes next */
};

struct defrag_whole {
	struct slice frame; /* the last fragment's link header, then IP; until the next that is made whole */
	size_t link_len;
};

struct defrag_tally {
	uint64_t trackers, rebuilt, timed_out, evicted, memory_short;
	uint64_t refused; /* pieces, in the path */
};

struct defrag;

int defrag_new(const struct config *config, const struct hostos *hostos, struct defrag **ret_defrag);
void defrag_free(struct defrag *defrag);
/* True: with this piece it is whole. Events go to the packet. */
bool defrag_take(struct defrag *defrag, struct packet *packet, const struct defrag_piece *piece,
		 struct defrag_whole *ret_whole);
/*
 * It stands in the path from here on: pieces go on to their receiver before the last of them tells what they
 * are. So one falls whose datagram fell before, was not whole in time, or, where that body fails closed,
 * cannot be kept. Returns 0 or -ENOMEM.
 */
int defrag_stand(struct defrag *defrag, bool (*is_closed)(void *arg, uint16_t tenant), void *arg);
/* Whose the fragments are that follow; 0 at first. Each has a share of the memory. */
void defrag_tenant(struct defrag *defrag, uint16_t tenant);
/* In the path: the datagram of this fragment fell: so do pieces of it that come again. */
void defrag_refuse(struct defrag *defrag, const struct packet *packet);
struct defrag_tally defrag_tally(const struct defrag *defrag);

#endif
