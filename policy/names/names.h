/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of names and URLs: published formats to entries that all look alike, pure. The table for the
 * kernel is made of them (policy/names/table.h); installing it is policy/install.
 */
#ifndef POLICY_NAMES_NAMES_H
#define POLICY_NAMES_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sekisho/name.h"
#include "text/diag.h"

#define NAME_ENTRIES_MAX (16U << 20)

enum name_kind {
	NAME_SELF = 1, /* the name alone */
	NAME_BELOW = 2, /* all names below it */
	NAME_SUFFIX = 3, /* both */
	NAME_URL_EXACT = 4, /* this target; with any query behind it where the entry has none */
	NAME_URL_PREFIX = 5, /* the path ends in '/': it and all that begins with it */
};

/*
 * Hosts are in lower case, A-labels, without a last dot; addresses in URLs as 192.0.2.1 or [2001:db8::1].
 * Paths begin with '/' and are as url_normalise() makes them.
 */
struct name_entry {
	uint32_t at; /* of the host in name_list.text; the path stands right behind it */
	uint32_t line; /* that says so first */
	uint16_t path_len; /* 0 but of URLs; at most SEK_NAME_PATH_BYTES */
	uint16_t answer; /* of SEK_NAME_LOCAL: number in name_list.answers, from 1; 0: none */
	uint8_t host_len; /* at most SEK_NAME_BYTES */
	uint8_t kind; /* enum name_kind */
	uint8_t how; /* enum sek_name_how; never SEK_NAME_SPARE: that is allow */
	bool allow : 1; /* an exception: @@||name^, rpz-passthru */
	bool important : 1; /* says $important, and has beaten what it beats: policy/names/merge.c */
	bool later_self : 1; /* of two lines the later one says the name itself, not what is below it */
	uint8_t later : 5; /* so many lines behind the first; 0: one line says all of it */
};
#define NAME_LATER_MAX 31

/* The line that says it of the name itself, or of what is below it; of two far apart the first. */
static inline uint32_t name_entry_line(const struct name_entry *entry, bool self)
{
	return entry->line + (entry->later_self == self ? entry->later : 0);
}

/* Matched by the agent, without regard to case: against a name, and against scheme://host/target. */
struct name_regex {
	uint32_t at; /* in name_list.text */
	uint32_t len;
	uint32_t line;
	bool allow;
};

enum name_skip {
#define NAME_SKIP(id, class, what) NAME_SKIP_##id,
#include "names/skips.def"
#undef NAME_SKIP
	NAME_SKIP_CNT
};

enum name_skip_class {
	NAME_SKIP_CLASS_design,
	NAME_SKIP_CLASS_unserved,
	NAME_SKIP_CLASS_held,
	NAME_SKIP_CLASS_bad
};

struct name_skipped {
	uint32_t line;
	uint8_t skip; /* enum name_skip */
};

struct name_list {
	const char *format; /* that it was read as */
	struct name_entry *entries; /* in the order of the list, each once */
	size_t cnt;
	char *text; /* NAME_TEXT_PAD bytes of 0 before the first host and behind the last byte */
	size_t text_len;
	struct sek_name_answer *answers; /* number - 1 */
	size_t answer_cnt;
	struct name_regex *regexes;
	size_t regex_cnt;
	struct name_skipped *skips; /* in the order of the list */
	size_t skip_cnt, skip_cnts[NAME_SKIP_CNT];
	size_t line_cnt, duplicate_cnt;
	size_t port_cnt; /* URLs whose port was left away */
};
#define NAME_TEXT_PAD 64

struct name_read_options {
	const char *format; /* of formats.def; NULL: found out */
	const char *suffix_file; /* public suffixes; NULL: the system's */
	bool allow; /* of an allow list: an exception of its format is what it lists, as all the rest is */
	bool public_suffixes; /* entries that are public suffixes are taken, not held */
	bool own_answers; /* addresses that the list gives are answered; false: such lines are left
			   * out, so that a list from elsewhere leads nobody anywhere */
	unsigned int thread_cnt; /* 0: as many as there are CPUs */
};

/*
 * Reads a list as published, packed by gzip or not. A line that is not taken is told in diag (the first
 * ones, then counts by reason) and kept in skips; it does not end the reading. 0, or -errno with words in
 * diag: no such file, no such format, -EBADMSG when it is no list of any kind, -ENODATA when nothing in it
 * can be taken. options NULL: all 0.
 */
int name_list_read(const char *path, const struct name_read_options *options,
		   struct name_list *ret_list, struct diag *diag);
int name_list_parse(const char *text, size_t len, const char *name,
		    const struct name_read_options *options, struct name_list *ret_list,
		    struct diag *diag);
void name_list_free(struct name_list *list);

/*
 * May `after` take the place of `before`? Not when it is empty (-ENODATA), is mostly not understood
 * (-EBADMSG) or has suddenly less than half (-ERANGE): words are in diag, and the former stays. before
 * NULL or empty: there was none. Single entries that would do harm are left out by the reader, whatever
 * the list.
 */
int name_list_may_replace(const struct name_list *before, const struct name_list *after,
			  const char *name, struct diag *diag);

static inline const char *name_host(const struct name_list *list, const struct name_entry *entry)
{
	return list->text + entry->at;
}

static inline const char *name_path(const struct name_list *list, const struct name_entry *entry)
{
	return list->text + entry->at + entry->host_len;
}

static inline bool name_is_url(const struct name_entry *entry)
{
	return entry->kind >= NAME_URL_EXACT;
}

const char *name_skip_text(enum name_skip skip);
enum name_skip_class name_skip_class(enum name_skip skip);

/* Names that get no address when they are blocked, lower case (canaries.def); ended by NULL. */
extern const char *const name_canaries[];
bool name_is_canary(const char *host, size_t len);
/* All of them as a list that blocks them, each alone. 0 or -errno. */
int name_list_canaries(struct name_list *ret_list);

/* The names of formats, for words and manuals: number of them, and the nth's name and what it is. */
size_t name_format_cnt(void);
const char *name_format(size_t n, const char **ret_what);

#endif
