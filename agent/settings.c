/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command line to settings. Called by main only; checks everything that can be checked without the
 * system, so that a slip of the pen is told before anything is touched.
 */
#include "settings.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "sekisho/handoff.h"
#include "version.h"

static int number_read(const char *text, uint32_t least, uint32_t most, uint32_t *ret_number)
{
	char *end;
	unsigned long value;

	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || value < least || value > most)
		return -EINVAL;
	*ret_number = (uint32_t)value;
	return 0;
}

static bool instance_ok(const char *name)
{
	return strlen(name) < 33 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") ==
		       strlen(name);
}

/* ADDR:PORT, [ADDR]:PORT, or "none". */
static int metrics_read(const char *text, struct settings *s)
{
	const char *colon = strrchr(text, ':');
	size_t len;
	uint32_t port;

	if (strcmp(text, "none") == 0) {
		s->metrics_addr[0] = 0;
		return 0;
	}
	if (!colon || number_read(colon + 1, 1, 65535, &port))
		return -EINVAL;
	len = (size_t)(colon - text);
	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (!len || len >= sizeof(s->metrics_addr))
		return -EINVAL;
	memcpy(s->metrics_addr, text, len);
	s->metrics_addr[len] = 0;
	s->metrics_port = (uint16_t)port;
	return 0;
}

static void places_fill(struct settings *s)
{
	const char *dash = s->instance[0] ? "-" : "";

	snprintf(s->pin_dir, sizeof(s->pin_dir), "/sys/fs/bpf/sekisho%s%s", dash, s->instance);
	snprintf(s->run_dir, sizeof(s->run_dir), "/run/sekisho%s%s", dash, s->instance);
	snprintf(s->state_dir, sizeof(s->state_dir), "/var/lib/sekisho%s%s", dash, s->instance);
	snprintf(s->log_dir, sizeof(s->log_dir), "/var/log/sekisho%s%s", dash, s->instance);
}

static int option_take(int option, const char *value, struct settings *s, char *why, size_t cap)
{
	const char *expected;

	switch (option) {
	case 'i':
		expected = "letters, digits, '-' and '_', at most 32";
		if (!instance_ok(value))
			break;
		snprintf(s->instance, sizeof(s->instance), "%s", value);
		return 0;
	case 'p':
		s->policy = value;
		return 0;
	case 'm':
		expected = "ADDR:PORT, [ADDR6]:PORT or none";
		if (metrics_read(value, s))
			break;
		return 0;
	case 'f':
		expected = "a number of flows from 1024 to 16777216";
		if (number_read(value, 1024, 16777216, &s->flows_max))
			break;
		return 0;
	case 's':
		expected = "a size in MiB from 1 to 65536";
		if (number_read(value, 1, 65536, &s->eve_mib))
			break;
		return 0;
	case 'k':
		expected = "a number of files from 1 to 1000";
		if (number_read(value, 1, 1000, &s->eve_files))
			break;
		return 0;
	case 'g':
		expected = "a number of seconds from 0 to 86400";
		if (number_read(value, 0, 86400, &s->name_grace_s))
			break;
		return 0;
	case 'r':
		expected = "one of 64 files at most";
		if (s->inspect_rule_cnt == SETTINGS_RULES_MAX)
			break;
		s->inspect_rules[s->inspect_rule_cnt++] = value;
		return 0;
	case 'c':
		s->inspect_config = value;
		return 0;
	case 'w':
		expected = "a number of workers from 1 to 32";
		if (number_read(value, 1, SEK_WORKERS_MAX, &s->inspect_workers))
			break;
		return 0;
	case 'F': /* it never goes to the background by itself; systemd does not want it */
		return 0;
	case 'D':
		s->detach = true;
		return 0;
	case 'h':
		s->help = true;
		return 0;
	case 'V':
		s->version = true;
		return 0;
	default:
		snprintf(why, cap, "unknown option, or one without its value; see --help");
		return -EINVAL;
	}
	snprintf(why, cap, "\"%s\" is not %s", value, expected);
	return -EINVAL;
}

int settings_read(int argc, char **argv, struct settings *ret_settings, char *why, size_t why_cap)
{
	static const struct option options[] = {
		{ "instance", required_argument, NULL, 'i' },
		{ "policy", required_argument, NULL, 'p' },
		{ "metrics", required_argument, NULL, 'm' },
		{ "flows", required_argument, NULL, 'f' },
		{ "eve-size", required_argument, NULL, 's' },
		{ "eve-files", required_argument, NULL, 'k' },
		{ "name-grace", required_argument, NULL, 'g' },
		{ "inspect-rules", required_argument, NULL, 'r' },
		{ "inspect-config", required_argument, NULL, 'c' },
		{ "inspect-workers", required_argument, NULL, 'w' },
		{ "foreground", no_argument, NULL, 'F' },
		{ "detach", no_argument, NULL, 'D' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	struct settings s = { .metrics_addr = "127.0.0.1",
			      .metrics_port = 9611,
			      .eve_mib = 256,
			      .eve_files = 8,
			      .name_grace_s = 3600 };
	const char *env = getenv("SEKISHO_INSTANCE");
	int option, err;

	if (env && (err = option_take('i', env, &s, why, why_cap)))
		return err;
	opterr = 0;
	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		err = option_take(option, optarg, &s, why, why_cap);
		if (err)
			return err;
	}
	if (optind < argc) {
		snprintf(why, why_cap, "\"%s\" is not an option", argv[optind]);
		return -EINVAL;
	}
	places_fill(&s);
	*ret_settings = s;
	return 0;
}

void settings_usage(FILE *out)
{
	fputs("sekishod " SEKISHO_VERSION ": the agent of the sekisho gateway\n"
	      "\n"
	      "usage: sekishod [OPTIONS]\n"
	      "  --instance NAME      a gateway of its own beside others (or SEKISHO_INSTANCE)\n"
	      "  --policy FILE        start with this policy; without it, with the last one applied\n"
	      "  --metrics ADDR:PORT  OpenMetrics over HTTP, 127.0.0.1:9611; \"none\" switches it off\n"
	      "  --flows NUMBER       entries of the flow table, 1048576\n"
	      "  --eve-size MIB       a record file is turned at this size, 256\n"
	      "  --eve-files NUMBER   old record files kept, 8\n"
	      "  --name-grace SECONDS after a start, servers that no DNS answer led to are told of, 3600\n"
	      "  --inspect-rules FILE rules for flows that the policy wants inspected; may be repeated\n"
	      "  --inspect-config FILE settings of inspection, as suricata.yaml writes them\n"
	      "  --inspect-workers N  threads that inspect, 1 to 32; without it, one for each CPU\n"
	      "  --foreground         stay in the foreground (it always does)\n"
	      "  --detach             take programs, links and pins of this instance down, and end\n"
	      "\n"
	      "SIGTERM ends the agent; traffic goes on by the policy that is live. SIGHUP opens the\n"
	      "record file anew and looks at the groups again.\n",
	      out);
}
