// SPDX-License-Identifier: Apache-2.0
/*
 * Whole contents: the name lists of a policy, read, kept, and made a table of. Called by the agent's worker
 * and by replays.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "install/kept.h"
#include "install/namesinside.h"

static void contents_keep(const struct names *names, struct name_content *const contents[],
			  struct diag *diag)
{
	for (size_t i = 0; i < SEK_NAME_LISTS_MAX; i++)
		if (contents[i])
			name_content_keep(contents[i], names->state_dir, diag);
}

void names_keep(struct names *names, struct diag *diag)
{
	struct diag words;
	bool left;

	if (!turn_try(&names->turn, false, &left))
		return;
	diag_init(&words);
	if (left)
		namemap_settle(&names->map);
	for (size_t i = 0; i < SEK_NAME_LISTS_MAX; i++) {
		struct name_content *content = names->content[i];

		if (content && content->fresh && !name_content_keep(content, names->state_dir, &words))
			kept_say(content->name, diag);
	}
	diag_free(&words);
	names_build_end(names);
}

void names_accept(struct names *names, const char *list)
{
	struct name_content *content;

	pthread_mutex_lock(&names->turn.lock);
	content = name_content_named(names->content, list);
	if (content)
		content->accepting = true;
	pthread_mutex_unlock(&names->turn.lock);
}

static int contents_read(struct names *names, const struct policy *policy, lists_progress *progress,
			 void *arg, struct name_content *next[SEK_NAME_LISTS_MAX], struct diag *diag)
{
	int err = 0;

	for (size_t i = 0; i < policy->name_list_cnt && !err; i++) {
		const struct model_name_list *model = &policy->name_lists[i];
		struct name_content *former =
			names->forgotten ? NULL : name_content_named(names->content, model->name);

		if (progress)
			progress(arg, model->name, i, policy->name_list_cnt);
		if (name_content_stays(former, model))
			next[model->id] = former;
		else
			err = name_content_load(names, model, former, &next[model->id], diag);
	}
	if (progress)
		progress(arg, "", policy->name_list_cnt, policy->name_list_cnt);
	return err;
}

static void contents_drop(const struct names *names, struct name_content *next[SEK_NAME_LISTS_MAX])
{
	for (size_t i = 0; i < SEK_NAME_LISTS_MAX; i++)
		if (next[i] != names->content[i])
			name_content_free(next[i]);
}

/* Contents and table of a policy, staged. On failure nothing is left of it; the words are said. */
static int policy_stage(struct names *names, const struct policy *policy, lists_progress *progress,
			void *arg, struct diag *diag)
{
	struct name_content *next[SEK_NAME_LISTS_MAX] = {};
	int err = contents_read(names, policy, progress, arg, next, diag);

	if (!err)
		err = name_tenants_take(&names->staged.tenants, policy);
	if (!err) {
		memcpy(names->staged.next, next, sizeof(next));
		err = names_table_stage(names, false);
	} else {
		name_tenants_free(&names->staged.tenants);
	}
	if (err) {
		contents_drop(names, next);
		return names_table_failed(err, diag);
	}
	contents_keep(names, next, diag);
	return 0;
}

int names_load(struct names *names, const struct policy *policy, lists_progress *progress,
	       void *arg, struct diag *diag)
{
	struct name_content *next[SEK_NAME_LISTS_MAX];
	int err;

	names_build_begin(names);
	err = policy_stage(names, policy, progress, arg, diag);
	if (!err) {
		memcpy(next, names->staged.next, sizeof(next));
		err = names_table_swap(names);
		if (err) {
			contents_drop(names, next);
			names_table_failed(err, diag);
		}
	}
	names_build_end(names);
	return err;
}

int names_prepare(struct names *names, const struct policy *policy, uint32_t generation,
		  lists_progress *progress, void *arg, struct diag *diag)
{
	int err;

	names_build_begin(names);
	err = policy_stage(names, policy, progress, arg, diag);
	if (err) {
		names_build_end(names);
		return err;
	}
	if (names->staged.made)
		namemap_offer(&names->map, generation & 1);
	turn_stage(&names->turn);
	return 0;
}

int names_load_all(struct gate *gate, const struct policy *policy, struct diag *diag)
{
	struct names *names;
	int err = names_open(gate, NULL, &names, diag);

	if (err)
		return err;
	err = names_load(names, policy, NULL, NULL, diag);
	names_close(names);
	return err;
}
