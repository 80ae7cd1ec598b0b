// SPDX-License-Identifier: Apache-2.0
/*
 * Records of RDP, with Suricata's names: what each of the first messages says, read from the message itself.
 */
#include "base/utf16.h"
#include "proto/rdp.h"
#include "proto/tls.h"
#include "report/json.h"

#define ALL(of) of, sizeof(of) / sizeof((of)[0])
#define UNKNOWN "unknown" /* stands where a newer client says what no table knows */

#define BLOCK_CORE 0xc001 /* 2.2.1.3.1 */
#define BLOCK_NET 0xc003
#define NAME_LEN 32
#define IME_LEN 64
#define PRODUCT_LEN 64
#define CHANNEL_NAME_LEN 8
#define CHANNELS_MAX 64 /* that are told; 31 are allowed (2.2.1.3.4) */

struct word {
	uint32_t code;
	const char *word;
};

/* NULL: there is none. */
static const char *word_of(const struct word *words, size_t cnt, uint32_t code)
{
	for (size_t i = 0; i < cnt; i++)
		if (words[i].code == code)
			return words[i].word;
	return NULL;
}

/* A list of the words of those bits that are set. */
static void flags_log(struct json *json, const char *name, const struct word *words, size_t cnt,
		      uint32_t flags)
{
	json_list(json, name);
	for (size_t i = 0; i < cnt; i++)
		if (flags & words[i].code)
			json_text(json, NULL, words[i].word);
	json_close(json);
}

/* --- the connection --- */

static void request_log(const struct rdp_tx *rdp, struct json *json)
{
	static const struct word flags[] = {
		{ 1, "restricted_admin_mode_required" },
		{ 2, "redirected_authentication_mode_required" },
		{ 8, "correlation_info_present" },
	};

	json_text(json, "event_type", "initial_request");
	if (rdp->cookie.at)
		json_bytes(json, "cookie", rdp->cookie);
	if (rdp->flags)
		flags_log(json, "flags", ALL(flags), rdp->flags);
}

static void confirm_log(const struct rdp_tx *rdp, struct json *json)
{
	static const struct word supports[] = {
		{ 1, "extended_client_data" },
		{ 2, "dynvc_gfx" },
		{ 8, "restricted_admin" },
		{ 16, "redirected_authentication" },
	};
	static const struct word protocols[] = {
		{ 0, "rdp" }, { 1, "ssl" }, { 2, "hybrid" }, { 4, "rds_tls" }, { 8, "hybrid_ex" },
	};
	static const struct word reasons[] = {
		{ 1, "ssl required by server" },    { 2, "ssl not allowed by server" },
		{ 3, "ssl cert not on server" },    { 4, "inconsistent flags" },
		{ 5, "hybrid required by server" }, { 6, "ssl with user auth required by server" },
	};

	json_text(json, "event_type", "initial_response");
	if (rdp->negotiation == RDP_NEGOTIATION_ANSWERED) {
		if (rdp->flags)
			flags_log(json, "server_supports", ALL(supports), rdp->flags);
		json_text(json, "protocol", word_of(ALL(protocols), rdp->protocol));
	} else if (rdp->negotiation == RDP_NEGOTIATION_FAILED) {
		json_number(json, "error_code", rdp->protocol);
		json_text(json, "reason", word_of(ALL(reasons), rdp->protocol));
	}
}

/* --- the client --- */

static const char *locale_word(uint32_t locale)
{
	static const struct word locales[] = {
#define RDP_LOCALE(number, tag) { number, tag },
#include "proto/rdplocales.def"
#undef RDP_LOCALE
	};
	const char *word = word_of(ALL(locales), locale);

	return word ? word : UNKNOWN;
}

static const char *version_word(uint32_t version)
{
	static const struct word versions[] = {
		{ 0x80001, "v4" },    { 0x80004, "v5" },    { 0x80005, "v10.0" },
		{ 0x80006, "v10.1" }, { 0x80007, "v10.2" }, { 0x80008, "v10.3" },
		{ 0x80009, "v10.4" }, { 0x8000a, "v10.5" }, { 0x8000b, "v10.6" },
		{ 0x8000c, "v10.7" },
	};
	const char *word = word_of(ALL(versions), version);

	return word ? word : UNKNOWN;
}

static const char *build_word(uint32_t build)
{
	static const struct word builds[] = {
		{ 528, "Windows NT 3.1" },	 { 807, "Windows NT 3.5" },
		{ 1057, "Windows NT 3.51" },	 { 1381, "Windows NT 4.0" },
		{ 2195, "Windows 2000" },	 { 2600, "Windows XP" },
		{ 3790, "Windows Server 2003" }, { 6000, "Windows Vista RTM" },
		{ 6001, "Windows Vista SP1" },	 { 6002, "Windows Vista SP2" },
		{ 7600, "Windows 7 RTM" },	 { 7601, "Windows 7 SP1" },
		{ 9200, "Windows 8" },		 { 9600, "Windows 8.1" },
		{ 10240, "Windows 10 TH1" },	 { 10586, "Windows 10 TH2" },
		{ 14393, "Windows 10 RS1" },	 { 15063, "Windows 10 RS2" },
		{ 16299, "Windows 10 RS3" },	 { 17134, "Windows 10 RS4" },
		{ 17763, "Windows 10 RS5" },
	};
	const char *word = word_of(ALL(builds), build);

	return word ? word : UNKNOWN;
}

