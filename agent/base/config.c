/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the tree of settings: of YAML files by libyaml, and of assignments over them. Read once at the start
 * of an engine; then only asked. Promises that a file is read whole, or that what is wrong is named.
 */
#include "base/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#define DEPTH_MAX 32
#define NODES_MAX 200000 /* of all files together */
#define INCLUDES_MAX 8 /* one in the other */
#define PATH_LEN_MAX 4096

enum node_kind { NODE_SCALAR, NODE_SECTION, NODE_LIST };

/* An element of a section has a name; of a list none. */
struct node {
	enum node_kind kind;
	char *name, *value; /* value: of a scalar */
	struct node *first, *last, *next;
	size_t cnt;
};

struct config {
	struct node *root;
	size_t node_cnt;
};

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

/* --- nodes --- */

static struct node *node_new(struct config *config, enum node_kind kind, const char *name)
{
	struct node *node = calloc(1, sizeof(*node));

	if (node && name)
		node->name = strdup(name);
	if (!node || (name && !node->name)) {
		free(node);
		return NULL;
	}
	node->kind = kind;
	config->node_cnt++;
	return node;
}

static void children_free(struct node *node)
{
	struct node *child;

	while ((child = node->first)) {
		node->first = child->next;
		children_free(child);
		free(child->name);
		free(child->value);
		free(child);
	}
	node->last = NULL;
	node->cnt = 0;
}

static void node_free(struct node *node)
{
	if (!node)
		return;
	children_free(node);
	free(node->name);
	free(node->value);
	free(node);
}

static void node_append(struct node *parent, struct node *child)
{
	if (parent->last)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
	parent->cnt++;
}

/* '_' of a file stands for '-'; the names of variables are their users' own, and are asked as they are. */
static bool name_is(const char *name, const char *asked, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (name[i] != asked[i] && !(name[i] == '_' && asked[i] == '-'))
			return false;
	return name[len] == 0;
}

static struct node *child_number(const struct node *node, size_t i)
{
	struct node *child = node->first;

	while (child && i--)
		child = child->next;
	return child;
}

/* The last of a name counts, as the last line of a file does. */
static struct node *child_named(const struct node *node, const char *name, size_t len)
{
	struct node *found = NULL;

	for (struct node *child = node->first; child; child = child->next)
		if (child->name && name_is(child->name, name, len))
			found = child;
	return found;
}

static struct node *child_find(const struct node *node, const char *name, size_t len)
{
	size_t number = 0;

	if (node->kind != NODE_LIST)
		return child_named(node, name, len);
	if (!len || len > 6)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		if (name[i] < '0' || name[i] > '9')
			return NULL;
		number = number * 10 + (size_t)(name[i] - '0');
	}
	return child_number(node, number);
}

static const struct node *find(const struct config *config, const char *path)
{
	const struct node *node = config ? config->root : NULL;

	while (node && *path) {
		size_t len = strcspn(path, ".");

		node = child_find(node, path, len);
		path += len + (path[len] == '.');
	}
	return node;
}

/* --- YAML --- */

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
	struct node *old = child->name ? child_named(section, child->name, strlen(child->name))
				       : NULL;

	if (!old || strcmp(old->name, child->name) != 0) {
		node_append(section, child);
		return;
	}
	children_free(old);
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

