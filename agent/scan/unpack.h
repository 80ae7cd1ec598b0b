/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What archives hold, by libarchive: zip, 7z, rar, tar, iso, lha, cab, and single files that are compressed
 * (gzip, bzip2, xz, lzma, zstd, lz4, compress), archives in archives too. Pure: bytes in, members out.
 *
 * libarchive reads what a stranger wrote, so the agent calls this in a process of its own (sandbox.h).
 */
#ifndef AGENT_SCAN_UNPACK_H
#define AGENT_SCAN_UNPACK_H

#include "base/slice.h"

struct unpack_limits {
	uint32_t depth; /* archives in one another, the first with them */
	uint32_t members; /* of all levels together */
	uint64_t member_size; /* bytes of one; the rest of it is passed over */
	uint64_t total_size; /* bytes of all levels together */
	uint32_t ratio; /* bytes out for each byte in, beyond the first MiB; 0: any */
};

/* Why not all of it was seen; a bit each. In the order of unpack_stop_word(). */
enum unpack_stop {
	UNPACK_DEPTH,
	UNPACK_MEMBERS,
	UNPACK_MEMBER_SIZE,
	UNPACK_TOTAL_SIZE,
	UNPACK_RATIO,
	UNPACK_ENCRYPTED, /* no password that was tried opens it */
	UNPACK_BROKEN,
	UNPACK_STOPS
};

/* "archive_depth_limit" and its kind, as anomalies say it. */
const char *unpack_stop_word(enum unpack_stop stop);

struct unpack_sink {
	void *arg;
	/*
	 * A member, in front of those inside it. path: names with '!' between them ("outer.zip!a/inner.exe"),
	 * as the archives write them. cut: bytes are missing at its end.
	 */
	void (*member)(void *arg, struct slice path, struct slice bytes, bool cut);
};

/*
 * passwords: candidates, each ended by a 0, tried in order on what is encrypted (zip alone: libarchive
 * knows
 * no other ciphers). Returns bits of enum unpack_stop; what is no archive has no members.
 */
uint32_t unpack(struct slice bytes, struct slice name, const struct unpack_limits *limits,
		struct slice passwords, const struct unpack_sink *sink);

#endif
