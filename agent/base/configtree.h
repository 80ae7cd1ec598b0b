/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree of settings, as its two files see it: configread.c fills it, config.c owns it and answers.
 */
#ifndef AGENT_BASE_CONFIGTREE_H
#define AGENT_BASE_CONFIGTREE_H

#include "base/config.h"

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

/* An empty tree. Returns 0 or -ENOMEM. */
int config_new(struct config **ret_config);
/* name NULL: of a list. NULL: no memory. */
struct node *node_new(struct config *config, enum node_kind kind, const char *name);
void node_free(struct node *node);
void node_append(struct node *parent, struct node *child);
/* Without its children it may be anything. */
void node_empty(struct node *node);
/* The last of a name counts, as the last line of a file does. */
struct node *node_child(const struct node *node, const char *name, size_t len);

#endif
