// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as FTP's data: one file, and what is told of it is valid.
 */
#include "../protorun.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	protorun_fuzz(PROTO_FTP_DATA, 6, data, size);
	return 0;
}
