// SPDX-License-Identifier: Apache-2.0
/*
 * What a hello is known by: JA3 and JA3S (numbers as decimal words, and their MD5) and JA4 (counts, and cut
 * SHA-256 of sorted lists). Called by tls.c and QUIC's parser for each hello.
 */
#include <ctype.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/digits.h"
#include "proto/tls.h"

#define JA4_HASH_LEN 12
#define EXT_NAME 0
#define EXT_ALPN 16

/* --- JA3 --- */

struct words {
	char *text;
	size_t len;
};

static void number_put(struct words *words, unsigned int number, bool first)
{
	char digits[8];
	int len = snprintf(digits, sizeof(digits), first ? "%u" : "-%u", number);

	memcpy(words->text + words->len, digits, (size_t)len);
	words->len += (size_t)len;
}

static void list_put(struct words *words, struct slice list, size_t size)
{
	bool first = true;

	for (size_t i = 0; i + size <= list.len; i += size) {
		uint16_t value = size == 2 ? (uint16_t)(list.at[i] << 8 | list.at[i + 1])
					   : list.at[i];

		if (size == 2 && tls_is_grease(value))
			continue;
		number_put(words, value, first);
		first = false;
	}
}

static void exts_put(struct words *words, struct slice exts)
{
	struct slice body;
	bool first = true;
	uint16_t type;

	while (tls_ext_next(&exts, &type, &body)) {
		if (tls_is_grease(type))
			continue;
		number_put(words, type, first);
		first = false;
	}
}

bool tls_ja3(const struct tls_hello *hello, enum side side, struct tls_print *ret_print)
{
	/* "-65535" for two bytes, "-255" for one, and six of the version with its commas */
	size_t room = 3 * (hello->ciphers.len + hello->groups.len + hello->exts.len) +
		      4 * hello->formats.len + 32;
	struct words words = { .text = malloc(room) };
	uint8_t sum[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (!words.text)
		return false;
	number_put(&words, hello->version, true);
	words.text[words.len++] = ',';
	if (side == FROM_CLIENT)
		list_put(&words, hello->ciphers, 2);
	else
		number_put(&words, hello->cipher, true);
	words.text[words.len++] = ',';
	exts_put(&words, hello->exts);
	if (side == FROM_CLIENT) {
		words.text[words.len++] = ',';
		list_put(&words, hello->groups, 2);
		words.text[words.len++] = ',';
		list_put(&words, hello->formats, 1);
	}
	if (!EVP_Digest(words.text, words.len, sum, &len, EVP_md5(), NULL)) {
		free(words.text);
		return false;
	}
	*ret_print = (struct tls_print){ .text = words.text, .len = words.len };
	hex_write(sum, TLS_MD5_LEN / 2, 0, ret_print->md5);
	return true;
}

/* --- JA4 --- */

struct values {
	uint16_t *at;
	size_t cnt;
};

static int value_compare(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

static void values_of_list(struct values *values, struct slice list)
{
	for (size_t i = 0; i + 2 <= list.len; i += 2) {
		uint16_t value = (uint16_t)(list.at[i] << 8 | list.at[i + 1]);

		if (!tls_is_grease(value))
			values->at[values->cnt++] = value;
	}
}

/* Returns how many there are; those that every client may have or not are only counted. */
static size_t values_of_exts(struct values *values, struct slice exts)
{
	struct slice body;
	uint16_t type;
	size_t cnt = 0;

	while (tls_ext_next(&exts, &type, &body)) {
		if (tls_is_grease(type))
			continue;
		cnt++;
		if (type != EXT_NAME && type != EXT_ALPN)
			values->at[values->cnt++] = type;
	}
	return cnt;
}

static void values_hash(EVP_MD_CTX *ctx, const struct values *values)
{
	for (size_t i = 0; i < values->cnt; i++) {
		uint8_t bytes[2] = { (uint8_t)(values->at[i] >> 8), (uint8_t)values->at[i] };
		char text[5] = ",";

		hex_write(bytes, 2, 0, text + 1);
		EVP_DigestUpdate(ctx, text + (i == 0), 4 + (i > 0));
	}
}

/* The lists in their order, with a _ between. */
static bool hash_put(const struct values *first, const struct values *second, char *to)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t sum[EVP_MAX_MD_SIZE];
	bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);

	if (ok) {
		values_hash(ctx, first);
		if (second && second->cnt) {
			EVP_DigestUpdate(ctx, "_", 1);
			values_hash(ctx, second);
		}
		ok = EVP_DigestFinal_ex(ctx, sum, NULL);
	}
	EVP_MD_CTX_free(ctx);
	if (first->cnt && ok)
		hex_write(sum, JA4_HASH_LEN / 2, 0, to);
	else
		memset(to, '0', JA4_HASH_LEN);
	return ok;
}

