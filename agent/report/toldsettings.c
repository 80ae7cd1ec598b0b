/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns what is told and how much of it: read once of outputs. Called when an engine starts. Promises that a
 * type which no output names is not written.
 */
#include "report/toldinside.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "file/room.h"

#define PATH_LEN_MAX 256
#define PAYLOAD_MAX 4096
#define FRAME_MAX 4096

/* The output that is read. */
struct reading {
	const struct config *config;
	struct told_settings *settings;
	char eve[64]; /* outputs.1.eve-log */
	char type[128]; /* outputs.1.eve-log.types.2.alert; "": it stands there as a word */
};

static const char *under(const char *path, const char *name, char whole[PATH_LEN_MAX])
{
	snprintf(whole, PATH_LEN_MAX, "%s.%s", path, name);
	return whole;
}

static bool is_on(const struct reading *r, const char *name, bool otherwise)
{
	char path[PATH_LEN_MAX];

	return config_bool(r->config, under(r->type, name, path), otherwise);
}

static bool has(const struct reading *r, const char *name)
{
	char path[PATH_LEN_MAX];

	under(r->type, name, path);
	return config_text(r->config, path) || config_cnt(r->config, path);
}

/* --- types --- */

static void alert_metadata(const struct reading *r, uint32_t *ret_bits)
{
	const uint32_t all = ALERT_APP | ALERT_FLOW | ALERT_RULE_METADATA;
	uint32_t bits = all;

	if (!is_on(r, "metadata", true))
		bits = 0;
	if (!is_on(r, "metadata.app-layer", true))
		bits &= ~(uint32_t)ALERT_APP;
	if (!is_on(r, "metadata.flow", true))
		bits &= ~(uint32_t)ALERT_FLOW;
	if (!is_on(r, "metadata.rule", true) || !is_on(r, "metadata.rule.metadata", true))
		bits &= ~(uint32_t)ALERT_RULE_METADATA;
	if (is_on(r, "metadata.rule.raw", false))
		bits |= ALERT_RULE_RAW;
	if (is_on(r, "metadata.rule.reference", false))
		bits |= ALERT_RULE_REFERENCE;
	*ret_bits = bits;
}

/* Under an output, or under its alerts, whose own counts. */
static void xff_read(const struct reading *r, const char *section)
{
	struct told_settings *s = r->settings;
	char path[PATH_LEN_MAX];
	const char *mode, *deployment, *header;

	if (!config_bool(r->config, under(section, "xff.enabled", path), false))
		return;
	mode = config_text(r->config, under(section, "xff.mode", path));
	s->xff_overwrite = mode && strcmp(mode, "overwrite") == 0;
	deployment = config_text(r->config, under(section, "xff.deployment", path));
	s->xff_forward = deployment && strcmp(deployment, "forward") == 0;
	header = config_text(r->config, under(section, "xff.header", path));
	snprintf(s->xff_header, sizeof(s->xff_header), "%s", header ? header : "X-Forwarded-For");
	for (char *c = s->xff_header; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	s->xff = true;
}

static void alert_read(const struct reading *r)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} names[] = {
		{ "payload", ALERT_PAYLOAD },	    { "payload-printable", ALERT_PRINTABLE },
		{ "payload-length", ALERT_LENGTH }, { "packet", ALERT_PACKET },
		{ "tagged-packets", ALERT_TAGGED }, { "verdict", ALERT_VERDICT },
		{ "http-body", ALERT_BODY },	    { "http-body-printable", ALERT_BODY_PRINTABLE },
	};
	struct told_settings *s = r->settings;
	char path[PATH_LEN_MAX];

	alert_metadata(r, &s->alert);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (is_on(r, names[i].name, false))
			s->alert |= names[i].bit;
	xff_read(r, r->type);
	s->payload_max =
		config_bytes(r->config, under(r->type, "payload-buffer-size", path), PAYLOAD_MAX);
}

