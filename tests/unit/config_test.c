/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/config: suricata.yaml as sites write it, its includes, and assignments over it; what cannot be read is
 * named with its place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"

static char dir[] = "/tmp/config_test.XXXXXX";

static const char *file_in(const char *name, const char *text)
{
	static char path[64];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	out = fopen(path, "we");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
	return path;
}

static struct config *config_of(const char *text)
{
	struct config *config = NULL;
	struct diag diag;

	diag_init(&diag);
	if (config_read(file_in("main.yaml", text), &config, &diag)) {
		diag_print(&diag, stderr);
		fail();
	}
	diag_free(&diag);
	return config;
}

static void text_is(const struct config *config, const char *path, const char *value)
{
	const char *text = config_text(config, path);

	if (!value)
		assert_null(text);
	else if (!text)
		fail_msg("%s is not set", path);
	else
		assert_string_equal(text, value);
}

static void refused(const char *text, uint32_t line, const char *words)
{
	struct config *config = NULL;
	struct diag diag;

	diag_init(&diag);
	assert_int_equal(config_read(file_in("main.yaml", text), &config, &diag), -EINVAL);
	assert_null(config);
	assert_int_equal(diag.error_cnt, 1);
	assert_int_equal(diag.entries[0].line, line);
	assert_non_null(strstr(diag.entries[0].text, words));
	diag_free(&diag);
}

static const char *const usual = "%YAML 1.1\n"
				 "---\n"
				 "# comment\n"
				 "vars:\n"
				 "  address-groups:\n"
				 "    HOME_NET: \"[192.168.0.0/16,10.0.0.0/8]\"\n"
				 "default_log_dir: /var/log/suricata/\n"
				 "outputs:\n"
				 "  - fast:\n"
				 "      enabled: no\n"
				 "  - eve-log:\n"
				 "      enabled: Yes\n"
				 "      types:\n"
				 "        - alert:\n"
				 "            payload: on\n"
				 "        - http\n"
				 "        - dns:\n"
				 "            version: 2\n"
				 "stream:\n"
				 "  memcap: 64mb\n"
				 "  depth: 1.5 kb\n"
				 "  wrong: 12 parsecs\n"
				 "  hex: 0x1f\n"
				 "  count: 17\n"
				 "host-os-policy:\n"
				 "  windows: [0.0.0.0/0, \"10.0.0.0/8\"]\n"
				 "empty:\n";

static void test_usual(void **state)
{
	struct config *config = config_of(usual);

	text_is(config, "vars.address-groups.HOME_NET", "[192.168.0.0/16,10.0.0.0/8]");
	text_is(config, "vars.address-groups.HOME-NET", "[192.168.0.0/16,10.0.0.0/8]");
	text_is(config, "default-log-dir", "/var/log/suricata/");
	text_is(config, "outputs.1.eve-log.types.1", "http");
	text_is(config, "outputs.1.eve-log.types.2.dns.version", "2");
	text_is(config, "outputs.1.eve-log.types", NULL);
	text_is(config, "outputs.7.eve-log", NULL);
	text_is(config, "outputs.x", NULL);
	text_is(config, "no.such.name", NULL);
	text_is(config, "empty", "");
	assert_int_equal(config_cnt(config, "outputs"), 2);
	assert_string_equal(config_child(config, "outputs", 0), "fast");
	assert_string_equal(config_child(config, "outputs.1.eve-log.types", 0), "alert");
	assert_string_equal(config_child(config, "outputs.1.eve-log.types", 1), "http");
	assert_null(config_child(config, "outputs", 2));
	assert_string_equal(config_child(config, "stream", 0), "memcap");
	assert_string_equal(config_child(config, "host-os-policy.windows", 1), "10.0.0.0/8");
	assert_int_equal(config_cnt(config, "nothing"), 0);
	config_free(config);
}

static void test_values(void **state)
{
	struct config *config = config_of(usual);

	assert_false(config_bool(config, "outputs.0.fast.enabled", true));
	assert_true(config_bool(config, "outputs.1.eve-log.enabled", false));
	assert_true(config_bool(config, "outputs.1.eve-log.types.0.alert.payload", false));
	assert_true(config_bool(config, "unset", true));
	assert_int_equal(config_bytes(config, "stream.memcap", 1), 64 << 20);
	assert_int_equal(config_bytes(config, "stream.depth", 1), 1536);
	assert_int_equal(config_bytes(config, "stream.wrong", 5), 5);
	assert_int_equal(config_bytes(config, "stream.count", 5), 17);
	assert_int_equal(config_number(config, "stream.count", 5), 17);
	assert_int_equal(config_number(config, "stream.hex", 5), 31);
	assert_int_equal(config_number(config, "stream.memcap", 5), 5);
	config_free(config);
	assert_null(config_text(NULL, "a"));
	assert_int_equal(config_number(NULL, "a", 3), 3);
}

