// SPDX-License-Identifier: Apache-2.0
/*
 * A table of the contents, made while they go on changing, and put in force with its overlay: at once, or
 * together with the policy whose numbers its lists and tenants have. Called by the other files of
 * struct names and by the agent.
 */
#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "install/namesinside.h"

/* --- what a table is made from --- */

struct snapshots {
	struct name_snapshot lists[SEK_NAME_LISTS_MAX];
	struct name_source sources[2 * SEK_NAME_LISTS_MAX];
	size_t cnt; /* of sources, two for each list */
};

static void snapshots_free(struct snapshots *snapshots)
{
	for (size_t i = 0; i < SEK_NAME_LISTS_MAX; i++)
		name_snapshot_free(&snapshots->lists[i]);
}

static int snapshots_take(struct name_content *const next[SEK_NAME_LISTS_MAX],
			  struct snapshots *snapshots)
{
	for (size_t i = 0; i < SEK_NAME_LISTS_MAX; i++) {
		int err = next[i] ? name_content_snapshot(next[i], &snapshots->lists[i]) : 0;

		if (err)
			return err;
		if (!next[i])
			continue;
		memcpy(&snapshots->sources[snapshots->cnt], snapshots->lists[i].sources,
		       sizeof(snapshots->lists[i].sources));
		snapshots->cnt += 2;
	}
	return 0;
}

static int source_digest(EVP_MD_CTX *hash, const struct name_source *source)
{
	const struct name_list *list = source->list;
	uint64_t about[] = { source->number, list->cnt, list->answer_cnt, source->skip != NULL,
			     source->allow };

	return EVP_DigestUpdate(hash, about, sizeof(about)) &&
	       EVP_DigestUpdate(hash, list->entries, list->cnt * sizeof(*list->entries)) &&
	       EVP_DigestUpdate(hash, list->text, list->text_len) &&
	       EVP_DigestUpdate(hash, list->answers, list->answer_cnt * sizeof(*list->answers)) &&
	       EVP_DigestUpdate(hash, source->skip, source->skip ? list->cnt : 0);
}

static int snapshots_digest(const struct snapshots *snapshots, uint8_t ret_digest[NAME_DIGEST_BYTES])
{
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	uint8_t whole[EVP_MAX_MD_SIZE];
	int ok = hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL);

	for (size_t i = 0; i < snapshots->cnt && ok; i++)
		ok = source_digest(hash, &snapshots->sources[i]);
	if (ok)
		ok = EVP_DigestFinal_ex(hash, whole, NULL);
	EVP_MD_CTX_free(hash);
	if (ok)
		memcpy(ret_digest, whole, NAME_DIGEST_BYTES);
	return ok ? 0 : -ENOMEM;
}

/* --- overlays --- */

/* Where an overlay is written, and by what. */
struct overlay_of {
	struct names *names;
	struct name_content *const *contents;
	const struct name_tenants *tenants;
	bool next; /* of the head that is being made */
};

static void over_set(__u64 *self, __u64 *below, uint64_t bit, struct name_holds holds)
{
	*self |= holds.self ? bit : 0;
	*below |= holds.below ? bit : 0;
}

static uint64_t tenant_bit(const struct name_tenants *tenants, const char *name)
{
	for (size_t i = 0; i < SEK_TENANTS_MAX; i++)
		if (tenants->names[i] && !strcmp(tenants->names[i], name))
			return 1ULL << i;
	return 0; /* no such body under this policy */
}

static void over_rulings(const struct overlay_of *of, const struct name_key *key,
			 struct sek_name_over *over)
{
	for (size_t i = 0; i < of->names->ruling_cnt; i++) {
		const struct name_ruling *ruling = &of->names->rulings[i];
		struct name_holds holds = {
			.self = ruling->key.kind != NAME_BELOW,
			.below = ruling->key.kind != NAME_SELF && ruling->key.kind != NAME_URL_EXACT,
		};

		if (!name_key_same(&ruling->key, key))
			continue;
		if (ruling->allow)
			over_set(&over->allow_self, &over->allow_below,
				 tenant_bit(of->tenants, ruling->tenant), holds);
		else
			over_set(&over->block_self, &over->block_below,
				 tenant_bit(of->tenants, ruling->tenant), holds);
	}
}

/* Keys of the head that the overlay is of. */
static const struct sek_name_keys *over_keys(const struct overlay_of *of)
{
	const struct namemap *map = &of->names->map;

	return &map->table[of->next ? heads_next(&map->turn) : map->turn.live].keys;
}

