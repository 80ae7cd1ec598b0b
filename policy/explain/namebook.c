// SPDX-License-Identifier: Apache-2.0
/*
 * Lists of names for who asks beside the gateway. Called by the commands of `sekisho url`.
 */
#include "explain/namebook.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "install/namecontent.h"
#include "names/print.h"

struct over {
	uint64_t print;
	struct sek_name_over over;
};

struct name_book {
	const struct policy *policy;
	uint64_t taken; /* lists, one bit each */
	struct name_list lists[SEK_NAME_LISTS_MAX];
	char *files[SEK_NAME_LISTS_MAX]; /* NULL: not read */
	struct name_snapshot hands[SEK_NAME_LISTS_MAX]; /* what was changed in them by hand */
	size_t hand_cnt;
	struct over *overs; /* sorted; what tenants have decided */
	size_t over_cnt;
	int candidate, stands_for;
	struct name_table table;
	struct sek_name_line *lines;
	uint64_t *bloom;
};

static int room_lines(void *arg, uint32_t line_cnt, struct sek_name_line **ret_lines)
{
	struct name_book *book = arg;

	free(book->lines);
	book->lines = aligned_alloc(sizeof(*book->lines), (size_t)line_cnt * sizeof(*book->lines));
	if (!book->lines)
		return -ENOMEM;
	memset(book->lines, 0, (size_t)line_cnt * sizeof(*book->lines));
	*ret_lines = book->lines;
	return 0;
}

/* Lists that anybody takes; of others nobody asks. */
static uint64_t lists_taken(const struct policy *policy)
{
	uint64_t lists = 0;

	for (size_t t = 0; t < policy->tenant_cnt; t++) {
		const struct model_tenant *tenant = &policy->tenants[t];

		for (size_t g = 0; g <= tenant->name_group_cnt; g++) {
			const struct model_names *names = g ? &tenant->name_groups[g - 1].names
							    : &tenant->names;

			for (int use = 0; use < USE_CNT; use++)
				for (size_t i = 0; i < names->taking_cnt[use]; i++)
					lists |= names->takings[use][i].lists;
		}
	}
	return lists;
}

/* The copy that the agent keeps; NULL: none that can be read. */
static char *kept_path(const struct model_name_list *list, const char *kept)
{
	char *path = NULL;

	if (!kept || asprintf(&path, "%s/%s.names", kept, list->name) < 0)
		return NULL;
	if (!access(path, R_OK))
		return path;
	free(path);
	return NULL;
}

/* Where a list's text is: at its source, or in that copy. NULL: nowhere. */
static char *list_path(const struct model_name_list *list, const struct name_book_options *options)
{
	char *path = !list->source || options->kept_first ? kept_path(list, options->kept) : NULL;

	return path || !list->source ? path : strdup(list->source);
}

static void list_read(struct name_book *book, const struct model_name_list *list,
		      const struct name_book_options *options, struct diag *diag)
{
	const struct name_read_options reading = { .format = list->format,
						   .allow = list->allow,
						   .own_answers = list->own_answers,
						   .public_suffixes = list->public_suffixes };
	char *path = list_path(list, options);
	struct diag words;

	if (list->built_in && !path) {
		if (!name_list_canaries(&book->lists[list->id]))
			book->files[list->id] = strdup("built in");
		return;
	}
	if (!path && !list->feed.url)
		return; /* filled by hand alone */
	diag_init(&words);
	if (path && !name_list_read(path, &reading, &book->lists[list->id], &words)) {
		book->files[list->id] = path;
		path = NULL;
	} else {
		diag_add(diag, DIAG_WARNING, list->place.file, list->place.line, list->place.column,
			 path ? NULL : "it is fetched, and the agent keeps no copy that can be read",
			 "what list %s holds is not known: %s", list->name,
			 words.cnt ? words.entries[words.cnt - 1].text : "nothing can be read");
	}
	diag_free(&words);
	free(path);
}

/* The published entries of the content are the book's: it gives them back. */
static int hand_take(struct name_book *book, const struct model_name_list *list, const char *path,
		     struct diag *diag)
{
	struct name_content *content = name_content_new(list);
	int err;

	if (!content)
		return -ENOMEM;
	content->published = book->lists[list->id];
	err = name_content_hand_read(content, path, time(NULL), diag);
	if (!err)
		err = name_content_snapshot(content, &book->hands[list->id]);
	if (!err)
		book->hand_cnt += content->change_cnt;
	book->hands[list->id].sources[0].list = &book->lists[list->id];
	content->published = (struct name_list){};
	name_content_free(content);
	return err;
}

/* What operators have changed in a list stays when another policy comes. */
static void hand_read(struct name_book *book, const struct model_name_list *list, const char *kept,
		      struct diag *diag)
{
	char *path = NULL;
	int err;

	if (!kept || asprintf(&path, "%s/%s.hand", kept, list->name) < 0)
		return;
	err = hand_take(book, list, path, diag);
	if (err)
		diag_add(diag, DIAG_WARNING, path, 0, 0, NULL,
			 "what was changed by hand in list %s is not known: %s", list->name,
			 strerror(-err));
	free(path);
}

