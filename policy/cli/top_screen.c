/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the terminal. Called by obj_top.c. One thread: keys, signals and the clock are waited for
 * together. Promises that the terminal is given back whatever ends it.
 */
#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "cli/top_screen.h"

#define SECOND_NS 1000000000u
#define SOON_NS 300000000u /* rates over less time than this tell nothing */
#define NEWS_NS 15000000000u /* so long it is said what changed */
#define INTERVAL_MAX_S 3600
#define KEY_ESCAPE 27
#define KEY_RETURN 13

struct screen {
	struct cli *cli;
	struct top_look *look;
	SCREEN *terminal;
	int signal_fd;
	struct top_view view; /* page, order and reverse are those of the page that is shown */
	enum top_page_kind back; /* where help came from */
	size_t order[2]; /* of bodies, of ports */
	bool reverse[2];
	char picked[TOP_NAME_MAX]; /* the row under the cursor, by its name; "": not moved yet */
	size_t pick, scroll; /* its place; first line shown */
	size_t line_cnt; /* that scroll, of the page as it was painted; lines that fit */
	size_t room;
	uint64_t looked_ns, due_ns;
	uint64_t left; /* looks to go; 0: no end */
	bool over;
};

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

/* --- painting --- */

static attr_t attributes(enum top_style style)
{
	bool colours = has_colors();

	switch (style) {
	case TOP_STRONG:
		return A_BOLD;
	case TOP_FAINT:
		return A_DIM;
	case TOP_HEAD:
		return A_REVERSE;
	case TOP_CHOSEN:
		return A_BOLD | (colours ? (attr_t)COLOR_PAIR(4) : A_UNDERLINE) | A_REVERSE;
	case TOP_GOOD:
		return colours ? (attr_t)COLOR_PAIR(1) : A_NORMAL;
	case TOP_WARN:
		return colours ? (attr_t)COLOR_PAIR(2) : A_BOLD;
	case TOP_BAD:
		return A_BOLD | (colours ? (attr_t)COLOR_PAIR(3) : A_STANDOUT);
	default:
		return A_NORMAL;
	}
}

static void paint(int y, const struct top_line *line, bool picked)
{
	move(y, 0);
	for (size_t i = 0; i < line->span_cnt; i++) {
		const struct top_span *span = &line->spans[i];

		attrset(attributes(span->style) | (picked ? A_REVERSE : A_NORMAL));
		addnstr(line->text + span->start, span->len);
	}
	attrset(A_NORMAL);
}

static const json_t *rows_of(const struct screen *s)
{
	return json_object_get(s->look->rates, s->view.page == TOP_PORTS ? "ports" : "tenants");
}

static const char *name_of(const struct screen *s, size_t i)
{
	const char *name = json_string_value(json_object_get(
		json_array_get(rows_of(s), i), s->view.page == TOP_PORTS ? "port" : "tenant"));

	return name ? name : "";
}

/* Once moved, the cursor stays on its row, wherever the order puts it; before, at the top. */
static void pick_find(struct screen *s)
{
	size_t cnt = json_array_size(rows_of(s));

	for (size_t i = 0; s->picked[0] && i < cnt; i++)
		if (strcmp(name_of(s, i), s->picked) == 0)
			s->pick = i;
	if (s->pick >= cnt)
		s->pick = cnt ? cnt - 1 : 0;
}

static bool has_rows(const struct screen *s)
{
	return s->view.page == TOP_BODIES || s->view.page == TOP_PORTS;
}

static void scroll_fit(struct screen *s, const struct top_page *page)
{
	size_t most = s->line_cnt > s->room ? s->line_cnt - s->room : 0;

	if (has_rows(s) && page->row_cnt) {
		size_t line;

		pick_find(s);
		line = page->rows[s->pick < page->row_cnt ? s->pick : page->row_cnt - 1];
		if (line < s->scroll)
			s->scroll = line;
		if (s->room && line >= s->scroll + s->room)
			s->scroll = line - s->room + 1;
	}
	if (s->scroll > most)
		s->scroll = most;
}

static void page_paint(struct screen *s, const struct top_page *page)
{
	size_t head = page->head.cnt, height = (size_t)LINES;

	s->room = height > head + 1 ? height - head - 1 : 0;
	s->line_cnt = page->body.cnt;
	scroll_fit(s, page);
	erase();
	for (size_t i = 0; i < head && i + 1 < height; i++)
		paint((int)i, &page->head.lines[i], false);
	for (size_t i = 0; i < s->room && s->scroll + i < page->body.cnt; i++) {
		size_t at = s->scroll + i;
		bool picked = has_rows(s) && page->row_cnt && page->rows[s->pick] == at;

		paint((int)(head + i), &page->body.lines[at], picked);
	}
	paint((int)height - 1, &page->foot.lines[0], false);
	refresh();
}

