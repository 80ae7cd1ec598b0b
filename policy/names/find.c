// SPDX-License-Identifier: Apache-2.0
/*
 * Suffixes from the right, then prefixes from the left. Called by explain and by the agent. Pure.
 */
#include "names/find.h"

#include <string.h>

#include "names/print.h"

static uint32_t line_set(const struct sek_name_line *line, uint64_t print)
{
	for (int i = 0; i < SEK_NAME_SLOTS; i++) {
		uint32_t set = name_slot_set(line->slot[i], print);

		if (set)
			return set;
	}
	return 0;
}

const struct sek_name_set *name_table_set(const struct name_table *table, uint64_t print)
{
	uint64_t bits = name_bloom_bits(print);
	uint32_t set;

	if (!table->line_cnt ||
	    (table->bloom[name_bloom_word(print, table->bloom_mask)] & bits) != bits)
		return NULL;
	set = line_set(&table->lines[name_line_first(print, table->line_cnt)], print);
	if (!set)
		set = line_set(&table->lines[name_line_second(print, table->line_cnt)], print);
	return set && set < table->set_cnt ? &table->sets[set] : NULL;
}

static void suffix_ask(const struct name_view *view, struct name_found *found, name_found_fn *tell,
		       void *arg)
{
	const struct sek_name_set *set = name_table_set(view->table, found->print);

	found->set = set ? *set : (struct sek_name_set){};
	found->over = (struct sek_name_over){};
	found->overlaid = view->over && view->over(view->arg, found->print, &found->over);
	if (set || found->overlaid)
		tell(arg, found);
}

static void host_ask(const struct name_view *view, const char *host, size_t len,
		     name_found_fn *tell, void *arg)
{
	for (size_t at = len; at-- > 0;) {
		struct name_found found = { .at = (uint16_t)at, .whole = !at };

		if ((at && host[at - 1] != '.') || host[at] == '.')
			continue;
		found.print = name_print_host(&view->table->keys, host + at, len - at);
		suffix_ask(view, &found, tell, arg);
	}
}

static void path_ask(const struct name_view *view, uint64_t host, const struct name_asked *asked,
		     name_found_fn *tell, void *arg)
{
	const char *query = memchr(asked->path, '?', asked->path_len);

	for (size_t len = 1; len <= asked->path_len && len <= SEK_NAME_PATH_BYTES; len++) {
		struct name_found found = { .path_len = (uint16_t)len };

		found.whole = len == asked->path_len || asked->path + len == query;
		if (!found.whole && asked->path[len - 1] != '/')
			continue;
		found.print = name_print_path(&view->table->keys, host, asked->path, len);
		suffix_ask(view, &found, tell, arg);
	}
}

static void pages_ask(const struct name_view *view, uint64_t host, name_found_fn *tell, void *arg)
{
	struct name_found found = { .print = name_sum_pages(&view->table->keys, host),
				    .whole = true,
				    .pages = true };

	suffix_ask(view, &found, tell, arg);
}

void name_find(const struct name_view *view, const struct name_asked *asked, name_found_fn *found,
	       void *arg)
{
	size_t len = asked->host_len;
	uint64_t host;

	if (len && asked->host[len - 1] == '.')
		len--;
	if (!len || len > SEK_NAME_HOST_WORDS * 8)
		return;
	host_ask(view, asked->host, len, found, arg);
	host = name_print_host(&view->table->keys, asked->host, len);
	if (asked->path)
		path_ask(view, host, asked, found, arg);
	else
		pages_ask(view, host, found, arg);
}

struct weighing {
	uint64_t tenant;
	const struct sek_name_phase *phase;
	struct sek_name_said said;
	struct name_found *decisive;
};

static void found_weigh(void *arg, const struct name_found *found)
{
	struct weighing *w = arg;
	struct sek_name_said said = {};

	if (found->pages && !name_pages_count(w->phase, &w->said))
		return;
	name_weigh(&found->set, found->whole, found->overlaid ? &found->over : NULL, w->tenant,
		   w->phase, &said);
	if (said.opinion == SEK_NAME_NONE || (found->pages && said.opinion != SEK_NAME_ALLOW))
		return;
	w->said = said;
	if (w->decisive)
		*w->decisive = *found;
}

struct sek_name_said name_decide(const struct name_view *view, const struct name_asked *asked,
				 uint16_t tenant, const struct sek_name_phase *phase,
				 struct name_found *ret_found)
{
	struct weighing w = { .tenant = 1ULL << (tenant & 63), .phase = phase, .decisive = ret_found };

	name_find(view, asked, found_weigh, &w);
	return w.said;
}
