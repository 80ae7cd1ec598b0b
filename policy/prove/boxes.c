// SPDX-License-Identifier: Apache-2.0
/*
 * From the paths of a diagram to few boxes. Called by meaning.c. Pure.
 */
#include "prove/boxes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/build.h"
#include "text/service.h"

static const struct range everything = { 0, ~(point)0 };

static void box_free(struct box *box)
{
	for (int field = 0; field < BOX_FIELD_CNT; field++)
		free(box->fields[field].list);
	free(box->tenants);
}

void boxes_free(struct boxes *boxes)
{
	for (size_t i = 0; i < boxes->cnt; i++)
		box_free(&boxes->list[i]);
	free(boxes->list);
	*boxes = (struct boxes){};
}

/* --- a path becomes a box --- */

/* The way to a leaf: of each field which cells, by what they lead to; NULL: all. */
struct path {
	const struct diagram *d;
	const uint32_t *children[FIELD_CNT];
	uint32_t child[FIELD_CNT];
	struct boxes *boxes;
	size_t max;
	uint64_t *counts; /* boxes below each node */
	int err;
};

/* No packet of the tenant, before and after. */
static bool nobody(const struct span *piece)
{
	return piece->row[0] == SEK_ROW_NONE && piece->row[1] == SEK_ROW_NONE;
}

static bool is_in(const struct path *path, enum field field, size_t piece)
{
	const struct strip *strip = &path->d->region->strips[field];

	return !path->children[field] ||
	       path->children[field][strip->cell[piece]] == path->child[field];
}

static bool all_in(const struct path *path, enum field field)
{
	const struct strip *strip = &path->d->region->strips[field];

	for (size_t i = 0; i < strip->pieces.cnt; i++)
		if (!is_in(path, field, i) && !nobody(&strip->pieces.list[i]))
			return false;
	return true;
}

/* What nobody has joins its neighbours, so that it cuts nothing. */
static int field_fill(const struct path *path, enum field field, struct ranges *to)
{
	const struct strip *strip = &path->d->region->strips[field];
	bool touches = false;
	int err = 0;

	if (field != FIELD_PROTO && all_in(path, field))
		return ranges_add(to, everything);
	for (size_t i = 0; i < strip->pieces.cnt && !err; i++) {
		const struct span *piece = &strip->pieces.list[i];

		if (nobody(piece))
			continue;
		if (!is_in(path, field, i)) {
			touches = false;
			continue;
		}
		if (touches)
			to->list[to->cnt - 1].to = piece->to;
		else
			err = ranges_add(to, (struct range){ piece->from, piece->to });
		touches = field != FIELD_PROTO; /* there it is other kinds that stand between */
	}
	ranges_settle(to);
	return err;
}

/* Where a field of the region stands in a box. */
static enum box_field box_field_of(const struct region *r, enum field field)
{
	switch (field) {
	case FIELD_PROTO:
		return BOX_PROTO;
	case FIELD_SPORT:
		return BOX_SPORT;
	case FIELD_DPORT:
		return r->kind == KIND_ICMP    ? BOX_ICMP4
		       : r->kind == KIND_ICMP6 ? BOX_ICMP6
					       : BOX_DPORT;
	case FIELD_SRC:
		return r->family == FAMILY_4 ? BOX_SRC4 : BOX_SRC6;
	default:
		return r->family == FAMILY_4 ? BOX_DST4 : BOX_DST6;
	}
}

static int box_add(struct path *path, uint32_t leaf)
{
	const struct region *r = path->d->region;
	struct box *box = image_push(&path->boxes->list, &path->boxes->cnt, sizeof(*box));
	int err = box ? 0 : -ENOMEM;

	if (err)
		return err;
	box->dir = r->space->dir;
	box->before = (uint8_t)((leaf - 1) / 5);
	box->after = (uint8_t)((leaf - 1) % 5);
	for (int field = 0; field < FIELD_CNT && !err; field++)
		err = field_fill(path, (enum field)field,
				 &box->fields[box_field_of(r, (enum field)field)]);
	for (int field = BOX_SPORT; field <= BOX_ICMP6 && !err; field++)
		if (!box->fields[field].cnt)
			err = ranges_add(&box->fields[field], everything);
	return err;
}

/* Nodes come after those that they lead to. */
static int paths_count(struct path *path)
{
	size_t node_cnt = path->d->nodes.cnt;
	uint32_t *seen = calloc(DIAGRAM_LEAVES + node_cnt, sizeof(*seen));

	path->counts = calloc(DIAGRAM_LEAVES + node_cnt, sizeof(*path->counts));
	if (!seen || !path->counts) {
		free(seen);
		return -ENOMEM;
	}
	for (uint32_t leaf = 1; leaf < DIAGRAM_LEAVES; leaf++)
		path->counts[leaf] = 1;
	for (uint32_t node = DIAGRAM_LEAVES; node < DIAGRAM_LEAVES + node_cnt; node++) {
		unsigned int level;
		size_t cnt;
		const uint32_t *children = diagram_node(path->d, node, &level, &cnt);

		for (size_t i = 0; i < cnt; i++) {
			if (seen[children[i]] != node)
				path->counts[node] += path->counts[children[i]];
			seen[children[i]] = node;
			if (path->counts[node] > UINT32_MAX)
				path->counts[node] = UINT32_MAX;
		}
	}
	free(seen);
	return 0;
}

static bool is_first(const uint32_t *children, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (children[j] == children[i])
			return false;
	return true;
}

