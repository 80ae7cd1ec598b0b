/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One worker of the engine: a frame's whole way, from its first header to its records. What it shares with
 * others and changes, it changes in its turn (turns.h).
 */
#ifndef AGENT_INSPECT_INSPECTOR_H
#define AGENT_INSPECT_INSPECTOR_H

#include "file/waits.h"
#include "inspect/decode.h"
#include "inspect/defrag.h"
#include "inspect/engine.h"
#include "inspect/flowtable.h"
#include "inspect/tcp.h"
#include "inspect/turns.h"

struct detect;
struct told;
struct told_settings;

#define INSPECTORS_MAX 64 /* one bit each in a crew */

/* What all workers share, and only read. */
struct inspect_settings {
	struct engine_setup setup;
	struct decode_settings decode;
	struct flow_settings flow;
	struct tcp_settings tcp;
	struct hostos *hostos;
	struct http1_settings *http1;
	struct told_settings *told;
	enum exception_policy flow_memcap_policy;
	bool off[PROTO_CNT];
	unsigned int workers;
};

/* Who stands in line keeps back what files hold (file/waits.h). Must outlive the inspector. */
struct inspector_hold {
	uint64_t patience_ns, tail_ns; /* see struct waits */
	void (*wake)(void *arg); /* by any thread: inspector_turn() has something to do */
	/*
	 * What of the flow may go, or whether it falls (flow->fate), may have changed since it was last
	 * asked. ends: the flow is forgotten when this returns.
	 */
	void (*moved)(void *arg, struct flow *flow, bool ends);
	void *arg;
};

/*
 * Of a connection that a SYN cookie opened: whoever gave it has answered for the server, and each side counts
 * what the server sends from another start.
 */
struct inspect_cookie {
	bool opened;
	uint32_t ahead; /* of the numbers of what is sent; those of acknowledgements are the server's */
};

struct inspector {
	const struct inspect_settings *settings;
	unsigned int number; /* from 0, among its fellows */
	struct decoder decoder;
	struct defrag *defrag;
	struct flow_table flows;
	struct tcp_tracker tcp;
	struct detect *detect;
	struct told *told;
	struct engine_tally tally;
	bool silent; /* it is being freed: nothing is told any more */
	bool news; /* of the frame's flow: see inspect_verdict */
	uint64_t now_ns; /* of the frame or the tick: when a flow that ends is told */
	struct order_key at; /* where in the order of records the worker is */
	uint64_t outside_ns; /* inspector_outside() */
	struct turns *turns; /* NULL: it is alone */
	struct inspect_cookie cookie; /* of the frame that comes next */
	struct waits waits; /* where files are held; see inspector_hold() */
	struct inspector_hold *hold; /* NULL: who closes a file waits for its verdict */
};

/*
 * Packets of a frame that fall because of what is inside them, which may be another worker's: why, enum
 * packet_drop, four bits for each packet of the decoder.
 */
typedef _Atomic uint64_t frame_drops;

/* What became of a frame, and of the flow that it belongs to. */
struct inspect_verdict {
	bool drops; /* the frame */
	enum packet_drop drop; /* drops: why */
	bool ends; /* and all that follow in its flow */
	bool resets; /* its ends are to be told */
	bool over; /* nothing that its side sends in this flow is looked at any more */
	bool quiet; /* of which no more is looked at than what has bytes */
	enum sek_back_why why; /* over, quiet */
	bool news; /* the frame's flow is looked at for others than before: flow->purpose */
	const struct flow *own; /* the frame's own flow; NULL: none */
	struct flow *flow; /* whose files may hold the frame, or the frame's own; NULL: none */
	enum side side;
};

int inspect_settings_read(const struct engine_setup *setup, struct inspect_settings *ret_settings);
/*
 * From here on flows are looked at as the rules of this set ask, which takes the place of the former.
 * Returns 0, or -errno and nothing has changed.
 */
int inspect_settings_follow(struct inspect_settings *settings, const struct ruleset *ruleset);
void inspect_settings_free(struct inspect_settings *settings);

/* line is called with each record, by the thread that calls the inspector. */
int inspector_init(struct inspector *inspector, const struct inspect_settings *settings,
		   unsigned int number, void (*line)(void *arg, const char *bytes, size_t len),
		   void *arg);
/*
 * It is one of several from here on, each in a thread of its own: they remember together what first does,
 * which must outlive it, and come in their turn when they ask for that.
 */
void inspector_join(struct inspector *inspector, struct inspector *first, struct turns *turns);
/*
 * The same where there is no order of frames to keep (and first may be the inspector itself): wait is called
 * before what they remember together is touched, and until the frame, or the tick, is over it must be theirs
 * alone.
 */
void inspector_share(struct inspector *inspector, struct inspector *first, void (*wait)(void *arg),
		     void *arg);
/* From here on files are held, and nobody waits for verdicts. For an inspector that is alone. */
void inspector_hold(struct inspector *inspector, struct inspector_hold *hold);
/* Between two frames: files that are judged by now, and what their flows say to it. */
void inspector_turn(struct inspector *inspector, uint64_t now_ns);
/* Whether any file waits: then turns are due within milliseconds. */
bool inspector_waits(const struct inspector *inspector);
/* The packets of the frame that are this worker's. drops: the frame's, of all workers; NULL: it is alone. */
void inspector_frame(struct inspector *inspector, const struct capture_packet *frame,
		     frame_drops *drops);
/* Whose the frames are that follow, where several bodies may have the same addresses; 0 at first. */
void inspector_tenant(struct inspector *inspector, uint16_t tenant);
/*
 * When the flow of the frames that follow began, as who hands them over knows it: another time is another
 * flow, whatever its ends. 0, at first: that is not known.
 */
void inspector_outside(struct inspector *inspector, uint64_t began_ns);
/* Of the frames that follow; none at first. */
void inspector_cookie(struct inspector *inspector, struct inspect_cookie cookie);
/* Of the frame before, in an engine that stands in the path (engine_setup.ips). */
struct inspect_verdict inspector_verdict(const struct inspector *inspector);
/* The clock goes on, in front of the frame of that number. */
void inspector_tick(struct inspector *inspector, uint64_t now_ns, uint64_t frame);
/* That flow is over; packets of the same ends that follow begin another. */
void inspector_forget(struct inspector *inspector, struct flow *flow);
/* All flows are over. now_ns: the clock of all workers; 0: the last that this one was told. */
void inspector_finish(struct inspector *inspector, uint64_t now_ns);
struct engine_tally inspector_tally(const struct inspector *inspector);
void inspector_free(struct inspector *inspector);

/* Which worker the packet belongs to. */
unsigned int inspector_of(const struct inspect_settings *settings, const struct packet *packet);

#endif
