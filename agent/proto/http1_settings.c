// SPDX-License-Identifier: Apache-2.0
/*
 * Owns how HTTP/1 is read: for all servers, and for those that a site names by their addresses. Called
 * when an engine is made and when a session begins; promises that what libhtp is told is only read
 * afterwards.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/config.h"
#include "proto/http1.h"

#define DECOMPRESSION_USEC_MAX 1000000
#define PATH_LEN_MAX 192
#define USUAL "app-layer.protocols.http.libhtp.default-config"
#define SERVERS "app-layer.protocols.http.libhtp.server-config"
#define SERVERS_MAX 1024 /* addresses and sections together are bounded by this */

struct place { /* a prefix and the server that its addresses are */
	struct sek_addr addr;
	uint8_t bits; /* of 128 */
	struct http1_server *server;
};

struct http1_settings {
	struct http1_server **servers; /* the first one is the usual one */
	size_t server_cnt, place_cnt;
	struct place *places;
};

/* A section that is read. */
struct reading {
	const struct config *config;
	const char *section;
	struct http1_server *server;
	bool ips;
};

static const char *under(const struct reading *r, const char *name, char path[PATH_LEN_MAX])
{
	snprintf(path, PATH_LEN_MAX, "%.120s.%.60s", r->section, name);
	return path;
}

static uint64_t bytes_of(const struct reading *r, const char *name, uint64_t otherwise)
{
	char path[PATH_LEN_MAX];

	return config_bytes(r->config, under(r, name, path), otherwise);
}

static const char *word_of(const struct reading *r, const char *name)
{
	char path[PATH_LEN_MAX];

	return config_text(r->config, under(r, name, path));
}

static bool is_on(const struct reading *r, const char *name, bool otherwise)
{
	char path[PATH_LEN_MAX];

	return config_bool(r->config, under(r, name, path), otherwise);
}

static int limit_of(const struct reading *r, const char *name, int otherwise)
{
	uint64_t limit = bytes_of(r, name, (uint64_t)otherwise);

	return limit < INT32_MAX ? (int)limit : INT32_MAX;
}

static uint32_t size_of(const struct reading *r, const char *name, uint32_t otherwise)
{
	uint64_t size = bytes_of(r, name, otherwise);

	return size < INT32_MAX ? (uint32_t)size : INT32_MAX;
}

/* --- a server --- */

static void personality_read(const struct reading *r)
{
	static const struct {
		const char *word;
		enum htp_server_personality_t personality;
	} words[] = {
		{ "Minimal", HTP_SERVER_MINIMAL },   { "Generic", HTP_SERVER_GENERIC },
		{ "IDS", HTP_SERVER_IDS },	     { "IIS_4_0", HTP_SERVER_IIS_4_0 },
		{ "IIS_5_0", HTP_SERVER_IIS_5_0 },   { "IIS_5_1", HTP_SERVER_IIS_5_1 },
		{ "IIS_6_0", HTP_SERVER_IIS_6_0 },   { "IIS_7_0", HTP_SERVER_IIS_7_0 },
		{ "IIS_7_5", HTP_SERVER_IIS_7_5 },   { "Apache", HTP_SERVER_APACHE_2 },
		{ "Apache_2", HTP_SERVER_APACHE_2 }, { "Apache_2_2", HTP_SERVER_APACHE_2 },
	};
	const char *said = word_of(r, "personality");

	for (size_t i = 0; said && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(words[i].word, said) == 0)
			htp_config_set_server_personality(r->server->cfg, words[i].personality);
	/* That of an IDS would have paths in small letters, which rules do not expect. */
	htp_config_set_convert_lowercase(r->server->cfg, HTP_DECODER_URL_PATH, 0);
}

