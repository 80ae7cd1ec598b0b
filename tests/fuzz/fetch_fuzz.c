// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as what the server of a list answers beside the list: a text of sums, a detached signature by a
 * key in PEM and by minisign's. No bytes prove a file that nobody signed.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fetch/prove.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static char paths[3][64]; /* a file, a key in PEM, a key of minisign */

static void demand(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const texts[] = {
		"192.0.2.1\n",
		("-----BEGIN PUBLIC KEY-----\n"
		 "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
		 "-----END PUBLIC KEY-----\n"),
		("untrusted comment: minisign public key\n"
		 "RWQBAgMEBQYHCNdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea\n"),
	};

	for (int i = 0; i < 3; i++) {
		int fd;

		snprintf(paths[i], sizeof(paths[i]), "/tmp/fetch_fuzz.XXXXXX");
		fd = mkstemp(paths[i]);
		demand(fd >= 0 && write(fd, texts[i], strlen(texts[i])) == (ssize_t)strlen(texts[i]));
		close(fd);
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size ? size : 1); /* of its very size, so that a step beyond is seen */
	char hex[PROVE_HEX], why[256];

	memcpy(text, data, size);
	if (!prove_sum(text, size, "https://lists.example/a/list.txt", hex))
		demand(strspn(hex, "0123456789abcdef") == 64 && !hex[64]);
	for (int i = 1; i < 3; i++) {
		why[0] = 0;
		demand(prove_signature(paths[0], text, size, paths[i], why, sizeof(why)) && why[0]);
	}
	free(text);
	return 0;
}
