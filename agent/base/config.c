/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the tree of settings: what files say (configread.c), and assignments over them. Read once at the start
 * of an engine; then only asked.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/configtree.h"

/* --- nodes --- */

struct node *node_new(struct config *config, enum node_kind kind, const char *name)
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

void node_empty(struct node *node)
{
	struct node *child;

	while ((child = node->first)) {
		node->first = child->next;
		node_empty(child);
		free(child->name);
		free(child->value);
		free(child);
	}
	node->last = NULL;
	node->cnt = 0;
}

void node_free(struct node *node)
{
	if (!node)
		return;
	node_empty(node);
	free(node->name);
	free(node->value);
	free(node);
}

void node_append(struct node *parent, struct node *child)
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

struct node *node_child(const struct node *node, const char *name, size_t len)
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
		return node_child(node, name, len);
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

int config_new(struct config **ret_config)
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
	node_empty(node);
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