static void paths_walk(struct path *path, uint32_t node)
{
	unsigned int level;
	const uint32_t *children;
	enum field field;
	size_t cnt;

	if (!node || path->err)
		return;
	if (path->boxes->cnt >= path->max) {
		path->boxes->more += path->counts[node];
		return;
	}
	if (node < DIAGRAM_LEAVES) {
		path->err = box_add(path, node);
		return;
	}
	children = diagram_node(path->d, node, &level, &cnt);
	field = path->d->order[level];
	path->children[field] = children;
	for (size_t i = 0; i < cnt; i++) {
		if (!children[i] || !is_first(children, i))
			continue;
		path->child[field] = children[i];
		paths_walk(path, children[i]);
	}
	path->children[field] = NULL;
}

int boxes_collect(struct boxes *boxes, const struct diagram *d, uint32_t top, size_t max)
{
	struct path path = { .d = d, .boxes = boxes, .max = boxes->cnt + max };

	path.err = paths_count(&path);
	paths_walk(&path, top);
	free(path.counts);
	return path.err;
}

/* --- fewer boxes --- */

static bool has_family(const struct box *box, enum box_field src)
{
	return box->fields[src].cnt;
}

/* The only field in which they differ; BOX_FIELD_CNT: none; -1: there are more. */
static int difference(const struct box *a, const struct box *b)
{
	int found = BOX_FIELD_CNT;

	for (int field = 0; field < BOX_FIELD_CNT; field++) {
		if (ranges_same(&a->fields[field], &b->fields[field]))
			continue;
		if (found != BOX_FIELD_CNT)
			return -1;
		found = field;
	}
	return found;
}

/* The same but for addresses, and of two families. */
static bool families_differ(const struct box *a, const struct box *b)
{
	for (int field = BOX_PROTO; field <= BOX_ICMP6; field++)
		if (!ranges_same(&a->fields[field], &b->fields[field]))
			return false;
	return !(has_family(a, BOX_SRC4) && has_family(b, BOX_SRC4)) &&
	       !(has_family(a, BOX_SRC6) && has_family(b, BOX_SRC6));
}

/* 1: b is in a now; 0: they cannot be one; -ENOMEM. */
static int box_join(struct box *a, const struct box *b)
{
	int field, err = 0;

	if (a->dir != b->dir || a->before != b->before || a->after != b->after)
		return 0;
	field = difference(a, b);
	if (field >= 0 && field < BOX_FIELD_CNT)
		err = ranges_join(&a->fields[field], &b->fields[field]);
	else if (families_differ(a, b))
		for (field = BOX_SRC4; field < BOX_FIELD_CNT && !err; field++)
			err = ranges_join(&a->fields[field], &b->fields[field]);
	else if (field < 0)
		return 0;
	return err ? err : 1;
}

int boxes_join(struct boxes *boxes)
{
	bool again = true;

	while (again) {
		again = false;
		for (size_t i = 0; i < boxes->cnt; i++)
			for (size_t j = i + 1; j < boxes->cnt;) {
				int joined = box_join(&boxes->list[i], &boxes->list[j]);

				if (joined < 0)
					return joined;
				if (!joined) {
					j++;
					continue;
				}
				box_free(&boxes->list[j]);
				memmove(&boxes->list[j], &boxes->list[j + 1],
					(--boxes->cnt - j) * sizeof(boxes->list[j]));
				again = true;
			}
	}
	return 0;
}

static struct box *box_like(struct boxes *boxes, const struct box *box)
{
	for (size_t i = 0; i < boxes->cnt; i++) {
		struct box *b = &boxes->list[i];

		if (b->dir == box->dir && b->before == box->before && b->after == box->after &&
		    difference(b, box) == BOX_FIELD_CNT)
			return b;
	}
	return NULL;
}

int boxes_take(struct boxes *to, struct boxes *from, const char *tenant)
{
	int err = 0;

	for (size_t i = 0; i < from->cnt && !err; i++) {
		struct box *box = box_like(to, &from->list[i]);
		const char **name;

		if (!box)
			box = image_push(&to->list, &to->cnt, sizeof(*box));
		if (!box) {
			err = -ENOMEM;
			break;
		}
		if (!box->tenant_cnt) {
			*box = from->list[i];
			from->list[i] = (struct box){};
		}
		name = image_push(&box->tenants, &box->tenant_cnt, sizeof(*name));
		if (name)
			*name = tenant;
		else
			err = -ENOMEM;
	}
	to->more += from->more;
	return err;
}

/* --- asked of a box --- */

bool ranges_whole(const struct ranges *ranges, enum box_field field)
{
	const struct range *only = ranges->list;
	point last = field == BOX_PROTO ? 255 : ~(point)0;

	return ranges->cnt == 1 && only->from == 0 && only->to >= last;
}

static bool ranges_hold(const struct ranges *ranges, point value)
{
	for (size_t i = 0; i < ranges->cnt; i++)
		if (value >= ranges->list[i].from && value <= ranges->list[i].to)
			return true;
	return false;
}

bool box_holds(const struct box *box, const struct model_probe *probe)
{
	const struct ranges *f = box->fields;
	bool v4 = address_is_v4(&probe->src), ports = proto_has_ports(probe->proto);
	point kind = (point)probe->icmp_type << 8 | probe->icmp_code;

	return box->dir == probe->dir && ranges_hold(&f[BOX_PROTO], probe->proto) &&
	       (!ports || (ranges_hold(&f[BOX_SPORT], probe->sport) &&
			   ranges_hold(&f[BOX_DPORT], probe->dport))) &&
	       (probe->proto != IPPROTO_ICMP || ranges_hold(&f[BOX_ICMP4], kind)) &&
	       (probe->proto != IPPROTO_ICMPV6 || ranges_hold(&f[BOX_ICMP6], kind)) &&
	       ranges_hold(&f[v4 ? BOX_SRC4 : BOX_SRC6], address_point(&probe->src)) &&
	       ranges_hold(&f[v4 ? BOX_DST4 : BOX_DST6], address_point(&probe->dst));
}
