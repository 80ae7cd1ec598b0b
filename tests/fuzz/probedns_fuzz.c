// SPDX-License-Identifier: Apache-2.0
/*
 * Any datagram as the answer to a check by DNS, its id always the right one: it is a stranger's, or what is said of
 * it are words that fit.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "watch/probe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char name[] = "www.example.jp";
	const struct model_check check = { .kind = CHECK_DNS, .text = name, .dns_type = 1 };
	unsigned char *bytes =
		malloc(size ? size : 1); /* its own, so that a byte beyond them is found */
	char *said = malloc(PROBE_SAID);
	int r;

	if (!bytes || !said)
		abort();
	if (size)
		memcpy(bytes, data, size);
	memset(said, 'x', PROBE_SAID);
	r = probe_dns_judge(&check, size >= 2 ? data : (const unsigned char *)"", bytes, size, said);
	if (r != -EAGAIN && r != 0 && r != -ENOENT)
		abort();
	if ((r == -EAGAIN) != !memchr(said, 0, PROBE_SAID))
		abort();
	free(said);
	free(bytes);
	return 0;
}
