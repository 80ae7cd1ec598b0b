// SPDX-License-Identifier: Apache-2.0
/*
 * Which of two heads is live, and for whom. Called by listmap.c and namemap.c.
 */
#include "install/heads.h"

#include <bpf/bpf.h>
#include <unistd.h>

#include "sekisho/list.h"

static void live_store(struct heads *heads, uint32_t live)
{
	__atomic_store_n(heads->word, live, __ATOMIC_RELEASE);
}

struct heads heads_open(uint32_t *word, uint32_t slot, int overs_fd)
{
	struct heads heads = {
		.word = word,
		.live = list_live(*word, slot),
		.overs_fd = overs_fd,
		.over_fd = -1,
		.next_over_fd = -1,
	};

	/* An agent may have ended between the lists and the policy that they were for. */
	live_store(&heads, heads.live);
	return heads;
}

static void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void heads_close(struct heads *heads)
{
	fd_close(&heads->over_fd);
	fd_close(&heads->next_over_fd);
}

int heads_over(struct heads *heads, int fd)
{
	uint32_t number = heads_next(heads);
	int err = fd < 0 ? fd : bpf_map_update_elem(heads->overs_fd, &number, &fd, BPF_ANY);

	fd_close(&heads->next_over_fd);
	if (!err)
		heads->next_over_fd = fd;
	else if (fd >= 0)
		close(fd);
	return err;
}

/* The kernel waits for all programs that run now. */
static void programs_wait(struct heads *heads)
{
	bpf_map_update_elem(heads->overs_fd, &heads->live, &heads->over_fd, BPF_ANY);
}

void heads_take(struct heads *heads)
{
	heads->live = heads_next(heads);
	fd_close(&heads->over_fd);
	heads->over_fd = heads->next_over_fd;
	heads->next_over_fd = -1;
}

void heads_swap(struct heads *heads)
{
	live_store(heads, heads_next(heads));
	heads_take(heads);
	programs_wait(heads);
}

void heads_offer(struct heads *heads, uint32_t slot)
{
	live_store(heads, heads->live | 2U << (slot & 1));
}

void heads_settle(struct heads *heads)
{
	programs_wait(heads);
	live_store(heads, heads->live);
}

bool heads_drop(struct heads *heads)
{
	bool begun = heads->next_over_fd >= 0;

	fd_close(&heads->next_over_fd);
	return begun;
}
