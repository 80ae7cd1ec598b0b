// SPDX-License-Identifier: Apache-2.0
/*
 * Owns a conversation with clamd. Called by scan.c's threads. Promises that whatever stands at the other
 * end,
 * it is over in time, and that only a whole "OK" is clean.
 */
#include "scan/clamd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PIECE (128u << 10)
#define REPLY_MAX 1024
#define MS_NS 1000000ull

static bool text_ends(struct slice s, const char *end, struct slice *ret_front)
{
	size_t len = strlen(end);

	if (s.len < len || memcmp(s.at + s.len - len, end, len) != 0)
		return false;
	*ret_front = slice(s.at, s.len - len);
	return true;
}

/* "stream: OK", "stream: Win.Test.EICAR_HDB-1 FOUND", "... ERROR". */
enum clamd_says clamd_reply_read(struct slice reply, char ret_name[CLAMD_NAME_MAX])
{
	static const char begin[] = "stream: ";
	struct slice name;
	size_t len;

	ret_name[0] = 0;
	while (reply.len && (reply.at[reply.len - 1] == 0 || reply.at[reply.len - 1] == '\n'))
		reply.len--;
	if (reply.len < strlen(begin) || memcmp(reply.at, begin, strlen(begin)) != 0)
		return CLAMD_UNAVAILABLE;
	reply = slice_behind(reply, strlen(begin));
	if (slice_is(reply, "OK"))
		return CLAMD_CLEAN;
	if (!text_ends(reply, " FOUND", &name) || !name.len)
		return CLAMD_UNAVAILABLE;
	len = name.len < CLAMD_NAME_MAX - 1 ? name.len : CLAMD_NAME_MAX - 1;
	for (size_t i = 0; i < len; i++)
		ret_name[i] = (char)(name.at[i] > 0x20 && name.at[i] < 0x7f ? name.at[i] : '.');
	ret_name[len] = 0;
	return CLAMD_FOUND;
}

/* --- the socket --- */

static bool await(int fd, short events, uint64_t deadline_ns)
{
	struct pollfd pollfd = { .fd = fd, .events = events };
	struct timespec now;
	uint64_t now_ns;
	int ret;

	do {
		clock_gettime(CLOCK_MONOTONIC, &now);
		now_ns = (uint64_t)now.tv_sec * 1000 * MS_NS + (uint64_t)now.tv_nsec;
		if (now_ns >= deadline_ns)
			return false;
		ret = poll(&pollfd, 1, (int)((deadline_ns - now_ns) / MS_NS) + 1);
	} while (ret < 0 && errno == EINTR);
	return ret > 0;
}

static int connect_to(const struct sockaddr *address, socklen_t len, uint64_t deadline_ns)
{
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), error = 0;
	socklen_t error_len = sizeof(error);

	if (fd < 0)
		return -1;
	if (connect(fd, address, len) == 0)
		return fd;
	if ((errno == EINPROGRESS || errno == EAGAIN) && await(fd, POLLOUT, deadline_ns) &&
	    !getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_len) && !error)
		return fd;
	close(fd);
	return -1;
}

static int unix_connect(const char *path, uint64_t deadline_ns)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path))
		return -1;
	memcpy(address.sun_path, path, strlen(path) + 1);
	return connect_to((struct sockaddr *)&address, sizeof(address), deadline_ns);
}

/* By address alone: a name would be asked for without a bound of time. */
static int tcp_connect(const char *text, uint64_t deadline_ns)
{
	const struct addrinfo wants = { .ai_socktype = SOCK_STREAM,
					.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	const char *colon = strrchr(text, ':');
	struct addrinfo *found = NULL;
	char host[64];
	int fd = -1;

	if (!colon)
		return -1;
	if (text[0] == '[' && colon > text + 2 && colon[-1] == ']')
		snprintf(host, sizeof(host), "%.*s", (int)(colon - text - 2), text + 1);
	else
		snprintf(host, sizeof(host), "%.*s", (int)(colon - text), text);
	if (getaddrinfo(strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, colon + 1, &wants,
			&found) == 0)
		fd = connect_to(found->ai_addr, found->ai_addrlen, deadline_ns);
	if (found)
		freeaddrinfo(found);
	return fd;
}

static bool bytes_send(int fd, struct slice bytes, uint64_t deadline_ns)
{
	while (bytes.len) {
		ssize_t cnt = send(fd, bytes.at, bytes.len, MSG_NOSIGNAL);

		if (cnt > 0)
			bytes = slice_behind(bytes, (size_t)cnt);
		else if (cnt == 0 || (errno != EAGAIN && errno != EINTR) ||
			 !await(fd, POLLOUT, deadline_ns))
			return false;
	}
	return true;
}

static bool stream_send(int fd, struct slice bytes, uint64_t deadline_ns)
{
	bool sent = bytes_send(fd, slice("zINSTREAM", 10), deadline_ns);
	uint32_t len = 0;

	while (sent && bytes.len) {
		struct slice piece = slice(bytes.at, bytes.len < PIECE ? bytes.len : PIECE);

		len = htonl((uint32_t)piece.len);
		sent = bytes_send(fd, slice(&len, sizeof(len)), deadline_ns) &&
		       bytes_send(fd, piece, deadline_ns);
		bytes = slice_behind(bytes, piece.len);
	}
	len = 0;
	return sent && bytes_send(fd, slice(&len, sizeof(len)), deadline_ns);
}

static size_t reply_take(int fd, uint8_t to[REPLY_MAX], uint64_t deadline_ns)
{
	size_t len = 0;

	while (len < REPLY_MAX && !(len && to[len - 1] == 0)) {
		ssize_t cnt = recv(fd, to + len, REPLY_MAX - len, 0);

		if (cnt > 0)
			len += (size_t)cnt;
		else if (cnt == 0 || (errno != EAGAIN && errno != EINTR) ||
			 !await(fd, POLLIN, deadline_ns))
			break;
	}
	return len && to[len - 1] == 0 ? len : 0;
}

enum clamd_says clamd_ask(const char *address, struct slice bytes, uint64_t deadline_ns,
			  char ret_name[CLAMD_NAME_MAX])
{
	int fd = address[0] == '/' ? unix_connect(address, deadline_ns)
				   : tcp_connect(address, deadline_ns);
	uint8_t reply[REPLY_MAX];
	size_t len = 0;

	ret_name[0] = 0;
	if (fd < 0)
		return CLAMD_UNAVAILABLE;
	/* One that is too large for clamd is answered before it was sent whole. */
	stream_send(fd, bytes, deadline_ns);
	len = reply_take(fd, reply, deadline_ns);
	close(fd);
	return clamd_reply_read(slice(reply, len), ret_name);
}
