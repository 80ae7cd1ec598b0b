/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that hold names: DNS messages, ClientHellos, requests. For the tests of what reads them.
 */
#ifndef TESTS_BPF_NAMETEXT_H
#define TESTS_BPF_NAMETEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAMETEXT_MAX 3000

struct nametext {
	size_t len;
	uint8_t b[NAMETEXT_MAX];
};

void nametext_add(struct nametext *text, const void *bytes, size_t len);
void nametext_put16(struct nametext *text, unsigned int value);
struct nametext nametext_of(const char *string);

/* A question for a name in text, whose labels are cut at dots; the case stays. edns: OPT behind it. */
struct nametext nametext_dns(const char *name, uint16_t type, bool edns);

/* A ClientHello that differs from an ordinary one in: */
struct nametext_hello {
	const char *name; /* NULL: no server_name */
	uint8_t name_type;
	size_t session_len; /* 0: 32; 1: none */
	size_t before; /* bytes of extensions in front of the name (padding and a large key share) */
	size_t after;
	bool grease, ech;
	const char *second; /* another name in the same list */
	int longer; /* added to the length that the record says */
	size_t split; /* bytes of the message in the first of two records; 0: one record */
};
struct nametext nametext_tls(const struct nametext_hello *hello);

#endif
