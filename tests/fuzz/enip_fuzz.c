// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as EtherNet/IP: requests of CIP are read or refused, however they lie within each other.
 */
#include "../protorun.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	protorun_fuzz(PROTO_ENIP, 6, data, size);
	return 0;
}
