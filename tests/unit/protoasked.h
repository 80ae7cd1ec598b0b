/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A parser's run, fed in two pieces and asked for its fields by name. Used by the tests of proto/.
 */
#ifndef TESTS_UNIT_PROTOASKED_H
#define TESTS_UNIT_PROTOASKED_H

#include "protorun.h"

/* Bytes that may have zeros among them. */
#define TEXT(bytes) slice(bytes, sizeof(bytes) - 1)

static inline void feed_cut(struct protorun *run, enum side side, struct slice bytes, size_t cut)
{
	cut = cut < bytes.len ? cut : bytes.len;
	protorun_feed(run, side, slice(bytes.at, cut), 0, false);
	protorun_feed(run, side, slice_behind(bytes, cut), 0, false);
}

static inline const struct field *field_of(const struct protorun *run, const char *name)
{
	const struct proto *proto = protos[run->flow.session.proto];

	for (size_t i = 0; i < proto->field_cnt; i++)
		if (strcmp(proto->fields[i].name, name) == 0)
			return &proto->fields[i];
	fail_msg("no field %s", name);
	return NULL;
}

static inline void field_says(const struct protorun *run, struct tx *tx, const char *name,
			      enum side side, uint32_t index, const char *value)
{
	struct slice bytes = { .len = 0 };
	uint64_t from;

	assert_true(field_of(run, name)->bytes(tx, side, index, &bytes, &from));
	if (!slice_is(bytes, value))
		fail_msg("%s is %.*s", name, (int)bytes.len, (const char *)bytes.at);
}

#endif
