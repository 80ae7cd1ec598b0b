/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of YAML files, by libyaml's events, into the tree of config.c. Promises that a file is read
 * whole, or that what is wrong is named.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/configtree.h"

#define DEPTH_MAX 32
#define NODES_MAX 200000 /* of all files together */
#define INCLUDES_MAX 8 /* one in the other */
#define PATH_LEN_MAX 4096

/* One file that is read. */
struct reading {
	struct config *config;
	struct diag *diag;
	const char *file;
	unsigned int includes;
	yaml_parser_t parser;
	bool failed;
};

static int file_read(struct config *config, const char *file, unsigned int includes,
		     struct node *into, struct diag *diag);

static void complain(struct reading *r, const yaml_mark_t *mark, const char *hint, const char *text)
{
	diag_add(r->diag, DIAG_ERROR, r->file, (uint32_t)mark->line + 1, (uint32_t)mark->column + 1,
		 hint, "%s", text);
	r->failed = true;
}

static bool event_next(struct reading *r, yaml_event_t *ret_event)
{
	yaml_mark_t mark;

	if (yaml_parser_parse(&r->parser, ret_event))
		return true;
	mark = r->parser.problem_mark;
	complain(r, &mark, NULL, r->parser.problem ? r->parser.problem : "this cannot be read");
	return false;
}

/* Names that stand beside the including file, unless they are whole paths. */
static bool include_path(const struct reading *r, const char *name, char path[PATH_LEN_MAX])
{
	const char *slash = strrchr(r->file, '/');
	int dir_len = name[0] != '/' && slash ? (int)(slash - r->file + 1) : 0;
	int len = snprintf(path, PATH_LEN_MAX, "%.*s%s", dir_len, r->file, name);

	return len > 0 && len < PATH_LEN_MAX;
}

static void include(struct reading *r, const yaml_event_t *event, struct node *into)
{
	const char *name = (const char *)event->data.scalar.value;
	char path[PATH_LEN_MAX];

	if (r->includes == INCLUDES_MAX || !include_path(r, name, path)) {
		complain(r, &event->start_mark, "does a file include itself?",
			 "files include each other too deeply");
		return;
	}
	if (file_read(r->config, path, r->includes + 1, into, r->diag))
		r->failed = true;
}

static bool is_include(const char *name)
{
	return name && strcmp(name, "include") == 0;
}

static struct node *value_read(struct reading *r, const yaml_event_t *event, const char *name,
			       unsigned int depth);

/* What stands under "include:" in a section: a file or a list of files, that go into that section. */
static void includes_read(struct reading *r, const yaml_event_t *first, struct node *into)
{
	yaml_event_t event;

	if (first->type == YAML_SCALAR_EVENT) {
		include(r, first, into);
		return;
	}
	if (first->type != YAML_SEQUENCE_START_EVENT) {
		complain(r, &first->start_mark, "include: FILE", "what is included is no file");
		return;
	}
	while (!r->failed && event_next(r, &event)) {
		bool ends = event.type == YAML_SEQUENCE_END_EVENT;

		if (event.type == YAML_SCALAR_EVENT)
			include(r, &event, into);
		else if (!ends)
			complain(r, &event.start_mark, "include: FILE",
				 "what is included is no file");
		yaml_event_delete(&event);
		if (ends)
			return;
	}
}

/* One of a name is there: what was read before is taken out of the way. */
static void section_put(struct node *section, struct node *child)
{
	struct node *old = child->name ? node_child(section, child->name, strlen(child->name)) : NULL;

	if (!old || strcmp(old->name, child->name) != 0) {
		node_append(section, child);
		return;
	}
	node_empty(old);
	free(old->value);
	old->kind = child->kind;
	old->value = child->value;
	old->first = child->first;
	old->last = child->last;
	old->cnt = child->cnt;
	free(child->name);
	free(child);
}

static void pair_read(struct reading *r, const yaml_event_t *key, struct node *section,
		      unsigned int depth)
{
	const char *name = (const char *)key->data.scalar.value;
	yaml_event_t event;
	struct node *child;

	if (key->type != YAML_SCALAR_EVENT) {
		complain(r, &key->start_mark, NULL, "a name must be a word");
		return;
	}
	if (!event_next(r, &event))
		return;
	if (is_include(name)) {
		includes_read(r, &event, section);
	} else {
		child = value_read(r, &event, name, depth + 1);
		if (child)
			section_put(section, child);
	}
	yaml_event_delete(&event);
}

static void section_read(struct reading *r, struct node *section, unsigned int depth)
{
	yaml_event_t event;

	while (!r->failed && event_next(r, &event)) {
		bool ends = event.type == YAML_MAPPING_END_EVENT;

		if (!ends)
			pair_read(r, &event, section, depth);
		yaml_event_delete(&event);
		if (ends)
			return;
	}
}

