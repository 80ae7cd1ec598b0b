/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns `sekisho url`: what lists of names, and tenants above them, say of a name or a URL.
 */
#include "cli/url.h"
#include "cli/url_request.h"

static const struct cli_command commands[] = {
	{ "explain",
	  "would this name or URL be blocked, by which entry of which list, and how on the wire",
	  url_explain,
	  { { .name = "url", .kind = CLI_WORD, .value = "URL", .needed = true },
	    { .name = "tenant", .kind = CLI_KEY, .value = "TENANT", .needed = true },
	    { .name = "group", .kind = CLI_KEY, .value = "GROUP" },
	    { .name = "src", .kind = CLI_KEY, .value = "ADDRESS" },
	    { .name = "at", .kind = CLI_KEY, .value = "TIME" },
	    { .name = "policy", .kind = CLI_KEY, .value = "FILE" } } },
	{ "test",
	  "what a list or policy would do to the requests of a log, against what is done now",
	  url_test,
	  { { .name = "file", .kind = CLI_KEY, .value = "FILE", .needed = true, .letter = 'f' },
	    { .name = "tenant", .kind = CLI_KEY, .value = "TENANT", .needed = true },
	    { .name = "group", .kind = CLI_KEY, .value = "GROUP" },
	    { .name = "list", .kind = CLI_KEY, .value = "FILE" },
	    { .name = "format", .kind = CLI_KEY, .value = "FORMAT" },
	    { .name = "as", .kind = CLI_KEY, .value = "LIST" },
	    { .name = "at", .kind = CLI_KEY, .value = "TIME" },
	    { .name = "policy", .kind = CLI_KEY, .value = "FILE" },
	    { .name = "limit", .kind = CLI_KEY, .value = "N" } } },
	URL_REQUEST_COMMAND,
	{ "override",
	  "what a tenant decides of a name or URL, above all lists: added, deleted, listed",
	  url_override,
	  { { .name = "action", .kind = CLI_WORD, .value = "add|delete|list", .needed = true },
	    { .name = "name", .kind = CLI_WORD, .value = "NAME" },
	    { .name = "tenant", .kind = CLI_KEY, .value = "TENANT" },
	    { .name = "allow", .kind = CLI_FLAG },
	    { .name = "block", .kind = CLI_FLAG },
	    { .name = "for", .kind = CLI_KEY, .value = "TIME" },
	    { .name = "asked-by", .kind = CLI_KEY, .value = "WHO" },
	    { .name = "reason", .kind = CLI_KEY, .value = "TEXT" } } },
	{ 0 },
};

const struct cli_object object_url = {
	.name = "url",
	.summary = "what lists of names say of a name or a URL",
	.commands = commands,
	.teach = "  sekisho url explain www.example.com tenant saga\n"
		 "      which list, which line of it, and what DNS, TLS and HTTP get to see\n"
		 "  sekisho url explain https://game.example/ tenant saga group school at 'Mon 12:30'\n"
		 "      for those addresses, at that time of the week\n"
		 "  sekisho url explain game.example tenant saga policy new.yaml\n"
		 "      and under a policy that is not in force yet?\n"
		 "  sekisho url test -f access.log tenant saga list new-ads.txt\n"
		 "      whose requests of last week would this list have stopped?\n"
		 "  sekisho url test -f access.log tenant saga list ads.txt as ads\n"
		 "      and in place of the list ads? Or policy FILE, against the one in force?\n"
		 "  sekisho url request list state pending\n"
		 "      who asks from the block page to be let through, and why\n"
		 "  sekisho url request grant 12 for 7d -m 'lessons'\n"
		 "  sekisho url override add game.example tenant saga allow for 7d asked-by 'class 2'\n"
		 "      that body may, from now on; delete takes it back, list shows all\n"
		 "explain ends with 0 where the name passes, 5 where it is blocked, 6 where it is\n"
		 "inspected. TLS shows names alone: of https:// the path decides nothing.\n",
};
