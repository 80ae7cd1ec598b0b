// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as DHCP: what is read of them is bounded, and what is told of them is valid.
 */
#include "../protorun.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	protorun_fuzz(PROTO_DHCP, 17, data, size);
	return 0;
}
