// SPDX-License-Identifier: Apache-2.0
/*
 * Reading mappings by tables of fields, with words for everything that does not fit.
 * Called by the readers of sections; goes on after every error so that all are seen at once.
 */
#include "model/reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/escape.h"
#include "text/quantity.h"

void reader_say(struct reader *r, enum diag_level level, const struct node *at, const char *hint,
		const char *fmt, ...)
{
	char *text;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	va_end(args);
	diag_add(r->diag, level, at ? at->file : r->policy->path, at ? at->line : 0,
		 at ? at->column : 0, hint, "%s", text ? text : "out of memory");
	free(text);
}

void reader_unknown(struct reader *r, const struct node *at, const struct suggest *near,
		    const char *hint, const char *what)
{
	char shown[100], mean[120];

	if (near->best)
		snprintf(mean, sizeof(mean), "did you mean \"%s\"?", near->best);
	text_escape(at->text, strlen(at->text), shown, sizeof(shown));
	reader_error(r, at, near->best ? mean : hint, "unknown %s \"%s\"", what, shown);
}

void *reader_push(struct reader *r, void *array, size_t *cnt, size_t size)
{
	void *items, *more;

	memcpy(&items, array, sizeof(items));
	if (!(*cnt & (*cnt - 1))) { /* 0 or a power of two: full */
		more = realloc(items, (*cnt ? *cnt * 2 : 1) * size);
		if (!more) {
			r->out_of_memory = true;
			return NULL;
		}
		items = more;
		memcpy(array, &items, sizeof(items));
	}
	return memset((char *)items + (*cnt)++ * size, 0, size);
}

char *reader_copy(struct reader *r, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		r->out_of_memory = true;
	return copy;
}

struct place reader_place(const struct node *node)
{
	return (struct place){ .file = node->file, .line = node->line, .column = node->column };
}

static const struct field *field_find(const struct field *fields, const char *name)
{
	for (const struct field *f = fields; f->name; f++)
		if (!strcmp(f->name, name))
			return f;
	return NULL;
}

/* "known keys: a, b, c" */
static void list_fields(const struct field *fields, char *to, size_t size)
{
	size_t used = (size_t)snprintf(to, size, "known keys: ");

	for (const struct field *f = fields; f->name && used < size; f++)
		used += (size_t)snprintf(to + used, size - used, "%s%s", f == fields ? "" : ", ",
					 f->name);
}

static void key_unknown(struct reader *r, const struct node *key, const struct field *fields)
{
	struct suggest near;
	char known[400];

	suggest_start(&near, key->text);
	for (const struct field *f = fields; f->name; f++)
		suggest_offer(&near, f->name);
	list_fields(fields, known, sizeof(known));
	reader_unknown(r, key, &near, known, "key");
}

bool reader_map(struct reader *r, const struct node *map, const struct field *fields, void *object)
{
	char known[400];

	if (map->kind != NODE_MAP) {
		list_fields(fields, known, sizeof(known));
		reader_error(r, map, known, "a mapping is wanted here, this is %s",
			     node_kind_name(map));
		return false;
	}
	for (const struct node *key = map->first; key; key = key->next) {
		const struct field *f = field_find(fields, key->text);

		if (!f)
			key_unknown(r, key, fields);
		else if (key->value)
			f->read(r, key->value, f, (char *)object + f->offset);
	}
	for (const struct field *f = fields; f->name; f++)
		if (f->needed && !node_find(map, f->name))
			reader_error(r, map, NULL, "\"%s\" is missing", f->name);
	return true;
}

void reader_each(struct reader *r, const struct node *list,
		 void (*each)(struct reader *r, const struct node *item, void *arg), void *arg)
{
	if (list->kind == NODE_MAP) {
		reader_error(r, list, NULL, "a value or a list is wanted here, this is a mapping");
		return;
	}
	if (list->kind == NODE_SCALAR) {
		each(r, list, arg);
		return;
	}
	for (const struct node *item = list->first; item; item = item->next)
		each(r, item, arg);
}

