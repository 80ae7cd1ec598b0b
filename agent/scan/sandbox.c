// SPDX-License-Identifier: Apache-2.0
/*
 * Owns what a scanner's child may ask of the kernel. Called by server.c in the child, before the first byte
 * is read. Promises that whatever takes the child over gets no file, no socket, no other process; asking for
 * what libraries ask for by habit (locales, tables) fails, anything else ends the child.
 */
#include "scan/sandbox.h"

#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/statm.h"

#define CLOCK_TIMES 3 /* of its seconds: what waits for a slow listener is ended too */

struct sandbox {
	scmp_filter_ctx filter;
};

static const int allowed[] = {
	SCMP_SYS(read),
	SCMP_SYS(write),
	SCMP_SYS(lseek),
	SCMP_SYS(close),
	SCMP_SYS(brk),
	SCMP_SYS(mmap),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(mprotect),
	SCMP_SYS(futex),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(getrandom),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall),
};

static const int refused[] = {
	SCMP_SYS(open),	      SCMP_SYS(openat), SCMP_SYS(stat),	  SCMP_SYS(fstat),
	SCMP_SYS(newfstatat), SCMP_SYS(statx),	SCMP_SYS(access), SCMP_SYS(readlink),
	SCMP_SYS(ioctl),      SCMP_SYS(fcntl),	SCMP_SYS(getpid), SCMP_SYS(gettid),
	SCMP_SYS(tgkill),     SCMP_SYS(uname),	SCMP_SYS(umask),  SCMP_SYS(sysinfo),
	SCMP_SYS(getcwd),     SCMP_SYS(prctl),	SCMP_SYS(rseq),
};

static int rules_add(scmp_filter_ctx filter)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < sizeof(allowed) / sizeof(allowed[0]); i++)
		ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	for (size_t i = 0; !ret && i < sizeof(refused) / sizeof(refused[0]); i++)
		ret = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), refused[i], 0);
	return ret;
}

int sandbox_new(struct sandbox **ret_sandbox)
{
	struct sandbox *sandbox = calloc(1, sizeof(*sandbox));
	int ret = -ENOMEM;

	if (!sandbox)
		return ret;
	sandbox->filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (sandbox->filter)
		ret = rules_add(sandbox->filter);
	if (ret) {
		sandbox_free(sandbox);
		return ret;
	}
	*ret_sandbox = sandbox;
	return 0;
}

static int limit_set(enum __rlimit_resource what, uint64_t most)
{
	const struct rlimit limit = { .rlim_cur = most, .rlim_max = most };

	return setrlimit(what, &limit) ? -errno : 0;
}

int sandbox_enter(const struct sandbox *sandbox, uint64_t memory, unsigned int seconds)
{
	uint64_t space = statm_read().space;
	int ret = space ? limit_set(RLIMIT_AS, space + memory) : -ENOENT;

	if (!ret)
		ret = limit_set(RLIMIT_CPU, seconds);
	if (!ret)
		ret = limit_set(RLIMIT_CORE, 0);
	if (!ret)
		ret = limit_set(RLIMIT_FSIZE, 0);
	alarm(seconds * CLOCK_TIMES);
	return ret ? ret : seccomp_load(sandbox->filter);
}

void sandbox_free(struct sandbox *sandbox)
{
	if (!sandbox)
		return;
	if (sandbox->filter)
		seccomp_release(sandbox->filter);
	free(sandbox);
}
