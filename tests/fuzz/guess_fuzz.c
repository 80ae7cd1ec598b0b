// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as the first of a flow: each protocol is asked whether it knows them, by content and by its ports.
 * The first byte says the side. What asks for more is asked again with all but the last byte.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(enum side side, const uint8_t *data, size_t size)
{
	uint8_t *own = malloc(size ? size : 1); /* what is read behind it is seen */

	if (!own)
		abort();
	if (size)
		memcpy(own, data, size);
	for (int i = PROTO_FAILED + 1; i < PROTO_CNT; i++) {
		const struct proto *proto = protos[i];

		if (proto && proto->guess && proto->guess(side, slice(own, size)) > GUESS_YES_TURNED)
			abort();
		if (proto && proto->guess_there &&
		    proto->guess_there(side, slice(own, size)) > GUESS_YES_TURNED)
			abort();
	}
	free(own);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum side side;

	if (size < 2)
		return 0;
	side = data[0] & 1 ? FROM_SERVER : FROM_CLIENT;
	ask(side, data + 1, size - 1);
	ask(side, data + 1, size - 2);
	return 0;
}
