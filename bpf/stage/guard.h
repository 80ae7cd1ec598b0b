/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * When a tenant's servers are guarded by SYN cookies: always, or from the moment that half of its
 * half-open flows are taken until the flood is over. Owns guard_ns and cookie_ns of sek_quota; called
 * by stage/syncookie.h and, to know whether an acknowledgment may be a cookie's, by stage/flow.h.
 *
 * guard_ns is a bucket kept as a time: every SYN that is answered pushes it on, every cookie that
 * comes back pulls it back, time itself empties it. Under a flood it stays HOLD ahead; it runs out
 * when less than half as much remains unanswered as would fill the half-open flows to where it began.
 */
#ifndef BPF_STAGE_GUARD_H
#define BPF_STAGE_GUARD_H

#include "core/maps.h"
#include "core/packet.h"
#include "sekisho/syncookie.h"
#include "stage/quota.h"

#define GUARD_HOLD_NS (30 * NSEC_PER_SEC)
#define GUARD_DRAIN_NS (40 * NSEC_PER_SEC) /* twice the usual life of a half-open flow */
#define GUARD_COOKIES_NS (2ULL << SEK_COOKIE_PERIOD_SHIFT)

/* Only what comes from the Internet to a body. */
static __always_inline bool guard_is_inward(const struct packet *p)
{
	return p->dir == SEK_IN && p->port_flags & SEK_PORT_OUTSIDE;
}

static __always_inline __u64 guard_step(const struct sek_tenant *tenant)
{
	return GUARD_DRAIN_NS / (tenant->guard_half ? tenant->guard_half : 1);
}

/* Whether this SYN is answered by a cookie. */
static __always_inline bool guard_on(const struct packet *p, const struct sek_tenant *tenant,
				     struct sek_quota *quota)
{
	__u64 until, now = p->now_ns;

	if (tenant->flags & SEK_TENANT_GUARD_ALWAYS)
		return true;
	if (!(tenant->flags & SEK_TENANT_GUARD_AUTO))
		return false;
	until = READ_ONCE(quota->guard_ns);
	if (until > now) {
		if (until < now + GUARD_HOLD_NS)
			__sync_fetch_and_add(&quota->guard_ns, guard_step(tenant));
		return true;
	}
	if (READ_ONCE(quota->half) < tenant->guard_half)
		return false;
	WRITE_ONCE(quota->guard_ns, now + GUARD_HOLD_NS);
	return true;
}

/* A client has proved itself. */
static __always_inline void guard_ease(const struct packet *p, const struct sek_tenant *tenant,
				       struct sek_quota *quota)
{
	if (tenant->flags & SEK_TENANT_GUARD_AUTO && READ_ONCE(quota->guard_ns) > p->now_ns)
		__sync_fetch_and_add(&quota->guard_ns, -guard_step(tenant));
}

/* A cookie goes out: noted to the second. */
static __always_inline void guard_gave(const struct packet *p, struct sek_quota *quota)
{
	if (p->now_ns - READ_ONCE(quota->cookie_ns) >= NSEC_PER_SEC)
		WRITE_ONCE(quota->cookie_ns, p->now_ns);
}

/* Whether a cookie that is still good may be out. */
static __always_inline bool guard_recent(const struct packet *p)
{
	const struct sek_quota *quota = quota_of(p->tenant);
	__u64 given;

	if (!quota || !guard_is_inward(p))
		return false;
	given = READ_ONCE(quota->cookie_ns);
	return given && (__s64)(p->now_ns - given) < (__s64)GUARD_COOKIES_NS;
}

#endif
