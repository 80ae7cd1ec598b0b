/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One capture at a time: tells the kernel which frames, takes them from its ring, writes them as
 * pcap-ng with what the gateway said to each. Bounded in time, number and size; a dead agent's capture
 * ends by itself.
 */
#ifndef AGENT_DATAPLANE_LIVECAPTURE_H
#define AGENT_DATAPLANE_LIVECAPTURE_H

#include <jansson.h>
#include <stdbool.h>

#include "base/loop.h"
#include "editions.h"
#include "install/install.h"
#include "sekisho/capture.h"

struct livecapture;

struct livecapture_wish {
	struct sek_capture filter; /* until_ns and session are not read */
	uint64_t frames_max, bytes_max; /* of the file; 0: no limit */
	uint32_t seconds_max;
	int fd; /* a file to write; the caller's */
	char words[512]; /* what is captured, for people */
	bool (*wanted)(void *arg); /* false: nobody waits any more, it ends */
	/* Its end, in the loop's thread: why, and livecapture_show()'s object, taken over. */
	void (*ended)(void *arg, const char *why, json_t *result);
	void *arg;
};

/* Also ends what an agent before has left in the kernel. Returns 0 or -errno. */
int livecapture_new(struct loop *loop, struct gate *gate, const struct editions *editions,
		    struct livecapture **ret_capture);
void livecapture_free(struct livecapture *capture);

/* Returns 0, -EBUSY while another runs, or -errno. Without 0, ended() is not called. */
int livecapture_start(struct livecapture *capture, const struct livecapture_wish *wish);

/* Ends the one that runs, which calls its ended(). False: none does. */
bool livecapture_stop(struct livecapture *capture, const char *why);

/*
 * {"running","what","seconds","seconds_left","offered","written","suppressed","lost","late","bytes"}:
 * the one that runs, else the last. offered = written + suppressed (over the rate) + lost (no room in
 * the ring) + late (came when the capture had ended).
 */
json_t *livecapture_show(const struct livecapture *capture);

#endif
