/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the question whether a policy cuts off the session that applies it. Called by obj_policy.c.
 * Promises not to believe the environment: what is no connection is refused whole.
 */
#include "cli/session.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "compile/compile.h"

/* How a policy sees the session's packets from client to server. */
struct answer {
	const struct model_tenant *asked; /* whose rules; NULL: they are nobody's matter */
	const struct model_tenant *body; /* of the client; NULL: none */
	uint16_t rule;
	bool refused;
	bool stray; /* for the host, from an address of nobody, and no port faces the outside */
};

/* Takes one field off *text, up to a single space or the end. Returns its length, 0 for none. */
static size_t take_field(const char **text, const char **ret_field)
{
	size_t len = strcspn(*text, " ");

	*ret_field = *text;
	*text += len + ((*text)[len] == ' ');
	return len;
}

static bool take_address(const char **text, struct sek_addr *addr)
{
	struct prefix prefix;
	const char *field;
	size_t len = take_field(text, &field);

	if (!len || memchr(field, '/', len) || prefix_parse(field, len, &prefix, NULL) != PREFIX_OK)
		return false;
	*addr = prefix.addr;
	return true;
}

static bool take_port(const char **text, uint16_t *port)
{
	const char *field;
	size_t len = take_field(text, &field);
	uint32_t value = 0;

	if (!len || len > 5 || field[0] == '0')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (field[i] < '0' || field[i] > '9')
			return false;
		value = value * 10 + (uint32_t)(field[i] - '0');
	}
	*port = (uint16_t)value;
	return value <= UINT16_MAX;
}

int session_parse(const char *text, struct session *ret_session)
{
	size_t len = strlen(text);
	struct session session;

	if (!len || text[len - 1] == ' ')
		return -EINVAL;
	if (!take_address(&text, &session.client) || !take_port(&text, &session.client_port) ||
	    !take_address(&text, &session.server) || !take_port(&text, &session.server_port) || *text)
		return -EINVAL;
	if (address_is_v4(&session.client) != address_is_v4(&session.server))
		return -EINVAL;
	*ret_session = session;
	return 0;
}

/* Length of the longest of these prefixes that holds addr; -1: none does. */
static int longest(const struct prefix *prefixes, size_t cnt, const struct sek_addr *addr)
{
	int best = -1;

	for (size_t i = 0; i < cnt; i++)
		if (prefix_holds(&prefixes[i], addr) && prefixes[i].len > best)
			best = prefixes[i].len;
	return best;
}

static bool is_host(const struct policy *policy, const struct sek_addr *addr)
{
	const struct model_tenant *host = &policy->tenants[0];

	return longest(host->prefixes, host->prefix_cnt, addr) >= 0;
}

/* The body that an address belongs to; its next hops on the outside are not its own. */
static const struct model_tenant *body_of(const struct policy *policy, const struct sek_addr *addr)
{
	const struct model_tenant *body = NULL;
	int best = -1;

	for (size_t i = 1; i < policy->tenant_cnt; i++) {
		const struct model_tenant *tenant = &policy->tenants[i];
		int len = longest(tenant->prefixes, tenant->prefix_cnt, addr);

		if (len <= best || longest(tenant->routers, tenant->router_cnt, addr) >= len)
			continue;
		best = len;
		body = tenant;
	}
	return body;
}

/* Whether any port routes; with outside: any that faces the Internet. */
static bool routes(const struct policy *policy, bool outside)
{
	for (size_t i = 0; i < policy->port_cnt; i++)
		if (!policy->ports[i].bridge && (policy->ports[i].outside || !outside))
			return true;
	return false;
}

static bool refuses(const struct model_tenant *tenant, uint16_t rule)
{
	enum sek_action action = rule < tenant->rule_cnt
					 ? tenant->rules[rule].action
					 : tenant->default_action[rule - tenant->rule_cnt];

	return action == SEK_REFUSE || action == SEK_REJECT;
}

static void ask_rules(const struct policy *policy, const struct session *session, enum sek_dir dir,
		      struct answer *answer)
{
	const struct model_probe probe = {
		.tenant = answer->asked->id,
		.dir = dir,
		.proto = IPPROTO_TCP,
		.src = session->client,
		.dst = session->server,
		.sport = session->client_port,
		.dport = session->server_port,
	};

	answer->rule = model_decide(policy, &probe);
	answer->refused = refuses(answer->asked, answer->rule);
}

