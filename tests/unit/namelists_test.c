// SPDX-License-Identifier: Apache-2.0
/*
 * Real lists of names and URLs, where they are at hand: each line is taken or left out for its reason, in
 * numbers that add up; and what is read decides of names as the lists' makers say. Decisions are made by a
 * walk over suffixes here, so that they are of the entries alone.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lists/bytes.h"
#include "lists/read.h"
#include "names/merge.h"
#include "names/url.h"

#define LISTS "/work/shared/data/lists/"
#define SUFFIXES LISTS "publicsuffix/public_suffix_list.dat.gz"

struct row {
	const char *path, *format;
	size_t cnt, regex_cnt, duplicate_cnt;
	const char *skips;
};

/*
 * Entries, expressions, duplicates, what is left out. Beside SOURCE.txt's "holds": one URL without a scheme is
 * two entries, and twice as many where its host has no www.; a pair of apex and wildcard is one.
 */
static const struct row rows[] = {
	{ "adaway-hosts/hosts.txt.gz", "hosts", 6540, 0, 0, "local 2" },
	{ "antipopads/hosts", "hosts", 755, 0, 0, "" },
	{ "antipopads/popads.txt", "adblock", 755, 0, 0, "" },
	{ "cname-trackers/AdguardCNAMEAds.txt.gz", "hosts", 11735, 0, 0, "" },
	{ "corporations-hosts6/facebook_all", "hosts", 2117, 0, 0, "" },
	{ "corporations-hosts6/facebook_all.easylist.gz", "adblock", 2116, 0, 0, "options 4232" },
	{ "corporations-hosts6/facebook_all.ipv6", "hosts", 2116, 0, 0, "" },
	{ "doh-resolvers/doh-domains.json", "json", 1376, 0, 0, "" },
	{ "doh-resolvers/doh-domains.txt", "domains", 1376, 0, 0, "" },
	{ "hagezi-light/adblock_light.txt.gz", "adblock", 122677, 0, 0, "suffix 3" },
	{ "hagezi-light/adblock_whitelist-referral.txt", "adblock", 480, 0, 0, "pattern 2" },
	{ "hagezi-light/unbound_doh-vpn-proxy-bypass.blacklist.conf", "unbound", 714, 0, 0,
	  "statement 1" },
	{ "hagezi-light/wildcard_light.txt.gz", "wildcard", 122677, 0, 0, "suffix 3" },
	{ "hagezi-six-formats/3p_easylist.adblock.txt.gz", "adblock", 50231, 0, 0, "" },
	{ "hagezi-six-formats/3p_easylist.dnsmasq.txt.gz", "dnsmasq", 50231, 0, 0, "" },
	{ "hagezi-six-formats/3p_easylist.domains.txt.gz", "domains", 86674, 0, 0, "" },
	{ "hagezi-six-formats/3p_easylist.hosts.txt.gz", "hosts", 86674, 0, 0, "" },
	{ "hagezi-six-formats/3p_easylist.unbound.conf.gz", "unbound", 50231, 0, 0, "statement 1" },
	{ "hagezi-six-formats/3p_easylist.wildcard.txt.gz", "wildcard", 50231, 0, 0, "" },
	{ "jpcert-phishurl/2022_202205.csv.gz", "csv", 5963, 0, 188, "titles 1" },
	{ "jpcert-phishurl/2024_202402.csv.gz", "csv", 7683, 0, 311, "titles 1" },
	{ "jpcert-phishurl/2025_202510.csv.gz", "csv", 5616, 0, 201, "titles 1 too_long 1" },
	{ "phishing-database/phishing-domains-ACTIVE_phishing-domains-ACTIVE2.txt.gz", "domains",
	  21255, 0, 2, "suffix 32 name 1" },
	{ "phishing-database/phishing-domains-INVALID.txt", "domains", 0, 0, 0, "name 5" },
	{ "phishing-database/phishing-links-INACTIVE_phishing-links-INACTIVE1.txt.gz", "urls",
	  26316, 0, 4, "scheme 2" },
	{ "phishing-database/phishing-links-INVALID.txt", "urls", 5, 0, 0, "" },
	{ "rpz-cti/adblock.txt", "adblock", 6124, 0, 0, "suffix 1" },
	{ "rpz-cti/domains.txt", "domains", 6124, 0, 0, "suffix 1" },
	{ "rpz-cti/rpz.txt.gz", "rpz", 6125, 0, 0, "zone 2 suffix 1" },
	{ "scam-hosts/raw.txt.gz", "hosts", 14948, 0, 1, "name 3" },
	{ "tofukko-ja/Adblock_Plus_list.txt.gz", "adblock", 1543, 2, 0,
	  "cosmetic 3781 address 1 options 1053 pattern 334" },
	{ "umbrella-top/umbrella-top-100k.txt.gz", "domains", 100000, 0, 0, "suffix 1" },
	{ "ut1-categories/adult_expressions", "domains", 0, 0, 0, "" },
	{ "ut1-categories/adult_urls", "urls", 4160, 0, 4, "" },
	{ "ut1-categories/adult_very_restrictive_expression", "expressions", 0, 2, 0, "" },
	{ "ut1-categories/doh_domains", "domains", 2996, 0, 0, "address 19" },
	{ "ut1-categories/gambling_domains.gz", "domains", 32232, 0, 0, "address 14 suffix 1" },
	{ "ut1-categories/games_domains.gz", "domains", 33709, 0, 0, "address 26 suffix 6" },
	{ "ut1-categories/games_urls", "urls", 4977, 0, 0, "" },
	{ "ut1-categories/liste_bu_domains", "domains", 2786, 0, 0, "address 17 suffix 22" },
	{ "ut1-categories/malware_urls.gz", "urls", 66313, 0, 2214, "" },
	{ "ut1-categories/shopping_domains.gz", "domains", 36963, 0, 0, "address 4 suffix 1" },
	{ "ut1-categories/shortener_domains", "domains", 4553, 0, 0, "suffix 5" },
	{ "ut1-categories/social_networks_domains", "domains", 715, 0, 0, "" },
	{ "ut1-categories/vpn_domains", "domains", 6037, 0, 0, "suffix 2" },
	{ "ut1-categories/webmail_domains", "domains", 404, 0, 0, "" },
};

