/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The storm of names: who asks, who answers, and what both have seen. Names are of four kinds, told by
 * their first letters; each question and each connection is accounted for by the one who asked it, and a
 * listed name also by the server that must never see it. Fits the lists that tests/soak/names.test writes.
 */
#ifndef TESTS_SOAK_NAME_H
#define TESTS_SOAK_NAME_H

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* In both lists, in list A, in list B, in none. */
enum name_kind { NAME_BOTH, NAME_A, NAME_B, NAME_FREE };

/* Which list is in force: A, B, or one of them. */
enum name_state { NAME_STATE_A, NAME_STATE_B, NAME_STATE_EITHER };

/* How a question may end. */
enum name_fate { NAME_REFUSED, NAME_SERVED, NAME_OPEN };

#define NAME_TEXT_MAX 32

/* What became of what one thread asked. */
struct name_tally {
	uint64_t asked, by_gateway, by_server, lost;
	uint64_t given_up; /* lost where no gateway stood */
	uint64_t leaked; /* refused by the lists in force, and answered by the server */
	uint64_t wrong; /* the other way round, or an end that is neither */
	uint64_t late; /* answers to what had been given up */
	uint64_t slowest_ns;
};

/* What main tells the threads. */
struct name_order {
	atomic_uint number;
	_Atomic enum name_state state;
	atomic_bool may_lose; /* no gateway stands: what is not answered is asked no longer */
	atomic_bool stop, closed; /* who asks ends before who answers */
	uint32_t names; /* of each kind */
};

/* One who asks. Its thread alone writes tally, until it has ended. */
struct name_asker {
	const struct name_order *order;
	const char *netns;
	double rate; /* a second */
	uint32_t seed; /* no two the same */
	struct name_tally tally;
	atomic_uint obeyed;
	int err;
	/* The thread's own: */
	enum name_state state; /* of the order that it obeys */
	bool may_lose;
	uint64_t looked_ns;
};

/* How one asks: what questions and connections do each in their way. Errors are -errno. */
struct name_way {
	int (*open)(void *arg); /* in the namespace */
	int (*ask)(void *arg); /* a batch, or what there is room for */
	void (*hear)(void *arg, int wait_ms); /* what was answered */
	bool (*is_idle)(const void *arg); /* nothing is under way */
	/* What has waited so long is over, unanswered. Returns how many. */
	unsigned int (*give_up)(void *arg, uint64_t now_ns, uint64_t patience_ns);
	unsigned int batch;
	uint64_t patience_ns, haste_ns; /* haste: where no gateway stands */
};

/* The far end's server of one kind. */
struct name_server {
	const struct name_order *order;
	const char *netns;
	atomic_uint_fast64_t seen, listed; /* questions; those of NAME_BOTH */
	atomic_bool ready;
	int err;
};

/* Asks at its rate, by what order says, until that says stop and all is over. What is open stays so. */
void name_run(struct name_asker *asker, const struct name_way *way, void *arg);

/* Threads: argument and errors are in the structs. */
void *questions_run(void *asker);
void *hellos_run(void *asker);
void *question_server_run(void *server);
void *hello_server_run(void *server);

/* The n-th name that a thread asks, and how it may end. ret_name has room for NAME_TEXT_MAX. */
enum name_fate name_next(const struct name_asker *asker, uint32_t n, char *ret_name);
/* Whether a name is of NAME_BOTH; a DNS label's length or a letter may stand before it. */
bool name_is_both(const char *name);

/* Notes how a question ended. by_gateway: refused, else served. */
void name_ended(struct name_tally *tally, enum name_fate fate, bool by_gateway, uint64_t took_ns);

uint64_t name_now_ns(void);
/* The calling thread is in this namespace from here on. 0 or -errno. */
int name_enter(const char *netns);

#define NAME_ADDRESSES 4 /* of the server, by turns of both families */
/* The n-th of them with this port. Returns its length. */
socklen_t name_address(uint32_t n, uint16_t port, struct sockaddr_storage *ret_address);

#endif
