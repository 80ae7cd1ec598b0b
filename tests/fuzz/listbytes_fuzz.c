// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as a list's file, packed or not: never more comes out than was allowed, what is not packed comes
 * out as it is, and whether it is a list at all is said without reading beyond. The first byte bounds it.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lists/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void unpacked_check(const uint8_t *data, size_t size, size_t most, int err, const char *text,
			   size_t len)
{
	bool packed = size >= 2 && data[0] == 0x1f && data[1] == 0x8b;

	if (size > most)
		check(err == -EFBIG);
	else if (!packed)
		check(!err && len == size && !memcmp(text, data, len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t most, len = 0;
	char *text = NULL, *copy;
	struct diag diag;
	int fd, err;

	if (!size)
		return 0;
	most = (size_t)1 << (data[0] & 15);
	data++;
	size--;
	fd = memfd_create("list", MFD_CLOEXEC);
	check(fd >= 0 && write(fd, data, size) == (ssize_t)size && !lseek(fd, 0, SEEK_SET));
	err = list_bytes_from(fd, most, &text, &len);
	check(!err || err == -EBADMSG || err == -EFBIG);
	check(err || len <= most);
	unpacked_check(data, size, most, err, text, len);
	if (err) {
		check(!text && list_bytes_error(err)[0]);
		return 0;
	}
	/* Of just its length, so that a look beyond is seen. */
	copy = malloc(len ? len : 1);
	check(copy != NULL);
	memcpy(copy, text, len);
	diag_init(&diag);
	err = list_bytes_look(copy, len, "list", &diag);
	check((err == -EBADMSG && diag.error_cnt == 1) || (!err && !diag.cnt));
	diag_free(&diag);
	free(copy);
	free(text);
	return 0;
}
