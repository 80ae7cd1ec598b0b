// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as a DNS message: every name and record of it is read, and as text none of them is too long.
 */
#include <stdlib.h>
#include <string.h>

#include "wire/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + 1);
	struct dns_reader reader;
	static struct dns_item item;
	char text[DNS_DATA_TEXT], name[DNS_NAME_TEXT];
	enum wire_read read;

	memcpy(copy, data, size);
	read = dns_begin(&reader, copy, size);
	while (read == WIRE_DONE) {
		read = dns_next(&reader, &item);
		if (read != WIRE_DONE)
			break;
		if (strlen(item.name) >= DNS_NAME_TEXT || item.data_off + item.data_len > size)
			abort();
		dns_data_text(&reader, &item, text);
		if (strlen(text) >= DNS_DATA_TEXT)
			abort();
		if (dns_target(&reader, &item, name) && !name[0])
			abort();
	}
	free(copy);
	return 0;
}
