// SPDX-License-Identifier: Apache-2.0
/*
 * Copies of lists on the disk. Called by the files of struct lists and struct names.
 */
#include "install/kept.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "install/hand.h"

#define STALE ".stale"

char *kept_path(const char *state_dir, const char *name, const char *suffix)
{
	char *path;

	if (!state_dir || strchr(name, '/') || name[0] == '.')
		return NULL;
	return asprintf(&path, "%s/%s.%s", state_dir, name, suffix) < 0 ? NULL : path;
}

static char *stale_path(const char *path)
{
	char *stale;

	return asprintf(&stale, "%s" STALE, path) < 0 ? NULL : stale;
}

int kept_mark(const char *path, int err)
{
	char *stale = stale_path(path);

	/* Of two that fail one after the other the second finds no copy any more, and the first's stays. */
	if (err && stale)
		rename(path, stale);
	else if (stale)
		unlink(stale);
	free(stale);
	return err;
}

int kept_write(const char *path, int (*write)(FILE *out, const void *what), const void *what)
{
	return kept_mark(path, file_replace(path, write, what));
}

char *kept_find(const char *path, bool *ret_stale)
{
	char *stale = stale_path(path);

	*ret_stale = access(path, F_OK) != 0;
	if (*ret_stale && stale && !access(stale, F_OK))
		return stale;
	free(stale);
	return *ret_stale ? NULL : strdup(path);
}

void kept_say(const char *list, struct diag *diag)
{
	diag_add(diag, DIAG_NOTE, NULL, 0, 0, NULL, "list %s could be kept now", list);
}

void kept_stale_say(const char *list, int64_t at, struct diag *diag)
{
	time_t time = (time_t)at;
	char when[32] = "?";
	struct tm tm;

	if (localtime_r(&time, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
	diag_add(diag, DIAG_WARNING, NULL, 0, 0,
		 "replace it again: what was in force last could not be kept",
		 "list %s is back to what was kept of it before, of %s", list, when);
}

int64_t kept_stamp(const char *path)
{
	struct stat st;

	if (!path || stat(path, &st))
		return 0;
	return st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec;
}
