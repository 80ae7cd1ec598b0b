// SPDX-License-Identifier: Apache-2.0
/*
 * `sekisho capture`: captures played through the gateway's own kernel program; live ones are in
 * livecapture.c. Run by people and by tests. Promises a line for every packet of the file, in order,
 * decided by the program itself; what could not be played as it stands is named and counted.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "capture/capture.h"
#include "cli/inspect.h"
#include "cli/live.h"
#include "cli/livecapture.h"
#include "install/replay.h"
#include "text/counted.h"

#define START_NS 3600000000000ull /* the replay's clock at the first packet */
#define NOTES_MAX 20 /* packets that are named; the others are counted */

/* One run of `capture gate`. */
struct play {
	struct cli *cli;
	const struct policy *policy;
	const struct model_port *port;
	uint16_t vlan;
	struct capture *capture;
	struct replay *replay;
	struct gate *live; /* whose lists are taken; NULL: the policy's own sources */
	FILE *out_file;
	struct capture_writer *writer; /* NULL: nobody asked for the frames */
	uint32_t interfaces[SEK_PORTS_MAX]; /* of the writer, by port */
	uint64_t first_ns, now_ns;
	uint64_t packets[SEK_REASONS_MAX], bytes[SEK_REASONS_MAX];
	uint64_t cut_cnt, tiny_cnt, long_cnt, back_cnt, note_cnt;
	uint8_t frame[CAPTURE_LEN_MAX + 18]; /* an Ethernet header and a tag before it */
};

struct fate {
	const char *verdict, *reason, *tenant, *dir, *rule, *port, *list;
};

static const struct {
	const char *name, *words;
} reasons[SEK_REASONS_MAX] = {
#define SEK_REASON(number, name, class, en, ja) [number] = { #name, en },
#include "sekisho/reasons.def"
#undef SEK_REASON
};

static const char *verdict_name(uint32_t action)
{
	switch (action) {
	case XDP_PASS:
		return "pass";
	case XDP_DROP:
		return "drop";
	case XDP_TX:
		return "tx";
	case XDP_REDIRECT:
		return "redirect";
	default:
		return "aborted";
	}
}

static const char *reason_word(uint8_t reason)
{
	return reason < SEK_REASONS_MAX && reasons[reason].name ? reasons[reason].name : "";
}

/* Tenant 0 is the gateway itself where its own rules were asked, else nobody. */
static const struct model_tenant *tenant_of(const struct play *play, const struct sek_trace *trace)
{
	if (!trace->tenant && trace->reason != SEK_R_stack_host && trace->reason != SEK_R_stack_page &&
	    trace->reason != SEK_R_page_full && trace->reason != SEK_R_host_refused)
		return NULL;
	return policy_tenant_id(play->policy, trace->tenant);
}

static struct fate fate_of(const struct play *play, const struct replay_result *result)
{
	const struct sek_trace *trace = &result->trace;
	const struct model_tenant *tenant = tenant_of(play, trace);
	const struct model_port *port = NULL;
	const struct model_list *list = NULL;

	if (result->action == XDP_REDIRECT)
		port = policy_port_id(play->policy, trace->out_port);
	else if (result->action == XDP_TX)
		port = play->port;
	if (trace->list != SEK_NO_LIST)
		list = policy_list_id(play->policy, trace->list);
	return (struct fate){
		.verdict = verdict_name(result->action),
		.reason = reason_word(trace->reason),
		.tenant = tenant ? tenant->name : "",
		.dir = !tenant		       ? ""
		       : trace->dir == SEK_OUT ? "out"
					       : "in",
		.rule = tenant && trace->rule != SEK_NO_RULE ? policy_rule_name(tenant, trace->rule)
							     : "",
		.port = port ? port->name : "",
		.list = list ? list->name : "",
	};
}

static int show_json(struct play *play, uint64_t number, const struct fate *fate)
{
	json_t *line = json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "n",
				 (json_int_t)number, "verdict", fate->verdict, "reason",
				 fate->reason, "tenant", fate->tenant, "dir", fate->dir, "rule",
				 fate->rule, "port", fate->port, "list", fate->list);
	int r = line ? print_json(play->cli->out, line, false) : -ENOMEM;

	json_decref(line);
	return r;
}

