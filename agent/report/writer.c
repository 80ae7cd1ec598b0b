/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appending and turning. Called by agent.c. A line is written whole or counted as failed.
 */
#include "report/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "text/counted.h"

#define HELD_MAX 65536
#define TELL_NS 1000000000ULL /* trouble of the disk is told once a second */

struct writer {
	char path[256];
	int fd;
	uint64_t bytes, bytes_max;
	uint32_t files_max;
	size_t held, held_lines;
	uint64_t written, failed, told_ns;
	char buffer[HELD_MAX];
};

static int file_open(const char *path, uint64_t *ret_bytes)
{
	int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);
	struct stat st;
	char last;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EINVAL;
	}
	if (st.st_size && pread(fd, &last, 1, st.st_size - 1) == 1 && last != '\n' &&
	    write(fd, "\n", 1) == 1)
		st.st_size++;
	*ret_bytes = (uint64_t)st.st_size;
	return fd;
}

int writer_open(const char *path, uint64_t bytes_max, uint32_t files_max, struct writer **ret_writer)
{
	struct writer *w = calloc(1, sizeof(*w));
	int err = -ENOMEM;

	if (!w)
		return err;
	snprintf(w->path, sizeof(w->path), "%s", path);
	w->bytes_max = bytes_max;
	w->files_max = files_max;
	w->fd = file_open(path, &w->bytes);
	if (w->fd < 0) {
		err = w->fd;
		free(w);
		return err;
	}
	*ret_writer = w;
	return 0;
}

void writer_close(struct writer *w)
{
	if (!w)
		return;
	writer_flush(w);
	close(w->fd);
	free(w);
}

int writer_reopen(struct writer *w)
{
	uint64_t bytes = 0;
	int fd;

	writer_flush(w);
	fd = file_open(w->path, &bytes);
	if (fd < 0)
		return fd;
	close(w->fd);
	w->fd = fd;
	w->bytes = bytes;
	return 0;
}

static void file_turn(struct writer *w)
{
	char from[280], to[280];
	int err;

	for (uint32_t i = w->files_max; i > 1; i--) {
		snprintf(from, sizeof(from), "%s.%u", w->path, i - 1);
		snprintf(to, sizeof(to), "%s.%u", w->path, i);
		if (rename(from, to) && errno != ENOENT)
			log_warn("%s cannot become %s: %s", from, to, strerror(errno));
	}
	snprintf(to, sizeof(to), "%s.1", w->path);
	if (rename(w->path, to))
		log_warn("%s cannot become %s: %s", w->path, to, strerror(errno));
	err = writer_reopen(w);
	if (err)
		log_error("%s cannot be made anew: %s", w->path, strerror(-err));
}

static void trouble_tell(struct writer *w, int err)
{
	uint64_t now = clock_mono_ns();

	if (now - w->told_ns < TELL_NS)
		return;
	w->told_ns = now;
	log_error("%s cannot be written: %s; %s lost so far", w->path, strerror(err),
		  COUNTED(w->failed, "record"));
}

/* Half a line that fitted on a full disk is taken back, so the file stays lines. */
void writer_flush(struct writer *w)
{
	size_t done = 0;
	int err = 0;

	while (done < w->held) {
		ssize_t n = write(w->fd, w->buffer + done, w->held - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			err = n < 0 ? errno : EIO;
			break;
		}
		done += (size_t)n;
	}
	if (err) {
		w->failed += w->held_lines;
		if (done && ftruncate(w->fd, (off_t)w->bytes))
			err = errno;
		trouble_tell(w, err);
	} else {
		w->bytes += done;
		w->written += w->held_lines;
	}
	w->held = 0;
	w->held_lines = 0;
}

void writer_line(struct writer *w, const char *line, size_t len)
{
	if (len > HELD_MAX)
		return;
	if (w->held + len > HELD_MAX)
		writer_flush(w);
	if (w->bytes + w->held + len > w->bytes_max && w->bytes + w->held) {
		writer_flush(w);
		file_turn(w);
	}
	memcpy(w->buffer + w->held, line, len);
	w->held += len;
	w->held_lines++;
}

void writer_count(const struct writer *w, uint64_t *ret_written, uint64_t *ret_failed)
{
	*ret_written = w->written;
	*ret_failed = w->failed;
}