static int show(struct screen *s)
{
	bool fresh = s->look->news[0] && clock_ns() - s->look->news_ns < NEWS_NS;
	struct top_page page;
	int ret;

	s->view.news = fresh ? s->look->news : "";
	s->view.tenant = s->look->tenant;
	if (has_rows(s)) {
		s->view.order = s->order[s->view.page];
		s->view.reverse = s->reverse[s->view.page];
	}
	ret = top_page_make(&page, s->look->rates, &s->view, COLS);
	if (ret == 0)
		page_paint(s, &page);
	top_page_free(&page);
	return ret;
}

/* --- keys --- */

static void move_by(struct screen *s, int by)
{
	size_t *at = has_rows(s) ? &s->pick : &s->scroll;
	size_t cnt = has_rows(s) ? json_array_size(rows_of(s)) : s->line_cnt;

	if (by < 0 && *at < (size_t)-by)
		*at = 0;
	else
		*at += (size_t)by;
	if (*at >= cnt)
		*at = cnt ? cnt - 1 : 0;
	if (has_rows(s))
		snprintf(s->picked, sizeof(s->picked), "%s", name_of(s, s->pick));
}

static void go_to(struct screen *s, enum top_page_kind page)
{
	s->view.page = page;
	s->scroll = 0;
	if (page == TOP_BODIES)
		snprintf(s->picked, sizeof(s->picked), "%s", s->look->tenant);
	else
		s->picked[0] = 0;
	s->pick = 0;
	if (page != TOP_BODY)
		top_look_into(s->look, "");
}

/* Its flows are asked for at once, but not so soon that the rates would be of no time at all. */
static void look_into(struct screen *s, const char *tenant)
{
	char name[TOP_NAME_MAX];

	if (!tenant[0])
		return;
	snprintf(name, sizeof(name), "%s", tenant);
	top_look_into(s->look, name);
	go_to(s, TOP_BODY);
	if (s->due_ns > s->looked_ns + SOON_NS)
		s->due_ns = s->looked_ns + SOON_NS;
}

/* The body before or behind the one that is looked into, in the order of the list. */
static void look_beside(struct screen *s, bool next)
{
	size_t cnt = json_array_size(rows_of(s)), at = 0;

	for (size_t i = 0; i < cnt; i++)
		if (strcmp(name_of(s, i), s->look->tenant) == 0)
			at = i;
	if (cnt && s->view.page == TOP_BODY)
		look_into(s, name_of(s, next ? (at + 1) % cnt : (at + cnt - 1) % cnt));
}

static void order_by(struct screen *s, int step)
{
	size_t cnt;

	top_orders(s->view.page, &cnt);
	if (cnt)
		s->order[s->view.page] =
			(s->order[s->view.page] + cnt + (size_t)(step + (int)cnt)) % cnt;
}

static void interval_by(struct screen *s, int step)
{
	int interval = (int)s->view.interval_s + step;

	s->view.interval_s = (unsigned int)(interval < 1		? 1
					    : interval > INTERVAL_MAX_S ? INTERVAL_MAX_S
									: interval);
	s->due_ns = s->looked_ns + s->view.interval_s * (uint64_t)SECOND_NS;
}

static void go_back(struct screen *s)
{
	if (s->view.page == TOP_HELP)
		s->view.page = s->back;
	else if (s->view.page == TOP_BODY || s->view.page == TOP_PORTS)
		go_to(s, TOP_BODIES);
}

static void help_show(struct screen *s)
{
	if (s->view.page == TOP_HELP)
		return;
	s->back = s->view.page;
	s->view.page = TOP_HELP;
	s->scroll = 0;
}

/* Keys that move. False: it is none of them. */
static bool hear_move(struct screen *s, int key)
{
	int page = s->room > 1 ? (int)s->room - 1 : 1;

	switch (key) {
	case KEY_UP:
	case 'k':
		move_by(s, -1);
		return true;
	case KEY_DOWN:
	case 'j':
		move_by(s, 1);
		return true;
	case KEY_PPAGE:
		move_by(s, -page);
		return true;
	case KEY_NPAGE:
	case ' ':
		move_by(s, page);
		return true;
	case KEY_HOME:
		move_by(s, -INT16_MAX);
		return true;
	case KEY_END:
		move_by(s, INT16_MAX);
		return true;
	default:
		return false;
	}
}

