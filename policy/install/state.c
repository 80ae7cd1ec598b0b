// SPDX-License-Identifier: Apache-2.0
/*
 * Names of the numbers in the maps, and the filter of flows as people write it. Called by the
 * readers beside it (flows.c, counters.c), the CLI and the agent. Pure.
 */
#include "install/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "text/address.h"
#include "text/service.h"

#define LIMIT_MAX 10000000

struct reason_row {
	const char *name, *verdict, *en, *ja;
};

static const struct reason_row *reason_find(uint8_t reason)
{
	static const struct reason_row unknown = { "unknown", "bug", "a reason of another version",
						   "別バージョンの理由" };
	static const struct reason_row rows[SEK_REASONS_MAX] = {
#define SEK_REASON(number, name, verdict, en, ja) [number] = { #name, #verdict, en, ja },
#include "sekisho/reasons.def"
#undef SEK_REASON
	};

	return reason < SEK_REASONS_MAX && rows[reason].name ? &rows[reason] : &unknown;
}

const char *state_reason_name(uint8_t reason)
{
	return reason_find(reason)->name;
}

const char *state_reason_text(uint8_t reason, bool japanese)
{
	const struct reason_row *row = reason_find(reason);

	return japanese ? row->ja : row->en;
}

const char *state_reason_verdict(uint8_t reason)
{
	return reason_find(reason)->verdict;
}

const char *state_flow_state_name(uint8_t state)
{
	static const char *const names[] = {
		[SEK_FLOW_NEW] = "new",
		[SEK_FLOW_STREAM] = "stream",
		[SEK_FLOW_SYN] = "syn",
		[SEK_FLOW_SYN_ACK] = "syn-ack",
		[SEK_FLOW_ESTABLISHED] = "established",
		[SEK_FLOW_FIN] = "fin",
		[SEK_FLOW_CLOSING] = "closing",
		[SEK_FLOW_CLOSED] = "closed",
	};

	return state < sizeof(names) / sizeof(names[0]) ? names[state] : "unknown";
}

const char *state_cause_name(uint8_t cause)
{
	static const char *const names[SEK_CAUSE_CNT] = {
		[SEK_CAUSE_FLOW_START] = "flow-start",
		[SEK_CAUSE_FLOW_END] = "flow-end",
		[SEK_CAUSE_DENY_RULE] = "deny-rule",
		[SEK_CAUSE_DENY_LIST] = "deny-list",
		[SEK_CAUSE_DENY_STATE] = "deny-state",
		[SEK_CAUSE_QUOTA] = "quota",
		[SEK_CAUSE_RATE] = "rate",
		[SEK_CAUSE_MALFORMED] = "malformed",
		[SEK_CAUSE_SPOOFED] = "spoofed",
		[SEK_CAUSE_FRAGMENT] = "fragment",
		[SEK_CAUSE_ROUTE] = "route",
		[SEK_CAUSE_NAME] = "name",
	};

	return cause < SEK_CAUSE_CNT ? names[cause] : "unknown";
}

const char *state_dir_name(uint8_t dir)
{
	return dir == SEK_OUT ? "out" : dir == SEK_IN ? "in" : "unknown";
}

/* What a reader of one member hands on. */
struct filter_read {
	const struct policy *policy;
	struct state_filter filter;
	struct diag *diag;
};

static bool number_read(const json_t *value, uint64_t max, uint64_t *ret_number)
{
	const char *text = json_string_value(value);
	char *end;

	if (json_is_integer(value)) {
		if (json_integer_value(value) < 0 || (uint64_t)json_integer_value(value) > max)
			return false;
		*ret_number = json_integer_value(value);
		return true;
	}
	if (!text || *text < '0' || *text > '9')
		return false;
	errno = 0;
	*ret_number = strtoull(text, &end, 10);
	return !*end && !errno && *ret_number <= max;
}

