// SPDX-License-Identifier: Apache-2.0
/*
 * A few flows with frames that came though they were decided, and a list of the other direction's for
 * those that are being braked. Called by worker.c in its thread. Promises that no frame of a direction
 * overtakes another, and that none waits longer than BRAKE_NS and a turn.
 */
#include "inline/brake.h"

#include <stdlib.h>
#include <string.h>

struct waiting {
	struct waiting *next;
	struct brake_frame frame; /* its bytes are behind it */
	uint8_t bytes[];
};

struct braked {
	struct sek_note note; /* of the direction that still comes; number 0: nobody's place */
	uint32_t cnt[2]; /* decided frames that came, by enum sek_dir */
	uint64_t seen_ns, since_ns, not_before_ns;
	bool holds; /* the other direction waits */
	struct waiting *first, **end;
};

struct brake {
	struct brake_parts parts;
	struct braked flows[BRAKE_FLOWS];
	size_t holding; /* of them */
	size_t bytes;
};

struct brake *brake_new(const struct brake_parts *parts)
{
	struct brake *brake = calloc(1, sizeof(*brake));

	if (brake)
		brake->parts = *parts;
	return brake;
}

static bool is_of(const struct braked *f, const struct sek_note *note)
{
	return f->note.number == note->number && f->note.first_ns == note->first_ns;
}

static struct braked *find(struct brake *brake, const struct sek_note *note)
{
	for (size_t i = 0; note->number && i < BRAKE_FLOWS; i++)
		if (is_of(&brake->flows[i], note))
			return &brake->flows[i];
	return NULL;
}

/* The place of the flow that was seen longest ago; NULL: all hold something. */
static struct braked *place_take(struct brake *brake, const struct sek_note *note)
{
	struct braked *oldest = NULL;

	for (size_t i = 0; i < BRAKE_FLOWS; i++) {
		struct braked *f = &brake->flows[i];

		if (!f->holds && (!oldest || f->seen_ns < oldest->seen_ns))
			oldest = f;
	}
	if (oldest)
		*oldest = (struct braked){ .note = *note };
	return oldest;
}

static void hold(struct brake *brake, struct braked *f, const struct sek_note *note, uint64_t now_ns)
{
	f->note = *note;
	f->not_before_ns = now_ns + BRAKE_PAUSE_NS;
	if (!brake->parts.recall(brake->parts.arg, note))
		return;
	f->since_ns = now_ns;
	f->holds = true;
	f->end = &f->first;
	brake->holding++;
}

void brake_passed(struct brake *brake, const struct sek_note *note, uint64_t now_ns)
{
	struct braked *f = find(brake, note);

	if (!note->number || (!f && !(f = place_take(brake, note))))
		return;
	f->seen_ns = now_ns;
	if (++f->cnt[note->dir & 1] >= BRAKE_AFTER && !f->holds && now_ns >= f->not_before_ns)
		hold(brake, f, note, now_ns);
}

static void let_go(struct brake *brake, struct braked *f, uint64_t now_ns)
{
	while (f->first) {
		struct waiting *w = f->first;

		f->first = w->next;
		brake->bytes -= w->frame.len;
		brake->parts.send(brake->parts.arg, &w->frame);
		free(w);
	}
	f->holds = false;
	f->cnt[0] = f->cnt[1] = 0;
	f->not_before_ns = now_ns + BRAKE_PAUSE_NS;
	brake->holding--;
}

bool brake_takes(struct brake *brake, const struct brake_frame *frame)
{
	struct braked *f = brake->holding ? find(brake, &frame->note) : NULL;
	struct waiting *w;

	if (!f || !f->holds || frame->note.dir == f->note.dir)
		return false;
	w = brake->bytes + frame->len <= BRAKE_BYTES ? malloc(sizeof(*w) + frame->len) : NULL;
	if (!w) {
		let_go(brake, f, f->seen_ns);
		return false;
	}
	*w = (struct waiting){ .frame = *frame };
	w->frame.bytes = memcpy(w->bytes, frame->bytes, frame->len);
	brake->bytes += frame->len;
	*f->end = w;
	f->end = &w->next;
	return true;
}

void brake_let_go(struct brake *brake, const struct sek_note *note)
{
	struct braked *f = brake->holding ? find(brake, note) : NULL;

	if (f && f->holds)
		let_go(brake, f, f->seen_ns);
}

void brake_turn(struct brake *brake, uint64_t now_ns)
{
	for (size_t i = 0; brake->holding && i < BRAKE_FLOWS; i++) {
		struct braked *f = &brake->flows[i];

		if (f->holds && (now_ns - f->since_ns >= BRAKE_NS ||
				 brake->parts.is_back(brake->parts.arg, &f->note)))
			let_go(brake, f, now_ns);
	}
}

bool brake_waits(const struct brake *brake)
{
	return brake->holding;
}

void brake_free(struct brake *brake)
{
	for (size_t i = 0; brake && brake->holding && i < BRAKE_FLOWS; i++)
		if (brake->flows[i].holds)
			let_go(brake, &brake->flows[i], 0);
	free(brake);
}
