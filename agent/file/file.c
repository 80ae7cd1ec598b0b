/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns a file that a transaction carries, from its first byte to its record. Called by parsers, detection and
 * records. Promises that what is kept of it is bounded, and that hashes are of all its bytes or not told.
 */
#include "file/file.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "file/room.h"
#include "file/scanned.h"
#include "file/store.h"
#include "file/sums.h"
#include "file/types.h"
#include "inspect/engine.h"

#define FILES_MAX 4096 /* of one transaction */
#define WINDOW_FIRST 2048
#define WINDOW_GROWTH 16 /* times what has come, in one step */
#define WINDOW_KEPT                                                                                \
	16384 /* bytes in front of what was inspected, for contents that reach over it */
#define WINDOW_SHIFT 65536 /* above this, what was inspected goes */
#define WINDOW_MAX 524288
#define TYPE_LEAST 512 /* bytes; as few only where the file is closed */

static struct file_room *room_of(const struct tx *tx)
{
	const struct engine_setup *setup = tx->session ? tx->session->setup : NULL;

	return setup ? setup->files : NULL;
}

/* What the scanner says of it will be done. */
static bool is_looked_into_in_line(const struct file *file)
{
	const struct file_room *room = room_of(file->tx);

	return room && file->tx->session->waits && file->scan && !file->scan->why &&
	       room->scan_settings.drop && !file->container;
}

/* Somebody may have something against it when it is whole. */
static bool is_judged_in_line(const struct file *file)
{
	const struct file_room *room = room_of(file->tx);

	return is_looked_into_in_line(file) ||
	       (room && file->tx->session->waits && room->sums_of_rules && !file->container);
}

static void append(struct tx *tx, struct file *file)
{
	struct file **end = &tx->files;

	while (*end)
		end = &(*end)->next;
	*end = file;
}

static size_t file_cnt(const struct tx *tx)
{
	size_t cnt = 0;

	for (const struct file *file = tx->files; file; file = file->next)
		cnt++;
	return cnt;
}

struct file *file_open(struct tx *tx, enum side side, struct slice name)
{
	struct file_room *room = room_of(tx);
	struct file *file = file_cnt(tx) < FILES_MAX ? calloc(1, sizeof(*file)) : NULL;

	if (!file) {
		if (room)
			room->refused++;
		return NULL;
	}
	file->tx = tx;
	file->side = side;
	if (tx->session)
		file->id = tx->session->file_cnt++;
	file->name_len = name.len < sizeof(file->name) ? name.len : sizeof(file->name);
	if (file->name_len)
		memcpy(file->name, name.at, file->name_len);
	if (room) {
		file->sums = file_sums_new(room->sums);
		file->scan = file_scan_new(room);
		file->spill = room->store ? file_spill_new(room) : NULL;
		file->wants_store = room->store_all || tx->stores[side] ||
				    (tx->session && tx->session->stores[side]);
		if (room->store && !file->spill)
			room->refused++;
	}
	append(tx, file);
	if (is_looked_into_in_line(file)) /* what follows a file, or is behind a limit, may be one too */
		tx->session->no_depth = true;
	return file;
}

bool file_store_depth(const struct file *file, uint64_t *ret_depth)
{
	const struct file_room *room = file ? room_of(file->tx) : NULL;

	if (file && is_looked_into_in_line(file)) {
		*ret_depth = 0; /* the scanner's own limit says when it is too large */
		return true;
	}
	if (!room || !room->store || !file->wants_store)
		return false;
	*ret_depth = room->store_depth;
	return true;
}

/* --- parts that come by several transfers --- */

static bool origin_sum(const struct file *file, struct slice place, struct slice name,
		       uint8_t sum[RANGE_KEY_LEN])
{
	const struct flow *flow = session_flow(file->tx->session);
	const struct sek_addr *server = &flow->addr[FROM_SERVER];
	const uint64_t head[] = { flow->tenant, (uint64_t)file->side, place.len };
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool made = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) &&
		    EVP_DigestUpdate(md, head, sizeof(head)) &&
		    (place.len ? EVP_DigestUpdate(md, place.at, place.len)
			       : EVP_DigestUpdate(md, server, sizeof(*server))) &&
		    EVP_DigestUpdate(md, name.at, name.len) && EVP_DigestFinal_ex(md, sum, NULL);

	EVP_MD_CTX_free(md);
	return made;
}

void file_origin(struct file *file, struct slice place, struct slice name, uint64_t from)
{
	const struct file_room *room = file ? room_of(file->tx) : NULL;

	if (!room || !room->ranges || !file->tx->session->waits || !file->scan)
		return;
	file->has_origin = origin_sum(file, place, name, file->origin);
	file->origin_from = from;
}

/* --- the window --- */

/* Drops so many bytes from its beginning. */
static void window_shift(struct file *file, size_t cnt)
{
	memmove(file->window, file->window + cnt, file->window_len - cnt);
	file->window_len -= cnt;
	file->window_from += cnt;
}

static void window_trim(struct file *file)
{
	uint64_t done = file->inspected > file->window_from ? file->inspected - file->window_from : 0;

	if (file->window_len < WINDOW_SHIFT)
		return;
	if (done > file->window_len)
		done = file->window_len;
	if (done > 2 * WINDOW_KEPT)
		window_shift(file, (size_t)done - WINDOW_KEPT);
}

