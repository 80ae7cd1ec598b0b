// SPDX-License-Identifier: Apache-2.0
/*
 * From text to policy: reads the files, the sections by their rank, and checks the whole.
 * policy_read() and policy_parse() are the only makers; look-ups by name and number are here too.
 */
#include "model/model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/reader.h"

static const struct section {
	const char *name;
	int rank;
	void (*read)(struct reader *r, const struct node *value);
} sections[] = {
#define SECTION(name_, rank_, summary) { #name_, rank_, section_##name_ },
#include "model/sections.def"
#undef SECTION
};
#define SECTION_CNT (sizeof(sections) / sizeof(sections[0]))
#define RANK_MAX 4

static void section_unknown(struct reader *r, const struct node *key)
{
	struct suggest near;

	suggest_start(&near, key->text);
	for (size_t i = 0; i < SECTION_CNT; i++) {
		if (!strcmp(sections[i].name, key->text))
			return;
		suggest_offer(&near, sections[i].name);
	}
	reader_unknown(r, key, &near,
		       "known: version, include, ports, groups, services, lists, names, confirm, "
		       "defaults, host, tenants, suppress, assert",
		       "section");
}

static void document_check(struct reader *r, const struct document *doc)
{
	const struct node *root = doc->tree.root;

	if (!root)
		return;
	if (root->kind != NODE_MAP) {
		reader_error(r, root, "begin with version: 1", "a policy is a mapping, this is %s",
			     node_kind_name(root));
		return;
	}
	for (const struct node *key = root->first; key; key = key->next)
		section_unknown(r, key);
}

static void sections_read(struct reader *r, int rank)
{
	for (size_t s = 0; s < SECTION_CNT; s++) {
		for (size_t i = 0; sections[s].rank == rank && i < r->doc_cnt; i++) {
			const struct node *value = node_find(r->docs[i].tree.root, sections[s].name);

			if (value)
				sections[s].read(r, value);
		}
	}
}

/* The gateway itself is tenant 0, whether or not the policy says a word about it. */
static bool host_make(struct reader *r)
{
	struct model_tenant *host =
		reader_push(r, &r->policy->tenants, &r->policy->tenant_cnt, sizeof(*host));

	if (!host)
		return false;
	settings_start(host);
	host->limits.flags = SEK_TENANT_STATELESS;
	host->name = reader_copy(r, "host");
	host->default_action[SEK_OUT] = SEK_REFUSE;
	settings_finish(r, NULL, host);
	return host->name;
}

static void policy_make(struct reader *r)
{
	settings_start(&r->defaults);
	if (!host_make(r))
		return;
	for (size_t i = 0; i < r->doc_cnt; i++)
		document_check(r, &r->docs[i]);
	for (int rank = 0; rank <= RANK_MAX; rank++) {
		sections_read(r, rank);
		if (rank == 1)
			groups_resolve(r);
		if (rank == 2)
			rules_name(r, &r->defaults);
	}
	policy_check(r);
}

static void reader_free(struct reader *r)
{
	files_free(r);
	groups_free(r);
	for (size_t i = 0; i < r->service_cnt; i++)
		service_free(&r->services[i]);
	free(r->services);
	tenant_free(&r->defaults);
}

struct policy *policy_parse(const char *text, size_t len, const char *name, const char *base,
			    struct diag *diag)
{
	struct policy *policy = calloc(1, sizeof(*policy));
	char *folder = base ? strdup(base) : folder_of(name);
	struct reader r = { .diag = diag, .policy = policy, .base = folder };
	size_t errors = diag->error_cnt;

	if (policy)
		policy->path = strdup(name);
	if (policy)
		policy->text = strndup(text, len);
	if (!policy || !folder || !policy->path || !policy->text) {
		r.out_of_memory = true;
	} else if (files_take(&r, text, len, name, base)) {
		policy_make(&r);
	}
	if (r.out_of_memory)
		diag_add(diag, DIAG_ERROR, name, 0, 0, NULL, "out of memory");
	reader_free(&r);
	free(folder);
	if (diag->error_cnt == errors)
		return policy;
	policy_free(policy);
	return NULL;
}

struct policy *policy_read(const char *path, struct diag *diag)
{
	struct policy *policy;
	char *folder, *text;
	size_t len;

	if (policy_file_read(path, &folder, &text, &len, diag))
		return NULL;
	policy = policy_parse(text, len, path, folder, diag);
	free(text);
	free(folder);
	return policy;
}

