// SPDX-License-Identifier: Apache-2.0
/*
 * An image made ready for millions of questions: the classes of each tenant as spans. Called by
 * preview/. Says what image_decide() says.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/compile.h"
#include "compile/decide.h"
#include "compile/spans.h"

struct image_index {
	const struct image *image;
	struct spans classes[SEK_TENANTS_MAX]; /* values: numbers of image->classes */
};

static int tenant_build(struct image_index *index, uint16_t tenant, struct span_entry *entries)
{
	const struct image *image = index->image;
	size_t cnt = 0;

	for (size_t i = 0; i < image->class_cnt; i++) {
		const struct sek_class_key *key = &image->classes[i].key;

		if (key->tenant != tenant)
			continue;
		entries[cnt].prefix.len = (uint8_t)(key->prefixlen - SEK_CLASS_HEAD);
		memcpy(&entries[cnt].prefix.addr, &key->addr, sizeof(key->addr));
		entries[cnt++].value = (uint32_t)i;
	}
	return spans_build(entries, cnt, &index->classes[tenant]);
}

struct image_index *image_index_new(const struct image *image)
{
	struct image_index *index = calloc(1, sizeof(*index));
	struct span_entry *entries = calloc(image->class_cnt + 1, sizeof(*entries));
	int err = index && entries ? 0 : -ENOMEM;

	if (!err)
		index->image = image;
	for (uint16_t t = 0; t < SEK_TENANTS_MAX && !err; t++)
		err = tenant_build(index, t, entries);
	free(entries);
	if (!err)
		return index;
	image_index_free(index);
	return NULL;
}

void image_index_free(struct image_index *index)
{
	for (size_t t = 0; index && t < SEK_TENANTS_MAX; t++)
		spans_free(&index->classes[t]);
	free(index);
}

static const struct sek_class *class_find(const struct image_index *index, uint16_t tenant,
					  const struct sek_addr *addr)
{
	uint32_t class = spans_find(&index->classes[tenant], addr);

	return class == SPANS_NONE ? NULL : &index->image->classes[class].value;
}

uint16_t image_index_decide(const struct image_index *index, const struct model_probe *probe)
{
	return image_first(index->image, probe, class_find(index, probe->tenant, &probe->src),
			   class_find(index, probe->tenant, &probe->dst));
}
