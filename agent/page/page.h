/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The block page: a small HTTP server at the sinkhole's addresses. It knows neither policy nor lists nor
 * requests; who does is called. All of it runs in the loop's thread, and nothing in it waits.
 */
#ifndef AGENT_PAGE_PAGE_H
#define AGENT_PAGE_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "sekisho/base.h"

#define PAGE_LISTENS_MAX 16

struct page;

struct page_listen {
	struct sek_addr addr; /* IPv4 mapped */
	uint16_t port;
};

/* Why a name is held back; strings live until the page is written. NULL where there is nothing. */
struct page_why {
	const char *tenant; /* its name; NULL: the client is no body's */
	const char *tenant_title;
	const char *category, *list, *list_title;
	const char *help_desk;
	bool held; /* false: nothing holds the name back */
	bool can_ask;
};

struct page_question {
	struct sek_addr client;
	uint16_t tenant; /* its body's number; 0: its address tells */
	const char *host, *path;
	const char *reference; /* that the page shows */
	const char *comment; /* of a request */
};

/* What became of a request; strings live until the page is written. */
struct page_outcome {
	const char *name, *state, *why; /* state: "pending", "granted", "denied" */
	const char *reference; /* may be another's, when he asks for the same again */
	int64_t until; /* 0: for ever */
};

struct page_calls {
	/* Whose address that is, where it stands for another. */
	void (*who)(void *arg, struct sek_addr *client, uint16_t *ret_tenant);
	void (*why)(void *arg, const struct page_question *question, struct page_why *ret_why);
	/* A page was shown that held something back; not more often than a client may be recorded. */
	void (*shown)(void *arg, const struct page_question *question, const struct page_why *why);
	/* Keeps a request. 0 and the outcome; -EDQUOT, -ENOSPC: too many; another -errno. */
	int (*ask)(void *arg, const struct page_question *question, const struct page_why *why,
		   struct page_outcome *ret_outcome);
	/* Of this reference; -ENOENT. */
	int (*outcome)(void *arg, const char *reference, struct page_outcome *ret_outcome);
	void *arg;
};

struct page_counts {
	uint64_t shown, asked,
		refused; /* refused: forms that were not ours, requests beyond the limit */
};

int page_new(struct loop *loop, const struct page_calls *calls, struct page **ret_page);
void page_free(struct page *page);

/*
 * Serves these addresses from now on and no others; those that were served already are not touched. An
 * address that cannot be had is tried again every ten seconds, and said once.
 */
void page_listen(struct page *page, const struct page_listen *listens, size_t cnt);

/* How many are served, and of how many. */
void page_count(const struct page *page, size_t *ret_served, size_t *ret_all);
void page_counts(const struct page *page, struct page_counts *ret_counts);

#endif
