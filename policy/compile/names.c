// SPDX-License-Identifier: Apache-2.0
/*
 * Settings of names to profiles. A week has 672 quarters of an hour; quarters in which the same lists
 * count are one phase. Called by image_compile() and by the commands that explain. Pure.
 */
#include "compile/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/build.h"

/* Which lists count in a quarter for one use. */
static uint64_t lists_at(const struct model_names *names, enum model_use use, unsigned int quarter)
{
	uint64_t lists = 0;

	for (size_t i = 0; i < names->taking_cnt[use]; i++)
		if (week_has(&names->takings[use][i].when, quarter))
			lists |= names->takings[use][i].lists;
	return lists;
}

/* Looked at in every phase, even with no list: an override or what was learned may speak of a name. */
static struct sek_name_phase phase_at(const struct model_names *names, unsigned int quarter)
{
	return (struct sek_name_phase){
		.block = lists_at(names, USE_BLOCK, quarter),
		.allow = lists_at(names, USE_ALLOW, quarter),
		.inspect = lists_at(names, USE_INSPECT, quarter),
		.flags = SEK_NAME_LOOKS_ON |
			 (names->mode == NAMES_ONLY_LISTED ? SEK_NAME_ONLY_LISTED : 0),
	};
}

static bool week_build(const struct model_names *names, struct sek_name_profile *profile)
{
	unsigned int cnt = 0, phase;

	for (unsigned int quarter = 0; quarter < SEK_NAME_QUARTERS; quarter++) {
		struct sek_name_phase now = phase_at(names, quarter);

		for (phase = 0; phase < cnt; phase++)
			if (!memcmp(&profile->phase[phase], &now, sizeof(now)))
				break;
		if (phase == SEK_NAME_PHASES_MAX)
			return false;
		if (phase == cnt)
			profile->phase[cnt++] = now;
		profile->week[quarter] = (uint8_t)phase;
	}
	return true;
}

static uint16_t flags_of(const struct model_names *names)
{
	unsigned int flags = 0;

	if (names->quic == HIDDEN_REFUSE)
		flags |= SEK_NAME_QUIC_REFUSE;
	if (names->dot == HIDDEN_REFUSE)
		flags |= SEK_NAME_DOT_REFUSE;
	if (names->nameless == NAMELESS_BLOCK)
		flags |= SEK_NAME_TLS_STRICT;
	if (names->records != RECORDS_NONE)
		flags |= SEK_NAME_TELL_DNS;
	if (names->records == RECORDS_ALL)
		flags |= SEK_NAME_TELL_NAMES;
	return (uint16_t)flags;
}

bool name_profile_build(const struct policy *policy, const struct model_names *names,
			struct sek_name_profile *profile)
{
	static const uint8_t hows[] = {
		[ANSWER_NXDOMAIN] = SEK_NAME_NXDOMAIN,
		[ANSWER_NODATA] = SEK_NAME_NODATA,
		[ANSWER_SINKHOLE] = SEK_NAME_SINKHOLE,
	};
	static const uint8_t echs[] = {
		[ECH_ALLOW] = SEK_ECH_ALLOW,
		[ECH_STRIP] = SEK_ECH_STRIP,
		[ECH_BLOCK] = SEK_ECH_BLOCK,
	};
	const struct model_name_site *site = &policy->names;

	memset(profile, 0, sizeof(*profile));
	if (!names->on)
		return true; /* of a tenant that has groups: nothing is decided, nothing is told */
	profile->answer = hows[names->answer];
	profile->ech = echs[names->ech];
	profile->flags = flags_of(names);
	if (site->sink4.len)
		profile->sink4 = site->sink4.addr.w[3];
	if (site->sink6.len)
		profile->sink6 = site->sink6.addr;
	profile->sink_ttl_s = site->sink_ttl_s;
	return week_build(names, profile);
}

static int profile_full(const struct model_names *names, struct diag *diag)
{
	diag_add(diag, DIAG_ERROR, names->place.file, names->place.line, names->place.column,
		 "fewer bodies or groups with settings of their own",
		 "more than %d different settings of names", SEK_NAME_PROFILES_MAX - 1);
	return -ENOSPC;
}

/* The number of a profile: an equal one's, or a new one. 0 or -errno. */
static int profile_number(const struct policy *policy, const struct model_names *names,
			  struct image *image, struct diag *diag, uint16_t *ret_number)
{
	struct sek_name_profile profile, *to;

	if (!name_profile_build(policy, names, &profile)) {
		diag_add(diag, DIAG_ERROR, names->place.file, names->place.line,
			 names->place.column, "give lists the same hours",
			 "more than %d different times of the week", SEK_NAME_PHASES_MAX);
		return -ENOSPC;
	}
	for (size_t i = 1; i < image->name_profile_cnt; i++) {
		if (!memcmp(&image->name_profiles[i], &profile, sizeof(profile))) {
			*ret_number = (uint16_t)i;
			return 0;
		}
	}
	if (image->name_profile_cnt == SEK_NAME_PROFILES_MAX)
		return profile_full(names, diag);
	to = image_push(&image->name_profiles, &image->name_profile_cnt, sizeof(*to));
	if (!to)
		return -ENOMEM;
	*to = profile;
	*ret_number = (uint16_t)(image->name_profile_cnt - 1);
	return 0;
}

static int group_build(const struct model_tenant *tenant, const struct model_name_group *group,
		       uint16_t profile, struct image *image)
{
	for (size_t i = 0; i < group->prefix_cnt; i++) {
		const struct prefix *prefix = &group->prefixes[i];
		struct image_name_group *to =
			image_push(&image->name_groups, &image->name_group_cnt, sizeof(*to));

		if (!to)
			return -ENOMEM;
		to->key.prefixlen = SEK_NAME_GROUP_HEAD + prefix->len;
		to->key.tenant = tenant->id;
		to->key.addr = prefix->addr;
		to->profile = profile;
	}
	return 0;
}

static int tenant_build(const struct policy *policy, const struct model_tenant *tenant,
			struct image *image, struct diag *diag)
{
	struct sek_tenant *out = &image->tenants[tenant->id];
	uint16_t profile = 0;
	int err = 0;

	if (tenant->names.on || tenant->name_group_cnt)
		err = profile_number(policy, &tenant->names, image, diag, &profile);
	out->name_profile = profile;
	out->name_groups = tenant->name_group_cnt > 0;
	for (size_t i = 0; i < tenant->name_group_cnt && !err; i++) {
		const struct model_name_group *group = &tenant->name_groups[i];

		err = profile_number(policy, &group->names, image, diag, &profile);
		if (!err)
			err = group_build(tenant, group, profile, image);
	}
	return err;
}

int names_build(const struct policy *policy, struct image *image, struct diag *diag)
{
	int err = 0;

	if (!image_push(&image->name_profiles, &image->name_profile_cnt,
			sizeof(*image->name_profiles)))
		return -ENOMEM;
	for (size_t i = 0; i < policy->tenant_cnt && !err; i++)
		err = tenant_build(policy, &policy->tenants[i], image, diag);
	return err;
}
