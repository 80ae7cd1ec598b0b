// SPDX-License-Identifier: Apache-2.0
/*
 * Owns lists of findings. Called by scan.c. Promises that a name is text whoever made it.
 */
#include "scan/findings.h"

static void name_copy(char to[HIT_NAME_MAX], struct slice name)
{
	size_t len = name.len < HIT_NAME_MAX - 1 ? name.len : HIT_NAME_MAX - 1;

	for (size_t i = 0; i < len; i++) {
		to[i] = '.';
		if (name.at[i] > 0x20 && name.at[i] < 0x7f)
			to[i] = (char)name.at[i];
	}
	to[len] = 0;
}

bool findings_add(struct findings *f, enum scan_by by, uint32_t file, struct slice name,
		  struct slice meta)
{
	struct scan_hit *hits, hit = { .by = by, .file = file };

	if (f->hit_cnt == HITS_MAX) {
		f->hits_lost++;
		return false;
	}
	hits = reallocarray(f->hits, f->hit_cnt + 1, sizeof(*hits));
	if (hits)
		f->hits = hits;
	if (!hits || !grown_add(&hit.meta, meta)) {
		f->hits_lost++;
		return false;
	}
	name_copy(hit.name, name);
	hits[f->hit_cnt++] = hit;
	return true;
}

void findings_sort(struct findings *f)
{
	for (uint32_t i = 1; i < f->hit_cnt; i++) {
		struct scan_hit hit = f->hits[i];
		uint32_t at = i;

		for (; at && f->hits[at - 1].file > hit.file; at--)
			f->hits[at] = f->hits[at - 1];
		f->hits[at] = hit;
	}
}

bool findings_copy(const struct findings *from, struct findings *to)
{
	*to = (struct findings){ .files = from->files,
				 .stops = from->stops,
				 .hits_lost = from->hits_lost };
	for (uint32_t i = 0; i < from->hit_cnt; i++) {
		const struct scan_hit *hit = &from->hits[i];

		if (!findings_add(to, hit->by, hit->file, slice_text(hit->name),
				  grown_slice(&hit->meta))) {
			findings_free(to);
			return false;
		}
	}
	return true;
}

void findings_free(struct findings *f)
{
	for (uint32_t i = 0; i < f->hit_cnt; i++)
		grown_free(&f->hits[i].meta);
	free(f->hits);
	*f = (struct findings){ .hits = NULL };
}
