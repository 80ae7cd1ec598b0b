// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as IMAP and as POP3, up to STARTTLS.
 */
#include "../protorun.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	protorun_fuzz(data[0] & 1 ? PROTO_IMAP : PROTO_POP3, 6, data + 1, size - 1);
	return 0;
}
