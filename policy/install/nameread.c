// SPDX-License-Identifier: Apache-2.0
/*
 * The content of one name list: its source where that is another than before, else what was kept of it.
 * What may not replace the former content does not. Called by the other files of struct names.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "install/kept.h"
#include "install/namesinside.h"
#include "lists/bytes.h"

static bool text_same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* As the policy has the list read; format: of the text, NULL to find out. */
static struct name_read_options options_of(const struct name_content *content, const char *format)
{
	return (struct name_read_options){ .format = format,
					   .allow = content->allow,
					   .own_answers = content->own_answers,
					   .public_suffixes = content->public_suffixes };
}

int name_content_parse(struct name_content *content, char *text, size_t len, const char *name,
		       const char *format, struct diag *diag)
{
	const struct name_read_options options = options_of(content, format);
	int err = name_list_parse(text, len, name, &options, &content->published, diag);

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
static int kept_take(struct name_content *next, const struct name_kept *kept, struct diag *diag)
{
	const struct name_read_options options = options_of(next, kept->format);
	int err =
		name_list_parse(kept->text, kept->len, next->name, &options, &next->published, diag);

	next->stamp_ns = kept->stamp_ns;
	next->loaded = kept->at;
	return err == -ENOMEM ? err : 0;
}

/* The source as it is now, if it may take the place of `before` (may be NULL). */
static int source_read(struct name_content *next, const struct name_list *before, bool accepting,
		       struct diag *diag)
{
	int64_t stamp = kept_stamp(next->source);
	struct diag words;
	char *text = NULL;
	size_t len = 0;
	int err = list_bytes(next->source, &text, &len);

	diag_init(&words);
	if (err)
		diag_add(&words, DIAG_ERROR, next->source, 0, 0, NULL, "cannot be read: %s",
			 list_bytes_error(err));
	else
		err = name_content_parse(next, text, len, next->source, next->format, &words);
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

/* What is not on the disk yet, a content that goes on under another description has to keep as well. */
static int fresh_copy(struct name_content *next, const struct name_content *former)
{
	if (!former->fresh)
		return 0;
	next->fresh = malloc(former->fresh_len + 1);
	if (!next->fresh)
		return -ENOMEM;
	memcpy(next->fresh, former->fresh, former->fresh_len);
	next->fresh_len = former->fresh_len;
	return 0;
}

static bool reads_alike(const struct name_content *a, const struct name_content *b)
{
	return a->allow == b->allow && a->own_answers == b->own_answers &&
	       a->public_suffixes == b->public_suffixes;
}

/* What was published before goes on. */
static int former_take(struct name_content *next, const struct name_content *former,
		       const struct name_kept *kept, struct diag *diag)
{
	int err;

	if (former && (reads_alike(former, next) || !kept->text)) {
		next->stamp_ns = former->stamp_ns;
		next->loaded = former->loaded;
		err = fresh_copy(next, former);
		return err ? err : list_copy(&former->published, &next->published);
	}
	if (!kept->text)
		return next->built_in ? name_list_canaries(&next->published) : 0;
	if (kept->stale)
		kept_stale_say(next->name, kept->at, diag);
	return kept_take(next, kept, diag);
}

/* The source, as it is another than what there was; that is what it has to be as good as. */
static int source_take(struct name_content *next, const struct name_content *former,
		       const struct name_kept *kept, struct diag *diag)
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
			  const struct name_kept *kept, struct diag *diag)
{
	bool same = former ? text_same(former->source, next->source) &&
				     text_same(former->format, next->format) &&
				     reads_alike(former, next)
			   : kept->text != NULL;
	int64_t stamp = former ? former->stamp_ns : kept->stamp_ns;
	int err = 0;

	/* What is to be fetched is not there at first, and that is no fault. */
	if (next->url && !kept_stamp(next->source))
		return former_take(next, former, kept, diag);
	if (next->source && (!same || stamp != kept_stamp(next->source))) {
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
		pthread_mutex_lock(&names->turn.lock);
		err = name_content_changes_copy(next, former);
		pthread_mutex_unlock(&names->turn.lock);
		return err;
	}
	path = kept_path(names->state_dir, next->name, "hand");
	err = path ? name_content_hand_read(next, path, time(NULL), diag) : 0;
	if (err && err != -ENOMEM) {
		diag_add(diag, DIAG_WARNING, path, 0, 0, NULL, "changes by hand cannot be read: %s",
			 strerror(-err));
		err = 0;
	}
	free(path);
	return err;
}

int name_content_load(struct names *names, const struct model_name_list *model,
		      const struct name_content *former, struct name_content **ret_next,
		      struct diag *diag)
{
	struct name_content *next = name_content_new(model);
	struct name_kept kept = {};
	int err;

	if (next && (!former || !reads_alike(former, next)))
		name_kept_read(names->state_dir, model->name, model->source, &kept);
	err = next ? published_load(next, former, &kept, diag) : -ENOMEM;
	name_kept_free(&kept);
	if (!err)
		err = changes_load(names, next, former, diag);
	if (err)
		name_content_free(next);
	else
		*ret_next = next;
	return err;
}

bool name_content_stays(const struct name_content *former, const struct model_name_list *model)
{
	return former && former->id == model->id && former->allow == model->allow &&
	       former->own_answers == model->own_answers &&
	       former->public_suffixes == model->public_suffixes &&
	       former->built_in == model->built_in && text_same(former->title, model->title) &&
	       text_same(former->category, model->category) &&
	       text_same(former->url, model->feed.url) && text_same(former->source, model->source) &&
	       text_same(former->format, model->format) &&
	       (!former->source || former->stamp_ns == kept_stamp(former->source));
}
