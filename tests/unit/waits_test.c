/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/file/waits.c with scans of its own: what a file's side sent last waits for the verdict, no longer than
 * was said, and then `fail:` decides; a file that goes on is judged again; a flow that ends waits for nobody.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/config.h"
#include "file/file.h"
#include "file/room.h"
#include "file/scanned.h"
#include "file/waits.h"
#include "inspect/engine.h"

#define MS_NS 1000000ull
#define PATIENCE_NS (5000 * MS_NS)
#define TAIL_NS (100 * MS_NS)
#define BEGIN_NS (1000000 * MS_NS) /* the packets' clock when a test begins */

/* --- a scanner that answers when it is told to --- */

struct scanner {
	struct sockaddr_un address;
	int fd;
	int answers[2]; /* a pipe: 'O' clean, 'F' found; its end: none any more */
	pthread_t thread;
};

static bool stream_read(int fd)
{
	char command[10], bytes[4096];
	uint32_t len = 1;

	if (recv(fd, command, sizeof(command), MSG_WAITALL) != sizeof(command))
		return false;
	while (recv(fd, &len, sizeof(len), MSG_WAITALL) == sizeof(len) && len) {
		len = __builtin_bswap32(len);
		if (len > sizeof(bytes) || recv(fd, bytes, len, MSG_WAITALL) != (ssize_t)len)
			return false;
	}
	return len == 0;
}

static void *scanner_run(void *arg)
{
	static const char clean[] = "stream: OK", found[] = "stream: Eicar FOUND";
	struct scanner *s = arg;
	bool goes_on = true;

	while (goes_on) {
		int fd = accept(s->fd, NULL, NULL);
		char answer;

		if (fd < 0)
			break;
		goes_on = stream_read(fd) && read(s->answers[0], &answer, 1) == 1;
		if (goes_on && answer == 'O')
			send(fd, clean, sizeof(clean), MSG_NOSIGNAL);
		else if (goes_on)
			send(fd, found, sizeof(found), MSG_NOSIGNAL);
		close(fd);
	}
	return NULL;
}

static void scanner_begin(struct scanner *s)
{
	*s = (struct scanner){ .address = { .sun_family = AF_UNIX } };
	snprintf(s->address.sun_path, sizeof(s->address.sun_path), "/tmp/waits_test.%d", getpid());
	unlink(s->address.sun_path);
	assert_int_equal(pipe(s->answers), 0);
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s->fd, (struct sockaddr *)&s->address, sizeof(s->address)), 0);
	assert_int_equal(listen(s->fd, 8), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, scanner_run, s), 0);
}

/* Who still asks is hung up on. */
static void scanner_end(struct scanner *s)
{
	close(s->answers[1]);
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->fd);
	close(s->answers[0]);
	unlink(s->address.sun_path);
}

/* --- a flow whose files wait --- */

struct bed {
	struct scanner scanner;
	struct config *config;
	struct ruleset *ruleset; /* of no rules */
	struct file_room *room;
	struct engine_setup setup;
	struct waits waits;
	sem_t woken;
	struct flow flow;
	struct tx tx;
	bool owner_closed;
	unsigned int settled;
	enum side sender;
};

static void woken(void *arg)
{
	struct bed *bed = arg;

	sem_post(&bed->woken);
}

static void settled(void *arg, struct flow *flow)
{
	struct bed *bed = arg;

	assert_ptr_equal(flow, &bed->flow);
	bed->settled++;
}

static struct engine_owner owner(void *arg, uint16_t tenant)
{
	const struct bed *bed = arg;

	return (struct engine_owner){ .tenant = "school", .closed = bed->owner_closed };
}

static void rooms_make(struct bed *bed, const char *fail)
{
	struct ruleset_sources sources = { .threads = 1 };
	struct ruleset_tally tally;
	char settings[256];
	struct diag diag;

	diag_init(&diag);
	snprintf(settings, sizeof(settings),
		 "sekisho:\n  files: {action: drop, fail: %s, threads: 1, clamav: {socket: %s}}\n",
		 fail, bed->scanner.address.sun_path);
	assert_int_equal(config_read_text(settings, "settings", &bed->config, &diag), 0);
	sources.config = bed->config;
	assert_int_equal(ruleset_build(&sources, &bed->ruleset, &tally, &diag), 0);
	assert_int_equal(file_room_new(bed->config, bed->ruleset, &bed->room, &diag), 0);
	diag_free(&diag);
}

static void begin(struct bed *bed, const char *fail)
{
	*bed = (struct bed){ .waits = { .now_ns = BEGIN_NS,
					.patience_ns = PATIENCE_NS,
					.tail_ns = TAIL_NS,
					.wake = woken,
					.wake_arg = bed,
					.settled = settled,
					.settled_arg = bed },
			     .sender = FROM_SERVER };
	scanner_begin(&bed->scanner);
	rooms_make(bed, fail);
	sem_init(&bed->woken, 0, 0);
	waits_begin(&bed->waits);
	bed->setup = (struct engine_setup){ .files = bed->room,
					    .ruleset = bed->ruleset,
					    .ips = true,
					    .owner = owner,
					    .owner_arg = bed };
	bed->flow.session.setup = &bed->setup;
	bed->flow.session.waits = &bed->waits;
	bed->tx.session = &bed->flow.session;
}