static void list_read(struct reading *r, struct node *list, unsigned int depth)
{
	yaml_event_t event;

	while (!r->failed && event_next(r, &event)) {
		bool ends = event.type == YAML_SEQUENCE_END_EVENT;
		struct node *child = ends ? NULL : value_read(r, &event, NULL, depth + 1);

		yaml_event_delete(&event);
		if (child)
			node_append(list, child);
		if (ends)
			return;
	}
}

/* "rules: !include other.yaml": the other file is the section. */
static bool is_include_tag(const yaml_event_t *event)
{
	return event->type == YAML_SCALAR_EVENT && event->data.scalar.tag &&
	       strcmp((const char *)event->data.scalar.tag, "!include") == 0;
}

static enum node_kind kind_of(const yaml_event_t *event)
{
	if (event->type == YAML_SEQUENCE_START_EVENT)
		return NODE_LIST;
	if (event->type == YAML_MAPPING_START_EVENT || is_include_tag(event))
		return NODE_SECTION;
	return NODE_SCALAR;
}

/* The value that begins with event, which stays the caller's. NULL: it cannot be read, and that was said. */
static struct node *value_read(struct reading *r, const yaml_event_t *event, const char *name,
			       unsigned int depth)
{
	struct node *node;

	if (event->type == YAML_ALIAS_EVENT) {
		complain(r, &event->start_mark, "write it out", "references are not read here");
		return NULL;
	}
	if (depth > DEPTH_MAX || r->config->node_cnt >= NODES_MAX) {
		complain(r, &event->start_mark, NULL, "this is too deep, or too much");
		return NULL;
	}
	node = node_new(r->config, kind_of(event), name);
	if (node && node->kind == NODE_SCALAR)
		node->value = strdup((const char *)event->data.scalar.value);
	if (!node || (node->kind == NODE_SCALAR && !node->value)) {
		complain(r, &event->start_mark, NULL, "out of memory");
		node_free(node);
		return NULL;
	}
	if (is_include_tag(event))
		include(r, event, node);
	else if (node->kind == NODE_SECTION)
		section_read(r, node, depth);
	else if (node->kind == NODE_LIST)
		list_read(r, node, depth);
	return node;
}

/* The top of a file is a section, whose names go into the one that includes it. */
static void top_read(struct reading *r, struct node *into)
{
	yaml_event_t event;
	bool ends = false;

	while (!ends && !r->failed && event_next(r, &event)) {
		switch (event.type) {
		case YAML_MAPPING_START_EVENT:
			section_read(r, into, 0);
			break;
		case YAML_STREAM_END_EVENT:
			ends = true;
			break;
		case YAML_SCALAR_EVENT: /* a file of comments is an empty word */
			if (!event.data.scalar.length)
				break;
			/* fall through */
		case YAML_SEQUENCE_START_EVENT:
		case YAML_ALIAS_EVENT:
			complain(r, &event.start_mark, "name: value", "settings must have names");
			break;
		default:
			break;
		}
		yaml_event_delete(&event);
	}
}

static int file_read(struct config *config, const char *file, unsigned int includes,
		     struct node *into, struct diag *diag)
{
	struct reading r = { .config = config, .diag = diag, .file = file, .includes = includes };
	FILE *in = fopen(file, "rbe");
	int ret = in ? 0 : -errno;

	if (!in) {
		diag_add(diag, DIAG_ERROR, file, 0, 0, NULL, "the settings cannot be read: %s",
			 strerror(-ret));
		return ret;
	}
	if (!yaml_parser_initialize(&r.parser)) {
		fclose(in);
		return -ENOMEM;
	}
	yaml_parser_set_input_file(&r.parser, in);
	top_read(&r, into);
	yaml_parser_delete(&r.parser);
	fclose(in);
	return r.failed ? -EINVAL : 0;
}

int config_read(const char *file, struct config **ret_config, struct diag *diag)
{
	struct config *config;
	int ret = config_new(&config);

	if (ret)
		return ret;
	if (file)
		ret = file_read(config, file, 0, config->root, diag);
	if (ret)
		config_free(config);
	else
		*ret_config = config;
	return ret;
}

int config_read_text(const char *text, const char *name, struct config **ret_config, struct diag *diag)
{
	struct reading r = { .diag = diag, .file = name };
	int ret = config_new(&r.config);

	if (ret)
		return ret;
	if (yaml_parser_initialize(&r.parser)) {
		yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, strlen(text));
		top_read(&r, r.config->root);
		yaml_parser_delete(&r.parser);
	} else {
		ret = -ENOMEM;
	}
	if (r.failed)
		ret = -EINVAL;
	if (ret)
		config_free(r.config);
	else
		*ret_config = r.config;
	return ret;
}
