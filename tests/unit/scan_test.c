/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/scan: findings are bounded and in order, verdicts are remembered by their last use and of their epoch
 * alone; clamd's answers, and a clamd that does not; the scanner's messages; what a sandboxed child can do no more; words of mails as
 * passwords.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/config.h"
#include "proto/mimeinside.h"
#include "scan/clamd.h"
#include "scan/findings.h"
#include "scan/sandbox.h"
#include "scan/settings.h"
#include "scan/wire.h"

#define SECOND_NS 1000000000ull

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

/* --- findings --- */

static void test_findings(void **state)
{
	struct findings f = { .hits = NULL }, copy;

	assert_true(findings_add(&f, SCAN_CLAMAV, 2, slice_text("a b\n"), slice(NULL, 0)));
	assert_true(findings_add(&f, SCAN_YARA, 0, slice_text("first"), slice("k\0v", 4)));
	assert_true(findings_add(&f, SCAN_YARA, 2, slice_text("second"), slice(NULL, 0)));
	findings_sort(&f);
	assert_string_equal(f.hits[0].name, "first");
	assert_string_equal(f.hits[1].name, "a.b.");
	assert_string_equal(f.hits[2].name, "second");
	assert_true(findings_copy(&f, &copy));
	assert_int_equal(copy.hit_cnt, 3);
	assert_memory_equal(copy.hits[0].meta.at, "k\0v", 4);
	findings_free(&copy);
	while (f.hit_cnt < HITS_MAX)
		assert_true(findings_add(&f, SCAN_YARA, 3, slice_text("x"), slice(NULL, 0)));
	assert_false(findings_add(&f, SCAN_YARA, 3, slice_text("x"), slice(NULL, 0)));
	assert_int_equal(f.hits_lost, 1);
	findings_free(&f);
}

static bool knows(struct verdicts *v, uint8_t number, uint32_t epoch, uint32_t files)
{
	const uint8_t key[VERDICT_KEY_LEN] = { number };
	struct findings f;
	bool found = verdicts_find(v, key, epoch, &f);

	if (found) {
		assert_int_equal(f.files, files);
		findings_free(&f);
	}
	return found;
}

static void keep(struct verdicts *v, uint8_t number, uint32_t epoch)
{
	const uint8_t key[VERDICT_KEY_LEN] = { number };

	verdicts_put(v, key, epoch, &(struct findings){ .files = number });
}

static void test_verdicts(void **state)
{
	struct verdicts *v = verdicts_new(3);

	keep(v, 1, 7);
	keep(v, 2, 7);
	keep(v, 3, 7);
	assert_true(knows(v, 1, 7, 1)); /* so 2 was not asked for the longest */
	keep(v, 4, 7);
	assert_false(knows(v, 2, 7, 2));
	assert_true(knows(v, 1, 7, 1) && knows(v, 3, 7, 3) && knows(v, 4, 7, 4));
	assert_false(knows(v, 1, 8, 1)); /* the rules have changed */
	assert_false(knows(v, 1, 7, 1));
	keep(v, 3, 9);
	assert_true(knows(v, 3, 9, 3));
	verdicts_free(v);
}

/* --- ClamAV --- */

static enum clamd_says said(const char *reply, size_t len, const char *name)
{
	char found[CLAMD_NAME_MAX];
	enum clamd_says says = clamd_reply_read(slice(reply, len), found);

	assert_string_equal(found, name);
	return says;
}

static void test_replies(void **state)
{
	assert_int_equal(said("stream: OK", 11, ""), CLAMD_CLEAN);
	assert_int_equal(said("stream: OK\n", 11, ""), CLAMD_CLEAN);
	assert_int_equal(said("stream: Win.Test.EICAR_HDB-1 FOUND", 35, "Win.Test.EICAR_HDB-1"),
			 CLAMD_FOUND);
	assert_int_equal(said("stream: NOT OK", 15, ""), CLAMD_UNAVAILABLE);
	assert_int_equal(said("stream:  FOUND", 15, ""), CLAMD_UNAVAILABLE);
	assert_int_equal(said("INSTREAM size limit exceeded. ERROR", 36, ""), CLAMD_UNAVAILABLE);
	assert_int_equal(said("", 0, ""), CLAMD_UNAVAILABLE);
}

