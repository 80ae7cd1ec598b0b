/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose a packet is: by its VLANs and addresses, as a policy says. Made once, then read by any number of
 * workers.
 */
#ifndef AGENT_INSPECT_TENANTS_H
#define AGENT_INSPECT_TENANTS_H

#include "inspect/packet.h"

struct policy; /* model/model.h; it must outlive what is made of it */
struct tenants;

/* only: the name of a body that all packets are of; NULL: each is asked. Returns 0, -ENOENT or -ENOMEM. */
int tenants_new(const struct policy *policy, const char *only, struct tenants **ret_tenants);
void tenants_free(struct tenants *tenants);

/*
 * The id of whose addresses the packet's sender has, else its receiver, among those that stand behind its
 * VLANs. Untagged packets are asked of all bodies, for a capture may be taken where tags are gone. 0:
 * nobody's, or the same address is several bodies'.
 */
uint16_t tenants_find(const struct tenants *tenants, const struct packet *packet);
/* NULL: there is none of that id. */
const char *tenants_name(const struct tenants *tenants, uint16_t id);

#endif