/* Lists of addresses hold no names, and say so. */
static const char *const of_addresses[] = {
	"country-cidr/ipv4_jp.cidr",
	"country-cidr/ipv6_us.cidr",
	"doh-resolvers/doh-ipv4.txt",
	"doh-resolvers/doh-ipv6.txt",
	"firehol/dshield.netset",
	"firehol/firehol_level1.netset.gz",
	"ipsum/ipsum.txt.gz",
	"ipsum/levels_3.txt.gz",
	"phishing-database/phishing-IPs-ACTIVE.txt",
	"spamhaus-drop/drop.txt",
	"spamhaus-drop/edrop.txt",
	"spamhaus-drop/drop_ipv6.txt",
	"spamhaus-drop-comments/urlhaus.txt.gz",
};

static void skip_without_lists(void)
{
	if (!access(LISTS, R_OK))
		return;
	print_message("SKIP: no real lists at " LISTS "\n");
	skip();
}

static int list_of(const char *path, const char *format, struct name_list *ret_list)
{
	struct name_read_options options = { .format = format, .suffix_file = SUFFIXES };
	char whole[256];
	struct diag diag;
	int err;

	snprintf(whole, sizeof(whole), "%s%s", path[0] == '/' ? "" : LISTS, path);
	diag_init(&diag);
	err = name_list_read(whole, &options, ret_list, &diag);
	/* Everything that is left out is told: by itself, or in the count of its reason. */
	if (!err)
		assert_true(!ret_list->skip_cnt == !diag.cnt || ret_list->duplicate_cnt ||
			    ret_list->port_cnt);
	else
		assert_int_equal(diag.error_cnt, 1);
	diag_free(&diag);
	return err;
}

static const char *skips_text(const struct name_list *list, char *to, size_t cap)
{
	static const char *const ids[] = {
#define NAME_SKIP(id, class, what) #id,
#include "names/skips.def"
#undef NAME_SKIP
	};
	size_t len = 0;

	to[0] = 0;
	for (size_t i = 0; i < NAME_SKIP_CNT; i++)
		if (list->skip_cnts[i])
			len += snprintf(to + len, cap - len, "%s%s %zu", len ? " " : "", ids[i],
					list->skip_cnts[i]);
	return to;
}

