/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A look at every tenant's quota once in a second. Called by agent.c.
 */
#include "dataplane/flood.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "dataplane/counters.h"
#include "install/state.h"
#include "sekisho/tenant.h"
#include "text/counted.h"

#define PERIOD_MS 1000
#define RENEW_EVERY 3600 /* looks; whether the secret is old enough is policy/install's to say */

struct flood {
	struct gate *gate;
	const struct editions *editions;
	void (*record)(void *arg, const struct eve_flood *flood);
	void *arg;
	struct source *period;
	uint32_t looks;
	struct guard {
		bool active;
		bool known; /* looked at before */
		uint64_t answered, opened; /* at the last look before it began */
	} guards[SEK_TENANTS_MAX];
};

static uint64_t counted(const struct flood *flood, uint16_t tenant, enum sek_reason reason)
{
	struct sek_count cell = {};

	(void)counter_read(flood->gate, "sek_count", count_index(tenant, SEK_IN, reason), &cell);
	return cell.packets;
}

static void turn(struct flood *flood, const struct edition *edition,
		 const struct model_tenant *tenant, const struct sek_quota *quota)
{
	struct guard *guard = &flood->guards[tenant->id];
	struct eve_flood event = { .generation = edition->generation, .tenant = tenant->name };

	guard->active = !guard->active;
	if (guard->active) {
		log_warn("%s: SYN flood, %lld half-open flows: SYNs are answered by cookies",
			 tenant->name, (long long)quota->half);
	} else {
		event.over = true;
		event.answered = counted(flood, tenant->id, SEK_R_cookie_sent) - guard->answered;
		event.opened = counted(flood, tenant->id, SEK_R_cookie_opened) - guard->opened;
		log_warn("%s: SYN flood is over, %s answered, %s proved to receive", tenant->name,
			 COUNTED(event.answered, "SYN"), COUNTED(event.opened, "client"));
	}
	event.half_open = quota->half > 0 ? (uint64_t)quota->half : 0;
	flood->record(flood->arg, &event);
}

/* While it is quiet the counts are kept up, so that the first moments of a flood are in its account. */
static void look(struct flood *flood, const struct edition *edition, const struct model_tenant *tenant)
{
	struct guard *guard = &flood->guards[tenant->id];
	bool guarded = tenant->limits.flags & SEK_TENANT_GUARD_AUTO, active;
	struct sek_quota quota = {};
	uint32_t id = tenant->id;

	if (!guarded && !guard->active)
		return;
	if (bpf_map_lookup_elem(gate_map_fd(flood->gate, "sek_quota"), &id, &quota))
		return;
	active = guarded && state_synflood(&tenant->limits, &quota);
	if (!guard->active && (!active || !guard->known)) {
		guard->answered = counted(flood, tenant->id, SEK_R_cookie_sent);
		guard->opened = counted(flood, tenant->id, SEK_R_cookie_opened);
		guard->known = true;
	}
	if (active != guard->active)
		turn(flood, edition, tenant, &quota);
}

static void period_due(void *arg)
{
	struct flood *flood = arg;
	const struct edition *edition = editions_live(flood->editions);

	for (size_t i = 0; edition && i < edition->policy->tenant_cnt; i++)
		look(flood, edition, &edition->policy->tenants[i]);
	if (++flood->looks % RENEW_EVERY == 0) {
		int err = gate_secret_renew(flood->gate);

		if (err)
			log_error("flood: the secret of SYN cookies could not be renewed: %s; the "
				  "former stays in use",
				  strerror(-err));
	}
}

int flood_new(struct loop *loop, struct gate *gate, const struct editions *editions,
	      void (*record)(void *arg, const struct eve_flood *flood), void *arg,
	      struct flood **ret_flood)
{
	struct flood *flood = calloc(1, sizeof(*flood));
	int err;

	if (!flood)
		return -ENOMEM;
	flood->gate = gate;
	flood->editions = editions;
	flood->record = record;
	flood->arg = arg;
	err = loop_timer(loop, PERIOD_MS, PERIOD_MS, period_due, flood, &flood->period);
	if (err) {
		free(flood);
		return err;
	}
	*ret_flood = flood;
	return 0;
}

void flood_free(struct flood *flood)
{
	if (!flood)
		return;
	source_remove(flood->period);
	free(flood);
}
