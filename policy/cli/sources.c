// SPDX-License-Identifier: Apache-2.0
/*
 * Owns the look at where lists come from, without reading them. Called by `sekisho policy check`.
 */
#include "cli/sources.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "text/suggest.h"

static const char *const of_names[] = {
#define NAME_FORMAT(name, split, what) #name,
#include "names/formats.def"
#undef NAME_FORMAT
	NULL,
};

static const char *const of_addresses[] = {
#define LIST_FORMAT(name, read, what) #name,
#include "lists/formats.def"
#undef LIST_FORMAT
	NULL,
};

static void format_check(const char *list, const char *format, const char *const *known,
			 const struct place *at, struct diag *diag)
{
	char hint[160] = "one of";
	struct suggest near;

	suggest_start(&near, format);
	for (size_t i = 0, len = strlen(hint); known[i]; i++) {
		if (!strcmp(known[i], format))
			return;
		suggest_offer(&near, known[i]);
		len += (size_t)snprintf(hint + len, sizeof(hint) - len, " %s", known[i]);
	}
	if (near.best)
		snprintf(hint, sizeof(hint), "did you mean \"%s\"?", near.best);
	diag_add(diag, DIAG_WARNING, at->file, at->line, at->column, hint,
		 "list %s has a format that is not known, \"%s\": it will not be read", list, format);
}

static void file_check(const char *list, const char *source, const struct place *at, struct diag *diag)
{
	if (access(source, R_OK) == 0)
		return;
	diag_add(diag, DIAG_WARNING, at->file, at->line, at->column,
		 "put the file there before the policy is applied; until then the list is empty, or "
		 "what it was",
		 "list %s comes from %s, which cannot be read here: %s", list, source,
		 strerror(errno));
}

void sources_check(const struct policy *policy, struct diag *diag)
{
	for (size_t i = 0; i < policy->list_cnt; i++) {
		const struct model_list *list = &policy->lists[i];

		if (list->format)
			format_check(list->name, list->format, of_addresses, &list->place, diag);
		if (list->source)
			file_check(list->name, list->source, &list->place, diag);
	}
	for (size_t i = 0; i < policy->name_list_cnt; i++) {
		const struct model_name_list *list = &policy->name_lists[i];

		if (list->format)
			format_check(list->name, list->format, of_names, &list->place, diag);
		if (list->source)
			file_check(list->name, list->source, &list->place, diag);
	}
}
