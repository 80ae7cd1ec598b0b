// SPDX-License-Identifier: Apache-2.0
/*
 * Bytes to a descriptor, all of them. Called by whoever writes a file or to another process.
 */
#include "text/whole.h"

#include <errno.h>
#include <sys/types.h>
#include <unistd.h>

int write_whole(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -ENOSPC;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}
