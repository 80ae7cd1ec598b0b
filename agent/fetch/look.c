/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time, size and number of files. Called by feeds.c.
 */
#include "fetch/look.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/log.h"
#include "base/worker.h"

#define EVERY_S 5
#define READING_S 180 /* that a policy may take from reading its lists until it is in force */

struct stamp {
	struct timespec time;
	off_t size;
	ino_t number;
};

struct watched {
	char *list, *path;
	bool names;
	struct stamp read, seen; /* as it was read, as it was at the last look */
	bool known; /* it was looked at */
};

struct look {
	struct worker *worker;
	void (*changed)(void *arg, const char *list, bool names);
	void *arg;
	struct watched *files;
	size_t cnt;
	uint32_t seconds, policies;
	time_t since; /* when the policy came in force */
	bool away;
};

static bool same(const struct stamp *a, const struct stamp *b)
{
	return a->time.tv_sec == b->time.tv_sec && a->time.tv_nsec == b->time.tv_nsec &&
	       a->size == b->size && a->number == b->number;
}

/* --- one look, in the thread --- */

struct glance {
	struct look *look;
	uint32_t policies; /* that it belongs to */
	char **paths;
	struct stamp *stamps;
	size_t cnt;
};

static void glance_free(struct glance *g)
{
	for (size_t i = 0; g->paths && i < g->cnt; i++)
		free(g->paths[i]);
	free(g->paths);
	free(g->stamps);
	free(g);
}

static void glance_run(void *arg)
{
	struct glance *g = arg;

	for (size_t i = 0; i < g->cnt; i++) {
		struct stat st;

		if (!stat(g->paths[i], &st))
			g->stamps[i] = (struct stamp){ st.st_mtim, st.st_size, st.st_ino };
	}
}

/* Of a file that is gone nothing is told: what is in force stays. */
static void file_compare(struct look *look, struct watched *file, const struct stamp *now)
{
	bool settled = same(now, &file->seen), known = file->known;

	file->seen = *now;
	file->known = true;
	/* One that changed while the policy was made may have been read before or after. */
	if (!known && now->time.tv_sec < look->since - READING_S)
		file->read = *now;
	if (!known || !settled || !now->number || same(now, &file->read))
		return;
	file->read = *now;
	look->changed(look->arg, file->list, file->names);
}

static void glance_end(void *arg)
{
	struct glance *g = arg;
	struct look *look = g->look;

	look->away = false;
	for (size_t i = 0; i < g->cnt && g->policies == look->policies; i++)
		file_compare(look, &look->files[i], &g->stamps[i]);
	glance_free(g);
}

static void glance_send(struct look *look)
{
	struct glance *g = calloc(1, sizeof(*g));

	if (!g)
		return;
	g->look = look;
	g->policies = look->policies;
	g->paths = calloc(look->cnt, sizeof(*g->paths));
	g->stamps = calloc(look->cnt, sizeof(*g->stamps));
	for (size_t i = 0; g->paths && g->stamps && i < look->cnt; i++) {
		g->paths[i] = strdup(look->files[i].path);
		if (!g->paths[i])
			break;
		g->cnt++;
	}
	look->away = g->cnt == look->cnt && !worker_post(look->worker, glance_run, glance_end, g);
	if (!look->away)
		glance_free(g);
}

void look_second(struct look *look)
{
	if (++look->seconds % EVERY_S == 0 && !look->away && look->cnt)
		glance_send(look);
}

/* --- the policy's files --- */

static void file_add(struct look *look, const char *list, const char *path, bool names)
{
	struct watched *file = &look->files[look->cnt];

	if (!path)
		return;
	*file = (struct watched){ .list = strdup(list), .path = strdup(path), .names = names };
	if (file->list && file->path) {
		look->cnt++;
		return;
	}
	free(file->list);
	free(file->path);
	log_error("feeds: no memory; the file of %s is not looked at", list);
}

static void files_drop(struct look *look)
{
	for (size_t i = 0; i < look->cnt; i++) {
		free(look->files[i].list);
		free(look->files[i].path);
	}
	free(look->files);
	look->files = NULL;
	look->cnt = 0;
}

/* What is fetched is told by who fetches it. */
void look_policy(struct look *look, const struct policy *policy)
{
	files_drop(look);
	look->policies++;
	look->since = time(NULL);
	look->files = calloc(policy->list_cnt + policy->name_list_cnt + 1, sizeof(*look->files));
	for (size_t i = 0; look->files && i < policy->list_cnt; i++)
		if (!policy->lists[i].feed.url)
			file_add(look, policy->lists[i].name, policy->lists[i].source, false);
	for (size_t i = 0; look->files && i < policy->name_list_cnt; i++)
		if (!policy->name_lists[i].feed.url)
			file_add(look, policy->name_lists[i].name, policy->name_lists[i].source,
				 true);
	look->seconds = EVERY_S - 1;
}

int look_new(struct loop *loop, void (*changed)(void *arg, const char *list, bool names), void *arg,
	     struct look **ret_look)
{
	struct look *look = calloc(1, sizeof(*look));
	int err = look ? worker_new(loop, &look->worker) : -ENOMEM;

	if (err) {
		free(look);
		return err;
	}
	look->changed = changed;
	look->arg = arg;
	*ret_look = look;
	return 0;
}

int look_start(struct look *look)
{
	return worker_start(look->worker);
}

void look_free(struct look *look)
{
	if (!look)
		return;
	look->cnt = look->files ? look->cnt : 0;
	look->policies++; /* a look that ends now is of no policy */
	worker_free(look->worker);
	files_drop(look);
	free(look);
}
