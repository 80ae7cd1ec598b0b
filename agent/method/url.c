/* SPDX-License-Identifier: Apache-2.0 */
/*
 * url.explain: what lists and overrides in force say of a name, looked up in the table that the kernel
 * asks. Called by method.c.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "explain/nameasked.h"
#include "install/names.h"
#include "lists_care.h"
#include "method/method.h"
#include "names/namewatch.h"

/* An override's name as it is kept, without what says whether names below it are meant. */
static const char *bare(const char *name)
{
	return !name ? "" : *name == '=' ? name + 1 : !strncmp(name, "*.", 2) ? name + 2 : name;
}

/* An override of what was found: of all of it, or of a page of the host. */
static bool override_is(const char *name, const char *host, const struct name_question *q,
			const struct name_because *because)
{
	size_t host_len = strlen(host), path_len = because->found.path_len;

	if (strncmp(name, host, host_len) != 0)
		return false;
	if (because->found.pages)
		return name[host_len] == '/';
	return strlen(name) == host_len + path_len &&
	       !memcmp(name + host_len, q->url.target, path_len);
}

/* The override that decided, if it was one: a new reference, or NULL. */
static json_t *override_of(struct names *names, const struct name_question *q,
			   const struct name_because *because)
{
	const char *host = q->url.host.text + because->found.at;
	bool allows = because->said.opinion == SEK_NAME_ALLOW;
	json_t *all, *item, *found = NULL;
	size_t i;

	if (because->said.lists || because->said.opinion == SEK_NAME_NONE)
		return NULL;
	all = names_overrides(names, q->tenant->name);
	json_array_foreach(json_object_get(all, "overrides"), i, item) {
		const char *name = bare(json_string_value(json_object_get(item, "name")));
		const char *action = json_string_value(json_object_get(item, "action"));

		if (!found && action && allows == !strcmp(action, "allow") &&
		    override_is(name, host, q, because))
			found = json_incref(item);
	}
	json_decref(all);
	return found;
}

static struct name_because look_up(struct names *names, const struct name_question *q,
				   const struct name_asked *asked, struct names_why *why)
{
	struct name_because because = { .list = -1 };

	because.said = names_decide(names, asked, q->tenant->id, q->phase, why);
	because.found = why->found;
	because.list = why->list;
	because.entry = why->entry;
	because.file = why->source;
	because.line = why->line;
	because.own = why->own;
	because.override = override_of(names, q, &because);
	return because;
}

static void expression_count(void *arg, uint8_t list, const char *text, const struct name_regex *regex)
{
	((size_t *)arg)[list]++;
}

/* What nothing else decides an expression may: then the name is learnt as soon as it is seen. */
static void expression_add(json_t *result, struct namewatch *watch, const struct policy *policy,
			   const struct name_question *q, const struct name_because *because)
{
	const struct model_name_list *list;
	uint64_t lists;

	if (because->said.opinion == SEK_NAME_ALLOW || because->said.opinion == SEK_NAME_BLOCK)
		return;
	lists = namewatch_matches(watch, q->url.host.text, q->url.host.len, q->phase);
	list = lists ? policy_name_list_id(policy, name_list_lowest(lists)) : NULL;
	if (list)
		json_object_set_new(result, "expression", json_string(list->name));
}

static json_t *answer(struct agent *agent, const struct policy *policy, const struct name_question *q)
{
	struct names *names = lists_care_names(agent->lists);
	struct name_asked host = name_question_host(q), url = name_question_url(q);
	struct names_why host_why = {}, url_why = {};
	struct name_because by_host = look_up(names, q, &host, &host_why);
	struct name_because by_url = look_up(names, q, &url, &url_why);
	json_t *result = name_answer_json(policy, q, &by_host, &by_url, "in force");
	size_t expressions[SEK_NAME_LISTS_MAX] = {};

	names_regexes(names, expression_count, expressions);
	name_answer_expressions(result, q, expressions);
	expression_add(result, agent->namewatch, policy, q, &by_host);
	json_decref(by_host.override);
	json_decref(by_url.override);
	names_why_free(&host_why);
	names_why_free(&url_why);
	return result;
}

static bool words_take(struct ticket *ticket, const json_t *params, struct name_words *words)
{
	return param_string(ticket, params, "url", true, &words->what) &&
	       param_string(ticket, params, "tenant", true, &words->tenant) &&
	       param_string(ticket, params, "group", false, &words->group) &&
	       param_string(ticket, params, "src", false, &words->src) &&
	       param_string(ticket, params, "at", false, &words->at);
}

void method_url_explain(struct agent *agent, struct ticket *ticket, json_t *params)
{
	const struct policy *policy = agent_policy(agent);
	struct name_question *q;
	struct name_words words = {};
	struct diag diag;
	json_t *result = NULL;

	if (!words_take(ticket, params, &words))
		return;
	q = malloc(sizeof(*q));
	diag_init(&diag);
	if (!policy)
		diag_add(&diag, DIAG_ERROR, NULL, 0, 0, NULL, "no policy is in force");
	else if (!q)
		diag_add(&diag, DIAG_ERROR, NULL, 0, 0, NULL, "out of memory");
	else if (!name_question_read(policy, &words, time(NULL), q, &diag))
		result = answer(agent, policy, q);
	ticket_state(ticket, result, &diag);
	diag_free(&diag);
	free(q);
}
