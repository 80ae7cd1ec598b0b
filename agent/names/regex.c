/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiling in children and matching. Called by names/learn.c; compiling in a worker.
 */
#include "names/regex.h"

#include <errno.h>
#include <fcntl.h>
#include <hs/hs.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "text/escape.h"
#include "text/whole.h"

struct batch {
	hs_database_t *database;
	uint32_t first; /* number of its first expression */
};

struct meaning {
	uint32_t line;
	uint8_t list;
	bool allow;
};

struct regexes {
	struct batch *batches;
	size_t batch_cnt;
	struct meaning *meanings; /* by number */
	size_t cnt;
	hs_scratch_t *scratch;
};

/* How a child ended: what it wrote is this, and text or a database behind it. */
struct outcome {
	enum { OUTCOME_DONE, OUTCOME_BAD, OUTCOME_BROKEN } kind;
	int32_t bad; /* OUTCOME_BAD: which one, -1: not known */
	uint64_t len;
};

struct compiling {
	const struct regex_source *sources;
	const struct regex_limits *limits;
	struct regexes *regexes;
	struct diag *diag;
	uint64_t end_ms;
	size_t left_out;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* --- in the child --- */

static void child_limit(const struct regex_limits *limits)
{
	struct rlimit cpu = { (limits->ms + 999) / 1000, (limits->ms + 999) / 1000 };
	struct rlimit memory = { limits->memory, limits->memory };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setrlimit(RLIMIT_CPU, &cpu);
#ifndef __SANITIZE_ADDRESS__ /* whose shadow is larger than any limit */
	setrlimit(RLIMIT_AS, &memory);
#else
	(void)memory;
#endif
}

/* Texts with a 0 behind them; no memory is as good as too much of it. */
static bool child_compile(const struct regex_source *sources, const uint32_t *which, uint32_t cnt,
			  hs_database_t **ret_database, hs_compile_error_t **ret_error)
{
	char **texts = calloc(cnt, sizeof(*texts));
	unsigned int *flags = calloc(cnt, sizeof(*flags)), *ids = calloc(cnt, sizeof(*ids));
	bool made = texts && flags && ids;

	for (uint32_t i = 0; made && i < cnt; i++) {
		texts[i] = strndup(sources[which[i]].text, sources[which[i]].len);
		made = texts[i] != NULL;
		flags[i] = HS_FLAG_CASELESS | HS_FLAG_SINGLEMATCH;
		ids[i] = i;
	}
	made = made && hs_compile_multi((const char *const *)texts, flags, ids, cnt, HS_MODE_BLOCK,
					NULL, ret_database, ret_error) == HS_SUCCESS;
	for (uint32_t i = 0; texts && i < cnt; i++)
		free(texts[i]);
	free(texts);
	free(flags);
	free(ids);
	return made;
}

static void child_run(int fd, const struct regex_source *sources, const uint32_t *which,
		      uint32_t cnt, const struct regex_limits *limits)
{
	hs_compile_error_t *error = NULL;
	hs_database_t *database = NULL;
	struct outcome outcome = { .kind = OUTCOME_BAD, .bad = -1 };
	char *bytes = NULL;
	size_t len = 0;

	child_limit(limits);
	if (!child_compile(sources, which, cnt, &database, &error)) {
		outcome.bad = error ? error->expression : -1;
		outcome.len = error && error->message ? strlen(error->message) : 0;
		write_whole(fd, &outcome, sizeof(outcome));
		write_whole(fd, error ? error->message : "", outcome.len);
	} else if (hs_serialize_database(database, &bytes, &len) == HS_SUCCESS) {
		outcome = (struct outcome){ .kind = OUTCOME_DONE, .len = len };
		write_whole(fd, &outcome, sizeof(outcome));
		write_whole(fd, bytes, len);
	}
	_exit(0);
}

/* --- its parent --- */

/* False: it ended, or its time did, before all was read. */
static bool read_all(int fd, void *bytes, size_t len, uint64_t end_ms)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	char *at = bytes;

