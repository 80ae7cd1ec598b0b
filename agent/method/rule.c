// SPDX-License-Identifier: Apache-2.0
/*
 * rule.reload: the rules of inspection in line, read again. Answered when packets are asked by them; who did
 * it is in the journal and in the records. Called by method.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "change.h"
#include "inline/inline.h"
#include "method/method.h"

#define WHY_MAX 200

struct asked {
	struct agent *agent;
	struct ticket *ticket;
	struct origin origin;
	char why[WHY_MAX]; /* may be "" */
};

static void note(const struct asked *asked, const char *outcome)
{
	char message[WHY_MAX + 200];
	const struct peer *peer = ticket_peer(asked->ticket);
	struct journal_entry entry = change_entry_by(peer, &asked->origin);

	entry.action = "reload";
	entry.message = message;
	entry.path = asked->agent->settings->inspect_rules[0];
	snprintf(message, sizeof(message), "%s%s%s", outcome, asked->why[0] ? ": " : "", asked->why);
	log_info("inspection: %s has rules read again: %s", peer->user, message);
	change_note(asked->agent, &entry);
}

static json_t *diag_of(const struct reload *reload)
{
	json_t *data = diag_data(&reload->diag), *entries;

	if (!data)
		return json_array();
	entries = json_incref(json_object_get(data, "diag"));
	json_decref(data);
	return entries;
}

static void reloaded(void *arg, const struct reload *reload)
{
	struct asked *asked = arg;
	char message[160];

	if (reload->err) {
		snprintf(message, sizeof(message), "%s; those in force stay",
			 reload->err == -EINVAL ? "no rule can be taken" : strerror(-reload->err));
		note(asked, message);
		ticket_fault(asked->ticket, reload->err == -ECANCELED ? RPC_BUSY : RPC_INPUT,
			     diag_data(&reload->diag), "%s", message);
	} else {
		snprintf(message, sizeof(message), "%u taken, %u refused, %u ignored",
			 reload->tally.taken, reload->tally.refused, reload->tally.ignored);
		note(asked, message);
		ticket_result(asked->ticket,
			      json_pack("{s:I, s:I, s:I, s:f, s:o}", "taken",
					(json_int_t)reload->tally.taken, "refused",
					(json_int_t)reload->tally.refused, "ignored",
					(json_int_t)reload->tally.ignored, "seconds",
					(double)(clock_mono_ns() - reload->began_ns) / 1e9, "diag",
					diag_of(reload)));
	}
	free(asked);
}

static void not_begun(struct ticket *ticket, int err)
{
	if (err == -EBUSY)
		ticket_fault(ticket, RPC_BUSY, NULL, "too much is under way; ask again");
	else if (err == -EAGAIN)
		ticket_fault(ticket, RPC_BUSY, NULL,
			     "inspection has not begun: `sekisho worker show` and the log say why");
	else
		ticket_fault(ticket, RPC_INTERNAL, NULL, "%s", strerror(-err));
}

void method_rule_reload(struct agent *agent, struct ticket *ticket, json_t *params)
{
	const char *why = "";
	struct asked *asked;
	struct origin origin;
	int err;

	if (!param_origin(ticket, params, &origin) ||
	    !param_string(ticket, params, "message", false, &why))
		return;
	if (!agent->inspection) {
		ticket_fault(ticket, RPC_NOT_FOUND, NULL,
			     "nobody inspects: sekishod was started without --inspect-rules");
		return;
	}
	asked = malloc(sizeof(*asked));
	err = asked ? 0 : -ENOMEM;
	if (!err) {
		*asked = (struct asked){ .agent = agent, .ticket = ticket, .origin = origin };
		snprintf(asked->why, sizeof(asked->why), "%s", why);
		err = inspection_reload(agent->inspection, reloaded, asked);
	}
	if (err) {
		free(asked);
		not_begun(ticket, err);
	}
}
