// SPDX-License-Identifier: Apache-2.0
/*
 * Section "services": names for protocols and ports ("tcp/443", "icmp/echo-request", "esp").
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/reader.h"
#include "text/escape.h"
#include "text/service.h"

static int compare_ranges(const void *a, const void *b)
{
	const struct model_range *x = a, *y = b;

	return x->from != y->from ? x->from - y->from : x->to - y->to;
}

void ranges_tidy(struct model_end *end)
{
	size_t kept = 0;

	if (!end->port_cnt)
		return;
	qsort(end->ports, end->port_cnt, sizeof(*end->ports), compare_ranges);
	for (size_t i = 1; i < end->port_cnt; i++) {
		struct model_range *last = &end->ports[kept], *next = &end->ports[i];

		if (next->from <= (uint32_t)last->to + 1)
			last->to = next->to > last->to ? next->to : last->to;
		else
			end->ports[++kept] = *next;
	}
	end->port_cnt = kept + 1;
}

bool ranges_equal(const struct model_end *a, const struct model_end *b)
{
	return a->port_cnt == b->port_cnt &&
	       (!a->port_cnt || !memcmp(a->ports, b->ports, a->port_cnt * sizeof(*a->ports)));
}

static void add_ports(struct reader *r, const struct node *item, const char *ports,
		      struct model_end *end)
{
	struct model_range range = { 0, 65535 }, *to;
	char shown[60];

	if (ports && ports_parse(ports, &range.from, &range.to)) {
		reader_error(r, item, "as in tcp/443 or tcp/8000-8010; 1 to 65535",
			     "\"%s\" is no port",
			     text_escape(ports, strlen(ports), shown, sizeof(shown)));
		return;
	}
	to = reader_push(r, &end->ports, &end->port_cnt, sizeof(*to));
	if (to)
		*to = range;
}

static void set_proto(struct service *service, uint8_t proto)
{
	service->protos[proto / 8] |= (uint8_t)(1u << (proto % 8));
}

/* "icmp", "icmp/echo-request", "icmp6/…": a name counts in each family that has it. */
static void add_icmp(struct reader *r, const struct node *item, const char *type, bool v4, bool v6,
		     struct service *service)
{
	uint16_t value, *to;
	bool found = false;

	if (!type) {
		if (v4)
			set_proto(service, IPPROTO_ICMP);
		if (v6)
			set_proto(service, IPPROTO_ICMPV6);
		return;
	}
	if (v4 && !(v6 && icmp_is_number(type)) && !icmp_parse(type, false, &value)) {
		to = reader_push(r, &service->icmp, &service->icmp_cnt, sizeof(*to));
		if (to)
			*to = value;
		found = true;
	}
	if (v6 && !(v4 && icmp_is_number(type)) && !icmp_parse(type, true, &value)) {
		to = reader_push(r, &service->icmp6, &service->icmp6_cnt, sizeof(*to));
		if (to)
			*to = value;
		found = true;
	}
	if (!found)
		reader_error(r, item, "as in icmp/echo-request, icmp4/8 or icmp6/128",
			     "no such ICMP type");
}

static void service_item(struct reader *r, const struct node *item, void *arg)
{
	struct service *service = arg;
	const char *text = reader_text(r, item, "protocol/port"), *slash;
	char name[24];
	uint8_t proto;

	if (!text)
		return;
	slash = strchr(text, '/');
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(text, "/"), text);
	slash = slash ? slash + 1 : NULL;
	if (!strcmp(name, "icmp")) {
		add_icmp(r, item, slash, true, true, service);
	} else if (proto_parse(name, &proto)) {
		struct suggest near;

		suggest_start(&near, name);
		for (unsigned int i = 0; proto_known(i); i++)
			suggest_offer(&near, proto_known(i));
		reader_unknown(r, item, &near, "as in tcp/443, udp/53, icmp/echo-request, esp",
			       "protocol");
	} else if (proto == IPPROTO_TCP || proto == IPPROTO_UDP) {
		add_ports(r, item, slash, proto == IPPROTO_TCP ? &service->tcp : &service->udp);
	} else if (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6) {
		add_icmp(r, item, slash, proto == IPPROTO_ICMP, proto == IPPROTO_ICMPV6, service);
	} else if (slash) {
		reader_error(r, item, NULL, "only tcp and udp have ports here");
	} else {
		set_proto(service, proto);
	}
}

void section_services(struct reader *r, const struct node *value)
{
	if (node_is_null(value))
		return;
	if (value->kind != NODE_MAP) {
		reader_error(r, value, "as in {web: [tcp/80, tcp/443]}",
			     "a mapping of names is wanted here, this is %s", node_kind_name(value));
		return;
	}
	for (const struct node *key = value->first; key; key = key->next) {
		struct service *service;

		if (!reader_name_is_good(r, key) || !key->value)
			continue;
		for (size_t i = 0; i < r->service_cnt; i++)
			if (!strcmp(r->services[i].key->text, key->text))
				reader_error(r, key, "one of the two must go",
					     "there is another service \"%s\"", key->text);
		if (r->service_cnt == NODE_KEYS_MAX) {
			reader_error(r, key, NULL, "more than %d services", NODE_KEYS_MAX);
			return;
		}
		service = reader_push(r, &r->services, &r->service_cnt, sizeof(*service));
		if (!service)
			return;
		service->key = key;
		reader_each(r, key->value, service_item, service);
		if (key->value->kind == NODE_SEQ && !key->value->cnt)
			reader_error(r, key->value, NULL, "service \"%s\" is empty", key->text);
		ranges_tidy(&service->tcp);
		ranges_tidy(&service->udp);
	}
}

const struct service *service_find(struct reader *r, const struct node *name)
{
	const char *text = reader_text(r, name, "the name of a service");
	struct suggest near;

	if (!text)
		return NULL;
	suggest_start(&near, text);
	for (size_t i = 0; i < r->service_cnt; i++) {
		if (!strcmp(r->services[i].key->text, text))
			return &r->services[i];
		suggest_offer(&near, r->services[i].key->text);
	}
	reader_unknown(r, name, &near, "services are named in the section of that name", "service");
	return NULL;
}

void service_free(struct service *service)
{
	free(service->tcp.ports);
	free(service->udp.ports);
	free(service->icmp);
	free(service->icmp6);
}
