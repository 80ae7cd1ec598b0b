// SPDX-License-Identifier: Apache-2.0
/*
 * mutate POLICY FRAMES SEED CAPTURE...: frames of the captures, bent at random, through the kernel
 * program under this policy; prints one line of JSON: how many frames, how many ended without a
 * verdict of their own, and by how much each counter differs from what was seen of every single one.
 * Called by tests/soak/mutate.test.
 */
#include <errno.h>
#include <jansson.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/mutate.h"
#include "capture/capture.h"
#include "install/replay.h"
#include "model/model.h"
#include "sekisho/verdict.h"

#define KEPT_MAX 200000 /* frames held in memory */
#define LEN_MAX 9216 /* longer ones are cut */
#define TURN 64 /* frames that come in by one port before the other is taken */
#define TENANT_CELLS (SEK_TENANTS_MAX * 2 * SEK_REASONS_MAX)
#define PORT_CELLS (SEK_PORTS_MAX * SEK_REASONS_MAX)

struct kept {
	uint8_t *bytes;
	uint32_t len;
};

struct storm {
	struct policy *policy;
	struct replay *replay;
	struct kept *kept;
	size_t kept_cnt, files, broken; /* captures read, and those that end in a broken record */
	uint64_t seed, now_ns;
	struct frame frame;
	uint64_t ended[SEK_REASONS_MAX]; /* as the program's own account says of each */
	uint64_t frames, aborted, odd;
};

static const char *const names[SEK_REASONS_MAX] = {
#define SEK_REASON(number, name, verdict, en, ja) [number] = #name,
#include "sekisho/reasons.def"
#undef SEK_REASON
};

static int keep(struct storm *storm, const struct capture_packet *packet)
{
	static const uint8_t ether[14] = { 0x02, 0, 0, 0, 0, 2, 0x02, 0, 0, 0, 0, 1 };
	uint32_t head = packet->bare ? sizeof(ether) : 0, len = packet->len;
	struct kept *kept = &storm->kept[storm->kept_cnt];

	len = len > LEN_MAX - head ? LEN_MAX - head : len;
	if (head + len < sizeof(ether))
		return 0;
	kept->bytes = malloc(head + len);
	if (!kept->bytes)
		return -ENOMEM;
	memcpy(kept->bytes, ether, head);
	memcpy(kept->bytes + head, packet->bytes, len);
	if (head) {
		kept->bytes[12] = packet->bytes[0] >> 4 == 6 ? 0x86 : 0x08;
		kept->bytes[13] = packet->bytes[0] >> 4 == 6 ? 0xdd : 0x00;
	}
	kept->len = head + len;
	storm->kept_cnt++;
	return 0;
}

/* What can be read of a capture; some are broken on purpose. */
static int capture_keep(struct storm *storm, const char *path)
{
	struct capture_packet packet;
	struct capture *capture;
	FILE *in = fopen(path, "re");
	struct diag diag;
	int r = 0;

	if (!in)
		return -errno;
	diag_init(&diag);
	if (!capture_open(in, path, &capture, &diag)) {
		while (storm->kept_cnt < KEPT_MAX && (r = capture_next(capture, &packet, &diag)) > 0)
			if (keep(storm, &packet))
				break;
		capture_close(capture);
	} else {
		r = -EINVAL;
	}
	storm->files++;
	storm->broken += r < 0;
	diag_free(&diag);
	fclose(in);
	return 0;
}

static size_t ip_at(const struct frame *f)
{
	size_t at = 12;

	for (int tags = 0; tags < 3 && at + 4 < f->len; tags++) {
		uint16_t type = frame_get16(f, at);

		if (type == 0x0800 || type == 0x86dd)
			return at + 2;
		if (type != 0x8100 && type != 0x88a8)
			return 0;
		at += 4;
	}
	return 0;
}

/* Makes most frames some body's: behind its VLAN, with its address on its side. */
static void settle(struct storm *storm, bool out)
{
	static const uint8_t net4[2] = { 10, 1 }, net6[6] = { 0x20, 0x01, 0x0d, 0xb8, 0x01, 0x01 };
	static const uint8_t tag[4] = { 0x81, 0, 0, 101 };
	struct frame *f = &storm->frame;
	size_t l3 = ip_at(f);

	if (l3 == 14) {
		memmove(f->b + 16, f->b + 12, f->len - 12);
		memcpy(f->b + 12, tag, sizeof(tag));
		f->len += sizeof(tag);
		l3 += sizeof(tag);
	}
	if (l3 && f->b[l3] >> 4 == 4 && l3 + 20 <= f->len) {
		memcpy(f->b + l3 + (out ? 12 : 16), net4, sizeof(net4));
		frame_ip_sum(f);
	} else if (l3 && f->b[l3] >> 4 == 6 && l3 + 40 <= f->len) {
		memcpy(f->b + l3 + (out ? 8 : 24), net6, sizeof(net6));
	}
}