/* A cell of text and the spaces up to its width. */
static void show_cell(FILE *out, const char *text, size_t width)
{
	size_t taken;

	text = *text ? text : "-";
	taken = print_text(out, text, strlen(text));
	fprintf(out, "%*s", taken < width ? (int)(width - taken + 1) : 1, "");
}

static void show_table(struct play *play, uint64_t number, uint32_t len, const struct fate *fate)
{
	FILE *out = play->cli->out;

	if (number == 1)
		fprintf(out, "%8s %13s %6s  %-8s %-16s %-14s %-3s %-16s %-12s %s\n", "packet",
			"seconds", "bytes", "verdict", "reason", "tenant", "dir", "rule", "list",
			"to port");
	fprintf(out, "%8" PRIu64 " %13.6f %6u  ", number, (double)(play->now_ns - START_NS) / 1e9,
		len);
	show_cell(out, fate->verdict, 8);
	show_cell(out, fate->reason, 16);
	show_cell(out, fate->tenant, 14);
	show_cell(out, fate->dir, 3);
	show_cell(out, fate->rule, 16);
	show_cell(out, fate->list, 12);
	show_cell(out, fate->port, 0);
	fputc('\n', out);
}

/* Counts a packet that could not be played as it stands; the first ones are named. */
static void __attribute__((format(printf, 3, 4)))
remark(struct play *play, uint64_t *count, const char *fmt, ...)
{
	char text[200];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	(*count)++;
	if (++play->note_cnt <= NOTES_MAX)
		cli_note(play->cli, "%s", text);
}

/* The replay's clock: the capture's, from START_NS on, and never backwards. */
static void clock_set(struct play *play, const struct capture_packet *packet)
{
	uint64_t now;

	if (packet->number == 1)
		play->first_ns = packet->time_ns;
	now = START_NS + packet->time_ns - play->first_ns;
	if (packet->time_ns < play->first_ns || now < play->now_ns) {
		remark(play, &play->back_cnt,
		       "packet %" PRIu64
		       " is earlier than the one before it: played at that one's time",
		       packet->number);
		return;
	}
	play->now_ns = now;
}

/* The captured bytes in play->frame, behind an Ethernet header where they had none, and tagged. */
static uint32_t frame_copy(struct play *play, const struct capture_packet *packet)
{
	static const uint8_t macs[12] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1 };
	const uint8_t tag[4] = { 0x81, 0, (uint8_t)(play->vlan >> 8), (uint8_t)play->vlan };
	bool six = packet->len && packet->bytes[0] >> 4 == 6;
	const uint8_t type[2] = { six ? 0x86 : 0x08, six ? 0xdd : 0 };
	size_t link = packet->bare ? 0 : packet->len < 12 ? packet->len : 12, at = link;

	if (packet->bare) {
		memcpy(play->frame, macs, sizeof(macs));
		at = sizeof(macs);
	} else if (link) {
		memcpy(play->frame, packet->bytes, link);
	}
	if (play->vlan && at == 12) {
		memcpy(play->frame + at, tag, sizeof(tag));
		at += sizeof(tag);
	}
	if (packet->bare) {
		memcpy(play->frame + at, type, sizeof(type));
		at += sizeof(type);
	}
	if (packet->len > link)
		memcpy(play->frame + at, packet->bytes + link, packet->len - link);
	return (uint32_t)(at + packet->len - link);
}

/*
 * The frame as it was on the wire, in play->frame: what the capture cut from its end is filled up
 * with zeros, so that the headers which are there decide. Returns its length.
 */
static uint32_t frame_make(struct play *play, const struct capture_packet *packet,
			   uint32_t *ret_missing)
{
	uint32_t len = frame_copy(play, packet), missing = packet->wire_len - packet->len;

	if (packet->wire_len > CAPTURE_LEN_MAX)
		missing = 0; /* no wire carries that: the length is a lie */
	memset(play->frame + len, 0, missing);
	if (packet->wire_len > packet->len)
		remark(play, &play->cut_cnt,
		       "packet %" PRIu64 " was cut by the capture: %u of %s are there, %s",
		       packet->number, packet->len, COUNTED(packet->wire_len, "byte"),
		       missing ? "zeros stand for the others" : "which no wire carries");
	*ret_missing = missing;
	return len + missing;
}