void policy_free(struct policy *policy)
{
	if (!policy)
		return;
	for (size_t i = 0; i < policy->port_cnt; i++) {
		free(policy->ports[i].name);
		free(policy->ports[i].interface);
		free(policy->ports[i].peer);
	}
	for (size_t i = 0; i < policy->list_cnt; i++) {
		free(policy->lists[i].name);
		free(policy->lists[i].title);
		free(policy->lists[i].category);
		free(policy->lists[i].source);
		feed_free(&policy->lists[i].feed);
		free(policy->lists[i].format);
	}
	for (size_t i = 0; i < policy->name_list_cnt; i++)
		model_name_list_free(&policy->name_lists[i]);
	for (size_t i = 0; i < policy->confirm.check_cnt; i++) {
		free(policy->confirm.checks[i].name);
		free(policy->confirm.checks[i].text);
	}
	for (size_t i = 0; i < policy->tenant_cnt; i++)
		tenant_free(&policy->tenants[i]);
	for (size_t i = 0; i < policy->assert_cnt; i++)
		assert_free(&policy->asserts[i]);
	free(policy->asserts);
	for (size_t i = 0; i < policy->suppression_cnt; i++)
		suppression_free(&policy->suppressions[i]);
	free(policy->suppressions);
	for (size_t i = 0; i < policy->file_cnt; i++)
		free(policy->files[i]);
	free(policy->ports);
	free(policy->lists);
	free(policy->name_lists);
	free(policy->names.help_desk);
	free(policy->confirm.checks);
	free(policy->tenants);
	free(policy->files);
	free(policy->path);
	free(policy->text);
	free(policy);
}

const struct model_tenant *policy_tenant(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->tenant_cnt; i++)
		if (policy->tenants[i].name && !strcmp(policy->tenants[i].name, name))
			return &policy->tenants[i];
	return NULL;
}

const struct model_tenant *policy_tenant_id(const struct policy *policy, uint16_t id)
{
	for (size_t i = 0; i < policy->tenant_cnt; i++)
		if (policy->tenants[i].id == id)
			return &policy->tenants[i];
	return NULL;
}

const struct model_port *policy_port(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->port_cnt; i++)
		if (policy->ports[i].name && !strcmp(policy->ports[i].name, name))
			return &policy->ports[i];
	return NULL;
}

const struct model_port *policy_port_id(const struct policy *policy, uint16_t id)
{
	for (size_t i = 0; i < policy->port_cnt; i++)
		if (policy->ports[i].id == id)
			return &policy->ports[i];
	return NULL;
}

const struct model_list *policy_list(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->list_cnt; i++)
		if (policy->lists[i].name && !strcmp(policy->lists[i].name, name))
			return &policy->lists[i];
	return NULL;
}

const struct model_list *policy_list_id(const struct policy *policy, uint16_t id)
{
	for (size_t i = 0; i < policy->list_cnt; i++)
		if (policy->lists[i].id == id)
			return &policy->lists[i];
	return NULL;
}

const struct model_name_list *policy_name_list(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->name_list_cnt; i++)
		if (policy->name_lists[i].name && !strcmp(policy->name_lists[i].name, name))
			return &policy->name_lists[i];
	return NULL;
}

const struct model_name_list *policy_name_list_id(const struct policy *policy, uint16_t id)
{
	for (size_t i = 0; i < policy->name_list_cnt; i++)
		if (policy->name_lists[i].id == id)
			return &policy->name_lists[i];
	return NULL;
}

size_t policy_pages(const struct policy *policy,
		    struct model_page_listen ret_pages[MODEL_NAME_PAGES_MAX])
{
	const struct model_name_site *site = &policy->names;
	const struct prefix *const sinks[] = { &site->sink4, &site->sink6 };
	size_t cnt = 0;

	if (!site->page)
		return 0;
	if (site->listen_cnt) {
		memcpy(ret_pages, site->listens, site->listen_cnt * sizeof(*ret_pages));
		return site->listen_cnt;
	}
	for (size_t i = 0; i < 2; i++)
		if (sinks[i]->len)
			ret_pages[cnt++] = (struct model_page_listen){ sinks[i]->addr, 80 };
	return cnt;
}

const char *policy_rule_name(const struct model_tenant *tenant, uint16_t rule)
{
	if (rule < tenant->rule_cnt)
		return tenant->rules[rule].name;
	if (rule == tenant->rule_cnt + SEK_OUT)
		return "default-out";
	if (rule == tenant->rule_cnt + SEK_IN)
		return "default-in";
	return "";
}

const struct place *policy_rule_place(const struct model_tenant *tenant, uint16_t rule)
{
	return rule < tenant->rule_cnt ? &tenant->rules[rule].place : &tenant->place;
}