static void test_set(void **state)
{
	struct config *config = config_of(usual);

	assert_int_equal(config_set(config, "stream.memcap=1gb"), 0);
	assert_int_equal(config_bytes(config, "stream.memcap", 1), 1 << 30);
	assert_int_equal(config_set(config, "app-layer.protocols.ssh.hassh=yes"), 0);
	text_is(config, "app-layer.protocols.ssh.hassh", "yes");
	assert_int_equal(config_set(config, "outputs.1.eve-log.types.1=tls"), 0);
	text_is(config, "outputs.1.eve-log.types.1", "tls");
	assert_int_equal(config_set(config, "outputs=none"), 0);
	assert_int_equal(config_cnt(config, "outputs"), 0);
	text_is(config, "outputs", "none");
	assert_int_equal(config_set(config, "a.b==c="), 0);
	text_is(config, "a.b", "=c=");
	assert_int_equal(config_set(config, "empty.now=x"), 0);
	text_is(config, "empty.now", "x");
	assert_int_equal(config_set(config, "default-log-dir=/x"), 0);
	text_is(config, "default-log-dir", "/x");
	assert_int_equal(config_set(config, "nothing"), -EINVAL);
	assert_int_equal(config_set(config, "=x"), -EINVAL);
	assert_int_equal(config_set(config, "a..b=x"), -EINVAL);
	assert_int_equal(config_set(config, ".a=x"), -EINVAL);
	assert_int_equal(config_set(config, "a.=x"), -EINVAL);
	config_free(config);
}

static void test_nothing(void **state)
{
	struct config *config = NULL;
	struct diag diag;

	diag_init(&diag);
	assert_int_equal(config_read(NULL, &config, &diag), 0);
	assert_int_equal(config_set(config, "a.b=c"), 0);
	text_is(config, "a.b", "c");
	config_free(config);
	assert_int_equal(config_read("/nonexistent/x.yaml", &config, &diag), -ENOENT);
	assert_int_equal(diag.error_cnt, 1);
	diag_free(&diag);
	config_free(NULL);
	config_free(config_of("# only words\n"));
	config_free(config_of(""));
}

static void test_includes(void **state)
{
	struct config *config;
	char text[256];

	file_in("first.yaml", "a: 1\nb: 1\n");
	file_in("second.yaml", "%YAML 1.1\n---\nb: 2\nsub: {x: y}\n");
	snprintf(text, sizeof(text),
		 "a: 0\ninclude: first.yaml\nunder:\n  include: [first.yaml, %s/second.yaml]\n"
		 "tagged: !include second.yaml\n",
		 dir);
	config = config_of(text);
	text_is(config, "a", "1");
	text_is(config, "under.a", "1");
	text_is(config, "under.b", "2");
	text_is(config, "under.sub.x", "y");
	text_is(config, "tagged.sub.x", "y");
	config_free(config);
}

static void test_refused(void **state)
{
	char deep[400];

	refused("a: [1\nb: 2\n", 2, "did not find");
	refused("- a\n- b\n", 1, "names");
	refused("a: &x 1\nb: *x\n", 2, "references");
	refused("? [a]\n: b\n", 1, "word");
	refused("include: {a: b}\n", 1, "file");
	refused("a:\n  include: main.yaml\n", 2, "each other");
	memset(deep, '[', 100);
	memset(deep + 100, ']', 100);
	deep[200] = 0;
	memcpy(deep, "a: ", 3);
	refused(deep, 1, "deep");
}

static void test_twice(void **state)
{
	struct config *config = config_of("a: {x: 1}\nb: 2\na: [5, 6]\n");

	assert_int_equal(config_cnt(config, "a"), 2);
	text_is(config, "a.1", "6");
	text_is(config, "a.x", NULL);
	assert_string_equal(config_child(config, "", 1), "b");
	config_free(config);
}

static int dir_make(void **state)
{
	return mkdtemp(dir) ? 0 : -1;
}

static int dir_end(void **state)
{
	static const char *const names[] = { "main.yaml", "first.yaml", "second.yaml" };
	char path[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usual),	 cmocka_unit_test(test_values),
		cmocka_unit_test(test_set),	 cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_includes), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_twice),
	};

	return cmocka_run_group_tests(tests, dir_make, dir_end);
}
