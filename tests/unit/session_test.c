/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/cli/session: which sessions a policy cuts off, in which words, and what is no session.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/session.h"

#define PORTS                                                                                      \
	"version: 1\n"                                                                             \
	"ports:\n"                                                                                 \
	"  - {name: in, id: 1, side: inside, mode: route}\n"                                       \
	"  - {name: out, id: 2, side: outside, mode: route}\n"
#define HOST(rules)                                                                                \
	"host:\n"                                                                                  \
	"  addresses: [192.0.2.1, \"2001:db8:ffff::1\"]\n"                                         \
	"  rules:\n"                                                                               \
	"    - {name: ping, proto: icmp, icmp: [echo-request], action: accept}\n" rules
#define SSH(action)                                                                                \
	"    - {name: ssh, src: 198.51.100.0/24, proto: tcp, dport: 22, action: " action "}\n"
#define SSH6 "    - {name: ssh6, src: \"2001:db8:9::/48\", proto: tcp, dport: 22, action: accept}\n"
#define SSH_ALL "    - {name: ssh, proto: tcp, dport: 22, action: accept}\n"
#define SSH_LATE "    - {name: late, proto: tcp, dport: 22, action: accept}\n"
#define BODY(prefix, rules)                                                                        \
	"tenants:\n"                                                                               \
	"  - name: alpha\n"                                                                        \
	"    id: 1\n"                                                                              \
	"    attach: [{port: in}, {port: out}]\n"                                                  \
	"    prefixes: [" prefix "]\n"                                                             \
	"    default: {out: reject, in: drop}\n"                                                   \
	"    rules:\n"                                                                             \
	"      - {name: web, dir: out, proto: tcp, dport: 443, action: accept}\n" rules
#define OUT(action) "      - {name: ssh-out, dir: out, proto: tcp, dport: 22, action: " action "}\n"
#define IN "      - {name: ssh-in, dir: in, proto: tcp, dport: 22, action: accept}\n"
#define NET "10.1.0.0/16"

#define OUTSIDE "198.51.100.7 50000 192.0.2.1 22"
#define OUTSIDE6 "2001:db8:9::7 50000 2001:db8:ffff::1 22"
#define MAPPED "::ffff:198.51.100.7 50000 ::ffff:192.0.2.1 22"
#define INSIDE "10.1.2.3 50000 192.0.2.1 22"
#define THROUGH_OUT "10.1.2.3 50000 203.0.113.9 22"
#define THROUGH_IN "203.0.113.9 50000 10.1.2.3 22"
#define ELSEWHERE "198.51.100.7 50000 203.0.113.9 22"

static struct policy *policy(const char *text)
{
	struct policy *policy;
	struct diag diag;

	if (!text)
		return NULL;
	diag_init(&diag);
	policy = policy_parse(text, strlen(text), "town.yaml", NULL, &diag);
	if (!policy) {
		diag_print(&diag, stderr);
		fail_msg("the test's policy is wrong");
	}
	diag_free(&diag);
	return policy;
}

