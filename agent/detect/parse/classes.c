// SPDX-License-Identifier: Apache-2.0
/*
 * Classes of rules (classification.config) and kinds of references (reference.config). Read once
 * when a struct parse is made; where the settings name no file, the usual ones are there.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "detect/parse/inside.h"

static const struct {
	const char *name, *msg;
	uint32_t priority;
} usual[] = {
#define CLASS(name, msg, priority) { name, msg, priority },
#include "detect/parse/classes.def"
#undef CLASS
};

static const struct {
	const char *name, *url;
} usual_references[] = {
	{ "bugtraq", "http://www.securityfocus.com/bid/" },
	{ "bid", "http://www.securityfocus.com/bid/" },
	{ "cve", "http://cve.mitre.org/cgi-bin/cvename.cgi?name=" },
	{ "nessus", "http://cgi.nessus.org/plugins/dump.php3?id=" },
	{ "exploitdb", "http://www.exploit-db.com/exploits/" },
	{ "osvdb", "http://osvdb.org/show/osvdb/" },
	{ "md5", "http://www.threatexpert.com/report.aspx?md5=" },
	{ "url", "http://" },
};

static int class_add(struct parse *parse, struct slice name, struct slice msg, uint32_t priority)
{
	uint32_t before = parse->class_names.cnt, number = words_add(&parse->class_names, name);
	const char *text = parse_string(parse, msg);

	if (!number || !text ||
	    (number > before &&
	     parse_room(&parse->classes, &parse->class_cap, number, sizeof(*parse->classes))))
		return -ENOMEM;
	parse->classes[number - 1] = (struct rule_class){ .msg = text, .priority = priority };
	return 0;
}

static int reference_add(struct parse *parse, struct slice name, struct slice url)
{
	uint32_t number = words_add(&parse->reference_names, name);
	const char *text = parse_string(parse, url);

	if (!number || !text ||
	    parse_room(&parse->reference_urls, &parse->reference_cap, number,
		       sizeof(*parse->reference_urls)))
		return -ENOMEM;
	parse->reference_urls[number - 1] = text;
	return 0;
}

/* config classification: name,text,priority */
static int class_line(struct parse *parse, struct slice rest)
{
	struct slice name, msg, priority;
	uint64_t number;

	if (!slice_next(&rest, ',', &name) || !slice_next(&rest, ',', &msg) ||
	    !slice_next(&rest, ',', &priority) || !name.len || !number_parse(priority, 255, &number))
		return -EINVAL;
	return class_add(parse, name, msg, (uint32_t)number);
}

/* config reference: name url */
static int reference_line(struct parse *parse, struct slice rest)
{
	struct slice name, url;

	rest = slice_trim(rest);
	if (!slice_next(&rest, ' ', &name) || !name.len || !rest.at)
		return -EINVAL;
	url = slice_trim(rest);
	return url.len ? reference_add(parse, name, url) : -EINVAL;
}

struct config_file {
	const char *setting, *begins, *hint;
	int (*line)(struct parse *parse, struct slice rest);
};

static int file_read(struct parse *parse, const struct config_file *kind, const char *path)
{
	FILE *file = fopen(path, "re");
	uint32_t number = 0;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int err = 0;

	if (!file)
		return -errno;
	while (err != -ENOMEM && (len = getline(&line, &size, file)) >= 0) {
		struct slice text = slice_trim(slice(line, (size_t)len));

		number++;
		if (!text.len || text.at[0] == '#')
			continue;
		err = slice_starts(text, kind->begins)
			      ? kind->line(parse, slice_behind(text, strlen(kind->begins)))
			      : -EINVAL;
		if (err == -EINVAL)
			diag_add(parse->diag, DIAG_WARNING, path, number, 1, kind->hint,
				 "the line says nothing");
	}
	free(line);
	fclose(file);
	return err == -ENOMEM ? err : 0;
}

static const struct config_file class_file = {
	.setting = "classification-file",
	.begins = "config classification:",
	.hint = "config classification: name,text,priority",
	.line = class_line,
};

static const struct config_file reference_file = {
	.setting = "reference-config-file",
	.begins = "config reference:",
	.hint = "config reference: name url",
	.line = reference_line,
};

/* Returns 0 when it was read, -ENOENT when there is none, and then the usual ones are taken. */
static int set_file_read(struct parse *parse, const struct config_file *kind)
{
	const char *path = config_text(parse->config, kind->setting);
	int err;

	if (!path)
		return -ENOENT;
	err = file_read(parse, kind, path);
	if (err && err != -ENOMEM) {
		diag_add(parse->diag, DIAG_WARNING, path, 0, 0, NULL,
			 "%s cannot be read (%s): the usual ones are taken", kind->setting,
			 strerror(-err));
		err = -ENOENT;
	}
	return err;
}

int classes_read(struct parse *parse)
{
	int err = set_file_read(parse, &class_file);

	if (err == -ENOENT) {
		err = 0;
		for (size_t i = 0; !err && i < sizeof(usual) / sizeof(usual[0]); i++)
			err = class_add(parse, slice_text(usual[i].name), slice_text(usual[i].msg),
					usual[i].priority);
	}
	if (err)
		return err;
	err = set_file_read(parse, &reference_file);
	if (err != -ENOENT)
		return err;
	err = 0;
	for (size_t i = 0; !err && i < sizeof(usual_references) / sizeof(usual_references[0]); i++)
		err = reference_add(parse, slice_text(usual_references[i].name),
				    slice_text(usual_references[i].url));
	return err;
}
