/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns `sekisho rule`: rules of the inspection engine.
 */
#include "cli/inspect.h"

static const struct cli_command commands[] = {
	{ "check",
	  "names each rule that cannot be taken, with its place, the reason and what would mend it",
	  rule_check,
	  { { .name = "file", .kind = CLI_WORD, .value = "FILE", .needed = true, .many = true },
	    { .name = "config", .kind = CLI_KEY, .value = "FILE" },
	    { .name = "set", .kind = CLI_KEY, .value = "KEY=VALUE", .many = true } } },
	{ "list",
	  "rules as they are understood, a line each; match TEXT: those that have it",
	  rule_list,
	  { { .name = "file", .kind = CLI_WORD, .value = "FILE", .needed = true, .many = true },
	    { .name = "match", .kind = CLI_KEY, .value = "TEXT" },
	    { .name = "config", .kind = CLI_KEY, .value = "FILE" },
	    { .name = "set", .kind = CLI_KEY, .value = "KEY=VALUE", .many = true } } },
	{ "show",
	  "one rule with all that is asked of traffic for it, and what is looked for first",
	  rule_show,
	  { { .name = "sid", .kind = CLI_WORD, .value = "SID", .needed = true },
	    { .name = "file", .kind = CLI_WORD, .value = "FILE", .needed = true, .many = true },
	    { .name = "config", .kind = CLI_KEY, .value = "FILE" },
	    { .name = "set", .kind = CLI_KEY, .value = "KEY=VALUE", .many = true } } },
	{ "stats",
	  "what asking each rule takes in a capture: checks, hits, time; the dearest first",
	  rule_stats,
	  { { .name = "file", .kind = CLI_WORD, .value = "FILE", .needed = true },
	    { .name = "rules", .kind = CLI_KEY, .value = "FILE", .needed = true, .many = true },
	    { .name = "by", .kind = CLI_KEY, .value = "cost|hits|checks" },
	    { .name = "top", .kind = CLI_KEY, .value = "N" },
	    { .name = "policy", .kind = CLI_KEY, .value = "FILE" },
	    { .name = "tenant", .kind = CLI_KEY, .value = "NAME" },
	    { .name = "config", .kind = CLI_KEY, .value = "FILE" },
	    { .name = "set", .kind = CLI_KEY, .value = "KEY=VALUE", .many = true },
	    { .name = "ips", .kind = CLI_FLAG },
	    { .name = "unchecked-sums", .kind = CLI_FLAG },
	    { .name = "threads", .kind = CLI_KEY, .value = "N" },
	    { .name = "data-dir", .kind = CLI_KEY, .value = "DIR" } } },
	{ "reload",
	  "the agent reads the rules of its inspection again; flows under way go on",
	  rule_reload,
	  { { .name = "message", .kind = CLI_KEY, .value = "WHY", .letter = 'm' } } },
	{ "suppress",
	  "keeps a rule's alerts out of the records: an entry in suppress.yaml, which the policy includes",
	  rule_suppress,
	  { { .name = "rule", .kind = CLI_WORD, .value = "SID", .needed = true },
	    { .name = "policy", .kind = CLI_KEY, .value = "FILE", .needed = true },
	    { .name = "tenant", .kind = CLI_KEY, .value = "NAME" },
	    { .name = "src", .kind = CLI_KEY, .value = "PREFIX" },
	    { .name = "dst", .kind = CLI_KEY, .value = "PREFIX" },
	    { .name = "until", .kind = CLI_KEY, .value = "DAY" },
	    { .name = "for", .kind = CLI_KEY, .value = "TIME" },
	    { .name = "message", .kind = CLI_KEY, .value = "WHY", .needed = true, .letter = 'm' } } },
	{ 0 },
};

const struct cli_object object_rule = {
	.name = "rule",
	.summary = "rules of the inspection engine, in Suricata's language",
	.commands = commands,
	.teach = "  sekisho rule check et.rules own.rules\n"
		 "      each refused rule with its place and reason; then what each reason costs\n"
		 "  sekisho rule check own.rules config suricata.yaml\n"
		 "      with the variables, classes and thresholds of these settings\n"
		 "  sekisho -j rule check et.rules | jq '.reasons[:5]'\n"
		 "  sekisho rule list et.rules match CVE-2021-44228\n"
		 "  sekisho rule show 2034649 et.rules\n"
		 "      which buffers it asks, what is looked for first, where it stands\n"
		 "  sekisho rule stats day.pcap rules et.rules by cost top 10\n"
		 "      which rules take the time, and how often they are asked for nothing\n"
		 "  sekisho rule suppress 2013028 policy saga.yaml tenant saga for 90d -m 'backup'\n"
		 "      who, why and until when stand in the policy; 'policy apply' makes it live\n"
		 "  sekisho rule reload -m 'feed of today'\n"
		 "      between two packets; where no rule can be taken those in force stay\n"
		 "All but reload need neither root nor agent. check ends with 1 when a rule is refused:\n"
		 "none is taken and then silently not matched.\n",
};
