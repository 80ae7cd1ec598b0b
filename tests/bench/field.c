// SPDX-License-Identifier: Apache-2.0
/*
 * Owns what the live rows attach in the field's namespaces. Called by rows_live.c and others of its kind.
 * Promises that the calling thread is back in its own network namespace after every call.
 */
#include "bench/field.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "bench/bare.skel.h"
#include "bench/bench.h"
#include "bench/head.h"

#define SCRIPT "tests/bench/field.sh"
#define SCRIPT_SKIP 77
#define LINKS_MAX 32
#define BATCH 64

struct field {
	struct bare *generator; /* its settings are of one run */
	struct bare *bare[LINKS_MAX]; /* a devmap each */
	struct bpf_link *links[LINKS_MAX];
	int bare_cnt, link_cnt;
	int home; /* our own network namespace */
};

/* Keeps the last line: it says what went wrong, or what was found. */
static void say_last_line(FILE *from)
{
	char line[256] = "";

	while (fgets(line, sizeof(line), from))
		bench_say(0, "%.*s", (int)strcspn(line, "\n"), line);
}

/* What it prints; NULL with errno. */
static FILE *script_start(const char *const *argv, pid_t *ret_pid)
{
	int fds[2];
	FILE *out;

	if (pipe2(fds, O_CLOEXEC))
		return NULL;
	*ret_pid = fork();
	if (*ret_pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		dup2(fds[1], STDERR_FILENO);
		execv(argv[0], (char *const *)argv);
		_exit(127);
	}
	close(fds[1]);
	out = *ret_pid < 0 ? NULL : fdopen(fds[0], "r");
	if (!out)
		close(fds[0]);
	return out;
}

int field_script(const char *word, const char *more)
{
	const char *argv[] = { SCRIPT, bench_build(), word, more, NULL };
	pid_t pid = -1;
	FILE *out = script_start(argv, &pid);
	int status;

	if (!out)
		return bench_say(-EIO, "cannot run %s: %s", SCRIPT, strerror(errno));
	bench_say(0, "%s %s says nothing", SCRIPT, word);
	say_last_line(out);
	fclose(out);
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return WIFEXITED(status) && WEXITSTATUS(status) == SCRIPT_SKIP ? BENCH_SKIP : -EIO;
}

static int enter(const char *ns)
{
	char path[128];
	int fd, r;

	snprintf(path, sizeof(path), "/run/netns/%s", ns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return bench_say(-errno, "namespace %s: %s", ns, strerror(errno));
	r = setns(fd, CLONE_NEWNET) ? -errno : 0;
	close(fd);
	return r ? bench_say(r, "cannot enter namespace %s: %s", ns, strerror(-r)) : 0;
}

static void leave(const struct field *field)
{
	if (setns(field->home, CLONE_NEWNET))
		abort(); /* all later rows would be measured in a foreign place */
}

int field_up(const char *layout, struct field **ret_field)
{
	struct field *field = calloc(1, sizeof(*field));

	*ret_field = field;
	if (!field)
		return bench_say(-ENOMEM, "no memory");
	field->home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	field->generator = bare__open_and_load();
	if (field->home < 0 || !field->generator)
		return bench_say(-EINVAL, "cannot load bare.bpf.c: %s", strerror(errno));
	return field_script("up", layout);
}

void field_down(struct field *field)
{
	if (!field)
		return;
	for (int i = 0; i < field->link_cnt; i++)
		bpf_link__destroy(field->links[i]);
	for (int i = 0; i < field->bare_cnt; i++)
		bare__destroy(field->bare[i]);
	bare__destroy(field->generator);
	close(field->home);
	free(field);
	field_script("down", NULL);
}

/* In the current namespace. */
static int attach(struct field *field, const char *interface, const struct bpf_program *prog)
{
	int ifindex = (int)if_nametoindex(interface);

	if (!ifindex || field->link_cnt == LINKS_MAX)
		return bench_say(-ENODEV, "no interface %s", interface);
	field->links[field->link_cnt] = bpf_program__attach_xdp(prog, ifindex);
	if (!field->links[field->link_cnt])
		return bench_say(-errno, "XDP on %s: %s", interface, strerror(errno));
	field->link_cnt++;
	return 0;
}

static int attach_in(struct field *field, const char *ns, const char *interface,
		     const struct bpf_program *prog)
{
	int r = enter(ns);

	if (!r)
		r = attach(field, interface, prog);
	leave(field);
	return r;
}

/* The bare programs for one namespace, which is entered (leave() is the caller's); NULL with words. */
static struct bare *bare_in(struct field *field, const char *ns)
{
	struct bare *bare = field->bare_cnt < LINKS_MAX ? bare__open_and_load() : NULL;

	if (!bare) {
		bench_say(-EINVAL, "cannot load bare.bpf.c: %s", strerror(errno));
		return NULL;
	}
	field->bare[field->bare_cnt++] = bare;
	return enter(ns) ? NULL : bare;
}

static int way_set(const struct bare *bare, uint32_t way, const char *interface)
{
	uint32_t ifindex = if_nametoindex(interface);

	return bpf_map_update_elem(bpf_map__fd(bare->maps.ways), &way, &ifindex, BPF_ANY);
}

int field_socket(const struct field *field, const char *ns, int *ret_fd)
{
	int r = enter(ns), fd = r ? -1 : socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (!r && fd < 0)
		r = bench_say(-errno, "no socket: %s", strerror(errno));
	leave(field);
	if (!r)
		*ret_fd = fd;
	return r;
}

int field_bare(struct field *field, const char *ns)
{
	struct bare *bare = bare_in(field, ns);
	int r = bare ? 0 : -EIO;

	if (!r && (way_set(bare, 0, "outside") || way_set(bare, 1, "inside")))
		r = bench_say(-EIO, "no way out of %s: %s", ns, strerror(errno));
	if (!r)
		r = attach(field, "inside", bare->progs.redirect_right);
	if (!r)
		r = attach(field, "outside", bare->progs.redirect_left);
	leave(field);
	return r;
}

/* Goes with the interface. */
static int attach_tc(const char *interface, const struct bpf_program *prog)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)if_nametoindex(interface),
		    .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = bpf_program__fd(prog));
	int r = bpf_tc_hook_create(&hook);

	if (!r || r == -EEXIST)
		r = bpf_tc_attach(&hook, &opts);
	return r ? bench_say(r, "TC on %s: %s", interface, strerror(-r)) : 0;
}

