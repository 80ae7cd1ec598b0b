/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transactions of a flow through all rules, of the side whose packet it is. Called by detect.c.
 * A field is asked when its step is reached, what grows is asked as it grows; what was met is
 * remembered, so that nothing is asked twice and a rule matches once for a side of a transaction,
 * or once for each file.
 */
#include <errno.h>

#include "detect/asking.h"
#include "detect/costs.h"
#include "detect/txrules.h"
#include "file/file.h"

enum says {
	SAYS_NO, /* and never will */
	SAYS_YET, /* it may still */
	SAYS_YES,
};

struct asking {
	struct detect *detect;
	struct tx *tx;
	struct detect_tx *state;
	enum proto_id proto_id;
	enum side side;
	bool is_complete; /* nothing more comes of this side */
};

/* --- a part --- */

static bool clauses_ask(struct asking *a, const struct part *part, struct slice bytes,
			uint64_t from, bool ends, uint32_t index)
{
	struct match *match = &a->detect->match;

	if (!buffer_transform(a->detect, part->source, a->side, index, &bytes))
		return false;
	match->buffer = bytes;
	match->buffer_from = part->source->transform_cnt ? 0 : from;
	match->is_begin = from == 0;
	match->is_end = ends;
	return match_clauses(match, part->clauses, part->clause_cnt, 0);
}

static enum says absent_says(const struct part *part, bool is_over)
{
	if (part->absent != PART_THERE)
		return is_over ? SAYS_YES : SAYS_YET;
	return is_over ? SAYS_NO : SAYS_YET;
}

static enum says field_ask(struct asking *a, const struct part *part)
{
	const struct field *field = source_field(part->source, a->proto_id);
	uint8_t progress = a->tx->progress[a->side];
	bool grows, is_over, any = false;
	struct slice bytes;
	uint64_t from = 0;

	if (!field || !field->sides[a->side] || field->kind == FIELD_NUMBER)
		return field ? SAYS_NO : absent_says(part, true);
	grows = field->kind == FIELD_BODY;
	is_over = a->is_complete || progress > field->step[a->side];
	if (!grows && progress < field->step[a->side] && !a->is_complete)
		return SAYS_YET;
	for (uint32_t i = 0; field->bytes(a->tx, a->side, i, &bytes, &from); i++) {
		any = true;
		if (part->absent == PART_ABSENT)
			return SAYS_NO;
		if (clauses_ask(a, part, bytes, grows ? from : 0,
				!grows || a->is_complete || progress >= field->step[a->side], i))
			return SAYS_YES;
		if (field->kind != FIELD_LIST)
			break;
		from = 0;
	}
	if (any)
		return is_over ? SAYS_NO : SAYS_YET;
	return absent_says(part, is_over);
}

static enum says files_ask(struct asking *a, const struct part *part)
{
	uint32_t index = 0;

	for (struct file *file = a->tx->files; file; file = file->next, index++) {
		struct slice bytes = slice(file->window, file->window_len);
		uint64_t from = file->window_from;
		bool ends = file->state != FILE_OPENED;

		if (file->side != a->side)
			continue;
		if (part->source->kind == SOURCE_FILE_NUMBER_OR_NAME) {
			from = 0;
			if (!part->source->file(file, &bytes))
				continue;
			ends = true;
		}
		if (clauses_ask(a, part, bytes, from, ends, index))
			return SAYS_YES;
	}
	return a->is_complete ? SAYS_NO : SAYS_YET;
}

static enum says part_ask(struct asking *a, const struct part *part)
{
	switch (part->source->kind) {
	case SOURCE_FIELD:
		return field_ask(a, part);
	case SOURCE_FILE:
	case SOURCE_FILE_NUMBER_OR_NAME:
		return files_ask(a, part);
	case SOURCE_BASE64:
		return clauses_ask(a, part, a->detect->match.base64, 0, true, 0) ? SAYS_YES : SAYS_NO;
	default:
		return SAYS_YES; /* of the packet: asked with them */
	}
}

/* --- a rule --- */

/* Where nothing else is asked, what is to be stored must be there. */
static bool has_file_tests(const struct signature *s)
{
	for (uint32_t i = 0; i < s->test_cnt; i++) {
		if (s->tests[i].ops->of_file)
			return true;
	}
	return s->rule.stores_file && !s->part_cnt;
}

