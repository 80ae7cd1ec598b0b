/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sekishod: reads its settings, runs the agent, ends; or inspects a capture, reads rules, scans files. The
 * only place that ends the process.
 */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent.h"
#include "replay/inspect.h"
#include "replay/rulecheck.h"
#include "replay/rulelist.h"
#include "scan/server.h"

/* What is larger has pages of its own, so that a list of a million entries leaves no holes when it goes. */
#define LARGE_BYTES (256 << 10)

int main(int argc, char **argv)
{
	struct settings settings;
	struct agent *agent;
	char why[256];
	int code;

	if (server_is_asked(argc, argv))
		return server_main();
	if (inspect_is_asked(argc, argv))
		return inspect_main(argc, argv);
	if (rule_check_is_asked(argc, argv))
		return rule_check_main(argc, argv);
	if (rule_list_is_asked(argc, argv))
		return rule_list_main(argc, argv);
	mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
	if (settings_read(argc, argv, &settings, why, sizeof(why))) {
		fprintf(stderr, "sekishod: %s\n", why);
		return 2;
	}
	if (settings.help || settings.version) {
		settings_usage(stdout);
		return 0;
	}
	if (settings.detach)
		return agent_detach(&settings) ? 1 : 0;
	if (agent_new(&settings, &agent))
		return 1;
	code = agent_run(agent) ? 1 : agent->exit_code;
	agent_free(agent);
	return code;
}