static int frame_write(struct play *play, const struct capture_packet *packet,
		       const struct replay_result *result, uint32_t missing)
{
	struct capture_packet left = {
		.time_ns = packet->time_ns,
		.bytes = result->frame,
		.len = result->len,
		.wire_len = result->len,
	};
	uint16_t port = result->action == XDP_TX ? play->port->id : result->trace.out_port;

	if (!play->writer || (result->action != XDP_TX && result->action != XDP_REDIRECT))
		return 0;
	if (result->action == XDP_REDIRECT && missing < left.len)
		left.len -= missing;
	return capture_write(play->writer, &left, port < SEK_PORTS_MAX ? play->interfaces[port] : 0);
}

static int play_packet(struct play *play, const struct capture_packet *packet)
{
	struct replay_result result;
	struct fate fate;
	uint32_t len, missing;
	int r;

	clock_set(play, packet);
	len = frame_make(play, packet, &missing);
	r = replay_run(play->replay, play->now_ns, play->frame, len, &result);
	if (r)
		return cli_fail(play->cli, CLI_FAILED, NULL,
				"packet %" PRIu64 " of %u bytes cannot be run: %s", packet->number,
				len, strerror(-r));
	if (result.tiny)
		remark(play, &play->tiny_cnt,
		       "packet %" PRIu64 " of %u bytes is no Ethernet frame: refused without a run",
		       packet->number, len);
	if (result.unseen)
		remark(play, &play->long_cnt,
		       "packet %" PRIu64
		       " of %u bytes is longer than any frame: run without its last %u",
		       packet->number, len, result.unseen);
	play->packets[result.trace.reason]++;
	play->bytes[result.trace.reason] += len;
	fate = fate_of(play, &result);
	if (!play->cli->json)
		show_table(play, packet->number, len, &fate);
	else if (show_json(play, packet->number, &fate))
		return cli_fail(play->cli, CLI_FAILED, NULL, "out of memory");
	r = frame_write(play, packet, &result, missing);
	if (r)
		return cli_fail(play->cli, CLI_FAILED, NULL,
				"the frames that leave cannot be written: %s", strerror(-r));
	return CLI_OK;
}

static json_t *summary_rows(const struct play *play)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < SEK_REASONS_MAX; i++)
		if (play->packets[i])
			json_array_append_new(rows,
					      json_pack("{s:s, s:s, s:I, s:I}", "reason",
							reason_word((uint8_t)i), "words",
							reasons[i].words ? reasons[i].words : "",
							"packets", (json_int_t)play->packets[i],
							"bytes", (json_int_t)play->bytes[i]));
	return rows;
}

static void show_summary(struct play *play)
{
	static const struct column columns[] = {
		{ "reason", "REASON", COLUMN_TEXT },
		{ "packets", "PACKETS", COLUMN_COUNT },
		{ "bytes", "BYTES", COLUMN_BYTES },
		{ "words", "MEANING", COLUMN_TEXT },
	};
	static const struct view view = VIEW("reasons", columns, "the capture holds no packet");
	json_t *result;

	if (play->note_cnt > NOTES_MAX)
		cli_note(play->cli,
			 "%" PRIu64 " more such packets; in all %" PRIu64 " cut, %" PRIu64
			 " too short, %" PRIu64 " too long, %" PRIu64 " out of time",
			 play->note_cnt - NOTES_MAX, play->cut_cnt, play->tiny_cnt, play->long_cnt,
			 play->back_cnt);
	if (play->cli->json)
		return;
	fputc('\n', play->cli->out);
	result = json_pack("{s:o}", "reasons", summary_rows(play));
	if (result)
		print_view(play->cli->out, result, &view);
	json_decref(result);
}

/*
 * A broken capture: what came before it has been played and shown, so the words go to standard
 * error also under -j; each line on standard output stays a packet.
 */
static int play_broken(struct play *play, const struct diag *diag, uint64_t number)
{
	if (!number)
		return cli_fail(play->cli, CLI_FAILED, diag, "the capture cannot be played");
	fflush(play->cli->out);
	diag_print(diag, play->cli->err);
	cli_note(play->cli, "the capture is broken: only %s before that %s played",
		 COUNTED(number, "packet"), by_count(number, "was", "were"));
	return CLI_FAILED;
}

