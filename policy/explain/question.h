/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person asks in words, as a packet of a policy. Pure.
 */
#ifndef POLICY_EXPLAIN_QUESTION_H
#define POLICY_EXPLAIN_QUESTION_H

#include "explain/packet.h"

/* The words as they were typed; NULL: not given. */
struct explain_words {
	const char *tenant; /* a name, "host"; not given: whose address src or dst is */
	bool out, in; /* not given: out where src is the tenant's */
	const char *src, *dst, *proto, *sport, *dport, *icmp, *flags;
	const char *port; /* of arrival; not given: where the tenant is attached */
	const char *vlan; /* "101", or "100.10": outer and inner; "0": untagged */
	const char *size; /* bytes of the IP packet */
	const char *fragment; /* "first" or "later" */
};

/*
 * Reads the words against a policy. Returns 0, or -EINVAL with every wrong word and what to do about
 * it in diag; *ret_packet is then untouched.
 */
int explain_read(const struct policy *policy, const struct explain_words *words,
		 struct explain_packet *ret_packet, struct diag *diag);

#endif
