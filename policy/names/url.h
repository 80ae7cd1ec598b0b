/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One spelling for each URL: host and target as entries of lists have them. Used by the readers of
 * lists, by the agent for requests that the kernel does not read, and by the command line. Pure, for
 * hostile input.
 *
 * Dropped: scheme, user, port, fragment. Path: bytes that are printable are not encoded (but % ? #),
 * all others are, in upper case; '\' is '/', "//", "/./" and "/../" are taken out. Query: in the same
 * way, but that nothing is taken out, '\' stays, and & = + ; stay encoded where they were. The kernel
 * reads no target that would come out as another one (bpf/parse/name_http.h): those are the agent's.
 */
#ifndef POLICY_NAMES_URL_H
#define POLICY_NAMES_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "names/normalise.h"

#define URL_TARGET_MAX 8192

struct url {
	struct name host;
	uint16_t port; /* as written; 0: none, or that of its scheme */
	uint16_t path_len; /* of the target, before its '?' */
	uint16_t target_len;
	bool scheme; /* one was written */
	bool address; /* the host is one */
	char target[URL_TARGET_MAX]; /* begins with '/'; ended by 0 */
};

/*
 * The host of a URL or of a request, whose own percent-encoding is undone before it is looked at (RFC 3986,
 * 3.2.2). Returns as name_of_host() does.
 */
int url_host(const char *host, size_t host_len, struct name *ret_host, bool *ret_address);

/*
 * scheme://user@host:port/path?query#fragment, or the same without what is before the host. 0, or an enum
 * name_skip negated less one (scheme, too_long, url, name, utf8, idna).
 */
int url_normalise(const char *text, size_t len, struct url *ret_url);

/*
 * A request's Host and target: in origin form, absolute form (whose host then counts, RFC 9112 3.2.2),
 * authority form (CONNECT) or "*". The same errors.
 */
int url_of_request(const char *host, size_t host_len, const char *target, size_t target_len,
		   struct url *ret_url);

/*
 * The same without what stands behind ';' in each part of its path, as some servers read it. False: no
 * change.
 */
bool url_without_parameters(const struct url *url, struct url *ret_url);

#endif
