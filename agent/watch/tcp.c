/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A check by tcp: a connection that is made and closed. Run by probe.c.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "watch/probe.h"

int probe_tcp(const struct model_check *check, const struct probe_limit *limit, char *said)
{
	int fd = probe_socket(check, SOCK_STREAM, 0, check->port), err, code = 0;
	socklen_t len = sizeof(code);

	err = fd < 0 ? fd : probe_wait(fd, POLLOUT, limit);
	if (!err && getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len))
		err = -errno;
	if (!err)
		err = -code;
	if (fd >= 0)
		close(fd);
	snprintf(said, PROBE_SAID, "%s", err ? strerror(-err) : "connected");
	return err;
}