/* UTF-16 up to its zero, if there is any. */
static void wide_log(struct json *json, const char *name, struct slice bytes)
{
	uint8_t text[2 * PRODUCT_LEN];
	size_t len = 0;

	while (len + 2 <= bytes.len && (bytes.at[len] || bytes.at[len + 1]))
		len += 2;
	if (len)
		json_bytes(json, name,
			   slice(text, utf16_write(slice(bytes.at, len), text, sizeof(text))));
}

static void number_log(struct json *json, const char *name, uint32_t value)
{
	if (value)
		json_number(json, name, value);
}

/* What 2.2.1.3.2 has at fixed places; what a client left out behind some of them is as if it were 0. */
struct colors {
	uint16_t first, second, high; /* colorDepth, postBeta2ColorDepth, highColorDepth */
};

static bool high_is_known(uint16_t depth)
{
	return depth == 0 || depth == 4 || depth == 8 || depth == 15 || depth == 16 || depth == 24;
}

/* 0: it does not say. The newest of its three words holds. */
static uint32_t depth_of(const struct colors *colors)
{
	static const struct word bits[] = {
		{ 0xca00, "\4" },  { 0xca01, "\10" }, { 0xca02, "\17" },
		{ 0xca03, "\20" }, { 0xca04, "\30" },
	};
	const char *depth;

	if (colors->high && high_is_known(colors->high))
		return colors->high;
	depth = word_of(ALL(bits), colors->second);
	if (!depth && colors->first <= 0xca01)
		depth = word_of(ALL(bits), colors->first);
	return depth ? (uint32_t)depth[0] : 0;
}

static void keyboard_log(struct json *json, struct cursor *c)
{
	static const struct word types[] = {
		{ 1, "xt" },   { 2, "ico" },  { 3, "at" }, { 4, "enhanced" },
		{ 5, "1050" }, { 6, "9140" }, { 7, "jp" },
	};
	const char *type = word_of(ALL(types), cursor_le32(c));

	if (type)
		json_text(json, "keyboard_type", type);
	number_log(json, "keyboard_subtype", cursor_le32(c));
	number_log(json, "function_keys", cursor_le32(c));
	wide_log(json, "ime", cursor_take(c, IME_LEN));
}

static void capabilities_log(struct json *json, uint16_t flags)
{
	static const struct word words[] = {
		{ 0x001, "support_errinfo_pdf" },	 { 0x002, "want_32bpp_session" },
		{ 0x004, "support_statusinfo_pdu" },	 { 0x008, "strong_asymmetric_keys" },
		{ 0x020, "valid_connection_type" },	 { 0x040, "support_monitor_layout_pdu" },
		{ 0x080, "support_netchar_autodetect" }, { 0x100, "support_dynvc_gfx_protocol" },
		{ 0x200, "support_dynamic_time_zone" },	 { 0x400, "support_heartbeat_pdu" },
	};

	if (flags)
		flags_log(json, "capabilities", ALL(words), flags);
}

/* Sizes in millimetres, turn, scales: each is of use only where the one before it is (2.2.1.3.2). */
static void screen_log(struct json *json, struct cursor *c)
{
	uint32_t width = cursor_le32(c), height, turn, scale, device;

	if (c->failed || width < 10 || width > 10000)
		return;
	json_number(json, "physical_width", width);
	height = cursor_le32(c);
	if (c->failed || height < 10 || height > 10000)
		return;
	json_number(json, "physical_height", height);
	turn = cursor_le16(c);
	if (c->failed || turn % 90 || turn > 270)
		return;
	json_number(json, "desktop_orientation", turn);
	scale = cursor_le32(c);
	if (c->failed || scale < 100 || scale > 500)
		return;
	json_number(json, "scale_factor", scale);
	device = cursor_le32(c);
	if (!c->failed && (device == 100 || device == 140 || device == 180))
		json_number(json, "device_scale_factor", device);
}

/* What clients since RDP 5 have behind the colors. */
static void newer_log(struct json *json, struct cursor *c)
{
	static const struct word hints[] = {
		{ 1, "modem" },		 { 2, "low_broadband" }, { 3, "satellite" },
		{ 4, "high_broadband" }, { 5, "wan" },		 { 6, "lan" },
		{ 7, "autodetect" },
	};
	const char *hint;

	cursor_skip(c, 2); /* depths that it can show */
	capabilities_log(json, cursor_le16(c));
	wide_log(json, "id", cursor_take(c, PRODUCT_LEN));
	hint = word_of(ALL(hints), cursor_u8(c));
	if (hint)
		json_text(json, "connection_hint", hint);
	cursor_skip(c, 1 + 4); /* a pad; the protocol that was agreed on */
	screen_log(json, c);
}

