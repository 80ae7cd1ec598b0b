/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file for each database: a head, then the database as Hyperscan serialises it. Called by
 * pattern.c. What it gives was proven by its SHA-256.
 */
#include "detect/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <hs/hs_runtime.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text/whole.h"

#define CACHE_PATH_MAX 4096

struct cache_head {
	char magic[8];
	uint8_t key[CACHE_KEY_LEN];
	uint8_t sum[32]; /* of what follows */
	uint64_t len;
};

static const char cache_magic[8] = "sekhs1\n";

static int cache_path(const char *dir, const uint8_t key[CACHE_KEY_LEN], char path[CACHE_PATH_MAX])
{
	int len = snprintf(path, CACHE_PATH_MAX, "%s/", dir);

	if (len < 0 || len + CACHE_KEY_LEN * 2 + 4 > CACHE_PATH_MAX)
		return -ENAMETOOLONG;
	for (int i = 0; i < CACHE_KEY_LEN; i++)
		snprintf(path + len + i * 2, 3, "%02x", key[i]);
	snprintf(path + len + CACHE_KEY_LEN * 2, 4, ".hs");
	return 0;
}

static int sum_of(const void *bytes, size_t len, uint8_t sum[32])
{
	return EVP_Digest(bytes, len, sum, NULL, EVP_sha256(), NULL) == 1 ? 0 : -ENOMEM;
}

static int database_of(const uint8_t *bytes, size_t len, const uint8_t key[CACHE_KEY_LEN],
		       hs_database_t **ret_database)
{
	struct cache_head head;
	uint8_t sum[32];

	if (len < sizeof(head))
		return -EBADMSG;
	memcpy(&head, bytes, sizeof(head));
	bytes += sizeof(head);
	if (memcmp(head.magic, cache_magic, sizeof(head.magic)) != 0 ||
	    memcmp(head.key, key, CACHE_KEY_LEN) != 0 || head.len != len - sizeof(head))
		return -EBADMSG;
	if (sum_of(bytes, head.len, sum) || memcmp(sum, head.sum, sizeof(sum)) != 0)
		return -EBADMSG;
	if (hs_deserialize_database((const char *)bytes, head.len, ret_database) != HS_SUCCESS)
		return -EBADMSG;
	return 0;
}

int cache_read(const char *dir, const uint8_t key[CACHE_KEY_LEN], hs_database_t **ret_database)
{
	char path[CACHE_PATH_MAX];
	struct stat stat;
	uint8_t *bytes;
	int rc = cache_path(dir, key, path), fd;

	if (rc)
		return rc;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &stat)) {
		rc = -errno;
		goto out;
	}
	rc = -EBADMSG;
	if (!S_ISREG(stat.st_mode) || stat.st_size <= 0)
		goto out;
	bytes = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (bytes == MAP_FAILED) {
		rc = -errno;
		goto out;
	}
	rc = database_of(bytes, (size_t)stat.st_size, key, ret_database);
	munmap(bytes, (size_t)stat.st_size);
out:
	close(fd);
	return rc;
}

/* Under another name first: who reads at the same time sees the whole file or none. */
static int file_put(const char *path, const struct cache_head *head, const void *bytes)
{
	char temporary[CACHE_PATH_MAX];
	int len = snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path), fd, rc;

	if (len < 0 || (size_t)len >= sizeof(temporary))
		return -ENAMETOOLONG;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = write_whole(fd, head, sizeof(*head));
	if (rc == 0)
		rc = write_whole(fd, bytes, head->len);
	if (rc == 0 && fchmod(fd, 0644))
		rc = -errno;
	if (close(fd) && rc == 0)
		rc = -errno;
	if (rc == 0 && rename(temporary, path))
		rc = -errno;
	if (rc)
		unlink(temporary);
	return rc;
}

int cache_write(const char *dir, const uint8_t key[CACHE_KEY_LEN], const hs_database_t *database)
{
	struct cache_head head = { 0 };
	char path[CACHE_PATH_MAX], *bytes = NULL;
	size_t len = 0;
	int rc = cache_path(dir, key, path);

	if (rc)
		return rc;
	if (mkdir(dir, 0755) && errno != EEXIST)
		return -errno;
	if (hs_serialize_database(database, &bytes, &len) != HS_SUCCESS)
		return -ENOMEM;
	memcpy(head.magic, cache_magic, sizeof(head.magic));
	memcpy(head.key, key, CACHE_KEY_LEN);
	head.len = len;
	rc = sum_of(bytes, len, head.sum);
	if (rc == 0)
		rc = file_put(path, &head, bytes);
	free(bytes);
	return rc;
}