/* Keys that go to a page. False: it is none of them. */
static bool hear_page(struct screen *s, int key)
{
	switch (key) {
	case '\n':
	case KEY_RETURN:
	case KEY_ENTER:
		if (s->view.page == TOP_BODIES)
			look_into(s, name_of(s, s->pick));
		return true;
	case 'n':
	case 'N':
		look_beside(s, key == 'n');
		return true;
	case KEY_ESCAPE:
	case KEY_BACKSPACE:
	case 127:
	case KEY_LEFT:
		go_back(s);
		return true;
	case 'p':
	case '\t':
		go_to(s, s->view.page == TOP_PORTS ? TOP_BODIES : TOP_PORTS);
		return true;
	case 'h':
	case '?':
		help_show(s);
		return true;
	default:
		return false;
	}
}

static void hear_key(struct screen *s, int key)
{
	if (hear_move(s, key) || hear_page(s, key))
		return;
	if (key == 'q' || key == 'Q')
		s->over = true;
	else if (key == '<' || key == ',')
		order_by(s, -1);
	else if (key == '>' || key == '.')
		order_by(s, 1);
	else if (key == 'r' && has_rows(s))
		s->reverse[s->view.page] = !s->reverse[s->view.page];
	else if (key == '+' || key == '-')
		interval_by(s, key == '+' ? 1 : -1);
}

/* --- the loop --- */

static void hear_signal(struct screen *s)
{
	struct signalfd_siginfo info;
	struct winsize size;

	while (read(s->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo != SIGWINCH)
			s->over = true;
		else if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col)
			resizeterm(size.ws_row, size.ws_col);
	}
}

/* Until a key, a signal or the time of the next look. */
static void wait_event(struct screen *s)
{
	struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
				{ .fd = s->signal_fd, .events = POLLIN } };
	uint64_t now = clock_ns();
	int key;

	poll(fds, 2, s->due_ns > now ? (int)((s->due_ns - now) / 1000000 + 1) : 0);
	hear_signal(s);
	while (!s->over && (key = getch()) != ERR)
		hear_key(s, key);
	if (fds[0].revents & (POLLHUP | POLLERR))
		s->over = true; /* the terminal is gone */
}

static int look_again(struct screen *s)
{
	int ret = top_look_again(s->look);

	s->looked_ns = clock_ns();
	s->due_ns = s->looked_ns + s->view.interval_s * (uint64_t)SECOND_NS;
	if (s->left && --s->left == 0)
		s->over = true;
	return ret;
}

static int run(struct screen *s)
{
	int ret = show(s);

	while (ret == 0 && !s->over) {
		wait_event(s);
		if (!s->over && clock_ns() >= s->due_ns)
			ret = look_again(s);
		if (ret == 0)
			ret = show(s);
	}
	return ret;
}

/* --- the terminal, taken and given back --- */

static int terminal_take(struct screen *s)
{
	s->terminal = newterm(NULL, stdout, stdin);
	if (!s->terminal)
		return -ENOTTY;
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(25);
	curs_set(0);
	if (has_colors() && start_color() == OK) {
		use_default_colors();
		init_pair(1, COLOR_GREEN, -1);
		init_pair(2, COLOR_YELLOW, -1);
		init_pair(3, COLOR_RED, -1);
		init_pair(4, COLOR_CYAN, -1);
	}
	return 0;
}

static void terminal_give(struct screen *s)
{
	endwin();
	delscreen(s->terminal);
}

/* What ends the view or changes its size comes by a descriptor, not between two lines of code. */
static int signals_take(struct screen *s, sigset_t *ret_before)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGWINCH);
	if (sigprocmask(SIG_BLOCK, &set, ret_before) < 0)
		return -errno;
	s->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (s->signal_fd < 0) {
		int err = -errno;

		sigprocmask(SIG_SETMASK, ret_before, NULL);
		return err;
	}
	return 0;
}

static int end_words(struct cli *cli, const struct top_look *look, int ret)
{
	if (ret == -EACCES)
		return cli_fail(cli, CLI_REFUSED, &look->diag, "the gateway may not be looked at");
	return ret < 0 ? cli_fail(cli, CLI_FAILED, NULL, "the view ends: %s", strerror(-ret))
		       : CLI_OK;
}

int top_screen(struct cli *cli, struct top_look *look, const struct top_wish *wish)
{
	struct screen s = { .cli = cli,
			    .look = look,
			    .left = wish->count,
			    .looked_ns = clock_ns(),
			    .view = { .page = look->tenant[0] ? TOP_BODY : wish->page,
				      .instance = cli->instance,
				      .japanese = cli->japanese,
				      .interval_s = wish->interval_s } };
	sigset_t before;
	int ret = signals_take(&s, &before);

	if (ret < 0)
		return end_words(cli, look, ret);
	s.order[wish->page == TOP_PORTS] = wish->order;
	s.due_ns = s.looked_ns + SOON_NS; /* rates need a second look */
	ret = terminal_take(&s);
	if (ret == 0) {
		ret = run(&s);
		terminal_give(&s);
	}
	close(s.signal_fd);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return ret == -ENOTTY ? ret : end_words(cli, look, ret);
}
