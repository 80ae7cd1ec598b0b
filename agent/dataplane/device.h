/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of a network device that the gateway depends on, by ethtool's and the interface's ioctls.
 */
#ifndef AGENT_DATAPLANE_DEVICE_H
#define AGENT_DATAPLANE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a hook needs of the device below it. */
enum device_need {
	DEVICE_FOR_XDP, /* tags in the frame, frames as they were sent */
	DEVICE_FOR_TC, /* the kernel hands on tags and what was merged; all but LRO, which cannot be undone */
};

/* What device_vlan_see() found and did. */
struct device_vlan {
	bool blind; /* VLAN tags are still taken away in receiving; never for TC */
	bool filter; /* the device still drops VLANs that it was not told of */
	bool changed; /* something had been on and was switched off now */
};

/*
 * Switches off what takes VLAN tags out of received frames (rx-vlan-hw-parse and its 802.1ad twin),
 * filters them, or merges frames, as far as the hook needs it, then reads the features again. Returns
 * 0 or -errno when the device cannot be asked. Source: Documentation/networking/netdev-features.rst.
 */
int device_vlan_see(const char *name, enum device_need need, struct device_vlan *ret_vlan);

/* A bridge must take in frames for every station: sets or clears IFF_PROMISC. Returns 0 or -errno. */
int device_promisc(const char *name, bool on);

/* Sets it up, with neighbours that need not be asked for. Returns 0 or -errno. */
int device_up_noarp(const char *name);

/*
 * Whether received packets are merged; of a veth also, whether its far end may be sent to by XDP. Returns
 * 0 or -errno.
 */
int device_gro(const char *name, bool on);

/*
 * Frames that the device's driver says to have sent for XDP, summed over its queues (ethtool -S);
 * 0 when it keeps no such counter.
 */
uint64_t device_xdp_sent(const char *name);

#endif
