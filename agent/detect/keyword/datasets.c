// SPDX-License-Identifier: Apache-2.0
/*
 * The sets themselves: by name, filled from files, asked and changed by any worker. Called by dataset.c
 * and when a struct parse is freed.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "detect/keyword/base64.h"
#include "detect/keyword/dataset.h"
#include "text/address.h"

#define VALUE_MAX 4096
#define VALUE_OVERHEAD 48 /* what a value takes beside its bytes: its places in the tables */
#define MEMORY_MAX (100u << 20) /* of a set, where nobody says otherwise */

struct dataset *dataset_get(struct parse *parse, struct slice name)
{
	struct dataset *dataset;

	for (dataset = parse->datasets; dataset; dataset = dataset->next)
		if (slice_is(name, dataset->name))
			return dataset;
	dataset = calloc(1, sizeof(*dataset));
	if (!dataset)
		return NULL;
	dataset->name = slice_copy(name);
	if (!dataset->name) {
		free(dataset);
		return NULL;
	}
	dataset->next = parse->datasets;
	parse->datasets = dataset;
	return dataset;
}

/* --- values --- */

static void contents_copy(struct dataset *to, const struct dataset *from)
{
	to->values = from->values;
	to->reputations = from->reputations;
	to->is_in = from->is_in;
	to->reputation_cap = from->reputation_cap;
	to->is_in_cap = from->is_in_cap;
	to->memory = from->memory;
	to->out_cnt = from->out_cnt;
}

/* All that a set has, but for what rules and settings say of it. */
static void contents_exchange(struct dataset *a, struct dataset *b)
{
	struct dataset was = *a;

	contents_copy(a, b);
	contents_copy(b, &was);
}

static void values_free(struct dataset *dataset)
{
	words_free(&dataset->values);
	free(dataset->reputations);
	free(dataset->is_in);
}

/* A value of this type has so many bytes; addresses of IPv4 have 4 in sets of both, too. */
static bool is_value(const struct dataset *dataset, struct slice value)
{
	switch (dataset->type) {
	case DATASET_MD5:
		return value.len == 16;
	case DATASET_SHA256:
		return value.len == 32;
	case DATASET_IPV4:
		return value.len == 4;
	case DATASET_IP:
		return value.len == 4 || value.len == 16;
	default:
		return value.len > 0;
	}
}

static int put(struct dataset *dataset, struct slice value, uint16_t reputation)
{
	uint32_t cnt = dataset->values.cnt, number = words_add(&dataset->values, value);

	if (!number ||
	    parse_room(&dataset->reputations, &dataset->reputation_cap, number,
		       sizeof(*dataset->reputations)) ||
	    parse_room(&dataset->is_in, &dataset->is_in_cap, number, sizeof(*dataset->is_in)))
		return -ENOMEM;
	if (dataset->is_in[number - 1])
		return 0;
	if (number > cnt)
		dataset->memory += value.len + VALUE_OVERHEAD;
	else
		dataset->out_cnt--;
	dataset->is_in[number - 1] = true;
	dataset->reputations[number - 1] = reputation;
	return 1;
}

/* Gives back what values that were taken out still hold. */
static int pack(struct dataset *dataset)
{
	struct dataset packed = { 0 };
	int err = 0;

	for (uint32_t i = 0; err >= 0 && i < dataset->values.cnt; i++)
		if (dataset->is_in[i])
			err = put(&packed, slice(dataset->values.at[i], dataset->values.lens[i]),
				  dataset->reputations[i]);
	if (err >= 0)
		contents_exchange(dataset, &packed);
	values_free(&packed);
	return err < 0 ? err : 0;
}

/* Half of it at least must come back, so that packing costs what taking out did. */
static bool make_room(struct dataset *dataset, struct slice value)
{
	uint64_t needed = value.len + VALUE_OVERHEAD;

	if (dataset->memory + needed <= dataset->memory_max || words_find(&dataset->values, value))
		return true;
	return dataset->out_cnt > dataset->values.cnt / 2 && pack(dataset) == 0 &&
	       dataset->memory + needed <= dataset->memory_max;
}

