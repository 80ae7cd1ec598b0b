/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the gateway's own lines have in common, on top of report/json. Pure; whatever is given, the line stays
 * one of valid JSON.
 */
#ifndef AGENT_REPORT_EVELINE_H
#define AGENT_REPORT_EVELINE_H

#include "report/eve.h"
#include "report/json.h"

/* Begins a line in out, which has EVE_LINE_MAX bytes, with its time. */
void line_begin(struct json *json, char *out, int64_t real_ns);
/* Closes what is open, and the line. Returns its bytes; 0: it is too long. */
size_t line_end(struct json *json);
/* Words of anybody, bounded so that eight of them fit a line; NULL is "". */
void line_string(struct json *json, const char *name, const char *value);
/* "192.0.2.1", "2001:db8::1" */
void line_address(struct json *json, const char *name, const struct sek_addr *addr);
/* Addresses, ports and protocol of an event, as Suricata names them. */
void line_tuple(struct json *json, const struct sek_event *event);

#endif
