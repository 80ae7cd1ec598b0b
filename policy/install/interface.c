// SPDX-License-Identifier: Apache-2.0
/*
 * rtnetlink for link and counters, ethtool's ioctl for driver and speed, libbpf for the XDP mode.
 * Called by state_ports(). Keeps nothing open, changes nothing.
 */
#include "install/interface.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/socket.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define MODE_WORDS_MAX 64 /* 32-bit words of a mask of link modes; the kernel has 4 today */

static const struct {
	const char *key;
	rtnl_link_stat_id_t id;
} counters[] = {
	{ "rx_packets", RTNL_LINK_RX_PACKETS }, { "rx_bytes", RTNL_LINK_RX_BYTES },
	{ "rx_dropped", RTNL_LINK_RX_DROPPED }, { "rx_errors", RTNL_LINK_RX_ERRORS },
	{ "tx_packets", RTNL_LINK_TX_PACKETS }, { "tx_bytes", RTNL_LINK_TX_BYTES },
	{ "tx_dropped", RTNL_LINK_TX_DROPPED }, { "tx_errors", RTNL_LINK_TX_ERRORS },
};

/* The link of this number, or NULL when there is none or it cannot be asked. */
static struct rtnl_link *link_ask(uint32_t ifindex)
{
	struct nl_sock *sock = nl_socket_alloc();
	struct rtnl_link *link = NULL;

	if (!sock)
		return NULL;
	if (nl_connect(sock, NETLINK_ROUTE) == 0 &&
	    rtnl_link_get_kernel(sock, (int)ifindex, NULL, &link) < 0)
		link = NULL;
	nl_socket_free(sock);
	return link;
}

static void counters_set(json_t *object, struct rtnl_link *link)
{
	json_t *kernel = json_object();

	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		json_object_set_new(
			kernel, counters[i].key,
			json_integer((json_int_t)rtnl_link_get_stat(link, counters[i].id)));
	json_object_set_new(object, "kernel", kernel);
}

static const char *link_word(struct rtnl_link *link)
{
	if (!(rtnl_link_get_flags(link) & IFF_UP))
		return "down";
	return rtnl_link_get_carrier(link) ? "up" : "no carrier";
}

/* One of ethtool's questions; 0 or -errno. */
static int ethtool_ask(int fd, const char *name, void *command)
{
	struct ifreq req = {};

	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", name);
	req.ifr_data = command;
	return ioctl(fd, SIOCETHTOOL, &req) < 0 ? -errno : 0;
}

/* The first question only tells how long the masks behind the settings are. 0: not known. */
static uint32_t speed_ask(int fd, const char *name)
{
	union {
		struct ethtool_link_settings base;
		uint8_t room[sizeof(struct ethtool_link_settings) + 3 * MODE_WORDS_MAX * sizeof(uint32_t)];
	} ask = { .base = { .cmd = ETHTOOL_GLINKSETTINGS } };

	if (ethtool_ask(fd, name, &ask) || ask.base.link_mode_masks_nwords >= 0 ||
	    ask.base.link_mode_masks_nwords < -MODE_WORDS_MAX)
		return 0;
	ask.base.cmd = ETHTOOL_GLINKSETTINGS;
	ask.base.link_mode_masks_nwords = (int8_t)-ask.base.link_mode_masks_nwords;
	if (ethtool_ask(fd, name, &ask) || ask.base.speed == (uint32_t)SPEED_UNKNOWN)
		return 0;
	return ask.base.speed;
}

static void driver_set(json_t *object, const char *name)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint32_t speed;

	if (fd < 0)
		return;
	if (ethtool_ask(fd, name, &info) == 0) {
		info.driver[sizeof(info.driver) - 1] = 0;
		json_object_set_new(object, "driver", json_string(info.driver));
	}
	speed = speed_ask(fd, name);
	if (speed)
		json_object_set_new(object, "speed_bits_per_s", json_integer(speed * 1000000ll));
	close(fd);
}

static const char *hook_word(uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, opts);

	if (bpf_xdp_query((int)ifindex, 0, &opts) || opts.attach_mode == XDP_ATTACHED_NONE)
		return "none";
	return opts.attach_mode == XDP_ATTACHED_SKB ? "generic" : "xdp";
}

void interface_describe(json_t *object, uint32_t ifindex)
{
	struct rtnl_link *link = ifindex ? link_ask(ifindex) : NULL;

	json_object_set_new(object, "link", json_string(link ? link_word(link) : "gone"));
	json_object_set_new(object, "hook", json_string(link ? hook_word(ifindex) : "none"));
	if (!link)
		return;
	counters_set(object, link);
	driver_set(object, rtnl_link_get_name(link));
	rtnl_link_put(link);
}
