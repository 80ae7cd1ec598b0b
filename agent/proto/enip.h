/* SPDX-License-Identifier: Apache-2.0 */
/* EtherNet/IP, between its parser and rules: how a request of CIP is one number. */
#ifndef AGENT_PROTO_ENIP_H
#define AGENT_PROTO_ENIP_H

#include <stdint.h>

/* Service, class and attribute of a request; 0 for the latter two: it names none, else one more. */
#define ENIP_ASKED(service, class_1, attribute_1)                                                  \
	((uint64_t)(service) << 40 | (uint64_t)(class_1) << 20 | (uint64_t)(attribute_1))
#define ENIP_NONE_MAX 0xfffffu /* all bits of a class or an attribute */

#endif