static bool file_meets(struct asking *a, const struct signature *s, struct file *file)
{
	struct match *match = &a->detect->match;

	match->file = file;
	for (uint32_t i = 0; i < s->test_cnt; i++) {
		const struct test *test = &s->tests[i];

		if (test->ops->of_file && !test->ops->ask(test->arg, match))
			return false;
	}
	return true;
}

/* One file meets all that is asked of files; those before the skip-th were told of. */
static enum says file_tests_ask(struct asking *a, const struct signature *s, uint16_t skip)
{
	uint16_t index = 0;

	for (struct file *file = a->tx->files; file; file = file->next) {
		if (file->side != a->side || index++ < skip)
			continue;
		if (file_meets(a, s, file))
			return SAYS_YES;
	}
	a->detect->match.file = NULL;
	return a->is_complete ? SAYS_NO : SAYS_YET;
}

static uint16_t files_count(const struct tx *tx, enum side side)
{
	uint16_t cnt = 0;

	for (const struct file *file = tx->files; file; file = file->next)
		cnt += file->side == side;
	return cnt;
}

static bool asks_files(const struct signature *s)
{
	for (uint32_t i = 0; i < s->part_cnt; i++) {
		if (s->parts[i].source->kind == SOURCE_FILE ||
		    s->parts[i].source->kind == SOURCE_FILE_NUMBER_OR_NAME)
			return true;
	}
	return has_file_tests(s);
}

static uint32_t part_bit(uint32_t part)
{
	return part < 32 ? 1U << part : 0;
}

static enum says parts_ask(struct asking *a, const struct signature *s, uint32_t *held)
{
	enum says worst = SAYS_YES;

	for (uint32_t at = 0; at < s->part_cnt; at++) {
		/* what a pattern was found for is asked first: most rules end there */
		uint32_t i = s->fast_part <= 0		    ? at
			     : at == 0			    ? (uint32_t)s->fast_part
			     : at <= (uint32_t)s->fast_part ? at - 1
							    : at;
		enum says says;

		if (*held & part_bit(i))
			continue;
		says = part_ask(a, &s->parts[i]);
		if (says == SAYS_NO)
			return SAYS_NO;
		if (says == SAYS_YES)
			*held |= part_bit(i);
		else
			worst = SAYS_YET;
	}
	return worst;
}

static bool hook_is_reached(const struct asking *a, const struct signature *s)
{
	int step = s->hook_step[a->side];

	if (s->hook_step[FROM_CLIENT] < 0 && s->hook_step[FROM_SERVER] < 0)
		return true;
	return step >= 0 && (a->is_complete || a->tx->progress[a->side] >= step);
}

/* What is asked of the packet when a rule is first asked of a transaction. */
static enum says begin_ask(struct asking *a, const struct asked *asked)
{
	const struct signature *s = asked->signature;
	int hook = s->hook_step[a->side];

	if (!(asked->sides >> a->side & 1))
		return SAYS_NO;
	if (hook < 0 && s->hook_step[other_side(a->side)] >= 0)
		return SAYS_NO;
	if (!hook_is_reached(a, s))
		return SAYS_YET;
	if (!rule_header_holds(a->detect, asked) || !rule_tests_hold(s, &a->detect->match, false))
		return SAYS_NO;
	return SAYS_YES;
}

static enum says tx_ask(struct asking *a, const struct asked *asked, struct tx_rule *rule)
{
	const struct signature *s = asked->signature;
	enum says says = parts_ask(a, s, &rule->held);

	if (says == SAYS_NO)
		return says;
	if (!rule->payload_held)
		rule->payload_held = rule_payload_holds(a->detect, asked, &rule->in_stream);
	if (says == SAYS_YET || !rule->payload_held)
		return a->is_complete ? SAYS_NO : SAYS_YET;
	if (!rule_tests_hold(s, &a->detect->match, true))
		return a->is_complete ? SAYS_NO : SAYS_YET;
	return has_file_tests(s) ? file_tests_ask(a, s, rule->file_cnt) : SAYS_YES;
}

/* A rule that matched is asked again only where another file came. */
static bool is_done(const struct asking *a, const struct signature *s, struct tx_rule *rule)
{
	if (!rule->is_done)
		return false;
	if (!asks_files(s) || files_count(a->tx, a->side) <= rule->file_cnt)
		return true;
	rule->is_done = false;
	for (uint32_t i = 0; i < s->part_cnt; i++) {
		if (s->parts[i].source->kind != SOURCE_FIELD)
			rule->held &= ~part_bit(i);
	}
	return false;
}

