/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the hashes of a file. Called by file.c. Promises that only what is asked for is computed.
 */
#include "base/digits.h"
#include "file/sums.h"

#include <openssl/evp.h>
#include <stdlib.h>

struct file_sums {
	EVP_MD_CTX *of[FILE_SUMS]; /* NULL: not asked for, or told already */
};

struct file_sums *file_sums_new(const bool wanted[FILE_SUMS])
{
	const EVP_MD *kinds[FILE_SUMS] = { EVP_md5(), EVP_sha1(), EVP_sha256() };
	struct file_sums *sums;
	bool any = false;

	for (size_t i = 0; i < FILE_SUMS; i++)
		any |= wanted[i];
	sums = any ? calloc(1, sizeof(*sums)) : NULL;
	if (!sums)
		return NULL;
	for (size_t i = 0; i < FILE_SUMS; i++) {
		if (!wanted[i])
			continue;
		sums->of[i] = EVP_MD_CTX_new();
		if (!sums->of[i] || !EVP_DigestInit_ex(sums->of[i], kinds[i], NULL)) {
			file_sums_free(sums);
			return NULL;
		}
	}
	return sums;
}

void file_sums_add(struct file_sums *sums, struct slice bytes)
{
	for (size_t i = 0; sums && i < FILE_SUMS; i++)
		if (sums->of[i])
			EVP_DigestUpdate(sums->of[i], bytes.at, bytes.len);
}

void file_sums_end(struct file_sums *sums, enum file_sum sum, char *to)
{
	uint8_t bytes[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (sums && sums->of[sum]) {
		EVP_DigestFinal_ex(sums->of[sum], bytes, &len);
		EVP_MD_CTX_free(sums->of[sum]);
		sums->of[sum] = NULL;
	}
	*hex_write(bytes, len, 0, to) = 0;
}

void file_sums_free(struct file_sums *sums)
{
	for (size_t i = 0; sums && i < FILE_SUMS; i++)
		EVP_MD_CTX_free(sums->of[i]);
	free(sums);
}
