// SPDX-License-Identifier: Apache-2.0
/*
 * An index of all bodies' addresses, and the VLANs of each. Called for the first packet of a flow, and for
 * packets without one.
 */
#include "inspect/tenants.h"

#include <errno.h>
#include <stdlib.h>

#include "detect/addresses.h"
#include "model/model.h"

struct tenants {
	const struct policy *policy;
	uint16_t only; /* 0: each packet is asked */
	struct address_set *sets; /* by place in the policy */
	struct address_index index; /* its numbers are places in the policy */
};

static int index_build(struct tenants *tenants)
{
	const struct policy *policy = tenants->policy;
	struct address_pair *pairs = calloc(policy->tenant_cnt, sizeof(*pairs));
	size_t cnt = 0;
	int r = pairs ? 0 : -ENOMEM;

	for (size_t i = 1; r == 0 && i < policy->tenant_cnt; i++) { /* the first is the host */
		const struct model_tenant *tenant = &policy->tenants[i];

		r = address_set_of(tenant->prefixes, tenant->prefix_cnt, &tenants->sets[i]);
		pairs[cnt++] = (struct address_pair){ &tenants->sets[i], (uint32_t)i };
	}
	if (r == 0)
		r = address_index_build(pairs, cnt, &tenants->index);
	free(pairs);
	return r;
}

int tenants_new(const struct policy *policy, const char *only, struct tenants **ret_tenants)
{
	const struct model_tenant *tenant = only ? policy_tenant(policy, only) : NULL;
	struct tenants *tenants;
	int r = -ENOMEM;

	if (only && !tenant)
		return -ENOENT;
	tenants = calloc(1, sizeof(*tenants));
	if (!tenants)
		return r;
	tenants->policy = policy;
	tenants->only = tenant ? tenant->id : 0;
	tenants->sets = calloc(policy->tenant_cnt, sizeof(*tenants->sets));
	if (tenants->sets)
		r = index_build(tenants);
	if (r)
		tenants_free(tenants);
	else
		*ret_tenants = tenants;
	return r;
}

void tenants_free(struct tenants *tenants)
{
	if (!tenants)
		return;
	for (size_t i = 0; tenants->sets && i < tenants->policy->tenant_cnt; i++)
		free(tenants->sets[i].range);
	free(tenants->sets);
	address_index_free(&tenants->index);
	free(tenants);
}

static bool is_behind(const struct model_tenant *tenant, const struct packet *packet)
{
	bool twice = packet->vlan_cnt > 1;

	if (!packet->vlan_cnt)
		return true;
	for (size_t i = 0; i < tenant->attach_cnt; i++) {
		const struct model_attach *attach = &tenant->attaches[i];

		if (attach->outer == (twice ? packet->vlan[0] : 0) &&
		    attach->vlan == packet->vlan[twice ? 1 : 0])
			return true;
	}
	return false;
}

static uint16_t owner_find(const struct tenants *tenants, const struct packet *packet,
			   const struct sek_addr *addr)
{
	struct rule_list owners = address_index_find(&tenants->index, addr);
	uint16_t owner = 0;

	for (uint32_t i = 0; i < owners.cnt; i++) {
		const struct model_tenant *tenant = &tenants->policy->tenants[owners.numbers[i]];

		if (!is_behind(tenant, packet))
			continue;
		if (owner)
			return 0;
		owner = tenant->id;
	}
	return owner;
}

uint16_t tenants_find(const struct tenants *tenants, const struct packet *packet)
{
	uint16_t owner;

	if (!tenants)
		return 0;
	if (tenants->only || !packet->family)
		return tenants->only;
	owner = owner_find(tenants, packet, &packet->src);
	return owner ? owner : owner_find(tenants, packet, &packet->dst);
}

const char *tenants_name(const struct tenants *tenants, uint16_t id)
{
	const struct model_tenant *tenant = tenants && id ? policy_tenant_id(tenants->policy, id)
							  : NULL;

	return tenant ? tenant->name : NULL;
}
