// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as Telnet: commands and lines, and their frames.
 */
#include "../protorun.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	protorun_fuzz(PROTO_TELNET, 6, data, size);
	return 0;
}
