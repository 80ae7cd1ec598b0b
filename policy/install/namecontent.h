/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One list of names as it is in force: what was published, and what was changed by hand on top. Used by
 * policy/install/names.c under its lock.
 */
#ifndef POLICY_INSTALL_NAMECONTENT_H
#define POLICY_INSTALL_NAMECONTENT_H

#include <time.h>

#include "model/model.h"
#include "names/table.h"

/* A name, or a name and a path, as lists have them, and what of it is meant. */
struct name_key {
	char text[SEK_NAME_BYTES + SEK_NAME_PATH_BYTES + 1]; /* host, then path; ended by 0 */
	uint8_t host_len;
	uint16_t path_len;
	uint8_t kind; /* enum name_kind */
};

/* Text as names_add() takes it. 0 or -EINVAL with words. */
int name_key_read(const char *text, struct name_key *ret_key, struct diag *diag);
/* The same the other way round; cap of sizeof(key->text) + 4 is enough. */
void name_key_print(const struct name_key *key, char *out, size_t cap);
bool name_key_same(const struct name_key *a, const struct name_key *b); /* but for what is meant */
uint64_t name_key_print_of(const struct sek_name_keys *keys, const struct name_key *key);
/* Of the mark that pages of its host are listed. */
uint64_t name_key_print_of_pages(const struct sek_name_keys *keys, const struct name_key *key);

/* A change by hand. */
struct name_change {
	struct name_key key;
	bool removed; /* published entries of this name do not count; else it was added */
	int64_t expires; /* seconds since 1970; 0: never */
	char *reason; /* owned, never NULL */
};

struct name_content {
	uint16_t id;
	bool allow;
	char *name, *title, *category, *source, *format, *url; /* all but name may be NULL */
	bool own_answers, public_suffixes, built_in; /* as in the policy */
	struct name_list published;
	uint8_t *skip; /* one byte for each published entry that does not count; NULL: all do */
	size_t skip_cnt;
	struct name_change *changes;
	size_t change_cnt;
	int64_t stamp_ns; /* of the source file when it was read; 0: there was none */
	int64_t loaded; /* seconds since 1970; 0: never */
	char *fresh; /* the text that is not in NAME.names yet; fresh_len bytes */
	size_t fresh_len;
	bool accepting; /* its next content takes its place however small or strange it is */
};

/* An empty list as the policy describes it; NULL when there is no memory. */
struct name_content *name_content_new(const struct model_name_list *model);
/* An empty list with the description of another. */
struct name_content *name_content_like(const struct name_content *other);
void name_content_free(struct name_content *content);

/* The one of this name, or NULL. */
struct name_content *name_content_named(struct name_content *const contents[SEK_NAME_LISTS_MAX],
					const char *name);

/* Entries that count. */
size_t name_content_cnt(const struct name_content *content);
size_t name_content_added(const struct name_content *content);

/* What the list says of exactly this name: self and below. */
struct name_holds {
	bool self, below;
};
struct name_holds name_content_holds(const struct name_content *content, const struct name_key *key);

/* The first published entry of exactly this name that counts and meets self or below; NULL: none. */
const struct name_entry *name_content_entry(const struct name_content *content,
					    const struct name_key *key, bool self);

/* The first published page of this host that counts, whatever the key's path is; NULL: none. */
const struct name_entry *name_content_page(const struct name_content *content,
					   const struct name_key *host);
/* Whether there is one, published or added by hand. */
bool name_content_has_pages(const struct name_content *content, const struct name_key *host);

/*
 * One change by hand, carried out in memory. 0; -EEXIST: it is there for ever already; -ENOENT: nothing to
 * delete; -ENOMEM.
 */
int name_content_add(struct name_content *content, const struct name_key *key, int64_t expires,
		     const char *reason);
int name_content_delete(struct name_content *content, const struct name_key *key, const char *reason);
/* An addition whose time is over goes, changes[at]. */
void name_content_expire(struct name_content *content, size_t at);

/* The same changes as another content has. 0 or -ENOMEM. */
int name_content_changes_copy(struct name_content *content, const struct name_content *from);

/* NAME.hand, a line for each change; a file that is not there is empty. What is over by now is left out. */
int name_content_hand_read(struct name_content *content, const char *path, int64_t now,
			   struct diag *diag);
int name_content_hand_write(const struct name_content *content, const char *path);

/*
 * What a table is made from, as it is now: the published ones with a copy of skip, those added by hand as
 * a list of their own. name_snapshot_free() ends both; the published list itself is the content's.
 */
struct name_snapshot {
	struct name_source sources[2];
	uint8_t *skip;
	struct name_list added;
};
int name_content_snapshot(const struct name_content *content, struct name_snapshot *ret_snapshot);
void name_snapshot_free(struct name_snapshot *snapshot);

#endif
