/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a driver says of its XDP, asked of the generic netlink family "netdev" (kernel 6.3 and
 * later; include/uapi/linux/netdev.h, which Debian 12's headers do not have yet).
 */
#ifndef POLICY_INSTALL_NETDEV_H
#define POLICY_INSTALL_NETDEV_H

#include <stdint.h>

enum netdev_xdp {
	NETDEV_XDP_BASIC = 1, /* native: all but redirect */
	NETDEV_XDP_REDIRECT = 2, /* may redirect from here */
	NETDEV_XDP_XMIT = 4, /* takes what is redirected to it */
	NETDEV_XDP_ZEROCOPY = 8, /* AF_XDP without copying */
	NETDEV_XDP_OFFLOAD = 16,
	NETDEV_XDP_RX_FRAGS = 32, /* frames of several buffers */
	NETDEV_XDP_XMIT_FRAGS = 64,
};

/* Returns 0 and enum netdev_xdp bits, -EOPNOTSUPP where the kernel cannot say, or -errno. */
int netdev_xdp_features(int ifindex, uint64_t *ret_features);

#endif
