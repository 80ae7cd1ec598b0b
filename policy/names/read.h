/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the readers of formats share: lines, and one place where entries and what is left out go. Used by
 * read.c and by one file for each format.
 */
#ifndef POLICY_NAMES_READ_H
#define POLICY_NAMES_READ_H

#include "lists/read.h"
#include "names/merge.h"
#include "names/names.h"
#include "names/suffix.h"

#define NAME_TOLD_MAX 20
#define NAME_TOLD_BYTES 60

/* One part of a list, read by one thread. */
struct name_reader {
	struct text rest; /* what is not read yet */
	uint32_t line; /* number of the last line given out, in this part */
	bool takes_back; /* it has rules that take others back: entries of SEK_NAME_SPARE until merged */
	bool ranks; /* it has rules that are important */
	bool headed; /* the list says in its first line that it is written for browsers */
	const struct name_read_options *options;
	const struct name_suffixes *suffixes; /* NULL: not asked */
	struct name_seed seed;
	struct name_list list;
	uint64_t *hashes; /* of list.entries */
	size_t entry_cap, text_cap, answer_cap, regex_cap, skip_cap;
	struct {
		size_t skip; /* which of list.skips */
		char what[NAME_TOLD_BYTES + 1];
	} told[NAME_TOLD_MAX]; /* the first that are told each by itself */
	size_t told_cnt;
	int err; /* -ENOMEM, -E2BIG */
};

/* How a name is taken. */
struct name_as {
	enum name_kind kind;
	enum sek_name_how how;
	bool allow, important;
	uint16_t answer;
};

/* The next line, blanks around taken off; false at the end of the part. */
bool name_line(struct name_reader *reader, struct text *ret_line);

/* The same without comments (# ; ! // at the start or behind a blank) and empty lines. */
bool name_line_entry(struct name_reader *reader, struct text *ret_line);

/* Takes the next line if it is head, a plain name and tail, quickly; else takes nothing. */
bool name_line_bare(struct name_reader *reader, const char *head, const char *tail,
		    const struct name_as *as);

/* Takes a name in any spelling, or tells why not. */
void name_take(struct name_reader *reader, struct text name, const struct name_as *as);

/*
 * Takes a URL; one without a scheme is a page of a category: with what is below it, and www. before it. Its
 * kind is found out; NULL: it blocks.
 */
void name_take_url(struct name_reader *reader, struct text url, const struct name_as *as);

void name_take_regex(struct name_reader *reader, struct text regex, bool allow);

/* A name's own addresses; gives its number, or 0: not wanted, or no room. */
uint16_t name_take_answer(struct name_reader *reader, const struct sek_name_answer *answer);

/*
 * Of two entries of one name in a part, what the second says is said by the first from now on. Its line is
 * kept where it stands near behind; else the first one's has to do for both.
 */
static inline void name_entry_join(struct name_entry *first, const struct name_entry *second)
{
	uint32_t later = second->line - first->line;

	if (!first->later && later <= NAME_LATER_MAX && (second->kind & ~first->kind)) {
		first->later_self = !(first->kind & NAME_SELF);
		first->later = later & NAME_LATER_MAX;
	}
	first->kind |= second->kind;
}

/* Leaves something out. */
void name_skip(struct name_reader *reader, enum name_skip skip, struct text what);

bool text_is(struct text text, const char *word);
bool text_starts(struct text text, const char *word);

/* The text behind its first cnt bytes. */
static inline struct text text_from(struct text text, size_t cnt)
{
	return (struct text){ text.at + cnt, text.len - cnt };
}

/* An address that stands for none: 0.0.0.0, 127.0.0.0/8, ::, ::1. */
bool text_is_nowhere(struct text word);

/* Whether a hosts file names the machine itself by it. */
bool name_is_local(const char *name, size_t len);

/* Lines that are at home in several formats. */
struct text line_before_hash(struct text line);
void hosts_line(struct name_reader *reader, struct text line);
void domains_line(struct name_reader *reader, struct text line);
void adblock_line(struct name_reader *reader, struct text line);

/* How a name is taken that a list leads to an address: with that answer where the list may give some. */
struct name_as name_as_address(struct name_reader *reader, struct text address, enum name_kind kind);

#define NAME_FORMAT(name, split, what)                                                             \
	void name_read_##name(struct name_reader *reader);                                         \
	unsigned int name_looks_##name(struct text line);
#include "names/formats.def"
#undef NAME_FORMAT

#endif