bool dataset_has(const struct dataset *dataset, struct slice value, uint16_t *ret_reputation)
{
	uint32_t number = words_find(&dataset->values, value);
	bool is_in = number && number <= dataset->is_in_cap && dataset->is_in[number - 1];

	if (is_in && ret_reputation)
		*ret_reputation = dataset->reputations[number - 1];
	return is_in;
}

int dataset_add(struct dataset *dataset, struct slice value)
{
	int added;

	if (!is_value(dataset, value))
		return 0;
	if (!make_room(dataset, value))
		return -ENOMEM;
	added = put(dataset, value, 0);
	dataset->changed |= added > 0;
	return added;
}

bool dataset_remove(struct dataset *dataset, struct slice value)
{
	uint32_t number = words_find(&dataset->values, value);
	bool was_in = number && number <= dataset->is_in_cap && dataset->is_in[number - 1];

	if (was_in)
		dataset->is_in[number - 1] = false;
	dataset->out_cnt += was_in;
	dataset->changed |= was_in;
	return was_in;
}

/* --- files: a value a line, with ",reputation" behind it where there is one --- */

static size_t hex_bytes(struct slice text, uint8_t *to, size_t len)
{
	if (text.len != len * 2)
		return 0;
	for (size_t i = 0; i < len; i++) {
		char digits[3] = { (char)text.at[2 * i], (char)text.at[2 * i + 1], 0 };

		if (!isxdigit(text.at[2 * i]) || !isxdigit(text.at[2 * i + 1]))
			return 0;
		to[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return len;
}

static size_t address_bytes(struct slice text, uint8_t *to, bool only_v4)
{
	struct prefix prefix;

	if (prefix_parse((const char *)text.at, text.len, &prefix, NULL) != PREFIX_OK ||
	    prefix.len != 128 || (only_v4 && !prefix_is_v4(&prefix)))
		return 0;
	if (prefix_is_v4(&prefix)) {
		memcpy(to, prefix.addr.b + 12, 4);
		return 4;
	}
	memcpy(to, prefix.addr.b, 16);
	return 16;
}

static size_t value_bytes(enum dataset_type type, struct slice text, uint8_t *to)
{
	switch (type) {
	case DATASET_STRING:
		return text.len <= VALUE_MAX ? base64_decode(text, BASE64_RFC4648, to) : 0;
	case DATASET_MD5:
		return hex_bytes(text, to, 16);
	case DATASET_SHA256:
		return hex_bytes(text, to, 32);
	default:
		return address_bytes(text, to, type == DATASET_IPV4);
	}
}

static int line_take(struct draft *draft, struct dataset *dataset, struct slice place,
		     struct slice line, uint32_t number, bool with_reputation)
{
	uint8_t bytes[VALUE_MAX];
	struct slice rest = line, text;
	uint64_t reputation = 0;
	size_t len;

	slice_next(&rest, ',', &text);
	len = value_bytes(dataset->type, text, bytes);
	if (!len || (with_reputation &&
		     (!rest.at || !number_parse(slice_trim(rest), UINT16_MAX, &reputation))))
		return refuse(draft, (const char *)place.at, NULL,
			      "line %u of what the set %s is loaded from is no value%s of its type",
			      number, dataset->name, with_reputation ? " with reputation" : "");
	if (dataset->memory + len + VALUE_OVERHEAD > dataset->memory_max)
		return refuse(draft, (const char *)place.at, "raise its memcap",
			      "the set %s has no room for line %u of what it is loaded from",
			      dataset->name, number);
	return put(dataset, slice(bytes, len), (uint16_t)reputation) < 0 ? refuse_memory(draft) : 0;
}

static int file_take(struct draft *draft, struct dataset *dataset, struct slice place, FILE *file,
		     bool with_reputation)
{
	uint32_t number = 0;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int err = 0;

	while (!err && (len = getline(&line, &size, file)) >= 0) {
		struct slice text = slice_trim(slice(line, (size_t)len));

		number++;
		if (text.len)
			err = line_take(draft, dataset, place, text, number, with_reputation);
	}
	free(line);
	return err;
}

/* --- what rules and settings say of a set --- */

static bool type_find(struct slice word, enum dataset_type *ret_type)
{
	static const char *const types[] = { "", "string", "md5", "sha256", "ipv4", "ip" };

	for (int i = DATASET_STRING; i <= DATASET_IP; i++) {
		if (slice_is(word, types[i])) {
			*ret_type = (enum dataset_type)i;
			return true;
		}
	}
	return false;
}

static int path_keep(struct draft *draft, struct dataset *dataset, struct slice name)
{
	const char *directory = config_text(draft->parse->config, "default-data-dir");
	char *path = NULL;
	int len;

	if (dataset->save_path)
		return 0;
	if (directory && name.len && name.at[0] != '/')
		len = asprintf(&path, "%s/%.*s", directory, (int)name.len, name.at);
	else
		len = asprintf(&path, "%.*s", (int)name.len, name.at);
	if (len < 0)
		return refuse_memory(draft);
	dataset->save_path = path;
	return 0;
}

static int load(struct draft *draft, struct dataset *dataset, struct slice name, bool must,
		bool with_reputation)
{
	FILE *file;
	int err;

	if (dataset->is_loaded)
		return 0;
	file = dataset->save_path ? fopen(dataset->save_path, "re") : NULL;
	if (!file)
		file = file_beside(draft, name);
	if (!file && must)
		return refuse(draft, draft->keyword_at,
			      "it lies beside the rules, or in default-rule-path",
			      "%.*s cannot be read", (int)name.len, name.at);
	dataset->is_loaded = true;
	if (!file)
		return 0;
	err = file_take(draft, dataset, name, file, with_reputation);
	fclose(file);
	return err;
}

int dataset_word(struct draft *draft, struct dataset *dataset, struct slice word)
{
	struct slice value = word, key;
	bool with_reputation = strcmp(draft->keyword->word, "datarep") == 0;

	slice_next(&value, ' ', &key);
	value = value.at ? slice_trim(value) : slice(word.at + word.len, 0);
	if (slice_is(key, "type"))
		return 0; /* it was read ahead of the others */
	if (slice_is(key, "load"))
		return load(draft, dataset, value, true, with_reputation);
	if (slice_is(key, "save"))
		return path_keep(draft, dataset, value);
	if (slice_is(key, "state")) {
		int err = path_keep(draft, dataset, value);

		return err ? err : load(draft, dataset, value, false, with_reputation);
	}
	if (slice_is(key, "memcap") || slice_is(key, "hashsize"))
		return 0; /* read ahead of the others; it hashes as its values need */
	return refuse(draft, (const char *)word.at, "type string, load FILE, save FILE, state FILE",
		      "%s has no word \"%.*s\"", draft->keyword->word, (int)word.len, word.at);
}

/* What it may take at first: as the settings say of it, or of all. */
static void memory_settle(struct draft *draft, struct dataset *dataset)
{
	const struct config *config = draft->parse->config;
	char path[256];

	if (dataset->memory_max)
		return;
	dataset->memory_max = config_bytes(config, "datasets.defaults.memcap", MEMORY_MAX);
	snprintf(path, sizeof(path), "datasets.%s.memcap", dataset->name);
	dataset->memory_max = config_bytes(config, path, dataset->memory_max);
}

static int memory_read(struct draft *draft, struct dataset *dataset, struct slice word)
{
	char text[32];

	snprintf(text, sizeof(text), "%.*s", (int)word.len, word.at);
	if (word.len < sizeof(text) && bytes_parse(text, &dataset->memory_max) && dataset->memory_max)
		return 0;
	return refuse(draft, (const char *)word.at, "memcap 10mb", "\"%.*s\" is no size",
		      (int)word.len, word.at);
}

/* The setting datasets.NAME.what. */
static const char *setting(const struct draft *draft, const struct dataset *dataset, const char *what)
{
	char path[256];

	snprintf(path, sizeof(path), "datasets.%s.%s", dataset->name, what);
	return config_text(draft->parse->config, path);
}

static int settings_take(struct draft *draft, struct dataset *dataset, bool with_reputation)
{
	const char *state = setting(draft, dataset, "state"), *from = setting(draft, dataset, "load");
	int err = 0;

	if (state)
		err = path_keep(draft, dataset, slice_text(state));
	if (!err && (state || from))
		err = load(draft, dataset, slice_text(from ? from : state), from != NULL,
			   with_reputation);
	return err;
}

int dataset_ready(struct draft *draft, struct dataset *dataset, struct slice words,
		  bool with_reputation)
{
	const char *of_settings = setting(draft, dataset, "type");
	enum dataset_type type = DATASET_NONE;
	struct slice rest = words, word;
	int err = 0;

	if (of_settings)
		(void)type_find(slice_text(of_settings), &type);
	memory_settle(draft, dataset);
	while (!err && slice_next(&rest, ',', &word)) {
		if (slice_starts(word, "memcap "))
			err = memory_read(draft, dataset, slice_trim(slice_behind(word, 7)));
		else if (slice_starts(word, "type ") &&
			 !type_find(slice_trim(slice_behind(word, 5)), &type))
			return refuse(draft, (const char *)word.at, "string, md5, sha256, ipv4 or ip",
				      "there is no \"%.*s\" of values", (int)word.len, word.at);
	}
	if (err)
		return err;
	if (type == DATASET_NONE)
		type = dataset->type;
	if (type == DATASET_NONE || (dataset->type != DATASET_NONE && dataset->type != type))
		return refuse(draft, draft->keyword_at, "the same type in all rules: type string",
			      "the set %s has no type, or another one elsewhere", dataset->name);
	dataset->type = type;
	while (!err && slice_next(&words, ',', &word))
		err = dataset_word(draft, dataset, word);
	return err ? err : settings_take(draft, dataset, with_reputation);
}

/* --- keeping --- */

static void address_write(struct slice value, FILE *out)
{
	char text[INET6_ADDRSTRLEN];

	fputs(inet_ntop(value.len == 4 ? AF_INET : AF_INET6, value.at, text, sizeof(text)), out);
}

static void base64_write(struct slice value, FILE *out)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < value.len; i += 3) {
		size_t left = value.len - i;
		uint32_t group = (uint32_t)value.at[i] << 16;

		group |= left > 1 ? (uint32_t)value.at[i + 1] << 8 : 0;
		group |= left > 2 ? value.at[i + 2] : 0;
		fputc(letters[group >> 18], out);
		fputc(letters[group >> 12 & 63], out);
		fputc(left > 1 ? letters[group >> 6 & 63] : '=', out);
		fputc(left > 2 ? letters[group & 63] : '=', out);
	}
}

