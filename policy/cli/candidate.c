/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads files only, and asks the agent for nothing but overrides.
 */
#include "cli/candidate.h"

#include <string.h>

#include "cli/live.h"
#include "cli/print.h"
#include "cli/url.h"
#include "install/lists.h"

/* They outlive a change of policy. Without the agent nobody knows them. */
static bool overrides_take(struct cli *cli, struct candidate *c)
{
	json_t *result = NULL, *override;
	struct diag diag;
	bool known;
	size_t i;

	diag_init(&diag);
	known = live_try(cli, "override.list", json_object(), &diag, &result) == CLI_OK;
	diag_free(&diag);
	json_array_foreach(json_object_get(result, "overrides"), i, override) {
		const struct model_tenant *tenant =
			policy_tenant(c->policy, print_word(override, "tenant"));

		if (tenant && name_book_override(c->names, tenant->id, print_word(override, "name"),
						 !strcmp(print_word(override, "action"), "allow")))
			known = false;
	}
	json_decref(result);
	return known;
}

int candidate_open(struct cli *cli, const struct policy *policy, struct candidate *ret_candidate)
{
	struct candidate c = { .policy = policy };
	char kept[CLI_PATH_MAX];
	const struct name_book_options options = { .kept = url_kept(cli, kept) };
	struct diag diag;
	int status = CLI_OK;

	diag_init(&diag);
	if (lists_foresee(policy, kept, c.tables, &c.known, &diag) ||
	    name_book_open(policy, &options, &c.names, &diag)) {
		status = cli_fail(cli, CLI_FAILED, &diag, "the lists cannot be looked through");
		candidate_close(&c);
	} else {
		diag_print(&diag, cli->err);
		c.overrides = !policy->name_list_cnt || overrides_take(cli, &c);
		*ret_candidate = c;
	}
	diag_free(&diag);
	return status;
}

void candidate_close(struct candidate *candidate)
{
	for (int i = 0; i < 2; i++)
		list_table_free(candidate->tables[i]);
	name_book_free(candidate->names);
	*candidate = (struct candidate){};
}

struct judge_lists candidate_lists(const struct candidate *candidate)
{
	return (struct judge_lists){ .tables = { candidate->tables[0], candidate->tables[1] },
				     .known = candidate->known,
				     .names = candidate->names };
}

/* Lists that somebody takes and nothing is known of. */
static json_t *unknown_json(const struct candidate *c)
{
	const struct policy *policy = c->policy;
	json_t *names = json_array();

	for (size_t i = 0; i < policy->list_cnt; i++)
		if (!(c->known >> policy->lists[i].id & 1))
			json_array_append_new(names, json_string(policy->lists[i].name));
	for (size_t i = 0; i < policy->name_list_cnt; i++) {
		const struct model_name_list *list = &policy->name_lists[i];

		if ((list->source || list->feed.url) && name_book_takes(c->names, list->id) &&
		    !name_book_file(c->names, list->id))
			json_array_append_new(names, json_string(list->name));
	}
	return names;
}

json_t *candidate_json(const struct candidate *c)
{
	size_t expressions = 0;

	for (unsigned int i = 0; i < SEK_NAME_LISTS_MAX; i++) {
		const struct name_list *list = name_book_list(c->names, i);

		expressions += list ? list->regex_cnt : 0;
	}
	return json_pack("{s:o, s:I, s:I, s:b}", "unknown", unknown_json(c), "expressions",
			 (json_int_t)expressions, "by_hand",
			 (json_int_t)name_book_by_hand(c->names), "overrides", c->overrides);
}