static int play_all(struct play *play)
{
	struct capture_packet packet = { .number = 0 };
	struct diag diag;
	int r, status = CLI_OK;

	diag_init(&diag);
	while ((r = capture_next(play->capture, &packet, &diag)) > 0) {
		status = play_packet(play, &packet);
		if (status)
			goto out;
	}
	show_summary(play);
	if (r < 0)
		status = play_broken(play, &diag, packet.number);
out:
	diag_free(&diag);
	return status;
}

/* `out FILE`: pcap-ng with an interface for each port when so named, else pcap. */
static int out_open(struct play *play, const char *path)
{
	const char *names[SEK_PORTS_MAX];
	struct capture_format format = { .fine = capture_fine(play->capture), .interfaces = names };
	const char *dot = strrchr(path, '.');
	int r;

	format.ng = dot && (!strcmp(dot, ".pcapng") || !strcmp(dot, ".ntar"));
	for (size_t i = 0; i < play->policy->port_cnt && i < SEK_PORTS_MAX; i++) {
		names[format.interface_cnt] = play->policy->ports[i].name;
		if (play->policy->ports[i].id < SEK_PORTS_MAX)
			play->interfaces[play->policy->ports[i].id] = (uint32_t)format.interface_cnt;
		format.interface_cnt++;
	}
	play->out_file = fopen(path, "wbe");
	if (!play->out_file)
		return cli_fail(play->cli, CLI_FAILED, NULL, "%s cannot be written: %s", path,
				strerror(errno));
	r = capture_create(play->out_file, &format, &play->writer);
	if (r)
		return cli_fail(play->cli, CLI_FAILED, NULL, "%s cannot be written: %s", path,
				strerror(-r));
	return CLI_OK;
}

static int out_close(struct play *play, int status)
{
	if (play->writer)
		capture_finish(play->writer);
	if (play->out_file && fclose(play->out_file) && status == CLI_OK)
		return cli_fail(play->cli, CLI_FAILED, NULL,
				"the frames that leave cannot be written: %s", strerror(errno));
	return status;
}

/* Reads the capture through a kernel program that is loaded for it and gone afterwards. */
static int gate_run(struct play *play, FILE *in, const char *path, const char *out_path)
{
	const struct replay_options options = { .with_lists = true,
						.tc = play->port->mode == MODE_TC,
						.live = play->live };
	struct diag diag;
	int r, status = CLI_OK;

	diag_init(&diag);
	r = capture_open(in, path, &play->capture, &diag);
	if (r)
		status = cli_fail(play->cli, CLI_FAILED, &diag, "%s cannot be played", path);
	if (!r && out_path)
		status = out_open(play, out_path);
	if (status == CLI_OK) {
		r = replay_open(play->policy, &options, &play->replay, &diag);
		if (!r)
			r = replay_port(play->replay, play->port->id);
		if (r)
			status = cli_fail(play->cli, CLI_FAILED, &diag,
					  "the gateway's program cannot be run here: %s",
					  strerror(-r));
	}
	if (status == CLI_OK && !play->cli->json)
		diag_print(&diag, play->cli->err);
	if (status == CLI_OK)
		status = play_all(play);
	status = out_close(play, status);
	replay_close(play->replay);
	capture_close(play->capture);
	diag_free(&diag);
	return status;
}

/* The policy named, else the one in force. NULL after the words were said. */
static struct policy *policy_get(struct cli *cli, const char *path, int *ret_status)
{
	struct policy *policy = NULL;
	json_t *entry = NULL;
	struct diag diag;
	const char *text;

	diag_init(&diag);
	if (path) {
		policy = policy_read(path, &diag);
		if (!policy)
			*ret_status = cli_fail(cli, CLI_FAILED, &diag,
					       "%s is no policy that can be used", path);
	} else if ((*ret_status = live_policy(cli, 0, &entry)) == CLI_OK) {
		text = json_string_value(json_object_get(entry, "text"));
		if (text)
			policy = policy_parse(text, strlen(text), "the live policy", NULL, &diag);
		if (!policy)
			*ret_status =
				cli_fail(cli, CLI_FAILED, &diag,
					 "the live policy cannot be read; name one: policy FILE");
	} else {
		cli_note(cli,
			 "no policy is in force here that could be played against; name one: policy FILE");
	}
	json_decref(entry);
	diag_free(&diag);
	return policy;
}