static void uri_read(const struct reading *r)
{
	static const struct {
		const char *name;
		void (*set)(htp_cfg_t *cfg, enum htp_decoder_ctx_t context, int on);
	} yes_or_no[] = {
		{ "path-convert-backslash-separators", htp_config_set_backslash_convert_slashes },
		{ "path-convert-lowercase", htp_config_set_convert_lowercase },
		{ "path-nul-encoded-terminates", htp_config_set_nul_encoded_terminates },
		{ "path-nul-raw-terminates", htp_config_set_nul_raw_terminates },
		{ "path-separators-compress", htp_config_set_path_separators_compress },
		{ "path-separators-decode", htp_config_set_path_separators_decode },
		{ "path-u-encoding-decode", htp_config_set_u_encoding_decode },
		{ "path-utf8-convert-bestfit", htp_config_set_utf8_convert_bestfit },
	};
	static const struct {
		const char *word;
		enum htp_url_encoding_handling_t handling;
	} invalid[] = {
		{ "preserve_percent", HTP_URL_DECODE_PRESERVE_PERCENT },
		{ "remove_percent", HTP_URL_DECODE_REMOVE_PERCENT },
		{ "decode_invalid", HTP_URL_DECODE_PROCESS_INVALID },
	};
	htp_cfg_t *cfg = r->server->cfg;
	const char *said = word_of(r, "path-url-encoding-invalid-handling");

	for (size_t i = 0; i < sizeof(yes_or_no) / sizeof(yes_or_no[0]); i++)
		if (word_of(r, yes_or_no[i].name))
			yes_or_no[i].set(cfg, HTP_DECODER_URL_PATH,
					 is_on(r, yes_or_no[i].name, false));
	for (size_t i = 0; said && i < sizeof(invalid) / sizeof(invalid[0]); i++)
		if (strcasecmp(invalid[i].word, said) == 0)
			htp_config_set_url_encoding_invalid_handling(cfg, HTP_DECODER_URL_PATH,
								     invalid[i].handling);
	said = word_of(r, "path-bestfit-replacement-char");
	if (said && said[0] && !said[1])
		htp_config_set_bestfit_replacement_byte(cfg, HTP_DECODER_URL_PATH, said[0]);
	htp_config_set_plusspace_decode(cfg, HTP_DECODER_URLENCODED,
					is_on(r, "query-plusspace-decode", false));
	r->server->uri_whole = is_on(r, "uri-include-all", false);
	r->server->decodes_path_twice = is_on(r, "double-decode-path", false);
	r->server->decodes_query_twice = is_on(r, "double-decode-query", false);
}

static void decoding_read(const struct reading *r)
{
	htp_cfg_t *cfg = r->server->cfg;
	bool lzma = is_on(r, "lzma-enabled", false);

	htp_config_set_request_decompression(cfg, 1);
	htp_config_set_response_decompression_layer_limit(
		cfg, limit_of(r, "response-body-decompress-layer-limit", 2));
	htp_config_set_lzma_layers(cfg, lzma ? 1 : 0);
	htp_config_set_lzma_memlimit(cfg, bytes_of(r, "lzma-memlimit", 1 << 20));
	htp_config_set_compression_bomb_limit(cfg, bytes_of(r, "compression-bomb-limit", 1 << 20));
	/*
	 * By the clock of the wall, so what is found in a body would depend on what else the machine does:
	 * unless the site says so it is as long as libhtp allows; bombs are known by what comes of them.
	 */
	htp_config_set_compression_time_limit(cfg, bytes_of(r, "decompression-time-limit",
							    DECOMPRESSION_USEC_MAX));
}

static void bodies_read(const struct reading *r)
{
	static const struct {
		const char *most, *least, *window;
	} names[SIDES] = {
		{ "request-body-limit", "request-body-minimal-inspect-size",
		  "request-body-inspect-window" },
		{ "response-body-limit", "response-body-minimal-inspect-size",
		  "response-body-inspect-window" },
	};
	const uint64_t most_usual = 4096; /* where a site's settings name no limit: as Suricata */
	const char *at_once = word_of(r, "http-body-inline");

	for (int side = 0; side < SIDES; side++)
		r->server->body[side] = (struct http_body_limits){
			.most = bytes_of(r, names[side].most, most_usual),
			.least = size_of(r, names[side].least, 32768),
			.window = size_of(r, names[side].window, 4096),
		};
	if (!at_once || strcasecmp(at_once, "auto") == 0)
		r->server->at_once = r->ips;
	else
		r->server->at_once = is_on(r, "http-body-inline", false);
}

static struct http1_server *server_read(const struct config *config, const char *section, bool ips)
{
	struct http1_server *server = calloc(1, sizeof(*server));
	const struct reading r = { config, section, server, ips };
	htp_cfg_t *cfg = server ? htp_config_create() : NULL;

	if (!cfg) {
		free(server);
		return NULL;
	}
	server->cfg = cfg;
	personality_read(&r);
	htp_config_set_parse_request_cookies(cfg, 0);
	htp_config_set_allow_space_uri(cfg, 1);
	htp_config_set_requestline_leading_whitespace_unwanted(cfg, HTP_DECODER_DEFAULTS,
							       HTP_UNWANTED_IGNORE);
	htp_config_set_field_limits(cfg, 9000, bytes_of(&r, "meta-field-limit", 18000));
	htp_config_set_number_headers_limit(cfg, size_of(&r, "headers-limit", 1024));
	server->live_max = size_of(&r, "max-tx", 512);
	uri_read(&r);
	decoding_read(&r);
	bodies_read(&r);
	http1_hooks_set(cfg);
	return server;
}

