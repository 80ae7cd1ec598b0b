/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the commands of `sekisho capture` that look at live traffic. The file is opened here, by the
 * asker's rights, and written by the agent; the capture ends with this process at the latest.
 */
#include "cli/livecapture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/amend.h"
#include "cli/live.h"
#include "sekisho/capture.h"
#include "text/quantity.h"

#define SECOND_NS 1000000000ull
#define SECONDS_MOST 3500
#define SNAPLEN_LEAST 64

static const struct column columns[] = {
	{ "file", "file", COLUMN_TEXT },
	{ "what", "what", COLUMN_TEXT },
	{ "running", "running", COLUMN_TEXT },
	{ "ended", "ended", COLUMN_TEXT },
	{ "seconds", "for", COLUMN_SECONDS },
	{ "seconds_left", "at most as long again", COLUMN_SECONDS },
	{ "bytes", "size", COLUMN_BYTES },
	{ "offered", "frames that match", COLUMN_COUNT },
	{ "written", "written", COLUMN_COUNT },
	{ "suppressed", "not written: over the rate", COLUMN_COUNT },
	{ "lost", "not written: no room", COLUMN_COUNT },
	{ "late", "not written: after its end", COLUMN_COUNT },
};
static const struct view view = { .columns = columns,
				  .column_cnt = sizeof(columns) / sizeof(columns[0]) };

/* Whole seconds of "for"; not given: none is set. CLI_OK, or CLI_USAGE with the words said. */
static int read_for(struct cli *cli, const struct cli_args *args, json_t *params)
{
	const char *text = cli_arg(args, "for");
	uint64_t ns = 0;

	if (!text)
		return CLI_OK;
	if (quantity_parse_time(text, &ns) < 0 || ns < SECOND_NS || ns % SECOND_NS ||
	    ns / SECOND_NS > SECONDS_MOST)
		return cli_fail(cli, CLI_USAGE, NULL,
				"'for %s' is no time: write 30s or 5m, at most 58m20s", text);
	json_object_set_new(params, "for", json_integer((json_int_t)(ns / SECOND_NS)));
	return CLI_OK;
}

/* Bytes of "size": 500k, 100M. */
static int read_size(struct cli *cli, const struct cli_args *args, json_t *params)
{
	const char *text = cli_arg(args, "size");
	uint64_t bytes = 0;

	if (!text)
		return CLI_OK;
	if (quantity_parse(text, &bytes) < 0 || !bytes || bytes > INT64_MAX)
		return cli_fail(cli, CLI_USAGE, NULL, "'size %s' is no size: write 500k or 100M",
				text);
	json_object_set_new(params, "size", json_integer((json_int_t)bytes));
	return CLI_OK;
}

static int read_number(struct cli *cli, const struct cli_args *args, const char *name, uint64_t min,
		       uint64_t max, json_t *params)
{
	uint64_t number = 0;
	int ret = cli_has(args, name) ? cli_number(cli, args, name, min, max, &number) : CLI_OK;

	if (number)
		json_object_set_new(params, name, json_integer((json_int_t)number));
	return ret;
}

/* What to capture, how long, and who wants it. CLI_OK and params, which the caller owns. */
static int read_wish(struct cli *cli, const struct cli_args *args, json_t **ret_params)
{
	static const char *const names[] = { "tenant", "src", "dst", "port", "proto", "reason", NULL };
	json_t *params = live_params(args, names), *who = amend_params(args);
	int ret = read_for(cli, args, params);

	json_object_update(params, who);
	json_decref(who);
	if (ret == CLI_OK)
		ret = read_size(cli, args, params);
	if (ret == CLI_OK)
		ret = read_number(cli, args, "count", 1, INT64_MAX, params);
	if (ret == CLI_OK)
		ret = read_number(cli, args, "snaplen", SNAPLEN_LEAST, SEK_CAPTURE_BYTES, params);
	if (ret == CLI_OK)
		ret = read_number(cli, args, "rate", 1, 1000000, params);
	if (ret == CLI_OK)
		*ret_params = params;
	else
		json_decref(params);
	return ret;
}

/* A new file, or with force an old one emptied. Its descriptor, or -1 after the words were said. */
static int file_make(struct cli *cli, const char *path, bool force)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (force ? O_TRUNC : O_EXCL),
		      0600);

	if (fd < 0)
		cli_fail(cli, CLI_FAILED, NULL,
			 errno == EEXIST ? "%s is there already; force replaces it"
					 : "%s cannot be written: %s",
			 path, strerror(errno));
	return fd;
}

/* What a terminal is shown meanwhile. */
struct waiting {
	struct cli *cli;
	int fd;
	bool said;
};

/* The agent shares the file's position with this process. */
static void waiting_say(void *arg)
{
	struct waiting *w = arg;
	off_t at = lseek(w->fd, 0, SEEK_CUR);

	if (w->cli->json || at < 0 || !isatty(fileno(w->cli->err)))
		return;
	fprintf(w->cli->err, "\rcapture: %.1f kB", (double)at / 1e3);
	fflush(w->cli->err);
	w->said = true;
}

static int ask_to_write(struct cli *cli, json_t *params, int fd, json_t **ret_result)
{
	struct waiting waiting = { .cli = cli, .fd = fd };
	const struct client_file file = { .fd = fd, .waiting = waiting_say, .arg = &waiting };
	int ret = live_ask_file(cli, "capture.start", params, &file, ret_result);

	if (waiting.said)
		fputc('\n', cli->err);
	return ret;
}

int live_capture_start(struct cli *cli, const struct cli_args *args)
{
	const char *path = cli_arg(args, "file");
	json_t *params = NULL, *result = NULL;
	int ret = read_wish(cli, args, &params), fd;
	char *whole;

	if (ret != CLI_OK)
		return ret;
	fd = file_make(cli, path, cli_has(args, "force"));
	if (fd < 0) {
		json_decref(params);
		return CLI_FAILED;
	}
	whole = realpath(path, NULL);
	json_object_set_new(params, "path", print_string(whole ? whole : path));
	free(whole);
	cli_note(cli, "capturing to %s; Ctrl-C or 'sekisho capture stop' ends it", path);
	ret = ask_to_write(cli, params, fd, &result);
	close(fd);
	if (ret == CLI_OK) {
		json_object_set_new(result, "file", print_string(path));
		return live_print(cli, result, &view);
	}
	unlink(path); /* nothing was captured */
	return ret;
}

int live_capture_stop(struct cli *cli, const struct cli_args *args)
{
	json_t *result = NULL;
	int ret = live_ask(cli, "capture.stop", NULL, &result);

	return ret == CLI_OK ? live_print(cli, result, &view) : ret;
}

int live_capture_show(struct cli *cli, const struct cli_args *args)
{
	json_t *result = NULL;
	int ret = live_ask(cli, "capture.show", NULL, &result);

	return ret == CLI_OK ? live_print(cli, result, &view) : ret;
}
