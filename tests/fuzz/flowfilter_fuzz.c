// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as what a client of the control socket says of the flows that it wants to see or to end: all of it
 * is understood and lies within its bounds, or it is refused with words. Nothing is left that would match more
 * than was said.
 */
#include <stdlib.h>
#include <string.h>

#include "install/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char text[] = "version: 1\n"
			   "ports:\n"
			   "  - {name: inside, id: 1, side: inside, mode: bridge, peer: outside}\n"
			   "  - {name: outside, id: 2, side: outside, mode: bridge, peer: inside}\n"
			   "tenants:\n"
			   "  - name: saga\n"
			   "    id: 1\n"
			   "    attach: [{port: inside, vlan: 101}, {port: outside, vlan: 101}]\n"
			   "    prefixes: [10.1.0.0/16]\n";

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static void filter_check(const json_t *params, const struct state_filter *filter)
{
	demand(filter->tenant >= -1 && filter->tenant < SEK_TENANTS_MAX);
	demand(filter->proto >= -1 && filter->proto <= STATE_PROTO_ICMP);
	demand(filter->src.len <= 128 && filter->dst.len <= 128);
	demand((filter->tenant >= 0) == (json_object_get(params, "tenant") != NULL));
	demand((filter->proto >= 0) == (json_object_get(params, "proto") != NULL));
	demand((filter->port != 0) == (json_object_get(params, "port") != NULL));
	demand(filter->largest == (json_object_get(params, "order") != NULL));
	demand(!filter->largest || (filter->limit && filter->limit <= STATE_LARGEST_MAX));
	demand(!filter->expired && !filter->now_ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct policy *policy;
	json_t *params = json_loadb((const char *)data, size, JSON_DECODE_ANY, NULL);
	struct state_filter filter;
	struct diag diag;
	int r;

	diag_init(&diag);
	if (!policy)
		policy = policy_parse(text, strlen(text), "fuzz.yaml", NULL, &diag);
	demand(policy && !diag.error_cnt);
	r = state_filter_read(params, size % 2 ? policy : NULL, &filter, &diag);
	demand((r != 0) == (diag.error_cnt > 0));
	if (!r)
		filter_check(params, &filter);
	diag_free(&diag);
	json_decref(params);
	return 0;
}