static bool host_same(const struct name_key *a, const struct name_key *b)
{
	return a->host_len == b->host_len && !memcmp(a->text, b->text, a->host_len);
}

/* Which of these lists allow pages of the host of a URL that was changed; and which tenants do. */
static int mark_write(const struct overlay_of *of, const struct name_key *key, uint64_t care)
{
	struct sek_name_over over = {};

	for (size_t i = 0; i < SEK_NAME_LISTS_MAX; i++) {
		const struct name_content *content = care >> i & 1 ? of->contents[i] : NULL;

		if (!content || !content->allow)
			continue;
		over.care_self |= 1ULL << i;
		if (name_content_has_pages(content, key))
			over.value_self |= 1ULL << i;
	}
	for (size_t i = 0; i < of->names->ruling_cnt; i++) {
		const struct name_ruling *ruling = &of->names->rulings[i];

		if (ruling->allow && ruling->key.path_len && host_same(&ruling->key, key))
			over.allow_self |= tenant_bit(of->tenants, ruling->tenant);
	}
	return namemap_over_put(&of->names->map, of->next,
				name_key_print_of_pages(over_keys(of), key), &over);
}

/* All that was changed of a host's pages: what its mark must be right about. */
static uint64_t pages_care(const struct name_changed_set *set, const struct name_key *host)
{
	uint64_t care = 0;

	for (size_t i = 0; i < set->cnt; i++)
		if (set->names[i].key.path_len && host_same(&set->names[i].key, host))
			care |= set->names[i].care;
	return care;
}

/* One name as it is now, to the overlay. */
static int over_write(const struct overlay_of *of, const struct name_key *key, uint64_t care)
{
	struct sek_name_over over = { .care_self = care, .care_below = care };

	for (size_t i = 0; i < SEK_NAME_LISTS_MAX; i++)
		if (care >> i & 1 && of->contents[i])
			over_set(&over.value_self, &over.value_below, 1ULL << i,
				 name_content_holds(of->contents[i], key));
	over_rulings(of, key, &over);
	return namemap_over_put(&of->names->map, of->next, name_key_print_of(over_keys(of), key),
				&over);
}

static uint64_t changed_care(const struct name_changed_set *set, const struct name_key *key)
{
	for (size_t i = 0; i < set->cnt; i++)
		if (name_key_same(&set->names[i].key, key))
			return set->names[i].care;
	return 0;
}

/* A name or a URL, with what follows for the host of a URL. changed: those of this overlay. */
static int over_follow(const struct overlay_of *of, const struct name_changed_set *changed,
		       const struct name_key *key)
{
	int err = over_write(of, key, changed_care(changed, key));

	return err || !key->path_len ? err : mark_write(of, key, pages_care(changed, key));
}

static int changed_add(struct name_changed_set *set, const struct name_key *key, uint64_t care)
{
	for (size_t i = 0; i < set->cnt; i++) {
		if (!name_key_same(&set->names[i].key, key))
			continue;
		set->names[i].care |= care;
		return 0;
	}
	if (set->cnt == set->cap) {
		size_t cap = set->cap ? 2 * set->cap : 16;
		struct name_changed *more = reallocarray(set->names, cap, sizeof(*more));

		if (!more)
			return -ENOMEM;
		set->names = more;
		set->cap = cap;
	}
	set->names[set->cnt++] = (struct name_changed){ .key = *key, .care = care };
	return 0;
}

/* All of an overlay: what has changed, and what tenants have decided. */
static int overlay_fill(const struct overlay_of *of, const struct name_changed_set *changed)
{
	int err = 0;

	for (size_t i = 0; i < changed->cnt && !err; i++)
		err = over_follow(of, changed, &changed->names[i].key);
	for (size_t i = 0; i < of->names->ruling_cnt && !err; i++)
		err = over_follow(of, changed, &of->names->rulings[i].key);
	return err;
}

int names_overlay_change(struct names *names, const struct name_key *key, uint64_t care)
{
	const struct overlay_of of = { .names = names,
				       .contents = names->content,
				       .tenants = &names->tenants };
	int err;

	/* The load that is to come writes all of it, with the numbers of the policy's tenants. */
	if (!names->loaded)
		return 0;
	err = care ? changed_add(&names->changed, key, care) : 0;
	return err ? err : over_follow(&of, &names->changed, key);
}

/* --- staged --- */

