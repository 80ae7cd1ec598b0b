/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A check by DNS: one question to one server over UDP (RFC 1035), made and read by the C library's
 * resolver. It passes when there is an answer of the type that was asked for. Run by probe.c.
 */
#include <arpa/nameser.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "text/counted.h"
#include "watch/probe.h"

#define DNS_PORT 53

static const char *rcode_word(int rcode)
{
	static const char *const words[] = {
		[ns_r_noerror] = "no error",	    [ns_r_formerr] = "format error",
		[ns_r_servfail] = "server failure", [ns_r_nxdomain] = "no such name",
		[ns_r_notimpl] = "not implemented", [ns_r_refused] = "refused",
	};

	return rcode >= 0 && (size_t)rcode < sizeof(words) / sizeof(words[0]) ? words[rcode]
									      : "an error";
}

/* RFC 1035, 2.3.3: case does not matter; nor does the dot at the end. */
static bool name_same(const char *a, const char *b)
{
	size_t a_len = strlen(a), b_len = strlen(b);

	a_len -= a_len && a[a_len - 1] == '.';
	b_len -= b_len && b[b_len - 1] == '.';
	return a_len == b_len && strncasecmp(a, b, a_len) == 0;
}

int probe_dns_judge(const struct model_check *check, const unsigned char *asked,
		    const unsigned char *bytes, size_t len, char *said)
{
	int rcode, answers;
	ns_msg msg;
	ns_rr rr;

	if (len < NS_HFIXEDSZ || memcmp(bytes, asked, 2) != 0 || ns_initparse(bytes, (int)len, &msg) ||
	    !ns_msg_getflag(msg, ns_f_qr) || ns_parserr(&msg, ns_s_qd, 0, &rr) ||
	    ns_rr_type(rr) != check->dns_type || !name_same(ns_rr_name(rr), check->text))
		return -EAGAIN;
	rcode = ns_msg_getflag(msg, ns_f_rcode);
	answers = ns_msg_count(msg, ns_s_an);
	for (int i = 0; i < answers && rcode == ns_r_noerror; i++)
		if (!ns_parserr(&msg, ns_s_an, i, &rr) && ns_rr_type(rr) == check->dns_type) {
			snprintf(said, PROBE_SAID, "answered, %s", COUNTED(answers, "record"));
			return 0;
		}
	snprintf(said, PROBE_SAID, "the server says: %s",
		 rcode == ns_r_noerror ? "no record of this type" : rcode_word(rcode));
	return -ENOENT;
}

static int answer_wait(int fd, const struct model_check *check, const unsigned char *asked,
		       const struct probe_limit *limit, char *said)
{
	unsigned char bytes[NS_MAXMSG];

	for (;;) {
		int err = probe_wait(fd, POLLIN, limit);
		ssize_t n = err ? 0 : recv(fd, bytes, sizeof(bytes), 0);

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			err = -errno;
		if (err) {
			snprintf(said, PROBE_SAID, "%s",
				 err == -ETIMEDOUT ? "no answer" : strerror(-err));
			return err;
		}
		err = n > 0 ? probe_dns_judge(check, asked, bytes, (size_t)n, said) : -EAGAIN;
		if (err != -EAGAIN)
			return err;
	}
}

int probe_dns(const struct model_check *check, const struct probe_limit *limit, char *said)
{
	unsigned char asked[NS_PACKETSZ];
	struct __res_state resolver = {};
	int len, fd, err;

	if (res_ninit(&resolver)) {
		snprintf(said, PROBE_SAID, "no resolver");
		return -ENOMEM;
	}
	len = res_nmkquery(&resolver, ns_o_query, check->text, ns_c_in, check->dns_type, NULL, 0,
			   NULL, asked, sizeof(asked));
	res_nclose(&resolver);
	if (len < 0) {
		snprintf(said, PROBE_SAID, "this name cannot be asked for");
		return -EINVAL;
	}
	fd = probe_socket(check, SOCK_DGRAM, 0, check->port ? check->port : DNS_PORT);
	if (fd < 0 || send(fd, asked, (size_t)len, 0) < 0) {
		err = fd < 0 ? fd : -errno;
		snprintf(said, PROBE_SAID, "%s", strerror(-err));
	} else {
		err = answer_wait(fd, check, asked, limit, said);
	}
	if (fd >= 0)
		close(fd);
	return err;
}
