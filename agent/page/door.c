/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmicrohttpd at one address, bounded in everything that a stranger can make it hold. Called by page.c.
 */
#include "page/door.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "text/address.h"

#define CONNECTIONS_MAX 512
#define CONNECTIONS_OF_ONE 64 /* of one address: many may stand behind it */
#define HEAD_BYTES_MAX 16384 /* a request's head, and what is read of it at once */
#define SILENCE_S 10

struct door {
	struct MHD_Daemon *daemon;
	struct source *ready;
};

static void door_ready(void *arg, uint32_t events)
{
	struct door *door = arg;

	MHD_run(door->daemon);
}

void door_tick(struct door *door)
{
	MHD_run(door->daemon);
}

static socklen_t address_fill(const struct page_listen *at, struct sockaddr_storage *ret_to)
{
	struct sockaddr_in *in4 = (struct sockaddr_in *)ret_to;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret_to;

	memset(ret_to, 0, sizeof(*ret_to));
	if (address_is_v4(&at->addr)) {
		in4->sin_family = AF_INET;
		in4->sin_port = htons(at->port);
		in4->sin_addr.s_addr = at->addr.w[3];
		return sizeof(*in4);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(at->port);
	memcpy(&in6->sin6_addr, &at->addr, sizeof(in6->sin6_addr));
	return sizeof(*in6);
}

/* A listening socket, or -errno. */
static int socket_open(const struct page_listen *at)
{
	struct sockaddr_storage to;
	socklen_t len = address_fill(at, &to);
	int fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1, err;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (to.ss_family == AF_INET6) {
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
		setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &one, sizeof(one));
	} else {
		setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &one, sizeof(one));
	}
	if (!bind(fd, (struct sockaddr *)&to, len) && !listen(fd, 128))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* Targets are looked up as they came. */
static size_t left_alone(void *arg, struct MHD_Connection *connection, char *text)
{
	return strlen(text);
}

/* The socket is the daemon's from here on. */
static struct MHD_Daemon *daemon_start(int fd, const struct door_calls *calls)
{
	return MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, calls->request, calls->arg,
				MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
				(unsigned int)CONNECTIONS_MAX, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
				(unsigned int)CONNECTIONS_OF_ONE, MHD_OPTION_CONNECTION_TIMEOUT,
				(unsigned int)SILENCE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				(size_t)HEAD_BYTES_MAX, MHD_OPTION_UNESCAPE_CALLBACK, left_alone,
				NULL, MHD_OPTION_URI_LOG_CALLBACK, calls->begins, calls->arg,
				MHD_OPTION_NOTIFY_COMPLETED, calls->ended, calls->arg,
				MHD_OPTION_END);
}

int door_open(struct loop *loop, const struct page_listen *at, const struct door_calls *calls,
	      struct door **ret_door)
{
	struct door *door = calloc(1, sizeof(*door));
	const union MHD_DaemonInfo *info;
	int fd = door ? socket_open(at) : -ENOMEM, err = fd;

	if (fd < 0)
		goto failed;
	err = -ENOMEM;
	door->daemon = daemon_start(fd, calls);
	if (!door->daemon) {
		close(fd);
		goto failed;
	}
	info = MHD_get_daemon_info(door->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	err = info ? loop_add(loop, info->epoll_fd, EPOLLIN, door_ready, door, &door->ready)
		   : -ENOTSUP;
	if (err)
		goto failed;
	*ret_door = door;
	return 0;
failed:
	door_close(door);
	return err;
}

void door_close(struct door *door)
{
	if (!door)
		return;
	source_remove(door->ready);
	if (door->daemon)
		MHD_stop_daemon(door->daemon);
	free(door);
}