/* One conversation: takes what comes, up to the piece of length 0, and answers; NULL: not at all. */
struct daemon {
	struct sockaddr_un address;
	int fd;
	const char *answer;
	uint64_t heard; /* bytes of the file */
	pthread_t thread;
};

static void *daemon_run(void *arg)
{
	struct daemon *d = arg;
	int fd = accept(d->fd, NULL, NULL);
	char command[10], bytes[4096];
	uint32_t len;

	assert_int_equal(recv(fd, command, sizeof(command), MSG_WAITALL), sizeof(command));
	assert_memory_equal(command, "zINSTREAM", 10);
	while (recv(fd, &len, sizeof(len), MSG_WAITALL) == sizeof(len) && len)
		for (uint32_t left = __builtin_bswap32(len); left;) {
			ssize_t cnt = recv(fd, bytes, left < sizeof(bytes) ? left : sizeof(bytes), 0);

			assert_true(cnt > 0);
			left -= (uint32_t)cnt;
			d->heard += (uint64_t)cnt;
		}
	if (d->answer)
		send(fd, d->answer, strlen(d->answer) + 1, MSG_NOSIGNAL);
	else
		recv(fd, bytes, 1, 0); /* until the other end has had enough */
	close(fd);
	return NULL;
}

static void daemon_begin(struct daemon *d, const char *answer)
{
	*d = (struct daemon){ .address = { .sun_family = AF_UNIX }, .answer = answer };
	snprintf(d->address.sun_path, sizeof(d->address.sun_path), "/tmp/scan_test.%d", getpid());
	unlink(d->address.sun_path);
	d->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(d->fd, (struct sockaddr *)&d->address, sizeof(d->address)), 0);
	assert_int_equal(listen(d->fd, 1), 0);
	assert_int_equal(pthread_create(&d->thread, NULL, daemon_run, d), 0);
}

static void daemon_end(struct daemon *d)
{
	pthread_join(d->thread, NULL);
	close(d->fd);
	unlink(d->address.sun_path);
}

static void test_clamd(void **state)
{
	static uint8_t file[300000];
	char name[CLAMD_NAME_MAX];
	struct daemon d;
	uint64_t begun;

	daemon_begin(&d, "stream: Eicar FOUND");
	assert_int_equal(clamd_ask(d.address.sun_path, slice(file, sizeof(file)),
				   now_ns() + 60 * SECOND_NS, name),
			 CLAMD_FOUND);
	assert_string_equal(name, "Eicar");
	daemon_end(&d);
	assert_int_equal(d.heard, sizeof(file));
	assert_int_equal(clamd_ask(d.address.sun_path, slice("x", 1), now_ns() + SECOND_NS, name),
			 CLAMD_UNAVAILABLE); /* it is not there any more */
	daemon_begin(&d, NULL);
	begun = now_ns();
	assert_int_equal(clamd_ask(d.address.sun_path, slice("x", 1), begun + SECOND_NS / 5, name),
			 CLAMD_UNAVAILABLE);
	assert_true(now_ns() - begun >= SECOND_NS / 5);
	daemon_end(&d);
}

/* --- messages --- */

static void test_wire(void **state)
{
	const struct wire_head head = { .kind = WIRE_MEMBER, .cut = 1 };
	struct wire_message m;
	uint8_t bytes[64];
	ssize_t len;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_true(wire_say(ends[1], &head, slice_text("a!b"), slice_text("bytes")));
	len = read(ends[0], bytes, sizeof(bytes));
	assert_int_equal(len, sizeof(head) + 8);
	for (ssize_t cut = 0; cut < len; cut++)
		assert_int_equal(wire_take(slice(bytes, (size_t)cut), 5, &m), WIRE_MORE);
	assert_int_equal(wire_take(slice(bytes, (size_t)len), 4, &m),
			 WIRE_BAD); /* more than the listener wants */
	assert_int_equal(wire_take(slice(bytes, (size_t)len), 5, &m), len);
	assert_true(slice_is(m.name, "a!b") && slice_is(m.rest, "bytes") && m.head.cut);
	bytes[0] = WIRE_END + 1;
	assert_int_equal(wire_take(slice(bytes, (size_t)len), 5, &m), WIRE_BAD);
	close(ends[0]);
	close(ends[1]);
}