static int candidate_number(struct name_book *book, const char *stands_for, struct diag *diag)
{
	const struct model_name_list *list = stands_for ? policy_name_list(book->policy, stands_for)
							: NULL;

	if (stands_for && !list) {
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL,
			 "the policy has no list of names \"%s\"", stands_for);
		return -ENOENT;
	}
	book->stands_for = list ? list->id : -1;
	for (int number = SEK_NAME_LISTS_MAX - 1; number >= 0; number--) {
		if (policy_name_list_id(book->policy, (uint16_t)number))
			continue;
		book->candidate = number;
		return 0;
	}
	diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL,
		 "the policy has %d lists of names; there is no room for one more",
		 SEK_NAME_LISTS_MAX);
	return -ENOSPC;
}

static int candidate_read(struct name_book *book, const struct name_book_options *options,
			  struct diag *diag)
{
	const struct name_read_options reading = { .format = options->format };
	int err = candidate_number(book, options->stands_for, diag);

	if (!err)
		err = name_list_read(options->candidate, &reading, &book->lists[book->candidate],
				     diag);
	if (err)
		return err;
	book->files[book->candidate] = strdup(options->candidate);
	return book->files[book->candidate] ? 0 : -ENOMEM;
}

/* As what a list's text counts: a candidate as what it stands for. */
static bool list_allows(const struct name_book *book, unsigned int number)
{
	int id = (int)number == book->candidate ? book->stands_for : (int)number;
	const struct model_name_list *list =
		id < 0 ? NULL : policy_name_list_id(book->policy, (uint16_t)id);

	return list && list->allow;
}

static int table_make(struct name_book *book)
{
	struct name_source sources[2 * SEK_NAME_LISTS_MAX];
	struct name_room room = { .lines = room_lines, .arg = book };
	size_t cnt = 0;

	for (unsigned int i = 0; i < SEK_NAME_LISTS_MAX; i++) {
		const struct name_snapshot *hand = &book->hands[i];

		if (book->files[i])
			sources[cnt++] = (struct name_source){ .list = &book->lists[i],
							       .skip = hand->skip,
							       .number = (uint8_t)i,
							       .allow = list_allows(book, i) };
		if (hand->added.cnt)
			sources[cnt++] = hand->sources[1];
	}
	book->bloom = calloc(SEK_NAME_BLOOM_WORDS, sizeof(*book->bloom));
	if (!book->bloom)
		return -ENOMEM;
	room.bloom = book->bloom;
	return name_table_build(sources, cnt, &room, &book->table);
}

static int book_fill(struct name_book *book, const struct name_book_options *options,
		     struct diag *diag)
{
	int err = 0;

	book->taken = lists_taken(book->policy);
	for (size_t i = 0; i < book->policy->name_list_cnt; i++) {
		const struct model_name_list *list = &book->policy->name_lists[i];

		if (!(book->taken >> list->id & 1))
			continue;
		list_read(book, list, options, diag);
		hand_read(book, list, options->kept, diag);
	}
	if (options->candidate)
		err = candidate_read(book, options, diag);
	if (err)
		return err;
	err = table_make(book);
	if (err)
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL,
			 "no table can be made of the lists of names: %s", strerror(-err));
	return err;
}

int name_book_open(const struct policy *policy, const struct name_book_options *options,
		   struct name_book **ret_book, struct diag *diag)
{
	struct name_book *book = calloc(1, sizeof(*book));
	int err = -ENOMEM;

	if (book) {
		book->policy = policy;
		book->candidate = book->stands_for = -1;
		err = book_fill(book, options, diag);
	}
	if (err) {
		name_book_free(book);
		return err;
	}
	*ret_book = book;
	return 0;
}

void name_book_free(struct name_book *book)
{
	if (!book)
		return;
	for (unsigned int i = 0; i < SEK_NAME_LISTS_MAX; i++) {
		if (book->files[i])
			name_list_free(&book->lists[i]);
		free(book->files[i]);
		name_snapshot_free(&book->hands[i]);
	}
	free(book->overs);
	name_table_free(&book->table);
	free(book->lines);
	free(book->bloom);
	free(book);
}

/* --- overrides --- */

