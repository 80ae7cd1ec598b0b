/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two route sockets: one only listens for changes, the other asks. What changed is not read from
 * the notice: the caller looks at the whole again, so a lost notice can never leave it behind.
 */
#include "dataplane/links.h"

#include <errno.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/link/vlan.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"

struct links {
	struct nl_sock *notices, *queries;
	struct source *source;
	void (*changed)(void *arg);
	void *arg;
};

static void notices_ready(void *arg, uint32_t events)
{
	struct links *links = arg;
	char bytes[8192];
	int fd = nl_socket_get_fd(links->notices);

	/* Bounded, so that a flapping interface cannot hold the loop; the rest is read next round. */
	for (int i = 0; i < 64; i++)
		if (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) < 0 && errno != ENOBUFS)
			break;
	links->changed(links->arg);
}

static int socket_open(struct nl_sock **ret_sock)
{
	struct nl_sock *sock = nl_socket_alloc();
	int err;

	if (!sock)
		return -ENOMEM;
	err = nl_connect(sock, NETLINK_ROUTE);
	if (err < 0) {
		nl_socket_free(sock);
		return -EIO;
	}
	*ret_sock = sock;
	return 0;
}

int links_new(struct loop *loop, void (*changed)(void *arg), void *arg, struct links **ret_links)
{
	struct links *links = calloc(1, sizeof(*links));
	int err;

	if (!links)
		return -ENOMEM;
	links->changed = changed;
	links->arg = arg;
	err = socket_open(&links->queries);
	if (err)
		goto free_links;
	err = socket_open(&links->notices);
	if (err)
		goto free_queries;
	if (nl_socket_add_membership(links->notices, RTNLGRP_LINK) < 0 ||
	    nl_socket_set_nonblocking(links->notices) < 0) {
		err = -EIO;
		goto free_notices;
	}
	err = loop_add(loop, nl_socket_get_fd(links->notices), EPOLLIN, notices_ready, links,
		       &links->source);
	if (err)
		goto free_notices;
	*ret_links = links;
	return 0;

free_notices:
	nl_socket_free(links->notices);
free_queries:
	nl_socket_free(links->queries);
free_links:
	free(links);
	return err;
}

void links_free(struct links *links)
{
	if (!links)
		return;
	source_remove(links->source);
	nl_socket_free(links->notices);
	nl_socket_free(links->queries);
	free(links);
}

static void info_fill(struct rtnl_link *link, struct link_info *info)
{
	const char *name = rtnl_link_get_name(link);

	*info = (struct link_info){
		.ifindex = (uint32_t)rtnl_link_get_ifindex(link),
		.mtu = rtnl_link_get_mtu(link),
		.up = rtnl_link_get_flags(link) & IFF_UP,
		.tx_packets = rtnl_link_get_stat(link, RTNL_LINK_TX_PACKETS),
	};
	snprintf(info->name, sizeof(info->name), "%s", name ? name : "");
	/* A parent in another namespace has a number that means nothing here. */
	if (rtnl_link_is_vlan(link) && rtnl_link_get_link_netnsid(link, &(int32_t){ 0 }) < 0) {
		int vid = rtnl_link_vlan_get_id(link);

		info->parent = (uint32_t)rtnl_link_get_link(link);
		info->vlan = vid > 0 ? (uint16_t)vid : 0;
	}
}

int links_list(struct links *links, struct link_info **ret_list, size_t *ret_cnt)
{
	struct nl_cache *cache;
	struct link_info *list;
	size_t cnt = 0, room;

	if (rtnl_link_alloc_cache(links->queries, AF_UNSPEC, &cache) < 0)
		return -EIO;
	room = (size_t)nl_cache_nitems(cache);
	list = calloc(room ? room : 1, sizeof(*list));
	if (!list) {
		nl_cache_free(cache);
		return -ENOMEM;
	}
	for (struct nl_object *o = nl_cache_get_first(cache); o && cnt < room;
	     o = nl_cache_get_next(o))
		info_fill((struct rtnl_link *)o, &list[cnt++]);
	nl_cache_free(cache);
	*ret_list = list;
	*ret_cnt = cnt;
	return 0;
}

const struct link_info *link_by_name(const struct link_info *list, size_t cnt, const char *name)
{
	for (size_t i = 0; i < cnt; i++)
		if (strcmp(list[i].name, name) == 0)
			return &list[i];
	return NULL;
}

const struct link_info *link_by_index(const struct link_info *list, size_t cnt, uint32_t ifindex)
{
	for (size_t i = 0; i < cnt; i++)
		if (list[i].ifindex == ifindex)
			return &list[i];
	return NULL;
}
