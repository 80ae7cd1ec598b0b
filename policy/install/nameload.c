// SPDX-License-Identifier: Apache-2.0
/*
 * Whole contents: the name lists of a policy from their sources or from what was kept, and a list replaced
 * by a text that somebody brings. What may not replace the former content does not. Called by the
 * agent's worker and by replays.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "install/hand.h"
#include "install/namesinside.h"
#include "lists/bytes.h"

static bool text_same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* Of a file: when it was written; 0: it is not there. */
static int64_t file_stamp(const char *path)
{
	struct stat st;

	if (!path || stat(path, &st))
		return 0;
	return st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec;
}

/* --- NAME.names is the text as it was published, NAME.from where it came from --- */

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

/* A failure costs the copy, not the list; it is told. */
static void content_keep(const struct names *names, struct name_content *content, struct diag *diag)
{
	bool fresh = content && content->fresh;
	char *path = fresh ? names_state_path(names, content->name, "names") : NULL;
	char *from = path ? names_state_path(names, content->name, "from") : NULL;
	int err = path ? file_replace(path, text_write, content) : 0;

	if (!err && from)
		err = file_replace(from, from_write, content);
	if (err)
		diag_add(diag, DIAG_WARNING, path, 0, 0,
			 "a restart has its source, or what was kept of it before",
			 "cannot keep the list: %s", strerror(-err));
	if (content) {
		free(content->fresh);
		content->fresh = NULL;
	}
	free(path);
	free(from);
}

static void contents_keep(const struct names *names, struct name_content *const contents[],
			  struct diag *diag)
{
	for (size_t i = 0; i < SEK_NAME_LISTS_MAX; i++)
		content_keep(names, contents[i], diag);
}

struct kept {
	char *text; /* owned; NULL: there is none */
	size_t len;
	char *format; /* owned; NULL: it was found out */
	int64_t stamp_ns; /* of the source that it is of; 0: not known */
	int64_t at; /* seconds since 1970 when it was written */
};