/* The gate whose lists are in force; NULL and a note when there is none here. */
static struct gate *live_lists(struct cli *cli)
{
	struct gate *gate = NULL;
	struct diag diag;

	diag_init(&diag);
	if (gate_peek(cli->pin_dir, &gate, &diag))
		cli_note(cli, "no gateway is installed here: lists are taken from their sources");
	diag_free(&diag);
	return gate;
}

static const struct model_port *port_get(struct cli *cli, const struct policy *policy,
					 const char *name)
{
	const struct model_port *port = policy_port(policy, name);
	char names[512] = "";

	if (port)
		return port;
	for (size_t i = 0; i < policy->port_cnt; i++) {
		size_t at = strlen(names);

		snprintf(names + at, sizeof(names) - at, "%s%s", i ? ", " : "",
			 policy->ports[i].name);
	}
	cli_fail(cli, CLI_FAILED, NULL, "the policy has no port '%s'; it has: %s", name, names);
	return NULL;
}

static int capture_gate(struct cli *cli, const struct cli_args *args)
{
	const char *path = cli_arg(args, "file");
	bool from_stdin = !strcmp(path, "-");
	struct play *play = calloc(1, sizeof(*play));
	struct policy *policy;
	uint64_t vlan = 0;
	FILE *in = NULL;
	int status = CLI_FAILED;

	if (!play)
		return cli_fail(cli, CLI_FAILED, NULL, "out of memory");
	play->cli = cli;
	play->now_ns = START_NS;
	status = cli_number(cli, args, "vlan", 1, 4094, &vlan);
	if (status)
		goto out_play;
	play->vlan = (uint16_t)vlan;
	policy = policy_get(cli, cli_arg(args, "policy"), &status);
	if (!policy)
		goto out_play;
	play->policy = policy;
	if (!cli_arg(args, "policy"))
		play->live = live_lists(cli);
	status = CLI_FAILED;
	play->port = port_get(cli, policy, cli_arg(args, "port"));
	if (!play->port)
		goto out_policy;
	in = from_stdin ? stdin : fopen(path, "rbe");
	if (in)
		status = gate_run(play, in, from_stdin ? "standard input" : path,
				  cli_arg(args, "out"));
	else
		status = cli_fail(cli, CLI_FAILED, NULL, "%s cannot be read: %s", path,
				  strerror(errno));
	if (in && !from_stdin)
		fclose(in);
out_policy:
	if (play->live)
		gate_close(play->live);
	policy_free(policy);
out_play:
	free(play);
	return status;
}

static const struct cli_command commands[] = {
	{ "gate",
	  "play a capture through the gateway's kernel program; nothing live is touched",
	  capture_gate,
	  { { .name = "file", .kind = CLI_WORD, .value = "FILE", .needed = true },
	    { .name = "port", .kind = CLI_KEY, .value = "NAME", .needed = true },
	    { .name = "policy", .kind = CLI_KEY, .value = "FILE" },
	    { .name = "vlan", .kind = CLI_KEY, .value = "N" },
	    { .name = "out", .kind = CLI_KEY, .value = "FILE" } } },
	{ "inspect",
	  "tells what rules and protocols find in a capture, as Suricata's EVE records",
	  capture_inspect,
	  { { .name = "file", .kind = CLI_WORD, .value = "FILE", .needed = true },
	    { .name = "rules", .kind = CLI_KEY, .value = "FILE", .many = true },
	    { .name = "log-dir", .kind = CLI_KEY, .value = "DIR", .needed = true },
	    { .name = "policy", .kind = CLI_KEY, .value = "FILE" },
	    { .name = "tenant", .kind = CLI_KEY, .value = "NAME" },
	    { .name = "config", .kind = CLI_KEY, .value = "FILE" },
	    { .name = "set", .kind = CLI_KEY, .value = "KEY=VALUE", .many = true },
	    { .name = "ips", .kind = CLI_FLAG, .also = "simulate-ips" },
	    { .name = "unchecked-sums", .kind = CLI_FLAG, .also = "no-checksum" },
	    { .name = "checksums", .kind = CLI_KEY, .value = "all|none|auto", .letter = 'k' },
	    { .name = "threads", .kind = CLI_KEY, .value = "N" },
	    { .name = "data-dir", .kind = CLI_KEY, .value = "DIR" },
	    { .name = "runmode", .kind = CLI_KEY, .value = "single|autofp|workers" },
	    { .name = "no-random", .kind = CLI_FLAG },
	    { .name = "verbose", .kind = CLI_FLAG, .letter = 'v' } } },
	{ "start",
	  "writes live frames that match to FILE (pcap-ng), with the verdict on each, for a minute",
	  live_capture_start,
	  { { .name = "file", .kind = CLI_WORD, .value = "FILE", .needed = true },
	    { .name = "tenant", .kind = CLI_KEY, .value = "TENANT" },
	    { .name = "src", .kind = CLI_KEY, .value = "PREFIX" },
	    { .name = "dst", .kind = CLI_KEY, .value = "PREFIX" },
	    { .name = "port", .kind = CLI_KEY, .value = "PORT" },
	    { .name = "proto", .kind = CLI_KEY, .value = "tcp|udp|icmp|icmp6|NUMBER" },
	    { .name = "reason", .kind = CLI_KEY, .value = "REASON" },
	    { .name = "count", .kind = CLI_KEY, .value = "N" },
	    { .name = "for", .kind = CLI_KEY, .value = "TIME" },
	    { .name = "size", .kind = CLI_KEY, .value = "BYTES" },
	    { .name = "snaplen", .kind = CLI_KEY, .value = "BYTES" },
	    { .name = "rate", .kind = CLI_KEY, .value = "N" },
	    { .name = "force", .kind = CLI_FLAG },
	    { .name = "message", .kind = CLI_KEY, .value = "TEXT", .letter = 'm' } } },
	{ "stop", "ends the live capture that runs", live_capture_stop, { { 0 } } },
	{ "show", "what the live capture takes, and what it could not", live_capture_show, { { 0 } } },
	{ 0 },
};

