// SPDX-License-Identifier: Apache-2.0
/*
 * Sealed memory (memfd_create(2), fcntl(2)). Only such a file has seals, so what lies on a disk, a
 * server or a user's own file system is known by having none before a byte of it is asked for.
 */
#include "text/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text/whole.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

int sealed_text(const char *name, const char *text, size_t len)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING), err;

	if (fd < 0)
		return -errno;
	err = write_whole(fd, text, len);
	if (!err && fcntl(fd, F_ADD_SEALS, SEALS))
		err = -errno;
	if (!err)
		return fd;
	close(fd);
	return err;
}

/* By place, for the position is shared with whoever sent it. Read and not mapped: that cannot fault. */
static int read_all(int fd, char *bytes, size_t len)
{
	size_t at = 0;

	while (at < len) {
		ssize_t n = pread(fd, bytes + at, len - at, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		at += (size_t)n;
	}
	return 0;
}

int sealed_read(int fd, size_t max, char **ret_text, size_t *ret_len)
{
	int seals = fcntl(fd, F_GET_SEALS), err;
	struct stat st;
	char *text;

	if (seals < 0 || (seals & SEALS) != SEALS)
		return -EPERM;
	if (fstat(fd, &st))
		return -errno;
	if (st.st_size < 0 || (uint64_t)st.st_size > max)
		return -EFBIG;
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return -ENOMEM;
	err = read_all(fd, text, (size_t)st.st_size);
	if (err) {
		free(text);
		return err;
	}
	text[st.st_size] = 0;
	*ret_text = text;
	*ret_len = (size_t)st.st_size;
	return 0;
}
