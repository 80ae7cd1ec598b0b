/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of values that rules ask and change, by name, with reputations where a list gives some. Kept by a
 * struct parse, shared by all workers: what rules change is touched in turn, state_await().
 */
#ifndef AGENT_DETECT_KEYWORD_DATASET_H
#define AGENT_DETECT_KEYWORD_DATASET_H

#include "detect/parse/inside.h"

enum dataset_type {
	DATASET_NONE,
	DATASET_STRING,
	DATASET_MD5,
	DATASET_SHA256,
	DATASET_IPV4,
	DATASET_IP
};

struct dataset {
	struct dataset *next;
	char *name;
	enum dataset_type type;
	struct words values;
	uint16_t *reputations; /* by number of values - 1 */
	bool *is_in; /* the same: false for one that was taken out */
	uint32_t reputation_cap, is_in_cap;
	uint64_t memory,
		memory_max; /* bytes that its values take, and may take; 0: as the settings say */
	uint32_t out_cnt; /* of values that were taken out and still take memory */
	bool is_changing; /* some rule adds or takes out: it is asked in turn */
	bool is_loaded, changed;
	char *save_path; /* NULL: not kept */
};

/* By name, made when it is not there. NULL: no memory. */
struct dataset *dataset_get(struct parse *parse, struct slice name);
/* Words "type string", "load FILE", "save FILE", "state FILE", "memcap 10mb". 0, or -errno after refuse(). */
int dataset_word(struct draft *draft, struct dataset *dataset, struct slice word);
/* What the settings say of it, and its type; files that were named are loaded. */
int dataset_ready(struct draft *draft, struct dataset *dataset, struct slice place,
		  bool with_reputation);

bool dataset_has(const struct dataset *dataset, struct slice value, uint16_t *ret_reputation);
/* 1: it was not there before. 0: it was, or is no value of the set's type. -ENOMEM: no room for it. */
int dataset_add(struct dataset *dataset, struct slice value);
bool dataset_remove(struct dataset *dataset, struct slice value);
/* Sets that rules change, with what is in them, from those of the same name and type. */
void datasets_take(struct parse *parse, struct parse *from);
/* Writes the sets that are to be kept, and frees all. */
void datasets_free(struct parse *parse);

#endif
