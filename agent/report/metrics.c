/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Figures as text, and the HTTP that carries them. Called by agent.c. Source: OpenMetrics 1.0,
 * "ABNF" and "Text format".
 */
#include "report/metrics.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTENT_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

struct metrics {
	struct MHD_Daemon *daemon;
	struct source *ready, *period;
	void (*gather)(void *arg, struct metrics_view *view);
	void *arg;
};

/* The arrays that samples are made of. */
enum origin {
	ORIGIN_STATS,
	ORIGIN_TENANTS,
	ORIGIN_PORTS,
	ORIGIN_LISTS,
	ORIGIN_CAUSES,
	ORIGIN_NAMES,
};

/* A family with one sample for each element of its array, whose members are labels and value. */
struct family {
	enum origin origin;
	const char *name, *type, *help;
	const char *value;
	const char *labels[5];
};

static void label_put(FILE *out, const char *name, const char *value, bool first)
{
	fprintf(out, "%s%s=\"", first ? "{" : ",", name);
	for (const char *c = value; *c; c++) {
		if (*c == '\\' || *c == '"')
			fprintf(out, "\\%c", *c);
		else if (*c == '\n')
			fputs("\\n", out);
		else
			fputc(*c, out);
	}
	fputc('"', out);
}

static void family_head(FILE *out, const struct family *family)
{
	fprintf(out, "# TYPE %s %s\n# HELP %s %s\n", family->name, family->type, family->name,
		family->help);
}

static void sample_put(FILE *out, const struct family *family, const json_t *item)
{
	const json_t *value = json_object_get(item, family->value);
	bool first = true;

	if (!json_is_number(value))
		return;
	fprintf(out, "%s%s", family->name, strcmp(family->type, "counter") != 0 ? "" : "_total");
	for (size_t i = 0; i < 5 && family->labels[i]; i++) {
		const char *text = json_string_value(json_object_get(item, family->labels[i]));

		label_put(out, family->labels[i], text ? text : "", first);
		first = false;
	}
	if (!first)
		fputc('}', out);
	if (json_is_integer(value))
		fprintf(out, " %lld\n", (long long)json_integer_value(value));
	else
		fprintf(out, " %.17g\n", json_real_value(value));
}

/* They are told in this order. */
static const struct family families[] = {
	{ ORIGIN_STATS,
	  "sekisho_packets",
	  "counter",
	  "Packets by tenant, direction, verdict and reason.",
	  "packets",
	  { "tenant", "dir", "verdict", "reason" } },
	{ ORIGIN_STATS,
	  "sekisho_bytes",
	  "counter",
	  "Bytes of frames, likewise.",
	  "bytes",
	  { "tenant", "dir", "verdict", "reason" } },
	{ ORIGIN_TENANTS, "sekisho_flows", "gauge", "Flows that a tenant holds.", "flows", { "tenant" } },
	{ ORIGIN_TENANTS,
	  "sekisho_flows_limit",
	  "gauge",
	  "Flows that a tenant may hold.",
	  "flows_max",
	  { "tenant" } },
	{ ORIGIN_TENANTS,
	  "sekisho_half_open_flows",
	  "gauge",
	  "Half-open flows that a tenant holds.",
	  "half_open",
	  { "tenant" } },
	{ ORIGIN_TENANTS,
	  "sekisho_synflood_active",
	  "gauge",
	  "1: SYNs for a tenant's servers are answered by cookies now.",
	  "synflood_active",
	  { "tenant" } },
	{ ORIGIN_PORTS,
	  "sekisho_port_packets",
	  "counter",
	  "Packets that came in by a port.",
	  "packets",
	  { "port" } },
	{ ORIGIN_PORTS,
	  "sekisho_port_bytes",
	  "counter",
	  "Bytes of frames that came in by a port.",
	  "bytes",
	  { "port" } },
	{ ORIGIN_PORTS,
	  "sekisho_port_dropped_packets",
	  "counter",
	  "Packets of a port that were dropped.",
	  "dropped",
	  { "port" } },
	{ ORIGIN_LISTS,
	  "sekisho_list_packets",
	  "counter",
	  "Packets that a list decided.",
	  "packets",
	  { "list" } },
	{ ORIGIN_CAUSES,
	  "sekisho_events_offered",
	  "counter",
	  "Events that the kernel offered.",
	  "offered",
	  { "cause" } },
	{ ORIGIN_CAUSES,
	  "sekisho_events_written",
	  "counter",
	  "Events written to the ring.",
	  "written",
	  { "cause" } },
	{ ORIGIN_CAUSES,
	  "sekisho_events_suppressed",
	  "counter",
	  "Events beyond the budget of their cause.",
	  "suppressed",
	  { "cause" } },
	{ ORIGIN_CAUSES,
	  "sekisho_events_lost",
	  "counter",
	  "Events for which the ring had no room.",
	  "lost",
	  { "cause" } },
	{ ORIGIN_NAMES,
	  "sekisho_names",
	  "counter",
	  "Answers whose ECH was cut out, blanked or left; resets that one end alone was given.",
	  "count",
	  { "what" } },
};

static const json_t *origin_rows(const struct metrics_view *view, enum origin origin)
{
	switch (origin) {
	case ORIGIN_STATS:
		return json_object_get(view->stats, "rows");
	case ORIGIN_TENANTS:
		return json_object_get(view->tenants, "tenants");
	case ORIGIN_PORTS:
		return json_object_get(view->ports, "ports");
	case ORIGIN_LISTS:
		return json_object_get(view->lists, "lists");
	case ORIGIN_CAUSES:
		return json_object_get(view->events, "causes");
	case ORIGIN_NAMES:
		return json_object_get(view->events, "names");
	}
	return NULL;
}

