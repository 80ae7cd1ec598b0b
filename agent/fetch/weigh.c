/* SPDX-License-Identifier: Apache-2.0 */
/*
 * May what was fetched take the place of what is in force? Reads both as the list's kind reads them. Called
 * by errand.c in the fetching thread.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "fetch/errand.h"
#include "lists/lists.h"
#include "names/names.h"

/* Networks that no list of the Internet's evil has but by mistake, or for another place than ours. */
static const char *const reserved[] = {
	"10.0.0.0/8",	 "172.16.0.0/12", "192.168.0.0/16",
	"100.64.0.0/10", "127.0.0.0/8",	  "169.254.0.0/16",
	"224.0.0.0/4",	 "fc00::/7",	  "fe80::/10",
	"ff00::/8",	 "::1",
};

/* -EDOM with words when an entry lies in one of them, or holds one. */
static int reserved_check(const struct list_set *set, const char *name, struct diag *diag)
{
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		struct prefix net = {};
		char text[PREFIX_TEXT_MAX];

		prefix_parse(reserved[i], strlen(reserved[i]), &net, NULL);
		for (size_t k = 0; k < set->cnt; k++) {
			const struct prefix *prefix = &set->entries[k].prefix;

			if (!prefix_contains(&net, prefix) && !prefix_contains(prefix, &net))
				continue;
			diag_add(diag, DIAG_ERROR, name, 0, 0,
				 "if that is meant, say reserved: yes for the list",
				 "its entry %s touches %s, which is no address of the Internet",
				 prefix_print(prefix, text), reserved[i]);
			return -EDOM;
		}
	}
	return 0;
}

static int weigh_addresses(const struct errand *e, const char *former, const char *next,
			   size_t *ret_before, size_t *ret_after, struct diag *diag)
{
	struct list_set before = {}, after = {};
	struct diag quiet;
	int err = list_read(next, e->format, &after, diag);

	diag_init(&quiet);
	if (!access(former, R_OK))
		list_read(former, e->format, &before, &quiet);
	diag_free(&quiet);
	if (!err)
		err = list_may_replace(&before, &after, e->name, diag);
	if (!err && e->block && !e->feed.reserved)
		err = reserved_check(&after, e->name, diag);
	*ret_before = before.cnt;
	*ret_after = after.cnt;
	list_set_free(&before);
	list_set_free(&after);
	return err;
}

static int weigh_names(const struct errand *e, const char *former, const char *next,
		       size_t *ret_before, size_t *ret_after, struct diag *diag)
{
	const struct name_read_options options = { .format = e->format,
						   .allow = !e->block,
						   .own_answers = e->own_answers,
						   .public_suffixes = e->public_suffixes };
	struct name_list before = {}, after = {};
	struct diag quiet;
	int err = name_list_read(next, &options, &after, diag);

	diag_init(&quiet);
	if (!access(former, R_OK))
		name_list_read(former, &options, &before, &quiet);
	diag_free(&quiet);
	if (!err)
		err = name_list_may_replace(&before, &after, e->name, diag);
	*ret_before = before.cnt;
	*ret_after = after.cnt;
	name_list_free(&before);
	name_list_free(&after);
	return err;
}

int errand_weigh(const struct errand *e, const char *former, const char *next, size_t *ret_before,
		 size_t *ret_after, struct diag *diag)
{
	return e->names ? weigh_names(e, former, next, ret_before, ret_after, diag)
			: weigh_addresses(e, former, next, ret_before, ret_after, diag);
}
