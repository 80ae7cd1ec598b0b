// SPDX-License-Identifier: Apache-2.0
/*
 * Runs a program and sees every system call by which it changes files below a folder. Records them, or
 * kills the program just before one of them. Used by powercut.test; cut_images.py reads the record.
 *
 *   cut FOLDER RECORD COMMAND...       SIGUSR1: writes "mark" to the record
 *   cut -k N FOLDER RECORD COMMAND...  SIGUSR1: arms; killed before the N-th change from then on
 *   -b: changes of the kernel's maps, pins and links by bpf(2) count as well
 *
 * SIGTERM goes on to the program. A line of the record is {"op","path",...}, data in hex, written when
 * the call returns: threads stand in the order in which they were through.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 64

enum kind { NONE, OPEN, WRITE, PWRITE, TRUNCATE, SYNC, RENAME, UNLINK, MKDIR, BPF };
static const char *const names[] = { "",     "open",   "write",	 "write", "truncate",
				     "sync", "rename", "unlink", "mkdir", "bpf" };

/* A call between its entry and its return. */
struct call {
	pid_t tid; /* 0: free */
	bool inside;
	enum kind kind; /* NONE: it does not matter */
	char path[PATH_MAX], to[PATH_MAX];
	uint64_t buffer, len, at;
	bool created, emptied;
};

struct run {
	const char *folder;
	FILE *record;
	pid_t child;
	long kill_at, seen;
	bool with_bpf, armed;
	struct call calls[THREADS];
};

static volatile sig_atomic_t marks, ends;

static void signal_came(int number)
{
	if (number == SIGUSR1)
		marks = 1;
	else
		ends = 1;
}

static struct call *call_of(struct run *run, pid_t tid)
{
	struct call *spare = NULL;

	for (size_t i = 0; i < THREADS; i++) {
		if (run->calls[i].tid == tid)
			return &run->calls[i];
		if (!run->calls[i].tid && !spare)
			spare = &run->calls[i];
	}
	if (!spare) {
		fprintf(stderr, "cut: more than %d threads\n", THREADS);
		exit(2);
	}
	*spare = (struct call){ .tid = tid };
	return spare;
}

static size_t memory_read(pid_t tid, uint64_t from, void *to, size_t len)
{
	struct iovec here = { to, len }, there = { (void *)from, len };
	ssize_t n = process_vm_readv(tid, &here, 1, &there, 1, 0);

	return n > 0 ? (size_t)n : 0;
}

static void string_read(pid_t tid, uint64_t from, char *to)
{
	size_t done = 0;

	/* not over the end of a page that may be the last */
	while (done < PATH_MAX - 1) {
		size_t part = 4096 - (from + done) % 4096, n;

		if (part > PATH_MAX - 1 - done)
			part = PATH_MAX - 1 - done;
		n = memory_read(tid, from + done, to + done, part);
		if (!n || memchr(to + done, 0, n))
			break;
		done += n;
	}
	to[PATH_MAX - 1] = 0;
}

static void fd_path(pid_t tid, int fd, char *to)
{
	char link[64];
	ssize_t n;

	if (fd == AT_FDCWD)
		snprintf(link, sizeof(link), "/proc/%d/cwd", tid);
	else
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", tid, fd);
	n = readlink(link, to, PATH_MAX - 1);
	to[n > 0 ? n : 0] = 0;
}

static void path_read(pid_t tid, int dir, uint64_t from, char *to)
{
	char name[PATH_MAX] = "", folder[PATH_MAX];

	string_read(tid, from, name);
	fd_path(tid, dir, folder);
	if (name[0] == '/')
		snprintf(to, PATH_MAX, "%s", name);
	else
		snprintf(to, PATH_MAX, "%.*s/%.*s", PATH_MAX / 2, folder, PATH_MAX / 2 - 2, name);
}

/* Where write(2) will write. */
static uint64_t position(pid_t tid, int fd, const char *path)
{
	char name[64], line[128];
	unsigned long long at = 0;
	unsigned int flags = 0;
	struct stat st;
	FILE *in;

	snprintf(name, sizeof(name), "/proc/%d/fdinfo/%d", tid, fd);
	in = fopen(name, "r");
	while (in && fgets(line, sizeof(line), in)) {
		sscanf(line, "pos: %llu", &at);
		sscanf(line, "flags: %o", &flags);
	}
	if (in)
		fclose(in);
	return flags & O_APPEND && !stat(path, &st) ? (uint64_t)st.st_size : at;
}

