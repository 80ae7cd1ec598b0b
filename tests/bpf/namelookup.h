/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What namelookup.bpf.c is asked, at the start of a frame, and what it answers in the same place. The
 * text that it is asked about stands behind.
 */
#ifndef TESTS_BPF_NAMELOOKUP_H
#define TESTS_BPF_NAMELOOKUP_H

#include <linux/types.h>

#define NAMELOOKUP_TEXT 128 /* where the text begins */

enum namelookup_what {
	NAMELOOKUP_LOOK_DNS, /* a name of labels, of the question */
	NAMELOOKUP_LOOK_TEXT,
	NAMELOOKUP_DNS, /* a message, a segment: where its name is */
	NAMELOOKUP_TLS,
	NAMELOOKUP_HTTP,
};

struct namelookup_asked {
	__u32 what;
	__u32 text_len; /* of the message or segment */
	__u64 host, path; /* as parsers give them; path 0: none. Answered by parsers */
	__u64 now_ns;
	__u32 tenant, profile;
	/* answered */
	__u64 print; /* 0: not to be read */
	__u64 lists;
	__u32 looked; /* 1: the phase has something to decide */
	__u32 path_looked;
	__u32 opinion, how, answer, len;
};

#endif
