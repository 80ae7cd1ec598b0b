/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums and signatures by OpenSSL. Called by errand.c in the fetching thread.
 * Source: minisign's "Signature format", jedisct1.github.io/minisign; its trusted comment is not used.
 */
#include "fetch/prove.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEX_LEN 64
#define KEY_MAX 16384

/* --- sums --- */

static void hex_print(const unsigned char *bytes, size_t len, char *to)
{
	for (size_t i = 0; i < len; i++)
		snprintf(to + 2 * i, 3, "%02x", bytes[i]);
}

int prove_digest(const char *path, char ret_hex[PROVE_HEX])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	FILE *in = fopen(path, "re");
	unsigned char part[65536], hash[EVP_MAX_MD_SIZE];
	unsigned int hash_len = 0;
	int err = !in ? -errno : !context ? -ENOMEM : 0;
	size_t n;

	if (!err && EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
		err = -ENOMEM;
	while (!err && (n = fread(part, 1, sizeof(part), in)))
		EVP_DigestUpdate(context, part, n);
	if (!err && ferror(in))
		err = -EIO;
	if (!err) {
		EVP_DigestFinal_ex(context, hash, &hash_len);
		hex_print(hash, HEX_LEN / 2, ret_hex);
	}
	if (in)
		fclose(in);
	EVP_MD_CTX_free(context);
	return err;
}

struct slice {
	const char *at;
	size_t len;
};

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool hex_begins(struct slice s)
{
	size_t n = 0;

	while (n < s.len && n <= HEX_LEN && is_hex(s.at[n]))
		n++;
	return n == HEX_LEN;
}

static void hex_take(const char *from, char ret_hex[PROVE_HEX])
{
	for (size_t i = 0; i < HEX_LEN; i++)
		ret_hex[i] = (char)(from[i] >= 'A' && from[i] <= 'F' ? from[i] | 0x20 : from[i]);
	ret_hex[HEX_LEN] = 0;
}

/* Behind the last '/', before a query. */
static struct slice last_part(struct slice s)
{
	const char *query = memchr(s.at, '?', s.len), *slash;

	if (query)
		s.len = (size_t)(query - s.at);
	slash = memrchr(s.at, '/', s.len);
	if (!slash)
		return s;
	return (struct slice){ slash + 1, s.len - (size_t)(slash + 1 - s.at) };
}

static bool same(struct slice a, struct slice b)
{
	return a.len == b.len && !memcmp(a.at, b.at, a.len);
}

/* "SHA256 (name) = HEX": its name and digits. */
static bool bsd_line(struct slice line, struct slice *ret_name, struct slice *ret_hex)
{
	static const char head[] = "SHA256 (", middle[] = ") = ";
	const char *end;

	if (line.len < sizeof(head) || memcmp(line.at, head, sizeof(head) - 1) != 0)
		return false;
	line.at += sizeof(head) - 1;
	line.len -= sizeof(head) - 1;
	end = memmem(line.at, line.len, middle, sizeof(middle) - 1);
	if (!end)
		return false;
	*ret_name = (struct slice){ line.at, (size_t)(end - line.at) };
	end += sizeof(middle) - 1;
	*ret_hex = (struct slice){ end, line.len - (size_t)(end - line.at) };
	return hex_begins(*ret_hex);
}

/* A line's sum and name; a name of no length is a sum alone. */
static bool line_read(struct slice line, struct slice *ret_name, struct slice *ret_hex)
{
	size_t at = HEX_LEN;

	if (bsd_line(line, ret_name, ret_hex))
		return true;
	if (!hex_begins(line))
		return false;
	*ret_hex = line;
	while (at < line.len && (line.at[at] == ' ' || line.at[at] == '\t' || line.at[at] == '*'))
		at++;
	*ret_name = (struct slice){ line.at + at, line.len - at };
	return true;
}

int prove_sum(const char *text, size_t len, const char *url, char ret_hex[PROVE_HEX])
{
	const struct slice wanted = last_part((struct slice){ url, strlen(url) });
	struct slice rest = { text, len };

	while (rest.len) {
		const char *end = memchr(rest.at, '\n', rest.len);
		struct slice line = { rest.at, end ? (size_t)(end - rest.at) : rest.len }, name, hex;

		rest.at += line.len + (end ? 1 : 0);
		rest.len -= line.len + (end ? 1 : 0);
		while (line.len && (unsigned char)line.at[line.len - 1] <= ' ')
			line.len--;
		if (!line_read(line, &name, &hex) || (name.len && !same(last_part(name), wanted)))
			continue;
		hex_take(hex.at, ret_hex);
		return 0;
	}
	return -ENOENT;
}

/* --- signatures --- */

static int refuse(char *why, size_t cap, const char *words)
{
	snprintf(why, cap, "%s", words);
	return -EBADMSG;
}

/* A whole small file, ended by 0. Its length, or -errno. */
static ssize_t small_read(const char *path, char *to, size_t cap)
{
	FILE *in = fopen(path, "re");
	size_t len;

	if (!in)
		return -errno;
	len = fread(to, 1, cap - 1, in);
	to[len] = 0;
	fclose(in);
	return len == cap - 1 ? -EFBIG : (ssize_t)len;
}

