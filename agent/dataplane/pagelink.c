/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rtnetlink by libnl. The pair is made anew at each start and when the page's addresses change: it holds
 * nothing but connections of a page's length. Called by change.c and agent.c, in the loop's thread.
 */
#include "dataplane/pagelink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "dataplane/device.h"
#include "dataplane/filter.h"
#include "sekisho/page.h"
#include "text/address.h"

#define LOOK_MS 5000

struct pagelink {
	struct gate *gate;
	const char *pin_dir;
	struct source *timer;
	struct sek_addr addrs[MODEL_NAME_PAGES_MAX]; /* that are wanted; none: no interface */
	size_t cnt;
	uint32_t ifindex; /* of the host's end, once it serves */
	char trouble[200];
};

struct pair {
	char host[IFNAMSIZ], far[IFNAMSIZ];
};

/* Two gateways of one machine have two. */
static struct pair pair_names(const char *pin_dir)
{
	uint32_t own = filter_handle(pin_dir) & 0xfffff;
	struct pair pair;

	snprintf(pair.host, sizeof(pair.host), "sekpage%05x", own);
	snprintf(pair.far, sizeof(pair.far), "sekpfar%05x", own);
	return pair;
}

static int errno_of(int nl_error)
{
	switch (-nl_error) {
	case 0:
		return 0;
	case NLE_EXIST:
		return -EEXIST;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	case NLE_OPNOTSUPP:
		return -EOPNOTSUPP;
	case NLE_NODEV:
		return -ENODEV;
	case NLE_NOMEM:
		return -ENOMEM;
	default:
		return -EIO;
	}
}

static int sock_open(struct nl_sock **ret_sock)
{
	struct nl_sock *sock = nl_socket_alloc();

	if (!sock)
		return -ENOMEM;
	if (nl_connect(sock, NETLINK_ROUTE) < 0) {
		nl_socket_free(sock);
		return -EIO;
	}
	*ret_sock = sock;
	return 0;
}

/* --- the pair --- */

static void end_describe(struct rtnl_link *link, const char *name, const uint8_t mac[6])
{
	struct nl_addr *addr = nl_addr_build(AF_LLC, mac, 6);

	rtnl_link_set_name(link, name);
	rtnl_link_set_addr(link, addr);
	nl_addr_put(addr);
}

static int pair_make(struct nl_sock *sock, const struct pair *names)
{
	static const uint8_t host_mac[6] = SEK_PAGE_MAC, far_mac[6] = SEK_PAGE_MAC_FAR;
	struct rtnl_link *link = rtnl_link_veth_alloc(), *far;
	int err;

	if (!link)
		return -ENOMEM;
	far = rtnl_link_veth_get_peer(link);
	end_describe(link, names->host, host_mac);
	end_describe(far, names->far, far_mac);
	rtnl_link_set_ifalias(link, "sekisho: the block page, for bodies behind bridges");
	err = rtnl_link_add(sock, link, NLM_F_CREATE | NLM_F_EXCL);
	rtnl_link_put(far);
	rtnl_link_put(link);
	return errno_of(err);
}

static void pair_remove(struct nl_sock *sock, const struct pair *names)
{
	struct rtnl_link *link = rtnl_link_alloc();

	if (!link)
		return;
	rtnl_link_set_name(link, names->host);
	if (if_nametoindex(names->host))
		(void)rtnl_link_delete(sock, link);
	rtnl_link_put(link);
}

/* --- addresses and routes --- */

static struct nl_addr *nl_address(const struct sek_addr *addr)
{
	return address_is_v4(addr) ? nl_addr_build(AF_INET, &addr->w[3], 4)
				   : nl_addr_build(AF_INET6, addr, sizeof(*addr));
}

static int address_add(struct nl_sock *sock, uint32_t ifindex, const struct sek_addr *addr)
{
	struct rtnl_addr *row = rtnl_addr_alloc();
	struct nl_addr *local = nl_address(addr);
	int err = -ENOMEM;

	if (row && local) {
		rtnl_addr_set_ifindex(row, (int)ifindex);
		rtnl_addr_set_local(row, local);
		rtnl_addr_set_flags(row, IFA_F_NODAD);
		err = errno_of(rtnl_addr_add(sock, row, NLM_F_CREATE | NLM_F_REPLACE));
	}
	nl_addr_put(local);
	rtnl_addr_put(row);
	return err;
}

static int route_add(struct nl_sock *sock, uint32_t ifindex, struct nl_addr *to)
{
	struct rtnl_route *route = rtnl_route_alloc();
	struct rtnl_nexthop *hop = rtnl_route_nh_alloc();
	int err = -ENOMEM;

	if (route && hop && to) {
		rtnl_route_set_dst(route, to);
		rtnl_route_set_scope(route, RT_SCOPE_LINK);
		rtnl_route_set_protocol(route, RTPROT_STATIC);
		rtnl_route_nh_set_ifindex(hop, (int)ifindex);
		rtnl_route_add_nexthop(route, hop);
		err = errno_of(rtnl_route_add(sock, route, NLM_F_CREATE | NLM_F_REPLACE));
	} else if (hop) {
		rtnl_route_nh_free(hop);
	}
	nl_addr_put(to);
	rtnl_route_put(route);
	return err;
}

/* To all seats of a family. */
static struct nl_addr *seats_of(bool v4)
{
	const uint32_t seat4 = htonl(SEK_PAGE_SEAT4);
	const uint32_t seat6[4] = { htonl(SEK_PAGE_SEAT6_0), htonl(SEK_PAGE_SEAT6_1) };
	struct nl_addr *addr = v4 ? nl_addr_build(AF_INET, &seat4, sizeof(seat4))
				  : nl_addr_build(AF_INET6, seat6, sizeof(seat6));

