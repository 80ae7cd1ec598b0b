/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/file: what is kept of files is bounded, hashes are of all their bytes or not told, and the store has
 * whole files under their hash.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/config.h"
#include "file/file.h"
#include "file/room.h"
#include "file/store.h"
#include "inspect/engine.h"

#define ABC_MD5 "900150983cd24fb0d6963f7d28e17f72" /* RFC 1321, A.5 */
#define ABC_SHA1 "a9993e364706816aba3e25717850c26c9cd0d89d" /* RFC 3174, 7.3 */
#define ABC_SHA256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" /* RFC 6234 */

static char dir[] = "/tmp/file_test.XXXXXX";

/* A transaction that carries files. */
struct made {
	struct config *config;
	struct ruleset *ruleset; /* of no rules: some may look */
	struct file_room *room;
	struct engine_setup setup;
	struct session session;
	struct tx tx;
};

static struct ruleset *no_rules(const struct config *config)
{
	const struct ruleset_sources sources = { .config = config, .threads = 1 };
	struct ruleset_tally tally;
	struct ruleset *ruleset;
	struct diag diag;

	diag_init(&diag);
	assert_int_equal(ruleset_build(&sources, &ruleset, &tally, &diag), 0);
	diag_free(&diag);
	return ruleset;
}

static void make(struct made *m, const char *settings)
{
	char log_dir[64];
	struct diag diag;

	*m = (struct made){ .config = NULL };
	diag_init(&diag);
	assert_int_equal(config_read_text(settings, "settings", &m->config, &diag), 0);
	snprintf(log_dir, sizeof(log_dir), "default-log-dir=%s", dir);
	assert_int_equal(config_set(m->config, log_dir), 0);
	assert_int_equal(file_room_new(m->config, NULL, &m->room, &diag), 0);
	diag_free(&diag);
	m->ruleset = no_rules(m->config);
	m->setup.files = m->room;
	m->setup.ruleset = m->ruleset;
	m->session.setup = &m->setup;
	m->tx.session = &m->session;
}

static void end(struct made *m)
{
	file_free_all(m->tx.files);
	file_room_free(m->room);
	ruleset_free(m->ruleset);
	config_free(m->config);
}

static const char *const hashes =
	"outputs:\n"
	"  - eve-log:\n"
	"      types:\n"
	"        - files: {force-hash: [md5, sha1, sha256], force-magic: yes}\n";
static const char *const store = "outputs:\n"
				 "  - file-store: {enabled: yes, force-filestore: yes}\n";

static void test_hashes(void **state)
{
	struct made m;
	struct file *file;

	make(&m, hashes);
	file = file_open(&m.tx, FROM_SERVER, slice_text("a.txt"));
	assert_non_null(file);
	assert_ptr_equal(m.tx.files, file);
	file_bytes(file, slice_text("a"), 0);
	file_bytes(file, slice_text("bc"), 0);
	assert_string_equal(file->sha256, "");
	file_close(file, true);
	file_close(file, false); /* changes nothing */
	file_bytes(file, slice_text("d"), 0);
	assert_int_equal(file->state, FILE_CLOSED);
	assert_int_equal(file->size, 3);
	assert_string_equal(file->md5, ABC_MD5);
	assert_string_equal(file->sha1, ABC_SHA1);
	assert_string_equal(file->sha256, ABC_SHA256);
	file = file_open(&m.tx, FROM_CLIENT, slice_text("b"));
	assert_int_equal(file->id, 1);
	assert_ptr_equal(m.tx.files->next, file);
	end(&m);
}

static void test_gaps(void **state)
{
	struct made m;
	struct file *file;

	make(&m, hashes);
	file = file_open(&m.tx, FROM_SERVER, slice_text(""));
	file_bytes(file, slice_text("abc"), 0);
	file_bytes(file, slice_text("xyz"), 10);
	file_close(file, true);
	assert_int_equal(file->state, FILE_TRUNCATED);
	assert_true(file->has_gaps);
	assert_int_equal(file->size, 16);
	assert_string_equal(file->md5, "");
	assert_string_equal(file->sha256, "");
	assert_int_equal(file->window_from, 13);
	assert_int_equal(file->window_len, 3);
	file = file_open(&m.tx, FROM_SERVER, slice_text("cut"));
	file_bytes(file, slice_text("abc"), 0);
	file_close(file, false);
	assert_int_equal(file->state, FILE_TRUNCATED);
	assert_string_equal(file->md5, "");
	assert_string_equal(file->sha256, ABC_SHA256);
	end(&m);
}