static const char *tenant_read(struct filter_read *read, const json_t *value)
{
	const char *name = json_string_value(value);
	const struct model_tenant *tenant = name && read->policy ? policy_tenant(read->policy, name)
								 : NULL;
	uint64_t id;

	if (tenant)
		read->filter.tenant = tenant->id;
	else if (number_read(value, SEK_TENANTS_MAX - 1, &id))
		read->filter.tenant = (int32_t)id;
	else
		return "no such tenant; `sekisho tenant show` lists them";
	return NULL;
}

static const char *proto_read(struct filter_read *read, const json_t *value)
{
	const char *name = json_string_value(value);
	uint64_t number;
	uint8_t proto;

	if (name && !strcmp(name, "icmp"))
		read->filter.proto = STATE_PROTO_ICMP;
	else if (name && !proto_parse(name, &proto))
		read->filter.proto = proto;
	else if (number_read(value, 255, &number))
		read->filter.proto = (int32_t)number;
	else
		return "a protocol: tcp, udp, icmp, esp or a number from 0 to 255";
	return NULL;
}

static const char *prefix_read(struct prefix *prefix, const json_t *value)
{
	const char *text = json_string_value(value);
	enum prefix_error error = text ? prefix_parse(text, strlen(text), prefix, NULL)
				       : PREFIX_NOT_ADDRESS;

	return error ? prefix_error_text(error) : NULL;
}

static const char *src_read(struct filter_read *read, const json_t *value)
{
	return prefix_read(&read->filter.src, value);
}

static const char *dst_read(struct filter_read *read, const json_t *value)
{
	return prefix_read(&read->filter.dst, value);
}

static const char *port_read(struct filter_read *read, const json_t *value)
{
	uint64_t port;

	if (!number_read(value, 65535, &port) || !port)
		return "a number from 1 to 65535";
	read->filter.port = (uint16_t)port;
	return NULL;
}

static const char *limit_read(struct filter_read *read, const json_t *value)
{
	uint64_t limit;

	if (!number_read(value, LIMIT_MAX, &limit))
		return "a number, 0 for no limit";
	read->filter.limit = (uint32_t)limit;
	return NULL;
}

static const char *order_read(struct filter_read *read, const json_t *value)
{
	const char *name = json_string_value(value);

	if (!name || strcmp(name, "bytes") != 0)
		return "bytes, the only order there is";
	read->filter.largest = true;
	return NULL;
}

static void member_read(struct filter_read *read, const char *name, const json_t *value)
{
	static const struct {
		const char *name;
		const char *(*read)(struct filter_read *read, const json_t *value);
	} members[] = {
		{ "tenant", tenant_read }, { "src", src_read },	  { "dst", dst_read },
		{ "proto", proto_read },   { "port", port_read }, { "limit", limit_read },
		{ "order", order_read },
	};
	const char *hint = "tenant, src, dst, proto, port, limit, order";

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (!strcmp(name, members[i].name)) {
			hint = members[i].read(read, value);
			if (hint)
				break;
			return;
		}
	diag_add(read->diag, DIAG_ERROR, NULL, 0, 0, hint, "\"%s\" cannot be a filter of flows%s%s",
		 name, json_is_string(value) ? ": " : "",
		 json_is_string(value) ? json_string_value(value) : "");
}

int state_filter_read(const json_t *params, const struct policy *policy,
		      struct state_filter *ret_filter, struct diag *diag)
{
	struct filter_read read = { .policy = policy,
				    .diag = diag,
				    .filter = { .tenant = -1, .proto = -1 } };
	size_t errors = diag->error_cnt;
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)params, name, value)
		member_read(&read, name, value);
	if (read.filter.largest && (!read.filter.limit || read.filter.limit > STATE_LARGEST_MAX))
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL,
			 "flows in the order of their bytes need a limit, from 1 to %d",
			 STATE_LARGEST_MAX);
	if (diag->error_cnt != errors)
		return -EINVAL;
	*ret_filter = read.filter;
	return 0;
}
