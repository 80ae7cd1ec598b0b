// SPDX-License-Identifier: Apache-2.0
/*
 * rpc: a call of Sun RPC (RFC 5531, section 9) in the packet's payload: program, version, procedure.
 */
#include <netinet/in.h>
#include <stdlib.h>

#include "base/bigend.h"
#include "detect/parse/inside.h"

struct rpc {
	bool any_version, any_procedure;
	uint32_t program, version, procedure;
};

static bool rpc_ask(const void *arg, struct match *match)
{
	const struct rpc *rpc = arg;
	struct slice call = match->packet->payload;

	if (match->packet->proto == IPPROTO_TCP)
		call = slice_behind(call, call.len < 4 ? call.len : 4); /* the record mark, section 11 */
	if (call.len < 24 || be32(call.at + 4) != 0) /* of whatever version of RPC */
		return false;
	return be32(call.at + 12) == rpc->program &&
	       (rpc->any_version || be32(call.at + 16) == rpc->version) &&
	       (rpc->any_procedure || be32(call.at + 20) == rpc->procedure);
}

static const struct test_ops rpc_ops = {
	.word = "rpc", .ask = rpc_ask, .free = free, .of_packet = true, .cost = 1
};

/* A number, or * for any. */
static bool number_or_any(struct slice *rest, bool *ret_any, uint32_t *ret_number)
{
	struct slice word;
	uint64_t number = 0;

	*ret_any = !slice_next(rest, ',', &word) || slice_is(word, "*");
	if (!*ret_any && !number_parse(word, UINT32_MAX, &number))
		return false;
	*ret_number = (uint32_t)number;
	return true;
}

static int rpc_read(struct draft *draft, struct slice value)
{
	struct rpc read = {}, *rpc;
	struct slice rest = value;
	bool any_program;

	if (!number_or_any(&rest, &any_program, &read.program) || any_program ||
	    !number_or_any(&rest, &read.any_version, &read.version) ||
	    !number_or_any(&rest, &read.any_procedure, &read.procedure) || rest.at)
		return refuse(draft, (const char *)value.at, "rpc:100000,*,3",
			      "rpc is a program, a version or *, a procedure or *");
	rpc = malloc(sizeof(*rpc));
	if (!rpc)
		return refuse_memory(draft);
	*rpc = read;
	draft->wants_packet = true;
	return draft_test(draft, &rpc_ops, rpc);
}

const struct keyword keyword_rpc = { "rpc",    NULL, VALUE_ALWAYS,
				     rpc_read, NULL, "a call of Sun RPC: rpc:100000,*,3" };
