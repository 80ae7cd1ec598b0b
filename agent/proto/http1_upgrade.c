// SPDX-License-Identifier: Apache-2.0
/*
 * Owns how a connection of HTTP/1 becomes one of HTTP/2 (RFC 7540, 3.2), whose first stream is the
 * request that asked for it. Called by both parsers; promises that the request outlives its transaction.
 */
#include "base/digits.h"
#include "inspect/flowtable.h"
#include "proto/http1.h"

struct pair { /* in front of the bytes of a name and a value */
	uint32_t name_len, value_len;
};

static bool is_off(struct session *session, enum proto_id proto)
{
	const struct flow *flow = session_flow(session);

	return proto == PROTO_UNKNOWN || (flow->table && flow->table->off[proto]);
}

static void pair_add(struct grown *kept, struct slice name, struct slice value)
{
	const struct pair pair = { (uint32_t)name.len, (uint32_t)value.len };

	if (!grown_room(kept, sizeof(pair) + name.len + value.len))
		return;
	grown_add(kept, slice(&pair, sizeof(pair)));
	grown_add(kept, name);
	grown_add(kept, value);
}

static void request_keep(struct http1_state *state, const htp_tx_t *htp)
{
	size_t cnt = htp->request_headers ? htp_table_size(htp->request_headers) : 0;

	if (!htp->request_method)
		return;
	pair_add(&state->upgrade, slice_text(":method"), http1_text(htp->request_method));
	if (htp->request_uri)
		pair_add(&state->upgrade, slice_text(":path"), http1_text(htp->request_uri));
	for (size_t i = 0; i < cnt; i++) {
		const htp_header_t *header = htp_table_get_index(htp->request_headers, i, NULL);

		pair_add(&state->upgrade, http1_text(header->name), http1_text(header->value));
	}
}

void http1_upgrade_check(struct http1_state *state)
{
	const htp_tx_t *htp = htp_connp_get_out_tx(state->connp);
	const struct http1_tx *tx = htp ? htp_tx_get_user_data(htp) : NULL;
	enum proto_id http2 = proto_by_name("http2");
	struct slice to;

	if (!tx || htp->response_status_number != 101 ||
	    !http1_header(tx, FROM_SERVER, "Upgrade", &to))
		return;
	if (!slice_is(to, "h2c") || is_off(state->session, http2))
		return;
	request_keep(state, htp);
	session_becomes(state->session, http2);
}

struct slice http1_upgrade(const void *state)
{
	return grown_slice(&((const struct http1_state *)state)->upgrade);
}

bool http1_upgrade_next(struct slice *rest, struct slice *ret_name, struct slice *ret_value)
{
	struct pair pair;

	if (rest->len < sizeof(pair))
		return false;
	memcpy(&pair, rest->at, sizeof(pair));
	*rest = slice_behind(*rest, sizeof(pair));
	*ret_name = slice(rest->at, pair.name_len);
	*rest = slice_behind(*rest, pair.name_len);
	*ret_value = slice(rest->at, pair.value_len);
	*rest = slice_behind(*rest, pair.value_len);
	return true;
}

bool http1_base64url(struct slice text, struct grown *decoded)
{
	uint32_t bits = 0;
	unsigned int bit_cnt = 0;

	for (size_t i = 0; i < text.len && text.at[i] != '='; i++) {
		int digit = base64_digit(text.at[i], "-_");
		uint8_t byte;

		if (digit < 0)
			return false;
		bits = bits << 6 | (uint32_t)digit;
		bit_cnt += 6;
		if (bit_cnt < 8)
			continue;
		bit_cnt -= 8;
		byte = (uint8_t)(bits >> bit_cnt);
		if (!grown_add(decoded, slice(&byte, 1)))
			return false;
	}
	return true;
}
