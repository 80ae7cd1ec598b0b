/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the words behind `sekishod inspect`. Called by inspect.c. Promises that no word is passed over: some
 * that Suricata knows have no meaning here, since what they ask for is always so.
 */
#include "replay/inspect.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS_MAX 1024

static const struct option names[] = {
	{ "inspect", no_argument, NULL, 'I' },
	{ "rule-stats", no_argument, NULL, 'I' },
	{ "top", required_argument, NULL, 'T' },
	{ "by", required_argument, NULL, 'b' },
	{ "json", no_argument, NULL, 'j' },
	{ "pretty", no_argument, NULL, 'p' },
	{ "file", required_argument, NULL, 'r' },
	{ "rules", required_argument, NULL, 'S' },
	{ "log-dir", required_argument, NULL, 'l' },
	{ "policy", required_argument, NULL, 'P' },
	{ "tenant", required_argument, NULL, 't' },
	{ "config", required_argument, NULL, 'c' },
	{ "set", required_argument, NULL, 's' },
	{ "ips", no_argument, NULL, 'i' },
	{ "unchecked-sums", no_argument, NULL, 'u' },
	{ "checksums", required_argument, NULL, 'k' },
	{ "threads", required_argument, NULL, 'w' },
	{ "data-dir", required_argument, NULL, 'd' },
	{ "runmode", required_argument, NULL, 'm' },
	{ "no-random", no_argument, NULL, 'n' }, /* nothing here is left to chance */
	{ "verbose", no_argument, NULL, 'v' },
	{ NULL, 0, NULL, 0 },
};

static int __attribute__((format(printf, 3, 4))) refuse(char *why, size_t cap, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, cap, fmt, args);
	va_end(args);
	return -EINVAL;
}

static int list_add(const char **list, size_t *cnt, const char *value, char *why, size_t cap)
{
	if (*cnt == INSPECT_LIST_MAX)
		return refuse(why, cap, "more than %d of them: \"%s\"", INSPECT_LIST_MAX, value);
	list[(*cnt)++] = value;
	return 0;
}

static int threads_take(const char *value, unsigned int *ret_threads, char *why, size_t cap)
{
	char *end;
	unsigned long threads = strtoul(value, &end, 10);

	if (value[0] < '0' || value[0] > '9' || *end || threads > THREADS_MAX)
		return refuse(why, cap, "\"%s\" is no number of threads", value);
	*ret_threads = (unsigned int)threads;
	return 0;
}

static int top_take(const char *value, size_t *ret_top, char *why, size_t cap)
{
	char *end;
	unsigned long top = strtoul(value, &end, 10);

	if (value[0] < '1' || value[0] > '9' || *end || top > UINT32_MAX)
		return refuse(why, cap, "\"%s\" is no number of rules", value);
	*ret_top = top;
	return 0;
}

static int by_take(const char *value, const char **ret_by, char *why, size_t cap)
{
	if (strcmp(value, "cost") != 0 && strcmp(value, "hits") != 0 && strcmp(value, "checks") != 0)
		return refuse(why, cap, "by \"%s\": cost, hits or checks", value);
	*ret_by = value;
	return 0;
}

static int value_take(int option, const char *value, struct inspect_options *o, char *why, size_t cap)
{
	switch (option) {
	case 'r':
		o->file = value;
		return 0;
	case 'S':
		return list_add(o->rules, &o->rules_cnt, value, why, cap);
	case 's':
		return list_add(o->sets, &o->set_cnt, value, why, cap);
	case 'l':
		o->log_dir = value;
		return 0;
	case 'P':
		o->policy = value;
		return 0;
	case 't':
		o->tenant = value;
		return 0;
	case 'c':
		o->config = value;
		return 0;
	case 'd':
		o->data_dir = value;
		return 0;
	case 'k':
		o->checksums = value;
		return 0;
	case 'w':
		return threads_take(value, &o->threads, why, cap);
	case 'T':
		return top_take(value, &o->top, why, cap);
	case 'b':
		return by_take(value, &o->by, why, cap);
	default:
		return refuse(why, cap, "an option is not known");
	}
}

static int option_take(int option, const char *value, struct inspect_options *o, char *why, size_t cap)
{
	switch (option) {
	case 'I':
	case 'n':
		return 0;
	case 'j':
		o->json = true;
		return 0;
	case 'p':
		o->pretty = true;
		return 0;
	case 'i':
		o->ips = true;
		return 0;
	case 'u':
		o->unchecked_sums = true;
		return 0;
	case 'v':
		o->verbose = true;
		return 0;
	case 'm':
		if (strcmp(value, "single") == 0)
			o->threads = 1;
		return 0;
	default:
		return value_take(option, value, o, why, cap);
	}
}

bool inspect_is_asked(int argc, char **argv)
{
	return argc > 1 && (strcmp(argv[1], "inspect") == 0 || strcmp(argv[1], "--inspect") == 0 ||
			    strcmp(argv[1], "--rule-stats") == 0);
}

int inspect_options_read(int argc, char **argv, struct inspect_options *ret_options, char *why,
			 size_t why_cap)
{
	struct inspect_options o = { 0 };
	int option, ret;

	opterr = 0;
	optind = 2;
	o.stats = strcmp(argv[1], "--rule-stats") == 0;
	while ((option = getopt_long(argc, argv, "k:v", names, NULL)) != -1) {
		if (option == '?')
			return refuse(why, why_cap, "\"%s\" is no option of inspect",
				      argv[optind - 1]);
		ret = option_take(option, optarg, &o, why, why_cap);
		if (ret)
			return ret;
	}
	if (optind < argc && !o.file)
		o.file = argv[optind++];
	if (optind < argc)
		return refuse(why, why_cap, "\"%s\" is one word too many", argv[optind]);
	if (!o.file || (!o.log_dir && !o.stats))
		return refuse(why, why_cap, "needed: FILE --log-dir=DIR");
	if (o.checksums && strcmp(o.checksums, "none") == 0)
		o.unchecked_sums = true;
	*ret_options = o;
	return 0;
}