/*
 * Room for what is to come at once, so that it is not copied each time that it doubles. A protocol may
 * promise more than comes: what has come bounds the room.
 */
static size_t window_wanted(const struct file *file, size_t come)
{
	uint64_t wanted = file->expected < WINDOW_SHIFT ? file->expected : WINDOW_SHIFT;

	if (wanted > come * WINDOW_GROWTH)
		wanted = come * WINDOW_GROWTH;
	return wanted > come ? (size_t)wanted : come;
}

/* A window that nobody inspects ends at its most: the oldest half goes. */
static bool window_room(struct file *file, size_t len)
{
	size_t cap = file->window_cap ? file->window_cap : WINDOW_FIRST, wanted;
	uint8_t *window;

	if (file->window_len + len > WINDOW_MAX)
		window_shift(file, file->window_len < WINDOW_MAX / 2 ? file->window_len
								     : file->window_len / 2);
	if (cap >= file->window_len + len && file->window)
		return true;
	wanted = window_wanted(file, file->window_len + len);
	while (cap < wanted)
		cap *= 2;
	window = realloc(file->window, cap);
	if (!window)
		return false;
	file->window = window;
	file->window_cap = cap;
	return true;
}

/* Without rules nobody ever looks at it. */
static bool is_looked_at(const struct file *file)
{
	const struct engine_setup *setup = file->tx->session ? file->tx->session->setup : NULL;

	return !setup || setup->ruleset;
}

static void window_add(struct file *file, struct slice bytes)
{
	if (!is_looked_at(file)) {
		file->window_from += bytes.len;
		return;
	}
	window_trim(file);
	while (bytes.len) {
		size_t len = bytes.len < WINDOW_MAX / 4 ? bytes.len : WINDOW_MAX / 4;

		if (!window_room(file, len)) {
			file->has_gaps = true;
			return;
		}
		memcpy(file->window + file->window_len, bytes.at, len);
		file->window_len += len;
		bytes = slice_behind(bytes, len);
	}
}

/* --- bytes --- */

static void head_add(struct file *file, struct slice bytes)
{
	const struct file_room *room = room_of(file->tx);
	size_t len;

	if (!room || !room->magic || file->size >= FILE_HEAD)
		return;
	if (!file->head)
		file->head = malloc(FILE_HEAD);
	if (!file->head)
		return;
	len = FILE_HEAD - (size_t)file->size;
	memcpy(file->head + file->size, bytes.at, bytes.len < len ? bytes.len : len);
}

void file_bytes(struct file *file, struct slice bytes, uint64_t lost)
{
	if (!file || file->state != FILE_OPENED)
		return;
	if (lost) {
		file->has_gaps = true;
		file->size += lost;
		if (file->window_len)
			window_shift(file, file->window_len);
		file->window_from = file->size;
	}
	if (!bytes.len)
		return;
	head_add(file, bytes);
	window_add(file, bytes);
	if (!file->has_gaps)
		file_sums_add(file->sums, bytes);
	file_spill_add(file->spill, bytes);
	if (file->scan && !file->container)
		file_scan_bytes(file, bytes);
	file->size += bytes.len;
	if (file->ends_unsaid && is_judged_in_line(file))
		file_wait_begin(file);
}

void file_passwords(struct file *file, struct slice words)
{
	if (file && file->scan)
		file->scan->passwords = words;
}

static void bytes_end(struct file *file, bool is_whole)
{
	char none[65];

	file->state = is_whole ? FILE_CLOSED : FILE_TRUNCATED;
	file_sums_end(file->sums, FILE_MD5, is_whole ? file->md5 : none);
	file_sums_end(file->sums, FILE_SHA1, is_whole ? file->sha1 : none);
	file_sums_end(file->sums, FILE_SHA256, file->has_gaps ? none : file->sha256);
}

void file_cut(struct file *file)
{
	bytes_end(file, false);
}

void file_close(struct file *file, bool whole)
{
	if (!file || file->state != FILE_OPENED)
		return;
	bytes_end(file, whole && !file->has_gaps);
	if (file->scan)
		file_scan_close(file);
	else
		file_wait_end(file);
}

void file_settle(struct file *file)
{
	struct file_room *room = room_of(file->tx);

	if (!file->spill)
		return;
	if (file->wants_store && file->sha256[0] && file_spill_keep(file->spill, room, file->sha256)) {
		file->stored = true;
		file->store_id = ++room->store_cnt;
	}
	file_spill_free(file->spill);
	file->spill = NULL;
}

void file_free_all(struct file *first)
{
	while (first) {
		struct file *next = first->next;

		file_wait_end(first);
		file_scan_left(first);
		file_spill_free(first->spill);
		file_sums_free(first->sums);
		file_scan_free(room_of(first->tx), first->scan);
		free(first->head);
		free(first->window);
		free(first);
		first = next;
	}
}

const char *file_magic(struct file *file)
{
	const struct file_room *room = room_of(file->tx);
	size_t len = file->size < FILE_HEAD ? (size_t)file->size : FILE_HEAD;

	if (file->magic[0] || !room || !room->types || !file->head)
		return file->magic;
	if (file->state == FILE_OPENED && file->size < TYPE_LEAST)
		return file->magic;
	file_types_ask(room->types, slice(file->head, len), file->magic, sizeof(file->magic));
	return file->magic;
}
