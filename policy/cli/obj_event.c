/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns `sekisho event`: what was refused and what ended, from the agent or from its record file.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli/follow.h"
#include "cli/live.h"
#include "text/counted.h"

#define FOLLOW_MS 200 /* between two looks at the record file */
#define FOLLOW_LINES 1000 /* printed before its end is listened for */
#define LAST_USUAL 50
#define LAST_MAX 8192

/* The last lines of a file that match: a ring of parsed records. */
struct tail {
	json_t **ring;
	size_t cap, cnt; /* cnt counts all that matched */
	size_t bad; /* lines that are no JSON */
};

static bool matches(const json_t *record, const char *tenant, const char *reason)
{
	const char *its_tenant = json_string_value(json_object_get(record, "tenant"));
	const char *type = json_string_value(json_object_get(record, "event_type"));
	const json_t *drop = json_object_get(record, "drop");
	const json_t *flow = json_object_get(record, "flow");
	const char *its_reason = json_string_value(json_object_get(drop ? drop : flow, "reason"));

	if (!type || (strncmp(type, "flow", 4) != 0 && strcmp(type, "drop") != 0))
		return false; /* counters and changes of policy are in the file as well */
	if (tenant && (!its_tenant || strcmp(tenant, its_tenant) != 0))
		return false;
	return !reason || (its_reason && strcmp(reason, its_reason) == 0);
}

static void tail_line(struct tail *tail, const char *line, size_t len, const char *tenant,
		      const char *reason)
{
	json_t *record = json_loadb(line, len, 0, NULL);

	if (!json_is_object(record)) {
		tail->bad++;
		json_decref(record);
		return;
	}
	if (!matches(record, tenant, reason)) {
		json_decref(record);
		return;
	}
	json_decref(tail->ring[tail->cnt % tail->cap]);
	tail->ring[tail->cnt++ % tail->cap] = record;
}

/* {"events":[…]}, the oldest first. */
static json_t *tail_result(struct tail *tail)
{
	json_t *events = json_array();
	size_t n = tail->cnt < tail->cap ? tail->cnt : tail->cap;

	for (size_t i = tail->cnt - n; i < tail->cnt; i++)
		json_array_append(events, tail->ring[i % tail->cap]);
	return json_pack("{s:o}", "events", events);
}

static int read_file(struct cli *cli, const struct cli_args *args, uint64_t last, json_t **ret_result)
{
	struct tail tail = { .cap = last, .ring = calloc(last, sizeof(json_t *)) };
	FILE *in = fopen(cli->eve, "re");
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	if (!in || !tail.ring) {
		int error = in ? ENOMEM : errno;

		free(tail.ring);
		if (in)
			fclose(in);
		return cli_fail(
			cli, CLI_NO_AGENT, NULL,
			"sekishod does not answer (%s), and its record file %s cannot be read: %s%s",
			cli->socket, cli->eve, strerror(error),
			error == EACCES ? "; be root or a member of group sekisho" : "");
	}
	cli_note(cli, "sekishod does not answer (%s); this is read from %s", cli->socket, cli->eve);
	while ((len = getline(&line, &cap, in)) > 0)
		tail_line(&tail, line, (size_t)len, cli_arg(args, "tenant"), cli_arg(args, "reason"));
	if (tail.bad)
		cli_note(cli, "%s of %s left out: no JSON", COUNTED(tail.bad, "line"), cli->eve);
	*ret_result = tail_result(&tail);
	for (size_t i = 0; i < tail.cap; i++)
		json_decref(tail.ring[i]);
	free(tail.ring);
	free(line);
	fclose(in);
	return CLI_OK;
}

static const struct column columns[] = {
	{ "timestamp", "TIME", COLUMN_TEXT },
	{ "event_type", "EVENT", COLUMN_TEXT },
	{ "tenant", "TENANT", COLUMN_TEXT },
	{ "proto", "PROTO", COLUMN_TEXT },
	{ "src_ip", "SOURCE", COLUMN_TEXT },
	{ "src_port", "PORT", COLUMN_TEXT },
	{ "dest_ip", "DESTINATION", COLUMN_TEXT },
	{ "dest_port", "PORT", COLUMN_TEXT },
	{ "drop.reason|flow.reason|reason", "REASON", COLUMN_TEXT },
	{ "rule", "RULE", COLUMN_TEXT },
	{ "list", "LIST", COLUMN_TEXT },
};
static const struct view view = VIEW("events", columns, "No event matches.");

static int list(struct cli *cli, const struct cli_args *args)
{
	static const char *const names[] = { "tenant", "reason", NULL };
	json_t *params, *result = NULL;
	uint64_t last = LAST_USUAL;
	struct diag diag;
	int ret;

	if (cli_number(cli, args, "last", 1, LAST_MAX, &last) != 0)
		return CLI_USAGE;
	params = live_params(args, names);
	json_object_set_new(params, "limit", json_integer((json_int_t)last));
	diag_init(&diag);
	ret = live_try(cli, "event.list", params, &diag, &result);
	diag_free(&diag);
	if (ret == CLI_NO_AGENT)
		ret = read_file(cli, args, last, &result);
	return ret == CLI_OK ? live_print(cli, result, &view) : ret;
}