static int config_new(struct config **ret_config)
{
	struct config *config = calloc(1, sizeof(*config));

	if (config)
		config->root = node_new(config, NODE_SECTION, NULL);
	if (!config || !config->root) {
		free(config);
		return -ENOMEM;
	}
	*ret_config = config;
	return 0;
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

void config_free(struct config *config)
{
	if (!config)
		return;
	node_free(config->root);
	free(config);
}

/* --- assignments --- */

/* The child of that name, made where it is not there; what was a value before becomes a section. */
static struct node *child_make(struct config *config, struct node *node, const char *name, size_t len)
{
	struct node *child = child_find(node, name, len);
	char *copy;

	if (child)
		return child;
	if (node->kind == NODE_SCALAR) {
		node->kind = NODE_SECTION;
		free(node->value);
		node->value = NULL;
	}
	copy = strndup(name, len);
	if (!copy)
		return NULL;
	child = node_new(config, NODE_SCALAR, copy);
	free(copy);
	if (child)
		node_append(node, child);
	return child;
}

static bool names_are_whole(const char *path, size_t len)
{
	bool whole = len > 0 && path[0] != '.' && path[len - 1] != '.';

	for (size_t i = 1; whole && i < len; i++)
		whole = path[i] != '.' || path[i - 1] != '.';
	return whole;
}

int config_set(struct config *config, const char *assignment)
{
	size_t len = strcspn(assignment, "="), part;
	struct node *node = config->root;
	char *value;

	if (assignment[len] != '=' || !names_are_whole(assignment, len))
		return -EINVAL;
	value = strdup(assignment + len + 1);
	if (!value)
		return -ENOMEM;
	for (const char *at = assignment; node && at < assignment + len; at += part + 1) {
		part = strcspn(at, ".=");
		node = child_make(config, node, at, part);
	}
	if (!node) {
		free(value);
		return -ENOMEM;
	}
	children_free(node);
	free(node->value);
	node->kind = NODE_SCALAR;
	node->value = value;
	return 0;
}

/* --- questions --- */

const char *config_text(const struct config *config, const char *path)
{
	const struct node *node = find(config, path);

	return node && node->kind == NODE_SCALAR ? node->value : NULL;
}

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strcasecmp(text, *words) == 0)
			return true;
	return false;
}

bool config_bool(const struct config *config, const char *path, bool otherwise)
{
	static const char *const yes[] = { "1", "yes", "true", "on", NULL };
	const char *text = config_text(config, path);

	return text ? is_one_of(text, yes) : otherwise;
}

/* What stands behind a number: 0 where it is no size. */
static uint64_t unit_of(const char *text)
{
	static const struct {
		const char *words[3];
		uint64_t bytes;
	} units[] = {
		{ { "", "b" }, 1 },
		{ { "kb", "kib" }, UINT64_C(1) << 10 },
		{ { "mb", "mib" }, UINT64_C(1) << 20 },
		{ { "gb", "gib" }, UINT64_C(1) << 30 },
	};

	while (*text == ' ')
		text++;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (is_one_of(text, units[i].words))
			return units[i].bytes;
	return 0;
}

/* Up to 2^53 the product is exact; more bytes than that are no setting. */
bool bytes_parse(const char *text, uint64_t *ret_bytes)
{
	double number;
	uint64_t unit;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	number = strtod(text, &end);
	unit = unit_of(end);
	if (!unit || !(number * (double)unit <= 9007199254740992.0))
		return false;
	*ret_bytes = (uint64_t)(number * (double)unit);
	return true;
}

uint64_t config_bytes(const struct config *config, const char *path, uint64_t otherwise)
{
	const char *text = config_text(config, path);
	uint64_t bytes;

	return text && bytes_parse(text, &bytes) ? bytes : otherwise;
}

uint64_t config_number(const struct config *config, const char *path, uint64_t otherwise)
{
	const char *text = config_text(config, path);
	unsigned long long value;
	char *end;

	if (!text || text[0] < '0' || text[0] > '9')
		return otherwise;
	errno = 0;
	value = strtoull(text, &end, text[0] == '0' && (text[1] | 32) == 'x' ? 16 : 10);
	return *end || errno ? otherwise : value;
}

size_t config_cnt(const struct config *config, const char *path)
{
	const struct node *node = find(config, path);

	return node ? node->cnt : 0;
}

const char *config_child(const struct config *config, const char *path, size_t i)
{
	const struct node *node = find(config, path);
	const struct node *child = node ? child_number(node, i) : NULL;

	if (!child)
		return NULL;
	if (child->name)
		return child->name;
	if (child->kind == NODE_SCALAR)
		return child->value;
	return child->first ? child->first->name : NULL;
}
