/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns what files share. Called when an engine starts and ends. Promises that what neither rules nor settings
 * ask for costs nothing.
 */
#include "file/room.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "detect/detect.h"
#include "file/ranges.h"
#include "file/types.h"
#include "scan/scan.h"

#define DEPTH_USUAL (1u << 20) /* as that of streams */
#define PATH_LEN_MAX 256
#define MIB (1ull << 20)
#define HOLD_USUAL_S 10 /* a connection bears more, a person hardly */
#define HOLD_MOST_S 600

static void hashes_read(const struct config *config, const char *path, struct file_room *room)
{
	static const char *const names[FILE_SUMS] = { "md5", "sha1", "sha256" };
	const char *name;

	for (size_t i = 0; (name = config_child(config, path, i)); i++)
		for (size_t sum = 0; sum < FILE_SUMS; sum++)
			if (strcmp(name, names[sum]) == 0)
				room->sums[sum] = true;
}

/* The type "files" of an EVE output. */
static void files_read(const struct config *config, const char *types, struct file_room *room)
{
	const char *type;

	for (size_t i = 0; (type = config_child(config, types, i)); i++) {
		char path[PATH_LEN_MAX];

		if (strcmp(type, "files") != 0)
			continue;
		snprintf(path, sizeof(path), "%.100s.%zu.files.force-hash", types, i);
		hashes_read(config, path, room);
		snprintf(path, sizeof(path), "%.100s.%zu.files.force-magic", types, i);
		room->magic_in_records |= config_bool(config, path, false);
	}
}

static void store_read(const struct config *config, const char *output, struct file_room *room)
{
	char path[PATH_LEN_MAX];
	const char *dir, *log_dir = config_text(config, "default-log-dir");

	snprintf(path, sizeof(path), "%.100s.enabled", output);
	if (!config_bool(config, path, false))
		return;
	room->store = true;
	snprintf(path, sizeof(path), "%.100s.force-filestore", output);
	room->store_all = config_bool(config, path, false);
	snprintf(path, sizeof(path), "%.100s.stream-depth", output);
	room->store_depth = config_bytes(
		config, path, config_bytes(config, "stream.reassembly.depth", DEPTH_USUAL));
	snprintf(path, sizeof(path), "%.100s.write-fileinfo", output);
	room->store_info = config_bool(config, path, false);
	snprintf(path, sizeof(path), "%.100s.force-magic", output);
	room->magic_in_records |= config_bool(config, path, false);
	snprintf(path, sizeof(path), "%.100s.force-hash", output);
	hashes_read(config, path, room);
	snprintf(path, sizeof(path), "%.100s.dir", output);
	dir = config_text(config, path);
	dir = dir && dir[0] ? dir : "filestore";
	if (dir[0] == '/' || !log_dir)
		snprintf(room->store_dir, sizeof(room->store_dir), "%s", dir);
	else
		snprintf(room->store_dir, sizeof(room->store_dir), "%s/%s", log_dir, dir);
}

static void outputs_read(const struct config *config, struct file_room *room)
{
	const char *name;

	for (size_t i = 0; (name = config_child(config, "outputs", i)); i++) {
		char path[64];

		snprintf(path, sizeof(path), "outputs.%zu.eve-log.types", i);
		if (strcmp(name, "eve-log") == 0)
			files_read(config, path, room);
		snprintf(path, sizeof(path), "outputs.%zu.file-store", i);
		if (strcmp(name, "file-store") == 0)
			store_read(config, path, room);
	}
}

static void hold_read(const struct config *config, struct file_room *room)
{
	uint64_t seconds = config_number(config, "sekisho.files.hold.timeout", HOLD_USUAL_S);

	room->hold.seconds = seconds < HOLD_MOST_S ? (uint32_t)seconds : HOLD_MOST_S;
	room->hold.memory = config_bytes(config, "sekisho.files.hold.memory", 64 * MIB);
	room->hold.tenant_memory =
		config_bytes(config, "sekisho.files.hold.tenant-memory", room->hold.memory / 4);
}

static void rules_ask(const struct ruleset *ruleset, struct file_room *room)
{
	if (!ruleset)
		return;
	room->sums[FILE_MD5] |= ruleset_asks(ruleset, "filemd5");
	room->sums[FILE_SHA1] |= ruleset_asks(ruleset, "filesha1");
	room->sums[FILE_SHA256] |= ruleset_asks(ruleset, "filesha256");
	room->sums_of_rules = ruleset_asks(ruleset, "filemd5") || ruleset_asks(ruleset, "filesha1") ||
			      ruleset_asks(ruleset, "filesha256");
	room->magic |= ruleset_asks(ruleset, "filemagic") || ruleset_asks(ruleset, "file.magic");
	if (room->store && !room->store_all)
		room->store = ruleset_asks(ruleset, "filestore");
}

static int types_begin(const struct config *config, struct file_room *room, struct diag *diag)
{
	int ret = room->magic ? file_types_new(config_text(config, "magic-file"), &room->types) : 0;

	if (ret == -ENOENT)
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, "install libmagic1",
			 "libmagic has no tables, and types of files are asked for");
	return ret;
}

static int scan_begin_all(const struct config *config, struct file_room *room, struct diag *diag)
{
	int ret;

	if (!scan_is_asked(config))
		return 0;
	quarantine_read(config, &room->quarantine);
	room->sums[FILE_SHA256] |= room->quarantine.enabled;
	ret = scan_settings_read(config, &room->scan_settings, diag);
	if (ret)
		return ret;
	room->ranges = ranges_new(room->scan_settings.max_size,
				  config_bytes(config, "sekisho.files.ranges-memory", 64 * MIB));
	if (!room->ranges)
		return -ENOMEM;
	return scan_room_new(&room->scan_settings, NULL, &room->scan, diag);
}

int file_room_new(const struct config *config, const struct ruleset *ruleset,
		  struct file_room **ret_room, struct diag *diag)
{
	struct file_room *room = calloc(1, sizeof(*room));
	int ret;

	if (!room)
		return -ENOMEM;
	outputs_read(config, room);
	hold_read(config, room);
	rules_ask(ruleset, room);
	room->sums[FILE_SHA256] |= room->store;
	room->magic |= room->magic_in_records;
	ret = types_begin(config, room, diag);
	if (!ret)
		ret = scan_begin_all(config, room, diag);
	if (ret) {
		file_room_free(room);
		return ret;
	}
	*ret_room = room;
	return 0;
}

int file_room_ask(struct file_room *room, const struct config *config, const struct ruleset *ruleset)
{
	struct file_types *types = room->types;
	bool magic = room->magic || ruleset_asks(ruleset, "filemagic") ||
		     ruleset_asks(ruleset, "file.magic");
	int ret = magic && !types ? file_types_new(config_text(config, "magic-file"), &types) : 0;

	if (ret)
		return ret;
	room->types = types;
	outputs_read(config, room); /* what is stored, if rules ask for it */
	rules_ask(ruleset, room);
	room->sums[FILE_SHA256] |= room->store;
	return 0;
}

void file_room_free(struct file_room *room)
{
	if (!room)
		return;
	scan_room_free(room->scan);
	scan_settings_free(&room->scan_settings);
	file_types_free(room->types);
	ranges_free(room->ranges);
	free(room);
}
