/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An interface as the kernel and its driver see it: link, speed, hook, what was lost outside of the
 * gateway's own program. Asked anew each time; any user may ask, of this network namespace.
 */
#ifndef POLICY_INSTALL_INTERFACE_H
#define POLICY_INSTALL_INTERFACE_H

#include <jansson.h>
#include <stdint.h>

/*
 * Adds to object:
 *   "link": "up", "no carrier", "down" (switched off) or "gone" (there is none of this number)
 *   "hook": "xdp", "generic" or "none": which XDP program the kernel runs (TC's are not asked for)
 *   "driver", and "speed_bits_per_s" where the driver tells one
 *   "kernel":{"rx_packets","rx_bytes","rx_dropped","rx_errors","tx_packets","tx_bytes","tx_dropped",
 *     "tx_errors"}: the interface's own counters, dropped and errors beside what the program counts
 * What cannot be learned is left out.
 */
void interface_describe(json_t *object, uint32_t ifindex);

#endif
