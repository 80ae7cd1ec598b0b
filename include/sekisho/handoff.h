/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What kernel and workers of inspection tell each other: the note in front of a frame that is handed over,
 * the rings that it goes by, signs of life, and what is known of a flow that is with a worker.
 */
#ifndef SEKISHO_HANDOFF_H
#define SEKISHO_HANDOFF_H

#include "sekisho/base.h"
#include "sekisho/limits.h"

#define SEK_QUEUES_MAX 16 /* of a port's receive queues that can be served */
#define SEK_WORKERS_MAX 32
#define SEK_WORKER_PATIENCE_NS                                                                     \
	1000000000ULL /* without a sign of life a worker is dead, or stalls */

/* Bytes of a frame that a ring takes, tags included: what is left of a page beside what kernels keep free. */
#define SEK_HANDOFF_LEN_MAX 3392

/*
 * Payload of the longest segments that ends of inspected connections are told to send: with its headers, and
 * some of extension, such a frame is one that a ring takes.
 */
#define SEK_HANDOFF_SEGMENT_MAX 3200

#define SEK_RINGS_MAX (SEK_PORTS_MAX * SEK_QUEUES_MAX * SEK_WORKERS_MAX)

/* Place in sek_xsk (the sockets) and in sek_xsk_ring of what a worker gets by a port's queue. */
static inline __u32 sek_ring_index(__u32 port, __u32 queue, __u32 worker)
{
	return (port * SEK_QUEUES_MAX + queue) * SEK_WORKERS_MAX + worker;
}

/*
 * In front of each frame that a worker gets (XDP metadata, of which 6.1 allows 32 bytes). The frame is as
 * it will leave: rewritten, with the tags of its way out. The worker has but to send it.
 */
struct sek_note {
	__u64 first_ns; /* when its flow began: with number, which one it is */
	__u32 number;   /* of the flow's entry; 0: a piece of a datagram whose first has not come */
	__u32 sent; /* frames of this flow and direction that were handed over, this one included */
	__u32 handed_ns; /* when, by the low half of the monotonic clock */
	__u32 shift; /* SEK_NOTE_COOKIE: what clients are told of the server's numbers, less these */
	__u16 mark;
	__u16 tenant;
	__u8 dir;  /* enum sek_dir */
	__u8 port; /* where it came in */
	__u8 out_port;
	__u8 flags; /* SEK_NOTE_* */
};
SEK_LAYOUT(struct sek_note, 32);
#define SEK_NOTE_MARK 0x5ec0
#define SEK_NOTE_REPLY 0x01  /* goes against the direction in which its flow was opened */
#define SEK_NOTE_COOKIE 0x02 /* a SYN cookie opened it: its numbers are those of who receives it */

/*
 * sek_xsk_ring, by sek_ring_index(). XDP is not told that a ring is full, so both sides count: at most
 * `room` frames are with the worker at once, and for so many it has put buffers there.
 */
struct sek_xsk_ring {
	__u64 sent; /* the kernel's: frames handed over */
	__u64 pad[7];
	__u64 taken; /* the worker's: buffers put back since; and what was counted as sent and never came */
	__u32 room; /* 0: nobody serves this queue for this worker */
	__u32 pad1;
	__u64 pad2[6];
};
SEK_LAYOUT(struct sek_xsk_ring, 128);

/*
 * sek_share, by sek_share_index(): what a body has waiting at a worker. It may have SEK_SHARE times as many
 * frames there as the ring that the next would go by has left (dynamic thresholds, Choudhury and Hahne,
 * IEEE/ACM ToN 1998): one alone gets most of a ring, and however many flood it, the next body finds room.
 */
struct sek_share {
	__u64 sent; /* the kernel's: frames handed over */
	__u64 pad[7];
	__u64 taken; /* the worker's: those that it has looked at; at rest, all of them */
	__u64 pad1[7];
};
SEK_LAYOUT(struct sek_share, 128);
#define SEK_SHARE 4
#define SEK_SHARES_MAX (SEK_WORKERS_MAX * SEK_TENANTS_MAX)

static inline __u32 sek_share_index(__u32 worker, __u32 tenant)
{
	return worker * SEK_TENANTS_MAX + tenant;
}

/*
 * How long frames were with a worker, from the kernel's hand to the device that sends: four classes to each
 * doubling, from under 1.3 us to 59 ms and more.
 */
#define SEK_WAITS_MAX 64
#define SEK_WAIT_LEAST_NS 1024

static inline __u32 sek_wait_place(__u32 wait_ns)
{
	__u32 place = 0;

	for (__u32 octave = wait_ns / SEK_WAIT_LEAST_NS; octave > 1; octave >>= 1)
		place += 4;
	place += wait_ns / ((SEK_WAIT_LEAST_NS / 4) << (place / 4)) & 3;
	return wait_ns < SEK_WAIT_LEAST_NS ? 0 : place < SEK_WAITS_MAX ? place : SEK_WAITS_MAX - 1;
}

/* The least that is not in this class, nor in those before it. */
static inline __u64 sek_wait_end_ns(__u32 place)
{
	return (__u64)(SEK_WAIT_LEAST_NS / 4) * (5 + (place & 3)) << (place / 4);
}

/* Why a flow, or a direction of one, is not looked at any more. */
enum sek_back_why {
	SEK_BACK_RULE = 0,      /* a rule says so: bypass, or pass */
	SEK_BACK_CIPHERED = 1,  /* what was to be read of it is read */
	SEK_BACK_DEPTH = 2,     /* nobody looks deeper */
	SEK_BACK_ELEPHANT = 3,  /* datagrams of no known protocol, deeper than that */
	SEK_BACK_EXCEPTION = 4, /* it could not be followed, and the settings say so */
	SEK_BACK_NO_RULE = 5,   /* no rule asks anything of it, and nobody else does */
	SEK_BACK_WHYS = 8,
};

