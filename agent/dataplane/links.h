/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's network interfaces by rtnetlink (libnl): all of them on demand, and a call at every
 * change.
 */
#ifndef AGENT_DATAPLANE_LINKS_H
#define AGENT_DATAPLANE_LINKS_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"

struct link_info {
	uint32_t ifindex;
	char name[IFNAMSIZ];
	uint32_t mtu;
	bool up;
	uint32_t parent; /* ifindex below a VLAN device; 0: no VLAN device */
	uint16_t vlan; /* its VID */
	uint64_t tx_packets;
};

struct links;

/*
 * Calls changed(arg) after any interface came, went or changed; when notices were lost (ENOBUFS) as
 * well. Returns 0 or -errno.
 */
int links_new(struct loop *loop, void (*changed)(void *arg), void *arg, struct links **ret_links);
void links_free(struct links *links);

/* Every interface of this network namespace; the array is owned by the caller. 0 or -errno. */
int links_list(struct links *links, struct link_info **ret_list, size_t *ret_cnt);

const struct link_info *link_by_name(const struct link_info *list, size_t cnt, const char *name);
const struct link_info *link_by_index(const struct link_info *list, size_t cnt, uint32_t ifindex);

#endif
