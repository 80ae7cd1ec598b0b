// SPDX-License-Identifier: Apache-2.0
/*
 * Sections "tenants", "defaults" and "host": who is behind the gateway, and the gateway itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/reader.h"

static void add_attach(struct reader *r, const struct node *item, void *arg)
{
	struct model_tenant *tenant = arg;
	struct wish {
		char *port;
		uint16_t vlan, outer;
	} wish = {};
	static const struct field fields[] = {
		{ .name = "port",
		  .read = read_name,
		  .offset = offsetof(struct wish, port),
		  .needed = true },
		{ .name = "vlan",
		  .read = read_u16,
		  .offset = offsetof(struct wish, vlan),
		  .min = 0,
		  .max = 4094 },
		{ .name = "outer",
		  .read = read_u16,
		  .offset = offsetof(struct wish, outer),
		  .min = 1,
		  .max = 4094 },
		{},
	};
	const struct model_port *port = NULL;
	struct model_attach *attach;
	struct suggest near;

	if (!reader_map(r, item, fields, &wish) || !wish.port)
		goto out;
	port = policy_port(r->policy, wish.port);
	if (!port) {
		suggest_start(&near, wish.port);
		for (size_t i = 0; i < r->policy->port_cnt; i++)
			if (r->policy->ports[i].name)
				suggest_offer(&near, r->policy->ports[i].name);
		reader_unknown(r, node_find(item, "port"), &near,
			       "ports are named in the section of that name", "port");
		goto out;
	}
	if (wish.outer && !wish.vlan)
		reader_error(r, item, "QinQ has two tags: outer and vlan", "outer without vlan");
	attach = reader_push(r, &tenant->attaches, &tenant->attach_cnt, sizeof(*attach));
	if (attach)
		*attach = (struct model_attach){ .port_id = port->id,
						 .vlan = wish.vlan,
						 .outer = wish.outer,
						 .place = reader_place(item) };
out:
	free(wish.port);
}

static void read_attach(struct reader *r, const struct node *value, const struct field *f,
			void *member)
{
	reader_each_map(r, value, add_attach, member);
}

static void add_prefix(struct reader *r, const struct node *item, void *arg)
{
	group_add(r, item, arg);
}

/* What contains another is enough. A second reading of the same keeps the first. */
static void read_set(struct reader *r, const struct node *value, const struct field *f,
		     struct prefix **prefixes, size_t *cnt)
{
	struct model_end end = {};

	if (*prefixes)
		return;
	reader_each(r, value, add_prefix, &end);
	prefixes_tidy(&end);
	if (!end.prefix_cnt && value->kind == NODE_SEQ && !value->cnt)
		reader_error(r, value, NULL, "%s is empty", f->name);
	*prefixes = end.prefixes;
	*cnt = end.prefix_cnt;
}

static void read_whole_addresses(struct reader *r, const struct node *value,
				 const struct prefix *set, size_t cnt, const char *whose)
{
	for (size_t i = 0; i < cnt; i++)
		if (set[i].len != 128)
			reader_error(r, value, NULL,
				     "addresses of %s are whole addresses, not prefixes", whose);
}

/* member: the tenant */
static void read_prefixes(struct reader *r, const struct node *value, const struct field *f,
			  void *member)
{
	struct model_tenant *tenant = member;

	read_set(r, value, f, &tenant->prefixes, &tenant->prefix_cnt);
}

static void read_addresses(struct reader *r, const struct node *value, const struct field *f,
			   void *member)
{
	struct model_tenant *host = member;

	read_set(r, value, f, &host->prefixes, &host->prefix_cnt);
	read_whole_addresses(r, value, host->prefixes, host->prefix_cnt, "the host");
}

static void read_routers(struct reader *r, const struct node *value, const struct field *f,
			 void *member)
{
	struct model_tenant *tenant = member;

	read_set(r, value, f, &tenant->routers, &tenant->router_cnt);
	read_whole_addresses(r, value, tenant->routers, tenant->router_cnt, "routers");
}

/* "decrypt", or [decrypt, mail A]: kept as one text. */
static void add_option(struct reader *r, const struct node *item, void *arg)
{
	struct model_tenant *tenant = arg;
	char *one = NULL, *both = NULL;

	read_title(r, item, NULL, &one);
	if (!one)
		return;
	if (asprintf(&both, "%s%s%s", tenant->options ? tenant->options : "",
		     tenant->options ? ", " : "", one) < 0)
		r->out_of_memory = true, both = NULL;
	free(one);
	free(tenant->options);
	tenant->options = both;
}