/* What stopped a frame. */
enum sek_stop_why {
	SEK_STOP_RULE = 0,
	SEK_STOP_FLOW = 1,     /* its flow was blocked by a frame before it */
	SEK_STOP_FILE = 2,     /* what its file was found to be */
	SEK_STOP_DATAGRAM = 3, /* it is a piece of one that was refused */
	SEK_STOP_MEMORY = 4,   /* there was no room to inspect it, and its body fails closed */
	SEK_STOP_OTHER = 5,    /* as the settings say of what cannot be followed */
	SEK_STOP_WHYS = 8,
};

/* sek_worker, by number: written by the worker alone, in a mapped page. */
struct sek_worker {
	__u64 began_ns; /* when it began to serve, by the monotonic clock; which life of it this is */
	__u64 beat_ns;        /* its last sign of life; 0: it has ended */
	__u64 packets, bytes; /* taken from its rings */
	__u64 sent;           /* frames that it sent on */
	__u64 dropped;        /* that a verdict stopped */
	__u64 lost;           /* that could not be sent on, or were no frames of ours */
	__u64 back;           /* directions of flows handed back */
	__u64 blocked;        /* flows */
	__u64 records_lost;
	__u64 alerts;
	__u32 fellows; /* worker 0 alone says it: how many there are, itself among them */
	__u32 pad;
	__u64 rate_packets, rate_bytes; /* taken in the last whole second */
	__u64 block_ns; /* the longest from the hand over of a frame that matched to its flow's block */
	__u64 pad2;
	/* Of files that are judged before they pass: frames, bytes that wait now, bytes that did at most; */
	__u64 held_now, held_now_bytes, held_most_bytes;
	__u64 held, held_no_room; /* frames ever, and those that were dropped for want of room; */
	/* files that were judged in time, and late, by what `fail:` made of their flow. */
	__u64 files_judged, files_late_open, files_late_closed;
	__u64 backs[SEK_BACK_WHYS]; /* of back: why */
	__u64 stops[SEK_STOP_WHYS]; /* of dropped: why */
	__u64 waits[SEK_WAITS_MAX]; /* frames, by sek_wait_place(): how long each was here */
};
SEK_LAYOUT(struct sek_worker, 192 + (SEK_BACK_WHYS + SEK_STOP_WHYS + SEK_WAITS_MAX) * 8);

/* How a flow that is to be inspected stands. */
enum sek_handoff_state {
	SEK_HANDOFF_NONE = 0,   /* no worker has had a frame of it */
	SEK_HANDOFF_WORKER = 1, /* its frames go to the worker whose life is began_ns */
	SEK_HANDOFF_BACK =
		2, /* decided: the kernel takes over each direction when no frame of it is under way */
	SEK_HANDOFF_UNSEEN =
		3, /* some of it passed uninspected, as `fail: open` says: so does the rest */
	SEK_HANDOFF_DROP = 4, /* a worker found what a rule drops: nothing passes */
};

/* sek_handoff, by number of the flow's entry. first_ns tells whether it is of the flow that is there now. */
struct sek_handoff {
	__u64 first_ns;
	__u64 began_ns;
	__u32 sent[2]; /* by enum sek_dir: frames handed over */
	__u32 upto[2]; /* BACK: of so many the worker has let go */
	__u8 state;    /* enum sek_handoff_state */
	__u8 worker;   /* who has it */
	__u8 back;     /* BACK: directions that the kernel is to take over, a bit each */
	__u8 quiet;    /* BACK: the same of their pure acknowledgements alone */
	__u8 told;     /* directions whose sender was told how long segments may be, a bit each */
	__u8 pad[3];
};
SEK_LAYOUT(struct sek_handoff, 40);

/* For whom a worker still looks at a flow. */
#define SEK_FOR_PROTOCOL 0x01 /* to know what it carries */
#define SEK_FOR_RULES 0x02
#define SEK_FOR_RECORDS 0x04 /* of its protocol */
#define SEK_FOR_FILES 0x08   /* which are looked into */
#define SEK_FOR_VERDICT 0x10 /* of a file that has come, and is held */

#define SEK_APPS_MAX 64

/* sek_app: names of the protocols that workers tell apart; the agent's, written when it begins. */
struct sek_app {
	char name[16]; /* as rules say it; "": there is none */
};
SEK_LAYOUT(struct sek_app, 16);

/*
 * sek_reading, by number of the flow's entry: what its worker has made of it so far. Written by that worker
 * alone, in a mapped page; of the flow that first_ns says, or of one that is over.
 */
struct sek_reading {
	__u64 first_ns;
	__u32 rules; /* that may still match, at most */
	__u8 app;    /* place in sek_app */
	__u8 whom;   /* SEK_FOR_*; 0: nobody */
	__u8 back;   /* enum sek_back_why, one more; 0: it was not handed back */
	__u8 pad;
};
SEK_LAYOUT(struct sek_reading, 16);

/* What a worker has found out of a flow: brought to it by the program sek_hand_order. */
struct sek_hand_order {
	__u64 first_ns;
	__u32 number;
	__u32 upto[2]; /* BACK: as sek_note.sent of the last frame that it let go */
	__u8 dirs;     /* BACK: of which directions upto is told, a bit each */
	__u8 state; /* SEK_HANDOFF_BACK, SEK_HANDOFF_DROP; SEK_HANDOFF_WORKER: dirs come again, of 0 all */
	__u8 reset; /* DROP: 1: both ends are told, at the next packet */
	__u8 quiet; /* BACK: directions of dirs of which what has bytes is still looked at */
};
SEK_LAYOUT(struct sek_hand_order, 24);

#endif
