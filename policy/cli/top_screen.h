/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `sekisho top` on a terminal: paints pages, hears keys and signals. The only user of ncurses.
 */
#ifndef POLICY_CLI_TOP_SCREEN_H
#define POLICY_CLI_TOP_SCREEN_H

#include "cli/top_look.h"
#include "cli/top_page.h"

struct top_wish {
	enum top_page_kind page; /* TOP_BODIES or TOP_PORTS; a look that has a tenant begins with its page */
	size_t order; /* in top_orders() of the page */
	unsigned int interval_s;
	uint64_t count; /* looks until it ends by itself; 0: none */
};

/*
 * Shows the gateway, which has been looked at once, until its user or a signal ends it; the terminal
 * is then as it was. Returns enum cli_exit with the words said, or -ENOTTY when the terminal cannot
 * do it.
 */
int top_screen(struct cli *cli, struct top_look *look, const struct top_wish *wish);

#endif