static void kept_free(struct kept *kept)
{
	free(kept->text);
	free(kept->format);
	*kept = (struct kept){};
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
static bool from_read(const char *path, const char *source, struct kept *kept)
{
	FILE *in = path ? fopen(path, "re") : NULL;
	char *lines[4];
	bool same;

	if (!in)
		return false;
	for (int i = 0; i < 4; i++)
		lines[i] = line_read(in);
	fclose(in);
	same = lines[0] && !strcmp(lines[0], source ? source : "");
	/* Cut between the two files: the text may be of another state of its source. */
	if (same && lines[2] && lines[3] && strtoull(lines[3], NULL, 10) == kept->len)
		kept->stamp_ns = strtoll(lines[2], NULL, 10);
	if (same && lines[1] && *lines[1]) {
		kept->format = lines[1];
		lines[1] = NULL;
	}
	for (int i = 0; i < 4; i++)
		free(lines[i]);
	return same;
}

/* The copy of a list, if it is of this source. */
static void kept_read(const struct names *names, const char *name, const char *source,
		      struct kept *ret_kept)
{
	char *path = names_state_path(names, name, "names");
	char *from = names_state_path(names, name, "from");
	struct kept kept = {};

	if (path && !list_bytes(path, &kept.text, &kept.len)) {
		kept.at = file_stamp(path) / 1000000000;
		if (!from_read(from, source, &kept))
			kept_free(&kept);
	}
	free(path);
	free(from);
	*ret_kept = kept;
}

/* --- one list --- */

static const struct name_read_options *read_options(const char *format,
						    struct name_read_options *options)
{
	*options = (struct name_read_options){ .format = format };
	return options;
}

/* Reads the text into the content; it is what will be kept, and the content's from here on. */
static int content_parse(struct name_content *content, char *text, size_t len, const char *name,
			 const char *format, struct diag *diag)
{
	struct name_read_options options;
	int err = name_list_parse(text, len, name, read_options(format, &options),
				  &content->published, diag);

	if (err) {
		free(text);
		return err;
	}
	content->fresh = text;
	content->fresh_len = len;
	content->loaded = time(NULL);
	return 0;
}

static int array_copy(const void *from, size_t bytes, void *ret_to)
{
	void *copy = malloc(bytes + 1);

	if (!copy)
		return -ENOMEM;
	if (bytes)
		memcpy(copy, from, bytes);
	*(void **)ret_to = copy;
	return 0;
}

static int list_copy(const struct name_list *from, struct name_list *ret_list)
{
	struct name_list list = *from;
	int err;

	list.entries = NULL;
	list.text = NULL;
	list.answers = NULL;
	list.regexes = NULL;
	list.skips = NULL;
	err = array_copy(from->entries, from->cnt * sizeof(*from->entries), &list.entries);
	if (!err)
		err = array_copy(from->text, from->text ? from->text_len + NAME_TEXT_PAD : 0,
				 &list.text);
	if (!err)
		err = array_copy(from->answers, from->answer_cnt * sizeof(*from->answers),
				 &list.answers);
	if (!err)
		err = array_copy(from->regexes, from->regex_cnt * sizeof(*from->regexes),
				 &list.regexes);
	if (!err)
		err = array_copy(from->skips, from->skip_cnt * sizeof(*from->skips), &list.skips);
	if (err)
		name_list_free(&list);
	else
		*ret_list = list;
	return err;
}

/* The text that was kept. */
static int kept_take(struct name_content *next, const struct kept *kept, struct diag *diag)
{
	struct name_read_options options;
	int err = name_list_parse(kept->text, kept->len, next->name,
				  read_options(kept->format, &options), &next->published, diag);

	next->stamp_ns = kept->stamp_ns;
	next->loaded = kept->at;
	return err == -ENOMEM ? err : 0;
}

/* The source as it is now, if it may take the place of `before` (may be NULL). */
static int source_read(struct name_content *next, const struct name_list *before, bool accepting,
		       struct diag *diag)
{
	int64_t stamp = file_stamp(next->source);
	struct diag words;
	char *text = NULL;
	size_t len = 0;
	int err = list_bytes(next->source, &text, &len);

	diag_init(&words);
	if (err)
		diag_add(&words, DIAG_ERROR, next->source, 0, 0, NULL, "cannot be read: %s",
			 list_bytes_error(err));
	else
		err = content_parse(next, text, len, next->source, next->format, &words);
	if (!err)
		err = name_list_may_replace(before, &next->published, next->source, &words);
	if (accepting && (err == -ERANGE || err == -EBADMSG))
		err = 0;
	if (err) {
		name_list_free(&next->published);
		free(next->fresh);
		next->fresh = NULL;
	} else {
		next->stamp_ns = stamp;
	}
	diag_add_all(diag, &words, DIAG_WARNING);
	diag_free(&words);
	return err;
}

/* What was published before goes on. */
static int former_take(struct name_content *next, const struct name_content *former,
		       const struct kept *kept, struct diag *diag)
{
	if (former) {
		next->stamp_ns = former->stamp_ns;
		next->loaded = former->loaded;
		return list_copy(&former->published, &next->published);
	}
	return kept->text ? kept_take(next, kept, diag) : 0;
}

/* The source, as it is another than what there was; that is what it has to be as good as. */
static int source_take(struct name_content *next, const struct name_content *former,
		       const struct kept *kept, struct diag *diag)
{
	struct name_content *old = NULL;
	int err = 0;

	if (!former && kept->text) {
		old = name_content_like(next);
		err = old ? kept_take(old, kept, diag) : -ENOMEM;
	}
	if (!err)
		err = source_read(next,
				  former ? &former->published
				  : old	 ? &old->published
					 : NULL,
				  former && former->accepting, diag);
	name_content_free(old);
	return err;
}

/* The published part: the source where it is another than what there was, else that. */
static int published_load(struct name_content *next, const struct name_content *former,
			  const struct kept *kept, struct diag *diag)
{
	bool same = former ? text_same(former->source, next->source) &&
				     text_same(former->format, next->format)
			   : kept->text != NULL;
	int64_t stamp = former ? former->stamp_ns : kept->stamp_ns;
	int err = 0;

	/* What is to be fetched is not there at first, and that is no fault. */
	if (next->url && !file_stamp(next->source))
		return former_take(next, former, kept, diag);
	if (next->source && (!same || stamp != file_stamp(next->source))) {
		err = source_take(next, former, kept, diag);
		if (!err || err == -ENOMEM)
			return err;
	}
	/* As it was: one list that cannot be read keeps no policy from going live. */
	return former_take(next, former, kept, diag);
}

static int changes_load(struct names *names, struct name_content *next,
			const struct name_content *former, struct diag *diag)
{
	char *path;
	int err;

	if (former) {
		/* What is in force is what is kept. */
		pthread_mutex_lock(&names->lock);
		err = name_content_changes_copy(next, former);
		pthread_mutex_unlock(&names->lock);
		return err;
	}
	path = names_state_path(names, next->name, "hand");
	err = path ? name_content_hand_read(next, path, time(NULL), diag) : 0;
	if (err && err != -ENOMEM) {
		diag_add(diag, DIAG_WARNING, path, 0, 0, NULL, "changes by hand cannot be read: %s",
			 strerror(-err));
		err = 0;
	}
	free(path);
	return err;
}

/* Reads one list of the policy; former is what is in force under its name, or NULL. */
static int content_load(struct names *names, const struct model_name_list *model,
			const struct name_content *former, struct name_content **ret_next,
			struct diag *diag)
{
	struct name_content *next = name_content_new(model);
	struct kept kept = {};
	int err;

	if (!former)
		kept_read(names, model->name, model->source, &kept);
	err = next ? published_load(next, former, &kept, diag) : -ENOMEM;
	kept_free(&kept);
	if (!err)
		err = changes_load(names, next, former, diag);
	if (err)
		name_content_free(next);
	else
		*ret_next = next;
	return err;
}

void names_accept(struct names *names, const char *list)
{
	struct name_content *content;

	pthread_mutex_lock(&names->lock);
	content = name_content_named(names->content, list);
	if (content)
		content->accepting = true;
	pthread_mutex_unlock(&names->lock);
}

/* What is in force can go on under the policy's description of it. */
static bool content_stays(const struct name_content *former, const struct model_name_list *model)
{
	return former && former->id == model->id && former->allow == model->allow &&
	       text_same(former->title, model->title) &&
	       text_same(former->category, model->category) &&
	       text_same(former->url, model->feed.url) && text_same(former->source, model->source) &&
	       text_same(former->format, model->format) &&
	       (!former->source || former->stamp_ns == file_stamp(former->source));
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
		if (content_stays(former, model))
			next[model->id] = former;
		else
			err = content_load(names, model, former, &next[model->id], diag);
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
	pthread_mutex_lock(&names->lock);
	names->turn = NAME_TURN_STAGED; /* and goes on recording */
	pthread_mutex_unlock(&names->lock);
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

/* --- replacing --- */

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static int replacement_read(const struct name_content *former, const char *text, size_t len,
			    const char *format, bool force, struct name_content **ret_next,
			    struct diag *diag)
{
	struct name_content *next = name_content_like(former);
	char *copy = malloc(len + 1);
	int err = -ENOMEM;

	if (next && copy) {
		memcpy(copy, text, len);
		err = content_parse(next, copy, len, former->name, format, diag);
	} else {
		free(copy);
	}
	if (!err && !force)
		err = name_list_may_replace(&former->published, &next->published, former->name, diag);
	if (err)
		name_content_free(next);
	else
		*ret_next = next;
	return err;
}

/* Puts the replacement in force and writes both of its files. The turn is ours. */
static int replacement_commit(struct names *names, struct name_content *content, struct diag *diag)
{
	char *path = names_state_path(names, content->name, "hand");
	int err;

	memcpy(names->staged.next, names->content, sizeof(names->content));
	names->staged.next[content->id] = content;
	err = name_tenants_copy(&names->staged.tenants, &names->tenants);
	if (err)
		name_tenants_free(&names->staged.tenants);
	else
		err = names_table_stage(names, false);
	if (!err)
		err = names_table_swap(names);
	if (err) {
		names_table_failed(err, diag);
	} else {
		content_keep(names, content, diag);
		pthread_mutex_lock(&names->lock);
		if (path && name_content_hand_write(content, path))
			diag_add(diag, DIAG_WARNING, path, 0, 0, NULL,
				 "former changes by hand will be back after a restart");
		pthread_mutex_unlock(&names->lock);
	}
	free(path);
	return err;
}

int names_replace(struct names *names, const char *list, const char *text, size_t len,
		  const char *format, bool force, struct lists_change *ret_change, struct diag *diag)
{
	struct name_content *former, *next = NULL;
	struct lists_change change = {};
	uint64_t begin = now_ns();
	int err;

	names_build_begin(names);
	former = name_content_named(names->content, list);
	if (!former) {
		err = names->loaded ? -ENOENT : -EAGAIN;
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL,
			 err == -ENOENT ? "no such list: %s" : "the lists are still being loaded: %s",
			 list);
		goto unlock;
	}
	pthread_mutex_lock(&names->lock);
	change.before_cnt = name_content_cnt(former);
	change.by_hand_cnt = former->change_cnt;
	pthread_mutex_unlock(&names->lock);
	err = replacement_read(former, text, len, format ? format : former->format, force, &next,
			       diag);
	if (err)
		goto unlock;
	change.read_ns = now_ns() - begin;
	change.after_cnt = next->published.cnt;
	err = replacement_commit(names, next, diag);
	if (err)
		name_content_free(next);
	change.build_ns = now_ns() - begin - change.read_ns;
	if (!err && ret_change)
		*ret_change = change;
unlock:
	names_build_end(names);
	return err;
}
