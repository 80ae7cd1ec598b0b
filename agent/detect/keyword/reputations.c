// SPDX-License-Identifier: Apache-2.0
/*
 * Lists of reputations: "1,BadHosts,what it means" names a category, "192.0.2.0/24,1,90" says how bad a
 * prefix is in it. Called by iprep.c and when a struct parse is freed; promises a look-up in the logarithm
 * of the list.
 */
#include "detect/keyword/reputations.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "text/address.h"

#define CATEGORIES 256
#define CATEGORY_NAME_MAX 32
#define LINE_LEN_MAX 512

struct entry {
	struct prefix prefix;
	uint8_t category, score;
};

struct reputations {
	char names[CATEGORIES][CATEGORY_NAME_MAX]; /* "": there is none of this number */
	struct entry *entries; /* by category, length, address */
	size_t cnt, cap;
	bool lengths[129]; /* that some prefix has */
};

/* --- lines --- */

static bool category_read(struct reputations *r, struct slice line)
{
	struct slice rest = line, number, name;
	uint64_t id;

	if (!slice_next(&rest, ',', &number) || !slice_next(&rest, ',', &name) ||
	    !number_parse(number, CATEGORIES - 1, &id) || !id || !name.len ||
	    name.len >= CATEGORY_NAME_MAX)
		return false;
	memcpy(r->names[id], name.at, name.len);
	r->names[id][name.len] = 0;
	return true;
}

static bool entry_read(struct reputations *r, struct slice line)
{
	struct slice rest = line, address, category, score;
	uint64_t id, value;
	struct entry entry;

	if (!slice_next(&rest, ',', &address) || !slice_next(&rest, ',', &category) ||
	    !slice_next(&rest, ',', &score) || rest.at ||
	    prefix_parse((const char *)address.at, address.len, &entry.prefix, NULL) != PREFIX_OK ||
	    !number_parse(category, CATEGORIES - 1, &id) || !id ||
	    !number_parse(score, REPUTATION_MAX, &value))
		return false;
	if (r->cnt == r->cap) {
		size_t cap = r->cap ? r->cap * 2 : 256;
		struct entry *grown = reallocarray(r->entries, cap, sizeof(*grown));

		if (!grown)
			return false;
		r->entries = grown;
		r->cap = cap;
	}
	entry.category = (uint8_t)id;
	entry.score = (uint8_t)value;
	r->lengths[entry.prefix.len] = true;
	r->entries[r->cnt++] = entry;
	return true;
}

/* A line that cannot be read is named, and the file is not taken. */
static int file_read(struct draft *draft, struct reputations *r, const char *path,
		     bool (*read)(struct reputations *r, struct slice line))
{
	FILE *file = fopen(path, "re");
	char line[LINE_LEN_MAX];
	unsigned int number = 0;
	int err = 0;

	if (!file)
		return refuse(draft, draft->keyword_at, NULL, "%s cannot be read: %s", path,
			      strerror(errno));
	while (!err && fgets(line, sizeof(line), file)) {
		struct slice text = slice_trim(slice_text(line));

		number++;
		if (text.len && text.at[0] != '#' && !read(r, text))
			err = refuse(draft, draft->keyword_at, NULL, "%s:%u cannot be read", path,
				     number);
	}
	fclose(file);
	return err;
}

/* --- all of them --- */

static int by_prefix(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->category != y->category)
		return x->category < y->category ? -1 : 1;
	if (x->prefix.len != y->prefix.len)
		return x->prefix.len < y->prefix.len ? -1 : 1;
	return memcmp(&x->prefix.addr, &y->prefix.addr, sizeof(x->prefix.addr));
}

static int files_read(struct draft *draft, struct reputations *r)
{
	const struct config *config = draft->parse->config;
	const char *categories = config_text(config, "reputation-categories-file");
	const char *place = config_text(config, "default-reputation-path"), *name;
	char path[PATH_MAX];
	int err;

	if (!categories || !config_cnt(config, "reputation-files"))
		return refuse(draft, draft->keyword_at,
			      "set reputation-categories-file and reputation-files",
			      "no lists of reputations are set");
	err = file_read(draft, r, categories, category_read);
	for (size_t i = 0; !err && (name = config_child(config, "reputation-files", i)); i++) {
		snprintf(path, sizeof(path), "%s%s%s", place && name[0] != '/' ? place : "",
			 place && name[0] != '/' ? "/" : "", name);
		err = file_read(draft, r, path, entry_read);
	}
	if (r->cnt)
		qsort(r->entries, r->cnt, sizeof(*r->entries), by_prefix);
	return err;
}

const struct reputations *reputations_of(struct draft *draft)
{
	struct reputations *r = draft->parse->reputations;

	if (r)
		return r;
	r = calloc(1, sizeof(*r));
	if (!r) {
		refuse_memory(draft);
		return NULL;
	}
	if (files_read(draft, r)) {
		reputations_free(r);
		return NULL;
	}
	draft->parse->reputations = r;
	return r;
}

uint8_t reputation_category(const struct reputations *r, struct slice name)
{
	for (unsigned int id = 1; id < CATEGORIES; id++)
		if (r->names[id][0] && slice_is(name, r->names[id]))
			return (uint8_t)id;
	return 0;
}

static void prefix_cut(struct prefix *prefix, unsigned int len)
{
	prefix->len = (uint8_t)len;
	for (unsigned int i = 0; i < 16; i++) {
		unsigned int bits = len > i * 8 ? len - i * 8 : 0;

		if (bits < 8)
			prefix->addr.b[i] &= (uint8_t)(0xff00 >> bits);
	}
}

bool reputation_find(const struct reputations *r, uint8_t category, const struct sek_addr *addr,
		     uint8_t *ret_score)
{
	int least = address_is_v4(addr) ? PREFIX_V4_BITS : 0;

	for (int len = 128; len >= least; len--) {
		struct entry key = { .prefix.addr = *addr, .category = category };
		const struct entry *found;

		if (!r->lengths[len])
			continue;
		prefix_cut(&key.prefix, (unsigned int)len);
		found = r->cnt ? bsearch(&key, r->entries, r->cnt, sizeof(key), by_prefix) : NULL;
		if (found) {
			*ret_score = found->score;
			return true;
		}
	}
	return false;
}

void reputations_free(struct reputations *r)
{
	if (!r)
		return;
	free(r->entries);
	free(r);
}
