// SPDX-License-Identifier: Apache-2.0
/*
 * Names and numbers of protocols, ports and ICMP types. Pure tables and their look-ups.
 */
#include "text/service.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

static const struct {
	const char *name;
	uint8_t proto;
} protos[] = {
	/* clang-format off */
	{ "tcp", 6 }, { "udp", 17 }, { "icmp4", 1 }, { "icmpv4", 1 }, { "icmp6", 58 },
	{ "icmpv6", 58 }, { "igmp", 2 }, { "ipip", 4 }, { "ipv6", 41 }, { "gre", 47 },
	{ "esp", 50 }, { "ah", 51 }, { "ospf", 89 }, { "pim", 103 }, { "vrrp", 112 },
	{ "l2tp", 115 }, { "sctp", 132 }, { "udplite", 136 }, { "etherip", 97 },
	/* clang-format on */
};
#define PROTO_CNT (sizeof(protos) / sizeof(protos[0]))

static const struct {
	const char *name;
	int v4, v6; /* type << 8 | code; -1: not in this family */
} types[] = {
	{ "echo-request", 0x08ff, 0x80ff },
	{ "echo-reply", 0x00ff, 0x81ff },
	{ "unreachable", 0x03ff, 0x01ff },
	{ "time-exceeded", 0x0bff, 0x03ff },
	{ "parameter-problem", 0x0cff, 0x04ff },
	{ "fragmentation-needed", 0x0304, -1 },
	{ "packet-too-big", -1, 0x02ff },
	{ "source-quench", 0x04ff, -1 },
	{ "redirect", 0x05ff, 0x89ff },
	{ "router-advertisement", 0x09ff, 0x86ff },
	{ "router-solicitation", 0x0aff, 0x85ff },
	{ "neighbour-solicitation", -1, 0x87ff },
	{ "neighbour-advertisement", -1, 0x88ff },
	{ "timestamp-request", 0x0dff, -1 },
	{ "timestamp-reply", 0x0eff, -1 },
	{ "mld-query", -1, 0x82ff },
	{ "mld-report", -1, 0x83ff },
	{ "mld-done", -1, 0x84ff },
	{ "mld2-report", -1, 0x8fff },
};
#define TYPE_CNT (sizeof(types) / sizeof(types[0]))

/* A number of up to five digits, up to max; *text moves behind. */
static int number(const char **text, unsigned int max, unsigned int *ret_number)
{
	unsigned int value = 0, cnt = 0;
	const char *c = *text;

	for (; *c >= '0' && *c <= '9' && cnt < 6; c++, cnt++)
		value = value * 10 + (unsigned int)(*c - '0');
	if (!cnt || cnt > 5 || value > max)
		return -EINVAL;
	*text = c;
	*ret_number = value;
	return 0;
}

int proto_parse(const char *text, uint8_t *ret_proto)
{
	const char *end = text;
	unsigned int value;

	for (size_t i = 0; i < PROTO_CNT; i++) {
		if (!strcmp(protos[i].name, text)) {
			*ret_proto = protos[i].proto;
			return 0;
		}
	}
	if (number(&end, 255, &value) || *end)
		return -EINVAL;
	*ret_proto = (uint8_t)value;
	return 0;
}

const char *proto_name(uint8_t proto)
{
	for (size_t i = 0; i < PROTO_CNT; i++)
		if (protos[i].proto == proto)
			return protos[i].name;
	return NULL;
}

static const struct {
	uint8_t proto;
	const char *name;
} record_names[] = { { 1, "ICMP" }, { 6, "TCP" }, { 17, "UDP" },       { 47, "GRE" },
		     { 50, "ESP" }, { 51, "AH" }, { 58, "IPv6-ICMP" }, { 132, "SCTP" } };
#define RECORD_NAME_CNT (sizeof(record_names) / sizeof(record_names[0]))

const char *proto_record_name(uint8_t proto)
{
	for (size_t i = 0; i < RECORD_NAME_CNT; i++)
		if (record_names[i].proto == proto)
			return record_names[i].name;
	return NULL;
}

int proto_record_parse(const char *text, size_t len, uint8_t *ret_proto)
{
	unsigned int value = 0;

	for (size_t i = 0; i < RECORD_NAME_CNT; i++)
		if (strlen(record_names[i].name) == len && !memcmp(record_names[i].name, text, len)) {
			*ret_proto = record_names[i].proto;
			return 0;
		}
	for (size_t i = 0; i < len && len == 3; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		value = value * 10 + (unsigned int)(text[i] - '0');
	}
	if (len != 3 || value > UINT8_MAX)
		return -EINVAL;
	*ret_proto = (uint8_t)value;
	return 0;
}

bool proto_has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP;
}

int ports_parse(const char *text, uint16_t *ret_from, uint16_t *ret_to)
{
	unsigned int from, to;

	if (number(&text, 65535, &from))
		return -EINVAL;
	to = from;
	if (*text == '-') {
		text++;
		if (number(&text, 65535, &to))
			return -EINVAL;
	}
	if (*text || !from || to < from)
		return -EINVAL;
	*ret_from = (uint16_t)from;
	*ret_to = (uint16_t)to;
	return 0;
}

bool icmp_is_number(const char *text)
{
	return *text >= '0' && *text <= '9';
}

int icmp_parse(const char *text, bool v6, uint16_t *ret_icmp)
{
	unsigned int type, code = ICMP_ANY_CODE;

	for (size_t i = 0; i < TYPE_CNT; i++) {
		int value = v6 ? types[i].v6 : types[i].v4;

		if (strcmp(types[i].name, text) != 0)
			continue;
		if (value < 0)
			return -EINVAL;
		*ret_icmp = (uint16_t)value;
		return 0;
	}
	if (number(&text, 255, &type))
		return -EINVAL;
	if (*text == '/') {
		text++;
		if (number(&text, 254, &code))
			return -EINVAL;
	}
	if (*text)
		return -EINVAL;
	*ret_icmp = (uint16_t)(type << 8 | code);
	return 0;
}

const char *icmp_known(unsigned int index)
{
	return index < TYPE_CNT ? types[index].name : NULL;
}

const char *proto_known(unsigned int index)
{
	return index < PROTO_CNT ? protos[index].name : NULL;
}
