/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The language of rules: text in, signatures out. What many rules share (addresses of variables, buffers,
 * names of bits, classes) is kept once, in a struct parse, which lives as long as what came of it.
 */
#ifndef AGENT_DETECT_PARSE_PARSE_H
#define AGENT_DETECT_PARSE_PARSE_H

#include "base/config.h"
#include "detect/signature.h"

struct parse;

/* What a name is of; numbers of each begin at 1. A bit of a host is one, whether xbits or hostbits
 * names it. */
enum name_kind { NAME_FLOWBIT, NAME_FLOWINT, NAME_HOSTBIT, NAME_VAR, NAME_KINDS };

/*
 * Reads variables, classes, references as the settings say; config NULL: as Suricata comes. config and diag
 * must outlive it. Returns 0 or -ENOMEM.
 */
int parse_new(const struct config *config, struct diag *diag, struct parse **ret_parse);
void parse_free(struct parse *parse);

/*
 * Names get the numbers that they have there; before the first rule is read. Returns 0 or -ENOMEM.
 */
int parse_follow(struct parse *parse, const struct parse *before);
/* What rules have put into sets, or taken out, goes over; of sets that both have alike. */
void parse_take(struct parse *parse, struct parse *from);

/*
 * One rule, with continued lines as they are ("\\\n"), without the newline at its end. NULL and 0: nothing
 * to take (blank, a comment, what it requires is not here). -EINVAL: refused, with words in diag.
 */
int signature_parse(struct parse *parse, struct slice line, const char *file, uint32_t line_number,
		    struct signature **ret_signature);

struct signatures {
	struct signature **at; /* owned */
	size_t cnt, cap;
};

/*
 * All rules of a file, behind those that are there. Of one gid and sid the higher revision stays.
 * Returns 0, or -errno where the file could not be read, with words in diag; rules that were
 * refused are no failure.
 */
int parse_file(struct parse *parse, const char *path, struct signatures *signatures);
/* threshold.config: to the signatures that it names. path NULL: as the settings say, if they do. */
int parse_thresholds(struct parse *parse, const char *path, struct signatures *signatures);
void signatures_free(struct signatures *signatures);

/* Why rules were refused, each reason once, the most frequent first. */
struct refusal {
	const char *says;
	uint32_t cnt;
};
/* Reason number i, as of the last rule that was read. false: there are not so many. */
bool parse_refusal(struct parse *parse, size_t i, struct refusal *ret_refusal);

/* The text of a set of addresses, by the number that it has; it may have variables. */
const char *parse_address_text(const struct parse *parse, uint32_t text);

struct variable {
	const char *name;
	char *value; /* as a rule would say it */
};
/*
 * The same set with other values of some variables; the caller frees its range. Returns 0, -ENOMEM, or
 * -EINVAL: no address is left.
 */
int parse_address_set(struct parse *parse, uint32_t text, const struct variable *variables,
		      size_t variable_cnt, struct address_set *ret_set);

struct ruleset_tally parse_tally(const struct parse *parse);
size_t parse_source_cnt(const struct parse *parse);
const struct source *parse_source(const struct parse *parse, size_t number);
/* By number; NULL: there is none. */
const char *parse_name(const struct parse *parse, enum name_kind kind, uint32_t number);
uint32_t parse_name_cnt(const struct parse *parse, enum name_kind kind);

#endif
