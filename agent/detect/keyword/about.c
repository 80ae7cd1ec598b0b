// SPDX-License-Identifier: Apache-2.0
/*
 * What a rule tells of itself: number, message, class, references. Nothing here is asked of traffic.
 */
#include <stdlib.h>

#include "detect/parse/inside.h"

static int once(struct draft *draft, bool *seen)
{
	if (*seen)
		return refuse(draft, draft->keyword_at, "leave one of them out", "%s is said twice",
			      draft->keyword->word);
	*seen = true;
	return 0;
}

static int number_once(struct draft *draft, struct slice value, bool *seen, uint32_t *ret_number)
{
	struct slice text = value_plain(value, NULL);
	uint64_t number;
	int err = once(draft, seen);

	if (err)
		return err;
	if (!number_parse(text, UINT32_MAX, &number))
		return refuse(draft, (const char *)value.at, "a number from 0 to 4294967295",
			      "%s: \"%.*s\" is no number", draft->keyword->word, (int)value.len,
			      value.at);
	*ret_number = (uint32_t)number;
	return 0;
}

static int sid_read(struct draft *draft, struct slice value)
{
	int err = number_once(draft, value, &draft->has_sid, &draft->signature->rule.sid);

	if (!err && !draft->signature->rule.sid)
		return refuse(draft, (const char *)value.at, NULL, "sid 0 is no rule's");
	return err;
}

static int rev_read(struct draft *draft, struct slice value)
{
	return number_once(draft, value, &draft->has_rev, &draft->signature->rule.rev);
}

static int gid_read(struct draft *draft, struct slice value)
{
	return number_once(draft, value, &draft->has_gid, &draft->signature->rule.gid);
}

/* Of two the higher one counts, as of classes. */
static int priority_read(struct draft *draft, struct slice value)
{
	bool is_second = draft->has_priority;
	uint32_t before = draft->signature->rule.priority;
	int err;

	draft->has_priority = false;
	err = number_once(draft, value, &draft->has_priority, &draft->signature->rule.priority);
	if (!err && is_second && before < draft->signature->rule.priority)
		draft->signature->rule.priority = before;
	return err;
}

static int msg_read(struct draft *draft, struct slice value)
{
	struct slice inner;
	size_t len = 0;
	char *msg;
	int err = once(draft, &draft->has_msg);

	if (!err)
		err = value_quoted(draft, value, &inner, NULL);
	if (err)
		return err;
	msg = slice_copy(inner);
	if (!msg)
		return refuse_memory(draft);
	for (size_t i = 0; i < inner.len; i++) {
		if (msg[i] == '\\' && i + 1 < inner.len && memchr("\\\":;", msg[i + 1], 4))
			i++;
		msg[len++] = msg[i];
	}
	draft->signature->rule.msg = parse_string(draft->parse, slice(msg, len));
	free(msg);
	return draft->signature->rule.msg ? 0 : refuse_memory(draft);
}

static int classtype_read(struct draft *draft, struct slice value)
{
	const struct rule_class *class;
	struct rule *rule = &draft->signature->rule;
	uint32_t number = words_find(&draft->parse->class_names, value);

	if (!number) {
		diag_add(draft->parse->diag, DIAG_WARNING, draft->file, draft->line_number,
			 (uint32_t)((const char *)value.at - draft->text) + 1,
			 "add it to the file of classification-file",
			 "there is no class \"%.*s\": its priority is 3", (int)value.len, value.at);
		if (!draft->has_priority)
			rule->priority = 3;
		return 0;
	}
	class = &draft->parse->classes[number - 1];
	if (draft->class && draft->class->priority <= class->priority)
		return 0;
	draft->class = class;
	rule->class_name = words_at(&draft->parse->class_names, number);
	rule->class_msg = class->msg;
	if (!draft->has_priority)
		rule->priority = class->priority;
	return 0;
}

static int word_add(struct draft *draft, const struct rule_word **words, uint32_t *cnt,
		    struct slice key, struct slice value)
{
	struct rule_word *grown = reallocarray((void *)*words, *cnt + 1, sizeof(*grown));

