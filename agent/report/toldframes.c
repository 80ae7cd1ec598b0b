// SPDX-License-Identifier: Apache-2.0
/*
 * Owns the records of frames, and their objects in alerts. Called by the engine's workers. Promises each
 * frame once, when all of it that will ever come is there; that of a whole stream with its first bytes.
 */
#include <stdio.h>
#include <stdlib.h>

#include "report/toldinside.h"

static void payload_put(struct json *json, struct slice bytes, size_t max)
{
	if (bytes.len > max)
		bytes.len = max;
	if (!bytes.len)
		return;
	json_base64(json, "payload", bytes);
	json_printable(json, "payload_printable", bytes);
}

/* Where bytes are missing it says so among the others, as Suricata does; frames with a hole are rare. */
static void payload_with_hole(struct json *json, const struct frame *frame, size_t max)
{
	char *text = malloc(frame->have + 48);
	int len;

	if (!text)
		return;
	memcpy(text, frame->bytes, frame->lost_at);
	len = snprintf(text + frame->lost_at, 48, "[%llu bytes missing]",
		       (unsigned long long)frame->lost);
	memcpy(text + frame->lost_at + len, frame->bytes + frame->lost_at,
	       frame->have - frame->lost_at);
	payload_put(json, slice(text, frame->have + (size_t)len), max);
	free(text);
}

void told_frame_of(struct told *told, const struct packet *packet, const struct frame *frame)
{
	struct json *json = &told->json;
	size_t max = told->settings->frame_max;

	json_open(json, "frame");
	json_text(json, "type", frame_type_name(frame));
	json_number(json, "id", frame->number);
	json_text(json, "direction", frame->side == FROM_CLIENT ? "toserver" : "toclient");
	if (packet->proto == 6)
		json_number(json, "stream_offset", frame->from);
	json_number(json, "length", frame->len == FRAME_LEN_UNKNOWN ? frame->have : frame->len);
	if (frame->have)
		json_bool(json, "complete", frame_is_whole(frame));
	if (frame->lost && frame->have)
		payload_with_hole(json, frame, max);
	else
		payload_put(json, slice(frame->bytes, frame->have), max);
	if (frame->has_tx)
		json_number(json, "tx_id", frame->tx_id);
	json_close(json);
}

static void frame_put(struct told *told, const struct packet *packet, const struct frame *frame)
{
	struct told_head head = { .time_ns = packet->time_ns,
				  .event_type = "frame",
				  .packet = packet,
				  .flow = packet->flow,
				  .from = HEAD_PACKET };

	told_head(told, &head);
	told_app_proto(told, packet->flow);
	told_frame_of(told, packet, frame);
	told_line(told);
}

void told_frames(struct told *told, struct packet *packet)
{
	if (!told->settings->kinds[TOLD_FRAMES])
		return;
	for (struct frame *frame = packet->flow->session.frames; frame; frame = frame->next) {
		if (frame->told || frame->side != packet->side ||
		    !(frame->ended || (frame->type == FRAME_STREAM && frame->have)))
			continue;
		frame_put(told, packet, frame);
		frame->told = true;
	}
}
