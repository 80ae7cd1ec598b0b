/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One address at which the block page is served: socket, HTTP daemon and its place in the loop.
 */
#ifndef AGENT_PAGE_DOOR_H
#define AGENT_PAGE_DOOR_H

#include <microhttpd.h>

#include "base/loop.h"
#include "page/page.h"

struct door;

struct door_calls {
	MHD_AccessHandlerCallback request;
	/* Makes what is *state in request, by the request's target as it came. */
	void *(*begins)(void *arg, const char *target, struct MHD_Connection *connection);
	MHD_RequestCompletedCallback ended;
	void *arg;
};

/* The address need not be there yet (IP_FREEBIND). Returns 0 or -errno. */
int door_open(struct loop *loop, const struct page_listen *at, const struct door_calls *calls,
	      struct door **ret_door);
void door_close(struct door *door); /* NULL is allowed */
/* Ends connections that are silent for too long. Call once a second. */
void door_tick(struct door *door);

#endif