/* Where a fingerprint is, or belongs. */
static size_t over_at(const struct name_book *book, uint64_t print)
{
	size_t from = 0, to = book->over_cnt;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (book->overs[middle].print < print)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static bool over_find(void *arg, uint64_t print, struct sek_name_over *ret_over)
{
	const struct name_book *book = arg;
	size_t at = over_at(book, print);

	if (at == book->over_cnt || book->overs[at].print != print)
		return false;
	*ret_over = book->overs[at].over;
	return true;
}

static struct sek_name_over *over_of(struct name_book *book, uint64_t print)
{
	size_t at = over_at(book, print);
	struct over *overs;

	if (at < book->over_cnt && book->overs[at].print == print)
		return &book->overs[at].over;
	overs = reallocarray(book->overs, book->over_cnt + 1, sizeof(*overs));
	if (!overs)
		return NULL;
	book->overs = overs;
	memmove(&overs[at + 1], &overs[at], (book->over_cnt++ - at) * sizeof(*overs));
	overs[at] = (struct over){ .print = print };
	return &overs[at].over;
}

int name_book_override(struct name_book *book, uint16_t tenant, const char *name, bool allow)
{
	const struct sek_name_keys *keys = &book->table.keys;
	uint64_t bit = 1ULL << (tenant & 63);
	struct sek_name_over *over;
	struct name_key key;
	struct diag diag;
	int err;

	diag_init(&diag);
	err = name_key_read(name, &key, &diag);
	diag_free(&diag);
	if (err)
		return err;
	over = over_of(book, name_key_print_of(keys, &key));
	if (!over)
		return -ENOMEM;
	if (key.kind != NAME_BELOW)
		*(allow ? &over->allow_self : &over->block_self) |= bit;
	if (key.kind != NAME_SELF && key.kind != NAME_URL_EXACT)
		*(allow ? &over->allow_below : &over->block_below) |= bit;
	if (!allow || !key.path_len)
		return 0;
	over = over_of(book, name_key_print_of_pages(keys, &key));
	if (!over)
		return -ENOMEM;
	over->allow_self |= bit;
	return 0;
}

size_t name_book_by_hand(const struct name_book *book)
{
	return book->hand_cnt;
}

/* --- what is asked of a book --- */

struct name_view name_book_view(const struct name_book *book)
{
	return (struct name_view){ .table = &book->table,
				   .over = book->over_cnt ? over_find : NULL,
				   .arg = (void *)book };
}

const struct policy *name_book_policy(const struct name_book *book)
{
	return book->policy;
}

int name_book_candidate(const struct name_book *book, int *ret_stands_for)
{
	*ret_stands_for = book->stands_for;
	return book->candidate;
}

bool name_book_takes(const struct name_book *book, unsigned int list)
{
	return list < SEK_NAME_LISTS_MAX && book->taken >> list & 1;
}

uint64_t name_book_read(const struct name_book *book)
{
	uint64_t lists = 0;

	for (unsigned int i = 0; i < SEK_NAME_LISTS_MAX; i++)
		lists |= (uint64_t) !!book->files[i] << i;
	return lists;
}

const char *name_book_file(const struct name_book *book, unsigned int list)
{
	return list < SEK_NAME_LISTS_MAX ? book->files[list] : NULL;
}

const struct name_list *name_book_list(const struct name_book *book, unsigned int list)
{
	return name_book_file(book, list) ? &book->lists[list] : NULL;
}

/* What an entry must be to say something at a place. */
static bool kind_fits(const struct name_entry *entry, const struct name_found *found)
{
	if (found->pages)
		return name_is_url(entry);
	if (entry->path_len != found->path_len)
		return false;
	if (name_is_url(entry))
		return found->path_len && (found->whole || entry->kind == NAME_URL_PREFIX);
	return !found->path_len && entry->kind & (found->whole ? NAME_SELF : NAME_BELOW);
}

/* Of a list: what says so at a place. */
static const struct name_entry *entry_at(const struct name_list *list, const uint8_t *skip,
					 const struct name_asked *asked,
					 const struct name_found *found, bool spares)
{
	size_t host_len = asked->host_len - found->at;

	for (size_t i = 0; i < list->cnt; i++) {
		const struct name_entry *entry = &list->entries[i];

		if (entry->host_len != host_len || entry->allow != spares ||
		    !kind_fits(entry, found) || (skip && skip[i]))
			continue;
		if (!memcmp(name_host(list, entry), asked->host + found->at, host_len) &&
		    !memcmp(name_path(list, entry), asked->path ? asked->path : "", found->path_len))
			return entry;
	}
	return NULL;
}

const struct name_entry *name_book_why(const struct name_book *book, const struct name_asked *asked,
				       const struct name_found *found,
				       const struct sek_name_said *said,
				       const struct name_list **ret_of)
{
	unsigned int number = name_list_lowest(said->lists);
	const struct model_name_list *model = policy_name_list_id(book->policy, (uint16_t)number);
	bool spares = said->opinion == SEK_NAME_ALLOW && !(model && model->allow);
	const struct name_entry *entry = NULL;

	if (number >= SEK_NAME_LISTS_MAX)
		return NULL;
	*ret_of = &book->lists[number];
	if (book->files[number])
		entry = entry_at(*ret_of, book->hands[number].skip, asked, found, spares);
	if (entry)
		return entry;
	*ret_of = &book->hands[number].added;
	return entry_at(*ret_of, NULL, asked, found, spares);
}

char *name_entry_text(const struct name_list *list, const struct name_entry *entry)
{
	char *text;

	if (asprintf(&text, "%s%s%.*s%.*s", entry->allow ? "except " : "",
		     entry->kind == NAME_BELOW	? "*."
		     : entry->kind == NAME_SELF ? "="
						: "",
		     entry->host_len, name_host(list, entry), entry->path_len,
		     name_path(list, entry)) < 0)
		return NULL;
	return text;
}