/* As stage/tenant.h tells packets apart; bridged ports carry nothing that is the host's. */
static struct answer ask(const struct policy *policy, const struct session *session)
{
	const struct model_tenant *server = body_of(policy, &session->server);
	struct answer answer = { .body = body_of(policy, &session->client) };
	enum sek_dir dir = SEK_IN;

	if (is_host(policy, &session->client))
		return answer;
	if (is_host(policy, &session->server)) {
		answer.asked = routes(policy, false) ? &policy->tenants[0] : NULL;
		answer.stray = answer.asked && !answer.body && !routes(policy, true);
	} else if (answer.body && !server) {
		answer.asked = answer.body;
		dir = SEK_OUT;
	} else if (!answer.body) {
		answer.asked = server;
	}
	if (answer.asked)
		ask_rules(policy, session, dir, &answer);
	return answer;
}

static void say_rule(const struct answer *answer, char *why)
{
	const struct model_tenant *asked = answer->asked;
	const struct place *place = policy_rule_place(asked, answer->rule);

	snprintf(why, SESSION_WHY_MAX, "refused by rule '%s' of %s%s (%s:%u)",
		 policy_rule_name(asked, answer->rule), asked->id ? "tenant " : "the host section",
		 asked->id ? asked->name : "", place->file ? place->file : "no file", place->line);
}

/* Whose the addresses were, and are no more. False: nothing of it has changed. */
static bool say_owner(const struct session *session, const struct answer *was,
		      const struct answer *is, char *why)
{
	char client[PREFIX_TEXT_MAX], server[PREFIX_TEXT_MAX];

	address_print(&session->client, client);
	address_print(&session->server, server);
	if (!was->asked->id && (!is->asked || is->asked->id))
		snprintf(why, SESSION_WHY_MAX,
			 "refused: %s is no address of the host section any more", server);
	else if (was->body && !is->body)
		snprintf(why, SESSION_WHY_MAX,
			 "refused: %s lies in no tenant's prefixes any more (tenant %s had it)",
			 client, was->body->name);
	else if (!was->body && is->body)
		snprintf(why, SESSION_WHY_MAX,
			 "refused: %s comes from outside, and tenant %s (%s:%u) takes it for its own",
			 client, is->body->name, is->body->place.file, is->body->place.line);
	else if (!is->asked)
		snprintf(why, SESSION_WHY_MAX,
			 "refused: %s lies in no tenant's prefixes any more (tenant %s had it)",
			 server, was->asked->name);
	else
		return false;
	return true;
}

enum session_outlook session_outlook(const struct session *session, const struct policy *before,
				     const struct policy *after, char *why)
{
	struct answer was = before ? ask(before, session) : (struct answer){ 0 };
	struct answer is = ask(after, session);

	if (is.refused)
		say_rule(&is, why);
	else if (is.stray)
		snprintf(why, SESSION_WHY_MAX,
			 "refused: its client lies in no tenant's prefixes, and no port is outside");
	else if (!was.asked || was.refused || was.stray || !say_owner(session, &was, &is, why))
		return SESSION_STAYS;
	return was.refused || was.stray ? SESSION_UNSURE : SESSION_CUT;
}

int session_guard(struct cli *cli, const struct session *session, const struct policy *before,
		  const struct policy *after, bool anyway)
{
	char why[SESSION_WHY_MAX] = "", client[PREFIX_TEXT_MAX], server[PREFIX_TEXT_MAX];
	enum session_outlook outlook = session_outlook(session, before, after, why);

	address_print(&session->client, client);
	address_print(&session->server, server);
	if (outlook == SESSION_CUT && !anyway)
		return cli_fail(cli, CLI_FAILED, NULL,
				"this would cut off your own session, from %s to %s port %u: %s; "
				"nothing was changed. 'confirm 60' makes it go back by itself, 'force' "
				"applies it all the same",
				client, server, session->server_port, why);
	if (outlook == SESSION_CUT)
		cli_note(cli, "this cuts off your own session, from %s to %s port %u: %s", client,
			 server, session->server_port, why);
	if (outlook == SESSION_UNSURE)
		cli_note(cli,
			 "your own session, from %s to %s port %u, is %s, and by the policy in force "
			 "as well: it does not come through the gateway's ports, or they are detached",
			 client, server, session->server_port, why);
	return CLI_OK;
}
