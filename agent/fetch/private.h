/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which addresses are of no use to a server in the Internet, but may be to one who would have us ask them.
 */
#ifndef AGENT_FETCH_PRIVATE_H
#define AGENT_FETCH_PRIVATE_H

#include <stdbool.h>
#include <sys/socket.h>

/* Also what is mapped, translated or tunnelled to one; another family than IPv4 and IPv6 is one. */
bool address_is_private(const struct sockaddr *addr);

#endif
