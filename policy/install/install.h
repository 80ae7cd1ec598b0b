/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Image to kernel. The only room that loads the gateway's object, makes its maps and writes policy
 * into them. Used by sekishod (which pins and attaches) and by replays (which do neither).
 */
#ifndef POLICY_INSTALL_INSTALL_H
#define POLICY_INSTALL_INSTALL_H

#include <stdbool.h>
#include <stdint.h>

#include "compile/compile.h"
#include "text/diag.h"

struct gate; /* the loaded object with its maps */

/* What no packet will walk through need not be loaded: the verifier is long at it. */
enum gate_programs {
	GATE_WHOLE,
	GATE_UNNAMED, /* no flow is looked at for its name */
	GATE_TABLES, /* none walks */
};

struct gate_options {
	const char *pin_dir; /* NULL: nothing is pinned or adopted; the directory is made if absent */
	uint32_t flows_max; /* 0: SEK_FLOWS_DEFAULT */
	uint32_t sources_max; /* 0: default */
	uint32_t events_bytes; /* 0: 4 MiB; rounded up to a power of two pages */
	uint32_t event_budget; /* 0: 10,000 */
	bool replay;
	bool replay_ways; /* a replay asks the kernel's routes and ports */
	enum gate_programs programs;
	const struct gate *lists_of; /* its address lists are asked in place of own ones; NULL: own */
};

struct gate_adopted {
	uint32_t maps_adopted, maps_new; /* by pin */
	char lost[1024]; /* what could not be adopted, in words; "" nothing */
};

/*
 * Opens, sizes, loads; adopts pinned maps of the same layout, makes and pins the others.
 * Returns 0 or -errno with words in diag. gate_close() releases; pins stay.
 */
int gate_open(const struct gate_options *options, struct gate **ret_gate,
	      struct gate_adopted *ret_adopted, struct diag *diag);
void gate_close(struct gate *gate);
int gate_prog_fd(const struct gate *gate);
/*
 * The program for TC ingress of SEK_PORT_PAGE: takes what the block page answers back to bridges.
 * -EBADF after a peek.
 */
int gate_page_back_fd(const struct gate *gate);
/*
 * The program for TC ingress, on the same maps; loaded when first asked for. Returns its descriptor,
 * the gate's, or -errno with words in diag. And the program that sends on what XDP hands over, for TC
 * ingress of XDP ports in a gateway with ports by TC.
 */
int gate_tc_fd(struct gate *gate, struct diag *diag);
int gate_handover_fd(struct gate *gate, struct diag *diag);

/*
 * For a program beside others in libxdp's dispatcher: loads what it goes on in, once a gate; and the
 * map that such a program has in the place of this one. 0 or a descriptor of the gate's, or -errno.
 */
int gate_join(struct gate *gate);
int gate_joined_fd(const struct gate *gate, const char *name);

/* File descriptor of a map by its name in maps.def; inner maps of the live generation by gate_live_fd(). */
int gate_map_fd(const struct gate *gate, const char *name);
int gate_live_fd(const struct gate *gate, const char *name, uint32_t generation);
/* One entry of a generation in a map of two halves: sek_port, sek_tenant. 0 or -errno. */
int gate_entry_get(const struct gate *gate, const char *name, uint32_t generation, uint32_t index,
		   void *ret_value);
int gate_entry_set(const struct gate *gate, const char *name, uint32_t generation, uint32_t index,
		   const void *value);

/* The live generation; 0: none yet. */
uint32_t gate_generation(const struct gate *gate);

/* What one generation can hold; an image beyond it is refused as a whole, with numbers. */
#define INSTALL_ATTACHES_MAX 65536
#define INSTALL_CLASSES_MAX 1048576
#define INSTALL_TABLES_MAX 1024 /* of 128 KiB */
#define INSTALL_ROWS_MAX 1048576 /* of 128 bytes */
#define INSTALL_RULES_MAX (SEK_TENANTS_MAX * SEK_RULES_MAX)
#define INSTALL_NAME_GROUPS_MAX 65536

/*
 * Numbers up to `used` belong to policies of before (the journal knows, also after a reboot, when
 * the maps do not): the next generation gets a higher one.
 */
void install_number_above(struct gate *gate, uint32_t used);

/*
 * Writes an image to the idle generation, reads it back and compares. Nothing is live yet.
 * Returns 0 and the number that commit will make live, or -errno with words in diag.
 */
int install_prepare(struct gate *gate, const struct image *image, uint32_t *ret_generation,
		    struct diag *diag);
/* One store; cannot fail. */
void install_commit(struct gate *gate, uint32_t generation);
void install_abort(struct gate *gate, uint32_t generation);

/*
 * Takes all flows and sources away, and gives their quotas back: for replays. What rates, guards and
 * pieces of datagrams know is forgotten by time, in less than an hour. 0 or -errno.
 */
int gate_forget(const struct gate *gate);

/*
 * What the rules of generation `from` were hit goes on in `to`, where a rule is the same under the same
 * name; others begin at 0. Called once, after install_commit() of `to`. Returns 0, or -errno: then the
 * rules that were not reached begin at 0.
 */
int install_hits_carry(const struct gate *gate, const struct policy *before, uint32_t from,
		       const struct policy *after, uint32_t to);

/* Makes flows ask again at their next packet, after list contents changed. */
void install_list_epoch(struct gate *gate);

/* What an interface is to the program; port 0 removes it. */
int gate_link_set(struct gate *gate, uint32_t ifindex, const struct sek_link *link);
/*
 * The way out of a port, or to the block page (SEK_PORT_PAGE); ifindex 0 removes it. from_xdp: its
 * device takes frames from XDP; else XDP hands over what goes there.
 */
int gate_tx_set(struct gate *gate, uint16_t port, uint32_t ifindex, bool from_xdp);
/*
 * The interface by which resets leave a port that shares them with another: one whose frames are its
 * driver's. 0: none; a connection through it is then reset at the end that sent last, and at the other
 * when that sends.
 */
int gate_reset_set(struct gate *gate, uint16_t port, uint32_t ifindex);

/*
 * Makes the secret of SYN cookies, or a new one when that in force is older than a day; cookies that
 * are out stay good. Returns 0 or -errno. gate_open() calls it once.
 */
int gate_secret_renew(struct gate *gate);
/* Nanoseconds of the clock that the program goes by (but in a replay). */
uint64_t gate_now_ns(void);

/* Opens the pinned maps for reading only (agent dead or not); no program is loaded. */
int gate_peek(const char *pin_dir, struct gate **ret_gate, struct diag *diag);

#endif
