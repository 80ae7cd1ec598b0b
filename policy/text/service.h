/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protocols, ports and ICMP types as text. The tables are those of IANA that a firewall meets.
 * Pure; used by model/, install/ and cli/.
 */
#ifndef POLICY_TEXT_SERVICE_H
#define POLICY_TEXT_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * "tcp", "esp", "47". Returns 0, or -EINVAL. "icmp" is not one protocol here but both families':
 * the reader of rules asks for it first; icmp4 and icmp6 are the single ones.
 */
int proto_parse(const char *text, uint8_t *ret_proto);
/* Its name, or NULL. */
const char *proto_name(uint8_t proto);
/* Its name in records, which is Suricata's: "TCP", "IPv6-ICMP"; NULL: none, and "047" stands there. */
const char *proto_record_name(uint8_t proto);
/* The reverse of both forms, of len bytes. Returns 0 or -EINVAL. */
int proto_record_parse(const char *text, size_t len, uint8_t *ret_proto);
/* Does it have ports that the gateway reads? */
bool proto_has_ports(uint8_t proto);

/* "22", "8000-8010"; 1 to 65535, from ≤ to. Returns 0 or -EINVAL. */
int ports_parse(const char *text, uint16_t *ret_from, uint16_t *ret_to);

#define ICMP_ANY_CODE 0xff
/*
 * "echo-request", "8", "3/4": type << 8 | code, code ICMP_ANY_CODE when not named. Names differ by
 * family. Returns 0, or -EINVAL when this family has none such.
 */
int icmp_parse(const char *text, bool v6, uint16_t *ret_icmp);
bool icmp_is_number(const char *text);
/* A name of either family by its index, NULL after the last: for suggestions. */
const char *icmp_known(unsigned int index);
/* The same for protocols. */
const char *proto_known(unsigned int index);

#endif