static int pending_repeat(const struct name_pending *pending, struct name_content *content)
{
	const struct name_change *change = &pending->change;
	int err = 0;

	switch (pending->kind) {
	case NAME_PENDING_ADD:
		err = name_content_add(content, &change->key, change->expires, change->reason);
		break;
	case NAME_PENDING_DELETE:
		err = name_content_delete(content, &change->key, change->reason);
		break;
	case NAME_PENDING_EXPIRE:
		for (size_t i = 0; i < content->change_cnt; i++)
			if (!content->changes[i].removed &&
			    name_key_same(&content->changes[i].key, &change->key))
				name_content_expire(content, i--);
		break;
	}
	return err == -EEXIST || err == -ENOENT ? 0 : err;
}

/*
 * Brings what was changed by hand meanwhile into the contents that are about to be in force: a content
 * that is the same object has it already.
 */
static int pending_take(struct names *names)
{
	struct name_staged *staged = &names->staged;
	int err = 0;

	for (size_t i = 0; i < names->pending_cnt; i++) {
		const struct name_pending *pending = &names->pending[i];
		struct name_content *content = name_content_named(staged->next, pending->list);
		int one;

		if (!content)
			continue;
		one = content != names->content[content->id] ? pending_repeat(pending, content) : 0;
		err = err ? err : one;
		one = changed_add(&staged->changed, &pending->change.key, 1ULL << content->id);
		err = err ? err : one;
	}
	return err;
}

/* Brings changes by hand and overrides to a head that is about to be live. lock is held. */
static int staged_finish(struct names *names)
{
	struct name_staged *staged = &names->staged;
	const struct overlay_of of = {
		.names = names, .contents = staged->next, .tenants = &staged->tenants, .next = true
	};
	int err = pending_take(names);

	return err || !staged->made ? err : overlay_fill(&of, &staged->changed);
}

/* The contents and the numbers of a head that is live now. lock is held. */
static void staged_take(struct names *names)
{
	struct name_staged *staged = &names->staged;

	if (staged->made) {
		free(names->changed.names);
		names->changed = staged->changed;
		names->name_cnt = staged->name_cnt;
		names->entry_cnt = staged->entry_cnt;
	} else {
		free(staged->changed.names); /* the live overlay has them */
	}
	name_tenants_free(&names->tenants);
	names->tenants = staged->tenants;
	for (size_t i = 0; i < SEK_NAME_LISTS_MAX; i++) {
		if (names->content[i] != staged->next[i])
			name_content_free(names->content[i]);
		names->content[i] = staged->next[i];
	}
	*staged = (struct name_staged){};
	names->loaded = true;
	__atomic_add_fetch(&names->content_changes, 1, __ATOMIC_RELEASE);
}

static void staged_drop(struct names *names)
{
	free(names->staged.changed.names);
	name_tenants_free(&names->staged.tenants);
	names->staged = (struct name_staged){};
}

/* Whether bodies that have overrides have other numbers than in the live overlay. lock is held. */
static bool rulings_differ(const struct names *names)
{
	for (size_t i = 0; i < names->ruling_cnt; i++) {
		const char *tenant = names->rulings[i].tenant;

		if (tenant_bit(&names->tenants, tenant) != tenant_bit(&names->staged.tenants, tenant))
			return true;
	}
	return false;
}

/* Whether the live table is made of just this, and its overlay can be made right. lock is held. */
static bool table_stays(const struct names *names, const uint8_t digest[NAME_DIGEST_BYTES])
{
	if (names->turn.renew || names->map.turn.over_fd < 0 ||
	    memcmp(namemap_digest(&names->map), digest, NAME_DIGEST_BYTES) != 0)
		return false;
	/* After a restart the numbers in the overlay are put right with all of it. */
	return !names->loaded || !rulings_differ(names);
}

static int staged_make(struct names *names, const struct snapshots *snapshots,
		       const uint8_t digest[NAME_DIGEST_BYTES])
{
	struct name_staged *staged = &names->staged;
	uint32_t number;
	int err = namemap_make(&names->map, snapshots->sources, snapshots->cnt, digest);

	if (err)
		return err;
	number = heads_next(&names->map.turn);
	staged->made = true;
	staged->name_cnt = names->map.table[number].name_cnt;
	staged->entry_cnt = names->map.table[number].entry_cnt;
	return 0;
}

