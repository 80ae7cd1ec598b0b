/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients of the control socket. Called by agent.c. A client costs bounded memory, a slow one waits
 * alone, and no one user can take all places.
 */
#include "control.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "rundir.h"

#define CLIENTS_MAX 128
#define CLIENTS_OF_USER 32 /* others than root; the rest stays free for root */
#define LINE_VIEWER (64u << 10)
#define LINE_ADMIN (64u << 20) /* a policy with all that it includes */
#define LINE_WORKER (256u << 10) /* longer ones are parsed beside the loop */
#define PENDING_MAX 8 /* requests of a client at once */
#define STILL_NS 30000000000ULL /* half a line or an unread answer for so long: closed */

struct client {
	struct control *control;
	struct client *next;
	int fd;
	struct source *source;
	struct peer peer;
	char *in;
	size_t in_len, in_cap;
	size_t in_taken; /* lines before it were taken */
	size_t in_seen; /* no newline between in_taken and it */
	char *out;
	size_t out_len, out_done;
	int given; /* a file that an operator sent for his next request; -1: none */
	uint32_t pending;
	uint64_t moved_ns;
	bool closing; /* ends after what is to be sent */
	bool ended; /* the peer sends no more; answers may still be due */
	bool running; /* inside client_run() */
};

struct ticket {
	struct control *control;
	struct client *client; /* NULL: gone */
	struct ticket *next;
	struct peer peer;
	json_t *id;
	int given; /* -1: no file came with it */
	char *buffer; /* of a long request, until it is parsed */
	const char *line; /* in it */
	size_t line_len;
	struct request request;
	int code;
	char why[160];
};

struct control {
	struct loop *loop;
	struct worker *worker;
	struct control_calls calls;
	struct role_groups groups;
	int lock, listener;
	struct source *source, *period;
	struct client *clients;
	struct ticket *tickets;
	uint32_t client_cnt;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

static void client_run(struct client *client);

/* --- tickets --- */

static void ticket_end(struct ticket *ticket)
{
	for (struct ticket **at = &ticket->control->tickets; *at; at = &(*at)->next)
		if (*at == ticket) {
			*at = ticket->next;
			break;
		}
	if (ticket->given >= 0)
		close(ticket->given);
	json_decref(ticket->id);
	request_free(&ticket->request);
	free(ticket->buffer);
	free(ticket);
}

static struct ticket *ticket_new(struct client *client)
{
	struct ticket *ticket = calloc(1, sizeof(*ticket));