static void every_line_is_taken_or_told(void **state)
{
	skip_without_lists();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct name_list list = {};
		char skips[256];
		int err = list_of(row->path, NULL, &list);

		if (err == -ENODATA && !row->cnt && row->skips[0])
			continue;
		skips_text(&list, skips, sizeof(skips));
		if (err || strcmp(list.format, row->format) != 0 || list.cnt != row->cnt ||
		    list.regex_cnt != row->regex_cnt || list.duplicate_cnt != row->duplicate_cnt ||
		    strcmp(skips, row->skips) != 0)
			fail_msg("%s: %d, %s, %zu entries, %zu expressions, %zu twice, %s",
				 row->path, err, list.format, list.cnt, list.regex_cnt,
				 list.duplicate_cnt, skips);
		name_list_free(&list);
	}
	for (size_t i = 0; i < sizeof(of_addresses) / sizeof(of_addresses[0]); i++) {
		struct name_list list;

		assert_int_equal(list_of(of_addresses[i], NULL, &list), -ENODATA);
	}
}

/* --- decisions --- */

/* Strings, found by what they are. */
struct judge {
	char **keys;
	size_t slots, cnt;
};

static const struct name_seed seed = { 0x9e3779b97f4a7c15ULL, 0xbf58476d1ce4e5b9ULL };

static void judge_make(struct judge *judge, size_t most)
{
	*judge = (struct judge){ .slots = 1024 };
	while (judge->slots < most * 2)
		judge->slots *= 2;
	judge->keys = calloc(judge->slots, sizeof(*judge->keys));
}

static char **judge_slot(struct judge *judge, const char *key)
{
	uint64_t at = name_hash(&seed, key, strlen(key));

	while (judge->keys[at & (judge->slots - 1)] &&
	       strcmp(judge->keys[at & (judge->slots - 1)], key) != 0)
		at++;
	return &judge->keys[at & (judge->slots - 1)];
}

static void judge_add(struct judge *judge, const char *front, const char *name, size_t len)
{
	char *key = malloc(strlen(front) + len + 1), **slot;

	sprintf(key, "%s%.*s", front, (int)len, name);
	slot = judge_slot(judge, key);
	if (*slot) {
		free(key);
		return;
	}
	*slot = key;
	assert_true(++judge->cnt < judge->slots);
}

static void judge_init(struct judge *judge, const struct name_list *list)
{
	judge_make(judge, list->cnt * 2);
	for (size_t i = 0; i < list->cnt; i++) {
		const struct name_entry *entry = &list->entries[i];
		const char *host = name_host(list, entry);

		if (name_is_url(entry))
			judge_add(judge, entry->kind == NAME_URL_PREFIX ? "<" : "/", host,
				  (size_t)entry->host_len + entry->path_len);
		if (!name_is_url(entry) && entry->kind & NAME_SELF)
			judge_add(judge, entry->allow ? "+=" : "=", host, entry->host_len);
		if (!name_is_url(entry) && entry->kind & NAME_BELOW)
			judge_add(judge, entry->allow ? "+." : ".", host, entry->host_len);
	}
}

static void judge_free(struct judge *judge)
{
	for (size_t i = 0; i < judge->slots; i++)
		free(judge->keys[i]);
	free(judge->keys);
}

static bool judge_has(struct judge *judge, const char *front, const char *name, size_t len)
{
	char key[1024];

	snprintf(key, sizeof(key), "%s%.*s", front, (int)len, name);
	return *judge_slot(judge, key);
}

/* The longest suffix with an opinion; allow beats block. */
static bool blocks(struct judge *judge, const char *name)
{
	const char *at = name;
	bool whole = true;

	for (;; whole = false) {
		if (judge_has(judge, whole ? "+=" : "+.", at, strlen(at)))
			return false;
		if (judge_has(judge, whole ? "=" : ".", at, strlen(at)))
			return true;
		at = strchr(at, '.');
		if (!at)
			return false;
		at++;
	}
}

static bool blocks_url(struct judge *judge, const char *written)
{
	static struct url url;
	char text[SEK_NAME_BYTES + URL_TARGET_MAX];
	size_t len;

	if (url_normalise(written, strlen(written), &url))
		return false;
	len = snprintf(text, sizeof(text), "%s%s", url.host.text, url.target);
	if (blocks(judge, url.host.text) || judge_has(judge, "/", text, len) ||
	    judge_has(judge, "/", text, url.host.len + url.path_len))
		return true;
	for (size_t i = url.host.len; i < (size_t)url.host.len + url.path_len; i++)
		if (text[i] == '/' && judge_has(judge, "<", text, i + 1))
			return true;
	return false;
}