int names_table_stage(struct names *names, bool whole)
{
	struct snapshots *snapshots = calloc(1, sizeof(*snapshots));
	uint8_t digest[NAME_DIGEST_BYTES];
	bool stays = false;
	int err = snapshots ? 0 : -ENOMEM;

	pthread_mutex_lock(&names->turn.lock);
	if (!err)
		err = snapshots_take(names->staged.next, snapshots);
	pthread_mutex_unlock(&names->turn.lock);
	if (!err)
		err = snapshots_digest(snapshots, digest);
	if (!err) {
		pthread_mutex_lock(&names->turn.lock);
		stays = !whole && table_stays(names, digest);
		pthread_mutex_unlock(&names->turn.lock);
	}
	if (!err && !stays)
		err = staged_make(names, snapshots, digest);
	if (snapshots)
		snapshots_free(snapshots);
	free(snapshots);
	if (err)
		staged_drop(names);
	return err;
}

/* --- in force --- */

static bool ruling_has(void *arg, uint64_t print)
{
	struct names *names = arg;
	const struct sek_name_keys *keys = &namemap_table(&names->map)->keys;

	for (size_t i = 0; i < names->ruling_cnt; i++) {
		const struct name_key *key = &names->rulings[i].key;

		if (name_key_print_of(keys, key) == print ||
		    (key->path_len && name_key_print_of_pages(keys, key) == print))
			return true;
	}
	return false;
}

/* The overlay of a table of before a restart: what was changed by hand since, the digest has not. */
static int overlay_adopt(struct names *names)
{
	const struct overlay_of of = { .names = names,
				       .contents = names->staged.next,
				       .tenants = &names->staged.tenants };
	int err = overlay_fill(&of, &names->changed);

	return err ? err : namemap_over_sift(&names->map, ruling_has, names);
}

int names_table_swap(struct names *names)
{
	int err;

	pthread_mutex_lock(&names->turn.lock);
	err = staged_finish(names);
	if (!err && !names->staged.made && !names->loaded)
		err = overlay_adopt(names);
	if (!err) {
		bool made = names->staged.made;

		if (made)
			namemap_swap(&names->map);
		staged_take(names);
		names->turn.renew = false;
		names->forgotten = false;
		pthread_mutex_unlock(&names->turn.lock);
		if (made) {
			names_changed(names);
			namemap_tidy(&names->map);
		}
		return 0;
	}
	pthread_mutex_unlock(&names->turn.lock);
	namemap_drop(&names->map);
	staged_drop(names);
	return err;
}

int names_table_renew(struct names *names)
{
	int err;

	if (!names_build_try(names))
		return 0;
	memcpy(names->staged.next, names->content, sizeof(names->content));
	err = name_tenants_copy(&names->staged.tenants, &names->tenants);
	if (err)
		staged_drop(names);
	else
		err = names_table_stage(names, true);
	if (!err)
		err = names_table_swap(names);
	names_build_end(names);
	return err;
}

/* --- a table and its policy --- */

void names_commit_begin(struct names *names)
{
	pthread_mutex_lock(&names->turn.lock);
	/* What was added by hand meanwhile and is not in the overlay, the next table has. */
	names->turn.renew = staged_finish(names) != 0;
	if (!names->staged.made && !names->loaded)
		names->turn.renew |= overlay_adopt(names) != 0;
}

void names_commit_end(struct names *names)
{
	if (names->staged.made)
		namemap_take(&names->map);
	staged_take(names);
	names->forgotten = false;
	names_turn(names, TURN_LEFT);
	pthread_mutex_unlock(&names->turn.lock);
}

void names_abort(struct names *names)
{
	pthread_mutex_lock(&names->turn.lock);
	for (size_t i = 0; i < SEK_NAME_LISTS_MAX; i++)
		if (names->staged.next[i] != names->content[i])
			name_content_free(names->staged.next[i]);
	staged_drop(names);
	names_turn(names, TURN_LEFT);
	pthread_mutex_unlock(&names->turn.lock);
}

int names_settle(struct names *names, struct diag *diag)
{
	bool renew;
	int err = 0;

	names_build_begin(names);
	pthread_mutex_lock(&names->turn.lock);
	renew = names->turn.renew;
	pthread_mutex_unlock(&names->turn.lock);
	names_build_end(names);
	if (renew)
		err = names_table_renew(names);
	return err ? names_table_failed(err, diag) : 0;
}

int names_table_failed(int err, struct diag *diag)
{
	diag_add(diag, DIAG_ERROR, NULL, 0, 0, "the former lists of names stay in force",
		 err == -E2BIG ? "the lists of names make more different combinations than a table can "
				 "number (%s)"
		 : err == -ENOSPC
			 ? "the lists of names and their changes are more than a gateway holds (%s)"
			 : "the lists of names cannot be put in force: %s",
		 strerror(-err));
	return err;
}
