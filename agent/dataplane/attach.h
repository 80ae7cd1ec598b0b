/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One program on one hook: XDP by a bpf_link that is pinned, TC by a filter and a pin that remembers
 * it; adopted when it is there already.
 */
#ifndef AGENT_DATAPLANE_ATTACH_H
#define AGENT_DATAPLANE_ATTACH_H

#include <stdbool.h>
#include <stdint.h>

#include "install/install.h"
#include "model/model.h"
#include "text/diag.h"

enum hook {
	HOOK_NONE,
	HOOK_XDP, /* in the driver */
	HOOK_GENERIC, /* XDP after the socket buffer was made */
	HOOK_TC,
	HOOK_DISPATCHER, /* XDP beside other programs, by libxdp's dispatcher */
};

/* How a port is held. */
struct attachment {
	enum hook hook;
	int link_fd; /* -1: no link */
	uint32_t ifindex;
	uint32_t filter,
		prog_id; /* a filter's handle and the program in it: TC, or what is handed over */
	bool bare; /* XDP: there is no filter behind it */
	bool adopted; /* was there already; its program was replaced in place */
};

/* Where a port is attached, and what. */
struct attach_place {
	struct gate *gate;
	const char *pin_dir;
	const char *interface;
	uint32_t ifindex, mtu;
	bool tags_hidden; /* its driver takes VLAN tags where XDP would not see them */
};

/* The hook in one word, as policies spell it: "xdp", "generic", "tc", "dispatcher", "none". */
const char *hook_name(enum hook hook);

/*
 * Attaches the gate's program to the interface, pinned as PIN_DIR/link-PORT, or as PIN_DIR/tc-IFINDEX-PORT
 * where it is the program for TC. A pinned link of this interface and a filter of ours get the program
 * in place, so no packet passes without one; a pin of another interface is removed. A foreign XDP
 * program is left alone: joined if it is libxdp's dispatcher and the kernel allows it, else -EBUSY.
 * Mode auto: native XDP, unless that would not see VLAN tags, else TC, else generic XDP. Words
 * (warnings too: what was refused, with the MTU) go to diag.
 */
int attach_port(const struct attach_place *place, const struct model_port *port,
		struct attachment *ret_attachment, struct diag *diag);

/*
 * Puts behind a port by XDP the filter that sends on what XDP hands over, or sees to it that none is
 * there. Cheap when all is as wished. Returns 0, or -errno with words in diag.
 */
int attach_handover(const struct attach_place *place, const struct model_port *port,
		    struct attachment *attachment, bool wanted, struct diag *diag);

/* The XDP program that is on an interface, whoever's it is; 0: none. */
uint32_t attach_occupant(uint32_t ifindex);

/* Is it still on its interface? A link whose device went away is not. */
bool attach_alive(const struct attachment *attachment);

/* Takes the program off the port and removes the pin. */
void attach_end(const char *pin_dir, const char *port, struct attachment *attachment);

/* Lets go of the link; the pin keeps it attached. */
void attach_leave(struct attachment *attachment);

/* The interface that this port was attached to, by its pin; 0: none. */
uint32_t attach_pinned_ifindex(const char *pin_dir, const char *port);

/*
 * Takes off and unpins the ports that keep() does not want, by the end of their pins' names. Returns
 * how many. keep NULL wants none.
 */
int attach_prune(const char *pin_dir, bool (*keep)(const char *pin_name, void *arg), void *arg);

/* The end of a pin's name for a port; bpffs takes no dots, so odd bytes are written ~XX. */
void attach_pin_name(const char *port, char *out, size_t cap);

#endif
