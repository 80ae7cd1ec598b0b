/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy's ports on the machine's interfaces: follows both and keeps hooks, sek_link, sek_tx,
 * and the devices' settings in step, whatever comes late, goes away, is renamed or changed.
 */
#ifndef AGENT_DATAPLANE_PORTS_H
#define AGENT_DATAPLANE_PORTS_H

#include <jansson.h>

#include "base/loop.h"
#include "compile/compile.h"
#include "install/install.h"

struct ports;

/* gate and pin_dir must outlive the ports. Returns 0 or -errno. */
int ports_new(struct loop *loop, struct gate *gate, const char *pin_dir, struct ports **ret_ports);

/* Lets go; programs, pins and tables stay, and traffic goes on. */
void ports_free(struct ports *ports);

/*
 * Before install_prepare(): asks the devices of the policy's ports to leave VLAN tags alone and
 * marks those that do not in the image (SEK_PORT_VLAN_BLIND). Ports that serve by TC now, by number,
 * are spared: ports_by_tc(). For a worker.
 */
void ports_mark(const struct policy *policy, uint32_t tc_ports, struct image *image);

/* Bit x: port x serves by TC. */
uint32_t ports_by_tc(const struct ports *ports);

/* After install_commit(): these ports are served from now on. The policy must live until the next call. */
void ports_follow(struct ports *ports, const struct policy *policy);

/*
 * Adds to each element of state_ports()'s array what only the agent knows:
 * "interface", "hook" ("xdp", "generic", "tc", "dispatcher", "none"), "state", "adopted", "vlan_blind",
 * "problem" ("" none).
 */
void ports_describe(const struct ports *ports, json_t *array);

/*
 * The interface that a port is at now, its name in ret_name (IFNAMSIZ bytes); 0: none, and ret_name stays.
 */
uint32_t ports_interface(const struct ports *ports, uint16_t port, char *ret_name);

/* How many ports are attached, and how many the policy has. */
void ports_count(const struct ports *ports, uint32_t *ret_attached, uint32_t *ret_all);

#endif