	if (!ticket)
		return NULL;
	ticket->control = client->control;
	ticket->client = client;
	ticket->peer = client->peer;
	ticket->given = client->given;
	client->given = -1;
	ticket->next = client->control->tickets;
	client->control->tickets = ticket;
	client->pending++;
	return ticket;
}

const struct peer *ticket_peer(const struct ticket *ticket)
{
	return &ticket->peer;
}

int ticket_file(const struct ticket *ticket)
{
	return ticket->given;
}

bool ticket_waited(const struct ticket *ticket)
{
	return ticket->client != NULL;
}

/* --- clients --- */

static void client_end(struct client *client)
{
	struct control *control = client->control;

	for (struct ticket *t = control->tickets; t; t = t->next)
		if (t->client == client)
			t->client = NULL;
	for (struct client **at = &control->clients; *at; at = &(*at)->next)
		if (*at == client) {
			*at = client->next;
			break;
		}
	control->client_cnt--;
	source_remove(client->source);
	close(client->fd);
	if (client->given >= 0)
		close(client->given);
	free(client->in);
	free(client->out);
	free(client);
}

static bool client_full(const struct client *client)
{
	return client->out_len || client->pending >= PENDING_MAX;
}

static void client_wait(struct client *client)
{
	uint32_t events = client->out_len ? EPOLLOUT : 0;

	/* Who does not read his answers is not read either. */
	if (!client_full(client) && !client->closing && !client->ended)
		events |= EPOLLIN;
	source_wait(client->source, events);
}

static int client_append(struct client *client, char *line)
{
	size_t len = strlen(line);
	char *out;

	if (!client->out_len) {
		free(client->out);
		client->out = line;
		client->out_len = len;
		client->out_done = 0;
		return 0;
	}
	out = realloc(client->out, client->out_len + len);
	if (!out) {
		free(line);
		return -ENOMEM;
	}
	/* NOLINTNEXTLINE(bugprone-not-null-terminated-result): bytes with a length */
	memcpy(out + client->out_len, line, len);
	free(line);
	client->out = out;
	client->out_len += len;
	return 0;
}

/* Returns false when the client is gone. */
static bool client_send(struct client *client)
{
	while (client->out_done < client->out_len) {
		ssize_t n = send(client->fd, client->out + client->out_done,
				 client->out_len - client->out_done, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n <= 0) {
			client_end(client);
			return false;
		}
		client->out_done += (size_t)n;
		client->moved_ns = clock_mono_ns();
	}
	client->out_len = 0;
	client->out_done = 0;
	free(client->out);
	client->out = NULL;
	if (client->closing || (client->ended && !client->pending && !client->in_len)) {
		client_end(client);
		return false;
	}
	return true;
}

/* Returns false when the client is gone. */
static bool client_answer(struct client *client, char *line)
{
	if (!line || client_append(client, line)) {
		client_end(client);
		return false;
	}
	if (!client_send(client))
		return false;
	client_wait(client);
	return true;
}

static void ticket_answer(struct ticket *ticket, char *line)
{
	struct client *client = ticket->client;

	ticket_end(ticket);
	if (!client) {
		free(line);
		return;
	}
	client->pending--;
	client->moved_ns = clock_mono_ns();
	if (client_answer(client, line) && !client->running)
		client_run(client); /* what came meanwhile */
}

void ticket_result(struct ticket *ticket, json_t *result)
{
	ticket_answer(ticket, answer_result(ticket->id, result));
}

void ticket_fault(struct ticket *ticket, int code, json_t *data, const char *fmt, ...)
{
	char message[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	ticket_answer(ticket, answer_fault(ticket->id, code, message, data));
}

/* --- requests --- */

static void request_give(struct ticket *ticket)
{
	struct control *control = ticket->control;

	ticket->id = json_incref(ticket->request.id);
	if (ticket->code)
		ticket_fault(ticket, ticket->code, NULL, "%s", ticket->why);
	else
		control->calls.request(control->calls.arg, ticket, ticket->request.method,
				       ticket->request.params);
}

static void line_parse(void *arg)
{
	struct ticket *ticket = arg;

	ticket->code = request_parse(ticket->line, ticket->line_len, &ticket->request, ticket->why,
				     sizeof(ticket->why));
}

static void line_parsed(void *arg)
{
	struct ticket *ticket = arg;
	struct client *client = ticket->client;

	free(ticket->buffer);
	ticket->buffer = NULL;
	if (client)
		request_give(ticket);
	else
		ticket_end(ticket);
}

static size_t line_limit(const struct client *client)
{
	return client->peer.role >= ROLE_ADMIN ? LINE_ADMIN : LINE_VIEWER;
}

/* A long line is not copied: the ticket gets the buffer, the client a new one with what follows. */
static int buffer_give(struct client *client, struct ticket *ticket, const char *line, size_t len)
{
	size_t rest = client->in_len - client->in_taken, cap = rest > 4096 ? rest : 4096;
	char *in = malloc(cap);

	if (!in)
		return -ENOMEM;
	memcpy(in, client->in + client->in_taken, rest);
	ticket->buffer = client->in;
	ticket->line = line;
	ticket->line_len = len;
	ticket->code = RPC_BUSY; /* unless it is parsed: the agent may end before */
	client->in = in;
	client->in_cap = cap;
	client->in_len = rest;
	client->in_taken = 0;
	client->in_seen = 0;
	return 0;
}

static void line_take(struct client *client, const char *line, size_t len)
{
	struct ticket *ticket = ticket_new(client);

	if (!ticket) {
		client->closing = true;
		return;
	}
	if (len <= LINE_WORKER) {
		ticket->code =
			request_parse(line, len, &ticket->request, ticket->why, sizeof(ticket->why));
		request_give(ticket);
		return;
	}
	if (buffer_give(client, ticket, line, len) ||
	    worker_post(client->control->worker, line_parse, line_parsed, ticket))
		ticket_fault(ticket, RPC_BUSY, NULL, "too much at once; ask again");
}

/* Is the client still there? A method may have ended it. */
static bool client_known(const struct control *control, const struct client *client)
{
	for (const struct client *c = control->clients; c; c = c->next)
		if (c == client)
			return true;
	return false;
}

/* Takes whole lines as long as the client may ask. Returns false when the client is gone. */
static bool lines_take(struct client *client)
{
	struct control *control = client->control;

	while (!client_full(client) && !client->closing) {
		char *start = client->in + client->in_taken, *end;

		end = client->in_len > client->in_seen ? memchr(client->in + client->in_seen, '\n',
								client->in_len - client->in_seen)
						       : NULL;
		if (!end) {
			client->in_seen = client->in_len;
			break;
		}
		client->in_taken = client->in_seen = (size_t)(end - client->in) + 1;
		if (end > start)
			line_take(client, start, (size_t)(end - start));
		if (!client_known(control, client))
			return false;
	}
	return true;
}

/* Moves what is left to the front; a buffer that one long line made big is given back. */
static void buffer_close_up(struct client *client)
{
	client->in_len -= client->in_taken;
	client->in_seen -= client->in_taken;
	if (client->in_len && client->in_taken)
		memmove(client->in, client->in + client->in_taken, client->in_len);
	client->in_taken = 0;
	if (!client->in_len && client->in_cap > LINE_VIEWER) {
		free(client->in);
		client->in = NULL;
		client->in_cap = 0;
	}
}

static void client_run(struct client *client)
{
	client->running = true;
	if (!lines_take(client))
		return;
	client->running = false;
	buffer_close_up(client);
	if (client->ended && !client->pending && !client->out_len) {
		client_end(client); /* what is left is no whole line */
		return;
	}
	if (client->in_len >= line_limit(client) && client->in_seen == client->in_len &&
	    !client->closing) {
		char why[96];

		client->closing = true;
		snprintf(why, sizeof(why), "a line of the role %s has at most %zu bytes",
			 role_name(client->peer.role), line_limit(client));
		client_answer(client, answer_fault(NULL, RPC_INVALID, why, NULL));
		return;
	}
	client_wait(client);
}

static int client_room(struct client *client)
{
	size_t cap = client->in_cap ? client->in_cap * 2 : 4096;
	char *in;

	if (client->in_len < client->in_cap)
		return 0;
	if (cap > line_limit(client))
		cap = line_limit(client);
	if (cap <= client->in_cap)
		return -ENOSPC;
	in = realloc(client->in, cap);
	if (!in)
		return -ENOMEM;
	client->in = in;
	client->in_cap = cap;
	return 0;
}

/* The first file of who may change things is kept for the request that it came with; others are closed. */
static void files_take(struct client *client, struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t cnt = c->cmsg_len > CMSG_LEN(0) ? (c->cmsg_len - CMSG_LEN(0)) / sizeof(int)
						       : 0;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < cnt; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (client->peer.role >= ROLE_OPERATOR && client->given < 0)
				client->given = fd;
			else
				close(fd);
		}
	}
}

