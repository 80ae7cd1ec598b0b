/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the sekishod that `--offline` starts. Called by main.c around a command.
 * Promises that nothing of it is left running, and that its last words are shown when it fails.
 */
#include "cli/offline.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/print.h"

#define ANSWER_MS 5000
#define STEP_MS 50
#define STEPS_MAX (180000 / STEP_MS) /* lists of millions are read before the first answer */
#define LOG_SHOWN 4096

extern char **environ;

void agent_path(char *path, size_t cap)
{
	static const char *const beside[] = { "sekishod", "../sbin/sekishod" };
	char own[CLI_PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", own, sizeof(own) - 1);
	char *name;

	own[len > 0 ? len : 0] = 0;
	name = strrchr(own, '/');
	for (size_t i = 0; name && i < sizeof(beside) / sizeof(beside[0]); i++) {
		snprintf(path, cap, "%.*s%s", (int)(name + 1 - own), own, beside[i]);
		if (access(path, X_OK) == 0)
			return;
	}
	snprintf(path, cap, "sekishod");
}

/* Its log goes to the file `log`. Returns 0 or -errno. */
static int agent_spawn(const struct cli *cli, int log, pid_t *ret_pid)
{
	char path[CLI_PATH_MAX + 32], instance[64];
	char *argv[] = { path, "--metrics", "none", instance, NULL };
	posix_spawn_file_actions_t actions;
	int err;

	agent_path(path, sizeof(path));
	snprintf(instance, sizeof(instance), "--instance=%s", cli->instance);
	if (posix_spawn_file_actions_init(&actions))
		return -ENOMEM;
	err = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (!err)
		err = posix_spawn_file_actions_adddup2(&actions, log, STDOUT_FILENO);
	if (!err)
		err = posix_spawn_file_actions_adddup2(&actions, log, STDERR_FILENO);
	if (!err)
		err = posix_spawnp(ret_pid, path, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -err;
}

static bool answers(const struct cli *cli)
{
	struct client_answer answer = { 0 };
	struct diag diag;
	bool ok;

	diag_init(&diag);
	ok = client_call(cli->socket, "agent.status", NULL, ANSWER_MS, &answer, &diag) == 0;
	client_answer_free(&answer);
	diag_free(&diag);
	return ok;
}

/* The end of the log, line by line, as this run's failure. */
static int say_log(struct cli *cli, int log, const char *what)
{
	char text[LOG_SHOWN + 1], *line, *rest = text;
	off_t size = lseek(log, 0, SEEK_END);
	ssize_t len = pread(log, text, LOG_SHOWN, size > LOG_SHOWN ? size - LOG_SHOWN : 0);
	struct diag diag;
	int ret;

	text[len > 0 ? len : 0] = 0;
	diag_init(&diag);
	while ((line = strsep(&rest, "\n")))
		if (line[0])
			diag_add(&diag, DIAG_NOTE, NULL, 0, 0, NULL, "sekishod: %s", line);
	ret = cli_fail(cli, CLI_NO_AGENT, &diag, "--offline: %s", what);
	diag_free(&diag);
	return ret;
}

/* Until it answers or ends. */
static int agent_wait(struct cli *cli, struct offline *offline, int log)
{
	for (int i = 0; i < STEPS_MAX; i++) {
		if (waitpid(offline->pid, NULL, WNOHANG) == offline->pid) {
			offline->pid = 0;
			return say_log(cli, log, "sekishod could not start; nothing was done");
		}
		if (access(cli->socket, F_OK) == 0 && answers(cli))
			return CLI_OK;
		poll(NULL, 0, STEP_MS);
	}
	return say_log(cli, log, "sekishod does not answer; nothing was done");
}

int offline_begin(struct cli *cli, struct offline *ret_offline)
{
	struct offline offline = { 0 };
	int log, ret;

	if (answers(cli)) {
		cli_note(cli, "sekishod is at work; it is asked, and --offline changes nothing");
		*ret_offline = offline;
		return CLI_OK;
	}
	log = memfd_create("sekishod-log", MFD_CLOEXEC);
	ret = log < 0 ? -errno : agent_spawn(cli, log, &offline.pid);
	if (ret < 0)
		ret = cli_fail(cli, CLI_NO_AGENT, NULL, "--offline: sekishod cannot be started: %s",
			       strerror(-ret));
	else
		ret = agent_wait(cli, &offline, log);
	if (log >= 0)
		close(log);
	if (ret == CLI_OK)
		*ret_offline = offline;
	else
		offline_end(&offline);
	return ret;
}

void offline_end(const struct offline *offline)
{
	if (offline->pid <= 0)
		return;
	kill(offline->pid, SIGTERM);
	while (waitpid(offline->pid, NULL, 0) < 0 && errno == EINTR)
		;
}
