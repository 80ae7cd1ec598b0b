/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns `sekisho top`: the words, and what it prints where there is no terminal to paint on.
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/top_screen.h"

#define INTERVAL_USUAL_S 1
#define INTERVAL_MAX_S 3600

/* What the words ask for. */
struct wish {
	struct top_wish top;
	bool screen;
};

static const struct column body_columns[] = {
	{ "tenant", "TENANT", COLUMN_TEXT },
	{ "title", "TITLE", COLUMN_TEXT },
	{ "up.bits_per_s", "UP", COLUMN_RATE },
	{ "up.limit_bits_per_s", "LIMIT", COLUMN_BITS },
	{ "up.packets_per_s", "PKT/S", COLUMN_COUNT },
	{ "down.bits_per_s", "DOWN", COLUMN_RATE },
	{ "down.limit_bits_per_s", "LIMIT", COLUMN_BITS },
	{ "down.packets_per_s", "PKT/S", COLUMN_COUNT },
	{ "use", "USED", COLUMN_PERCENT },
	{ "dropped_per_s", "DROP/S", COLUMN_COUNT },
	{ "rejected_per_s", "REJ/S", COLUMN_COUNT },
	{ "flows", "FLOWS", COLUMN_COUNT },
	{ "flows_max", "MAX", COLUMN_COUNT },
};
static const struct column port_columns[] = {
	{ "port", "PORT", COLUMN_TEXT },
	{ "side", "SIDE", COLUMN_TEXT },
	{ "link", "LINK", COLUMN_TEXT },
	{ "speed_bits_per_s", "SPEED", COLUMN_BITS },
	{ "driver", "DRIVER", COLUMN_TEXT },
	{ "hook", "HOOK", COLUMN_TEXT },
	{ "bits_per_s", "IN", COLUMN_RATE },
	{ "packets_per_s", "PKT/S", COLUMN_COUNT },
	{ "dropped_per_s", "DROP/S", COLUMN_COUNT },
	{ "kernel_dropped_per_s", "LOST/S", COLUMN_COUNT },
	{ "problem", "PROBLEM", COLUMN_TEXT },
};
static const struct column reason_columns[] = {
	{ "dir", "DIR", COLUMN_TEXT },		{ "verdict", "VERDICT", COLUMN_TEXT },
	{ "reason", "REASON", COLUMN_TEXT },	{ "packets_per_s", "PKT/S", COLUMN_COUNT },
	{ "packets", "PACKETS", COLUMN_COUNT },
};
static const struct column blocked_columns[] = {
	{ "by", "BLOCKED BY", COLUMN_TEXT }, { "reason", "REASON", COLUMN_TEXT },
	{ "events", "TIMES", COLUMN_COUNT }, { "last", "LAST", COLUMN_TEXT },
	{ "src", "SOURCE", COLUMN_TEXT },    { "dst", "DESTINATION", COLUMN_TEXT },
};
static const struct column flow_columns[] = {
	{ "up_bits_per_s", "UP", COLUMN_RATE }, { "down_bits_per_s", "DOWN", COLUMN_RATE },
	{ "proto", "PROTO", COLUMN_TEXT },	{ "src", "SOURCE", COLUMN_TEXT },
	{ "sport", "PORT", COLUMN_TEXT },	{ "dst", "DESTINATION", COLUMN_TEXT },
	{ "dport", "PORT", COLUMN_TEXT },	{ "state", "STATE", COLUMN_TEXT },
	{ "rule", "RULE", COLUMN_TEXT },
};
static const struct view bodies = VIEW("tenants", body_columns, "No body is known.");
static const struct view ports = VIEW("ports", port_columns, "No port is known.");
static const struct view reasons = VIEW("reasons", reason_columns, "Nothing was counted yet.");
static const struct view blocked = VIEW("blocked", blocked_columns, "Nothing was refused lately.");
static const struct view flows = VIEW("flows_top", flow_columns, "It has no flow.");