/* Rules that a pattern found are kept while they are undecided; the others come again by themselves. */
static void rule_ask(struct asking *a, uint32_t number)
{
	struct detect *detect = a->detect;
	const struct asked *asked = &detect->ruleset->asked[number];
	struct tx_rule *kept = tx_rule_find(a->state, number), rule = { .number = number };
	bool was_found = asked->traits & TRAIT_PATTERN;
	const struct signature *s = asked->signature;
	enum says says;

	if (!kept && (!(asked->sides >> a->side & 1) || !rule_first_look(asked, &detect->match)))
		return; /* most rules that share a pattern fall here, by one line of memory */
	if (kept && is_done(a, s, kept))
		return;
	if (kept)
		rule = *kept;
	rule_begin(detect, s, a->tx);
	if (!rule.was_first_asked) {
		says = begin_ask(a, asked);
		if (says == SAYS_NO)
			goto forget;
		if (says == SAYS_YET) {
			if (was_found && !kept)
				tx_rule_keep(a->state, &rule, &detect->tally.memory_short);
			return;
		}
		rule.was_first_asked = true;
	}
	says = tx_ask(a, asked, &rule);
	if (says == SAYS_NO)
		goto forget;
	if (says == SAYS_YES) {
		rule.is_done = true;
		rule.file_cnt = files_count(a->tx, a->side);
		rule_found(detect, s, rule.in_stream);
	}
	if (kept)
		*kept = rule;
	else if (says == SAYS_YES || was_found || rule.held || rule.in_stream)
		tx_rule_keep(a->state, &rule, &detect->tally.memory_short);
	return;
forget:
	if (kept)
		tx_rule_drop(a->state, kept);
}

/* --- collecting --- */

static void tx_found_add(void *arg, uint32_t number)
{
	struct detect *detect = arg;

	numbers_add(&detect->scratch->of_tx, number);
	detect->tx_found_any = true;
}

static void bytes_look(struct asking *a, const struct look *look, struct slice bytes, uint64_t from,
		       uint32_t index)
{
	if (!bytes.len || !buffer_transform(a->detect, look->source, a->side, index, &bytes))
		return;
	if (look->patterns)
		patterns_find(look->patterns, a->detect->scratch->hyperscan, bytes, from,
			      tx_found_add, a->detect);
	if (look->ends)
		ends_find(look->ends, bytes, tx_found_add, a->detect);
}

/* Only what is new, and as much before it as a pattern that ends in it can have begun in. */
static void growing_look(struct asking *a, const struct look *look, struct slice bytes,
			 uint64_t from, uint16_t which)
{
	uint64_t *to = tx_body(a->state, which), end = from + bytes.len;

	if (to && end <= *to)
		return;
	if (to && !look->source->transform_cnt) {
		uint64_t overlap = patterns_len_max(look->patterns) - 1;
		uint64_t begin = *to > overlap ? *to - overlap : 0;

		if (begin > from) {
			bytes = slice_behind(bytes, begin - from);
			from = begin;
		}
	}
	if (to)
		*to = end;
	bytes_look(a, look, bytes, from, UINT32_MAX);
}

static bool step_is_looked(const struct asking *a, uint8_t step)
{
	return step < 64 && a->state->scanned_steps >> step & 1;
}

static void field_look(struct asking *a, const struct look *look)
{
	const struct field *field = look->field;
	struct slice bytes;
	uint64_t from = 0;

	if (look->grows) {
		if (field->bytes(a->tx, a->side, 0, &bytes, &from))
			growing_look(a, look, bytes, from, look->source->number);
		return;
	}
	for (uint32_t i = 0; field->bytes(a->tx, a->side, i, &bytes, &from); i++) {
		bytes_look(a, look, bytes, 0, i);
		if (field->kind != FIELD_LIST)
			break;
	}
}

