/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flows whose names the agent reads: each has a reader as long as bytes are missing. All of them together
 * hold no more than they may, and no tenant's more than its share; who is put out for that, like who
 * cannot be read, goes by its tenant's fail:.
 */
#ifndef AGENT_NAMES_READINGS_H
#define AGENT_NAMES_READINGS_H

#include "names/reader.h"
#include "sekisho/name.h"

struct readings;

struct readings_limits {
	size_t bytes, tenant_bytes;
	uint32_t flows, tenant_flows;
};
#define READINGS_LIMITS                                                                            \
	((struct readings_limits){                                                                 \
		.bytes = 64U << 20, .tenant_bytes = 16U << 20, .flows = 16384, .tenant_flows = 4096 })

/* Why a flow was not read to its end. */
enum reading_end {
	READING_PUT_OUT, /* others needed the room */
	READING_STUCK, /* what is missing does not come */
	READING_LONG, /* it needs more than is held */
	READING_SHORT, /* copies of its packets were lost, or cut */
	READING_UNKNOWN, /* QUIC of a version that is not known here */
	READING_END_CNT,
};

/* What was found of a flow; list as in struct sek_flow_name. */
struct reading_verdict {
	bool blocked;
	uint8_t list, reason; /* enum sek_reason */
};

struct readings_calls {
	/* What a name of this flow's is to be. */
	struct reading_verdict (*decide)(void *arg, const struct sek_name_copy_head *head,
					 const struct reader_name *name);
	/* It breaks its protocol's rules, or sends other bytes for the same place: it is ended. */
	void (*bad)(void *arg, const struct sek_name_copy_head *head, bool overlaps);
	/* It was not read to its end; the answer: it passes all the same, as its tenant fails open. */
	bool (*unread)(void *arg, const struct sek_name_copy_head *head, enum reading_end why);
	/* What the kernel is to keep in the flow. */
	void (*order)(void *arg, const struct sek_name_order *order);
	void *arg;
};

/* Returns 0 or -errno. */
int readings_new(const struct readings_limits *limits, const struct readings_calls *calls,
		 struct readings **ret_readings);
void readings_free(struct readings *readings);

/* A copy of kind SEK_NAME_ASKED: len bytes of the packet's payload. */
void readings_take(struct readings *readings, const struct sek_name_copy_head *head,
		   const uint8_t *bytes, uint32_t len);

/* A copy of kind SEK_NAME_AGAIN: what was read, and must be the same as then. */
void readings_again(struct readings *readings, const struct sek_name_copy_head *head,
		    const uint8_t *bytes, uint32_t len);

/* Ends what has not got on for long; a few times a second. */
void readings_tick(struct readings *readings, uint64_t now_ns);

struct readings_count {
	uint32_t flows;
	size_t bytes;
	uint64_t copies, names, ended[READING_END_CNT];
};
struct readings_count readings_count(const struct readings *readings);

#endif
