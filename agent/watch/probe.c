/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kinds of probes share: sockets and waiting. Called by the probes and by checks.c.
 */
#include "watch/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/loop.h"
#include "text/address.h"

#define SLICE_MS 100 /* so soon a probe hears that it is to stop */

int probe_any(const struct model_check *check, const struct probe_limit *limit, char *said)
{
	static probe_run *const kinds[] = {
		[CHECK_PING] = probe_ping,
		[CHECK_TCP] = probe_tcp,
		[CHECK_HTTP] = probe_http,
		[CHECK_DNS] = probe_dns,
	};

	return kinds[check->kind](check, limit, said);
}

int probe_left_ms(const struct probe_limit *limit)
{
	uint64_t now = clock_mono_ns();

	return limit->end_ns > now ? (int)((limit->end_ns - now + 999999) / 1000000) : 0;
}

int probe_wait(int fd, short events, const struct probe_limit *limit)
{
	for (;;) {
		struct pollfd wait = { .fd = fd, .events = events };
		int left = probe_left_ms(limit), ready;

		if (atomic_load(limit->stop))
			return -ECANCELED;
		if (!left)
			return -ETIMEDOUT;
		ready = poll(&wait, 1, left < SLICE_MS ? left : SLICE_MS);
		if (ready > 0)
			return 0;
		if (ready < 0 && errno != EINTR)
			return -errno;
	}
}

static socklen_t address_fill(const struct sek_addr *addr, uint16_t port,
			      struct sockaddr_storage *ret_at)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret_at;
	struct sockaddr_in *four = (struct sockaddr_in *)ret_at;

	memset(ret_at, 0, sizeof(*ret_at));
	if (address_is_v4(addr)) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		memcpy(&four->sin_addr, addr->b + 12, 4);
		return sizeof(*four);
	}
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(port);
	memcpy(&six->sin6_addr, addr->b, 16);
	return sizeof(*six);
}

int probe_socket(const struct model_check *check, int type, int proto, uint16_t port)
{
	int family = address_is_v4(&check->to) ? AF_INET : AF_INET6, err;
	int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, proto);
	struct sockaddr_storage at;
	socklen_t len;

	if (fd < 0)
		return -errno;
	len = address_fill(&check->from, 0, &at);
	if (check->has_from && bind(fd, (struct sockaddr *)&at, len))
		goto failed;
	len = address_fill(&check->to, port, &at);
	if (connect(fd, (struct sockaddr *)&at, len) && errno != EINPROGRESS)
		goto failed;
	return fd;
failed:
	err = -errno;
	close(fd);
	return err;
}

int probe_possible(const struct model_check *check, struct diag *diag)
{
	int family = address_is_v4(&check->to) ? AF_INET : AF_INET6, fd;

	if (check->kind != CHECK_PING)
		return 0;
	fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC,
		    family == AF_INET ? IPPROTO_ICMP : (int)IPPROTO_ICMPV6);
	if (fd >= 0) {
		close(fd);
		return 0;
	}
	fd = -errno;
	diag_add(diag, DIAG_ERROR, check->place.file, check->place.line, check->place.column,
		 fd == -EACCES ? "sysctl net.ipv4.ping_group_range must hold the agent's group, as "
				 "in sekisho.sysctl.conf"
			       : NULL,
		 "check %s: this host lets sekishod send no ping: %s", check->name, strerror(-fd));
	return fd;
}
