// SPDX-License-Identifier: Apache-2.0
/*
 * Owns libyara. Called by the sandboxed scanner. Promises that rules are taken whole or not at all.
 */
#include "scan/yara.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <yara.h>

#include "base/grown.h"

#define META_MAX 1024

static const char *const variables[] = { "filename", "filepath", "extension", "filetype", "owner" };

struct yara {
	YR_RULES *rules;
	YR_SCANNER *scanner;
	uint32_t rule_cnt;
};

/* The first error stays. */
struct complaint {
	char *why;
	size_t cap;
};

static void complain(int level, const char *file, int line, const YR_RULE *rule,
		     const char *message, void *arg)
{
	struct complaint *c = arg;

	if (level == YARA_ERROR_LEVEL_ERROR && !c->why[0])
		snprintf(c->why, c->cap, "%s:%d: %s", file ? file : "", line, message);
}

static int file_add(YR_COMPILER *compiler, const char *path, struct complaint *c)
{
	FILE *file = fopen(path, "re");
	int errors;

	if (!file) {
		snprintf(c->why, c->cap, "%s: %s", path, strerror(errno));
		return -errno;
	}
	errors = yr_compiler_add_file(compiler, file, path, path);
	fclose(file);
	return errors ? -EINVAL : 0;
}

static int compile(struct yara *yara, const char *const *files, size_t cnt, struct complaint *c)
{
	YR_COMPILER *compiler = NULL;
	YR_RULE *rule;
	int ret = 0;

	if (yr_compiler_create(&compiler) != ERROR_SUCCESS)
		return -ENOMEM;
	yr_compiler_set_callback(compiler, complain, c);
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		yr_compiler_define_string_variable(compiler, variables[i], "");
	for (size_t i = 0; !ret && i < cnt; i++)
		ret = file_add(compiler, files[i], c);
	if (!ret && yr_compiler_get_rules(compiler, &yara->rules) != ERROR_SUCCESS)
		ret = -ENOMEM;
	yr_compiler_destroy(compiler);
	if (ret)
		return ret;
	yr_rules_foreach(yara->rules, rule) yara->rule_cnt++;
	return yr_scanner_create(yara->rules, &yara->scanner) == ERROR_SUCCESS ? 0 : -ENOMEM;
}

int yara_new(const char *const *files, size_t file_cnt, struct yara **ret_yara, char *why,
	     size_t why_cap)
{
	struct yara *yara = calloc(1, sizeof(*yara));
	struct complaint c = { why, why_cap };
	int ret = -ENOMEM;

	why[0] = 0;
	if (!yara || yr_initialize() != ERROR_SUCCESS) {
		free(yara);
		return ret;
	}
	ret = compile(yara, files, file_cnt, &c);
	if (ret) {
		yara_free(yara);
		return ret;
	}
	*ret_yara = yara;
	return 0;
}

uint32_t yara_rule_cnt(const struct yara *yara)
{
	return yara->rule_cnt;
}

static void meta_collect(YR_RULE *rule, struct grown *to)
{
	YR_META *meta;

	yr_rule_metas_foreach(rule, meta)
	{
		size_t len;

		if (meta->type != META_TYPE_STRING || !meta->string)
			continue;
		len = strlen(meta->identifier) + strlen(meta->string) + 2;
		if (to->len + len > META_MAX || !grown_room(to, len))
			continue;
		grown_add(to, slice(meta->identifier, strlen(meta->identifier) + 1));
		grown_add(to, slice(meta->string, strlen(meta->string) + 1));
	}
}

static int heard(YR_SCAN_CONTEXT *context, int message, void *data, void *arg)
{
	const struct yara_sink *sink = arg;
	struct grown meta = { .at = NULL };
	YR_RULE *rule = data;

	if (message != CALLBACK_MSG_RULE_MATCHING)
		return CALLBACK_CONTINUE;
	meta_collect(rule, &meta);
	sink->match(sink->arg, rule->identifier, grown_slice(&meta));
	grown_free(&meta);
	return CALLBACK_CONTINUE;
}

static void variables_set(struct yara *yara, struct slice path)
{
	const uint8_t *mark = path.len ? memrchr(path.at, '!', path.len) : NULL;
	char text[512];
	const char *name, *dot;

	if (mark)
		path = slice_behind(path, (size_t)(mark + 1 - path.at));
	snprintf(text, sizeof(text), "%.*s", (int)(path.len < 500 ? path.len : 500), path.at);
	name = strrchr(text, '/');
	name = name ? name + 1 : text;
	dot = strrchr(name, '.');
	yr_scanner_define_string_variable(yara->scanner, "filepath", text);
	yr_scanner_define_string_variable(yara->scanner, "filename", name);
	yr_scanner_define_string_variable(yara->scanner, "extension", dot ? dot : "");
}

bool yara_ask(struct yara *yara, struct slice name, struct slice bytes, unsigned int seconds,
	      const struct yara_sink *sink)
{
	variables_set(yara, name);
	yr_scanner_set_flags(yara->scanner, SCAN_FLAGS_FAST_MODE | SCAN_FLAGS_REPORT_RULES_MATCHING);
	yr_scanner_set_timeout(yara->scanner, (int)seconds);
	yr_scanner_set_callback(yara->scanner, heard, (void *)sink);
	return yr_scanner_scan_mem(yara->scanner, bytes.len ? bytes.at : (const uint8_t *)"",
				   bytes.len) == ERROR_SUCCESS;
}

void yara_free(struct yara *yara)
{
	if (!yara)
		return;
	if (yara->scanner)
		yr_scanner_destroy(yara->scanner);
	if (yara->rules)
		yr_rules_destroy(yara->rules);
	yr_finalize();
	free(yara);
}
