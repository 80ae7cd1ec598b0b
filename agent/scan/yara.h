/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YARA's rules over bytes, by libyara. Its modules read what a stranger wrote, so the agent calls this in a
 * process of its own (sandbox.h). The variables filename, filepath, extension, filetype and owner are
 * there,
 * as public rules ask them; the last two are empty.
 */
#ifndef AGENT_SCAN_YARA_H
#define AGENT_SCAN_YARA_H

#include "base/slice.h"

struct yara;

struct yara_sink {
	void *arg;
	/* A rule that matched. meta: its texts, "key" 0 "value" 0 for each, bounded. */
	void (*match)(void *arg, const char *rule, struct slice meta);
};

/*
 * Rules of these files, each a namespace of its own. Returns 0, or -errno with a sentence in why that names
 * file and line. Of one thread.
 */
int yara_new(const char *const *files, size_t file_cnt, struct yara **ret_yara, char *why,
	     size_t why_cap);
uint32_t yara_rule_cnt(const struct yara *yara);
/* false: it was not asked to the end (time). By one thread at a time. */
bool yara_ask(struct yara *yara, struct slice name, struct slice bytes, unsigned int seconds,
	      const struct yara_sink *sink);
void yara_free(struct yara *yara);

#endif
