// SPDX-License-Identifier: Apache-2.0
/*
 * Words to packet. Called by `sekisho flow explain` and the tests. Pure.
 * Promises that every wrong word is named at once, with what would be right.
 */
#include "explain/question.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/service.h"
#include "text/suggest.h"

#define SPORT_USUAL 50000
#define VLAN_MAX 4094

struct question {
	const struct policy *policy;
	const struct explain_words *words;
	const struct model_tenant *tenant;
	struct explain_packet packet;
	enum sek_dir dir;
	/* Where it comes in: a place of this tenant, on this side. */
	const struct model_tenant *home;
	bool outside;
	struct diag *diag;
	size_t wrong_cnt;
};

static void __attribute__((format(printf, 3, 4)))
wrong(struct question *q, const char *hint, const char *fmt, ...)
{
	char text[200];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	diag_add(q->diag, DIAG_ERROR, NULL, 0, 0, hint, "%s", text);
	q->wrong_cnt++;
}

/* A whole number of digits alone, up to max. */
static bool number_read(const char *text, size_t len, uint32_t max, uint32_t *ret_number)
{
	uint32_t value = 0;

	if (!len || len > 5)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (uint32_t)(text[i] - '0');
	}
	*ret_number = value;
	return value <= max;
}

static bool looks_like_name(const char *text)
{
	for (; *text; text++)
		if ((*text >= 'g' && *text <= 'z') || (*text >= 'G' && *text <= 'Z'))
			return true;
	return false;
}

static void address_read(struct question *q, const char *word, const char *text,
			 struct sek_addr *ret_addr)
{
	enum prefix_error error;
	struct prefix prefix;

	if (!text) {
		wrong(q, "src ADDRESS dst ADDRESS", "'%s' is missing", word);
		return;
	}
	error = prefix_parse(text, strlen(text), &prefix, NULL);
	if (error == PREFIX_OK && (strchr(text, '/') || prefix.len != 128))
		wrong(q, "name one address of it",
		      "%s '%.60s' is a prefix; a packet has one address", word, text);
	else if (error == PREFIX_OK)
		*ret_addr = prefix.addr;
	else if (looks_like_name(text))
		wrong(q, "ask DNS for its addresses (host NAME) and explain each",
		      "%s '%.60s' is a name; packets have addresses", word, text);
	else
		wrong(q, NULL, "%s '%.60s': %s", word, text, prefix_error_text(error));
}

static void addresses_read(struct question *q)
{
	struct explain_packet *p = &q->packet;

	address_read(q, "src", q->words->src, &p->src);
	address_read(q, "dst", q->words->dst, &p->dst);
	if (!q->wrong_cnt && address_is_v4(&p->src) != address_is_v4(&p->dst))
		wrong(q, "a packet is IPv4 or IPv6", "src and dst are of two families");
}

/* "icmp" is that of the packet's family; a port alone means TCP, a type alone ICMP. */
static void proto_read(struct question *q)
{
	uint8_t icmp = address_is_v4(&q->packet.src) ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	const struct explain_words *words = q->words;
	struct suggest near;

	if (words->proto ? !strcmp(words->proto, "icmp") : words->icmp != NULL) {
		q->packet.proto = icmp;
	} else if (words->proto && proto_parse(words->proto, &q->packet.proto)) {
		suggest_start(&near, words->proto);
		for (unsigned int i = 0; proto_known(i); i++)
			suggest_offer(&near, proto_known(i));
		wrong(q, near.best ? near.best : "tcp, udp, icmp, or a number from 0 to 255",
		      "proto '%.60s' is no protocol", words->proto);
	} else if (!words->proto && (words->dport || words->sport || words->flags)) {
		q->packet.proto = IPPROTO_TCP;
	} else if (!words->proto) {
		wrong(q, "proto tcp dport 443, proto udp dport 53, icmp echo-request …",
		      "'proto' is missing");
	}
}

static void port_read(struct question *q, const char *word, const char *text, bool needed,
		      uint16_t *port)
{
	uint32_t value;

	if (text && !proto_has_ports(q->packet.proto))
		wrong(q, "leave it out", "'%s' is for tcp and udp; this protocol has no ports", word);
	else if (text && !number_read(text, strlen(text), 65535, &value))
		wrong(q, "a number from 0 to 65535", "%s '%.60s' is no port", word, text);
	else if (text)
		*port = (uint16_t)value;
	else if (needed && proto_has_ports(q->packet.proto))
		wrong(q, "dport 443", "'dport' is missing: a %s packet goes to a port",
		      proto_name(q->packet.proto));
}

/* What a client's kernel might choose; DHCP goes between two ports of its own. */
static uint16_t sport_usual(const struct question *q)
{
	static const uint16_t pairs[][2] = { { 67, 68 }, { 68, 67 }, { 546, 547 }, { 547, 546 } };

	for (size_t i = 0; q->packet.proto == IPPROTO_UDP && i < 4; i++)
		if (q->packet.dport == pairs[i][0])
			return pairs[i][1];
	return SPORT_USUAL;
}

