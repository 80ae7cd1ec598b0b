/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns `sekisho flow`: the connections that the gateway holds.
 */
#include "cli/explain.h"
#include "cli/live.h"
#include "install/state.h"
#include "text/counted.h"

#define LIMIT_USUAL 100

static json_t *peek(const struct gate *gate, const struct policy *policy, const json_t *params,
		    struct diag *diag)
{
	struct state_filter filter;

	if (state_filter_read(params, policy, &filter, diag) < 0)
		return NULL;
	return state_flows(gate, policy, &filter, diag);
}

/* What both commands take. CLI_OK, or CLI_USAGE with the words said. */
static int filter(struct cli *cli, const struct cli_args *args, json_t **ret_params)
{
	static const char *const names[] = { "tenant", "src", "dst", "proto", NULL };
	uint64_t port = 0;
	json_t *params;

	if (cli_number(cli, args, "port", 1, 65535, &port) != 0)
		return CLI_USAGE;
	params = live_params(args, names);
	if (port)
		json_object_set_new(params, "port", json_integer((json_int_t)port));
	*ret_params = params;
	return CLI_OK;
}

static int show(struct cli *cli, const struct cli_args *args)
{
	static const struct column columns[] = {
		{ "tenant", "TENANT", COLUMN_TEXT },
		{ "dir", "DIR", COLUMN_TEXT },
		{ "proto", "PROTO", COLUMN_TEXT },
		{ "src", "SOURCE", COLUMN_TEXT },
		{ "sport", "PORT", COLUMN_TEXT },
		{ "dst", "DESTINATION", COLUMN_TEXT },
		{ "dport", "PORT", COLUMN_TEXT },
		{ "state", "STATE", COLUMN_TEXT },
		{ "age_s", "AGE", COLUMN_SECONDS },
		{ "idle_s", "IDLE", COLUMN_SECONDS },
		{ "bytes_out", "OUT", COLUMN_BYTES },
		{ "bytes_in", "IN", COLUMN_BYTES },
		{ "rule", "RULE", COLUMN_TEXT },
		{ "flags", "FLAGS", COLUMN_TEXT },
		{ "inspection.state", "INSPECTION", COLUMN_TEXT },
		{ "inspection.protocol", "CARRIES", COLUMN_TEXT },
		{ "inspection.rules", "RULES LEFT", COLUMN_COUNT },
		{ "inspection.back_why|inspection.looked_at_for", "WHY", COLUMN_TEXT },
	};
	static const struct view view = VIEW("flows", columns, "No flow matches.");
	json_t *params = NULL, *result = NULL;
	json_int_t shown, matched;
	uint64_t limit = LIMIT_USUAL;
	int ret;

	if (cli_number(cli, args, "limit", 0, UINT32_MAX, &limit) != 0)
		return CLI_USAGE;
	ret = filter(cli, args, &params);
	if (ret != CLI_OK)
		return ret;
	json_object_set_new(params, "limit", json_integer((json_int_t)limit));
	if (cli_has(args, "largest"))
		json_object_set_new(params, "order", json_string("bytes"));
	ret = live_read(cli, "flow.show", params, peek, &result);
	if (ret != CLI_OK)
		return ret;
	shown = json_integer_value(json_object_get(result, "shown"));
	matched = json_integer_value(json_object_get(result, "matched"));
	ret = live_print(cli, result, &view);
	if (ret == CLI_OK && !cli->json && shown)
		fprintf(cli->out, "%lld of %s shown%s\n", (long long)shown,
			COUNTED(matched, "matching flow"),
			shown < matched ? "; 'limit 0' shows all" : "");
	return ret;
}

static int flow_delete(struct cli *cli, const struct cli_args *args)
{
	static const struct column columns[] = { { "deleted", "flows deleted", COLUMN_COUNT } };
	static const struct view view = { .columns = columns, .column_cnt = 1 };
	json_t *params = NULL, *result = NULL;
	int ret = filter(cli, args, &params);

	if (ret != CLI_OK)
		return ret;
	if (json_object_size(params) == 0 && !cli_has(args, "all")) {
		json_decref(params);
		return cli_fail(cli, CLI_USAGE, NULL,
				"which flows? name a tenant, src, dst, port or proto, or say 'all'");
	}
	if (json_object_size(params) > 0 && cli_has(args, "all")) {
		json_decref(params);
		return cli_fail(cli, CLI_USAGE, NULL,
				"'all' and a filter contradict each other; leave one out");
	}
	ret = live_ask(cli, "flow.delete", params, &result);
	return ret == CLI_OK ? live_print(cli, result, &view) : ret;
}

static const struct cli_command commands[] = {
	{ "show",
	  "flows that match every word given, 100 unless limit says otherwise; largest: by their bytes",
	  show,
	  { { .name = "tenant", .kind = CLI_KEY, .value = "TENANT" },
	    { .name = "src", .kind = CLI_KEY, .value = "PREFIX" },
	    { .name = "dst", .kind = CLI_KEY, .value = "PREFIX" },
	    { .name = "port", .kind = CLI_KEY, .value = "PORT" },
	    { .name = "proto", .kind = CLI_KEY, .value = "tcp|udp|icmp|icmp6|NUMBER" },
	    { .name = "limit", .kind = CLI_KEY, .value = "N" },
	    { .name = "largest", .kind = CLI_FLAG } } },
	{ "delete",
	  "ends flows: their next packet is asked about as the first of a new one",
	  flow_delete,
	  { { .name = "tenant", .kind = CLI_KEY, .value = "TENANT" },
	    { .name = "src", .kind = CLI_KEY, .value = "PREFIX" },
	    { .name = "dst", .kind = CLI_KEY, .value = "PREFIX" },
	    { .name = "port", .kind = CLI_KEY, .value = "PORT" },
	    { .name = "proto", .kind = CLI_KEY, .value = "tcp|udp|icmp|icmp6|NUMBER" },
	    { .name = "all", .kind = CLI_FLAG } } },
	{ "explain", "what the gateway's own program says of a packet, stage by stage, and why",
	  explain_command, EXPLAIN_ARGS },
	{ 0 },
};

const struct cli_object object_flow = {
	.name = "flow",
	.summary = "connections through the gateway",
	.commands = commands,
	.usual = "show",
	.teach = "  sekisho flow show tenant saga port 443       who of Saga city speaks TLS now\n"
		 "  sekisho flow show dst 203.0.113.0/24 limit 0\n"
		 "  sekisho flow show tenant saga largest limit 10   who fills the line?\n"
		 "  sekisho flow delete src 10.1.0.7             cut one terminal off\n"
		 "  sekisho flow explain tenant saga src 10.1.0.7 dst 203.0.113.80 dport 443\n"
		 "      why is this blocked? By which rule or list, in which line of the policy?\n"
		 "  sekisho flow explain src 10.1.0.7 dst 203.0.113.80 icmp echo-request at 12\n"
		 "      and under the policy of generation 12? Or policy FILE, before it is applied?\n"
		 "src is who opened the flow. A block list reaches running flows by itself.\n"
		 "explain leaves no trace: the program is loaded a second time, for others than root by the\n"
		 "agent. out or in follows from whose address src is; so do port and vlan of arrival.\n",
};
