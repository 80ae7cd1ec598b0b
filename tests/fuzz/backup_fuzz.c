// SPDX-License-Identifier: Apache-2.0
/*
 * Bytes that claim to be a backup: refused with words, or read to the end; never more. The first byte
 * says whether the head is the input's own, or a right one for the bytes that follow, so that what is
 * behind the sum is reached as well.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "install/backupinside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void head_make(const uint8_t *data, size_t size, char *to)
{
	char hex[BACKUP_HEX_LEN + 1];
	struct backup_sum sum;

	if (backup_sum_begin(&sum))
		abort();
	backup_sum_add(&sum, data, size);
	backup_sum_end(&sum, hex);
	backup_head_print(to, hex, size);
}

static char folder[] = "/dev/shm/sekisho-fuzz-XXXXXX"; /* flushing costs nothing there */

static void read_all(int fd)
{
	struct backup *backup = NULL;
	char *text, *path;
	struct diag diag;

	diag_init(&diag);
	if (backup_read(fd, folder, &backup, &diag)) {
		if (!diag.error_cnt)
			abort();
	} else if (!backup_policy(backup, &text, &path)) {
		free(text);
		free(path);
	}
	backup_free(backup);
	diag_free(&diag);
}

static void folder_remove(void)
{
	rmdir(folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char head[BACKUP_HEAD_LEN + 1];
	int fd;

	if (strstr(folder, "XXXXXX") && (!mkdtemp(folder) || atexit(folder_remove)))
		abort();
	if (!size)
		return 0;
	fd = memfd_create("backup", MFD_CLOEXEC);
	if (fd < 0)
		abort();
	if (data[0] & 1) {
		head_make(data + 1, size - 1, head);
		if (write(fd, head, BACKUP_HEAD_LEN) != BACKUP_HEAD_LEN)
			abort();
	}
	if (write(fd, data + 1, size - 1) != (ssize_t)size - 1 || lseek(fd, 0, SEEK_SET))
		abort();
	read_all(fd);
	close(fd);
	return 0;
}
