// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as RDP: its first messages are read or refused, and what is told of them is valid.
 */
#include "../protorun.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	protorun_fuzz(PROTO_RDP, 6, data, size);
	return 0;
}
