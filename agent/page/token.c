/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HMAC-SHA-256 (RFC 2104) over a claim. Called by page.c.
 */
#include "page/token.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

int page_secret_draw(struct page_secret *ret_secret)
{
	struct page_secret secret;

	if (getrandom(&secret, sizeof(secret), 0) != sizeof(secret))
		return -EIO;
	*ret_secret = secret;
	return 0;
}

int page_token_reference(char ret_reference[10])
{
	static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	uint8_t lot[8];

	if (getrandom(lot, sizeof(lot), 0) != sizeof(lot))
		return -EIO;
	for (size_t i = 0; i < 8; i++)
		ret_reference[i + (i >= 4)] = letters[lot[i] & 31];
	ret_reference[4] = '-';
	ret_reference[9] = 0;
	return 0;
}

/* The reference's length is fixed and the host's bytes come last, so no two claims are one text. */
void page_token_make(const struct page_secret *secret, const struct page_claim *claim,
		     char ret_token[PAGE_TOKEN_HEX])
{
	unsigned char text[512], mac[EVP_MAX_MD_SIZE];
	unsigned int mac_len = 0;
	size_t used = 0;

	memcpy(text, &claim->client, sizeof(claim->client));
	used += sizeof(claim->client);
	memcpy(text + used, &claim->issued, sizeof(claim->issued));
	used += sizeof(claim->issued);
	used += (size_t)snprintf((char *)text + used, sizeof(text) - used, "%.9s %.255s",
				 claim->reference, claim->host);
	HMAC(EVP_sha256(), secret->bytes, sizeof(secret->bytes), text, used, mac, &mac_len);
	for (size_t i = 0; i < 32; i++)
		snprintf(ret_token + 2 * i, 3, "%02x", mac[i]);
}

bool page_token_good(const struct page_secret *secret, const struct page_claim *claim,
		     const char *token, uint64_t now)
{
	char right[PAGE_TOKEN_HEX];

	if (claim->issued > now || now - claim->issued > PAGE_TOKEN_LIFE_S ||
	    strlen(token) != PAGE_TOKEN_HEX - 1)
		return false;
	page_token_make(secret, claim, right);
	return CRYPTO_memcmp(right, token, PAGE_TOKEN_HEX - 1) == 0;
}
