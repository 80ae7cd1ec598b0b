// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as a file of compiled patterns: what is not what we wrote is refused; what is, can be searched
 * with. The folder is written by us alone, but a disk, another version or a full one may cut or change it.
 */
#include <hs/hs_compile.h>
#include <hs/hs_runtime.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "detect/cache.h"

static char dir[] = "/tmp/cache_fuzz.XXXXXX";
static char path[96];
static uint8_t key[CACHE_KEY_LEN];
static uint8_t *good;
static size_t good_len;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void folder_remove(void)
{
	unlink(path);
	rmdir(dir);
}

/* A file as we write it: what is broken is mostly one of these with a little of it changed. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	hs_database_t *database;
	hs_compile_error_t *error;
	FILE *in;

	memset(key, 0x5a, sizeof(key));
	must(mkdtemp(dir));
	atexit(folder_remove);
	must(hs_compile("needle", HS_FLAG_SINGLEMATCH, HS_MODE_BLOCK, NULL, &database, &error) ==
	     HS_SUCCESS);
	must(cache_write(dir, key, database) == 0);
	hs_free_database(database);
	snprintf(path, sizeof(path), "%s/", dir);
	for (size_t i = 0; i < sizeof(key); i++)
		snprintf(path + strlen(path), 3, "%02x", key[i]);
	strcat(path, ".hs");
	in = fopen(path, "rbe");
	must(in && fseek(in, 0, SEEK_END) == 0);
	good_len = (size_t)ftell(in);
	rewind(in);
	good = malloc(good_len);
	must(good && fread(good, 1, good_len, in) == good_len);
	fclose(in);
	return 0;
}

static void file_write(const uint8_t *bytes, size_t len)
{
	FILE *out = fopen(path, "wbe");

	must(out && fwrite(bytes, 1, len, out) == len);
	must(fclose(out) == 0);
}

static int found(unsigned int id, unsigned long long from, unsigned long long to,
		 unsigned int flags, void *arg)
{
	++*(int *)arg;
	return 0;
}

static void search(const hs_database_t *database)
{
	hs_scratch_t *scratch = NULL;
	int cnt = 0;

	must(hs_alloc_scratch(database, &scratch) == HS_SUCCESS);
	must(hs_scan(database, "hay needle hay", 14, 0, scratch, found, &cnt) == HS_SUCCESS);
	must(cnt == 1);
	hs_free_scratch(scratch);
}

/* First byte: 0: the rest is the file; else the good one, with the rest in place of what is at an offset. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	hs_database_t *database = NULL;
	uint8_t *bytes;
	size_t at;

	if (size < 4 || data[0] == 0) {
		file_write(data, size);
	} else {
		bytes = malloc(good_len);
		if (!bytes)
			abort();
		memcpy(bytes, good, good_len);
		at = ((size_t)data[1] << 8 | data[2]) % good_len;
		for (size_t i = 3; i < size && at + i - 3 < good_len; i++)
			bytes[at + i - 3] = data[i];
		file_write(bytes, data[0] & 1 ? good_len : at);
		free(bytes);
	}
	if (cache_read(dir, key, &database) == 0) {
		search(database);
		hs_free_database(database);
	}
	return 0;
}
