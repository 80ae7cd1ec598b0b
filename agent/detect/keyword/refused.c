// SPDX-License-Identifier: Apache-2.0
/*
 * What is known to the language and not done here: each refused by its name, with the reason.
 */
#include "detect/parse/inside.h"

struct reason {
	const char *says, *hint;
};

static int reason_read(struct draft *draft, struct slice value)
{
	const struct reason *reason = draft->keyword->arg;

	return refuse(draft, draft->keyword_at, reason->hint, "%s: %s", draft->keyword->word,
		      reason->says);
}

#define REFUSED(symbol, word, also, says, hint)                                                    \
	static const struct reason reason_##symbol = { says, hint };                               \
	const struct keyword keyword_##symbol = {                                                  \
		word, also, VALUE_MAYBE, reason_read, &reason_##symbol, "refused"                  \
	}

REFUSED(lua, "lua", "luajit", "scripts are not run in the path of packets",
	"write the same with byte_math, pcre or a data set");
REFUSED(nfq_set_mark, "nfq_set_mark", NULL,
	"packets do not come by a queue of netfilter, nobody would read the mark",
	"leave it out: the rule is found all the same");
REFUSED(tls_store, "tls.store", "tls_store", "certificates are not kept as files",
	"leave it out and log them: custom: [chain] of the tls records");
