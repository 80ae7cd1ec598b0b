/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A check by ping: an echo request and its reply (RFC 792, RFC 4443) through the kernel's own ICMP
 * socket, which needs no right to forge packets. Run by probe.c.
 */
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "text/address.h"
#include "watch/probe.h"

/* The kernel fills in the identifier and the sum. Both families have one form. */
struct echo {
	uint8_t type, code;
	uint16_t sum, id, seq;
	uint64_t cookie; /* whose reply it is */
};

static int reply_read(int fd, const struct echo *sent, const struct probe_limit *limit)
{
	uint8_t wanted = sent->type == ICMP_ECHO ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY;
	struct echo got;

	for (;;) {
		int err = probe_wait(fd, POLLIN, limit);
		ssize_t n;

		if (err)
			return err;
		n = recv(fd, &got, sizeof(got), 0);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n == sizeof(got) && got.type == wanted && got.cookie == sent->cookie)
			return 0;
	}
}

int probe_ping(const struct model_check *check, const struct probe_limit *limit, char *said)
{
	bool four = address_is_v4(&check->to);
	struct echo echo = { .type = four ? ICMP_ECHO : ICMP6_ECHO_REQUEST };
	int fd = probe_socket(check, SOCK_DGRAM, four ? IPPROTO_ICMP : (int)IPPROTO_ICMPV6, 0);
	int err = fd < 0 ? fd : 0;

	if (!err && getrandom(&echo.cookie, sizeof(echo.cookie), GRND_NONBLOCK) < 0)
		err = -errno;
	if (!err && send(fd, &echo, sizeof(echo), 0) < 0)
		err = -errno;
	if (!err)
		err = reply_read(fd, &echo, limit);
	if (fd >= 0)
		close(fd);
	snprintf(said, PROBE_SAID, "%s",
		 err == -ETIMEDOUT ? "no reply"
		 : err		   ? strerror(-err)
				   : "replied");
	return err;
}
