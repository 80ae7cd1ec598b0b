// SPDX-License-Identifier: Apache-2.0
/*
 * The table of protocols. Called by rules to find one by name and by sessions to find one by bytes; promises
 * the order of enum proto_id.
 */
#include "proto/proto.h"

#include <stdio.h>

#include "base/config.h"

#define PROTO(id, symbol) extern const struct proto proto_##symbol;
#include "proto/protos.def"
#undef PROTO

const struct proto *const protos[PROTO_CNT] = {
#define PROTO(id, symbol) [PROTO_##id] = &proto_##symbol,
#include "proto/protos.def"
#undef PROTO
};

enum proto_id proto_by_name(const char *name)
{
	for (int i = PROTO_FAILED + 1; i < PROTO_CNT; i++)
		if (protos[i] && strcmp(protos[i]->name, name) == 0)
			return (enum proto_id)i;
	return strcmp(name, "failed") == 0 ? PROTO_FAILED : PROTO_UNKNOWN;
}

bool proto_is_off(enum proto_id id, const struct config *config)
{
	char path[96];
	const char *said;

	snprintf(path, sizeof(path), "app-layer.protocols.%s.enabled", protos[id]->name);
	said = config_text(config, path);
	return said && strcmp(said, "detection-only") != 0 && !config_bool(config, path, true);
}