void reader_each_map(struct reader *r, const struct node *list,
		     void (*each)(struct reader *r, const struct node *item, void *arg), void *arg)
{
	if (node_is_null(list))
		return;
	if (list->kind != NODE_SEQ) {
		reader_error(r, list, "begin each with \"- \"", "a list is wanted here, this is %s",
			     node_kind_name(list));
		return;
	}
	for (const struct node *item = list->first; item; item = item->next) {
		if (item->kind == NODE_MAP)
			each(r, item, arg);
		else
			reader_error(r, item, "as in {name: …}",
				     "a mapping is wanted here, this is %s", node_kind_name(item));
	}
}

const char *reader_text(struct reader *r, const struct node *node, const char *wanted)
{
	if (node->kind == NODE_SCALAR && !node_is_null(node))
		return node->text;
	reader_error(r, node, NULL, "%s is wanted here, this is %s", wanted, node_kind_name(node));
	return NULL;
}

int reader_word(struct reader *r, const struct node *node, const char *const *words)
{
	const char *text = reader_text(r, node, "a word");
	struct suggest near;
	char known[200] = "one of: ";
	size_t used = strlen(known);

	if (!text)
		return -1;
	suggest_start(&near, text);
	for (int i = 0; words[i]; i++) {
		if (!strcmp(words[i], text))
			return i;
		suggest_offer(&near, words[i]);
		if (used < sizeof(known))
			used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
						 i ? ", " : "", words[i]);
	}
	reader_unknown(r, node, &near, known, "word");
	return -1;
}

bool reader_name_is_good(struct reader *r, const struct node *node)
{
	const char *text = reader_text(r, node, "a name");
	const char *hint = "small letters, digits and '-', up to 63; titles may be in any language";
	size_t len;
	char shown[100];

	if (!text)
		return false;
	len = strlen(text);
	if (len && len <= MODEL_NAME_LEN &&
	    strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == len && text[0] != '-' &&
	    text[len - 1] != '-')
		return true;
	reader_error(r, node, hint, "\"%s\" is no name",
		     text_escape(text, len, shown, sizeof(shown)));
	return false;
}

void read_name(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	char **name = member;

	if (!reader_name_is_good(r, value))
		return;
	free(*name);
	*name = reader_copy(r, value->text);
}

/* Text for people: any language, one line. */
static bool title_is_good(struct reader *r, const struct node *node, const char *text)
{
	size_t len = strlen(text);
	uint32_t point;
	char shown[100];

	if (len > MODEL_TITLE_LEN) {
		reader_error(r, node, NULL, "too long: %zu bytes, at most %d", len, MODEL_TITLE_LEN);
		return false;
	}
	for (size_t at = 0; at < len;) {
		size_t taken = utf8_decode(text + at, len - at, &point);

		if (!taken || utf8_is_control(point)) {
			reader_error(r, node, "leave it out",
				     "a character that terminals obey or nobody sees in \"%s\"",
				     text_escape(text, len, shown, sizeof(shown)));
			return false;
		}
		at += taken;
	}
	return true;
}

void read_title(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	const char *text = reader_text(r, value, "text");
	char **title = member;

	if (!text || !title_is_good(r, value, text))
		return;
	free(*title);
	*title = reader_copy(r, text);
}

void read_bool(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	static const char *const words[] = { "false", "true", "no", "yes", "off", "on", NULL };
	int word = reader_word(r, value, words);

	if (word >= 0)
		*(bool *)member = word & 1;
}

void read_u64(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	const char *text = reader_text(r, value, "a number");
	uint64_t number;
	char shown[60];

	if (!text)
		return;
	if (quantity_parse(text, &number))
		reader_error(r, value, "as in 40000, 40k or 1.5M", "\"%s\" is no whole number",
			     text_escape(text, strlen(text), shown, sizeof(shown)));
	else if (number < f->min || number > f->max)
		reader_error(r, value, NULL, "%s is %llu; it must be %llu to %llu", f->name,
			     (unsigned long long)number, (unsigned long long)f->min,
			     (unsigned long long)f->max);
	else
		*(uint64_t *)member = number;
}

void read_u32(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	uint64_t number = *(uint32_t *)member;

	read_u64(r, value, f, &number);
	*(uint32_t *)member = (uint32_t)number;
}

void read_u16(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	uint64_t number = *(uint16_t *)member;

	read_u64(r, value, f, &number);
	*(uint16_t *)member = (uint16_t)number;
}

void read_word(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	int word = reader_word(r, value, f->words);

	if (word >= 0)
		*(int *)member = word;
}
