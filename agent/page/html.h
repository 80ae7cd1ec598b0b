/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The block page as HTML, in Japanese and English at once, the reader's own language first. Pure: words
 * in, text out; whatever the words hold, they stay text.
 */
#ifndef AGENT_PAGE_HTML_H
#define AGENT_PAGE_HTML_H

#include <stdbool.h>
#include <stdint.h>

enum page_kind {
	PAGE_HOME, /* somebody asked the page's own address */
	PAGE_BLOCKED,
	PAGE_OPEN, /* the name is not held back, or no longer */
	PAGE_FOREIGN, /* of an address that is no body's */
	PAGE_STATE, /* what became of a request */
	PAGE_UNKNOWN, /* there is no such request */
	PAGE_REFUSED, /* a form that is not ours, or too old */
	PAGE_TOO_OFTEN, /* asks too often, or has too many requests that wait */
	PAGE_NOT_KEPT, /* the request could not be kept */
	PAGE_KINDS
};

/* NULL strings are left out. */
struct page_view {
	enum page_kind kind;
	bool japanese; /* comes first */
	const char *body; /* the tenant's title, or its name */
	const char *name; /* what is held back */
	const char *category, *list;
	const char *reference;
	const char *help_desk;
	bool can_ask; /* the button is there */
	const char *token;
	uint64_t issued;
	/* of PAGE_STATE */
	const char *state; /* "pending", "granted", "denied" */
	const char *until; /* when it ends, in words of no language; NULL: never */
	const char *why;
	const char *again; /* URL under which the state can be looked at later */
};

/* A whole document; the caller frees. NULL: no memory. */
char *page_html(const struct page_view *view);

/* Content-Security-Policy for it: nothing from anywhere but its own style, by that one's hash. */
const char *page_policy(char *out, unsigned int cap);

#endif