static void flags_read(struct question *q)
{
	static const char *const names[] = { "fin", "syn", "rst", "psh", "ack", "urg" };
	const char *text = q->words->flags;
	uint8_t flags = 0;

	if (text && q->packet.proto != IPPROTO_TCP) {
		wrong(q, "leave it out", "'flags' is for tcp");
		return;
	}
	for (size_t len; text && *text; text += len + (text[len] != 0)) {
		size_t i = 0;

		len = strcspn(text, ",");
		while (i < 6 && (strlen(names[i]) != len || strncmp(names[i], text, len) != 0))
			i++;
		if (i < 6)
			flags |= (uint8_t)(1 << i);
		else if (strcmp(text, "none") != 0)
			wrong(q, "fin, syn, rst, psh, ack, urg, with commas between; or none",
			      "flags '%.*s' is no flag of TCP", len > 60 ? 60 : (int)len, text);
	}
	q->packet.tcp_flags = text ? flags : EXPLAIN_TCP_SYN;
}

static void icmp_read(struct question *q)
{
	bool v4 = address_is_v4(&q->packet.src);
	bool is_icmp = q->packet.proto == (v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	uint16_t icmp = v4 ? 0x0800 : 0x8000; /* an echo request */
	const char *text = q->words->icmp;
	struct suggest near;

	if (text && !is_icmp) {
		wrong(q, "leave it out, or say proto icmp", "'icmp' is for the ICMP of %s",
		      v4 ? "IPv4" : "IPv6");
		return;
	}
	if (text && icmp_parse(text, !v4, &icmp)) {
		suggest_start(&near, text);
		for (unsigned int i = 0; icmp_known(i); i++)
			suggest_offer(&near, icmp_known(i));
		wrong(q, near.best ? near.best : "echo-request, 8, or TYPE/CODE as 3/4",
		      "icmp '%.60s' is no type of %s", text, v4 ? "ICMP" : "ICMPv6");
		return;
	}
	if (is_icmp) {
		q->packet.icmp_type = (uint8_t)(icmp >> 8);
		q->packet.icmp_code = (icmp & 0xff) == ICMP_ANY_CODE ? 0 : (uint8_t)icmp;
	}
}

/* The command takes the start of a word for the word. */
static bool is_start(const char *text, const char *word)
{
	return text && *text && !strncmp(word, text, strlen(text));
}

static void shape_read(struct question *q)
{
	const char *piece = q->words->fragment, *size = q->words->size;
	uint32_t value;

	if (is_start(piece, "first"))
		q->packet.piece = PIECE_FIRST;
	else if (is_start(piece, "later"))
		q->packet.piece = PIECE_LATER;
	else if (piece)
		wrong(q, "first or later", "fragment '%.60s' is no piece of a datagram", piece);
	if (size && !number_read(size, strlen(size), 65535, &value))
		wrong(q, "bytes of the IP packet, up to 65535", "size '%.60s' is no size", size);
	else if (size)
		q->packet.size = (uint16_t)value;
}

static bool any_holds(const struct prefix *prefixes, size_t cnt, const struct sek_addr *addr)
{
	for (size_t i = 0; i < cnt; i++)
		if (prefix_holds(&prefixes[i], addr))
			return true;
	return false;
}

/* Next hops outside are no hosts of the body. */
static bool tenant_has(const struct model_tenant *tenant, const struct sek_addr *addr)
{
	return any_holds(tenant->prefixes, tenant->prefix_cnt, addr) &&
	       !any_holds(tenant->routers, tenant->router_cnt, addr);
}

static void tenant_named(struct question *q)
{
	struct suggest near;

	q->tenant = policy_tenant(q->policy, q->words->tenant);
	if (q->tenant)
		return;
	suggest_start(&near, q->words->tenant);
	for (size_t i = 0; i < q->policy->tenant_cnt; i++)
		suggest_offer(&near, q->policy->tenants[i].name);
	wrong(q, near.best ? near.best : "sekisho tenant show lists them",
	      "the policy has no tenant '%.60s'", q->words->tenant);
}

/* The only body that has this address, or NULL; *ret_cnt: how many have it. */
static const struct model_tenant *owner_of(const struct policy *policy, const struct sek_addr *addr,
					   size_t *ret_cnt)
{
	const struct model_tenant *owner = NULL;

	*ret_cnt = 0;
	for (size_t i = 1; i < policy->tenant_cnt; i++) {
		if (!tenant_has(&policy->tenants[i], addr))
			continue;
		owner = &policy->tenants[i];
		++*ret_cnt;
	}
	return *ret_cnt == 1 ? owner : NULL;
}

static void tenant_guess(struct question *q)
{
	size_t src_cnt, dst_cnt;
	const struct model_tenant *src = owner_of(q->policy, &q->packet.src, &src_cnt);
	const struct model_tenant *dst = owner_of(q->policy, &q->packet.dst, &dst_cnt);

	q->tenant = src_cnt ? src : dst;
	if (q->tenant)
		return;
	if (any_holds(q->policy->tenants[0].prefixes, q->policy->tenants[0].prefix_cnt,
		      &q->packet.dst))
		q->tenant = &q->policy->tenants[0];
	else if (src_cnt > 1 || dst_cnt > 1)
		wrong(q, "tenant NAME", "several tenants have %s; say whose packet it is",
		      src_cnt > 1 ? "src" : "dst");
	else
		wrong(q, "tenant NAME", "neither src nor dst is an address of a tenant");
}

/* What is for the gateway itself may come from a body; all else as its direction says. */
static void home_choose(struct question *q)
{
	size_t cnt;

	q->home = q->tenant;
	q->outside = q->dir == SEK_IN;
	if (q->tenant->id || !owner_of(q->policy, &q->packet.src, &cnt))
		return;
	q->home = owner_of(q->policy, &q->packet.src, &cnt);
	q->outside = false;
}

static void dir_choose(struct question *q)
{
	bool src = q->tenant->id && tenant_has(q->tenant, &q->packet.src);
	bool dst = !q->tenant->id || tenant_has(q->tenant, &q->packet.dst);

	if (q->words->out && q->words->in)
		wrong(q, "leave one out", "'out' and 'in' contradict each other");
	else if (q->words->out || q->words->in)
		q->dir = q->words->out ? SEK_OUT : SEK_IN;
	else if (src || dst)
		q->dir = src ? SEK_OUT : SEK_IN;
	else
		wrong(q, "say out (as if a host of the tenant had sent it) or in",
		      "neither src nor dst is an address of tenant %s", q->tenant->name);
	home_choose(q);
}

static const struct model_port *port_named(struct question *q)
{
	const struct model_port *port = policy_port(q->policy, q->words->port);
	char names[160] = "";

	for (size_t i = 0; !port && i < q->policy->port_cnt; i++) {
		size_t len = strlen(names);

		snprintf(names + len, sizeof(names) - len, "%s%s", i ? ", " : "",
			 q->policy->ports[i].name);
	}
	if (!port)
		wrong(q, names, "the policy has no port '%.60s'", q->words->port);
	return port;
}

/* Where the tenant is attached on this side, or on this port. */
static const struct model_attach *attach_find(const struct question *q, const struct model_port *port)
{
	for (size_t i = 0; i < q->home->attach_cnt; i++) {
		const struct model_attach *attach = &q->home->attaches[i];
		const struct model_port *at = policy_port_id(q->policy, attach->port_id);

		if (port ? at == port : at && at->outside == q->outside)
			return attach;
	}
	return NULL;
}

/* The first port that faces that side. */
static const struct model_port *port_facing(const struct question *q)
{
	for (size_t i = 0; i < q->policy->port_cnt; i++)
		if (q->policy->ports[i].outside == q->outside)
			return &q->policy->ports[i];
	return q->policy->port_cnt ? &q->policy->ports[0] : NULL;
}

static void vlan_read(struct question *q)
{
	const char *text = q->words->vlan, *dot = strchr(text, '.');
	uint32_t outer = 0, vlan = 0;

	if ((dot && !number_read(text, (size_t)(dot - text), VLAN_MAX, &outer)) ||
	    !number_read(dot ? dot + 1 : text, strlen(dot ? dot + 1 : text), VLAN_MAX, &vlan)) {
		wrong(q, "a number up to 4094, 0 for none, or OUTER.INNER",
		      "vlan '%.60s' is no VLAN", text);
		return;
	}
	q->packet.vlan = (uint16_t)vlan;
	q->packet.outer = (uint16_t)outer;
}

/* The place where such a packet comes in: named, or the tenant's own on its side. */
static void place_choose(struct question *q)
{
	const struct model_port *port = q->words->port ? port_named(q) : NULL;
	const struct model_attach *attach;

	if (q->words->port && !port)
		return;
	attach = attach_find(q, port);
	if (attach && !port)
		port = policy_port_id(q->policy, attach->port_id);
	if (!port)
		port = port_facing(q);
	if (!port) {
		wrong(q, "ports: in the policy",
		      "the policy has no port that a packet could come by");
		return;
	}
	q->packet.port = port->id;
	if (attach) {
		q->packet.vlan = attach->vlan;
		q->packet.outer = attach->outer;
	}
	if (q->words->vlan)
		vlan_read(q);
}

static void whose_read(struct question *q)
{
	if (q->words->tenant)
		tenant_named(q);
	else
		tenant_guess(q);
	if (q->tenant)
		dir_choose(q);
	if (!q->wrong_cnt)
		place_choose(q);
}

int explain_read(const struct policy *policy, const struct explain_words *words,
		 struct explain_packet *ret_packet, struct diag *diag)
{
	struct question q = { .policy = policy, .words = words, .diag = diag };

	addresses_read(&q);
	if (!q.wrong_cnt)
		proto_read(&q);
	if (!q.wrong_cnt) {
		port_read(&q, "dport", words->dport, words->fragment == NULL, &q.packet.dport);
		q.packet.sport = sport_usual(&q);
		port_read(&q, "sport", words->sport, false, &q.packet.sport);
		flags_read(&q);
		icmp_read(&q);
	}
	shape_read(&q);
	if (!q.wrong_cnt)
		whose_read(&q);
	if (q.wrong_cnt)
		return -EINVAL;
	*ret_packet = q.packet;
	return 0;
}
