// SPDX-License-Identifier: Apache-2.0
/*
 * Model to image. The same policy always gives the same image, byte for byte.
 */
#include "compile/compile.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "compile/attach.h"
#include "compile/build.h"
#include "compile/names.h"

void *image_push(void *array, size_t *cnt, size_t size)
{
	void *items, *more;

	memcpy(&items, array, sizeof(items));
	if (!(*cnt & (*cnt - 1))) { /* 0 or a power of two: full */
		more = realloc(items, (*cnt ? *cnt * 2 : 1) * size);
		if (!more)
			return NULL;
		items = more;
		memcpy(array, &items, sizeof(items));
	}
	return memset((char *)items + (*cnt)++ * size, 0, size);
}

static void port_build(const struct model_port *port, struct sek_port *out)
{
	out->peer = port->peer_id;
	out->flags = (uint8_t)(SEK_PORT_USED | (port->outside ? SEK_PORT_OUTSIDE : 0) |
			       (port->bridge ? SEK_PORT_BRIDGE : 0));
	out->link_forward = port->link_forward;
	out->link_stack = port->link_stack;
}

static int rule_push(struct image *image, enum sek_action action, uint8_t flags, uint32_t line)
{
	struct sek_rule *rule = image_push(&image->rules, &image->rule_cnt, sizeof(*rule));

	if (!rule)
		return -ENOMEM;
	rule->action = (uint8_t)action;
	rule->flags = flags;
	rule->line = line;
	return 0;
}

static int build_rules(struct build *b)
{
	const struct model_tenant *tenant = b->tenant;
	int err = 0;

	b->out->rule_base = (uint32_t)b->image->rule_cnt;
	b->out->rule_cnt = (uint32_t)b->rule_cnt;
	for (size_t i = 0; i < tenant->rule_cnt && !err; i++)
		err = rule_push(b->image, tenant->rules[i].action,
				tenant->rules[i].log ? SEK_RULE_LOG : 0, tenant->rules[i].place.line);
	for (int dir = 0; dir < 2 && !err; dir++)
		err = rule_push(b->image, tenant->default_action[dir],
				(uint8_t)(SEK_RULE_DEFAULT |
					  (tenant->default_log[dir] ? SEK_RULE_LOG : 0)),
				tenant->place.line);
	return err;
}

/* The tenant's rows behind those of the others. */
static int build_rows(struct build *b)
{
	struct image *image = b->image;
	struct sek_row *rows =
		realloc(image->rows, (image->row_cnt + b->rows.cnt) * sizeof(*image->rows));

	if (!rows)
		return -ENOMEM;
	image->rows = rows;
	memcpy(rows + image->row_cnt, b->rows.rows, b->rows.cnt * sizeof(*rows));
	b->out->row_base = (uint32_t)image->row_cnt;
	image->row_cnt += b->rows.cnt;
	return 0;
}

static int tenant_build(const struct model_tenant *tenant, struct image *image, struct diag *diag)
{
	struct build b = {
		.tenant = tenant,
		.image = image,
		.out = &image->tenants[tenant->id],
		.rule_cnt = tenant->rule_cnt + 2,
	};
	int err;

	*b.out = tenant->limits;
	if (tenant_inspects(tenant))
		b.out->flags |= SEK_TENANT_INSPECTS;
	b.out->list_block = tenant->list_block;
	b.out->list_allow = tenant->list_allow;
	err = rows_start(&b.rows, b.rule_cnt);
	if (!err)
		err = build_rules(&b);
	if (!err)
		err = build_protos(&b);
	if (!err)
		err = build_tables(&b);
	if (!err)
		err = build_classes(&b);
	if (!err)
		err = build_rows(&b);
	rows_free(&b.rows);
	if (err == -ENOSPC)
		diag_add(diag, DIAG_ERROR, tenant->place.file, tenant->place.line,
			 tenant->place.column, "name fewer prefixes; a list may hold millions",
			 "the rules of %s need more than %d different rows (of %zu rules)",
			 tenant->name, ROWS_MAX, tenant->rule_cnt);
	return err;
}

/* Sizes first, so that no two images give one stream of bytes. */
static int image_hash(struct image *image)
{
	const struct {
		const void *bytes;
		size_t cnt, size;
	} parts[] = {
		{ image->ports, SEK_PORTS_MAX, sizeof(image->ports[0]) },
		{ image->tenants, SEK_TENANTS_MAX, sizeof(image->tenants[0]) },
		{ image->attaches, image->attach_cnt, sizeof(*image->attaches) },
		{ image->classes, image->class_cnt, sizeof(*image->classes) },
		{ image->tables, image->table_cnt, sizeof(*image->tables) },
		{ image->rows, image->row_cnt, sizeof(*image->rows) },
		{ image->rules, image->rule_cnt, sizeof(*image->rules) },
		{ image->name_profiles, image->name_profile_cnt, sizeof(*image->name_profiles) },
		{ image->name_groups, image->name_group_cnt, sizeof(*image->name_groups) },
	};
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	unsigned int len = 0;
	int good = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL);

	for (size_t i = 0; good && i < sizeof(parts) / sizeof(parts[0]); i++) {
		uint64_t cnt = parts[i].cnt;

		good = EVP_DigestUpdate(md, &cnt, sizeof(cnt)) &&
		       (!cnt || EVP_DigestUpdate(md, parts[i].bytes, cnt * parts[i].size));
	}
	good = good && EVP_DigestFinal_ex(md, image->hash, &len);
	EVP_MD_CTX_free(md);
	return good ? 0 : -ENOMEM;
}

struct image *image_compile(const struct policy *policy, struct diag *diag)
{
	struct image *image = calloc(1, sizeof(*image));
	int err = image ? 0 : -ENOMEM;

	for (size_t i = 0; i < policy->port_cnt && !err; i++)
		port_build(&policy->ports[i], &image->ports[policy->ports[i].id]);
	for (size_t i = 0; i < policy->tenant_cnt && !err; i++)
		err = tenant_build(&policy->tenants[i], image, diag);
	if (!err)
		err = attaches_build(policy, image, diag);
	if (!err)
		err = names_build(policy, image, diag);
	if (!err)
		err = image_hash(image);
	if (err == -ENOMEM)
		diag_add(diag, DIAG_ERROR, policy->path, 0, 0, NULL, "out of memory");
	if (!err)
		return image;
	image_free(image);
	return NULL;
}

void image_free(struct image *image)
{
	if (!image)
		return;
	free(image->attaches);
	free(image->classes);
	free(image->tables);
	free(image->rows);
	free(image->rules);
	free(image->name_profiles);
	free(image->name_groups);
	free(image);
}