/* Prints lines that are there, some at a time, so that its end is heard in a flood too. False: no more. */
static bool follow_print(struct cli *cli, const struct cli_args *args, struct follow *follow,
			 size_t widths[])
{
	const char *tenant = cli_arg(args, "tenant"), *reason = cli_arg(args, "reason"), *line;
	size_t len;

	for (int i = 0; i < FOLLOW_LINES; i++) {
		json_t *record;

		if (!follow_next(follow, &line, &len))
			return false;
		record = json_loadb(line, len, 0, NULL);
		if (!json_is_object(record))
			cli_note(cli, "a line of %s is no JSON and was left out", cli->eve);
		else if (matches(record, tenant, reason) && cli->json)
			print_json(cli->out, record, cli->pretty);
		else if (matches(record, tenant, reason))
			print_row(cli->out, record, &view, widths);
		json_decref(record);
	}
	return true;
}

/* Tells each time when records were lost to the rotation, which is faster than we were. */
static void follow_gaps(struct cli *cli, const struct follow *follow, uint64_t *gaps)
{
	if (follow_gaps_cnt(follow) == *gaps)
		return;
	*gaps = follow_gaps_cnt(follow);
	cli_note(cli, "%s was turned or cut before it was read to its end: records are missing here",
		 cli->eve);
}

/* SIGINT, SIGTERM and SIGHUP end it; they come by the descriptor. */
static bool follow_wait(int signal_fd, int wait_ms)
{
	struct pollfd fd = { .fd = signal_fd, .events = POLLIN };

	return poll(&fd, 1, wait_ms) > 0;
}

static int follow_run(struct cli *cli, const struct cli_args *args, struct follow *follow,
		      int signal_fd)
{
	size_t widths[sizeof(columns) / sizeof(columns[0])] = { 31, 5, 11, 5, 15, 5, 15, 5, 13, 12 };
	uint64_t gaps = 0;
	bool more;

	if (!cli->json)
		print_row(cli->out, NULL, &view, widths);
	do {
		more = follow_print(cli, args, follow, widths);
		follow_gaps(cli, follow, &gaps);
		if (fflush(cli->out) != 0 || ferror(cli->out))
			break; /* nobody reads on; main.c says so */
	} while (!follow_wait(signal_fd, more ? 0 : FOLLOW_MS));
	return CLI_OK;
}

static int follow(struct cli *cli, const struct cli_args *args)
{
	struct follow *file = NULL;
	int ret = follow_open(cli->eve, &file), signal_fd;
	sigset_t set, before;

	if (ret < 0 && ret != -ENOENT)
		return cli_fail(cli, ret == -EACCES ? CLI_REFUSED : CLI_FAILED, NULL,
				"the record file %s cannot be read: %s%s", cli->eve, strerror(-ret),
				ret == -EACCES ? "; be root or a member of group sekisho" : "");
	if (ret == -ENOENT)
		cli_note(cli, "there is no %s yet; it is waited for", cli->eve);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, &before);
	signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (signal_fd < 0)
		ret = cli_fail(cli, CLI_FAILED, NULL, "signals cannot be heard: %s", strerror(errno));
	else
		ret = follow_run(cli, args, file, signal_fd);
	close(signal_fd);
	sigprocmask(SIG_SETMASK, &before, NULL);
	follow_close(file);
	return ret;
}

static const struct cli_command commands[] = {
	{ "list",
	  "the last events, 50 unless last says otherwise, the newest at the end",
	  list,
	  { { .name = "tenant", .kind = CLI_KEY, .value = "TENANT" },
	    { .name = "reason", .kind = CLI_KEY, .value = "REASON" },
	    { .name = "last", .kind = CLI_KEY, .value = "N" } } },
	{ "follow",
	  "events as they come, through the rotation of the record file, until ^C; -j: one a line",
	  follow,
	  { { .name = "tenant", .kind = CLI_KEY, .value = "TENANT" },
	    { .name = "reason", .kind = CLI_KEY, .value = "REASON" } } },
	{ 0 },
};

const struct cli_object object_event = {
	.name = "event",
	.summary = "what was refused just now, by which rule or list, and which flows ended",
	.commands = commands,
	.usual = "list",
	.teach = "  sekisho event list last 20\n"
		 "  sekisho event list tenant saga reason list_block    what a list kept from Saga city\n"
		 "  sekisho event follow tenant saga                    what happens to Saga city now\n"
		 "  sekisho -j event list | jq -r '.events[] | [.timestamp, .src_ip, .list] | @tsv'\n"
		 "All records are in /var/log/sekisho/eve.json, in Suricata's EVE form.\n",
};
