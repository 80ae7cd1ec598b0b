/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Datagrams in pieces that were refused, each for a time, so that a piece that comes again does not complete
 * what its receiver has of them. Each body has a table of its own, and fails safe: where a set of it is full,
 * whatever falls into the set counts as refused. Of one thread.
 */
#ifndef AGENT_INSPECT_REFUSED_H
#define AGENT_INSPECT_REFUSED_H

#include <stdbool.h>
#include <stdint.h>

struct refused;

/* NULL: no memory. for_ns: how long each is remembered. */
struct refused *refused_new(uint64_t for_ns);
void refused_free(struct refused *refused);

/* key: of the datagram, any number that others do not have. Without memory for a body's table it is lost. */
void refused_add(struct refused *refused, uint16_t tenant, uint64_t key, uint64_t now_ns);
bool refused_has(const struct refused *refused, uint16_t tenant, uint64_t key, uint64_t now_ns);

#endif