static void anomaly_read(const struct reading *r)
{
	struct told_settings *s = r->settings;
	bool said = has(r, "types");

	s->anomaly_decode = is_on(r, "types.decode", false);
	s->anomaly_stream = is_on(r, "types.stream", false);
	s->anomaly_applayer = is_on(r, "types.applayer", !said);
	s->anomaly_packet = is_on(r, "packethdr", false);
}

static void drop_read(const struct reading *r)
{
	char path[PATH_LEN_MAX];
	const char *flows = config_text(r->config, under(r->type, "flows", path));

	r->settings->drop_all = flows && strcmp(flows, "all") == 0;
	r->settings->drop_alerts = is_on(r, "alerts", false);
	r->settings->drop_verdict = is_on(r, "verdict", false);
}

static void stream_read(const struct reading *r)
{
	r->settings->stream_all = is_on(r, "all", false);
	r->settings->stream_events = is_on(r, "event-set", false);
	r->settings->stream_states = is_on(r, "state-update", false);
}

/* --- protocols --- */

/* Settings write "Content-Length", "content_length" and the like as they please. */
static bool is_word(const char *said, const char *word)
{
	for (; *said && *word; said++, word++)
		if (tolower((unsigned char)*said) != *word && !(*said == '_' && *word == '-') &&
		    !(*said == '-' && *word == '_'))
			return false;
	return !*said && !*word;
}

/* "custom.sni": a word of the list; else a yes or no, or that there is such a list. */
static bool option_is_on(const struct reading *r, const struct proto_option *option)
{
	const char *dot = strrchr(option->name, '.'), *equals = strchr(option->name, '=');
	char path[PATH_LEN_MAX], list[PATH_LEN_MAX];
	size_t cnt;

	if (equals) {
		const char *text;

		snprintf(path, sizeof(path), "%s.%.*s", r->type, (int)(equals - option->name),
			 option->name);
		text = config_text(r->config, path);
		return text ? strcmp(text, equals + 1) == 0 : option->usual;
	}
	under(r->type, option->name, path);
	if (config_text(r->config, path))
		return config_bool(r->config, path, option->usual);
	if (!dot)
		return config_cnt(r->config, path) || option->usual;
	snprintf(list, sizeof(list), "%s.%.*s", r->type, (int)(dot - option->name), option->name);
	cnt = config_cnt(r->config, list);
	for (size_t i = 0; i < cnt; i++)
		if (is_word(config_child(r->config, list, i), dot + 1))
			return true;
	return cnt ? false : option->usual;
}

static uint64_t options_read(const struct reading *r, const struct proto *proto)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < proto->option_cnt && i < 64; i++)
		if (option_is_on(r, &proto->options[i]))
			bits |= UINT64_C(1) << i;
	return bits;
}

static const char *output_name(const struct proto *proto)
{
	return proto->output ? proto->output : proto->eve_name;
}

static void protos_read(const struct reading *r, const char *type, bool on)
{
	for (size_t id = 0; id < PROTO_CNT; id++) {
		const struct proto *proto = protos[id];

		if (!proto || !proto->eve_name || strcmp(output_name(proto), type) != 0)
			continue;
		r->settings->protos[id] = on;
		r->settings->proto_options[id] = options_read(r, proto);
	}
}

/* What alerts tell of a protocol that has no output of its own. */
static void protos_usual(const struct config *config, struct told_settings *settings)
{
	const struct reading r = { .config = config, .settings = settings, .type = "" };

	for (size_t id = 0; id < PROTO_CNT; id++)
		if (protos[id])
			settings->proto_options[id] = options_read(&r, protos[id]);
}