static void end(struct bed *bed)
{
	file_free_all(bed->tx.files);
	assert_null(bed->flow.waiting);
	assert_null(bed->waits.first);
	assert_null(bed->waits.last);
	scanner_end(&bed->scanner);
	file_room_free(bed->room);
	ruleset_free(bed->ruleset);
	config_free(bed->config);
	sem_destroy(&bed->woken);
}

static struct file *file_begin(struct bed *bed, const char *bytes)
{
	struct file *file = file_open(&bed->tx, bed->sender, slice_text("file"));

	assert_non_null(file);
	file_bytes(file, slice_text(bytes), 0);
	return file;
}

static struct file *file_whole(struct bed *bed, const char *bytes)
{
	struct file *file = file_begin(bed, bytes);

	file_close(file, true);
	return file;
}

/* One verdict comes, and is looked at so long after the beginning. */
static void answer(struct bed *bed, char verdict, uint64_t after_ns)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 60;
	assert_int_equal(write(bed->scanner.answers[1], &verdict, 1), 1);
	while (sem_timedwait(&bed->woken, &until))
		assert_int_equal(errno, EINTR);
	waits_turn(&bed->waits, BEGIN_NS + after_ns);
}

static void counts_are(const struct bed *bed, uint64_t judged, uint64_t late_open,
		       uint64_t late_closed)
{
	assert_int_equal(bed->waits.judged, judged);
	assert_int_equal(bed->waits.late_open, late_open);
	assert_int_equal(bed->waits.late_closed, late_closed);
}

#define FALLS (FATE_DROP | FATE_REJECT_SRC | FATE_REJECT_DST)

static void test_clean(void **state)
{
	struct file *file;
	struct bed bed;

	begin(&bed, "open");
	waits_turn(&bed.waits, BEGIN_NS); /* nothing waits */
	file = file_begin(&bed, "abc");
	assert_true(flow_waits_from(&bed.flow, FROM_SERVER) == WAIT_NONE);
	file_close(file, true);
	assert_int_equal(flow_waits_from(&bed.flow, FROM_SERVER), 1);
	assert_true(flow_waits_from(&bed.flow, FROM_CLIENT) == WAIT_NONE);
	assert_int_equal(bed.tx.waits, 1);
	waits_turn(&bed.waits, BEGIN_NS + 20 * MS_NS);
	assert_int_equal(bed.settled, 0);
	answer(&bed, 'O', 21 * MS_NS);
	assert_int_equal(bed.settled, 1);
	assert_true(flow_waits_from(&bed.flow, FROM_SERVER) == WAIT_NONE);
	assert_int_equal(bed.tx.waits, 0);
	assert_int_equal(file->scan->verdict, FILE_CLEAN);
	assert_int_equal(bed.flow.fate, 0);
	counts_are(&bed, 1, 0, 0);
	end(&bed);
}

static void test_malicious(void **state)
{
	struct file *file;
	struct bed bed;

	begin(&bed, "open");
	file = file_whole(&bed, "abc");
	answer(&bed, 'F', MS_NS);
	assert_int_equal(file->scan->verdict, FILE_MALICIOUS);
	assert_int_equal(bed.flow.fate, FALLS);
	assert_int_equal(bed.settled, 1);
	counts_are(&bed, 1, 0, 0);
	end(&bed);
}

/* The later of two files is known first: what its side sent before it goes only with the earlier. */
static void test_two_files(void **state)
{
	struct file *first, *second;
	struct bed bed;

	begin(&bed, "open");
	first = file_whole(&bed, "abc");
	second = file_whole(&bed, "def");
	assert_int_equal(first->wait.number, 1);
	assert_int_equal(second->wait.number, 2);
	bed.sender = FROM_CLIENT;
	file_whole(&bed, "ghi");
	assert_int_equal(flow_waits_from(&bed.flow, FROM_CLIENT), 1);
	file_scan_give_up(second, "hold_timeout");
	assert_int_equal(flow_waits_from(&bed.flow, FROM_SERVER), 1);
	answer(&bed, 'O', MS_NS);
	assert_int_equal(first->scan->verdict, FILE_CLEAN);
	assert_true(flow_waits_from(&bed.flow, FROM_SERVER) == WAIT_NONE);
	assert_int_equal(flow_waits_from(&bed.flow, FROM_CLIENT), 1);
	counts_are(&bed, 1, 1, 0);
	end(&bed);
}

static void late(const char *fail, bool owner_closed, unsigned int fate)
{
	struct file *file;
	struct bed bed;

	begin(&bed, fail);
	bed.owner_closed = owner_closed;
	file = file_whole(&bed, "abc");
	waits_turn(&bed.waits, BEGIN_NS - MS_NS); /* the clock may be set back */
	waits_turn(&bed.waits, BEGIN_NS + PATIENCE_NS);
	assert_int_equal(bed.settled, 0);
	waits_turn(&bed.waits, BEGIN_NS + PATIENCE_NS + 20 * MS_NS);
	assert_int_equal(bed.settled, 1);
	assert_int_equal(bed.tx.waits, 0);
	assert_int_equal(file->scan->verdict, FILE_UNAVAILABLE);
	assert_string_equal(file->scan->why, "hold_timeout");
	assert_int_equal(bed.flow.fate, fate);
	counts_are(&bed, 0, fate == 0, fate != 0);
	end(&bed);
}

