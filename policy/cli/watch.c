/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns what lasts between two askings: the policy behind the maps, read once a generation, and when
 * an agent that hung is asked again. Called by obj_top.c.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "cli/watch.h"

#define FIRST_MS                                                                                   \
	1000 /* an agent that hangs is found by the first question, the others may take longer */
#define ASK_MS 3000
#define HUNG_NS 3000000000u /* so long an agent that did not answer in time is left alone */

struct watch {
	const struct cli *cli;
	uint64_t again_ns; /* the agent is not asked before */
	struct policy *policy; /* of the maps; NULL: not known */
	uint32_t generation; /* of it */
	bool policy_asked;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

struct watch *watch_new(const struct cli *cli)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	if (watch)
		watch->cli = cli;
	return watch;
}

void watch_free(struct watch *watch)
{
	if (!watch)
		return;
	policy_free(watch->policy);
	free(watch);
}

/* An answer that is an error leaves a question without result, and its words in diag. */
static int agent_ask(struct watch *watch, struct watch_question *q, int timeout_ms, struct diag *diag)
{
	struct client_answer answer = { 0 };
	int ret = client_call(watch->cli->socket, q->method, q->params, timeout_ms, &answer, diag);

	if (ret < 0)
		return ret;
	if (answer.result)
		q->result = json_incref(answer.result);
	else
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL, "%s: %s", q->method, answer.message);
	q->at_ns = now_ns();
	client_answer_free(&answer);
	return 0;
}

static int agent_ask_all(struct watch *watch, struct watch_question *questions, size_t cnt,
			 struct diag *diag)
{
	int ret = 0;

	if (now_ns() < watch->again_ns) {
		diag_add(diag, DIAG_ERROR, watch->cli->socket, 0, 0, NULL,
			 "sekishod did not answer in time and is asked again in some seconds");
		return -ETIMEDOUT;
	}
	for (size_t i = 0; ret == 0 && i < cnt; i++)
		ret = agent_ask(watch, &questions[i], i ? ASK_MS : FIRST_MS, diag);
	if (ret == -ETIMEDOUT)
		watch->again_ns = now_ns() + HUNG_NS;
	return ret;
}

static const struct policy *maps_policy(struct watch *watch, const struct gate *gate)
{
	uint32_t generation = gate_generation(gate);

	if (!watch->policy_asked || generation != watch->generation) {
		policy_free(watch->policy);
		watch->policy = live_peek_policy(watch->cli, gate);
		watch->generation = generation;
		watch->policy_asked = true;
	}
	return watch->policy;
}

static int maps_ask_all(struct watch *watch, struct watch_question *questions, size_t cnt,
			struct diag *diag)
{
	const struct policy *policy;
	struct gate *gate = NULL;
	int ret = gate_peek(watch->cli->pin_dir, &gate, diag);

	if (ret < 0)
		return ret;
	policy = maps_policy(watch, gate);
	for (size_t i = 0; i < cnt; i++) {
		if (!questions[i].peek)
			continue;
		questions[i].result = questions[i].peek(gate, policy, questions[i].params, diag);
		questions[i].at_ns = now_ns();
	}
	gate_close(gate);
	return 0;
}

/* The library says on standard error what diag says already; there may be a screen. */
static int maps_ask_quietly(struct watch *watch, struct watch_question *questions, size_t cnt,
			    struct diag *diag)
{
	libbpf_print_fn_t print = libbpf_set_print(NULL);
	int ret = maps_ask_all(watch, questions, cnt, diag);

	libbpf_set_print(print);
	return ret;
}

int watch_ask(struct watch *watch, struct watch_question *questions, size_t cnt, struct diag *diag)
{
	int ret = agent_ask_all(watch, questions, cnt, diag);

	if (ret == 0)
		return WATCH_AGENT;
	for (size_t i = 0; i < cnt; i++) { /* one picture, from one source */
		json_decref(questions[i].result);
		questions[i].result = NULL;
	}
	if (ret == -EACCES)
		return ret;
	return maps_ask_quietly(watch, questions, cnt, diag) < 0 ? WATCH_NOBODY : WATCH_MAPS;
}
