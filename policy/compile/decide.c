// SPDX-License-Identifier: Apache-2.0
/*
 * Two ways to the same answer: over the model, rule by rule, and over the image, by classes and rows
 * as the kernel program does it. Called by tests and by what explains a decision.
 */
#include <netinet/in.h>
#include <string.h>

#include "compile/compile.h"
#include "text/service.h"

static bool end_holds(const struct model_end *end, const struct sek_addr *addr, uint16_t port)
{
	bool found = !end->prefix_cnt;

	for (size_t i = 0; i < end->prefix_cnt && !found; i++)
		found = prefix_holds(&end->prefixes[i], addr);
	if (!found || !end->port_cnt)
		return found;
	for (size_t i = 0; i < end->port_cnt; i++)
		if (port >= end->ports[i].from && port <= end->ports[i].to)
			return true;
	return false;
}

static bool icmp_holds(const uint16_t *icmp, size_t cnt, const struct model_probe *probe)
{
	for (size_t i = 0; i < cnt; i++)
		if (icmp[i] >> 8 == probe->icmp_type &&
		    ((icmp[i] & 0xff) == ICMP_ANY_CODE || (icmp[i] & 0xff) == probe->icmp_code))
			return true;
	return !cnt;
}

bool model_holds(const struct model_rule *rule, const struct model_probe *probe)
{
	if (!rule->any_proto && !(rule->protos[probe->proto / 8] >> (probe->proto % 8) & 1))
		return false;
	if (!end_holds(&rule->src, &probe->src, probe->sport) ||
	    !end_holds(&rule->dst, &probe->dst, probe->dport))
		return false;
	if (probe->proto == IPPROTO_ICMP)
		return icmp_holds(rule->icmp, rule->icmp_cnt, probe);
	if (probe->proto == IPPROTO_ICMPV6)
		return icmp_holds(rule->icmp6, rule->icmp6_cnt, probe);
	return true;
}

uint16_t model_decide(const struct policy *policy, const struct model_probe *probe)
{
	const struct model_tenant *tenant = policy_tenant_id(policy, probe->tenant);
	enum sek_dir dir = probe->tenant ? probe->dir : SEK_IN;

	if (!tenant)
		return UINT16_MAX;
	for (size_t i = 0; i < tenant->rule_cnt; i++)
		if (tenant->rules[i].dir == dir && model_holds(&tenant->rules[i], probe))
			return (uint16_t)i;
	return (uint16_t)(tenant->rule_cnt + dir);
}

/* Longest match, as the kernel's LPM trie has it: the bits of addr alone count. */
static const struct sek_class *class_find(const struct image *image, uint16_t tenant,
					  const struct sek_addr *addr)
{
	const struct image_class *best = NULL;

	for (size_t i = 0; i < image->class_cnt; i++) {
		const struct image_class *class = &image->classes[i];
		unsigned int bits = class->key.prefixlen - SEK_CLASS_HEAD;
		const uint8_t *b = class->key.addr.b;

		if (class->key.tenant != tenant || memcmp(b, addr->b, bits / 8) != 0)
			continue;
		if (bits % 8 && (b[bits / 8] ^ addr->b[bits / 8]) >> (8 - bits % 8))
			continue;
		if (!best || class->key.prefixlen > best->key.prefixlen)
			best = class;
	}
	return best ? &best->value : NULL;
}

static uint32_t table_row(const struct image *image, uint32_t table, unsigned int index)
{
	return image->tables[table].row[index];
}

uint16_t image_decide(const struct image *image, const struct model_probe *probe)
{
	const struct sek_tenant *tenant = &image->tenants[probe->tenant];
	const struct sek_class *src = class_find(image, probe->tenant, &probe->src);
	const struct sek_class *dst = class_find(image, probe->tenant, &probe->dst);
	const struct sek_row *rows = image->rows + tenant->row_base;
	uint32_t sport = SEK_ROW_ALL, dport = SEK_ROW_ALL, proto;
	unsigned int kind = (unsigned int)probe->icmp_type << 8 | probe->icmp_code;

	if (!src || !dst)
		return UINT16_MAX;
	if (proto_has_ports(probe->proto)) {
		sport = table_row(image, tenant->sport_table, probe->sport);
		dport = table_row(image, tenant->dport_table, probe->dport);
	} else if (probe->proto == IPPROTO_ICMP) {
		dport = table_row(image, tenant->icmp_table, kind);
	} else if (probe->proto == IPPROTO_ICMPV6) {
		dport = table_row(image, tenant->icmp6_table, kind);
	}
	proto = tenant->proto_class[probe->dir][probe->proto];
	for (unsigned int word = 0; word < SEK_RULE_WORDS; word++) {
		uint64_t bits = rows[src->src_row].rules[word] & rows[dst->dst_row].rules[word] &
				rows[proto].rules[word] & rows[sport].rules[word] &
				rows[dport].rules[word];

		if (bits)
			return (uint16_t)(word * 64 + (unsigned int)__builtin_ctzll(bits));
	}
	return UINT16_MAX;
}
