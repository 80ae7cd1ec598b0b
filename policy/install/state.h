/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel holds, as JSON: the one place that turns maps into words. Used by sekishod for
 * the *.show methods and by the CLI on pinned maps when the agent is down.
 * Promises: reads only (but state_flow_delete), every function returns a new object that the caller
 * owns, or NULL with the reason in diag. policy gives names; NULL: numbers are shown in their place.
 */
#ifndef POLICY_INSTALL_STATE_H
#define POLICY_INSTALL_STATE_H

#include <jansson.h>

#include "install/install.h"
#include "sekisho/event.h"
#include "sekisho/flow.h"

#define STATE_PROTO_ICMP 256 /* of either family */
#define STATE_LARGEST_MAX 10000

/* Which flows; a filter of zeros with proto and tenant -1 is all of them. */
struct state_filter {
	int32_t tenant; /* id; -1: any */
	int32_t proto; /* IPPROTO_* or STATE_PROTO_ICMP; -1: any */
	struct prefix src, dst; /* of the opener and its peer; len 0: any */
	uint16_t port; /* host byte order, either side; 0: any */
	uint32_t limit; /* flows to show; 0: no limit. Deleting pays no heed to it. */
	bool largest; /* of all that match, those with the most bytes, the most first; has a limit */
	bool expired; /* only what is past its state's timeout (needs a policy) */
	uint64_t now_ns; /* by this clock of the gate's; 0: the machine's */
};

/*
 * Reads {"tenant":"saga","src":"10.0.0.0/8","dst":"192.0.2.1","proto":"tcp","port":443,"limit":100,
 *  "order":"bytes"}, every member optional (order needs a limit, of at most STATE_LARGEST_MAX);
 * params may be NULL. Unknown members and bad values are told in diag.
 * Returns 0 or -EINVAL.
 */
int state_filter_read(const json_t *params, const struct policy *policy,
		      struct state_filter *ret_filter, struct diag *diag);

/*
 * {"flows":[{"tenant","dir","proto","src","sport","dst","dport","state","age_s","idle_s",
 *   "packets_out","bytes_out","packets_in","bytes_in","rule","generation","flags":["half-open",...],
 *   "inspection":{"state":"new"|"worker"|"back"|"unseen"|"blocked","worker","handed_out","handed_in"
 * (frames),
 *     "back":["out","in"] (directions that the kernel has again), and, once a worker knows: "protocol",
 *     "rules" (that may still match, at most),
 *     "looked_at_for":["protocol","rules","records","files","verdict"],
 *     "back_why" (as of workers)} (of flows to be inspected)}],
 *  "shown":n,"matched":n,"total":n}; src is the opener. Times in seconds (real).
 */
json_t *state_flows(const struct gate *gate, const struct policy *policy,
		    const struct state_filter *filter, struct diag *diag);

/*
 * Deletes the flows that match and gives their quotas back; each (may be NULL) sees every one of
 * them in its last state. Returns 0 or -errno with words.
 */
int state_flow_delete(const struct gate *gate, const struct policy *policy,
		      const struct state_filter *filter,
		      void (*each)(const struct sek_flow_key *key, const struct sek_flow *flow,
				   void *arg),
		      void *arg, uint64_t *ret_deleted, struct diag *diag);

/*
 * {"generation":n,"list_epoch":n,"packets":n,"bytes":n,
 *  "verdicts":[{"verdict","packets","bytes"}],
 *  "rows":[{"tenant","dir","verdict","reason","text","text_ja","packets","bytes"}]}
 * Cells of 0 are left out. verdict is the class in reasons.def.
 */
json_t *state_stats(const struct gate *gate, const struct policy *policy, struct diag *diag);

/*
 * {"ports":[{"port","id","side","mode","interfaces":[{"ifindex","interface","vlan","outer","mtu"}],
 *   "link","hook","driver","speed_bits_per_s","kernel":{...} (interface.h; of id 0, no port, not),
 *   "packets","bytes","dropped","reasons":[{"verdict","reason","text","text_ja","packets","bytes"}]}]}
 */
json_t *state_ports(const struct gate *gate, const struct policy *policy, struct diag *diag);

/*
 * {"rates":[{"tenant","dir","bits_per_s","packets_per_s","burst_ms","fill_bits","fill_packets",
 *   "passed_packets","passed_bytes","marked_packets","dropped_packets","dropped_bytes"}]}
 * A limit of 0 is none. fill: how much of the burst is used up now, 0..1.
 */
json_t *state_rates(const struct gate *gate, const struct policy *policy, struct diag *diag);

/*
 * {"tenants":[{"tenant","id","title","options","attach":[{"port","vlan","outer"}],"prefixes":[...],
 *   "rules":n,"flows":n,"flows_max":n,"half_open":n,"half_open_max":n,
 *   "synflood":"off"|"auto"|"always","synflood_active":0|1 (SYNs are answered by cookies now),
 *   "passed_out","passed_in","dropped_out","dropped_in" (packets), "bytes_out","bytes_in" (passed)}]}
 */
json_t *state_tenants(const struct gate *gate, const struct policy *policy, struct diag *diag);

/* Whether a tenant's SYNs are answered by cookies now. */
bool state_synflood(const struct sek_tenant *limits, const struct sek_quota *quota);

/*
 * {"workers":[{"worker","state":"serves"|"dead"|"ended","queues","under_way","room" (frames),"packets",
 *   "bytes","sent","dropped","lost","back","blocked","alerts","records_lost","rate_packets","rate_bits" (of
 *   the last second),"wait_p50_us","wait_p99_us","block_us" (the longest until a block),
 *   "waits":[{"below_us","frames"}],"back_why":{"rule","ciphered","depth","elephant","exception",
 *   "no-rule"},"dropped_why":{"rule","flow","file","datagram","memory","other"},
 *   "held_now","held_now_bytes","held_most_bytes","held","held_no_room" (frames of files that wait for
 *   their verdicts),"files_judged","files_late_open","files_late_closed"}]}: those that ever began. Waits
 *   are of frames, from the kernel's hand to the device that sends.
 */
json_t *state_workers(const struct gate *gate, const struct policy *policy, struct diag *diag);

/*
 * {"causes":[{"cause","offered","written","suppressed","lost"}],
 *  "names":[{"what":"ech_cut"|"ech_blank"|"ech_left"|"reset_one","count"}] (enum sek_name_tally)}
 */
json_t *state_event_stats(const struct gate *gate, struct diag *diag);

/* {"lists":[{"list","id","kind","category","title","packets","bytes"}]}: what each list decided. */
json_t *state_list_counts(const struct gate *gate, const struct policy *policy, struct diag *diag);

/*
 * {"generation":n,"rules":[{"tenant","n","rule","hits","last","since"}]}: the first packets that each
 * rule of the live generation decided, the last of them and since when they are counted, in seconds
 * since 1970; no "last": none yet.
 */
json_t *state_rule_hits(const struct gate *gate, const struct policy *policy, struct diag *diag);

/* Names of numbers, for records and tables. "unknown" for what is none. */
const char *state_reason_name(uint8_t reason);
const char *state_reason_text(uint8_t reason, bool japanese);
const char *state_reason_verdict(uint8_t reason); /* "forward", "stack", "drop", "bug" */
const char *state_flow_state_name(uint8_t state);
const char *state_cause_name(uint8_t cause);
const char *state_dir_name(uint8_t dir);
const char *state_back_name(uint32_t why); /* of enum sek_back_why; NULL: it is none */

#endif
