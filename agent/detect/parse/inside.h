/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of parse/ and the keywords share: the tables of many rules, the draft of one. Nobody else
 * includes it.
 */
#ifndef AGENT_DETECT_PARSE_INSIDE_H
#define AGENT_DETECT_PARSE_INSIDE_H

#include <stdio.h>

#include "detect/match.h"
#include "detect/parse/parse.h"

/* --- words.c: each word once, with a number from 1 --- */

struct words {
	const char **at; /* by number - 1; ended by a 0, which may be in it as well */
	uint32_t *lens;
	uint32_t *hashes;
	uint32_t *slots; /* numbers, by hash; 0: free */
	uint32_t cnt, cap, slot_cnt;
	struct word_block *blocks;
};

uint32_t words_find(const struct words *words, struct slice word); /* 0: it is not there */
uint32_t words_add(struct words *words, struct slice word); /* 0: no memory */
const char *words_at(const struct words *words, uint32_t number); /* NULL: there is none */
void words_free(struct words *words);

/* --- the tables of many rules --- */

struct rule_class {
	const char *msg;
	uint32_t priority;
};

struct parse {
	const struct config *config;
	struct diag *diag;
	struct ruleset_tally tally;
	struct words names[NAME_KINDS];
	struct words strings; /* of metadata, references, messages of classes */
	struct words keywords;
	const struct keyword **keyword; /* by number of keywords - 1 */
	struct words address_texts, port_texts;
	const struct variable *variables; /* that are asked before the settings */
	size_t variable_cnt;
	struct address_set *address_sets; /* by number of address_texts - 1 */
	struct port_set *port_sets;
	uint32_t address_cap, port_cap;
	struct words source_texts;
	struct source **sources; /* by number of source_texts - 1; number 0 is the payload */
	uint32_t source_cap;
	struct words class_names;
	struct rule_class *classes; /* by number of class_names - 1 */
	uint32_t class_cap;
	struct words reference_names;
	const char **reference_urls;
	uint32_t reference_cap;
	struct words buffer_words; /* all spellings of buffers.def */
	const struct buffer **buffers; /* by number of buffer_words - 1 */
	uint32_t buffer_cap;
	struct dataset *datasets; /* keyword/dataset.h */
	struct reputations *reputations; /* keyword/reputations.h; NULL: not read yet */
	struct countries *countries; /* keyword/countries.h; NULL: not read yet */
	struct words refusal_texts;
	struct refusal *refusals; /* by number of refusal_texts - 1, until they are sorted */
	uint32_t refusal_cap, sorted_cnt;
	struct refusal *sorted; /* the first sorted_cnt of them, in order */
	struct words rule_numbers; /* "gid:sid" */
	uint32_t *rule_at; /* by number of rule_numbers - 1: index of the signature + 1 */
	uint32_t rule_at_cap;
};

/* A text that lives as long as the parse; NULL: no memory. */
const char *parse_string(struct parse *parse, struct slice text);
/* Makes room in *table for number (from 1) of elements of size bytes; new ones are zeroed. */
int parse_room(void *table, uint32_t *cap, uint32_t number, size_t size);

/* --- the draft of one rule --- */

#define DRAFT_PARTS_MAX 64
#define DRAFT_VAR_MAX 64 /* characters */

struct draft_part {
	struct part part;
	uint32_t clause_cap;
};

struct draft {
	struct parse *parse;
	struct signature *signature;
	struct slice line; /* as it was given */
	const char *text; /* the same with continued lines made one, each character at its place */
	const char *file;
	uint32_t line_number;
	const struct keyword *keyword; /* that is being read */
	const char *keyword_at;

	uint32_t part_cnt;
	const struct source *source; /* the sticky buffer that was named last; NULL: payload */
	const char *source_at; /* where it was named */
	bool source_used;
	int32_t part_now; /* of source; -1: nothing was asked of it yet */
	enum part_absent absent;

	int32_t content_part, content_clause; /* of the last content; -1: none */
	uint32_t test_cap, act_cap, suppression_cap;
	uint32_t var_cnt; /* number 1 is vars[0] */
	const struct rule_class *class; /* the highest that was named */
	bool has_priority, has_msg, has_sid, has_rev, has_gid, has_threshold;
	bool requires_unmet; /* what it requires is not here: it is passed over */
	bool only_stream, no_stream, has_fast;
	bool wants_packet; /* by what it asks, payload is each packet's own */
	bool asks_stream_size, of_files;
	struct slice sent_by[SIDES]; /* a number that only this side sends; at NULL: none is asked */

