// SPDX-License-Identifier: Apache-2.0
/*
 * libyaml's events to a tree of nodes with places. Called by files.c for each document.
 * Bounded in depth and number; aliases, anchors and tags are refused, so a document cannot grow.
 */
#include "model/node.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "text/escape.h"

#define BLOCK_BYTES 65536

struct node_block {
	struct node_block *next;
	size_t used, size;
	_Alignas(16) char bytes[];
};

/* One run of the builder. */
struct build {
	struct tree *tree;
	struct diag *diag;
	const char *file;
	struct node *open[NODE_DEPTH_MAX]; /* collections that are not yet closed */
	struct node *key[NODE_DEPTH_MAX]; /* mappings: a key that waits for its value */
	size_t depth;
	size_t documents;
	bool failed;
};

static void *tree_alloc(struct tree *tree, size_t size)
{
	struct node_block *block = tree->blocks;
	void *at;

	size = (size + 15) & ~(size_t)15;
	if (!block || block->size - block->used < size) {
		size_t want = size > BLOCK_BYTES ? size : BLOCK_BYTES;

		block = malloc(sizeof(*block) + want);
		if (!block)
			return NULL;
		*block = (struct node_block){ .next = tree->blocks, .size = want };
		tree->blocks = block;
	}
	at = block->bytes + block->used;
	block->used += size;
	return memset(at, 0, size);
}

void tree_free(struct tree *tree)
{
	while (tree->blocks) {
		struct node_block *block = tree->blocks;

		tree->blocks = block->next;
		free(block);
	}
	*tree = (struct tree){};
}

static void build_error(struct build *b, const yaml_mark_t *mark, const char *hint, const char *text)
{
	diag_add(b->diag, DIAG_ERROR, b->file, (uint32_t)mark->line + 1, (uint32_t)mark->column + 1,
		 hint, "%s", text);
	b->failed = true;
}

static struct node *node_new(struct build *b, enum node_kind kind, const yaml_event_t *event)
{
	struct node *node;

	if (b->tree->node_cnt >= NODE_CNT_MAX) {
		build_error(b, &event->start_mark, "split the policy", "too many values in one file");
		return NULL;
	}
	node = tree_alloc(b->tree, sizeof(*node));
	if (!node) {
		build_error(b, &event->start_mark, NULL, "out of memory");
		return NULL;
	}
	b->tree->node_cnt++;
	node->kind = kind;
	node->file = b->file;
	node->line = (uint32_t)event->start_mark.line + 1;
	node->column = (uint32_t)event->start_mark.column + 1;
	return node;
}

static bool key_is_new(struct build *b, const struct node *map, const struct node *key)
{
	char shown[80];

	for (const struct node *other = map->first; other; other = other->next) {
		if (strcmp(other->text, key->text) != 0)
			continue;
		text_escape(key->text, strlen(key->text), shown, sizeof(shown));
		diag_add(b->diag, DIAG_ERROR, b->file, key->line, key->column,
			 "one of the two must go", "\"%s\" is given twice; first in line %u", shown,
			 other->line);
		b->failed = true;
		return false;
	}
	return true;
}

static void append(struct node *parent, struct node *node)
{
	if (parent->last)
		parent->last->next = node;
	else
		parent->first = node;
	parent->last = node;
	parent->cnt++;
}

/* A key: scalar, not yet there. A key that is refused still takes its value. */
static void attach_key(struct build *b, struct node *map, struct node *node, const yaml_event_t *event)
{
	if (node->kind != NODE_SCALAR) {
		build_error(b, &event->start_mark, NULL, "a key must be a word");
		node->text = "";
	} else if (map->cnt >= NODE_KEYS_MAX) {
		build_error(b, &event->start_mark, "split it", "too many keys in one mapping");
	} else if (key_is_new(b, map, node)) {
		append(map, node);
	}
	b->key[b->depth - 1] = node;
}

static void attach(struct build *b, struct node *node, const yaml_event_t *event)
{
	struct node *parent = b->depth ? b->open[b->depth - 1] : NULL;

	if (!parent) {
		b->tree->root = node;
	} else if (parent->kind == NODE_SEQ) {
		append(parent, node);
	} else if (!b->key[b->depth - 1]) {
		attach_key(b, parent, node, event);
	} else {
		b->key[b->depth - 1]->value = node;
		b->key[b->depth - 1] = NULL;
	}
}

/* Where an anchor, a tag or an alias would let a document mean more than it says. */
static void refuse_magic(struct build *b, const yaml_event_t *event, bool anchor, bool tag)
{
	if (anchor)
		build_error(b, &event->start_mark,
			    "what bodies share goes to defaults, groups, services or an include",
			    "anchors and aliases are not taken");
	if (tag)
		build_error(b, &event->start_mark, "leave it out", "tags are not taken");
}

