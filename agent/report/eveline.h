/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What EVE lines are put together of. Pure; whatever is given, the line stays one of valid JSON.
 */
#ifndef AGENT_REPORT_EVELINE_H
#define AGENT_REPORT_EVELINE_H

#include <stddef.h>
#include <stdint.h>

#include "report/eve.h"

/* out has EVE_LINE_MAX bytes. */
struct line {
	char *out;
	size_t used;
};

void line_put(struct line *line, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* ,"name":"value"; NULL is written as "". */
void line_string(struct line *line, const char *name, const char *value);
/* head, then the time as a string. */
void line_time(struct line *line, const char *head, int64_t real_ns);
/* ,"name":"192.0.2.1" */
void line_address(struct line *line, const char *name, const struct sek_addr *addr);
/* Addresses, ports and protocol of an event, as Suricata names them. */
void line_tuple(struct line *line, const struct sek_event *event);

#endif
