// SPDX-License-Identifier: Apache-2.0
/*
 * BitTorrent's DHT (BEP 5; IPv6: BEP 32): queries, answers and errors in bencode. Called by sessions.
 * Promises one transaction for each message.
 */
#include <ctype.h>
#include <stdlib.h>

#include "proto/proto.h"
#include "report/json.h"

#define DEPTH_MAX 16
#define ID_LEN 20
#define STEP_DONE 1
#define EVENT_MALFORMED 1

struct dht_tx {
	struct tx tx;
	uint8_t *bytes; /* the message; all slices are of it */
	struct slice id, version, query, arguments, answer, error;
	bool malformed;
};

/* --- bencode --- */

struct ben {
	enum { BEN_NUMBER, BEN_BYTES, BEN_LIST, BEN_DICT } kind;
	int64_t number;
	struct slice bytes; /* of BYTES; what is in LIST and DICT */
};

static bool ben_take(struct slice *rest, struct ben *ret, unsigned int depth);

/* Digits up to the sign that ends them. */
static bool digits_take(struct slice *rest, uint8_t end, int64_t *ret)
{
	bool negative = rest->len && rest->at[0] == '-';
	size_t at = negative, first = at;
	int64_t number = 0;

	while (at < rest->len && isdigit(rest->at[at]) && at - first < 18)
		number = number * 10 + (rest->at[at++] - '0');
	if (at == first || at >= rest->len || rest->at[at] != end)
		return false;
	*rest = slice_behind(*rest, at + 1);
	*ret = negative ? -number : number;
	return true;
}

static bool bytes_take(struct slice *rest, struct ben *ret)
{
	int64_t len;

	if (!digits_take(rest, ':', &len) || len < 0 || (uint64_t)len > rest->len)
		return false;
	*ret = (struct ben){ .kind = BEN_BYTES, .bytes = slice(rest->at, (size_t)len) };
	*rest = slice_behind(*rest, (size_t)len);
	return true;
}

/* Up to the 'e' that ends a list or a dictionary. */
static bool inside_take(struct slice *rest, struct ben *ret, unsigned int depth)
{
	const uint8_t *from = rest->at;
	struct ben inner;

	while (rest->len && rest->at[0] != 'e')
		if (!ben_take(rest, &inner, depth + 1))
			return false;
	if (!rest->len)
		return false;
	ret->bytes = slice(from, (size_t)(rest->at - from));
	*rest = slice_behind(*rest, 1);
	return true;
}

static bool ben_take(struct slice *rest, struct ben *ret, unsigned int depth)
{
	*ret = (struct ben){ .kind = BEN_NUMBER };
	if (!rest->len || depth > DEPTH_MAX)
		return false;
	switch (rest->at[0]) {
	case 'i':
		*rest = slice_behind(*rest, 1);
		return digits_take(rest, 'e', &ret->number);
	case 'l':
	case 'd':
		ret->kind = rest->at[0] == 'l' ? BEN_LIST : BEN_DICT;
		*rest = slice_behind(*rest, 1);
		return inside_take(rest, ret, depth);
	default:
		return bytes_take(rest, ret);
	}
}

/* The value of a key; false: there is none of that kind. */
static bool dict_find(struct slice dict, const char *key, int kind, struct ben *ret)
{
	struct ben name;

	while (dict.len) {
		if (!ben_take(&dict, &name, 0) || name.kind != BEN_BYTES || !ben_take(&dict, ret, 0))
			return false;
		if (slice_is(name.bytes, key))
			return (int)ret->kind == kind;
	}
	return false;
}

static struct slice bytes_of(struct slice dict, const char *key)
{
	struct ben value;

	return dict_find(dict, key, BEN_BYTES, &value) ? value.bytes : slice(NULL, 0);
}

static struct slice inside_of(struct slice dict, const char *key, int kind)
{
	struct ben value;

	return dict_find(dict, key, kind, &value) ? value.bytes : slice(NULL, 0);
}

/* --- messages --- */

static bool message_read(struct dht_tx *tx, struct slice bytes)
{
	struct ben all;
	struct slice kind;

	if (!ben_take(&bytes, &all, 0) || all.kind != BEN_DICT)
		return false;
	tx->id = bytes_of(all.bytes, "t");
	tx->version = bytes_of(all.bytes, "v");
	tx->query = bytes_of(all.bytes, "q");
	tx->arguments = inside_of(all.bytes, "a", BEN_DICT);
	tx->answer = inside_of(all.bytes, "r", BEN_DICT);
	tx->error = inside_of(all.bytes, "e", BEN_LIST);
	kind = bytes_of(all.bytes, "y");
	if (slice_is(kind, "q"))
		return tx->query.len && bytes_of(tx->arguments, "id").len;
	if (slice_is(kind, "r"))
		return bytes_of(tx->answer, "id").len > 0;
	return slice_is(kind, "e") && tx->error.len;
}

static void *dht_open(struct session *session)
{
	return session;
}

static void dht_tx_free(struct tx *tx)
{
	free(((struct dht_tx *)tx)->bytes);
	free(tx);
}

