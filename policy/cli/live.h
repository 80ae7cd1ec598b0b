/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway at work, as an object's command sees it: asks the agent; reads that the agent cannot
 * answer are answered from the pinned maps, and say so.
 */
#ifndef POLICY_CLI_LIVE_H
#define POLICY_CLI_LIVE_H

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/print.h"
#include "install/install.h"

/*
 * Asks sekishod. params is taken over; NULL: none. Returns CLI_OK and the result, which the caller
 * owns, or an exit status after the words were said.
 */
int live_ask(struct cli *cli, const char *method, json_t *params, json_t **ret_result);

/*
 * The same, but an error of the agent whose code is `own` is the caller's to tell: then *ret_answer
 * holds it, and CLI_FAILED is returned with nothing said. file may be NULL.
 */
#define LIVE_ANY 0 /* own: whatever the agent answers by */
int live_ask_own(struct cli *cli, const char *method, json_t *params,
		 const struct client_file *file, int own, struct client_answer *ret_answer);

/* Says such an error after all, and gives the answer free. Returns enum cli_exit. */
int live_say_error(struct cli *cli, const char *method, struct client_answer *answer);

/* live_ask() with a file that goes along; what changes nothing in force may take up to an hour. */
int live_ask_file(struct cli *cli, const char *method, json_t *params,
		  const struct client_file *file, json_t **ret_result);

/*
 * The same for a caller that knows another way when nobody answers: CLI_NO_AGENT is then returned
 * with nothing said, and the words are in diag.
 */
int live_try(struct cli *cli, const char *method, json_t *params, struct diag *diag,
	     json_t **ret_result);

/* Makes the answer to a method from maps; params as the agent would have had them, may be NULL. */
typedef json_t *live_peek(const struct gate *gate, const struct policy *policy,
			  const json_t *params, struct diag *diag);

/* The policy that the pinned maps hold, from the journal, for its names; NULL: it does not tell. */
struct policy *live_peek_policy(const struct cli *cli, const struct gate *gate);

/* live_ask(), and from the pinned maps when nobody answers. */
int live_read(struct cli *cli, const char *method, json_t *params, live_peek *peek,
	      json_t **ret_result);

/* live_read() and the result on standard output. */
int live_show(struct cli *cli, const char *method, json_t *params, live_peek *peek,
	      const struct view *view);

/* Prints a result, as a table or as JSON, and gives it free. Returns enum cli_exit. */
int live_print(struct cli *cli, json_t *result, const struct view *view);

/*
 * The entry of the policy in force: policy.show of the agent, else of the journal:
 * {"generation","time","action","user","message","path","text","hash"}. generation 0: the live one.
 */
int live_policy(struct cli *cli, uint32_t generation, json_t **ret_entry);

/* The same of a former generation for who can do without: NULL, and nothing said, when none can be had. */
json_t *live_policy_past(struct cli *cli, uint32_t generation);

/*
 * {"entries":[without text, the newest first],"live":generation}: policy.history, else from the
 * journal (without live). limit 0: all.
 */
int live_history(struct cli *cli, uint32_t limit, json_t **ret_result);

/* What the agent had to say besides its result: member "diag", on standard error. */
void live_warn(struct cli *cli, const json_t *result);

/*
 * Leaves only the rows whose member `key` is `value` (NULL: all). Returns CLI_OK, or CLI_FAILED after
 * saying which values there are.
 */
int live_keep(struct cli *cli, json_t *result, const char *rows, const char *key, const char *value);

/* live_keep() for the argument `key`, and what is left on standard output. Gives result free. */
int live_print_kept(struct cli *cli, const struct cli_args *args, json_t *result, const char *key,
		    const struct view *view);

/* Parameters from the arguments that were given: a member for each name in names (ended by NULL). */
json_t *live_params(const struct cli_args *args, const char *const *names);

/* Whole seconds of "90s", "15m", "1h30m"; text NULL: 0. CLI_OK, or CLI_USAGE with the words said. */
int live_span(struct cli *cli, const char *text, int64_t *ret_seconds);

#endif