/* The body itself, then what is behind it. */
static int print_body(struct cli *cli, json_t *rates, const char *tenant)
{
	int ret = live_keep(cli, rates, "tenants", "tenant", tenant);

	if (ret != CLI_OK)
		return ret;
	print_view(cli->out, rates, &bodies);
	fputc('\n', cli->out);
	print_view(cli->out, json_array_get(json_object_get(rates, "tenants"), 0), &reasons);
	if (json_object_get(rates, "blocked")) {
		fputc('\n', cli->out);
		print_view(cli->out, rates, &blocked);
	}
	fputc('\n', cli->out);
	print_view(cli->out, rates, &flows);
	return CLI_OK;
}

static int print_tables(struct cli *cli, const struct top_look *look, const struct wish *wish)
{
	struct column when = { "time", "", COLUMN_TIME };
	char text[64];
	int ret = CLI_OK;

	if (look->from == WATCH_NOBODY)
		return CLI_OK; /* what there is to say was noted */
	print_value(text, sizeof(text), json_object_get(look->rates, when.key), when.kind);
	fprintf(cli->out, "%s\n", text);
	if (look->tenant[0])
		ret = print_body(cli, look->rates, look->tenant);
	else
		print_view(cli->out, look->rates, wish->top.page == TOP_PORTS ? &ports : &bodies);
	fputc('\n', cli->out);
	return ret;
}

static int print_look(struct cli *cli, struct top_look *look, const struct wish *wish)
{
	size_t cnt;
	const struct top_order *orders = top_orders(wish->top.page, &cnt);
	int ret = CLI_OK;

	top_sort(json_object_get(look->rates, wish->top.page == TOP_PORTS ? "ports" : "tenants"),
		 &orders[wish->top.order], false);
	if (!cli->json)
		ret = print_tables(cli, look, wish);
	else if (look->from != WATCH_NOBODY && look->tenant[0])
		ret = live_keep(cli, look->rates, "tenants", "tenant", look->tenant);
	if (ret == CLI_OK && cli->json && print_json(cli->out, look->rates, cli->pretty) < 0)
		ret = cli_fail(cli, CLI_FAILED, NULL, "no memory to print the result");
	return ret;
}

static int look_words(struct cli *cli, const struct top_look *look, int ret)
{
	if (ret == -EACCES)
		return cli_fail(cli, CLI_REFUSED, &look->diag, "the gateway may not be looked at");
	return ret < 0 ? cli_fail(cli, CLI_FAILED, NULL, "top ends: %s", strerror(-ret)) : CLI_OK;
}

/* On standard error, when it is not what was said before; -j has it in each object. */
static void note_problem(struct cli *cli, const struct top_look *look, char said[TOP_WORDS_MAX])
{
	if (cli->json || strcmp(look->problem, said) == 0)
		return;
	snprintf(said, TOP_WORDS_MAX, "%s", look->problem);
	cli_note(cli, "%s", said[0] ? said : "sekishod answers");
}

/* One look an interval, printed as it comes, until it cannot be written or the count is full. */
static int follow(struct cli *cli, struct top_look *look, const struct wish *wish)
{
	char said[TOP_WORDS_MAX] = "";
	uint64_t printed = 0;
	bool seen = false;
	int ret = CLI_OK;

	while (ret == CLI_OK && (!wish->top.count || printed < wish->top.count)) {
		const struct timespec pause = { .tv_sec = wish->top.interval_s };

		nanosleep(&pause, NULL);
		ret = look_words(cli, look, top_look_again(look));
		if (ret != CLI_OK)
			break;
		note_problem(cli, look, said);
		ret = print_look(cli, look, wish);
		seen |= look->from != WATCH_NOBODY;
		printed++;
		if (fflush(cli->out) != 0)
			break; /* nobody reads on; main.c says so */
	}
	if (ret == CLI_OK && !seen && !cli->json)
		return cli_fail(cli, CLI_NO_AGENT, NULL, "no gateway came");
	return ret == CLI_OK && !seen ? CLI_NO_AGENT : ret;
}

static int wish_read(struct cli *cli, const struct cli_args *args, enum top_page_kind page,
		     struct wish *ret_wish)
{
	uint64_t interval = INTERVAL_USUAL_S, count = 0;
	const char *sort = cli_arg(args, "sort");
	int order = sort ? top_order_find(page, sort) : 0;

