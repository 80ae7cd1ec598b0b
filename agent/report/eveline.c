/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pieces of lines. Every string passes escape_json() with a bound, so a hostile name can neither break a
 * line nor fill it. Called by report/eve.c and report/evename.c.
 */
#include "report/eveline.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "text/escape.h"
#include "text/service.h"

#define STRING_MAX 600 /* bytes of one escaped string; eight of them fit a line */

void line_put(struct line *l, const char *fmt, ...)
{
	size_t room = EVE_LINE_MAX - l->used;
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(l->out + l->used, room, fmt, args);
	va_end(args);
	if (n > 0)
		l->used += (size_t)n < room ? (size_t)n : room - 1;
}

/*
 * Text as the inside of a JSON string (RFC 8259); bytes that are no UTF-8 become U+FFFD, what does
 * not fit is cut at a whole character. Returns the bytes written.
 */
static size_t escape_json(const char *text, char *out, size_t cap)
{
	size_t used = 0, len = strlen(text);

	for (size_t i = 0; i < len;) {
		char piece[16];
		uint32_t point = 0;
		size_t n = utf8_decode(text + i, len - i, &point), piece_len;

		if (!n) {
			/* NOLINTNEXTLINE(bugprone-not-null-terminated-result): bytes with a length */
			memcpy(piece, "\xef\xbf\xbd", 3);
			piece_len = 3;
		} else if (point == '"' || point == '\\') {
			piece[0] = '\\';
			piece[1] = (char)point;
			piece_len = 2;
		} else if (utf8_is_control(point)) {
			piece_len = (size_t)snprintf(piece, sizeof(piece), "\\u%04x", point);
		} else {
			memcpy(piece, text + i, n);
			piece_len = n;
		}
		if (used + piece_len > cap)
			break;
		memcpy(out + used, piece, piece_len);
		used += piece_len;
		i += n ? n : 1;
	}
	return used;
}

/* ,"name":"value"; NULL is written as "". */
void line_string(struct line *l, const char *name, const char *value)
{
	size_t room;

	line_put(l, ",\"%s\":\"", name);
	room = EVE_LINE_MAX - l->used;
	l->used += escape_json(value ? value : "", l->out + l->used,
			       room < STRING_MAX ? room : STRING_MAX);
	line_put(l, "\"");
}

void line_time(struct line *l, const char *head, int64_t real_ns)
{
	time_t seconds = (time_t)(real_ns / 1000000000);
	char text[40];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	line_put(l, "%s\"%s.%06" PRId64 "+0000\"", head, text, real_ns % 1000000000 / 1000);
}

void line_address(struct line *l, const char *name, const struct sek_addr *addr)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	char text[INET6_ADDRSTRLEN] = "";

	if (!memcmp(addr->b, mapped, sizeof(mapped)))
		inet_ntop(AF_INET, addr->b + 12, text, sizeof(text));
	else
		inet_ntop(AF_INET6, addr->b, text, sizeof(text));
	line_put(l, ",\"%s\":\"%s\"", name, text);
}

static void line_proto(struct line *l, uint8_t proto)
{
	const char *name = proto_record_name(proto);

	if (name)
		line_put(l, ",\"proto\":\"%s\"", name);
	else
		line_put(l, ",\"proto\":\"%03u\"", proto);
}

void line_tuple(struct line *l, const struct sek_event *e)
{
	bool ports = e->proto == 6 || e->proto == 17 || e->proto == 132;

	line_address(l, "src_ip", &e->src);
	if (ports)
		line_put(l, ",\"src_port\":%u", ntohs(e->sport));
	line_address(l, "dest_ip", &e->dst);
	if (ports)
		line_put(l, ",\"dest_port\":%u", ntohs(e->dport));
	line_proto(l, e->proto);
	if (e->proto == 1 || e->proto == 58)
		line_put(l, ",\"icmp_type\":%u,\"icmp_code\":%u", e->icmp_type, e->icmp_code);
}