static void server_free(struct http1_server *server)
{
	htp_config_destroy(server->cfg);
	free(server);
}

/* --- all servers --- */

static bool prefix_read(const char *text, struct place *ret)
{
	struct sek_addr addr = { .b = { [10] = 0xff, 0xff } };
	size_t len = strcspn(text, "/");
	unsigned long bits = 128;
	char copy[INET6_ADDRSTRLEN];
	bool is_v4;

	if (len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = 0;
	is_v4 = inet_pton(AF_INET, copy, addr.b + 12) == 1;
	if (!is_v4 && inet_pton(AF_INET6, copy, addr.b) != 1)
		return false;
	if (text[len] == '/')
		bits = strtoul(text + len + 1, NULL, 10) + (is_v4 ? 96 : 0);
	if (bits > 128)
		return false;
	ret->addr = addr;
	ret->bits = (uint8_t)bits;
	return true;
}

static int place_add(struct http1_settings *settings, const struct place *place)
{
	struct place *places =
		realloc(settings->places, (settings->place_cnt + 1) * sizeof(*settings->places));

	if (!places)
		return -ENOMEM;
	settings->places = places;
	places[settings->place_cnt++] = *place;
	return 0;
}

static int places_read(struct http1_settings *settings, const struct config *config,
		       const char *section, struct http1_server *server)
{
	struct place place = { .server = server };
	char path[PATH_LEN_MAX];
	const char *text;
	int err = 0;

	snprintf(path, sizeof(path), "%.120s.address", section);
	text = config_text(config, path);
	if (text)
		return prefix_read(text, &place) ? place_add(settings, &place) : 0;
	for (size_t i = 0; !err && i < SERVERS_MAX && (text = config_child(config, path, i)); i++)
		if (prefix_read(text, &place))
			err = place_add(settings, &place);
	return err;
}

static int server_add(struct http1_settings *settings, const struct config *config,
		      const char *section, bool ips)
{
	struct http1_server **servers = realloc(
		settings->servers, (settings->server_cnt + 1) * sizeof(struct http1_server *));
	struct http1_server *server;

	if (!servers)
		return -ENOMEM;
	settings->servers = servers;
	server = server_read(config, section, ips);
	if (!server)
		return -ENOMEM;
	servers[settings->server_cnt++] = server;
	return places_read(settings, config, section, server);
}

int http1_settings_new(const struct config *config, bool ips, struct http1_settings **ret_settings)
{
	struct http1_settings *settings = calloc(1, sizeof(*settings));
	int err = settings ? server_add(settings, config, USUAL, ips) : -ENOMEM;
	const char *name;

	for (size_t i = 0; !err && i < SERVERS_MAX && (name = config_child(config, SERVERS, i)); i++) {
		char section[PATH_LEN_MAX];

		snprintf(section, sizeof(section), SERVERS ".%zu.%.40s", i, name);
		err = server_add(settings, config, section, ips);
	}
	if (err)
		http1_settings_free(settings);
	else
		*ret_settings = settings;
	return err;
}

void http1_settings_free(struct http1_settings *settings)
{
	if (!settings)
		return;
	for (size_t i = 0; i < settings->server_cnt; i++)
		server_free(settings->servers[i]);
	free(settings->servers);
	free(settings->places);
	free(settings);
}

static bool is_in(const struct sek_addr *addr, const struct place *place)
{
	uint8_t whole = place->bits / 8, rest = place->bits % 8;

	if (memcmp(addr->b, place->addr.b, whole) != 0)
		return false;
	return !rest || (addr->b[whole] ^ place->addr.b[whole]) >> (8 - rest) == 0;
}

/* The longest prefix; of two alike the one that stands first. */
const struct http1_server *http1_server_of(const struct http1_settings *settings,
					   const struct sek_addr *server)
{
	const struct http1_server *best = settings->servers[0];
	int bits = -1;

	for (size_t i = 0; i < settings->place_cnt; i++) {
		const struct place *place = &settings->places[i];

		if (place->bits > bits && is_in(server, place)) {
			best = place->server;
			bits = place->bits;
		}
	}
	return best;
}
