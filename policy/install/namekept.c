// SPDX-License-Identifier: Apache-2.0
/*
 * Copies of name lists on the disk: NAME.names is the text as it was published, NAME.from where it came
 * from. Called by the other files of struct names.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "install/hand.h"
#include "install/kept.h"
#include "install/namesinside.h"
#include "lists/bytes.h"

static int text_write(FILE *out, const void *what)
{
	const struct name_content *content = what;

	fwrite(content->fresh, 1, content->fresh_len, out);
	return ferror(out) ? -EIO : 0;
}

static int from_write(FILE *out, const void *what)
{
	const struct name_content *content = what;

	fprintf(out, "%s\n%s\n%" PRId64 "\n%zu\n", content->source ? content->source : "",
		content->published.format, content->stamp_ns, content->fresh_len);
	return ferror(out) ? -EIO : 0;
}

int name_content_keep(struct name_content *content, const char *state_dir, struct diag *diag)
{
	char *path = content->fresh ? kept_path(state_dir, content->name, "names") : NULL;
	char *from = path ? kept_path(state_dir, content->name, "from") : NULL;
	int err = from ? file_replace(path, text_write, content) : 0;

	if (!err && from)
		err = file_replace(from, from_write, content);
	if (from)
		kept_mark(from, err);
	if (err) {
		diag_add(diag, DIAG_WARNING, path, 0, 0,
			 "it is tried again each minute; a restart before has its source, or what was "
			 "kept of it before",
			 "cannot keep the list: %s", strerror(-err));
	} else {
		free(content->fresh);
		content->fresh = NULL;
	}
	free(path);
	free(from);
	return err;
}

void name_kept_free(struct name_kept *kept)
{
	free(kept->text);
	free(kept->format);
	*kept = (struct name_kept){};
}

/* The next line of the file without its end; "" behind the last. The caller frees. */
static char *line_read(FILE *in)
{
	char *line = NULL;
	size_t cap = 0;

	if (getline(&line, &cap, in) < 0) {
		free(line);
		return strdup("");
	}
	line[strcspn(line, "\n")] = 0;
	return line;
}

/* Whether the copy is of this source; the rest of what is known of it. */
static bool from_read(FILE *in, const char *source, struct name_kept *kept)
{
	char *lines[4];
	bool same;

	for (int i = 0; i < 4; i++)
		lines[i] = line_read(in);
	same = lines[0] && !strcmp(lines[0], source ? source : "");
	/* Cut between the two files: the text may be of another state of its source, in any format. */
	if (same && lines[2] && lines[3] && strtoull(lines[3], NULL, 10) == kept->len)
		kept->stamp_ns = strtoll(lines[2], NULL, 10);
	else
		kept->stale = false;
	if (same && lines[1] && *lines[1]) {
		kept->format = lines[1];
		lines[1] = NULL;
	}
	for (int i = 0; i < 4; i++)
		free(lines[i]);
	return same;
}

static bool from_find(const char *path, const char *source, struct name_kept *kept)
{
	char *found = path ? kept_find(path, &kept->stale) : NULL;
	FILE *in = found ? fopen(found, "re") : NULL;
	bool same = in && from_read(in, source, kept);

	if (in)
		fclose(in);
	free(found);
	return same;
}

void name_kept_read(const char *state_dir, const char *name, const char *source,
		    struct name_kept *ret_kept)
{
	char *path = kept_path(state_dir, name, "names");
	char *from = kept_path(state_dir, name, "from");
	struct name_kept kept = {};

	if (path && !list_bytes(path, &kept.text, &kept.len)) {
		kept.at = kept_stamp(path) / 1000000000;
		if (!from_find(from, source, &kept))
			name_kept_free(&kept);
	}
	free(path);
	free(from);
	*ret_kept = kept;
}
