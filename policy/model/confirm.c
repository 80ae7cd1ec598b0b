// SPDX-License-Identifier: Apache-2.0
/*
 * Section "confirm": checks that keep a policy or take it back. What they ask is read here; the agent
 * asks it.
 */
#include <arpa/nameser.h>
#include <stdlib.h>
#include <string.h>

#include "model/reader.h"
#include "text/counted.h"
#include "text/escape.h"
#include "text/quantity.h"

#define CHECKS_MAX 16
#define WITHIN_S 30
#define ATTEMPTS 3
#define TIMEOUT_MS 2000
#define URL_LEN 1024
#define DOMAIN_LEN 253 /* RFC 1035, 2.3.4 */

/* A time in whole units of so many ns, from f->min to f->max of them. */
static void read_units(struct reader *r, const struct node *value, const struct field *f,
		       uint64_t unit_ns, uint32_t *ret_units)
{
	const char *text = reader_text(r, value, "a time");
	char shown[60], least[QUANTITY_TEXT_MAX], most[QUANTITY_TEXT_MAX];
	uint64_t ns;

	if (!text)
		return;
	if (quantity_parse_time(text, &ns))
		reader_error(r, value, "as in 500ms, 2s or 1m", "\"%s\" is no time",
			     text_escape(text, strlen(text), shown, sizeof(shown)));
	else if (ns % unit_ns || ns < f->min * unit_ns || ns > f->max * unit_ns)
		reader_error(r, value, NULL, "%s must be %s to %s%s", f->name,
			     quantity_print_time(f->min * unit_ns, least),
			     quantity_print_time(f->max * unit_ns, most),
			     unit_ns == 1000000000 ? ", in whole seconds" : "");
	else
		*ret_units = (uint32_t)(ns / unit_ns);
}

static void read_within(struct reader *r, const struct node *value, const struct field *f,
			void *member)
{
	read_units(r, value, f, 1000000000, member);
}

static void read_timeout(struct reader *r, const struct node *value, const struct field *f,
			 void *member)
{
	read_units(r, value, f, 1000000, member);
}

static void read_address(struct reader *r, const struct node *value, const struct field *f,
			 void *member)
{
	const char *text = reader_text(r, value, "an address");
	struct prefix prefix;
	char shown[80];

	if (!text)
		return;
	if (strchr(text, '/') || prefix_parse(text, strlen(text), &prefix, NULL))
		reader_error(r, value, "one address, as in 192.0.2.1 or \"2001:db8::1\"",
			     "\"%s\" is no address",
			     text_escape(text, strlen(text), shown, sizeof(shown)));
	else
		*(struct sek_addr *)member = prefix.addr;
}

static void read_url(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	const char *text = reader_text(r, value, "a URL");
	bool good;

	if (!text)
		return;
	good = strlen(text) <= URL_LEN &&
	       (!strncmp(text, "http://", 7) || !strncmp(text, "https://", 8));
	for (const char *c = text; *c && good; c++)
		good = *c > ' ' && *c < 0x7f;
	if (!good) {
		reader_error(r, value, "as in http://192.0.2.80/health", "this is no URL of HTTP");
		return;
	}
	free(*(char **)member);
	*(char **)member = reader_copy(r, text);
}

static void read_domain(struct reader *r, const struct node *value, const struct field *f,
			void *member)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_.";
	const char *text = reader_text(r, value, "a name");
	char shown[80];

	if (!text)
		return;
	if (!*text || strlen(text) > DOMAIN_LEN || strspn(text, letters) != strlen(text) ||
	    strstr(text, "..")) {
		reader_error(r, value, "as in www.example; others in their form with xn--",
			     "\"%s\" is no name of DNS",
			     text_escape(text, strlen(text), shown, sizeof(shown)));
		return;
	}
	free(*(char **)member);
	*(char **)member = reader_copy(r, text);
}

static void read_type(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	static const char *const words[] = { "A", "AAAA", "MX", "NS", "CNAME", "SOA", "TXT", NULL };
	static const uint16_t types[] = { ns_t_a,     ns_t_aaaa, ns_t_mx, ns_t_ns,
					  ns_t_cname, ns_t_soa,	 ns_t_txt };
	int word = reader_word(r, value, words);

	if (word >= 0)
		*(uint16_t *)member = types[word];
}

#define MEMBER(member) .offset = offsetof(struct model_check, member)
static const struct field fields[] = {
	{ .name = "name", .read = read_name, MEMBER(name), .needed = true },
	{ .name = "ping", .read = read_address, MEMBER(to) },
	{ .name = "tcp", .read = read_address, MEMBER(to) },
	{ .name = "http", .read = read_url, MEMBER(text) },
	{ .name = "dns", .read = read_domain, MEMBER(text) },
	{ .name = "server", .read = read_address, MEMBER(to) },
	{ .name = "port", .read = read_u16, MEMBER(port), .min = 1, .max = 65535 },
	{ .name = "status", .read = read_u16, MEMBER(status), .min = 100, .max = 599 },
	{ .name = "type", .read = read_type, MEMBER(dns_type) },
	{ .name = "from", .read = read_address, MEMBER(from) },
	{},
};
static const char *const kinds[] = { "ping", "tcp", "http", "dns" }; /* enum check_kind */