static int64_t dht_input(void *state, const struct proto_in *in)
{
	struct dht_tx *tx;

	if (!in->data.len)
		return 0;
	tx = (struct dht_tx *)tx_new(state, sizeof(*tx));
	if (!tx)
		return INPUT_BAD;
	tx->tx.one_sided = true;
	tx->tx.progress[in->side] = STEP_DONE;
	tx->bytes = malloc(in->data.len);
	if (!tx->bytes)
		return INPUT_BAD;
	memcpy(tx->bytes, in->data.at, in->data.len);
	if (!message_read(tx, slice(tx->bytes, in->data.len))) {
		tx->malformed = true;
		tx_event(&tx->tx, EVENT_MALFORMED);
	}
	return (int64_t)in->data.len;
}

static enum proto_guess dht_guess(enum side side, struct slice first)
{
	static const char *const begins[] = { "d1:ad2:id20:", "d1:rd2:id20:", "d2:ip", "d1:el" };

	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (first.len >= strlen(begins[i]) &&
		    memcmp(first.at, begins[i], strlen(begins[i])) == 0)
			return GUESS_YES;
	return GUESS_NO;
}

static const char *const events[] = { "malformed_packet", NULL };

/* --- records --- */

static void hex_put(struct json *json, const char *key, struct slice dict, const char *name)
{
	struct slice value = bytes_of(dict, name);

	if (value.len)
		json_hex(json, key, value);
}

static void number_put(struct json *json, const char *key, struct slice dict)
{
	struct ben value;

	if (dict_find(dict, key, BEN_NUMBER, &value))
		json_signed(json, key, value.number);
}

/* An address of 4 or 16 bytes, and its port. */
static void end_put(struct json *json, struct slice end)
{
	struct sek_addr addr = { .b = { [10] = 0xff, 0xff } };
	size_t len = end.len - 2;

	memcpy(len == 4 ? addr.b + 12 : addr.b, end.at, len);
	json_address(json, "ip", &addr, len == 4 ? 4 : 6);
	json_number(json, "port", (uint64_t)end.at[len] << 8 | end.at[len + 1]);
}

static void nodes_put(struct json *json, const char *key, struct slice nodes, size_t addr_len)
{
	size_t len = ID_LEN + addr_len + 2;

	if (nodes.len < len)
		return;
	json_list(json, key);
	for (; nodes.len >= len; nodes = slice_behind(nodes, len)) {
		json_open(json, NULL);
		json_hex(json, "id", slice(nodes.at, ID_LEN));
		end_put(json, slice(nodes.at + ID_LEN, addr_len + 2));
		json_close(json);
	}
	json_close(json);
}

static void values_put(struct json *json, struct slice answer)
{
	struct slice values = inside_of(answer, "values", BEN_LIST);
	struct ben value;

	if (!values.len)
		return;
	json_list(json, "values");
	while (values.len && ben_take(&values, &value, 0)) {
		if (value.kind != BEN_BYTES || (value.bytes.len != 6 && value.bytes.len != 18))
			continue;
		json_open(json, NULL);
		end_put(json, value.bytes);
		json_close(json);
	}
	json_close(json);
}

static void request_put(struct json *json, const struct dht_tx *tx)
{
	json_open(json, "request");
	hex_put(json, "id", tx->arguments, "id");
	hex_put(json, "target", tx->arguments, "target");
	hex_put(json, "info_hash", tx->arguments, "info_hash");
	hex_put(json, "token", tx->arguments, "token");
	number_put(json, "implied_port", tx->arguments);
	number_put(json, "port", tx->arguments);
	json_close(json);
}

static void response_put(struct json *json, const struct dht_tx *tx)
{
	json_open(json, "response");
	hex_put(json, "id", tx->answer, "id");
	nodes_put(json, "nodes", bytes_of(tx->answer, "nodes"), 4);
	nodes_put(json, "nodes6", bytes_of(tx->answer, "nodes6"), 16);
	values_put(json, tx->answer);
	hex_put(json, "token", tx->answer, "token");
	json_close(json);
}

static void error_put(struct json *json, const struct dht_tx *tx)
{
	struct slice rest = tx->error;
	struct ben number, text;

	if (!ben_take(&rest, &number, 0) || number.kind != BEN_NUMBER ||
	    !ben_take(&rest, &text, 0) || text.kind != BEN_BYTES)
		return;
	json_open(json, "error");
	json_signed(json, "num", number.number);
	json_bytes(json, "msg", text.bytes);
	json_close(json);
}

static bool dht_log(struct tx *tx, struct json *json)
{
	const struct dht_tx *dht = (const struct dht_tx *)tx;

	if (dht->malformed)
		return false;
	json_hex(json, "transaction_id", dht->id);
	if (dht->version.len)
		json_hex(json, "client_version", dht->version);
	if (dht->query.len) {
		json_bytes(json, "request_type", dht->query);
		request_put(json, dht);
	}
	if (dht->error.len)
		error_put(json, dht);
	if (dht->answer.len)
		response_put(json, dht);
	return true;
}

const struct proto proto_bittorrent = {
	.name = "bittorrent-dht",
	.eve_name = "bittorrent_dht",
	.output = "bittorrent-dht",
	.over = PROTO_OVER_UDP,
	.guess = dht_guess,
	.open = dht_open,
	.tx_free = dht_tx_free,
	.input = dht_input,
	.steps = { STEP_DONE, STEP_DONE },
	.events = events,
	.log = dht_log,
	.log_by_packet = true,
};