static int one(struct storm *storm, bool out)
{
	const struct kept *kept = &storm->kept[draw(&storm->seed, (uint32_t)storm->kept_cnt)];
	struct replay_result result;
	int err;

	memcpy(storm->frame.b, kept->bytes, kept->len);
	storm->frame.len = kept->len;
	if (draw(&storm->seed, 8))
		settle(storm, out);
	storm->frame.l3 = ip_at(&storm->frame);
	if (draw(&storm->seed, 8))
		frame_mutate(&storm->frame, &storm->seed);
	storm->now_ns += draw(&storm->seed, 100) * 1000;
	err = replay_run(storm->replay, storm->now_ns, storm->frame.b, (uint32_t)storm->frame.len,
			 &result);
	if (err)
		return err;
	storm->frames++;
	storm->ended[result.trace.reason & (SEK_REASONS_MAX - 1)]++;
	if (result.action == XDP_ABORTED)
		storm->aborted++;
	if (result.trace.reason == SEK_R_none || result.trace.reason >= SEK_R_bug_map ||
	    result.trace.verdict == SEK_NEXT)
		storm->odd++;
	return 0;
}

static int all(struct storm *storm, uint64_t frames)
{
	int err = 0;

	while (!err && storm->frames < frames) {
		bool out = storm->frames / TURN % 2 == 0;

		if (storm->frames % TURN == 0)
			err = replay_port(storm->replay, out ? 1 : 2);
		if (!err)
			err = one(storm, out);
	}
	return err;
}

/* Reasons whose counter is not what was seen frame by frame. */
static json_t *differences(struct storm *storm, const char *map, uint32_t cells)
{
	uint64_t counted[SEK_REASONS_MAX];
	json_t *wrong = json_object();

	reasons_sum(gate_map_fd(replay_gate(storm->replay), map), cells, counted);
	for (int r = 0; r < SEK_REASONS_MAX; r++)
		if (counted[r] != storm->ended[r])
			json_object_set_new(wrong, names[r] ? names[r] : "?",
					    json_integer((json_int_t)(counted[r] - storm->ended[r])));
	return wrong;
}

static void tell(struct storm *storm)
{
	json_t *ended = json_object(), *report;

	for (int r = 0; r < SEK_REASONS_MAX; r++)
		if (storm->ended[r])
			json_object_set_new(ended, names[r] ? names[r] : "?",
					    json_integer((json_int_t)storm->ended[r]));
	report = json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:o,s:o,s:o}", "frames",
			   (json_int_t)storm->frames, "files", (json_int_t)storm->files, "broken",
			   (json_int_t)storm->broken, "kept", (json_int_t)storm->kept_cnt, "aborted",
			   (json_int_t)storm->aborted, "odd", (json_int_t)storm->odd, "wrong_by_body",
			   differences(storm, "sek_count", TENANT_CELLS), "wrong_by_port",
			   differences(storm, "sek_port_count", PORT_CELLS), "ended", ended);
	json_dumpf(report, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(report);
}

static int open_all(struct storm *storm, char **captures, const char *policy_path)
{
	const struct replay_options options = { .with_lists = true };
	struct diag diag;
	int err = 0;

	diag_init(&diag);
	storm->policy = policy_read(policy_path, &diag);
	err = storm->policy ? replay_open(storm->policy, &options, &storm->replay, &diag) : -EINVAL;
	if (err)
		diag_print(&diag, stderr);
	diag_free(&diag);
	storm->kept = calloc(KEPT_MAX, sizeof(*storm->kept));
	if (!storm->kept)
		return -ENOMEM;
	for (; !err && *captures && storm->kept_cnt < KEPT_MAX; captures++) {
		err = capture_keep(storm, *captures);
		if (err)
			fprintf(stderr, "mutate: %s: %s\n", *captures, strerror(-err));
	}
	return err ? err : storm->kept_cnt ? 0 : -ENODATA;
}

int main(int argc, char **argv)
{
	static struct storm storm = { .now_ns = 1000000000 };
	int err;

	if (argc < 5) {
		fprintf(stderr, "usage: mutate POLICY FRAMES SEED CAPTURE...\n");
		return 2;
	}
	storm.seed = strtoull(argv[3], NULL, 10) | 1;
	err = open_all(&storm, argv + 4, argv[1]);
	if (!err)
		err = all(&storm, strtoull(argv[2], NULL, 10));
	if (err)
		fprintf(stderr, "mutate: %s\n", strerror(-err));
	else
		tell(&storm);
	for (size_t i = 0; i < storm.kept_cnt; i++)
		free(storm.kept[i].bytes);
	free(storm.kept);
	replay_close(storm.replay);
	policy_free(storm.policy);
	return err ? 1 : 0;
}
