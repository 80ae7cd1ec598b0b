/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a server has packed on its way by gzip (RFC 9110, 8.4.1.3), unpacked as it comes. libcurl can do the
 * same, but takes what ends in the middle for whole.
 */
#ifndef AGENT_FETCH_GUNZIP_H
#define AGENT_FETCH_GUNZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <zlib.h>

struct gunzip {
	z_stream stream;
	bool begun; /* of zeros: nothing came yet, and nothing is held */
	bool whole; /* what came so far ends where a member does */
	bool over; /* and what came behind it is none */
};

/* Takes unpacked bytes; false: no more of them. */
typedef bool gunzip_take(void *arg, const char *bytes, size_t len);

/*
 * Unpacks the next bytes. What follows the last member and is none is nothing, as for gzip itself. 0;
 * -ENOMEM; -EBADMSG: they were not packed by gzip, or are broken; -ECANCELED: take wants no more.
 */
int gunzip_feed(struct gunzip *gunzip, const char *bytes, size_t len, gunzip_take *take, void *arg);

/* Gives back what is held; it may be fed anew. */
void gunzip_end(struct gunzip *gunzip);

#endif