int field_bare_tc(struct field *field, const char *ns)
{
	struct bare *bare = bare_in(field, ns);
	int r = bare ? 0 : -EIO;

	if (!r) {
		bare->bss->right_ifindex = if_nametoindex("outside");
		bare->bss->left_ifindex = if_nametoindex("inside");
		r = attach_tc("inside", bare->progs.tc_redirect_right);
	}
	if (!r)
		r = attach_tc("outside", bare->progs.tc_redirect_left);
	leave(field);
	return r;
}

int field_sinks(struct field *field, const char *name)
{
	int r = attach_in(field, "bench-net", name, field->generator->progs.sink);

	return r ?: attach_in(field, "bench-lan", name, field->generator->progs.sink);
}

static uint64_t arrived(const struct field *field)
{
	int cpus = libbpf_num_possible_cpus();
	uint64_t cnt[cpus > 0 ? cpus : 1], sum = 0;
	uint32_t zero = 0;

	if (cpus < 1 || bpf_map_lookup_elem(bpf_map__fd(field->generator->maps.arrived), &zero, cnt))
		return 0;
	for (int i = 0; i < cpus; i++)
		sum += cnt[i];
	return sum;
}

/* In one call: each makes and frees pages for some 10 ms. */
static int send_all(const struct field *field, const struct frame *frame, uint32_t packets)
{
	bool whole = frame->len == FIELD_WHOLE;
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame->b,
		    .data_size_in = (uint32_t)frame->len + (whole ? FIELD_PAD : 0),
		    .repeat = (int)packets, .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = BATCH);
	const struct bare *g = field->generator;
	const struct bpf_program *prog = whole ? g->progs.generate_whole : g->progs.generate;
	int r = bpf_prog_test_run_opts(bpf_program__fd(prog), &run);

	return r ? bench_say(r, "live frames: %s", strerror(-r)) : 0;
}

int field_send(struct field *field, const char *name, const struct frame *frame, uint32_t flows,
	       bool back, uint32_t packets, double *ret_per_second)
{
	struct bare *g = field->generator;
	uint64_t before = arrived(field);
	double start;
	int r = bench_pin(0);

	if (!r)
		r = enter(back ? "bench-net" : "bench-lan");
	if (r)
		return r;
	g->bss->back = back;
	g->bss->head_sum = head_sum(frame, back);
	g->bss->send_ifindex = if_nametoindex(name);
	g->data->flows = flows;
	memcpy(g->bss->head, frame->b, sizeof(g->bss->head));
	start = bench_cpu_now();
	r = send_all(field, frame, packets);
	*ret_per_second = (double)(arrived(field) - before) / (bench_cpu_now() - start);
	leave(field);
	if (!r && arrived(field) == before)
		r = bench_say(-EIO, "no frame of %s arrived", name);
	return r;
}