static void type_read(struct reading *r, const char *type)
{
	static const char *const kinds[TOLD_KINDS] = {
		[TOLD_ALERT] = "alert",	    [TOLD_ANOMALY] = "anomaly", [TOLD_DROP] = "drop",
		[TOLD_FILES] = "files",	    [TOLD_FLOW] = "flow",	[TOLD_FRAMES] = "frame",
		[TOLD_NETFLOW] = "netflow", [TOLD_STATS] = "stats",	[TOLD_STREAM] = "stream",
	};
	bool on = is_on(r, "enabled", true);
	char path[PATH_LEN_MAX];

	for (size_t kind = 0; kind < TOLD_KINDS; kind++)
		if (strcmp(kinds[kind], type) == 0)
			r->settings->kinds[kind] = on;
	if (strcmp(type, "alert") == 0)
		alert_read(r);
	else if (strcmp(type, "anomaly") == 0)
		anomaly_read(r);
	else if (strcmp(type, "drop") == 0)
		drop_read(r);
	else if (strcmp(type, "stream") == 0)
		stream_read(r);
	else if (strcmp(type, "frame") == 0)
		r->settings->frame_max = config_bytes(
			r->config, under(r->type, "payload-buffer-size", path), FRAME_MAX);
	else
		protos_read(r, type, on);
}

/* --- an output --- */

static void eve_read(struct reading *r)
{
	struct told_settings *s = r->settings;
	char types[PATH_LEN_MAX], path[PATH_LEN_MAX];
	const char *name;

	s->metadata = config_bool(r->config, under(r->eve, "metadata", path), true);
	s->ethernet = config_bool(r->config, under(r->eve, "ethernet", path), false);
	s->community_id = config_bool(r->config, under(r->eve, "community-id", path), false);
	s->community_seed =
		(uint16_t)config_number(r->config, under(r->eve, "community-id-seed", path), 0);
	xff_read(r, r->eve);
	under(r->eve, "types", types);
	for (size_t i = 0; (name = config_child(r->config, types, i)); i++) {
		snprintf(r->type, sizeof(r->type), "%.80s.%zu.%.40s", types, i, name);
		type_read(r, name);
	}
}

static void text_copy(const struct config *config, const char *path, char *to, size_t cap)
{
	const char *text = config_text(config, path);

	snprintf(to, cap, "%s", text ? text : "");
}

int told_settings_new(const struct engine_setup *setup, struct told_settings **ret_settings)
{
	const struct config *config = setup->config;
	struct told_settings *s = calloc(1, sizeof(*s));
	struct reading r = { .config = config, .settings = s };
	const char *name;

	if (!s)
		return -ENOMEM;
	s->is_ips = setup->ips;
	s->has_store = setup->files && setup->files->store;
	for (int id = PROTO_FAILED + 1; id < PROTO_CNT; id++)
		s->off[id] = protos[id] && proto_is_off((enum proto_id)id, setup->config);
	s->tenants = setup->tenants;
	s->frame_max = FRAME_MAX;
	protos_usual(config, s);
	text_copy(config, "sekisho.tenant", s->tenant, sizeof(s->tenant));
	text_copy(config, "sensor-name", s->sensor, sizeof(s->sensor));
	for (size_t i = 0; (name = config_child(config, "outputs", i)); i++) {
		char path[PATH_LEN_MAX];

		snprintf(r.eve, sizeof(r.eve), "outputs.%zu.eve-log", i);
		if (strcmp(name, "eve-log") == 0 &&
		    config_bool(config, under(r.eve, "enabled", path), true)) {
			eve_read(&r);
			if (config_bool(config, under(r.eve, "pcap-file", path), false))
				s->capture = setup->capture;
		}
	}
	if (!config_bool(config, "stats.enabled", true))
		s->kinds[TOLD_STATS] = false;
	*ret_settings = s;
	return 0;
}

bool told_settings_frames(const struct told_settings *settings)
{
	return settings->kinds[TOLD_FRAMES];
}

bool told_settings_protocol(const struct told_settings *settings, enum proto_id proto)
{
	bool any = false;

	if (settings->kinds[TOLD_STREAM])
		return true;
	if (proto == PROTO_FAILED)
		return false;
	for (int i = PROTO_FAILED + 1; i < PROTO_CNT; i++)
		any |= settings->protos[i] && !settings->off[i];
	return settings->kinds[TOLD_FILES] || settings->kinds[TOLD_FRAMES] ||
	       (proto == PROTO_UNKNOWN ? any : settings->protos[proto]);
}

void told_settings_free(struct told_settings *settings)
{
	free(settings);
}