static ssize_t client_receive(struct client *client)
{
	char room[CMSG_SPACE(sizeof(int))] __attribute__((aligned(__alignof__(struct cmsghdr))));
	struct iovec part = { client->in + client->in_len, client->in_cap - client->in_len };
	struct msghdr msg = { .msg_iov = &part,
			      .msg_iovlen = 1,
			      .msg_control = room,
			      .msg_controllen = sizeof(room) };
	ssize_t n = recvmsg(client->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n >= 0)
		files_take(client, &msg);
	return n;
}

static void client_ready(void *arg, uint32_t events)
{
	struct client *client = arg;
	ssize_t n;

	if (events & EPOLLOUT) {
		if (!client_send(client))
			return;
		if (!client->out_len) {
			client_run(client);
			return;
		}
	}
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	/* A peer that is wholly gone would be reported again and again. */
	if (client_full(client) || client->ended) {
		if (events & (EPOLLHUP | EPOLLERR))
			client_end(client);
		return;
	}
	if (client_room(client)) {
		client_run(client);
		return;
	}
	n = client_receive(client);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		client_end(client);
		return;
	}
	client->ended = n == 0;
	client->in_len += (size_t)n;
	client->moved_ns = clock_mono_ns();
	client_run(client);
}

/* --- accepting --- */

static void group_find(struct role_groups *groups, enum role role, const char *name)
{
	struct group *group = getgrnam(name);

	groups->group[role].have = group != NULL;
	groups->group[role].gid = group ? group->gr_gid : 0;
}

void control_groups(struct control *control)
{
	group_find(&control->groups, ROLE_VIEWER, "sekisho");
	group_find(&control->groups, ROLE_OPERATOR, "sekisho-operator");
	group_find(&control->groups, ROLE_ADMIN, "sekisho-admin");
}

