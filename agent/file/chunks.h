/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that comes in pieces at offsets, as file servers move it: what is not yet due is kept until what is
 * in front of it has come. Called by parsers, for each of their files one.
 */
#ifndef AGENT_FILE_CHUNKS_H
#define AGENT_FILE_CHUNKS_H

#include "file/file.h"

struct file_chunk;

struct file_chunks {
	uint64_t tracked; /* bytes from the beginning that the file was given */
	uint64_t left; /* of the piece that is under way */
	uint64_t skip; /* of its bytes, those that came before */
	struct file_chunk *now; /* where they are kept; NULL: they are due */
	struct file_chunk *first; /* of those that are not due, by offset */
	uint64_t kept; /* bytes of them, with those that are announced */
	uint32_t kept_cnt;
};

/* A piece of len bytes begins. Its bytes follow; one that is under way ends where it is. */
void file_chunk_begin(struct file_chunks *chunks, struct file *file, uint64_t offset, uint64_t len);
/* Bytes of the piece that began last; lost: bytes in front of them that never came. */
void file_chunk_bytes(struct file_chunks *chunks, struct file *file, struct slice bytes,
		      uint64_t lost);
/* Forgets what is not due yet. */
void file_chunks_end(struct file_chunks *chunks);

#endif