/* Base64 of one line (or of all, with blanks between) to bytes; -1: it is none. */
static ssize_t base64_read(const char *text, size_t len, unsigned char *to, size_t cap)
{
	char packed[4096];
	size_t used = 0, pad = 0;
	int n;

	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] <= ' ')
			continue;
		if (used == sizeof(packed))
			return -1;
		pad += text[i] == '=';
		packed[used++] = text[i];
	}
	if (!used || used % 4 || pad > 2 || used / 4 * 3 > cap)
		return -1;
	n = EVP_DecodeBlock(to, (unsigned char *)packed, (int)used);
	return n < 0 ? -1 : n - (ssize_t)pad;
}

#define MINISIGN_COMMENT "untrusted comment:"

/* The second line of minisign's files. */
static ssize_t minisign_read(const char *text, size_t len, unsigned char *to, size_t cap)
{
	const char *line = memchr(text, '\n', len), *end;

	if (!line || len < sizeof(MINISIGN_COMMENT) ||
	    memcmp(text, MINISIGN_COMMENT, sizeof(MINISIGN_COMMENT) - 1) != 0)
		return -1;
	line++;
	end = memchr(line, '\n', len - (size_t)(line - text));
	return base64_read(line, end ? (size_t)(end - line) : len - (size_t)(line - text), to, cap);
}

struct bytes {
	const unsigned char *at;
	size_t len;
};

static bool verified(EVP_PKEY *key, const EVP_MD *md, struct bytes signature, struct bytes what)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = context && EVP_DigestVerifyInit(context, NULL, md, NULL, key) == 1 &&
		    EVP_DigestVerify(context, signature.at, signature.len, what.at, what.len) == 1;

	EVP_MD_CTX_free(context);
	return good;
}

#define MINISIGN_KEY 42 /* "Ed", number, key */
#define MINISIGN_SIGNATURE 74 /* "Ed" or "ED", number, signature */

static int minisign_check(struct bytes what, const unsigned char *key, const char *text, size_t len,
			  char *why, size_t cap)
{
	unsigned char signature[256], hash[EVP_MAX_MD_SIZE];
	unsigned int hash_len = 0;
	EVP_PKEY *pkey;
	bool good;

	if (minisign_read(text, len, signature, sizeof(signature)) != MINISIGN_SIGNATURE ||
	    signature[0] != 'E' || (signature[1] != 'd' && signature[1] != 'D'))
		return refuse(why, cap, "the signature is none of minisign's, as its key is");
	if (memcmp(signature + 2, key + 2, 8) != 0)
		return refuse(why, cap, "the signature is by another key");
	if (signature[1] == 'D') {
		if (EVP_Digest(what.at, what.len, hash, &hash_len, EVP_blake2b512(), NULL) != 1)
			return -ENOMEM;
		what = (struct bytes){ hash, hash_len };
	}
	pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key + 10, 32);
	good = pkey && verified(pkey, NULL, (struct bytes){ signature + 10, 64 }, what);
	EVP_PKEY_free(pkey);
	return good ? 0 : refuse(why, cap, "the signature is not by this key over this file");
}

static int pem_check(struct bytes what, const char *pem, const char *text, size_t len, char *why,
		     size_t cap)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;
	unsigned char decoded[3072];
	ssize_t decoded_len = base64_read(text, len, decoded, sizeof(decoded));
	struct bytes signature = { (const unsigned char *)text, len };
	bool good = false;

	if (key) {
		bool own_hash = EVP_PKEY_id(key) == EVP_PKEY_ED25519;

		if (decoded_len > 0)
			signature = (struct bytes){ decoded, (size_t)decoded_len };
		good = verified(key, own_hash ? NULL : EVP_sha256(), signature, what);
	}
	BIO_free(bio);
	if (!key)
		return refuse(why, cap, "the key is neither a public key in PEM nor minisign's");
	EVP_PKEY_free(key);
	return good ? 0 : refuse(why, cap, "the signature is not by this key over this file");
}

static int file_check(struct bytes what, const char *text, size_t len, const char *key_path,
		      char *why, size_t cap)
{
	unsigned char minisign[128];
	char key[KEY_MAX];
	ssize_t key_len = small_read(key_path, key, sizeof(key));

	if (key_len < 0) {
		snprintf(why, cap, "the key %s cannot be read: %s", key_path,
			 strerror((int)-key_len));
		return (int)key_len;
	}
	if (minisign_read(key, (size_t)key_len, minisign, sizeof(minisign)) == MINISIGN_KEY)
		return minisign_check(what, minisign, text, len, why, cap);
	return pem_check(what, key, text, len, why, cap);
}

int prove_signature(const char *path, const char *signature, size_t len, const char *key_path,
		    char *why, size_t why_cap)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = fd < 0 ? -errno : 0;
	struct stat st = {};
	void *at = MAP_FAILED;

	if (!err && fstat(fd, &st))
		err = -errno;
	if (!err && st.st_size)
		at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (!err && at == MAP_FAILED)
		err = st.st_size ? -errno : -ENODATA;
	if (err) {
		snprintf(why, why_cap, "what was fetched cannot be read: %s", strerror(-err));
	} else {
		err = file_check((struct bytes){ at, (size_t)st.st_size }, signature, len, key_path,
				 why, why_cap);
		munmap(at, (size_t)st.st_size);
	}
	if (fd >= 0)
		close(fd);
	return err;
}
