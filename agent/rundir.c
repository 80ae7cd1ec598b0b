// SPDX-License-Identifier: Apache-2.0
/*
 * Owns the agent's folder below /run. Called by control.c, and by agent.c when no agent may be at work.
 * Promises that nobody else gets in before rundir_admit(), whatever the umask and whatever was there.
 */
#include "rundir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int rundir_open(const char *run_dir)
{
	struct stat st;
	int fd;

	if (mkdir(run_dir, 0700) && errno != EEXIST)
		return -errno;
	fd = open(run_dir, O_DIRECTORY | O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || (st.st_uid != geteuid() && fchown(fd, geteuid(), (gid_t)-1)) ||
	    fchmod(fd, 0700)) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

int rundir_lock_at(int dir)
{
	int fd = openat(dir, "lock", O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		close(fd);
		return -EBUSY;
	}
	return fd;
}

int rundir_lock(const char *run_dir)
{
	int dir = rundir_open(run_dir), lock;

	if (dir < 0)
		return dir;
	lock = rundir_lock_at(dir);
	close(dir);
	return lock;
}

int rundir_bind(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int err, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	/* We hold the lock: a socket that is there belongs to nobody. */
	if (unlink(path) && errno != ENOENT)
		goto failed;
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) || chmod(path, 0660) || listen(fd, 64))
		goto failed;
	return fd;
failed:
	err = -errno;
	close(fd);
	return err;
}

int rundir_admit(int dir, const char *path, gid_t gid)
{
	if (chown(path, (uid_t)-1, gid) || fchown(dir, (uid_t)-1, gid) || fchmod(dir, 0750))
		return -errno;
	return 0;
}
