// SPDX-License-Identifier: Apache-2.0
/*
 * Deficit round robin (Shreedhar and Varghese, SIGCOMM 1995) over bodies. Called by worker.c; promises that
 * frames of a body keep their order, and that the next body's turn comes after TURN bytes and a frame.
 */
#include "inline/fair.h"

#include <stdlib.h>

#include "sekisho/handoff.h"
#include "sekisho/limits.h"

#define TURN SEK_HANDOFF_LEN_MAX /* bytes; the longest frame, so that each turn serves one */
#define COST_LEAST                                                                                 \
	512 /* bytes that a short frame is worth, since most of its cost is not by the byte */
#define NODES_FIRST 4096
#define NONE UINT32_MAX

struct node {
	struct xsk_frame frame;
	uint32_t next;
};

struct line {
	uint32_t first, last; /* nodes */
	int32_t left; /* of its turn, in bytes; what it takes too much it lacks next time */
	uint16_t next; /* in the round of those that have frames */
};

struct fair {
	struct line line[SEK_TENANTS_MAX];
	uint16_t turn, before; /* whose turn it is, and the one before in the round */
	uint32_t unused; /* nodes */
	uint32_t cap;
	size_t cnt;
	struct node *nodes;
};

struct fair *fair_new(void)
{
	struct fair *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->unused = NONE;
	for (size_t i = 0; i < SEK_TENANTS_MAX; i++)
		f->line[i].first = NONE;
	return f;
}

void fair_free(struct fair *f)
{
	if (!f)
		return;
	free(f->nodes);
	free(f);
}

static bool nodes_grow(struct fair *f)
{
	uint32_t cap = f->cap ? f->cap * 2 : NODES_FIRST;
	struct node *nodes = realloc(f->nodes, cap * sizeof(*nodes));

	if (!nodes)
		return false;
	f->nodes = nodes;
	for (uint32_t i = f->cap; i < cap; i++) {
		nodes[i].next = f->unused;
		f->unused = i;
	}
	f->cap = cap;
	return true;
}

/* Behind all others of the round: it has waited least. */
static void round_join(struct fair *f, uint16_t tenant)
{
	f->line[tenant].left = TURN;
	if (!f->cnt) {
		f->turn = f->before = tenant;
		f->line[tenant].next = tenant;
		return;
	}
	f->line[tenant].next = f->turn;
	f->line[f->before].next = tenant;
	f->before = tenant;
}

static void round_leave(struct fair *f)
{
	f->turn = f->line[f->turn].next;
	f->line[f->before].next = f->turn;
}

static void round_go(struct fair *f)
{
	f->line[f->turn].left += TURN;
	f->before = f->turn;
	f->turn = f->line[f->turn].next;
}

bool fair_put(struct fair *f, uint16_t tenant, const struct xsk_frame *frame)
{
	struct line *line = &f->line[tenant % SEK_TENANTS_MAX];
	uint32_t at;

	if (f->unused == NONE && !nodes_grow(f))
		return false;
	at = f->unused;
	f->unused = f->nodes[at].next;
	f->nodes[at] = (struct node){ *frame, NONE };
	if (line->first == NONE) {
		round_join(f, tenant % SEK_TENANTS_MAX);
		line->first = at;
	} else {
		f->nodes[line->last].next = at;
	}
	line->last = at;
	f->cnt++;
	return true;
}

bool fair_take(struct fair *f, struct xsk_frame *ret_frame, uint16_t *ret_tenant)
{
	struct line *line = &f->line[f->turn];
	uint32_t at;

	if (!f->cnt)
		return false;
	at = line->first;
	*ret_frame = f->nodes[at].frame;
	*ret_tenant = f->turn;
	line->left -= (int32_t)(ret_frame->len > COST_LEAST ? ret_frame->len : COST_LEAST);
	line->first = f->nodes[at].next;
	f->nodes[at].next = f->unused;
	f->unused = at;
	f->cnt--;
	if (line->first == NONE)
		round_leave(f);
	else if (line->left <= 0)
		round_go(f);
	return true;
}

size_t fair_cnt(const struct fair *f)
{
	return f->cnt;
}
