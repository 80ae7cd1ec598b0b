/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS answers over TCP: what a server sends, put together to messages. A bounded table; who is put out of
 * it for another is not read on, since answers only teach. Pure but for its memory.
 */
#ifndef AGENT_NAMES_REPLIES_H
#define AGENT_NAMES_REPLIES_H

#include <stdint.h>

#include "sekisho/name.h"
#include "wire/stream.h"

#define REPLIES_MAX 256 /* flows, of 64 KiB at most */

struct replies;

/* A whole message of this copy's flow, without its length in front. */
typedef void replies_message(void *arg, const struct sek_name_copy_head *head,
			     const uint8_t *message, size_t len);

int replies_new(replies_message *call, void *arg, struct replies **ret_replies); /* 0 or -ENOMEM */
void replies_free(struct replies *replies);

/* A copy of a segment that a server has sent: len bytes of it. */
void replies_take(struct replies *replies, const struct sek_name_copy_head *head,
		  const uint8_t *bytes, uint32_t len);

#endif
