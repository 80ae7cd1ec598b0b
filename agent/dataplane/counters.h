/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's per-CPU counters, summed. Reads only.
 */
#ifndef AGENT_DATAPLANE_COUNTERS_H
#define AGENT_DATAPLANE_COUNTERS_H

#include "install/install.h"
#include "sekisho/event.h"

/* Sums one cell of sek_count, sek_port_count or sek_list_count. Returns 0 or -errno. */
int counter_read(const struct gate *gate, const char *map, uint32_t index, struct sek_count *ret_sum);

/* The same for a cause of events. */
int event_stat_read(const struct gate *gate, enum sek_cause cause, struct sek_event_stat *ret_sum);

/* The account of captured frames since the maps were made. */
int capture_stat_read(const struct gate *gate, struct sek_event_stat *ret_sum);

/* Index of sek_count and sek_port_count; see sekisho/event.h. */
uint32_t count_index(uint16_t tenant, enum sek_dir dir, uint8_t reason);
uint32_t port_count_index(uint16_t port, uint8_t reason);

#endif