static void read_options(struct reader *r, const struct node *value, const struct field *f,
			 void *member)
{
	reader_each(r, value, add_option, member);
}

static const struct field own_fields[] = {
	{ .name = "name",
	  .read = read_name,
	  .offset = offsetof(struct model_tenant, name),
	  .needed = true },
	{ .name = "id",
	  .read = read_u16,
	  .offset = offsetof(struct model_tenant, id),
	  .needed = true,
	  .min = 1,
	  .max = SEK_TENANTS_MAX - 1 },
	{ .name = "title", .read = read_title, .offset = offsetof(struct model_tenant, title) },
	{ .name = "options", .read = read_options },
	{ .name = "attach", .read = read_attach, .needed = true },
	{ .name = "prefixes", .read = read_prefixes, .needed = true },
	{ .name = "routers", .read = read_routers },
};
#define OWN_CNT (sizeof(own_fields) / sizeof(own_fields[0]))
#define FIELDS_MAX 24

/* A tenant's table: its own fields, then the settings; closed as reader_map() wants it. */
static void tenant_fields(struct field *fields)
{
	size_t cnt = OWN_CNT;

	memcpy(fields, own_fields, sizeof(own_fields));
	for (const struct field *f = settings_fields; f->name && cnt < FIELDS_MAX - 1; f++)
		fields[cnt++] = *f;
	fields[cnt] = (struct field){};
}

static void tenant_add(struct reader *r, const struct node *item, void *arg)
{
	struct policy *policy = r->policy;
	struct field fields[FIELDS_MAX];
	struct model_tenant *tenant;

	if (policy->tenant_cnt > SEK_TENANTS_MAX) /* ids told of it already */
		return;
	if (policy->tenant_cnt == SEK_TENANTS_MAX)
		reader_error(r, item, NULL, "more than %d tenants", SEK_TENANTS_MAX - 1);
	tenant = reader_push(r, &policy->tenants, &policy->tenant_cnt, sizeof(*tenant));
	if (!tenant)
		return;
	tenant->place = reader_place(item);
	settings_inherit(r, &r->defaults, tenant);
	tenant_fields(fields);
	reader_map(r, item, fields, tenant);
	settings_finish(r, item, tenant);
	rules_append(r, item, &r->defaults, tenant);
	rules_name(r, tenant);
}

void section_tenants(struct reader *r, const struct node *value)
{
	reader_each_map(r, value, tenant_add, NULL);
}

void section_defaults(struct reader *r, const struct node *value)
{
	if (!node_is_null(value))
		reader_map(r, value, settings_fields, &r->defaults);
}

void section_host(struct reader *r, const struct node *value)
{
	static const struct field fields[] = {
		{ .name = "addresses", .read = read_addresses },
		{ .name = "rules", .read = read_rules },
		{ .name = "default", .read = read_default },
		{ .name = "lists", .read = read_subscription },
		{},
	};
	struct model_tenant *host = &r->policy->tenants[0];

	if (node_is_null(value))
		return;
	if (host->place.line) {
		reader_error(r, value, NULL, "there is another section \"host\" in %s:%u",
			     host->place.file, host->place.line);
		return;
	}
	host->place = reader_place(value);
	reader_map(r, value, fields, host);
	rules_name(r, host);
}

void section_version(struct reader *r, const struct node *value)
{
	const char *text = reader_text(r, value, "a number");

	r->versioned = true;
	if (text && strcmp(text, "1") != 0)
		reader_error(r, value, "this program reads version 1", "unknown version \"%s\"",
			     strlen(text) < 20 ? text : "…");
}

void tenant_free(struct model_tenant *tenant)
{
	free(tenant->name);
	free(tenant->title);
	free(tenant->options);
	free(tenant->attaches);
	free(tenant->prefixes);
	free(tenant->routers);
	names_free(&tenant->names);
	inspect_free(&tenant->inspect);
	name_groups_free(tenant);
	for (size_t i = 0; i < tenant->rule_cnt; i++)
		rule_free(&tenant->rules[i]);
	free(tenant->rules);
}
