/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns `sekisho port`: where packets come in and leave.
 */
#include "cli/live.h"
#include "install/state.h"

static json_t *peek(const struct gate *gate, const struct policy *policy, const json_t *params,
		    struct diag *diag)
{
	return state_ports(gate, policy, diag);
}

static int show(struct cli *cli, const struct cli_args *args)
{
	static const struct column columns[] = {
		{ "id", "ID", COLUMN_COUNT },
		{ "port", "PORT", COLUMN_TEXT },
		{ "side", "SIDE", COLUMN_TEXT },
		{ "mode", "MODE", COLUMN_TEXT },
		{ "hook", "HOOK", COLUMN_TEXT },
		{ "state", "STATE", COLUMN_TEXT },
		{ "link", "LINK", COLUMN_TEXT },
		{ "speed_bits_per_s", "SPEED", COLUMN_BITS },
		{ "driver", "DRIVER", COLUMN_TEXT },
		{ "packets", "PACKETS", COLUMN_COUNT },
		{ "bytes", "BYTES", COLUMN_BYTES },
		{ "dropped", "DROPPED", COLUMN_COUNT },
		{ "kernel.rx_dropped", "KERNEL RX DROPPED", COLUMN_COUNT },
		{ "kernel.tx_dropped", "KERNEL TX DROPPED", COLUMN_COUNT },
		{ "problem", "PROBLEM", COLUMN_TEXT },
	};
	const struct column reasons[] = {
		{ "verdict", "VERDICT", COLUMN_TEXT },
		{ "reason", "REASON", COLUMN_TEXT },
		{ "packets", "PACKETS", COLUMN_COUNT },
		{ "bytes", "BYTES", COLUMN_BYTES },
		{ cli->japanese ? "text_ja" : "text", "MEANING", COLUMN_TEXT },
	};
	static const struct view view = VIEW("ports", columns, "The policy in force has no port.");
	const struct view detail = VIEW("reasons", reasons, "Nothing has come in by it yet.");
	json_t *result = NULL, *port;
	int ret = live_read(cli, "port.show", json_object(), peek, &result);

	if (ret == CLI_OK)
		ret = live_keep(cli, result, "ports", "port", cli_arg(args, "port"));
	if (ret != CLI_OK) {
		json_decref(result);
		return ret;
	}
	port = cli_has(args, "port") && !cli->json
		       ? json_incref(json_array_get(json_object_get(result, "ports"), 0))
		       : NULL;
	ret = live_print(cli, result, &view);
	if (port && ret == CLI_OK) {
		fputc('\n', cli->out);
		return live_print(cli, port, &detail);
	}
	json_decref(port);
	return ret;
}

static const struct cli_command commands[] = {
	{ "show",
	  "ports, their hook, link and driver, what came in by them; with PORT, why each packet ended",
	  show,
	  { { .name = "port", .kind = CLI_WORD, .value = "PORT" } } },
	{ 0 },
};

const struct cli_object object_port = {
	.name = "port",
	.summary = "the gateway's ports and what comes in by them",
	.commands = commands,
	.usual = "show",
	.teach = "  sekisho port show            all ports\n"
		 "  sekisho port show outside    one, with its packets by reason\n"
		 "HOOK is where packets are met: xdp (in the driver), tc, generic or dispatcher; a\n"
		 "policy asks for one by hook: auto | xdp | generic | tc.\n"
		 "DROPPED is by the gateway's rules; KERNEL RX and TX DROPPED are what the kernel lost at\n"
		 "the interface by itself, for want of room mostly.\n"
		 "A port whose interface is missing or whose VLAN offload is on says so under PROBLEM.\n",
};