static void value_write(const struct dataset *dataset, struct slice value, FILE *out)
{
	if (dataset->type == DATASET_STRING)
		base64_write(value, out);
	else if (dataset->type == DATASET_IPV4 || dataset->type == DATASET_IP)
		address_write(value, out);
	else
		for (size_t i = 0; i < value.len; i++)
			fprintf(out, "%02x", value.at[i]);
	fputc('\n', out);
}

static void dataset_write(struct parse *parse, const struct dataset *dataset)
{
	FILE *out = fopen(dataset->save_path, "we");

	for (uint32_t i = 0; out && i < dataset->values.cnt; i++)
		if (dataset->is_in[i])
			value_write(dataset, slice(dataset->values.at[i], dataset->values.lens[i]),
				    out);
	if (!out || fclose(out))
		diag_add(parse->diag, DIAG_WARNING, dataset->save_path, 0, 0, NULL,
			 "the set %s could not be kept: %s", dataset->name, strerror(errno));
}

static void sets_exchange(struct dataset *to, struct dataset *old)
{
	bool changed = to->changed;

	contents_exchange(to, old);
	to->changed = old->changed;
	old->changed = changed;
}

void datasets_take(struct parse *parse, struct parse *from)
{
	for (struct dataset *to = parse->datasets; to; to = to->next) {
		struct dataset *old = from->datasets;

		while (old && strcmp(old->name, to->name) != 0)
			old = old->next;
		if (old && old->type == to->type && old->is_changing && to->is_changing)
			sets_exchange(to, old);
	}
}

void datasets_free(struct parse *parse)
{
	while (parse->datasets) {
		struct dataset *dataset = parse->datasets;

		if (dataset->changed && dataset->save_path)
			dataset_write(parse, dataset);
		parse->datasets = dataset->next;
		values_free(dataset);
		free(dataset->save_path);
		free(dataset->name);
		free(dataset);
	}
}
