/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that transactions carry: opened by a parser, fed as their bytes come, weighed (hashes, type) as they
 * pass, kept where a rule or the settings ask for it.
 */
#ifndef AGENT_FILE_FILE_H
#define AGENT_FILE_FILE_H

#include "file/ranges.h"
#include "file/waits.h"
#include "inspect/packet.h"
#include "proto/proto.h"

enum file_state {
	FILE_OPENED,
	FILE_CLOSED, /* whole */
	FILE_TRUNCATED, /* bytes are missing, or it is more than we read */
	FILE_ERROR,
};

#define FILE_NAME_MAX 512
#define FILE_HEAD 4096 /* bytes from its beginning that are kept for its type */

struct file {
	struct file *next;
	struct tx *tx;
	enum side side; /* who sends it */
	uint32_t id; /* from 0, in its flow */
	enum file_state state;
	char name[FILE_NAME_MAX];
	size_t name_len;
	uint64_t from, to; /* range, if one was asked for: bytes of the whole */
	bool is_range;
	uint64_t size; /* bytes so far */
	uint64_t expected; /* bytes of all of it, as its protocol says; 0: it does not */
	bool has_gaps;
	bool ends_unsaid; /* that it is whole, a later byte tells, or the end of what carries it */
	struct file_wait wait; /* waits.h */
	bool may_be_cut; /* its end, and that its sender gave up, look alike */
	bool has_origin;
	uint8_t origin[RANGE_KEY_LEN]; /* which file this is, or a part of; see file_origin() */
	uint64_t origin_from; /* where in it this begins */
	uint8_t *head; /* its first FILE_HEAD bytes, where its type is asked for */
	uint8_t *window; /* for rules: bytes from window_from on; shifted as they were inspected */
	uint64_t window_from, inspected;
	size_t window_len, window_cap;
	char magic[256]; /* as libmagic says; "" not asked yet */
	char md5[33], sha1[41], sha256[65]; /* hexadecimal, when closed and asked for; else "" */
	bool wants_store, stored, logged;
	uint32_t store_id; /* of the run, when stored */
	uint32_t sids[8]; /* of rules that asked for it to be stored */
	uint8_t sid_cnt;
	uint64_t opened_packet, closed_packet;
	struct file_sums *sums; /* sums.h; NULL: none is asked for */
	struct file_spill *spill; /* store.h; NULL: it cannot be kept */
	struct file_scan *scan; /* scanned.h; NULL: nobody looks into it */
	struct file *container; /* the file that it is a member of; NULL: it came by itself */
};

/* A file that begins; its owner is tx. NULL: no memory, or no more are followed (counted). */
struct file *file_open(struct tx *tx, enum side side, struct slice name);
/*
 * How much of it is wanted, whatever limits its protocol has; 0: all. false: it is neither to be stored
 * nor held. file may be NULL.
 */
bool file_store_depth(const struct file *file, uint64_t *ret_depth);
/*
 * Says which file it is, and where in it this begins, so that parts of it that come by other transfers are
 * judged together with this one: place is the server, as the client names it (empty: its address), name
 * that of the file there. Where files are not held this does nothing. file may be NULL.
 */
void file_origin(struct file *file, struct slice place, struct slice name, uint64_t from);
/* Bytes that follow; lost: bytes in front of them that never came. */
void file_bytes(struct file *file, struct slice bytes, uint64_t lost);
/* Words that may open it, each ended by a 0; they must stay until it is closed. */
void file_passwords(struct file *file, struct slice words);
/*
 * Nothing follows. What is looked into (scanned.h) is now, and its members stand behind it as files of their
 * own. whole false: it was cut. A second time changes nothing.
 */
void file_close(struct file *file, bool whole);
/* What follows is nobody's: it was judged by what came. For scanned.c, in place of file_close(). */
void file_cut(struct file *file);
/* It was inspected for the last time: it is put into the store, or what was kept of it goes. */
void file_settle(struct file *file);
void file_free_all(struct file *first);

/* Asks libmagic once enough is there; "" until then. */
const char *file_magic(struct file *file);

#endif