const struct cli_object object_capture = {
	.name = "capture",
	.summary = "live frames with their verdicts; captures played through the gateway",
	.commands = commands,
	.teach =
		"  sekisho capture start why.pcapng tenant saga reason list_block count 20\n"
		"      frames from now on and what the gateway says to each, as packet comments\n"
		"  sekisho capture start one.pcapng src 10.1.0.7 port 443 for 5m snaplen 16384\n"
		"  tshark -r why.pcapng -T fields -e frame.number -e frame.comment\n"
		"Both directions are captured, as they came in; who captured what is in the history.\n"
		"\n"
		"FILE is pcap or pcap-ng, Ethernet or raw IP; - is standard input. Every frame arrives\n"
		"on the port NAME at the capture's own times, in a gateway with no flows yet. Without a\n"
		"policy FILE the one in force is taken, with its lists as they are. Needs root, no agent.\n"
		"What a capture cut from a frame is filled with zeros, and said; a frame under 14 bytes\n"
		"is short_frame without a run, since no driver hands it to the program.\n"
		"\n"
		"  sekisho capture gate saga.pcap port inside vlan 101 policy saga.yaml\n"
		"      what the policy says to each packet, and why; frames are given the tag of VLAN 101\n"
		"  sekisho -j capture gate saga.pcapng port outside | jq -r .reason | sort | uniq "
		"-c\n"
		"      the same against the policy in force, a line of JSON for each packet\n"
		"  tcpdump -i eth1 -c 100 -w - | sekisho capture gate - port inside out "
		"passed.pcapng\n"
		"      what leaves, as pcap-ng with an interface for each port (any other name: pcap)\n"
		"\n"
		"`inspect` needs neither root nor agent: rules and settings are Suricata's own files, DIR\n"
		"gets eve.json. Without config FILE it is set as Debian's Suricata comes. What Suricata is\n"
		"told by --set, -k, --simulate-ips, --data-dir and --runmode is understood as it stands.\n"
		"\n"
		"  sekisho capture inspect saga.pcap rules et.rules own.rules log-dir /tmp/saga\n"
		"      alerts, protocols, files and flows; a line at the end counts them\n"
		"  sekisho capture inspect saga.pcap rules et.rules log-dir out policy saga.yaml\n"
		"      each body by its own rules, variables and suppressions; records name it\n"
		"  sekisho -j capture inspect - rules et.rules log-dir out < saga.pcapng | jq .alerts\n"
		"  sekisho capture inspect saga.pcap log-dir out ips set stream.midstream=true threads 2\n"
		"      read as a device in the path does; one setting over those of the file\n",
};
