// SPDX-License-Identifier: Apache-2.0
/*
 * The setting "protect": what guards a tenant's servers beyond rules and quotas. Called by the table
 * of settings. "protect: synflood" is short for "protect: {synflood: auto}".
 */
#include "model/reader.h"

#define GUARD (SEK_TENANT_GUARD_AUTO | SEK_TENANT_GUARD_ALWAYS)

static void read_synflood(struct reader *r, const struct node *value, const struct field *f,
			  void *member)
{
	static const char *const words[] = { "off", "auto", "always", NULL };
	static const uint32_t flags[] = { 0, SEK_TENANT_GUARD_AUTO, SEK_TENANT_GUARD_ALWAYS };
	struct model_tenant *tenant = member;
	int word = reader_word(r, value, words);

	if (word >= 0)
		tenant->limits.flags = (tenant->limits.flags & ~GUARD) | flags[word];
}

/* member: the tenant */
void read_protect(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	static const char *const words[] = { "synflood", NULL };
	static const struct field fields[] = {
		{ .name = "synflood", .read = read_synflood },
		{},
	};
	struct model_tenant *tenant = member;

	if (value->kind != NODE_SCALAR)
		reader_map(r, value, fields, member);
	else if (reader_word(r, value, words) == 0)
		tenant->limits.flags = (tenant->limits.flags & ~GUARD) | SEK_TENANT_GUARD_AUTO;
}

void protect_finish(struct sek_tenant *limits)
{
	limits->guard_half = limits->half_max / 2 ? limits->half_max / 2 : 1;
}