	while (len) {
		uint64_t now = now_ms();
		ssize_t n;

		if (now >= end_ms || poll(&ready, 1, (int)(end_ms - now)) <= 0)
			return false;
		n = read(fd, at, len);
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

/* What the child says, with *ret_bytes (owned by the caller, ended by 0) behind it. */
static struct outcome child_hear(int fd, const struct regex_limits *limits, char **ret_bytes)
{
	struct outcome outcome = { .kind = OUTCOME_BROKEN };
	uint64_t end_ms = now_ms() + (uint64_t)limits->ms * REGEX_CLOCK;
	char *bytes;

	if (!read_all(fd, &outcome, sizeof(outcome), end_ms) || outcome.len > limits->compiled)
		return (struct outcome){ .kind = OUTCOME_BROKEN };
	bytes = malloc(outcome.len + 1);
	if (!bytes || !read_all(fd, bytes, outcome.len, end_ms)) {
		free(bytes);
		return (struct outcome){ .kind = OUTCOME_BROKEN };
	}
	bytes[outcome.len] = 0;
	*ret_bytes = bytes;
	return outcome;
}

static int child_ask(const struct compiling *c, const uint32_t *which, uint32_t cnt,
		     struct outcome *ret_outcome, char **ret_bytes)
{
	int pipe_fd[2];
	pid_t pid;

	if (pipe2(pipe_fd, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid < 0) {
		close(pipe_fd[0]);
		close(pipe_fd[1]);
		return -errno;
	}
	if (!pid)
		child_run(pipe_fd[1], c->sources, which, cnt, c->limits);
	close(pipe_fd[1]);
	*ret_outcome = child_hear(pipe_fd[0], c->limits, ret_bytes);
	close(pipe_fd[0]);
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
}

/* --- batches --- */

static void leave_out(struct compiling *c, uint32_t which, const char *why)
{
	const struct regex_source *s = &c->sources[which];
	char text[80];

	c->left_out++;
	diag_add(c->diag, DIAG_WARNING, NULL, 0, 0, NULL,
		 "a regular expression of list %u, line %u, is left out: %s: %s", s->list, s->line,
		 text_escape(s->text, s->len < 60 ? s->len : 60, text, sizeof(text)), why);
}

static int batch_keep(struct compiling *c, const char *bytes, size_t len, const uint32_t *which,
		      uint32_t cnt)
{
	struct regexes *r = c->regexes;
	struct batch *batches = realloc(r->batches, (r->batch_cnt + 1) * sizeof(*batches));
	struct meaning *meanings;
	hs_database_t *database;

	if (!batches)
		return -ENOMEM;
	r->batches = batches;
	meanings = realloc(r->meanings, (r->cnt + cnt) * sizeof(*meanings));
	if (!meanings)
		return -ENOMEM;
	r->meanings = meanings;
	if (hs_deserialize_database(bytes, len, &database) != HS_SUCCESS)
		return -ENOMEM;
	for (uint32_t i = 0; i < cnt; i++) {
		const struct regex_source *s = &c->sources[which[i]];

		meanings[r->cnt + i] = (struct meaning){ s->line, s->list, s->allow };
	}
	batches[r->batch_cnt++] = (struct batch){ database, (uint32_t)r->cnt };
	r->cnt += cnt;
	return hs_alloc_scratch(database, &r->scratch) == HS_SUCCESS ? 0 : -ENOMEM;
}

/* One that is named goes; where it is not known which, halves are tried, down to one. */
static int batch_compile(struct compiling *c, uint32_t *which, uint32_t cnt)
{
	while (cnt) {
		struct outcome outcome = { .kind = OUTCOME_BROKEN };
		char *bytes = NULL;
		int err;

		if (now_ms() >= c->end_ms) {
			for (uint32_t i = 0; i < cnt; i++)
				leave_out(c, which[i], "the time for all of them is over");
			return 0;
		}
		err = child_ask(c, which, cnt, &outcome, &bytes);
		if (!err && outcome.kind == OUTCOME_DONE) {
			err = batch_keep(c, bytes, outcome.len, which, cnt);
			free(bytes);
			return err;
		}
		if (!err && cnt > 1 && (outcome.kind == OUTCOME_BROKEN || outcome.bad < 0)) {
			free(bytes);
			err = batch_compile(c, which, cnt / 2);
			return err ? err : batch_compile(c, which + cnt / 2, cnt - cnt / 2);
		}
		if (!err) {
			uint32_t bad = cnt > 1 ? (uint32_t)outcome.bad % cnt : 0;

			leave_out(c, which[bad],
				  outcome.kind == OUTCOME_BAD && bytes && bytes[0]
					  ? bytes
					  : "it takes too long or too much memory");
			memmove(which + bad, which + bad + 1, (cnt - bad - 1) * sizeof(*which));
			cnt--;
		}
		free(bytes);
		if (err)
			return err;
	}
	return 0;
}

static int batches_compile(struct compiling *c, uint32_t *which, size_t cnt)
{
	int err = 0;

	for (size_t at = 0; at < cnt && !err; at += c->limits->batch) {
		size_t batch = cnt - at < c->limits->batch ? cnt - at : c->limits->batch;

		err = batch_compile(c, which + at, (uint32_t)batch);
	}
	return err;
}

int regexes_compile(const struct regex_source *sources, size_t cnt, const struct regex_limits *limits,
		    struct regexes **ret_regexes, struct diag *diag)
{
	struct compiling c = {
		sources, limits, calloc(1, sizeof(struct regexes)), diag, now_ms() + limits->all_ms,
		0
	};
	uint32_t *which = calloc(cnt ? cnt : 1, sizeof(*which));
	size_t used = 0;
	int err = -ENOMEM;

	if (c.regexes && which) {
		for (size_t i = 0; i < cnt; i++) {
			if (sources[i].len <= REGEX_BYTES_MAX)
				which[used++] = (uint32_t)i;
			else
				leave_out(&c, (uint32_t)i, "it is too long");
		}
		err = batches_compile(&c, which, used);
	}
	free(which);
	if (err) {
		regexes_free(c.regexes);
		return err;
	}
	*ret_regexes = c.regexes;
	return 0;
}

void regexes_free(struct regexes *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->batch_cnt; i++)
		hs_free_database(r->batches[i].database);
	hs_free_scratch(r->scratch);
	free(r->batches);
	free(r->meanings);
	free(r);
}

size_t regexes_cnt(const struct regexes *r)
{
	return r ? r->cnt : 0;
}

/* --- matching --- */

struct matching {
	const struct meaning *meanings;
	struct regex_match match;
};

static int matched(unsigned int id, unsigned long long from, unsigned long long to,
		   unsigned int flags, void *arg)
{
	struct matching *m = arg;
	const struct meaning *meaning = &m->meanings[id];

	if (!m->match.line)
		m->match.line = meaning->line;
	if (meaning->allow)
		m->match.allow |= 1ULL << (meaning->list & 63);
	else
		m->match.block |= 1ULL << (meaning->list & 63);
	return 0;
}

struct regex_match regexes_match(struct regexes *r, const char *name, size_t len)
{
	struct matching m = {};

	for (size_t i = 0; r && i < r->batch_cnt; i++) {
		m.meanings = r->meanings + r->batches[i].first;
		hs_scan(r->batches[i].database, name, (unsigned int)len, 0, r->scratch, matched, &m);
	}
	return m.match;
}

uint64_t regexes_block(struct regexes *regexes, const char *name, size_t len,
		       const struct sek_name_phase *phase)
{
	struct regex_match match = regexes_match(regexes, name, len);

	return match.allow & phase->allow ? 0 : match.block & phase->block & ~match.allow;
}