static void test_nothing_asked(void **state)
{
	struct made m;
	struct file *file;

	make(&m, "a: b\n");
	file = file_open(&m.tx, FROM_SERVER, slice_text("x"));
	file_bytes(file, slice_text("abc"), 0);
	file_close(file, true);
	assert_null(file->sums);
	assert_null(file->head);
	assert_string_equal(file->md5, "");
	assert_string_equal(file_magic(file), "");
	end(&m);
}

static void test_magic(void **state)
{
	static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\x06\0\0\0";
	struct made m;
	struct file *file;

	make(&m, hashes);
	file = file_open(&m.tx, FROM_SERVER, slice_text("x"));
	file_bytes(file, slice(png, 10), 0);
	assert_string_equal(file_magic(file), "");
	file_bytes(file, slice(png + 10, sizeof(png) - 10), 0);
	file_close(file, true);
	assert_non_null(strstr(file_magic(file), "PNG image data, 16 x 16"));
	end(&m);
}

/* Without rules nobody looks, and nothing is held. */
static void test_no_window(void **state)
{
	struct file *file;
	struct made m;

	make(&m, "a: b\n");
	m.setup.ruleset = NULL;
	file = file_open(&m.tx, FROM_SERVER, slice_text("x"));
	file_bytes(file, slice_text("abc"), 0);
	assert_int_equal(file->window_len, 0);
	assert_int_equal(file->window_from, file->size);
	end(&m);
}

/* However much comes, and whether anybody inspects it, what is held is bounded and continuous. */
static void test_window(void **state)
{
	static uint8_t bytes[100000];
	struct made m;

	make(&m, "a: b\n");
	for (int inspected = 0; inspected < 2; inspected++) {
		struct file *file = file_open(&m.tx, FROM_SERVER, slice_text("x"));

		for (uint32_t n = 0; n < 100; n++) {
			for (size_t i = 0; i < sizeof(bytes); i++)
				bytes[i] = (uint8_t)((file->size + i) % 251);
			file_bytes(file, slice(bytes, sizeof(bytes)), 0);
			assert_true(file->window_len <= (inspected ? 200000 : 524288));
			assert_int_equal(file->window_from + file->window_len, file->size);
			for (size_t i = 0; i < file->window_len; i += 997)
				assert_int_equal(file->window[i], (file->window_from + i) % 251);
			if (inspected)
				file->inspected = file->size;
		}
	}
	end(&m);
}

static void test_many(void **state)
{
	struct made m;
	size_t cnt = 0;

	make(&m, "a: b\n");
	while (file_open(&m.tx, FROM_SERVER, slice_text("x")))
		cnt++;
	assert_int_equal(cnt, 4096);
	assert_int_equal(m.room->refused, 1);
	end(&m);
}

static bool is_there(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/filestore/%s", dir, name);
	return access(path, R_OK) == 0;
}

static size_t tmp_cnt(void)
{
	char path[128];
	size_t cnt = 0;
	DIR *d;

	snprintf(path, sizeof(path), "%s/filestore/tmp", dir);
	d = opendir(path);
	assert_non_null(d);
	for (const struct dirent *e; (e = readdir(d));)
		cnt += e->d_name[0] != '.';
	closedir(d);
	return cnt;
}

static void test_store(void **state)
{
	struct made m;
	struct file *file;

	make(&m, store);
	file = file_open(&m.tx, FROM_SERVER, slice_text("x"));
	file_bytes(file, slice_text("abc"), 0);
	assert_int_equal(tmp_cnt(), 1);
	file_close(file, true);
	file_settle(file);
	file_settle(file);
	assert_true(file->stored);
	assert_int_equal(file->store_id, 1);
	assert_true(is_there("ba/" ABC_SHA256));
	file = file_open(&m.tx, FROM_SERVER, slice_text("y"));
	file->wants_store = false;
	file_bytes(file, slice_text("def"), 0);
	file_close(file, true);
	file_settle(file);
	assert_false(file->stored);
	file = file_open(&m.tx, FROM_SERVER, slice_text("never closed"));
	file_bytes(file, slice_text("ghi"), 0);
	assert_true(file_store_info(m.room, ABC_SHA256, 5, 1, slice_text("{}\n")));
	assert_true(is_there("ba/" ABC_SHA256 ".5.1.json"));
	end(&m);
	assert_int_equal(tmp_cnt(), 0);
}

static int dir_make(void **state)
{
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int dir_end(void **state)
{
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hashes),	      cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_nothing_asked), cmocka_unit_test(test_magic),
		cmocka_unit_test(test_window),	      cmocka_unit_test(test_no_window),
		cmocka_unit_test(test_many),	      cmocka_unit_test(test_store),
	};

	return cmocka_run_group_tests(tests, dir_make, dir_end);
}