static void take_scalar(struct build *b, const yaml_event_t *event)
{
	const char *value = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;
	struct node *node = node_new(b, NODE_SCALAR, event);
	char *text;

	refuse_magic(b, event, event->data.scalar.anchor, event->data.scalar.tag);
	if (!node)
		return;
	text = tree_alloc(b->tree, len + 1);
	if (!text) {
		build_error(b, &event->start_mark, NULL, "out of memory");
		return;
	}
	if (memchr(value, 0, len)) {
		build_error(b, &event->start_mark, "leave it out", "a NUL character");
		len = strlen(value);
	}
	memcpy(text, value, len);
	node->text = text;
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	attach(b, node, event);
}

/* Returns false when reading cannot go on. */
static bool take_open(struct build *b, const yaml_event_t *event, enum node_kind kind)
{
	struct node *node = node_new(b, kind, event);

	if (!node)
		return false;
	if (b->depth == NODE_DEPTH_MAX) {
		build_error(b, &event->start_mark, "a policy needs 6 levels at most",
			    "nested too deeply");
		return false;
	}
	attach(b, node, event);
	b->open[b->depth] = node;
	b->key[b->depth++] = NULL;
	return true;
}

/* Returns false at the end, or when reading cannot go on. */
static bool take_event(struct build *b, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (b->documents++) {
			build_error(b, &event->start_mark, "use include for a second file",
				    "a second document begins here");
			return false;
		}
		return true;
	case YAML_SCALAR_EVENT:
		take_scalar(b, event);
		break;
	case YAML_SEQUENCE_START_EVENT:
		refuse_magic(b, event, event->data.sequence_start.anchor,
			     event->data.sequence_start.tag);
		return take_open(b, event, NODE_SEQ);
	case YAML_MAPPING_START_EVENT:
		refuse_magic(b, event, event->data.mapping_start.anchor,
			     event->data.mapping_start.tag);
		return take_open(b, event, NODE_MAP);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		b->depth--;
		break;
	case YAML_ALIAS_EVENT:
		refuse_magic(b, event, true, false);
		return false;
	case YAML_STREAM_END_EVENT:
		return false;
	default:
		break;
	}
	return b->tree->node_cnt < NODE_CNT_MAX;
}

static void syntax_error(struct build *b, const yaml_parser_t *parser)
{
	bool marked = parser->error == YAML_SCANNER_ERROR || parser->error == YAML_PARSER_ERROR;
	uint32_t line = 1, column = 1;

	if (marked) {
		line = (uint32_t)parser->problem_mark.line + 1;
		column = (uint32_t)parser->problem_mark.column + 1;
	} else {
		line = (uint32_t)parser->mark.line + 1;
		column = (uint32_t)parser->mark.column + 1;
	}
	diag_add(b->diag, DIAG_ERROR, b->file, line, column, "what follows in this file was not read",
		 "not YAML: %s%s%s", parser->problem ? parser->problem : "cannot be read",
		 parser->context ? ", " : "", parser->context ? parser->context : "");
	b->failed = true;
}

bool tree_read(struct tree *tree, const char *text, size_t len, const char *file, struct diag *diag)
{
	struct build b = { .tree = tree, .diag = diag, .file = file };
	yaml_parser_t parser;
	yaml_event_t event;
	bool more = true;

	*tree = (struct tree){};
	if (!yaml_parser_initialize(&parser)) {
		diag_add(diag, DIAG_ERROR, file, 0, 0, NULL, "out of memory");
		return false;
	}
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	while (more) {
		if (!yaml_parser_parse(&parser, &event)) {
			syntax_error(&b, &parser);
			break;
		}
		more = take_event(&b, &event);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return !b.failed;
}

const struct node *node_find(const struct node *map, const char *key)
{
	if (!map || map->kind != NODE_MAP)
		return NULL;
	for (const struct node *k = map->first; k; k = k->next)
		if (!strcmp(k->text, key))
			return k->value;
	return NULL;
}

bool node_is_null(const struct node *node)
{
	return node->kind == NODE_SCALAR && node->plain &&
	       (!*node->text || !strcmp(node->text, "~") || !strcmp(node->text, "null"));
}

const char *node_kind_name(const struct node *node)
{
	if (node->kind == NODE_SEQ)
		return "a list";
	if (node->kind == NODE_MAP)
		return "a mapping";
	return node_is_null(node) ? "nothing" : "a value";
}