static void core_log(struct json *json, struct slice body)
{
	struct cursor c = cursor(body), behind = cursor(slice_behind(body, 128));
	struct colors colors;
	uint16_t product;
	uint32_t serial, depth;
	bool has_product, has_serial;

	colors.second = cursor_le16(&behind);
	product = cursor_le16(&behind);
	has_product = !behind.failed;
	serial = cursor_le32(&behind);
	has_serial = !behind.failed;
	colors.high = cursor_le16(&behind);
	json_open(json, "client");
	json_text(json, "version", version_word(cursor_le32(&c)));
	json_number(json, "desktop_width", cursor_le16(&c));
	json_number(json, "desktop_height", cursor_le16(&c));
	colors.first = cursor_le16(&c);
	depth = depth_of(&colors);
	number_log(json, "color_depth", depth);
	cursor_skip(&c, 2); /* SAS */
	json_text(json, "keyboard_layout", locale_word(cursor_le32(&c)));
	json_text(json, "build", build_word(cursor_le32(&c)));
	wide_log(json, "client_name", cursor_take(&c, NAME_LEN));
	keyboard_log(json, &c);
	if (has_product)
		json_number(json, "product_id", product);
	if (has_serial)
		number_log(json, "serial_number", serial);
	if (!behind.failed && high_is_known(colors.high))
		newer_log(json, &behind);
	json_close(json);
}

static void channels_log(struct json *json, struct slice body)
{
	struct cursor c = cursor(body);
	uint32_t cnt = cursor_le32(&c);

	if (!cnt || c.rest.len < CHANNEL_NAME_LEN)
		return;
	json_list(json, "channels");
	for (uint32_t i = 0; i < cnt && i < CHANNELS_MAX; i++) {
		struct slice name = cursor_take(&c, CHANNEL_NAME_LEN);

		cursor_skip(&c, 4);
		if (c.failed)
			break;
		json_bytes(json, NULL, slice(name.at, strnlen((const char *)name.at, name.len)));
	}
	json_close(json);
}

static void connect_log(const struct rdp_tx *rdp, struct json *json)
{
	struct cursor blocks = cursor(rdp->blocks);
	bool has_core = false, has_net = false; /* each is told once */
	struct slice body;
	uint16_t type;

	json_text(json, "event_type", "connect_request");
	while (blocks.rest.len && rdp_block_next(&blocks, &type, &body)) {
		if (type == BLOCK_CORE && !has_core && body.len >= 128)
			core_log(json, body);
		if (type == BLOCK_NET && !has_net)
			channels_log(json, body);
		has_core |= type == BLOCK_CORE;
		has_net |= type == BLOCK_NET;
	}
}

/* --- certificates --- */

/* As a number: small digits without colons, none that are 0 in front. */
static void serial_log(struct json *json, const struct tls_text *serial)
{
	char text[256];
	size_t len = 0;

	for (size_t i = 0; i < serial->len && len < sizeof(text) - 1; i++) {
		char digit = (char)serial->bytes[i];

		if (digit == ':' || (digit == '0' && !len))
			continue;
		text[len++] = (char)(digit >= 'A' ? digit | 0x20 : digit);
	}
	text[len] = 0;
	json_text(json, NULL, len ? text : "0");
}

static void chain_log(const struct rdp_tx *rdp, struct json *json)
{
	struct cursor c = cursor(rdp->chain);

	json_text(json, "event_type", "tls_handshake");
	json_list(json, "x509_serials");
	for (int i = 0; i < TLS_CHAIN_MAX && c.rest.len; i++) {
		struct slice der = cursor_take(&c, (size_t)cursor_big(&c, 3));
		struct tls_cert cert;
		enum tls_event event;

		if (c.failed)
			break;
		tls_cert_read(der, &cert, &event);
		if (cert.serial.bytes)
			serial_log(json, &cert.serial);
		tls_cert_free(&cert);
	}
	json_close(json);
}

bool rdp_log(struct tx *tx, struct json *json)
{
	const struct rdp_tx *rdp = (const struct rdp_tx *)tx;

	json_number(json, "tx_id", tx->id + 1);
	switch (rdp->kind) {
	case RDP_REQUEST:
		request_log(rdp, json);
		break;
	case RDP_CONFIRM:
		confirm_log(rdp, json);
		break;
	case RDP_CONNECT:
		connect_log(rdp, json);
		break;
	case RDP_CONNECTED:
		json_text(json, "event_type", "connect_response");
		break;
	case RDP_CERTIFICATES:
		chain_log(rdp, json);
		break;
	}
	return true;
}
