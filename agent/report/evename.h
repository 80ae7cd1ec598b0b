/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names as EVE lines: "dns", "tls", "http", "quic" with the fields that Suricata 7 gives them, "anomaly",
 * and who decided by which list. Pure.
 */
#ifndef AGENT_REPORT_EVENAME_H
#define AGENT_REPORT_EVENAME_H

#include "report/eve.h"
#include "sekisho/name.h"
#include "wire/dns.h"

/* What all of them begin with. Strings may be NULL. */
struct eve_name {
	struct sek_event event; /* time, addresses, ports, protocol, tenant, generation, dir, reason */
	const char *tenant, *group, *list, *category;
	const char *suffix; /* that decided */
	uint8_t how; /* enum sek_name_how of an answer; 0: none */
};

#define EVE_ANSWERS_MAX 16 /* records of an answer in one line */

/* A DNS message; false: it cannot be read and there is no line. */
bool eve_dns(const struct eve_name *name, const uint8_t *message, size_t len,
	     int64_t real_offset_ns, char *out, size_t *ret_len);

struct eve_request {
	enum sek_name_proto proto; /* TLS, HTTP, QUIC */
	const char *host;
	const char *url, *method; /* HTTP; may be NULL */
	uint32_t version; /* QUIC */
	bool hides; /* its ClientHello has ech */
};
size_t eve_request(const struct eve_name *name, const struct eve_request *request,
		   int64_t real_offset_ns, char *out);

struct eve_anomaly {
	const char *event; /* "sni_without_dns", "dns_tunnel", ... */
	const char *name; /* what it is about */
	const char *text; /* why, for people */
	uint64_t score; /* of 1000; 0: none */
};
size_t eve_name_anomaly(const struct eve_name *name, const struct eve_anomaly *anomaly,
			int64_t real_offset_ns, char *out);

#endif