/* Which kinds a key belongs to, by their bits, and whether those cannot do without. */
static const struct {
	const char *key;
	unsigned int kinds, needed;
} belongs[] = {
	{ "server", 1 << CHECK_DNS, 1 << CHECK_DNS },
	{ "port", 1 << CHECK_TCP | 1 << CHECK_DNS, 1 << CHECK_TCP },
	{ "status", 1 << CHECK_HTTP, 0 },
	{ "type", 1 << CHECK_DNS, 0 },
};

static void check_keys(struct reader *r, const struct node *item, enum check_kind kind)
{
	for (size_t i = 0; i < sizeof(belongs) / sizeof(belongs[0]); i++) {
		const struct node *value = node_find(item, belongs[i].key);

		if (value && !(belongs[i].kinds >> kind & 1))
			reader_error(r, value, NULL, "a check by %s has no \"%s\"", kinds[kind],
				     belongs[i].key);
		else if (!value && belongs[i].needed >> kind & 1)
			reader_error(r, item, NULL, "a check by %s needs \"%s\"", kinds[kind],
				     belongs[i].key);
	}
}

/* Both ends of one family, as far as both are addresses. */
static void check_family(struct reader *r, const struct node *item, const struct model_check *check)
{
	static const struct sek_addr none;
	const struct node *from = node_find(item, "from");

	if (!from || check->kind == CHECK_HTTP || !memcmp(&check->to, &none, sizeof(none)) ||
	    !memcmp(&check->from, &none, sizeof(none)))
		return;
	if (address_is_v4(&check->to) != address_is_v4(&check->from))
		reader_error(r, from, "both IPv4, or both IPv6",
			     "from and the target are of two families");
}

static void check_add(struct reader *r, const struct node *item, void *arg)
{
	struct model_confirm *confirm = &r->policy->confirm;
	struct model_check *check =
		reader_push(r, &confirm->checks, &confirm->check_cnt, sizeof(*check));
	size_t found = 0;

	if (!check)
		return;
	check->place = reader_place(item);
	check->dns_type = ns_t_a;
	reader_map(r, item, fields, check);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (node_find(item, kinds[i])) {
			check->kind = (enum check_kind)i;
			found++;
		}
	if (found != 1) {
		reader_error(r, item, "as in {name: next-hop, ping: 192.0.2.1}",
			     "a check has one of ping, tcp, http, dns; this has %zu", found);
		return;
	}
	check->has_from = node_find(item, "from");
	check_keys(r, item, check->kind);
	check_family(r, item, check);
}

static void read_checks(struct reader *r, const struct node *value, const struct field *f,
			void *member)
{
	struct model_confirm *confirm = member;

	reader_each_map(r, value, check_add, NULL);
	if (confirm->check_cnt > CHECKS_MAX)
		reader_error(r, value, NULL, "%zu checks; at most %d", confirm->check_cnt,
			     CHECKS_MAX);
	for (size_t i = 0; i < confirm->check_cnt && i <= CHECKS_MAX; i++)
		for (size_t j = 0; j < i; j++) {
			const struct model_check *a = &confirm->checks[j], *b = &confirm->checks[i];

			if (a->name && b->name && !strcmp(a->name, b->name))
				diag_add(r->diag, DIAG_ERROR, b->place.file, b->place.line,
					 b->place.column, NULL,
					 "check %s is there twice; first in %s:%u", b->name,
					 a->place.file, a->place.line);
		}
}

static void times_check(struct reader *r, const struct node *value, const struct model_confirm *c)
{
	if ((uint64_t)c->attempts * c->timeout_ms > (uint64_t)c->within_s * 1000)
		reader_say(r, DIAG_WARNING, value, "a longer within, or fewer attempts",
			   "%s of %u ms do not all fit within %u s",
			   COUNTED(c->attempts, "attempt"), c->timeout_ms, c->within_s);
}

void section_confirm(struct reader *r, const struct node *value)
{
	static const struct field keys[] = {
		{ .name = "within",
		  .read = read_within,
		  .offset = offsetof(struct model_confirm, within_s),
		  .min = 5,
		  .max = 3600 },
		{ .name = "attempts",
		  .read = read_u32,
		  .offset = offsetof(struct model_confirm, attempts),
		  .min = 1,
		  .max = 100 },
		{ .name = "timeout",
		  .read = read_timeout,
		  .offset = offsetof(struct model_confirm, timeout_ms),
		  .min = 100,
		  .max = 30000 },
		{ .name = "checks", .read = read_checks, .needed = true },
		{},
	};
	struct model_confirm *confirm = &r->policy->confirm;

	if (node_is_null(value))
		return;
	if (confirm->place.line) {
		reader_error(r, value, NULL, "there is another section \"confirm\" in %s:%u",
			     confirm->place.file, confirm->place.line);
		return;
	}
	*confirm = (struct model_confirm){ .within_s = WITHIN_S,
					   .attempts = ATTEMPTS,
					   .timeout_ms = TIMEOUT_MS,
					   .place = reader_place(value) };
	if (reader_map(r, value, keys, confirm))
		times_check(r, value, confirm);
}
