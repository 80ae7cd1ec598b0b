/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interface by which bodies behind a bridge reach the block page: a pair of virtual Ethernet devices.
 * The host's end has the page's addresses and the routes to all seats (sekisho/page.h); the gateway's
 * program sends frames in by the far end, where sek_page_back takes the answers.
 */
#ifndef AGENT_DATAPLANE_PAGELINK_H
#define AGENT_DATAPLANE_PAGELINK_H

#include "base/loop.h"
#include "install/install.h"
#include "model/model.h"

struct pagelink;

/* gate and pin_dir must outlive it. Returns 0 or -errno. */
int pagelink_new(struct loop *loop, struct gate *gate, const char *pin_dir,
		 struct pagelink **ret_pagelink);
/* Lets go; the interface stays until a policy wants none, or pagelink_remove(). */
void pagelink_free(struct pagelink *pagelink);

/*
 * There is one from now on if the policy has a page and an inside port that bridges, else none. What cannot
 * be done is said once and tried again every five seconds.
 */
void pagelink_follow(struct pagelink *pagelink, const struct policy *policy);

/* Why the page cannot be reached through bridges; "": nothing is wrong. */
const char *pagelink_trouble(const struct pagelink *pagelink);

/* Takes the interface of the gateway with these pins away, if there is one. */
void pagelink_remove(const char *pin_dir);

#endif
