/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both ends of the gateway as one process sees them: the sinks, and for each thread a sender at each
 * end. Never more than a batch is on its way in one direction, so no ring can overrun, however slow
 * the machine is; what is lost nevertheless was lost by the gateway.
 */
#ifndef TESTS_SOAK_WIRE_H
#define TESTS_SOAK_WIRE_H

#include "bpf/packet.h"
#include "soak/ledger.h"

struct ends; /* interfaces and sinks */
struct wire; /* one thread's senders */

/* An end is "/run/netns/NAME:INTERFACE". 0 or -errno, told on stderr. */
int ends_open(const char *const spec[2], struct ends **ret_ends);
void ends_close(struct ends *ends);
/* The slots that the sinks mark. */
struct soak_slot *ends_slots(struct ends *ends);
struct soak_sum ends_sum(const struct ends *ends, enum soak_side side);

int wire_open(const struct ends *ends, struct ledger *ledger, struct wire **ret_wire);
void wire_close(struct wire *wire);

/* Has the batch of this side room for another packet, and for the beacon that ends it? */
bool wire_room(const struct wire *wire, enum soak_side from);
/* Puts a packet into the batch of entry->from; returns its number. */
uint32_t wire_add(struct wire *wire, const struct entry *entry, struct pkt *pkt);
/* Sends both batches, the bodies' first. 0 or -errno. */
int wire_send(struct wire *wire);
/* Times that a full ring refused a packet, which was then sent again. */
uint64_t wire_refused(const struct wire *wire);

#endif
