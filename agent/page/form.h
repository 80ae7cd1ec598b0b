/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a stranger's browser sends to the block page, read: host, languages, a form. Pure, and the only
 * place where bytes of a request are looked into.
 */
#ifndef AGENT_PAGE_FORM_H
#define AGENT_PAGE_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_HOST_MAX 254 /* RFC 1035, and the closing 0 */
#define PAGE_PATH_MAX 512
#define PAGE_BODY_MAX 8192 /* of a form; more is refused */
#define PAGE_COMMENT_MAX 1001 /* REQUEST_COMMENT_MAX and the closing 0 */

/*
 * The host of a Host header, in small letters, without port, brackets and last dot. 0 or -EINVAL: letters,
 * digits, '-', '_' and '.', or an IPv6 address in brackets.
 */
int page_host_read(const char *text, char ret_host[PAGE_HOST_MAX]);

/* Is Japanese liked at least as well as English (RFC 9110, 12.5.4)? NULL: no. */
bool page_likes_japanese(const char *accept_language);

/* The form of the button. */
struct page_form {
	char reference[10];
	char token[65];
	char comment[PAGE_COMMENT_MAX]; /* valid UTF-8, cut at a whole character */
	uint64_t issued; /* seconds; of the token */
};

/*
 * An application/x-www-form-urlencoded body. Fields that it does not know, or that come again, are
 * -EINVAL, as is whatever is too long but the comment.
 */
int page_form_read(const char *body, size_t len, struct page_form *ret_form);

/* "XXXX-XXXX": as page_token_reference() draws them; small letters are taken for large ones. */
bool page_reference_read(const char *text, char ret_reference[10]);

/* A path as it is shown and looked up: printable ASCII without blanks, else "/"; cut. */
void page_path_read(const char *path, char ret_path[PAGE_PATH_MAX]);

#endif