static const char *version_short(const struct tls_hello *hello)
{
	uint16_t version = 0;

	for (size_t i = 0; i + 2 <= hello->versions.len; i += 2) {
		uint16_t value = (uint16_t)(hello->versions.at[i] << 8 | hello->versions.at[i + 1]);

		if (!tls_is_grease(value) && value > version)
			version = value;
	}
	switch (version ? version : hello->version) {
	case TLS_V_13:
		return "13";
	case TLS_V_12:
		return "12";
	case TLS_V_11:
		return "11";
	case TLS_V_10:
		return "10";
	case TLS_V_SSL3:
		return "s3";
	case TLS_V_SSL2:
		return "s2";
	default:
		return "00";
	}
}

/* The ends of the first protocol's name; of names that are no text, of its digits. */
static void alpn_short(const struct tls_hello *hello, char to[2])
{
	struct slice name;
	char first[2], last[2];

	to[0] = to[1] = '0';
	if (!tls_alpn_at(hello->alpn, 0, &name) || !name.len)
		return;
	if (isalnum(name.at[0]) && isalnum(name.at[name.len - 1])) {
		to[0] = (char)name.at[0];
		to[1] = (char)name.at[name.len - 1];
		return;
	}
	hex_write(name.at, 1, 0, first);
	hex_write(name.at + name.len - 1, 1, 0, last);
	to[0] = first[0];
	to[1] = last[1];
}

bool tls_ja4(const struct tls_hello *hello, char over, char ret_text[TLS_JA4_LEN])
{
	size_t room = (hello->ciphers.len + hello->exts.len + hello->algorithms.len) / 2 + 3, ext_cnt;
	struct values ciphers = { .at = malloc(room * sizeof(uint16_t)) }, exts, algorithms;
	char head[16];
	bool ok;

	if (!ciphers.at)
		return false;
	values_of_list(&ciphers, hello->ciphers);
	exts = (struct values){ .at = ciphers.at + ciphers.cnt };
	ext_cnt = values_of_exts(&exts, hello->exts);
	algorithms = (struct values){ .at = exts.at + exts.cnt };
	values_of_list(&algorithms, hello->algorithms);
	qsort(ciphers.at, ciphers.cnt, sizeof(uint16_t), value_compare);
	qsort(exts.at, exts.cnt, sizeof(uint16_t), value_compare);
	snprintf(head, sizeof(head), "%c%s%c%02u%02u", over, version_short(hello),
		 hello->name.len ? 'd' : 'i', ciphers.cnt < 99 ? (unsigned int)ciphers.cnt : 99,
		 ext_cnt < 99 ? (unsigned int)ext_cnt : 99);
	memcpy(ret_text, head, 8);
	alpn_short(hello, ret_text + 8);
	ret_text[10] = ret_text[23] = '_';
	ok = hash_put(&ciphers, NULL, ret_text + 11) && hash_put(&exts, &algorithms, ret_text + 24);
	free(ciphers.at);
	return ok;
}
