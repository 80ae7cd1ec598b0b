/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `sekisho url request`: what users ask to be released from the block page. A command of the object url.
 */
#ifndef POLICY_CLI_URL_REQUEST_H
#define POLICY_CLI_URL_REQUEST_H

#include "cli/cli.h"

int url_request(struct cli *cli, const struct cli_args *args);

/* Its row in the table of the object. */
#define URL_REQUEST_COMMAND                                                                             \
	{                                                                                               \
		"request",                                                                              \
			"requests for release from the block page: list, show ID, grant ID, deny ID",   \
			url_request,                                                                    \
		{                                                                                       \
			{ .name = "action",                                                             \
			  .kind = CLI_WORD,                                                             \
			  .value = "list|show|grant|deny",                                              \
			  .needed = true },                                                             \
				{ .name = "id", .kind = CLI_WORD, .value = "ID" },                      \
				{ .name = "for", .kind = CLI_KEY, .value = "TIME" },                    \
				{ .name = "message", .kind = CLI_KEY, .value = "TEXT", .letter = 'm' }, \
				{ .name = "tenant", .kind = CLI_KEY, .value = "NAME" },                 \
			{                                                                               \
				.name = "state", .kind = CLI_KEY, .value = "pending|granted|denied"     \
			}                                                                               \
		}                                                                                       \
	}

#endif