/* Lines of a command or of a list, one word each. */
static char *lines_of(const char *path)
{
	char *text, *more;
	size_t len;

	assert_int_equal(list_bytes(path, &text, &len), 0);
	more = realloc(text, len + 1);
	more[len] = 0;
	return more;
}

/* gen.py says what a list of suffixes must say. */
static void made_queries_are_decided(void **state)
{
	char names[] = "/tmp/names-XXXXXX", queries[] = "/tmp/queries-XXXXXX", command[512];
	struct name_list list;
	struct judge judge;
	char *text, *next;
	size_t cnt = 0;

	skip_without_lists();
	close(mkstemp(names));
	close(mkstemp(queries));
	snprintf(command, sizeof(command),
		 "python3 " LISTS "gen.py names 30000 > %s && python3 " LISTS
		 "gen.py queries 60000 --list %s > %s",
		 names, names, queries);
	assert_int_equal(system(command), 0);
	assert_int_equal(list_of(names, NULL, &list), 0);
	assert_int_equal(list.cnt, 30000);
	judge_init(&judge, &list);
	text = lines_of(queries);
	for (char *line = strtok_r(text, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
		char *kind = strchr(line, '\t');

		*kind++ = 0;
		if (blocks(&judge, line) != (strstr(kind, "\tblock") != NULL))
			fail_msg("%s: %s", line, kind);
		cnt++;
	}
	assert_int_equal(cnt, 60000);
	free(text);
	judge_free(&judge);
	name_list_free(&list);
	unlink(names);
	unlink(queries);
}

/* How many lines of URLs are of the host of this one: 2 for more than one. */
static int host_cnt(struct judge *hosts, const char *line, bool add)
{
	static struct url url;

	assert_int_equal(url_normalise(line, strlen(line), &url), 0);
	if (add && judge_has(hosts, "1", url.host.text, url.host.len))
		judge_add(hosts, "2", url.host.text, url.host.len);
	if (add)
		judge_add(hosts, "1", url.host.text, url.host.len);
	return 1 + judge_has(hosts, "2", url.host.text, url.host.len);
}

/* Every made URL is blocked as it is written, and a page beside it is not, where its host has no other. */
static void made_urls_are_decided(void **state)
{
	char urls[] = "/tmp/urls-XXXXXX", command[256], beside[4096];
	struct judge judge, hosts;
	struct name_list list;
	char *text, *next, *line;
	size_t cnt = 0;

	skip_without_lists();
	close(mkstemp(urls));
	snprintf(command, sizeof(command), "python3 " LISTS "gen.py urls 20000 > %s", urls);
	assert_int_equal(system(command), 0);
	assert_int_equal(list_of(urls, NULL, &list), 0);
	judge_init(&judge, &list);
	judge_make(&hosts, 40000);
	text = lines_of(urls);
	for (line = strtok_r(text, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
		assert_true(blocks_url(&judge, line));
		host_cnt(&hosts, line, true);
	}
	free(text);
	text = lines_of(urls);
	for (line = strtok_r(text, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
		snprintf(beside, sizeof(beside), "%s-x", line);
		if (line[strlen(line) - 1] == '/' || host_cnt(&hosts, line, false) != 1)
			continue;
		if (blocks_url(&judge, beside))
			fail_msg("%s", beside);
		cnt++;
	}
	assert_true(cnt > 5000);
	free(text);
	judge_free(&judge);
	judge_free(&hosts);
	name_list_free(&list);
	unlink(urls);
}

/* Words of a list's text, whatever its format: what none of them is a suffix of is on no list. */
static void words_add(struct judge *judge, const char *path)
{
	char whole[256], *text, *next;

	snprintf(whole, sizeof(whole), LISTS "%s", path);
	text = lines_of(whole);
	for (char *word = strtok_r(text, " \t\r\n|^/\"", &next); word;
	     word = strtok_r(NULL, " \t\r\n|^/\"", &next)) {
		word += !strncmp(word, "*.", 2) ? 2 : 0;
		judge_add(judge, ".", word, strlen(word) - (word[strlen(word) - 1] == '.'));
	}
	free(text);
}

static const char *const block_lists[] = {
	"adaway-hosts/hosts.txt.gz",
	"hagezi-light/wildcard_light.txt.gz",
	"rpz-cti/rpz.txt.gz",
	"scam-hosts/raw.txt.gz",
	"ut1-categories/gambling_domains.gz",
	"ut1-categories/shopping_domains.gz",
};
#define BLOCK_LISTS (sizeof(block_lists) / sizeof(block_lists[0]))

/* Of names that are asked most and of made ones, those that are on no list pass all of them. */
static void unlisted_names_pass(void **state)
{
	struct judge judges[BLOCK_LISTS], words;
	char made[] = "/tmp/made-XXXXXX", command[256];
	struct name_list list;
	size_t cnt = 0, listed_cnt = 0;
	char *text, *next;

	skip_without_lists();
	judge_make(&words, 1000000);
	for (size_t i = 0; i < BLOCK_LISTS; i++) {
		assert_int_equal(list_of(block_lists[i], NULL, &list), 0);
		judge_init(&judges[i], &list);
		name_list_free(&list);
		words_add(&words, block_lists[i]);
	}
	close(mkstemp(made));
	snprintf(command, sizeof(command),
		 "{ zcat " LISTS "umbrella-top/*.gz; python3 " LISTS
		 "gen.py names 20000 --seed 9; } > %s",
		 made);
	assert_int_equal(system(command), 0);
	text = lines_of(made);
	for (char *line = strtok_r(text, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
		bool is_listed = false;

		for (const char *at = line; at && !is_listed; at = strchr(at, '.')) {
			at += *at == '.';
			is_listed = judge_has(&words, ".", at, strlen(at));
		}
		listed_cnt += is_listed;
		for (size_t i = 0; i < BLOCK_LISTS && !is_listed; i++)
			if (blocks(&judges[i], line))
				fail_msg("%s is blocked by %s", line, block_lists[i]);
		cnt += !is_listed;
	}
	assert_true(cnt >= 100000 && listed_cnt > 1000);
	print_message("%zu unlisted names pass, %zu are listed\n", cnt, listed_cnt);
	free(text);
	unlink(made);
	for (size_t i = 0; i < BLOCK_LISTS; i++)
		judge_free(&judges[i]);
	judge_free(&words);
}

/* One list in six formats: suffixes say the same of every name, exact names only of their own. */
static void six_formats_say_the_same(void **state)
{
	static const char *const suffixes[] = { "adblock.txt.gz", "dnsmasq.txt.gz",
						"unbound.conf.gz", "wildcard.txt.gz" };
	struct judge judges[4], exact;
	struct name_list list;
	char path[128];

	skip_without_lists();
	for (size_t i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "hagezi-six-formats/3p_easylist.%s", suffixes[i]);
		assert_int_equal(list_of(path, NULL, &list), 0);
		judge_init(&judges[i], &list);
		if (i < 3)
			name_list_free(&list);
	}
	for (size_t i = 0; i < list.cnt; i++) {
		char name[SEK_NAME_BYTES + 8];

		snprintf(name, sizeof(name), "q.%.*s", list.entries[i].host_len,
			 name_host(&list, &list.entries[i]));
		for (size_t j = 0; j < 4; j++)
			assert_true(blocks(&judges[j], name) && blocks(&judges[j], name + 2));
	}
	name_list_free(&list);
	assert_int_equal(list_of("hagezi-six-formats/3p_easylist.domains.txt.gz", "hosts", &list), 0);
	judge_init(&exact, &list);
	for (size_t i = 0; i < list.cnt; i++) {
		char name[SEK_NAME_BYTES + 8];

		snprintf(name, sizeof(name), "zz-none.%.*s", list.entries[i].host_len,
			 name_host(&list, &list.entries[i]));
		assert_true(!blocks(&exact, name) && blocks(&exact, name + 8));
	}
	name_list_free(&list);
	judge_free(&exact);
	for (size_t i = 0; i < 4; i++)
		judge_free(&judges[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_line_is_taken_or_told),
		cmocka_unit_test(made_queries_are_decided),
		cmocka_unit_test(made_urls_are_decided),
		cmocka_unit_test(unlisted_names_pass),
		cmocka_unit_test(six_formats_say_the_same),
	};

	return cmocka_run_group_tests_name("namelists", tests, NULL, NULL);
}