/* --- the sandbox --- */

/* Which signal ends a child that does so in the sandbox; 0: none, and it thinks that all is well. */
static int sandboxed(bool (*act)(void))
{
	struct sandbox *sandbox;
	int status;
	pid_t pid;

	assert_int_equal(sandbox_new(&sandbox), 0);
	pid = fork();
	if (pid == 0)
		_exit(sandbox_enter(sandbox, 64 << 20, 1) || !act());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	sandbox_free(sandbox);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static bool acts_open(void)
{
	return open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES;
}

static bool acts_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static bool acts_exec(void)
{
	char *const argv[] = { (char *)"true", NULL };

	return execv("/bin/true", argv) == 0;
}

static bool acts_signal(void)
{
	return kill(getppid(), 0) == 0;
}

static bool acts_memory(void)
{
	return mmap(NULL, 65 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
}

static bool acts_forever(void)
{
	for (volatile unsigned int i = 0;; i++)
		;
}

static void test_sandbox(void **state)
{
	int ended;

	assert_int_equal(sandboxed(acts_open), 0);
	assert_int_equal(sandboxed(acts_memory), 0);
	assert_int_equal(sandboxed(acts_socket), SIGSYS);
	assert_int_equal(sandboxed(acts_exec), SIGSYS);
	assert_int_equal(sandboxed(acts_signal), SIGSYS);
	ended = sandboxed(
		acts_forever); /* by its CPU time, or where it gets little of that by the clock */
	assert_true(ended == SIGKILL || ended == SIGALRM);
}

/* --- settings, words --- */

static void test_settings(void **state)
{
	static const char *const bad[] = { "sekisho.files.action=burn", "sekisho.files.fail=maybe",
					   "sekisho.files.archives.password-file=/nowhere" };
	struct scan_settings s;
	struct config *config;
	struct diag diag;

	diag_init(&diag);
	assert_int_equal(
		config_read_text("sekisho: {files: {archives: {enabled: yes, passwords: [a, bc]}}}",
				 "x", &config, &diag),
		0);
	assert_true(scan_is_asked(config));
	assert_int_equal(scan_settings_read(config, &s, &diag), 0);
	assert_true(slice_is(grown_slice(&s.passwords), "a") == false && s.passwords.len == 5);
	assert_memory_equal(s.passwords.at, "a\0bc", 5);
	assert_false(s.drop || s.closed);
	scan_settings_free(&s);
	config_free(config);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(config_read_text("x: y", "x", &config, &diag), 0);
		assert_false(scan_is_asked(config));
		assert_int_equal(config_set(config, bad[i]), 0);
		assert_int_not_equal(scan_settings_read(config, &s, &diag), 0);
		config_free(config);
	}
	assert_int_equal(diag.error_cnt, 3);
	diag_free(&diag);
}

static void words_are(const char *text, uint32_t most, const char *expected, size_t len)
{
	struct mime_words words = { .most = most };

	for (const char *c = text; *c; c++) /* in the smallest pieces */
		mime_words_take(&words, slice(c, 1));
	mime_words_end(&words);
	assert_int_equal(words.list.len, len);
	if (len)
		assert_memory_equal(words.list.at, expected, len);
	mime_words_free(&words);
}

static void test_words(void **state)
{
	words_are("the password:Abc1!x. or (Abc1!x)", 10, "password:Abc1!x.\0Abc1!x\0(Abc1!x)", 33);
	words_are("パスワードは「Himitsu2024」です", 10, "Himitsu2024", 12);
	words_are("\x1b$B%Q%9%o!<%I\x1b(BAbc12345 ", 10, "Abc12345", 9); /* ISO-2022-JP */
	words_are("abc no", 10, "", 0); /* too short */
	words_are("first second third", 2, "first\0second", 13);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_findings), cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_replies),	 cmocka_unit_test(test_clamd),
		cmocka_unit_test(test_wire),	 cmocka_unit_test(test_settings),
		cmocka_unit_test(test_sandbox),	 cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests_name("scan", tests, NULL, NULL);
}
