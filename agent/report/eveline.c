/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pieces of lines. Every string of others passes json_foreign() with a bound, so a hostile name can neither
 * break a line nor fill it. Called by report/eve.c and report/evename.c.
 */
#include "report/eveline.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "text/service.h"

#define STRING_MAX 600 /* bytes of one escaped string; eight of them fit a line */

void line_begin(struct json *json, char *out, int64_t real_ns)
{
	json_begin_in(json, out, EVE_LINE_MAX);
	json_time(json, "timestamp", (uint64_t)real_ns);
}

size_t line_end(struct json *json)
{
	json_end(json);
	json_newline(json);
	return json->short_of_memory ? 0 : json->len;
}

void line_string(struct json *json, const char *name, const char *value)
{
	json_foreign(json, name, value, STRING_MAX);
}

void line_address(struct json *json, const char *name, const struct sek_addr *addr)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	char text[INET6_ADDRSTRLEN] = "";

	if (!memcmp(addr->b, mapped, sizeof(mapped)))
		inet_ntop(AF_INET, addr->b + 12, text, sizeof(text));
	else
		inet_ntop(AF_INET6, addr->b, text, sizeof(text));
	json_text(json, name, text);
}

static void line_proto(struct json *json, uint8_t proto)
{
	const char *name = proto_record_name(proto);
	char number[4];

	snprintf(number, sizeof(number), "%03u", proto);
	json_text(json, "proto", name ? name : number);
}

void line_tuple(struct json *json, const struct sek_event *e)
{
	bool ports = e->proto == 6 || e->proto == 17 || e->proto == 132;

	line_address(json, "src_ip", &e->src);
	if (ports)
		json_number(json, "src_port", ntohs(e->sport));
	line_address(json, "dest_ip", &e->dst);
	if (ports)
		json_number(json, "dest_port", ntohs(e->dport));
	line_proto(json, e->proto);
	if (e->proto == 1 || e->proto == 58) {
		json_number(json, "icmp_type", e->icmp_type);
		json_number(json, "icmp_code", e->icmp_code);
	}
}