static void files_look(struct asking *a, const struct look *look)
{
	const struct source *source = look->source;
	uint32_t index = 0;

	for (struct file *file = a->tx->files; file; file = file->next, index++) {
		struct slice bytes = slice(file->window, file->window_len);

		if (file->side != a->side)
			continue;
		if (source->kind == SOURCE_FILE)
			growing_look(a, look, bytes, file->window_from,
				     (uint16_t)(source->number + (index << 12)));
		else if (source->file(file, &bytes))
			bytes_look(a, look, bytes, 0, index);
	}
}

static void fields_look(struct asking *a)
{
	const struct proto_scans *scans = &a->detect->ruleset->protos[a->proto_id];
	uint8_t progress = a->tx->progress[a->side];

	for (uint32_t i = 0; i < scans->look_cnt[a->side]; i++) {
		const struct look *look = &scans->looks[a->side][i];

		if (!look->field) {
			if (a->tx->files)
				files_look(a, look);
		} else if (look->grows || ((progress >= look->step || a->is_complete) &&
					   !step_is_looked(a, look->step))) {
			field_look(a, look);
		}
	}
	a->state->scanned_steps |= a->is_complete || progress >= 63 ? UINT64_MAX
								    : (2ULL << progress) - 1;
}

static void numbers_of_list(struct asking *a, const struct rule_list *list)
{
	for (uint32_t i = 0; i < list->cnt; i++)
		tx_found_add(a->detect, list->numbers[i]);
}

/* --- a transaction --- */

static bool any_event(const struct asking *a)
{
	return a->tx->event_cnt || a->tx->session->event_cnt;
}

static void collect(struct asking *a)
{
	struct detect *detect = a->detect;
	const struct proto_scans *scans = &detect->ruleset->protos[a->proto_id];

	detect->tx_found_any = false;
	fields_look(a);
	numbers_of_list(a, &scans->plain[a->side]);
	if (any_event(a))
		numbers_of_list(a, &scans->events[a->side]);
	for (uint32_t i = 0; i < a->state->rule_cnt; i++)
		tx_found_add(detect, a->state->rules[i].number);
	if (detect->payload_found_any) {
		numbers_join(&detect->scratch->of_tx, &detect->scratch->of_payload);
		detect->tx_found_any = true;
	}
}

static void one_ask(struct asking *a)
{
	struct detect *detect = a->detect;
	uint32_t at = 0, number;

	detect->pass++;
	room_empty(&detect->pass_room);
	collect(a);
	detect->match.tx = a->tx;
	while (detect->tx_found_any && numbers_take(&detect->scratch->of_tx, &at, &number)) {
		uint64_t begin = costs_begin(detect);

		rule_ask(a, number);
		costs_end(detect, number, begin);
	}
	detect->match.tx = NULL;
	if (a->is_complete)
		tx_rules_end(a->state);
}

/* What only one side sends is asked of that side alone. */
static bool is_asked(const struct tx *tx, enum side side)
{
	return !tx->no_inspect && !(tx->one_sided && tx->side != side);
}

/* Those that are done, from the first on, are looked at no more. */
static void inspected_advance(struct session *session, enum side side)
{
	for (const struct tx *tx = session->first; tx; tx = tx->next) {
		if (tx->id < session->inspected[side])
			continue;
		if (is_asked(tx, side) && !(tx->detect[side] && tx->detect[side]->is_done))
			return;
		session->inspected[side] = tx->id + 1;
	}
}

void transactions_ask(struct detect *detect, struct packet *packet)
{
	struct session *session = &packet->flow->session;
	struct asking asking = { .detect = detect, .side = packet->side };

	for (struct tx *tx = session->first; tx; tx = tx->next) {
		if (tx->id < session->inspected[packet->side] || !is_asked(tx, packet->side) ||
		    tx->waits)
			continue;
		asking.tx = tx;
		asking.proto_id = tx->proto;
		asking.state = tx_state(detect->ruleset, tx, packet->side);
		if (!asking.state) {
			detect->tally.memory_short++;
			continue;
		}
		if (asking.state->is_done)
			continue;
		asking.is_complete = tx_is_complete(tx, packet->side);
		one_ask(&asking);
		asking.state->is_done = asking.is_complete;
	}
	inspected_advance(session, packet->side);
}

void transactions_skip(struct packet *packet)
{
	struct session *session = &packet->flow->session;

	for (const struct tx *tx = session->first; tx; tx = tx->next) {
		if (tx->id >= session->inspected[packet->side])
			session->inspected[packet->side] = tx->id + 1;
	}
}