static void open_enter(struct call *call, int dir, uint64_t name, unsigned int flags)
{
	struct stat st;

	path_read(call->tid, dir, name, call->path);
	call->created = flags & O_CREAT && stat(call->path, &st);
	call->emptied = flags & O_TRUNC && !call->created;
	if (call->created || call->emptied)
		call->kind = OPEN;
}

static bool bpf_changes(uint64_t command)
{
	switch (command) {
	case BPF_MAP_UPDATE_ELEM:
	case BPF_MAP_DELETE_ELEM:
	case BPF_MAP_UPDATE_BATCH:
	case BPF_MAP_DELETE_BATCH:
	case BPF_OBJ_PIN:
	case BPF_LINK_CREATE:
	case BPF_LINK_UPDATE:
		return true;
	default:
		return false;
	}
}

static void call_read(struct run *run, struct call *call, uint64_t nr, const uint64_t *arg)
{
	call->kind = NONE;
	switch (nr) {
	case SYS_openat:
		open_enter(call, (int)arg[0], arg[1], (unsigned int)arg[2]);
		return;
	case SYS_write:
	case SYS_pwrite64:
		call->kind = WRITE;
		fd_path(call->tid, (int)arg[0], call->path);
		call->buffer = arg[1];
		call->at = nr == SYS_write ? position(call->tid, (int)arg[0], call->path) : arg[3];
		return;
	case SYS_ftruncate:
		call->kind = TRUNCATE;
		fd_path(call->tid, (int)arg[0], call->path);
		call->at = arg[1];
		return;
	case SYS_fsync:
	case SYS_fdatasync:
		call->kind = SYNC;
		fd_path(call->tid, (int)arg[0], call->path);
		return;
	case SYS_unlinkat:
		call->kind = UNLINK;
		path_read(call->tid, (int)arg[0], arg[1], call->path);
		return;
	case SYS_mkdirat:
		call->kind = MKDIR;
		path_read(call->tid, (int)arg[0], arg[1], call->path);
		return;
	case SYS_renameat:
	case SYS_renameat2:
		call->kind = RENAME;
		path_read(call->tid, (int)arg[0], arg[1], call->path);
		path_read(call->tid, (int)arg[2], arg[3], call->to);
		return;
	case SYS_bpf:
		call->kind = run->with_bpf && bpf_changes(arg[0]) ? BPF : NONE;
		return;
#ifdef SYS_open
	case SYS_open:
		open_enter(call, AT_FDCWD, arg[0], (unsigned int)arg[1]);
		return;
	case SYS_unlink:
		call->kind = UNLINK;
		path_read(call->tid, AT_FDCWD, arg[0], call->path);
		return;
	case SYS_mkdir:
		call->kind = MKDIR;
		path_read(call->tid, AT_FDCWD, arg[0], call->path);
		return;
	case SYS_rename:
		call->kind = RENAME;
		path_read(call->tid, AT_FDCWD, arg[0], call->path);
		path_read(call->tid, AT_FDCWD, arg[1], call->to);
		return;
#endif
	case SYS_writev: /* nobody here writes files so; a change that we do not see must not pass */
	case SYS_pwritev:
	case SYS_pwritev2:
	case SYS_fallocate:
	case SYS_truncate:
	case SYS_linkat:
	case SYS_copy_file_range:
		fd_path(call->tid, (int)arg[0], call->path);
		if (strncmp(call->path, run->folder, strlen(run->folder)) == 0) {
			fprintf(stderr, "cut: system call %llu on %s is not known\n",
				(unsigned long long)nr, call->path);
			exit(2);
		}
		return;
	default:
		return;
	}
}

/* Below the folder; SQLite makes its -shm anew after a crash, and it is written by mmap. */
static bool matters(const struct run *run, const struct call *call)
{
	size_t len = strlen(run->folder), end = strlen(call->path);

	if (call->kind == BPF)
		return true;
	return call->kind && strncmp(call->path, run->folder, len) == 0 &&
	       (call->path[len] == '/' || !call->path[len]) &&
	       (end < 4 || strcmp(call->path + end - 4, "-shm") != 0);
}