	/* what follows is not cleared for each rule: its counts say what is there */
	struct draft_part parts[DRAFT_PARTS_MAX];
	char vars[MATCH_VARS_MAX][DRAFT_VAR_MAX];
};

/* Says what is wrong at a place of draft->text, and what would mend it (or NULL). Returns -EINVAL. */
int refuse(struct draft *draft, const char *at, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
int refuse_memory(struct draft *draft); /* -ENOMEM, with words */

/* --- draft.c --- */

/*
 * Behind what is there, in the buffer that was named last. arg is the draft's from then on, even on
 * failure.
 */
int draft_clause(struct draft *draft, const struct clause_ops *ops, void *arg);
/* The same in the part of another buffer, as the old modifiers ask; part is as draft_part() gave it. */
int draft_clause_in(struct draft *draft, uint32_t part, const struct clause_ops *ops, void *arg);
int draft_test(struct draft *draft, const struct test_ops *ops, void *arg);
int draft_act(struct draft *draft, const struct act_ops *ops, void *arg);
/* The part of a source, made when it is not there (or when each naming is one of its own). Or -errno. */
int draft_part(struct draft *draft, const struct source *source);
struct content *draft_content(struct draft *draft); /* the last one; NULL: none */
int draft_sticky(struct draft *draft, const struct source *source);
int draft_source_must(struct draft *draft); /* refuses a keyword that no buffer stands in front of */
/* What follows is of this source, made of the one that was named by a transform. */
void draft_source_is(struct draft *draft, const struct source *source);
/* Takes the last content out of the payload into the part of source. */
int draft_move_content(struct draft *draft, const struct source *source);
/* Only what is of these protocols (bits) can match from now on. */
int draft_of_apps(struct draft *draft, uint64_t apps, const char *at);
/* A variable of byte_extract and its kind: its number, 0: no such one (find), no room (add). */
uint8_t draft_var_find(const struct draft *draft, struct slice name);
uint8_t draft_var_add(struct draft *draft, struct slice name);
void draft_free(struct draft *draft);
/* For lines that are no rules: a draft that has the text and its place alone. NULL: no memory. */
struct draft *draft_of_text(struct parse *parse, struct slice text, const char *file,
			    uint32_t line_number);
void draft_of_text_free(struct draft *draft);
/* A file that a rule names: as it is, beside the file of the rule, in default-rule-path. NULL: errno. */
FILE *file_beside(const struct draft *draft, struct slice name);

/* --- finish.c --- */

/* It asks a number: who sends it is held against the rule's direction, and against all else it asks. */
void draft_asks_number(struct draft *draft, struct slice name, const struct source *source);
/* Refuses what asks of these protocols (bits) when the settings switch them all off: it would never match. */
int draft_apps_on(struct draft *draft, uint64_t apps, const char *at);
/* What follows from all keywords together: sides, layer, the pattern to look for first. */
int draft_finish(struct draft *draft);

/* --- never.c --- */

/* Refuses what can never match; contents get the letters of their buffers. */
int never_check(struct draft *draft);

/* --- header.c --- */

/* "alert tcp $HOME_NET any -> any 80", up to the parenthesis. */
int header_read(struct draft *draft, struct slice header);
int actions_find(struct slice word, enum rule_action *ret_action);

/* --- addresses.c, ports.c: the set's ranges are the parse's --- */

int addresses_read(struct draft *draft, struct slice text, struct address_set *ret_set);
int ports_read(struct draft *draft, struct slice text, struct port_set *ret_set);
/* What $NAME stands for; NULL: the settings have none. */
const char *variable_find(const struct parse *parse, const char *groups, struct slice name);

/* --- sources.c --- */

extern const struct source source_payload; /* what is asked when no buffer was named */
/* By any spelling; NULL and 0: it is no name of a buffer; -EINVAL: it is, and is not here. */
int source_find(struct draft *draft, struct slice name, const struct source **ret_source);
/* Fields of this name, numbers or the others, in all protocols that have one. */
bool source_of_fields(struct slice name, bool numbers, struct source *ret_source);
uint64_t source_apps(const struct source *source); /* bits of its protocols */
/*
 * The field that a keyword stands on, which its protocol in the house declares; the rule is of that
 * protocol.
 */
int source_of_keyword(struct draft *draft, const char *name, bool numbers, struct source *ret_source);
/* As the source with one transform more. arg is the draft's even on failure. */
int source_transformed(struct draft *draft, const struct source *source,
		       const struct transform_kind *kind, void *arg, struct slice text,
		       const struct source **ret_source);
/* The source that is kept under this name, or what is to be kept under it. */
int source_made(struct draft *draft, struct slice name, const struct source *what,
		const struct source **ret_source);
/* The protocol that has a number of this name, of those that may not be read yet; NULL: none. */
const char *number_proto(struct slice word);
/* The largest that a protocol can say in the number of this name. */
uint64_t number_max(struct slice word);
/* Is it a word of the old manner, behind the content that it is about: content:"x"; http_uri. */
bool source_is_modifier(const struct parse *parse, struct slice word);
int sources_new(struct parse *parse);
void sources_free(struct parse *parse);

/* --- apps.c --- */

/* Bits of the protocols that a word of a header means; 0: known, and not in the house (ret_known). */
uint64_t apps_find(struct slice word, bool *ret_known);

/* --- classes.c --- */

int classes_read(struct parse *parse);

/* --- values.c: pieces of a keyword's value --- */

struct slice slice_trim(struct slice text);
/* The next piece before separator, trimmed; *rest goes on behind it. false: nothing is left. */
bool slice_next(struct slice *rest, char separator, struct slice *ret_piece);
bool slice_same(struct slice text, const char *word); /* letters alike in both cases */
bool slice_starts(struct slice text, const char *prefix);
/* "!" in front, then quotes taken off if there are some. */
struct slice value_plain(struct slice value, bool *ret_negated);
/* As value_plain(), where quotes must be. */
int value_quoted(struct draft *draft, struct slice value, struct slice *ret_inner, bool *ret_negated);
char *slice_copy(struct slice text); /* ended by a 0; NULL: no memory */
/* Decimal, or 0x and hexadecimal, all of the text. */
bool number_parse(struct slice text, uint64_t max, uint64_t *ret_number);
bool signed_parse(struct slice text, int64_t *ret_number);

/* --- number.c: "10", "!10", ">10", "<=10", "10<>20", "10-20", "&0x0f" --- */

struct number_condition {
	enum {
		NUMBER_IS,
		NUMBER_IS_NOT,
		NUMBER_BELOW,
		NUMBER_TO,
		NUMBER_ABOVE,
		NUMBER_FROM,
		NUMBER_BETWEEN,
		NUMBER_OUTSIDE,
		NUMBER_MASK,
		NUMBER_NOT_MASK
	} kind;
	uint64_t a, b;
};

/* A condition that no number up to max meets is refused as well. */
int number_condition_read(struct draft *draft, struct slice text, uint64_t max,
			  struct number_condition *ret_condition);
/* The same of a text that is no piece of the rule; at is its place there. */
int number_condition_of(struct draft *draft, const char *at, struct slice text, uint64_t max,
			struct number_condition *ret_condition);
/* The same where both ends of a range lie in it. */
int number_condition_with_ends(struct draft *draft, const char *at, struct slice text, uint64_t max,
			       struct number_condition *ret_condition);
bool number_holds(const struct number_condition *condition, uint64_t number);
uint64_t number_most(const struct number_condition *condition); /* the largest that holds */

/* --- contents.c --- */

/* "abc|0d 0a|\;" as bytes; the caller frees *ret_bytes. */
int content_bytes(struct draft *draft, struct slice text, uint8_t **ret_bytes, size_t *ret_len);

/* --- keywords --- */

enum keyword_value { VALUE_NEVER, VALUE_ALWAYS, VALUE_MAYBE };

struct keyword {
	const char *word;
	const char *also; /* an older spelling, or NULL */
	enum keyword_value value;
	int (*read)(struct draft *draft, struct slice value); /* 0, or -errno after refuse() */
	const void *arg; /* where some keywords share one read: draft->keyword->arg */
	const char *says; /* one line for the manual */
};

int keywords_new(struct parse *parse);
extern const struct keyword keyword_of_field; /* stands for the names of buffers and numbers of protocols */
/* "mqtt.qos:1". -ENOENT: no protocol has a number of this name. */
int number_field_read(struct draft *draft, struct slice word, struct slice value);
const struct keyword *keyword_find(const struct parse *parse, struct slice word);
/* The nearest word that would be one; NULL: none is near. */
const char *keyword_near(const struct parse *parse, struct slice word);

#endif