	if (cli_number(cli, args, "interval", 1, INTERVAL_MAX_S, &interval) != 0 ||
	    cli_number(cli, args, "count", 1, UINT32_MAX, &count) != 0)
		return CLI_USAGE;
	*ret_wish = (struct wish){ .top = { .page = page,
					    .order = order > 0 ? (size_t)order : 0,
					    .interval_s = (unsigned int)interval,
					    .count = count },
				   .screen = !cli->json && isatty(fileno(cli->out)) &&
					     isatty(STDIN_FILENO) };
	return CLI_OK;
}

/* A body that is not there is said before anything is shown. */
static int tenant_check(struct cli *cli, const struct top_look *look)
{
	json_t *copy;
	int ret;

	if (!look->tenant[0] || look->from == WATCH_NOBODY)
		return CLI_OK;
	copy = json_deep_copy(look->rates);
	ret = live_keep(cli, copy, "tenants", "tenant", look->tenant);
	json_decref(copy);
	return ret;
}

static int top(struct cli *cli, const struct cli_args *args, enum top_page_kind page,
	       const char *tenant)
{
	struct top_look look;
	struct wish wish;
	int ret = wish_read(cli, args, page, &wish);

	if (ret != CLI_OK)
		return ret;
	ret = top_look_begin(&look, cli);
	if (ret == 0) {
		top_look_into(&look, tenant ? tenant : "");
		ret = top_look_again(&look);
	}
	ret = look_words(cli, &look, ret);
	if (ret == CLI_OK)
		ret = tenant_check(cli, &look);
	if (ret == CLI_OK && wish.screen) {
		ret = top_screen(cli, &look, &wish.top);
		wish.screen = ret != -ENOTTY;
	}
	if (ret == -ENOTTY) {
		cli_note(cli, "this terminal cannot be painted on (TERM); tables follow");
		ret = CLI_OK;
	}
	if (ret == CLI_OK && !wish.screen)
		ret = follow(cli, &look, &wish);
	top_look_end(&look);
	return ret;
}

static int show_bodies(struct cli *cli, const struct cli_args *args)
{
	return top(cli, args, TOP_BODIES, cli_arg(args, "tenant"));
}

static int show_ports(struct cli *cli, const struct cli_args *args)
{
	return top(cli, args, TOP_PORTS, NULL);
}

static const struct cli_command commands[] = {
	{ "show",
	  "bodies, the most used first: rates against limits, drops, flows; or one of them",
	  show_bodies,
	  { { .name = "tenant", .kind = CLI_KEY, .value = "TENANT" },
	    { .name = "sort", .kind = CLI_KEY, .value = "use|name|up|down|packets|dropped|rejected|flows" },
	    { .name = "interval", .kind = CLI_KEY, .value = "SECONDS" },
	    { .name = "count", .kind = CLI_KEY, .value = "N" } } },
	{ "ports",
	  "ports: link, what comes in, what is dropped there and lost beside the gateway",
	  show_ports,
	  { { .name = "sort", .kind = CLI_KEY, .value = "name|in|packets|dropped|lost" },
	    { .name = "interval", .kind = CLI_KEY, .value = "SECONDS" },
	    { .name = "count", .kind = CLI_KEY, .value = "N" } } },
	{ 0 },
};

const struct cli_object object_top = {
	.name = "top",
	.summary = "the gateway at work, live: rates against limits, drops and why, flows, ports",
	.commands = commands,
	.usual = "show",
	.teach = "  sekisho top                       all bodies, anew each second; h tells the keys\n"
		 "  sekisho top tenant saga           one body: why packets end, what blocked, its flows\n"
		 "  sekisho top sort dropped interval 5\n"
		 "  sekisho top ports\n"
		 "  sekisho -j top count 1 | jq '.tenants[] | {tenant, up, down}'\n"
		 "Where there is no terminal it prints a table an interval; with -j one JSON object a line.\n"
		 "When sekishod does not answer it goes on with the kernel's tables, and says so.\n",
};
