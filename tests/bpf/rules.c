// SPDX-License-Identifier: Apache-2.0
/*
 * Rules by lot, over a few prefixes and ports, so that packets meet them. The seed alone decides.
 */
#include "bpf/rules.h"

#include "bpf/mutate.h"

static const char *const ends4[] = { "198.51.100.0/24", "198.51.100.128/25", "198.51.100.80/32",
				     "203.0.113.0/24",	"0.0.0.0/0",	     "192.0.2.64/26" };
static const char *const ends6[] = { "2001:db8:ff::/48", "2001:db8:ff::80/128", "2001:db8:fe::/47",
				     "::/0" };
static const char *const bodies[] = { "10.0.0.0/16", "10.0.1.0/24", "10.0.1.5/32",
				      "2001:db8:a::/64", "2001:db8:a::5/128" };

static void print_prefixes(FILE *out, const char *key, bool far, uint64_t *seed)
{
	uint32_t cnt = 1 + draw(seed, 3);

	fprintf(out, ", %s: [", key);
	for (uint32_t i = 0; i < cnt; i++) {
		const char *prefix = !far	     ? bodies[draw(seed, 5)]
				     : draw(seed, 2) ? ends4[draw(seed, 6)]
						     : ends6[draw(seed, 4)];

		fprintf(out, "%s\"%s\"", i ? ", " : "", prefix);
	}
	fputc(']', out);
}

static void print_ports(FILE *out, const char *key, uint64_t *seed)
{
	uint32_t from = 1 + draw(seed, 100);

	fprintf(out, ", %s: [%u, %u-%u]", key, 1 + draw(seed, 100), from, from + draw(seed, 20));
}

static void print_rule(FILE *out, uint32_t number, uint64_t *seed)
{
	static const char *const actions[] = { "accept", "drop", "reject" };
	static const char *const protos[] = { "tcp", "udp", "icmp", "icmpv6", "gre" };
	bool outward = draw(seed, 2);
	uint32_t proto = draw(seed, 6);

	fprintf(out, "      - {name: r%u, dir: %s, action: %s", number, outward ? "out" : "in",
		actions[draw(seed, 3)]);
	if (proto < 5)
		fprintf(out, ", proto: %s", protos[proto]);
	if (proto < 2 && draw(seed, 3))
		print_ports(out, "dport", seed);
	if (proto < 2 && !draw(seed, 4))
		print_ports(out, "sport", seed);
	if ((proto == 2 || proto == 3) && draw(seed, 2))
		fputs(", icmp: [echo-request]", out);
	if (draw(seed, 2))
		print_prefixes(out, "src", !outward, seed);
	if (draw(seed, 2))
		print_prefixes(out, "dst", outward, seed);
	fputs("}\n", out);
}

void rules_print(FILE *out, uint32_t cnt, uint64_t *seed)
{
	for (uint32_t i = 0; i < cnt; i++)
		print_rule(out, i, seed);
}
