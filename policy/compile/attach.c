// SPDX-License-Identifier: Apache-2.0
/*
 * Entries of sek_attach. Called by image_compile().
 */
#include "compile/attach.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/build.h"

struct place_key {
	uint16_t port, vlan, outer;
};

static int add(struct image *image, const struct place_key *at, const struct prefix *prefix,
	       uint16_t tenant, uint16_t owner)
{
	struct image_attach *entry = image_push(&image->attaches, &image->attach_cnt, sizeof(*entry));

	if (!entry)
		return -ENOMEM;
	entry->key.prefixlen = SEK_ATTACH_HEAD + (prefix ? prefix->len : 0);
	entry->key.port = at->port;
	entry->key.vlan = at->vlan;
	entry->key.outer = at->outer;
	if (prefix)
		memcpy(&entry->key.addr, &prefix->addr, sizeof(entry->key.addr));
	entry->value.tenant = tenant;
	entry->value.owner = owner;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct image_attach *x = a, *y = b;
	int order = memcmp(&x->key, &y->key, sizeof(x->key));

	/* of equal keys the one that says more is last */
	return order ? order : (int)y->value.tenant - (int)x->value.tenant;
}

/* "Somebody lives here", for the packets whose addresses are nobody's. */
static int used_add(const struct model_tenant *tenant, struct image *image, const struct place_key *at)
{
	static const struct prefix v4 = { .addr.b = { [10] = 0xff, [11] = 0xff },
					  .len = PREFIX_V4_BITS };
	int err = add(image, at, NULL, SEK_ATTACH_ANY, tenant->id);

	/* an IPv6 prefix such as ::/0 holds no IPv4 address */
	return err ? err : add(image, at, &v4, SEK_ATTACH_ANY, tenant->id);
}

static int tenant_add(const struct model_tenant *tenant, struct image *image)
{
	int err = 0;

	for (size_t i = 0; i < tenant->attach_cnt && !err; i++) {
		const struct model_attach *attach = &tenant->attaches[i];
		const struct place_key at = { attach->port_id, attach->vlan, attach->outer };

		err = used_add(tenant, image, &at);
		for (size_t p = 0; p < tenant->prefix_cnt && !err; p++)
			err = add(image, &at, &tenant->prefixes[p], tenant->id, 0);
		/* a next hop outside: nobody's source within, no spoofed one without */
		for (size_t p = 0; p < tenant->router_cnt && !err; p++)
			err = add(image, &at, &tenant->routers[p], SEK_ATTACH_ANY, tenant->id);
	}
	return err;
}

static int host_add(const struct model_tenant *host, struct image *image, const struct place_key *at)
{
	int err = 0;

	for (size_t i = 0; i < host->prefix_cnt && !err; i++)
		err = add(image, at, &host->prefixes[i], 0, 0);
	return err;
}

/* The host's addresses: on each routing port, untagged and wherever a body is. */
static int host_places(const struct policy *policy, struct image *image)
{
	const struct model_tenant *host = &policy->tenants[0];
	int err = 0;

	for (size_t i = 0; i < policy->port_cnt && !err; i++) {
		const struct model_port *port = &policy->ports[i];
		const struct place_key untagged = { port->id, 0, 0 };

		if (port->bridge)
			continue;
		err = host_add(host, image, &untagged);
		for (size_t t = 1; t < policy->tenant_cnt; t++) {
			const struct model_tenant *tenant = &policy->tenants[t];

			for (size_t a = 0; a < tenant->attach_cnt && !err; a++) {
				const struct model_attach *attach = &tenant->attaches[a];
				const struct place_key at = { port->id, attach->vlan, attach->outer };

				if (attach->port_id == port->id)
					err = host_add(host, image, &at);
			}
		}
	}
	return err;
}

/* On a bridge, which has none, those of the block page: wherever a body is on an inside port. */
static int page_places(const struct policy *policy, struct image *image)
{
	struct model_page_listen pages[MODEL_NAME_PAGES_MAX];
	size_t cnt = policy_pages(policy, pages);
	int err = 0;

	for (size_t t = 1; t < policy->tenant_cnt && cnt; t++) {
		const struct model_tenant *tenant = &policy->tenants[t];

		for (size_t a = 0; a < tenant->attach_cnt; a++) {
			const struct model_attach *attach = &tenant->attaches[a];
			const struct model_port *port = policy_port_id(policy, attach->port_id);
			const struct place_key at = { attach->port_id, attach->vlan, attach->outer };

			if (!port || !port->bridge || port->outside)
				continue;
			for (size_t i = 0; i < cnt && !err; i++) {
				const struct prefix page = { .addr = pages[i].addr, .len = 128 };

				err = add(image, &at, &page, 0, 0);
			}
		}
	}
	return err;
}

static int conflict(const struct policy *policy, const struct image_attach *entry, struct diag *diag)
{
	const struct model_tenant *host = &policy->tenants[0];
	struct prefix prefix = { .len = (uint8_t)(entry->key.prefixlen - SEK_ATTACH_HEAD) };
	char text[PREFIX_TEXT_MAX];

	memcpy(&prefix.addr, &entry->key.addr, sizeof(prefix.addr));
	diag_add(diag, DIAG_ERROR, host->place.file, host->place.line, host->place.column,
		 "leave it out of the tenant's prefixes",
		 "%s is an address of the host and the whole prefix of a tenant",
		 prefix_print(&prefix, text));
	return -EEXIST;
}

/* Which of two entries of one key stays: the one that says more. */
static bool merge(struct sek_attach *last, const struct sek_attach *next)
{
	uint16_t owner = last->owner == next->owner ? last->owner : 0;

	if (last->tenant != SEK_ATTACH_ANY && last->tenant != next->tenant)
		return false;
	*last = *next;
	last->owner = owner;
	return true;
}

int attaches_build(const struct policy *policy, struct image *image, struct diag *diag)
{
	size_t kept = 0;
	int err = 0;

	for (size_t t = 1; t < policy->tenant_cnt && !err; t++)
		err = tenant_add(&policy->tenants[t], image);
	if (!err)
		err = host_places(policy, image);
	if (!err)
		err = page_places(policy, image);
	if (err || !image->attach_cnt)
		return err;
	qsort(image->attaches, image->attach_cnt, sizeof(*image->attaches), compare);
	for (size_t i = 1; i < image->attach_cnt; i++) {
		struct image_attach *last = &image->attaches[kept], *next = &image->attaches[i];

		if (memcmp(&last->key, &next->key, sizeof(last->key)) != 0)
			image->attaches[++kept] = *next;
		else if (!merge(&last->value, &next->value))
			return conflict(policy, next, diag);
	}
	image->attach_cnt = kept + 1;
	return 0;
}
