/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A YAML document as a tree in which every node knows its place. Made by tree_read() from
 * libyaml's events; used by the readers of sections. Everything in it belongs to the tree.
 */
#ifndef POLICY_MODEL_NODE_H
#define POLICY_MODEL_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/diag.h"

#define NODE_DEPTH_MAX 16 /* sequences and mappings in each other */
#define NODE_CNT_MAX (4U << 20) /* of one document */
#define NODE_KEYS_MAX 4096 /* of one mapping */

enum node_kind { NODE_SCALAR, NODE_SEQ, NODE_MAP };

struct node {
	enum node_kind kind;
	uint32_t line, column; /* from 1 */
	const char *file;
	const char *text; /* scalar: its bytes, closed by 0; no 0 within */
	bool plain; /* scalar: written without quotes */
	size_t cnt; /* items of a sequence, keys of a mapping */
	struct node *first, *last; /* items, or keys */
	struct node *next;
	struct node *value; /* of a key */
};

struct node_block;
struct tree {
	struct node *root; /* NULL: an empty document */
	struct node_block *blocks;
	size_t node_cnt;
};

/*
 * Reads one document. file must outlive the tree. Errors go to diag; false: there was one, and the
 * tree holds what could be read (it must be freed all the same).
 */
bool tree_read(struct tree *tree, const char *text, size_t len, const char *file, struct diag *diag);
void tree_free(struct tree *tree);

/* The value of a key in a mapping, or NULL. */
const struct node *node_find(const struct node *map, const char *key);
/* An empty plain scalar: "key:" with nothing behind, or "~" or "null". */
bool node_is_null(const struct node *node);
const char *node_kind_name(const struct node *node);

#endif