static void enter(struct run *run, struct call *call, const struct __ptrace_syscall_info *info)
{
	uint64_t arg[6];

	memcpy(arg, info->entry.args, sizeof(arg));
	call_read(run, call, info->entry.nr, arg);
	if (!matters(run, call))
		call->kind = NONE;
	if (!call->kind || !run->armed || !run->kill_at)
		return;
	if (++run->seen < run->kill_at)
		return;
	fprintf(run->record, "{\"op\":\"killed\",\"before\":\"%s\",\"path\":\"%s\"}\n",
		names[call->kind], call->path);
	fflush(run->record);
	kill(run->child, SIGKILL);
	run->kill_at = 0;
}

static void data_write(const struct run *run, const struct call *call, uint64_t len)
{
	unsigned char part[4096];

	fprintf(run->record, ",\"at\":%llu,\"data\":\"", (unsigned long long)call->at);
	for (uint64_t done = 0; done < len;) {
		size_t n = len - done < sizeof(part) ? (size_t)(len - done) : sizeof(part);

		n = memory_read(call->tid, call->buffer + done, part, n);
		if (!n) {
			fprintf(stderr, "cut: the bytes of a write cannot be read\n");
			exit(2);
		}
		for (size_t i = 0; i < n; i++)
			fprintf(run->record, "%02x", part[i]);
		done += n;
	}
	fputc('"', run->record);
}

static void leave(struct run *run, struct call *call, int64_t result)
{
	size_t len = strlen(run->folder);

	if (!call->kind || call->kind == BPF || result < 0 || run->kill_at)
		return;
	fprintf(run->record, "{\"op\":\"%s\",\"path\":\"%s\"", names[call->kind],
		call->path[len] ? call->path + len + 1 : "");
	if (call->kind == WRITE)
		data_write(run, call, (uint64_t)result);
	else if (call->kind == TRUNCATE)
		fprintf(run->record, ",\"at\":%llu", (unsigned long long)call->at);
	else if (call->kind == OPEN)
		fprintf(run->record, ",\"created\":%s", call->created ? "true" : "false");
	else if (call->kind == RENAME)
		fprintf(run->record, ",\"to\":\"%s\"", call->to + len + 1);
	fputs("}\n", run->record);
	fflush(run->record);
}

static void stopped(struct run *run, pid_t tid, int status)
{
	struct call *call = call_of(run, tid);
	struct __ptrace_syscall_info info;
	int deliver = 0;

	if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
		if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof(info), &info) > 0) {
			if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
				enter(run, call, &info);
			else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
				leave(run, call, info.exit.rval);
		}
	} else if (!(status >> 16) && WSTOPSIG(status) != SIGSTOP && WSTOPSIG(status) != SIGTRAP) {
		deliver = WSTOPSIG(status);
	}
	ptrace(PTRACE_SYSCALL, tid, NULL, deliver);
}

static void signals_see(struct run *run)
{
	if (marks) {
		marks = 0;
		run->armed = true;
		fputs("{\"op\":\"mark\"}\n", run->record);
		fflush(run->record);
	}
	if (ends) {
		ends = 0;
		kill(run->child, SIGTERM);
	}
}

static int run_through(struct run *run)
{
	for (;;) {
		int status;
		pid_t tid = waitpid(-1, &status, __WALL);

		signals_see(run);
		if (tid < 0 && errno == EINTR)
			continue;
		if (tid < 0)
			return 2;
		if (WIFSTOPPED(status))
			stopped(run, tid, status);
		else if (tid == run->child)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		else
			call_of(run, tid)->tid = 0;
	}
}

static pid_t start(char **command)
{
	pid_t child = fork();

	if (child == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		execv(command[0], command);
		_exit(127);
	}
	return child;
}

int main(int argc, char **argv)
{
	const struct sigaction action = { .sa_handler = signal_came };
	struct run run = {};
	int option, status;

	while ((option = getopt(argc, argv, "+bk:")) != -1) {
		if (option == 'b')
			run.with_bpf = true;
		else if (option == 'k')
			run.kill_at = strtol(optarg, NULL, 10);
		else
			return 2;
	}
	if (argc - optind < 3) {
		fprintf(stderr, "usage: cut [-b] [-k N] FOLDER RECORD COMMAND...\n");
		return 2;
	}
	run.folder = argv[optind];
	run.record = fopen(argv[optind + 1], "we");
	run.child = run.record ? start(argv + optind + 2) : -1;
	if (run.child < 0 || waitpid(run.child, &status, 0) < 0)
		return 2;
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	ptrace(PTRACE_SETOPTIONS, run.child, NULL,
	       PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL);
	ptrace(PTRACE_SYSCALL, run.child, NULL, NULL);
	return run_through(&run);
}
