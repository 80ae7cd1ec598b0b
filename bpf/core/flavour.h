/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What may be asked of a frame, whatever hook it came by. An entry file includes its flavour first,
 * which names the hook's context `struct frame_ctx`, says what the FRAME_* actions are, and defines
 * each function below; everybody else includes this. Promises that no stage knows the hook.
 */
#ifndef BPF_CORE_FLAVOUR_H
#define BPF_CORE_FLAVOUR_H

#include "core/bpf.h"

#ifndef frame_ctx
#error "the entry file includes a flavour first: core/xdp.h or core/skb.h"
#endif

/*
 * Of a flavour as well: FRAME_SECTION, where its programs stand; FRAME_STEPS, the array of those that
 * a walk goes on in, which stand in FRAME_STEP_SECTION; FRAME_STEP(program, tc_program), its own of the two.
 */

#define FRAME_TAG_LEN 4

/* What the bytes of a frame do not tell; of XDP nothing, but a packet has one layout in both flavours. */
struct frame_shape {
	__u16 more; /* frames that it is besides one */
	__u16 head; /* bytes of headers that each has */
	__u16 size; /* bytes that each carries */
	__u16 beside; /* tags kept beside it */
};

/* One 802.1Q or 802.1ad tag, as it stands behind the two addresses. */
struct eth_tag {
	__be16 type;
	__be16 tci;
} __attribute__((packed));
SEK_LAYOUT(struct eth_tag, FRAME_TAG_LEN);

/* Tags that a frame shall carry. */
struct frame_tags {
	__u32 cnt; /* 0, 1, 2 */
	__u16 outer; /* TCI, of 802.1ad; when there are two */
	__u16 inner; /* TCI, of 802.1Q */
};

/* --- reading --- */

/* Number of the interface that it came in by. */
static __always_inline __u32 frame_ingress(const struct frame_ctx *ctx);
/* Bytes of all buffers. A tag that is kept beside the frame is in none of these numbers. */
static __always_inline __u32 frame_len(struct frame_ctx *ctx);
/* As many of them as are known without a call: all, or those of the first buffer. */
static __always_inline __u32 frame_seen_len(struct frame_ctx *ctx);
/* From data to end pointers may go, until a function changes the frame. */
static __always_inline void *frame_data(const struct frame_ctx *ctx);
static __always_inline void *frame_end(const struct frame_ctx *ctx);
/* Lets pointers reach the first len bytes, if the hook can, or as many as there are. Ends all pointers. */
static __always_inline void frame_reach(struct frame_ctx *ctx, __u32 len);
/* Copies across buffers; the sum of the whole stays right. 0 or -errno. */
static __always_inline long frame_load(struct frame_ctx *ctx, __u32 off, void *to, __u32 len);
static __always_inline long frame_store(struct frame_ctx *ctx, __u32 off, void *from, __u32 len);

/* --- shape: what the bytes do not tell --- */

/* Notes the outermost tag, if it is kept beside the frame; false: all tags are inside. */
static __always_inline bool frame_tag_beside(const struct frame_ctx *ctx, struct frame_shape *shape,
					     __u16 *ret_tci);
/* That tag as it is now; type 0: none. */
static __always_inline struct eth_tag frame_outer_tag(const struct frame_ctx *ctx);
/* How many that are: 0 or 1. */
static __always_inline __u32 frame_beside(const struct frame_shape *shape);
/* Notes how many frames this is: headers of head bytes, then payload_len bytes to be shared out. */
static __always_inline void frame_measure(const struct frame_ctx *ctx, struct frame_shape *shape,
					  __u16 head, __u16 payload_len);
/* Frames beyond the first, bytes of headers that each repeats, of payload that each carries at most. */
static __always_inline __u32 frame_more(const struct frame_shape *shape);
static __always_inline __u32 frame_more_head(const struct frame_shape *shape);
static __always_inline __u32 frame_more_size(const struct frame_shape *shape);
/* Bytes that a frame of len is on the wire. */
static __always_inline __u32 frame_wire_len(const struct frame_shape *shape, __u32 len);
/* Whether the sum of its TCP or UDP header is yet to be made, by the device that sends it. */
static __always_inline bool frame_sum_open(const struct frame_ctx *ctx);

/* --- rewriting: 0 or -errno; ends all pointers --- */

/* Tells the sum of the whole, where there is one, that a word of the IP packet was written anew. */
static __always_inline void frame_sum_change(struct frame_ctx *ctx, __be16 old, __be16 new);
/* More bytes in front. */
static __always_inline long frame_grow(struct frame_ctx *ctx, __u32 bytes);
/* Cuts it from was to len bytes. */
static __always_inline long frame_cut(struct frame_ctx *ctx, __u32 was, __u32 len);
/* Makes it len bytes instead of was; all of them are the caller's to write. */
static __always_inline long frame_resize(struct frame_ctx *ctx, __u32 was, __u32 len);
/*
 * Takes away the had tags that are there and gives it those; what follows them is of this type.
 * Link addresses are the caller's to write after it. ret_grow: bytes by which what follows moved.
 */
static __always_inline long frame_retag(struct frame_ctx *ctx, struct frame_shape *shape, __u32 had,
					const struct frame_tags *tags, __be16 type, int *ret_grow);

/* --- ends: actions of the hook --- */

/* Out by a port; FRAME_DROP: it is not there, or cannot be reached from this hook. */
static __always_inline int frame_send(struct frame_ctx *ctx, __u32 port);
/* Back out by the port that it came in by. */
static __always_inline int frame_answer(struct frame_ctx *ctx, __u32 port);

/* --- to a worker of inspection --- */

struct sek_note;
/*
 * Where in sek_xsk the worker's socket is for the queue that it came in by; -1: this hook, or queue, has
 * none.
 */
static __always_inline int frame_queue(const struct frame_ctx *ctx, __u32 port, __u32 worker);
/* Whether a socket is bound there. */
static __always_inline bool frame_is_served(const struct frame_ctx *ctx, __u32 place);
/* Puts the note in front. 0 or -errno. Ends all pointers. */
static __always_inline long frame_note(struct frame_ctx *ctx, const struct sek_note *note);
/* The end: to the worker's socket of the queue that it came in by. */
static __always_inline int frame_to_worker(struct frame_ctx *ctx, __u32 port, __u32 worker);

/* --- one frame for two ports --- */

enum frame_fork {
	FORK_NOT, /* the way out takes no copies from here */
	FORK_SENT, /* a copy has left; the frame is for the way back */
	FORK_ENDS, /* frame_send_both() will do it: see core/xdp.h */
};

/* How a frame that came in by the port `back` gets out by `out` as well. Ends all pointers. */
static __always_inline enum frame_fork frame_fork(struct frame_ctx *ctx, __u32 back, __u32 out);
/* The end of FORK_ENDS. */
static __always_inline int frame_send_both(struct frame_ctx *ctx);

#endif
