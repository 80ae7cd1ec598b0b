// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as BitTorrent's DHT: bencode is read or refused, and what is told of it is valid.
 */
#include "../protorun.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	protorun_fuzz(PROTO_BITTORRENT_DHT, 17, data, size);
	return 0;
}