/* Of what could not be read, nothing. */
static void family_put(FILE *out, const struct family *family, const json_t *rows)
{
	json_t *row;
	size_t i;

	if (!rows)
		return;
	family_head(out, family);
	json_array_foreach(rows, i, row)
		sample_put(out, family, row);
}

static void agent_put(FILE *out, const struct metrics_view *view)
{
	const struct {
		const char *name, *type, *help, *suffix;
		double value;
	} rows[] = {
		{ "sekisho_policy_generation", "gauge", "Generation of the live policy.", "",
		  view->generation },
		{ "sekisho_control_clients", "gauge", "Clients of the control socket.", "",
		  view->clients },
		{ "sekisho_records_written", "counter", "Record lines written.", "_total",
		  (double)view->records_written },
		{ "sekisho_records_failed", "counter", "Record lines that the disk refused.",
		  "_total", (double)view->records_failed },
		{ "sekisho_agent_uptime_seconds", "gauge", "Seconds since the agent started.", "",
		  view->uptime_s },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		fprintf(out, "# TYPE %s %s\n# HELP %s %s\n%s%s %.17g\n", rows[i].name, rows[i].type,
			rows[i].name, rows[i].help, rows[i].name, rows[i].suffix, rows[i].value);
}

char *metrics_text(const struct metrics_view *view)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		family_put(out, &families[i], origin_rows(view, families[i].origin));
	agent_put(out, view);
	fputs("# EOF\n", out);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned int status,
			      const char *type, char *body, enum MHD_ResponseMemoryMode mode)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(strlen(body), body, mode);
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result request(void *arg, struct MHD_Connection *connection, const char *url,
			       const char *method, const char *version, const char *upload,
			       size_t *upload_len, void **state)
{
	struct metrics *metrics = arg;
	struct metrics_view view = {};
	char *text;

	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return answer(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain",
			      (char *)"GET only\n", MHD_RESPMEM_PERSISTENT);
	if (strcmp(url, "/metrics") != 0)
		return answer(connection, MHD_HTTP_NOT_FOUND, "text/plain",
			      (char *)"the metrics are at /metrics\n", MHD_RESPMEM_PERSISTENT);
	metrics->gather(metrics->arg, &view);
	text = metrics_text(&view);
	json_decref(view.stats);
	json_decref(view.tenants);
	json_decref(view.ports);
	json_decref(view.lists);
	json_decref(view.events);
	if (!text)
		return MHD_NO;
	return answer(connection, MHD_HTTP_OK, CONTENT_TYPE, text, MHD_RESPMEM_MUST_FREE);
}

static void http_ready(void *arg, uint32_t events)
{
	struct metrics *metrics = arg;

	MHD_run(metrics->daemon);
}

/* Connections that went silent are ended by MHD's own clock. */
static void http_due(void *arg)
{
	http_ready(arg, 0);
}

static int address_read(const char *addr, uint16_t port, struct sockaddr_storage *ret_at)
{
	struct sockaddr_in *in4 = (struct sockaddr_in *)ret_at;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret_at;

	memset(ret_at, 0, sizeof(*ret_at));
	if (inet_pton(AF_INET, addr, &in4->sin_addr) == 1) {
		in4->sin_family = AF_INET;
		in4->sin_port = htons(port);
		return 0;
	}
	if (inet_pton(AF_INET6, addr, &in6->sin6_addr) != 1)
		return -EINVAL;
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	return 0;
}

int metrics_new(struct loop *loop, const char *addr, uint16_t port,
		void (*gather)(void *arg, struct metrics_view *view), void *arg,
		struct metrics **ret_metrics)
{
	struct metrics *metrics = calloc(1, sizeof(*metrics));
	const union MHD_DaemonInfo *info;
	struct sockaddr_storage at;
	unsigned int flags = MHD_USE_EPOLL;
	int err = -ENOMEM;

	if (!metrics)
		return err;
	metrics->gather = gather;
	metrics->arg = arg;
	err = address_read(addr, port, &at);
	if (err)
		goto failed;
	if (at.ss_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	errno = 0;
	metrics->daemon = MHD_start_daemon(flags, port, NULL, NULL, request, metrics,
					   MHD_OPTION_SOCK_ADDR, &at, MHD_OPTION_CONNECTION_LIMIT,
					   32u, MHD_OPTION_CONNECTION_TIMEOUT, 10u,
					   MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_END);
	if (!metrics->daemon) {
		err = errno ? -errno : -EADDRINUSE;
		goto failed;
	}
	info = MHD_get_daemon_info(metrics->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	err = info ? loop_add(loop, info->epoll_fd, EPOLLIN, http_ready, metrics, &metrics->ready)
		   : -ENOTSUP;
	if (!err)
		err = loop_timer(loop, 1000, 1000, http_due, metrics, &metrics->period);
	if (err)
		goto failed;
	*ret_metrics = metrics;
	return 0;
failed:
	metrics_free(metrics);
	return err;
}

void metrics_free(struct metrics *metrics)
{
	if (!metrics)
		return;
	source_remove(metrics->ready);
	source_remove(metrics->period);
	if (metrics->daemon)
		MHD_stop_daemon(metrics->daemon);
	free(metrics);
}
