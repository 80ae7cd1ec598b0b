// SPDX-License-Identifier: Apache-2.0
/*
 * Owns what records tell of files that were looked into: alerts of what was found, anomalies of archives
 * that
 * were not seen whole, fields of fileinfo. Called by toldtx.c. Promises an alert once for each finding,
 * for the
 * innermost file that has it.
 */
#include "file/room.h"
#include "file/scanned.h"
#include "report/toldinside.h"
#include "scan/unpack.h"

#define GID_YARA 1001 /* with Suricata's names: signature generators beside its own 1 */
#define GID_CLAMAV 1002
#define META_MAX 16
#define FNV_OFFSET 2166136261u /* FNV-1a, 32 bits (Fowler, Noll, Vo) */
#define FNV_PRIME 16777619u

/* A signature of others has a name and no number: one that is the same in each run is made of it. */
static uint32_t sid_of(const char *name)
{
	uint32_t hash = FNV_OFFSET;

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * FNV_PRIME;
	return hash & INT32_MAX ? hash & INT32_MAX : 1;
}

static uint32_t meta_read(const struct grown *meta, struct rule_word words[META_MAX])
{
	uint32_t cnt = 0;

	for (size_t at = 0; cnt < META_MAX && at < meta->len; cnt++) {
		const char *key = (const char *)meta->at + at;
		size_t len = strnlen(key, meta->len - at);
		const char *value = key + len + 1;
		size_t rest = at + len + 1 < meta->len ? meta->len - at - len - 1 : 0;

		if (!rest || strnlen(value, rest) == rest)
			break; /* of a scanner that does not speak as agreed */
		words[cnt] = (struct rule_word){ .key = key, .value = value };
		at += len + strlen(value) + 2;
	}
	return cnt;
}

static void hit_put(struct told *told, struct packet *p, const struct file *file,
		    const struct scan_hit *hit, bool drops)
{
	struct rule_word metadata[META_MAX];
	char msg[HIT_NAME_MAX + 16];
	const struct rule rule = { .gid = hit->by == SCAN_YARA ? GID_YARA : GID_CLAMAV,
				   .sid = sid_of(hit->name),
				   .rev = 1,
				   .priority = 1,
				   .action = drops ? RULE_DROP : RULE_ALERT,
				   .msg = msg,
				   .class_msg = "Malicious file",
				   .text = "",
				   .metadata = metadata,
				   .metadata_cnt = meta_read(&hit->meta, metadata) };
	struct alert alert = { .rule = &rule, .tx = file->tx, .fate = drops ? FATE_DROP : 0 };

	snprintf(msg, sizeof(msg), "%s %s", hit->by == SCAN_YARA ? "YARA" : "ClamAV", hit->name);
	if (p->flow)
		p->flow->alerted = true;
	told_alert(told, p, &alert);
}

uint32_t told_scan_alerts(struct told *told, struct packet *p, const struct file *file)
{
	const struct file_room *room = file->tx->session->setup->files;
	uint32_t cnt = 0;

	for (uint32_t i = 0; i < file->scan->hit_cnt; i++) {
		if (file->scan->hits[i].is_inside)
			continue;
		hit_put(told, p, file, &file->scan->hits[i], room->scan_settings.drop);
		cnt++;
	}
	return cnt;
}

void told_scan_anomalies(struct told *told, const struct packet *p, const struct file *file)
{
	for (int i = 0; i < UNPACK_STOPS; i++)
		if (file->scan->stops >> i & 1)
			told_anomaly_app(told, p, file->tx, unpack_stop_word((enum unpack_stop)i),
					 "file");
}

static void hits_put(struct json *json, const struct file_scan *scan, enum scan_by by,
		     const char *name)
{
	bool any = false;

	for (uint32_t i = 0; i < scan->hit_cnt; i++) {
		if (scan->hits[i].by != by)
			continue;
		if (!any)
			json_list(json, name);
		any = true;
		json_text(json, NULL, scan->hits[i].name);
	}
	if (any)
		json_close(json);
}

static bool is_of(const struct file *file, const struct file *container)
{
	return (file == container || file->container == container) && file->scan;
}

/* What was found in it and its members: why it is malicious. */
static void findings_put(struct json *json, const struct file *container)
{
	static const char *const by[] = { [SCAN_YARA] = "yara", [SCAN_CLAMAV] = "clamav" };

	json_list(json, "findings");
	for (const struct file *file = container; file; file = file->next)
		for (uint32_t i = 0; is_of(file, container) && i < file->scan->hit_cnt; i++) {
			if (file->scan->hits[i].is_inside)
				continue;
			json_open(json, NULL);
			json_text(json, "by", by[file->scan->hits[i].by]);
			json_text(json, "name", file->scan->hits[i].name);
			json_bytes(json, "filename", slice(file->name, file->name_len));
			json_close(json);
		}
	json_close(json);
}

void told_scan(struct told *told, const struct file *file)
{
	static const char *const words[] = {
		[FILE_CLEAN] = "clean", [FILE_MALICIOUS] = "malicious", [FILE_UNAVAILABLE] = "unavailable"
	};
	const struct file_scan *scan = file->scan;
	struct json *json = &told->json;

	json_text(json, "verdict", words[scan->verdict]);
	if (scan->why)
		json_text(json, "unseen", scan->why);
	hits_put(json, scan, SCAN_YARA, "yara");
	hits_put(json, scan, SCAN_CLAMAV, "clamav");
	if (scan->verdict == FILE_MALICIOUS && !file->container)
		findings_put(json, file);
	if (scan->member_cnt)
		json_number(json, "members", scan->member_cnt);
}
