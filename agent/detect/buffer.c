/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Buffers of transactions as rules see them: the field, after its transforms. Called by
 * transaction.c. What transforms make is made once while a transaction is asked, however many rules
 * look at it.
 */
#include "detect/asking.h"

const struct field *source_field(const struct source *source, enum proto_id proto)
{
	for (uint8_t i = 0; i < source->field_cnt; i++) {
		if (source->fields[i].proto == proto)
			return source->fields[i].field;
	}
	return NULL;
}

bool buffer_transform(struct detect *detect, const struct source *source, enum side side,
		      uint32_t index, struct slice *bytes)
{
	struct buffer *made = &detect->scratch->buffers[source->number];
	struct slice now = *bytes;

	if (!source->transform_cnt)
		return true;
	if (made->pass == detect->pass && made->index == index && made->side == side) {
		*bytes = made->bytes;
		return true;
	}
	for (uint8_t i = 0; i < source->transform_cnt; i++) {
		const struct transform *transform = &source->transforms[i];
		uint8_t *to = room_get(&detect->pass_room, now.len + TRANSFORM_ROOM);

		if (!to)
			return false;
		now = slice(to, transform->kind->apply(transform->arg, now, to));
	}
	*made = (struct buffer){ .pass = detect->pass, .index = index, .side = side, .bytes = now };
	*bytes = now;
	return true;
}
