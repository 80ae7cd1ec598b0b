// SPDX-License-Identifier: Apache-2.0
/*
 * Owns how the words of a command about rules are read, and the rules that they name. Called by
 * rulecheck.c and rulelist.c; promises that a file that cannot be read hides none behind it.
 */
#include "replay/ruleread.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/usual.h"

static const struct option names[] = {
	{ "json", no_argument, NULL, 'j' },	  { "pretty", no_argument, NULL, 'p' },
	{ "file", required_argument, NULL, 'r' }, { "config", required_argument, NULL, 'c' },
	{ "set", required_argument, NULL, 's' },  { "match", required_argument, NULL, 'm' },
	{ "sid", required_argument, NULL, 'n' },  { NULL, 0, NULL, 0 },
};

static bool sid_read(const char *word, uint32_t *ret_sid)
{
	char *end;
	unsigned long long sid = strtoull(word, &end, 10);

	*ret_sid = (uint32_t)sid;
	if (*word >= '0' && *word <= '9' && !*end && sid && sid <= UINT32_MAX)
		return true;
	fprintf(stderr, "sekishod: sid %s: needed is a number of 1 to %u\n", word, UINT32_MAX);
	return false;
}

/* Room for lists is as many as there are words. */
int rule_reading_words(int argc, char **argv, struct rule_reading *reading)
{
	int option;

	diag_init(&reading->diag);
	reading->files = calloc((size_t)argc, sizeof(*reading->files));
	reading->sets = calloc((size_t)argc, sizeof(*reading->sets));
	if (!reading->files || !reading->sets)
		return -ENOMEM;
	optind = 2;
	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (option == 'j')
			reading->json = true;
		else if (option == 'p')
			reading->pretty = true;
		else if (option == 'r')
			reading->files[reading->file_cnt++] = optarg;
		else if (option == 'c')
			reading->config = optarg;
		else if (option == 's')
			reading->sets[reading->set_cnt++] = optarg;
		else if (option == 'm')
			reading->match = optarg;
		else if (option != 'n' || !sid_read(optarg, &reading->sid))
			return -EINVAL;
	}
	while (optind < argc)
		reading->files[reading->file_cnt++] = argv[optind++];
	if (reading->file_cnt)
		return 0;
	fprintf(stderr, "sekishod: needed: %s FILE...\n", argv[1]);
	return -EINVAL;
}

static int settings_read_all(struct rule_reading *reading)
{
	int err = reading->config ? config_read(reading->config, &reading->settings, &reading->diag)
				  : config_read_text(usual_settings, "the usual settings",
						     &reading->settings, &reading->diag);

	for (size_t i = 0; !err && i < reading->set_cnt; i++) {
		err = config_set(reading->settings, reading->sets[i]);
		if (err == -EINVAL)
			diag_add(&reading->diag, DIAG_ERROR, NULL, 0, 0, "set stream.midstream=true",
				 "\"%s\" is no setting", reading->sets[i]);
	}
	return err;
}

/* All files, also behind one that cannot be read. */
static int rules_read(struct rule_reading *reading)
{
	int failed = 0;
	int err = parse_new(reading->settings, &reading->diag, &reading->parse);

	for (size_t i = 0; err != -ENOMEM && i < reading->file_cnt; i++) {
		err = parse_file(reading->parse, reading->files[i], &reading->signatures);
		failed = failed ? failed : err;
	}
	if (err != -ENOMEM && !failed)
		failed = parse_thresholds(reading->parse, NULL, &reading->signatures);
	return err == -ENOMEM ? err : failed;
}

int rule_reading_do(struct rule_reading *reading)
{
	int err = settings_read_all(reading);

	return err ? err : rules_read(reading);
}

void rule_reading_free(struct rule_reading *reading)
{
	signatures_free(&reading->signatures);
	parse_free(reading->parse);
	config_free(reading->settings);
	diag_free(&reading->diag);
	free((void *)reading->files);
	free((void *)reading->sets);
}
