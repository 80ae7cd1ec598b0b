// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as each of the files beside rules: classes, references, thresholds, sets of every type, reputations.
 * What cannot be read is named, the rules are taken or refused, and all memory comes back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "detect/parse/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool right)
{
	if (!right)
		abort();
}

/* %s is the file. */
static const char *const settings[] = { "classification-file=%s",
					"reference-config-file=%s",
					"threshold-file=%s",
					"reputation-categories-file=%s",
					"default-reputation-path=%.0s/proc",
					"reputation-files.0=%s" };
static const char *const rules[] = {
	"alert tcp any any -> any any (msg:\"a\"; classtype:a; reference:a,b; sid:1;)",
	"alert dns any any -> any any (dns.query; dataset:isset,s,type string,load %s; sid:2;)",
	"alert http any any -> any any (http.uri; to_md5; dataset:isset,m,type md5,load %s; sid:3;)",
	"alert http any any -> any any (http.uri; to_sha256; dataset:isset,h,type sha256,load %s; sid:4;)",
	"alert ip any any -> any any (ip.src; dataset:isset,i,type ip,load %s; sid:5;)",
	"alert dns any any -> any any (dns.query; datarep:r,>,1,type string,load %s; sid:6;)",
	"alert ip any any -> any any (iprep:src,CnC,>,30; sid:7;)",
};

static void settings_make(struct config *config, const char *path)
{
	char text[128];

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		snprintf(text, sizeof(text), settings[i], path);
		check(!config_set(config, text));
	}
}

static void rules_read(struct parse *parse, struct diag *diag, const char *path)
{
	struct signatures signatures = { .cap = sizeof(rules) / sizeof(rules[0]) };
	char text[256];

	signatures.at = calloc(signatures.cap, sizeof(struct signature *));
	check(signatures.at);
	for (uint32_t i = 0; i < signatures.cap; i++) {
		struct signature *signature = NULL;
		int err;

		snprintf(text, sizeof(text), rules[i], path);
		err = signature_parse(parse, slice_text(text), "fuzz.rules", i + 1, &signature);
		check(err ? diag->error_cnt && !signature : signature != NULL);
		if (signature)
			signatures.at[signatures.cnt++] = signature;
	}
	check(!parse_thresholds(parse, NULL, &signatures));
	signatures_free(&signatures);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config *config;
	struct parse *parse;
	struct diag diag;
	char path[64];
	int fd = memfd_create("rules", 0);

	check(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	diag_init(&diag);
	check(!config_read_text("{}", "settings", &config, &diag));
	settings_make(config, path);
	check(!parse_new(config, &diag, &parse));
	rules_read(parse, &diag, path);
	parse_free(parse);
	config_free(config);
	diag_free(&diag);
	close(fd);
	return 0;
}