static int peer_read(const struct control *control, int fd, struct peer *ret_peer)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	gid_t gids[1025];
	struct passwd *user;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return -errno;
	gids[0] = cred.gid;
	len = sizeof(gids) - sizeof(gids[0]);
	/* The groups that the peer had when it connected, not those that it may have by now. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, gids + 1, &len) < 0)
		len = 0;
	*ret_peer = (struct peer){ .uid = cred.uid, .pid = cred.pid };
	ret_peer->role = role_of(cred.uid, gids, 1 + len / sizeof(gids[0]), &control->groups);
	user = getpwuid(cred.uid);
	snprintf(ret_peer->user, sizeof(ret_peer->user), "%s", user ? user->pw_name : "");
	if (!user)
		snprintf(ret_peer->user, sizeof(ret_peer->user), "%u", cred.uid);
	return 0;
}

static void peer_turn_away(int fd, int code, const char *why)
{
	char *line = answer_fault(NULL, code, why, NULL);

	/* An empty buffer takes so short a line at once; a peer that is gone needs none. */
	if (line && send(fd, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_info("control: a peer that was turned away had gone");
	free(line);
	close(fd);
}

static bool peer_fits(const struct control *control, const struct peer *peer)
{
	uint32_t same = 0;

	for (const struct client *c = control->clients; c; c = c->next)
		same += c->peer.uid == peer->uid;
	if (peer->uid == 0)
		return control->client_cnt < CLIENTS_MAX;
	return same < CLIENTS_OF_USER && control->client_cnt < CLIENTS_MAX - CLIENTS_OF_USER;
}

static void client_new(struct control *control, int fd, const struct peer *peer)
{
	struct client *client = calloc(1, sizeof(*client));

	if (!client) {
		close(fd);
		return;
	}
	client->control = control;
	client->fd = fd;
	client->given = -1;
	client->peer = *peer;
	client->moved_ns = clock_mono_ns();
	if (loop_add(control->loop, fd, EPOLLIN, client_ready, client, &client->source)) {
		close(fd);
		free(client);
		return;
	}
	client->next = control->clients;
	control->clients = client;
	control->client_cnt++;
}

static void listener_ready(void *arg, uint32_t events)
{
	struct control *control = arg;
	struct peer peer = {};
	int fd = accept4(control->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (peer_read(control, fd, &peer)) {
		close(fd);
	} else if (peer.role == ROLE_NONE) {
		control->calls.refused(control->calls.arg, &peer, "connect");
		peer_turn_away(
			fd, RPC_REFUSED,
			"you are in none of the groups sekisho, sekisho-operator, sekisho-admin");
	} else if (!peer_fits(control, &peer)) {
		peer_turn_away(fd, RPC_BUSY, "too many clients; close one");
	} else {
		client_new(control, fd, &peer);
	}
}

/* Those that hold half a line or do not take an answer. */
static void still_clients_end(void *arg)
{
	struct control *control = arg;
	uint64_t now = clock_mono_ns();

	for (struct client *c = control->clients, *next; c; c = next) {
		next = c->next;
		if ((c->in_len || c->out_len) && !c->pending && now - c->moved_ns > STILL_NS)
			client_end(c);
	}
}

/* --- as a whole --- */

/* Without the group the socket stays root's alone. */
static int door_open(const struct control *control, int dir)
{
	if (control->groups.group[ROLE_VIEWER].have)
		return rundir_admit(dir, control->path, control->groups.group[ROLE_VIEWER].gid);
	log_info("control: there is no group sekisho; the socket is root's alone");
	return 0;
}

static int control_start(struct control *control, int dir)
{
	int err;

	control->lock = rundir_lock_at(dir);
	if (control->lock < 0)
		return control->lock;
	control->listener = rundir_bind(control->path);
	if (control->listener < 0)
		return control->listener;
	control_groups(control);
	err = door_open(control, dir);
	if (!err)
		err = loop_add(control->loop, control->listener, EPOLLIN, listener_ready, control,
			       &control->source);
	if (!err)
		err = loop_timer(control->loop, 5000, 5000, still_clients_end, control,
				 &control->period);
	return err;
}

int control_new(struct loop *loop, struct worker *worker, const char *run_dir,
		const struct control_calls *calls, struct control **ret_control)
{
	struct control *control = calloc(1, sizeof(*control));
	int err, dir;

	if (!control)
		return -ENOMEM;
	control->loop = loop;
	control->worker = worker;
	control->calls = *calls;
	control->lock = -1;
	control->listener = -1;
	if (snprintf(control->path, sizeof(control->path), "%s/control.sock", run_dir) >=
	    (int)sizeof(control->path)) {
		free(control);
		return -ENAMETOOLONG;
	}
	dir = rundir_open(run_dir);
	err = dir < 0 ? dir : control_start(control, dir);
	if (dir >= 0)
		close(dir);
	if (err) {
		control_free(control);
		return err;
	}
	*ret_control = control;
	return 0;
}

void control_free(struct control *control)
{
	if (!control)
		return;
	/* Each end takes the first out of its row, which the analyzer does not follow. */
	while (control->clients)
		client_end(control->clients); /* NOLINT(clang-analyzer-unix.Malloc) */
	while (control->tickets)
		ticket_end(control->tickets); /* NOLINT(clang-analyzer-unix.Malloc) */
	source_remove(control->source);
	source_remove(control->period);
	if (control->listener >= 0) {
		close(control->listener);
		unlink(control->path);
	}
	if (control->lock >= 0)
		close(control->lock);
	free(control);
}

uint32_t control_clients(const struct control *control)
{
	return control->client_cnt;
}
