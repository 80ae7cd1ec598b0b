// SPDX-License-Identifier: Apache-2.0
/*
 * What is known of lists beforehand: why lines are left out, canaries, and when a new list may take the place
 * of a former one. Called by parse.c and by who loads lists.
 */
#include <errno.h>
#include <string.h>

#include "names/names.h"
#include "text/counted.h"

const char *const name_canaries[] = {
#define NAME_CANARY(name) name,
#include "names/canaries.def"
#undef NAME_CANARY
	NULL
};

bool name_is_canary(const char *host, size_t len)
{
	for (size_t i = 0; name_canaries[i]; i++)
		if (name_canaries[i][0] == host[0] && len == strlen(name_canaries[i]) &&
		    !memcmp(name_canaries[i], host, len))
			return true;
	return false;
}

int name_list_canaries(struct name_list *ret_list)
{
	static const struct name_read_options options = { .format = "hosts", .thread_cnt = 1 };
	static const char text[] =
#define NAME_CANARY(name) name "\n"
#include "names/canaries.def"
#undef NAME_CANARY
		;
	struct diag diag;
	int err;

	diag_init(&diag);
	err = name_list_parse(text, sizeof(text) - 1, "canaries.def", &options, ret_list, &diag);
	diag_free(&diag);
	return err;
}

const char *name_skip_text(enum name_skip skip)
{
	static const char *const texts[] = {
#define NAME_SKIP(id, class, what) what,
#include "names/skips.def"
#undef NAME_SKIP
	};

	return texts[skip];
}

enum name_skip_class name_skip_class(enum name_skip skip)
{
	static const unsigned char classes[] = {
#define NAME_SKIP(id, class, what) NAME_SKIP_CLASS_##class,
#include "names/skips.def"
#undef NAME_SKIP
	};

	return classes[skip];
}

static size_t bad_cnt(const struct name_list *list)
{
	size_t cnt = 0;

	for (size_t skip = 0; skip < NAME_SKIP_CNT; skip++)
		if (name_skip_class(skip) == NAME_SKIP_CLASS_bad)
			cnt += list->skip_cnts[skip];
	return cnt;
}

int name_list_may_replace(const struct name_list *before, const struct name_list *after,
			  const char *name, struct diag *diag)
{
	size_t had = before ? before->cnt + before->regex_cnt : 0;
	size_t has = after->cnt + after->regex_cnt, bad = bad_cnt(after);

	if (!has) {
		diag_add(diag, DIAG_ERROR, name, 0, 0, "the former content stays in force",
			 "the new list holds no name");
		return -ENODATA;
	}
	if (bad > has) {
		diag_add(diag, DIAG_ERROR, name, 0, 0, "the former content stays in force",
			 "the new list is mostly not understood (format %s): %s cannot be read, %zu can",
			 after->format, COUNTED(bad, "line"), has);
		return -EBADMSG;
	}
	if (has < had / 2 + had % 2) {
		diag_add(diag, DIAG_ERROR, name, 0, 0,
			 "the former content stays in force; force the replacement if this is meant",
			 "the new list has %s, less than half of the %zu in force",
			 COUNTED(has, "entry"), had);
		return -ERANGE;
	}
	return 0;
}