static void test_late(void **state)
{
	late("open", false, 0);
	late("closed", false, FALLS);
	late("open", true, FALLS); /* the flow's body wants it so */
}

/* Of a file whose end nobody tells: judged as it stands, again when more came, and when it is closed. */
static void test_judged_twice(void **state)
{
	struct file *file;
	struct bed bed;

	begin(&bed, "closed");
	file = file_begin(&bed, "");
	file->ends_unsaid = true;
	file_bytes(file, slice_text("abc"), 0);
	assert_int_equal(flow_waits_from(&bed.flow, FROM_SERVER), 1);
	assert_int_equal(bed.tx.waits, 0);
	waits_turn(&bed.waits, BEGIN_NS + TAIL_NS);
	assert_false(file_scan_is_asked(file)); /* a byte may still come */
	waits_turn(&bed.waits, BEGIN_NS + TAIL_NS + 20 * MS_NS);
	assert_true(file_scan_is_asked(file));
	answer(&bed, 'O', TAIL_NS + 30 * MS_NS);
	assert_int_equal(bed.settled, 1);
	assert_true(flow_waits_from(&bed.flow, FROM_SERVER) == WAIT_NONE);
	assert_int_equal(file->state, FILE_OPENED);
	file_bytes(file, slice_text("def"), 0);
	assert_int_equal(flow_waits_from(&bed.flow, FROM_SERVER), 2);
	file_close(file, true);
	assert_int_equal(flow_waits_from(&bed.flow, FROM_SERVER), 2);
	answer(&bed, 'F', 2 * TAIL_NS);
	assert_int_equal(file->scan->verdict, FILE_MALICIOUS);
	assert_int_equal(bed.flow.fate, FALLS);
	assert_int_equal(bed.settled, 2);
	counts_are(&bed, 2, 0, 0);
	end(&bed);
}

/* What is malicious now is so whatever follows. */
static void test_peek_finds(void **state)
{
	struct file *file;
	struct bed bed;

	begin(&bed, "open");
	file = file_begin(&bed, "");
	file->ends_unsaid = true;
	file_bytes(file, slice_text("abc"), 0);
	waits_turn(&bed.waits, BEGIN_NS + 2 * TAIL_NS);
	answer(&bed, 'F', 3 * TAIL_NS);
	assert_int_equal(file->state, FILE_TRUNCATED);
	assert_int_equal(file->scan->verdict, FILE_MALICIOUS);
	assert_int_equal(bed.flow.fate, FALLS);
	counts_are(&bed, 1, 0, 0);
	end(&bed);
}

/* A flow that ends: of a file that was asked `fail:` decides, of one that only waits for a byte nothing is. */
static void flow_ends(const char *fail, unsigned int fate)
{
	struct file *asked, *open;
	struct bed bed;

	begin(&bed, fail);
	asked = file_whole(&bed, "abc");
	open = file_begin(&bed, "");
	open->ends_unsaid = true;
	file_bytes(open, slice_text("def"), 0);
	bed.flow.session.is_over = true;
	flow_waits_end(&bed.flow);
	assert_null(bed.flow.waiting);
	assert_int_equal(bed.tx.waits, 0);
	assert_string_equal(asked->scan->why, "flow_ended");
	assert_int_equal(asked->scan->verdict, FILE_UNAVAILABLE);
	assert_null(open->scan->why);
	assert_int_equal(bed.flow.fate, fate);
	assert_int_equal(bed.settled, 0); /* who ends the flow knows */
	counts_are(&bed, 0, fate == 0, fate != 0);
	end(&bed);
}

static void test_flow_ends(void **state)
{
	flow_ends("open", 0);
	flow_ends("closed", FALLS);
}

/* A transaction that is forgotten takes its files along; their verdicts come for nobody. */
static void test_transaction_ends(void **state)
{
	struct bed bed;

	begin(&bed, "closed");
	file_whole(&bed, "abc");
	file_whole(&bed, "def");
	file_free_all(bed.tx.files);
	bed.tx.files = NULL;
	assert_true(flow_waits_from(&bed.flow, FROM_SERVER) == WAIT_NONE);
	waits_turn(&bed.waits, BEGIN_NS + 2 * PATIENCE_NS);
	assert_int_equal(bed.settled, 0);
	assert_int_equal(bed.flow.fate, 0);
	counts_are(&bed, 0, 0, 0);
	end(&bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),	     cmocka_unit_test(test_malicious),
		cmocka_unit_test(test_two_files),    cmocka_unit_test(test_late),
		cmocka_unit_test(test_judged_twice), cmocka_unit_test(test_peek_finds),
		cmocka_unit_test(test_flow_ends),    cmocka_unit_test(test_transaction_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
