/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules as a command line names them: files, settings, and what came of reading them. Of the commands that
 * look at rules without traffic.
 */
#ifndef AGENT_REPLAY_RULEREAD_H
#define AGENT_REPLAY_RULEREAD_H

#include "detect/parse/parse.h"

struct rule_reading {
	const char *config; /* file of settings; NULL: the usual ones */
	bool json, pretty;
	const char **files, **sets;
	size_t file_cnt, set_cnt;
	const char *match; /* only rules that have this text; NULL: all */
	uint32_t sid; /* only the rule of this number; 0: all */
	struct config *settings;
	struct parse *parse; /* NULL: the settings could not be read */
	struct signatures signatures;
	struct diag diag;
};

/*
 * Takes the words behind argv[1]. Returns 0, -ENOMEM, or -EINVAL after having said on standard error what is
 * wrong. In any case rule_reading_free() is due.
 */
int rule_reading_words(int argc, char **argv, struct rule_reading *reading);

/*
 * Reads settings and all files, also those behind one that cannot be read; what is wrong is in diag.
 * Returns 0 or the first error.
 */
int rule_reading_do(struct rule_reading *reading);
void rule_reading_free(struct rule_reading *reading);

#endif
