/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `sekisho flow explain`. Used by obj_flow.c.
 */
#ifndef POLICY_CLI_EXPLAIN_H
#define POLICY_CLI_EXPLAIN_H

#include "cli/cli.h"

/* The command; its words are EXPLAIN_ARGS. */
int explain_command(struct cli *cli, const struct cli_args *args);

#define EXPLAIN_ARGS                                                                               \
	{                                                                                          \
		{ .name = "tenant", .kind = CLI_KEY, .value = "TENANT" },                          \
			{ .name = "out", .kind = CLI_FLAG }, { .name = "in", .kind = CLI_FLAG },   \
			{ .name = "src", .kind = CLI_KEY, .value = "ADDRESS", .needed = true },    \
			{ .name = "dst", .kind = CLI_KEY, .value = "ADDRESS", .needed = true },    \
			{ .name = "proto", .kind = CLI_KEY, .value = "tcp|udp|icmp|NUMBER" },      \
			{ .name = "dport", .kind = CLI_KEY, .value = "PORT" },                     \
			{ .name = "sport", .kind = CLI_KEY, .value = "PORT" },                     \
			{ .name = "flags", .kind = CLI_KEY, .value = "FLAGS" },                    \
			{ .name = "icmp", .kind = CLI_KEY, .value = "TYPE[/CODE]" },               \
			{ .name = "size", .kind = CLI_KEY, .value = "BYTES" },                     \
			{ .name = "fragment", .kind = CLI_KEY, .value = "first|later" },           \
			{ .name = "port", .kind = CLI_KEY, .value = "NAME" },                      \
			{ .name = "vlan", .kind = CLI_KEY, .value = "[OUTER.]VLAN" },              \
			{ .name = "at", .kind = CLI_KEY, .value = "GENERATION" },                  \
			{ .name = "policy", .kind = CLI_KEY, .value = "FILE" },                    \
	}

#endif