	if (!grown)
		return refuse_memory(draft);
	*words = grown;
	grown[*cnt].key = parse_string(draft->parse, key);
	grown[*cnt].value = parse_string(draft->parse, value);
	if (!grown[*cnt].key || !grown[*cnt].value)
		return refuse_memory(draft);
	++*cnt;
	return 0;
}

static int reference_read(struct draft *draft, struct slice value)
{
	struct rule *rule = &draft->signature->rule;
	struct slice rest = value, kind;
	uint32_t number;
	const char *url;

	if (!slice_next(&rest, ',', &kind) || !rest.at || !slice_trim(rest).len)
		return refuse(draft, (const char *)value.at, "reference:url,www.example.org;",
			      "a reference is a kind, a comma and a name");
	number = words_find(&draft->parse->reference_names, kind);
	url = number ? draft->parse->reference_urls[number - 1] : "";
	return word_add(draft, &rule->references, &rule->reference_cnt, slice_text(url),
			slice_trim(rest));
}

static int metadata_read(struct draft *draft, struct slice value)
{
	struct rule *rule = &draft->signature->rule;
	struct slice rest = value, pair;
	int err = 0;

	while (!err && slice_next(&rest, ',', &pair)) {
		struct slice key;

		if (!pair.len)
			continue;
		if (!slice_next(&pair, ' ', &key))
			continue;
		err = word_add(draft, &rule->metadata, &rule->metadata_cnt, key, slice_trim(pair));
	}
	return err;
}

static int target_read(struct draft *draft, struct slice value)
{
	if (slice_is(value, "src_ip"))
		draft->signature->rule.target = TARGET_SRC;
	else if (slice_is(value, "dest_ip"))
		draft->signature->rule.target = TARGET_DST;
	else
		return refuse(draft, (const char *)value.at, "src_ip or dest_ip",
			      "\"%.*s\" is no target", (int)value.len, value.at);
	return 0;
}

static int noalert_read(struct draft *draft, struct slice value)
{
	draft->signature->rule.noalert = true;
	return 0;
}

static int alert_read(struct draft *draft, struct slice value)
{
	draft->signature->rule.noalert = false;
	return 0;
}

static int prefilter_read(struct draft *draft, struct slice value)
{
	if (!draft_content(draft))
		return 0; /* which test is asked first is ours to say */
	draft_content(draft)->fast = true;
	return 0;
}

const struct keyword keyword_sid = { "sid", NULL, VALUE_ALWAYS, sid_read, NULL, "the rule's number" };
const struct keyword keyword_rev = { "rev",    NULL, VALUE_ALWAYS,
				     rev_read, NULL, "how often it was changed" };
const struct keyword keyword_gid = { "gid",    NULL, VALUE_ALWAYS,
				     gid_read, NULL, "whose number it is; 1 when not said" };
const struct keyword keyword_priority = { "priority",	NULL,
					  VALUE_ALWAYS, priority_read,
					  NULL,		"1 is the highest; over that of its class" };
const struct keyword keyword_msg = { "msg", NULL, VALUE_ALWAYS, msg_read, NULL, "what an alert says" };
const struct keyword keyword_classtype = { "classtype",	   NULL, VALUE_ALWAYS,
					   classtype_read, NULL, "a class of classification.config" };
const struct keyword keyword_reference = { "reference",	   NULL, VALUE_ALWAYS,
					   reference_read, NULL, "where more is said of it" };
const struct keyword keyword_metadata = { "metadata",	NULL,
					  VALUE_ALWAYS, metadata_read,
					  NULL,		"key value, key value: into the records" };
const struct keyword keyword_target = { "target",    NULL, VALUE_ALWAYS,
					target_read, NULL, "src_ip or dest_ip: who is attacked" };
const struct keyword keyword_noalert = { "noalert",    NULL, VALUE_NEVER,
					 noalert_read, NULL, "it acts, and no record tells of it" };
const struct keyword keyword_alert = { "alert",	   NULL, VALUE_NEVER,
				       alert_read, NULL, "takes noalert back" };
const struct keyword keyword_prefilter = { "prefilter", NULL,
					   VALUE_NEVER, prefilter_read,
					   NULL,	"ask the keyword in front of it first" };
