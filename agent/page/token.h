/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reference numbers, and the token that shows that a form came from a page of ours: a MAC over the
 * reference, the time, the client and the host, with a secret of this process. So nothing is kept for a
 * page that was only looked at, and another site can neither make nor reuse one.
 */
#ifndef AGENT_PAGE_TOKEN_H
#define AGENT_PAGE_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "sekisho/base.h"

#define PAGE_TOKEN_HEX 65 /* and the closing 0 */
#define PAGE_TOKEN_LIFE_S 3600

struct page_secret {
	uint8_t bytes[32];
};

int page_secret_draw(struct page_secret *ret_secret); /* 0 or -errno */

/* "7KQM-2XHD": 40 bits by lot, in Crockford's base32 (no I, L, O, U). 0 or -errno. */
int page_token_reference(char ret_reference[10]);

struct page_claim {
	const char *reference, *host;
	struct sek_addr client;
	uint64_t issued; /* seconds since 1970 */
};
void page_token_make(const struct page_secret *secret, const struct page_claim *claim,
		     char ret_token[PAGE_TOKEN_HEX]);
/* Of this claim, and neither older than its life nor from the future. */
bool page_token_good(const struct page_secret *secret, const struct page_claim *claim,
		     const char *token, uint64_t now);

#endif