	if (addr)
		nl_addr_set_prefixlen(addr, v4 ? SEK_PAGE_SEAT4_LEN : SEK_PAGE_SEAT6_LEN);
	return addr;
}

/* --- it serves --- */

static int addresses_give(const struct pagelink *l, struct nl_sock *sock, uint32_t ifindex,
			  const char **ret_what)
{
	bool routed[2] = {};
	int err = 0;

	for (size_t i = 0; i < l->cnt && !err; i++) {
		bool v4 = address_is_v4(&l->addrs[i]);

		*ret_what = v4 ? "it takes no IPv4 address" : "it takes no IPv6 address";
		err = address_add(sock, ifindex, &l->addrs[i]);
		if (!err && !routed[v4]) {
			*ret_what = "no route leads there";
			err = route_add(sock, ifindex, seats_of(v4));
		}
		routed[v4] = true;
	}
	return err;
}

static int pair_serve(const struct pagelink *l, struct nl_sock *sock, const struct pair *names,
		      const char **ret_what)
{
	uint32_t far, program;
	int err;

	*ret_what = "its devices cannot be made";
	err = pair_make(sock, names);
	if (err)
		return err;
	*ret_what = "its device takes no frames from XDP"; /* decided when they come up */
	err = device_gro(names->host, true);
	if (err)
		return err;
	*ret_what = "its devices do not come up"; /* seats need not be asked for */
	err = device_up_noarp(names->host);
	if (!err)
		err = device_up_noarp(names->far);
	if (err)
		return err;
	far = if_nametoindex(names->far);
	*ret_what = "its device takes no filter";
	err = filter_attach(far, filter_handle(l->pin_dir), gate_page_back_fd(l->gate), &program);
	if (!err)
		err = addresses_give(l, sock, if_nametoindex(names->host), ret_what);
	if (err)
		return err;
	*ret_what = "it cannot be a way out";
	return gate_tx_set(l->gate, SEK_PORT_PAGE, far, true);
}

static void trouble_say(struct pagelink *l, const char *what, int err)
{
	char text[sizeof(l->trouble)];

	snprintf(text, sizeof(text), "the block page cannot be reached through bridges: %s (%s)",
		 what, strerror(-err));
	if (strcmp(text, l->trouble) != 0)
		log_error("page: %s; it is tried again", text);
	snprintf(l->trouble, sizeof(l->trouble), "%s", text);
}

static void look(void *arg)
{
	struct pagelink *l = arg;
	struct pair names = pair_names(l->pin_dir);
	const char *what = "no socket";
	struct nl_sock *sock;
	int err;

	if (!l->cnt || (l->ifindex && if_nametoindex(names.host) == l->ifindex))
		return;
	err = sock_open(&sock);
	if (!err) {
		pair_remove(sock, &names); /* a former run's */
		err = pair_serve(l, sock, &names, &what);
		if (err)
			pair_remove(sock, &names);
		nl_socket_free(sock);
	}
	l->ifindex = err ? 0 : if_nametoindex(names.host);
	if (err) {
		trouble_say(l, what, err);
		return;
	}
	l->trouble[0] = 0;
	log_info("page: bodies behind bridges reach it by %s", names.host);
}

/* --- as the policy says --- */

static size_t addresses_wanted(const struct policy *policy,
			       struct sek_addr addrs[MODEL_NAME_PAGES_MAX])
{
	struct model_page_listen pages[MODEL_NAME_PAGES_MAX];
	size_t cnt = policy_pages(policy, pages);
	bool bridges = false;

	for (size_t i = 0; i < policy->port_cnt; i++)
		bridges = bridges || (policy->ports[i].bridge && !policy->ports[i].outside);
	for (size_t i = 0; bridges && i < cnt; i++)
		addrs[i] = pages[i].addr;
	return bridges ? cnt : 0;
}

void pagelink_follow(struct pagelink *l, const struct policy *policy)
{
	struct sek_addr addrs[MODEL_NAME_PAGES_MAX] = {};
	size_t cnt = addresses_wanted(policy, addrs);

	if (cnt != l->cnt || memcmp(addrs, l->addrs, sizeof(addrs)) != 0)
		l->ifindex = 0;
	memcpy(l->addrs, addrs, sizeof(addrs));
	l->cnt = cnt;
	if (cnt) {
		look(l);
		return;
	}
	l->trouble[0] = 0;
	(void)gate_tx_set(l->gate, SEK_PORT_PAGE, 0, false);
	pagelink_remove(l->pin_dir);
}

const char *pagelink_trouble(const struct pagelink *l)
{
	return l->trouble;
}

void pagelink_remove(const char *pin_dir)
{
	struct pair names = pair_names(pin_dir);
	struct nl_sock *sock;

	if (!if_nametoindex(names.host) || sock_open(&sock))
		return;
	pair_remove(sock, &names);
	nl_socket_free(sock);
}

int pagelink_new(struct loop *loop, struct gate *gate, const char *pin_dir,
		 struct pagelink **ret_pagelink)
{
	struct pagelink *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return -ENOMEM;
	l->gate = gate;
	l->pin_dir = pin_dir;
	err = loop_timer(loop, LOOK_MS, LOOK_MS, look, l, &l->timer);
	if (err) {
		free(l);
		return err;
	}
	*ret_pagelink = l;
	return 0;
}

void pagelink_free(struct pagelink *l)
{
	if (!l)
		return;
	source_remove(l->timer);
	free(l);
}
