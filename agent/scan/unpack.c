// SPDX-License-Identifier: Apache-2.0
/*
 * Owns the walk through archives. Called by the sandboxed scanner, once a file. Promises that it gives no
 * more
 * than the limits say, and says so where there would be more.
 */
#include "scan/unpack.h"

#include <archive.h>
#include <archive_entry.h>

#include "base/grown.h"

#define RATIO_FLOOR (1 << 20) /* small files are packed as they like */
#define PATH_LEN_MAX 2048
#define PIECE 65536

struct unpacking {
	const struct unpack_limits *limits;
	const struct unpack_sink *sink;
	struct slice passwords;
	uint64_t packed, total; /* bytes of the outermost, bytes that came of it */
	uint32_t members;
	uint32_t stops;
	bool over; /* a limit of the whole was reached */
};

/* One archive of those that are open in one another. */
struct level {
	struct slice bytes, path;
	uint32_t depth; /* 1: the outermost */
	struct archive *archive;
	uint32_t entries; /* that were begun */
	bool asked_password, is_open; /* a password was looked for; one fits */
};

const char *unpack_stop_word(enum unpack_stop stop)
{
	static const char *const words[UNPACK_STOPS] = {
		[UNPACK_DEPTH] = "archive_depth_limit",
		[UNPACK_MEMBERS] = "archive_member_limit",
		[UNPACK_MEMBER_SIZE] = "archive_member_size_limit",
		[UNPACK_TOTAL_SIZE] = "archive_size_limit",
		[UNPACK_RATIO] = "archive_ratio_limit",
		[UNPACK_ENCRYPTED] = "archive_encrypted",
		[UNPACK_BROKEN] = "archive_broken",
	};

	return words[stop];
}

static void stop(struct unpacking *u, enum unpack_stop why, bool over)
{
	u->stops |= 1u << why;
	u->over |= over;
}

/* --- one archive --- */

/*
 * Formats that begin with a sum or a sign; those that guess (mtree, raw text) would see archives
 * everywhere.
 */
static void formats_allow(struct archive *a)
{
	archive_read_support_format_zip(a);
	archive_read_support_format_7zip(a);
	archive_read_support_format_rar(a);
	archive_read_support_format_rar5(a);
	archive_read_support_format_tar(a);
	archive_read_support_format_iso9660(a);
	archive_read_support_format_lha(a);
	archive_read_support_format_cab(a);
	archive_read_support_format_raw(a);
	archive_read_support_filter_gzip(a);
	archive_read_support_filter_bzip2(a);
	archive_read_support_filter_xz(a);
	archive_read_support_filter_lzma(a);
	archive_read_support_filter_zstd(a);
	archive_read_support_filter_lz4(a);
	archive_read_support_filter_compress(a);
}

static struct archive *reader_open(struct slice bytes, const char *password)
{
	struct archive *a = archive_read_new();

	if (!a)
		return NULL;
	formats_allow(a);
	if (password)
		archive_read_add_passphrase(a, password);
	if (archive_read_open_memory(a, bytes.at, bytes.len) != ARCHIVE_OK) {
		archive_read_free(a);
		return NULL;
	}
	return a;
}

static bool has_entry(int r)
{
	return r == ARCHIVE_OK || r == ARCHIVE_WARN;
}

static bool is_raw(struct archive *a)
{
	return archive_format(a) == ARCHIVE_FORMAT_RAW;
}

/* raw takes anything: it counts where it was compressed, be it broken. */
static bool is_archive(struct archive *a, int first)
{
	if (archive_filter_count(a) > 1)
		return true;
	return (has_entry(first) && !is_raw(a)) || archive_read_has_encrypted_entries(a) > 0;
}

/* --- passwords --- */

/* Does the first member that is encrypted come out whole? */
static bool password_fits(struct slice bytes, const char *password, uint64_t most)
{
	struct archive *a = reader_open(bytes, password);
	struct archive_entry *entry;
	uint8_t piece[4096];
	la_ssize_t len = -1;
	uint64_t got = 0;

	while (a && has_entry(archive_read_next_header(a, &entry))) {
		if (!archive_entry_is_data_encrypted(entry))
			continue;
		while ((len = archive_read_data(a, piece, sizeof(piece))) > 0 && got < most)
			got += (uint64_t)len;
		break;
	}
	archive_read_free(a);
	return len >= 0;
}

static const char *password_find(const struct unpacking *u, struct slice bytes)
{
	struct slice rest = u->passwords;

	while (rest.len) {
		const char *password = (const char *)rest.at;
		size_t len = strnlen(password, rest.len);

		if (len == rest.len)
			break; /* the last one has no end */
		if (len && password_fits(bytes, password, u->limits->member_size))
			return password;
		rest = slice_behind(rest, len + 1);
	}
	return NULL;
}

/* The archive anew, with a password that opens this entry; false: there is none. */
static bool level_decrypt(struct unpacking *u, struct level *level, struct archive_entry **entry)
{
	const char *password;
	struct archive *a;

	if (level->asked_password)
		return level->is_open; /* it may fit this one too */
	level->asked_password = true;
	password = password_find(u, level->bytes);
	a = password ? reader_open(level->bytes, password) : NULL;
	if (!a)
		return false;
	archive_read_free(level->archive);
	level->archive = a;
	for (uint32_t i = 0; i < level->entries; i++)
		if (!has_entry(archive_read_next_header(a, entry)))
			return false;
	return level->is_open = true;
}

/* --- members --- */