static void outlooks(void **state)
{
	static const struct {
		const char *session, *before, *after;
		enum session_outlook outlook;
		const char *why; /* a part of it */
	} rows[] = {
		/* to the gateway: a host rule allows, refuses, or none speaks of it */
		{ OUTSIDE, NULL, PORTS HOST(SSH("accept")), SESSION_STAYS, "" },
		{ MAPPED, NULL, PORTS HOST(SSH("accept")), SESSION_STAYS, "" },
		{ OUTSIDE6, NULL, PORTS HOST(SSH6), SESSION_STAYS, "" },
		{ OUTSIDE, NULL, PORTS HOST(SSH("drop") SSH_LATE), SESSION_CUT,
		  "rule 'ssh' of the host section (town.yaml:9)" },
		{ MAPPED, NULL, PORTS HOST(SSH("reject")), SESSION_CUT, "rule 'ssh'" },
		{ OUTSIDE, NULL, PORTS HOST(""), SESSION_CUT,
		  "rule 'default-in' of the host section (town.yaml:" },
		{ OUTSIDE6, NULL, PORTS HOST(SSH("accept")), SESSION_CUT, "rule 'default-in'" },
		{ OUTSIDE, PORTS HOST(SSH("accept")), PORTS HOST(SSH("drop")), SESSION_CUT, "'ssh'" },
		{ OUTSIDE, PORTS HOST(SSH("drop")), PORTS HOST(""), SESSION_UNSURE, "'default-in'" },
		{ INSIDE, NULL, PORTS HOST(SSH_ALL) BODY(NET, ""), SESSION_STAYS, "" },
		{ INSIDE, NULL, PORTS HOST(SSH("accept")) BODY(NET, ""), SESSION_CUT,
		  "the host section" },
		/* whose the addresses are */
		{ OUTSIDE, PORTS HOST(SSH_ALL), PORTS BODY(NET, ""), SESSION_CUT,
		  "192.0.2.1 is no address of the host section" },
		{ INSIDE, PORTS HOST(SSH_ALL) BODY(NET, ""),
		  PORTS HOST(SSH_ALL) BODY("10.2.0.0/16", ""), SESSION_CUT,
		  "10.1.2.3 lies in no tenant's prefixes any more (tenant alpha had it)" },
		{ INSIDE, PORTS HOST(SSH_ALL), PORTS HOST(SSH_ALL) BODY(NET, ""), SESSION_CUT,
		  "10.1.2.3 comes from outside, and tenant alpha" },
		/* through the gateway */
		{ THROUGH_OUT, NULL, PORTS HOST("") BODY(NET, OUT("accept")), SESSION_STAYS, "" },
		{ THROUGH_OUT, NULL, PORTS HOST("") BODY(NET, OUT("drop")), SESSION_CUT,
		  "rule 'ssh-out' of tenant alpha (town.yaml:17)" },
		{ THROUGH_OUT, NULL, PORTS BODY(NET, ""), SESSION_CUT,
		  "rule 'default-out' of tenant alpha" },
		{ THROUGH_IN, NULL, PORTS BODY(NET, IN), SESSION_STAYS, "" },
		{ THROUGH_IN, NULL, PORTS BODY(NET, OUT("accept")), SESSION_CUT, "rule 'default-in'" },
		{ THROUGH_IN, PORTS BODY(NET, IN), PORTS BODY("10.2.0.0/16", IN), SESSION_CUT,
		  "10.1.2.3 lies in no tenant's prefixes" },
		/* neither */
		{ ELSEWHERE, NULL, PORTS HOST("") BODY(NET, ""), SESSION_STAYS, "" },
		{ "10.1.2.3 50000 10.1.9.9 22", NULL, PORTS BODY(NET, ""), SESSION_STAYS, "" },
		{ "192.0.2.1 50000 192.0.2.1 22", NULL, PORTS HOST(""), SESSION_STAYS, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct policy *before = policy(rows[i].before), *after = policy(rows[i].after);
		char why[SESSION_WHY_MAX] = "";
		struct session session;
		enum session_outlook outlook;

		assert_int_equal(session_parse(rows[i].session, &session), 0);
		outlook = session_outlook(&session, before, after, why);
		if (outlook != rows[i].outlook || !strstr(why, rows[i].why))
			fail_msg("row %zu (%s): %d, '%s'", i, rows[i].session, (int)outlook, why);
		policy_free(before);
		policy_free(after);
	}
}

static void no_sessions(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"UNKNOWN 65535 UNKNOWN 65535",
		"192.0.2.9 50000 192.0.2.1",
		"192.0.2.9 50000 192.0.2.1 22 ",
		"192.0.2.9 50000 192.0.2.1 22 x",
		" 192.0.2.9 50000 192.0.2.1 22",
		"192.0.2.9  50000 192.0.2.1 22",
		"192.0.2.9\t50000 192.0.2.1 22",
		"192.0.2.9 50000 192.0.2.1 22\n",
		"192.0.2.9 50000 192.0.2.1 0",
		"192.0.2.9 50000 192.0.2.1 022",
		"192.0.2.9 50000 192.0.2.1 65536",
		"192.0.2.9 50000 192.0.2.1 99999999999",
		"192.0.2.9 -1 192.0.2.1 22",
		"192.0.2.0/24 50000 192.0.2.1 22",
		"192.0.2.9 50000 0300.0.2.1 22",
		"192.0.2.9 50000 2001:db8::1 22",
		"fe80::1%eth0 50000 fe80::2%eth0 22",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct session session = { .server_port = 7 };

		if (session_parse(texts[i], &session) != -EINVAL)
			fail_msg("'%s' was taken for a session", texts[i]);
		assert_int_equal(session.server_port, 7);
	}
}

/* Exit status and words, by what was said on standard error. */
static int guard(const char *text, const char *before, const char *after, bool anyway, char **ret_said)
{
	struct policy *was = policy(before), *is = policy(after);
	size_t len = 0;
	struct cli cli = { .out = stdout, .err = open_memstream(ret_said, &len) };
	struct session session;
	int ret;

	assert_non_null(cli.err);
	assert_int_equal(session_parse(text, &session), 0);
	ret = session_guard(&cli, &session, was, is, anyway);
	fclose(cli.err);
	policy_free(was);
	policy_free(is);
	return ret;
}

static void words(void **state)
{
	static const char *const after = PORTS HOST(SSH("drop"));
	static const struct {
		const char *before;
		bool anyway;
		int ret;
		const char *said[3];
	} rows[] = {
		{ NULL, false, CLI_FAILED, { "(town.yaml:9)", "'confirm 60'", "'force'" } },
		{ NULL, true, CLI_OK, { "note: this cuts off", "(town.yaml:9)", "198.51.100.7" } },
		{ after, false, CLI_OK, { "note: your own session", "in force", "detached" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *said = NULL;

		assert_int_equal(guard(OUTSIDE, rows[i].before, after, rows[i].anyway, &said),
				 rows[i].ret);
		for (size_t k = 0; k < 3; k++)
			if (!strstr(said, rows[i].said[k]))
				fail_msg("row %zu: no \"%s\" in: %s", i, rows[i].said[k], said);
		free(said);
	}
}

static void silence(void **state)
{
	char *said = NULL;

	(void)state;
	assert_int_equal(guard(OUTSIDE, NULL, PORTS HOST(SSH_ALL), false, &said), CLI_OK);
	assert_string_equal(said, "");
	free(said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outlooks),
		cmocka_unit_test(no_sessions),
		cmocka_unit_test(words),
		cmocka_unit_test(silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
