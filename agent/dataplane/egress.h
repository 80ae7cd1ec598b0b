/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does what is redirected to a port really leave? A far end without life (a veth peer without GRO or
 * XDP) loses every frame without a counter of ours; the device's own counters show it.
 */
#ifndef AGENT_DATAPLANE_EGRESS_H
#define AGENT_DATAPLANE_EGRESS_H

#include "dataplane/links.h"
#include "install/install.h"
#include "model/model.h"

struct egress_watch {
	bool started;
	uint64_t due_ns; /* of the next comparison */
	uint64_t sent; /* redirected to this port, by our counters */
	uint64_t left; /* sent by the device, by its counters */
	char trouble[192]; /* "" nothing */
};

/*
 * Compares once in 5 s: packets that should have left by the port with those that its device sent.
 * Warns when there were some of the first and none of the second. Only for ports whose share can be
 * told from the counters: a bridge's, the only outside port, an inside port with tenants of its own.
 */
void egress_look(struct egress_watch *watch, const struct gate *gate, const struct policy *policy,
		 const struct model_port *port, const struct link_info *link);

#endif