static void limits_look(struct unpacking *u)
{
	const struct unpack_limits *l = u->limits;

	if (u->total >= l->total_size)
		stop(u, UNPACK_TOTAL_SIZE, true);
	else if (l->ratio && u->total > RATIO_FLOOR && u->total / l->ratio > u->packed)
		stop(u, UNPACK_RATIO, true);
}

/* true: all of it. */
static bool member_read(struct unpacking *u, struct archive *a, struct grown *to)
{
	while (!u->over) {
		uint64_t rest = u->limits->member_size - to->len;
		la_ssize_t len;

		if (!rest) {
			uint8_t more;

			if (archive_read_data(a, &more, 1) == 0)
				return true;
			stop(u, UNPACK_MEMBER_SIZE, false);
			return false;
		}
		if (!grown_room(to, PIECE)) {
			stop(u, UNPACK_MEMBER_SIZE, false);
			return false;
		}
		len = archive_read_data(a, to->at + to->len, rest < PIECE ? (size_t)rest : PIECE);
		if (len == 0)
			return true;
		if (len < 0) {
			stop(u, UNPACK_BROKEN, false);
			return false;
		}
		to->len += (size_t)len;
		u->total += (uint64_t)len;
		limits_look(u);
	}
	return false;
}

/* outer.tgz holds outer; what has no such end holds "data", as libarchive says. */
static struct slice raw_name(struct slice path)
{
	const uint8_t *mark = path.len ? memrchr(path.at, '!', path.len) : NULL;
	struct slice name = mark ? slice_behind(path, (size_t)(mark + 1 - path.at)) : path;
	const uint8_t *slash = name.len ? memrchr(name.at, '/', name.len) : NULL;
	const uint8_t *dot;

	if (slash)
		name = slice_behind(name, (size_t)(slash + 1 - name.at));
	dot = name.len ? memrchr(name.at, '.', name.len) : NULL;
	return dot && dot > name.at ? slice(name.at, (size_t)(dot - name.at)) : slice_text("data");
}

static struct slice entry_name(const struct level *level, struct archive_entry *entry)
{
	const char *name = archive_entry_pathname(entry);

	if (is_raw(level->archive))
		return raw_name(level->path);
	if (!name)
		name = archive_entry_pathname_utf8(entry);
	return slice_text(name ? name : "");
}

static bool path_make(struct grown *path, const struct level *level, struct slice name)
{
	if (name.len > PATH_LEN_MAX / 2)
		name = slice_behind(name, name.len - PATH_LEN_MAX / 2); /* its end says what it is */
	return grown_add(path, slice(level->path.at, level->path.len < PATH_LEN_MAX ? level->path.len
										    : PATH_LEN_MAX)) &&
	       grown_add_text(path, "!") && grown_add(path, name);
}

static void archive_walk(struct unpacking *u, struct slice bytes, struct slice path, uint32_t depth);

static void member_take(struct unpacking *u, struct level *level, struct archive_entry *entry)
{
	struct grown path = { .at = NULL }, bytes = { .at = NULL };
	bool whole = false, is_locked = archive_entry_is_data_encrypted(entry);

	if (is_locked && !level_decrypt(u, level, &entry))
		stop(u, UNPACK_ENCRYPTED, false);
	else
		is_locked = false;
	if (!path_make(&path, level, entry_name(level, entry))) {
		stop(u, UNPACK_MEMBER_SIZE, false);
		goto end;
	}
	u->members++;
	if (!is_locked)
		whole = member_read(u, level->archive, &bytes);
	u->sink->member(u->sink->arg, grown_slice(&path), grown_slice(&bytes), !whole);
	if (!u->over)
		archive_walk(u, grown_slice(&bytes), grown_slice(&path), level->depth + 1);
end:
	grown_free(&path);
	grown_free(&bytes);
}

static void archive_walk(struct unpacking *u, struct slice bytes, struct slice path, uint32_t depth)
{
	struct level level = { .bytes = bytes,
			       .path = path,
			       .depth = depth,
			       .archive = bytes.len ? reader_open(bytes, NULL) : NULL };
	struct archive_entry *entry;
	int r;

	if (!level.archive) {
		if (bytes.len) /* compressed, by its sign, and not to be read */
			stop(u, UNPACK_BROKEN, false);
		return;
	}
	r = archive_read_next_header(level.archive, &entry);
	if (!is_archive(level.archive, r))
		goto end;
	if (depth > u->limits->depth) {
		stop(u, UNPACK_DEPTH, false);
		goto end;
	}
	for (; has_entry(r) && !u->over; r = archive_read_next_header(level.archive, &entry)) {
		level.entries++;
		if (archive_entry_filetype(entry) != AE_IFREG && archive_entry_filetype(entry) != 0)
			continue; /* folders, links; 0: the archive does not say, and it has bytes */
		if (u->members == u->limits->members)
			stop(u, UNPACK_MEMBERS, true);
		else
			member_take(u, &level, entry);
	}
	if (!u->over && r != ARCHIVE_EOF)
		stop(u,
		     archive_read_has_encrypted_entries(level.archive) > 0 && !level.entries
			     ? UNPACK_ENCRYPTED
			     : UNPACK_BROKEN,
		     false);
end:
	archive_read_free(level.archive);
}

uint32_t unpack(struct slice bytes, struct slice name, const struct unpack_limits *limits,
		struct slice passwords, const struct unpack_sink *sink)
{
	struct unpacking u = {
		.limits = limits, .sink = sink, .passwords = passwords, .packed = bytes.len
	};

	archive_walk(&u, bytes, name, 1);
	return u.stops;
}
