/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The composition of page, requests and overrides, and the methods url.request.*. Called by agent.c, change.c
 * and method.c, in the loop's thread alone.
 */
#include "release.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "change.h"
#include "compile/names.h"
#include "install/names.h"
#include "install/requests.h"
#include "lists_care.h"
#include "method/method.h"
#include "page/page.h"
#include "sekisho/page.h"
#include "text/counted.h"

struct release {
	struct agent *agent;
	struct requests *requests;
	struct page *page;
	/* What became of a request, kept until the next page. */
	char name[256], reason[256], reference[REQUEST_REFERENCE];
};

static struct release *release_of(const struct agent *agent)
{
	return agent->release;
}

/* --- whose client, and what holds the name back --- */

/* A seat's address, which stands for a client behind a bridge: of either family. */
static bool seat_read(const struct sek_addr *addr, uint32_t *ret_number)
{
	uint32_t number = ntohl(addr->w[3]);

	if (address_is_v4(addr))
		number -= SEK_PAGE_SEAT4;
	else if (addr->w[0] != htonl(SEK_PAGE_SEAT6_0) || addr->w[1] != htonl(SEK_PAGE_SEAT6_1) ||
		 addr->w[2])
		return false;
	*ret_number = number;
	return number < SEK_TENANTS_MAX * SEK_PAGE_SEATS;
}

static void page_asks_who(void *arg, struct sek_addr *client, uint16_t *ret_tenant)
{
	const struct release *r = arg;
	struct sek_page_seat seat;
	uint32_t number;

	if (!seat_read(client, &number) ||
	    bpf_map_lookup_elem(gate_map_fd(r->agent->gate, "sek_page_seat"), &number, &seat))
		return;
	*client = seat.client;
	*ret_tenant = (uint16_t)(number / SEK_PAGE_SEATS);
}

static const struct model_tenant *tenant_of(const struct policy *policy,
					    const struct page_question *q)
{
	const struct sek_addr *client = &q->client;
	const struct model_tenant *found = NULL;
	int longest = -1;

	if (q->tenant)
		return policy_tenant_id(policy, q->tenant);

	for (size_t i = 0; i < policy->tenant_cnt; i++) {
		const struct model_tenant *tenant = &policy->tenants[i];

		for (size_t k = 0; tenant->id && k < tenant->prefix_cnt; k++) {
			if (tenant->prefixes[k].len <= longest ||
			    !prefix_holds(&tenant->prefixes[k], client))
				continue;
			longest = tenant->prefixes[k].len;
			found = tenant;
		}
	}
	return found;
}

/* The quarter of an hour of the week, from Monday 0:00 local time. */
static unsigned int quarter_now(void)
{
	time_t now = time(NULL);
	struct tm tm = {};

	localtime_r(&now, &tm);
	return (unsigned int)((tm.tm_wday + 6) % 7 * 96 + tm.tm_hour * 4 + tm.tm_min / 15);
}

/* What lists and overrides say of it now; *ret_list is the first that holds it back, or NULL. */
static bool held(const struct release *r, const struct policy *policy,
		 const struct model_tenant *tenant, const struct model_names *names,
		 const struct page_question *q, const struct model_name_list **ret_list)
{
	const struct name_asked asked = { .host = q->host,
					  .path = q->path,
					  .host_len = strlen(q->host),
					  .path_len = strlen(q->path) };
	struct sek_name_profile *profile = calloc(1, sizeof(*profile));
	const struct sek_name_phase *phase;
	struct sek_name_said said = {};
	bool blocked = false;

	if (profile && name_profile_build(policy, names, profile)) {
		phase = &profile->phase[profile->week[quarter_now()]];
		/* Not which entry: that would be a walk over the list for each picture of a page. */
		said = names_decide(lists_care_names(r->agent->lists), &asked, tenant->id, phase,
				    NULL);
		name_said_connected(&said, false);
		blocked = said.opinion == SEK_NAME_BLOCK ||
			  (said.opinion == SEK_NAME_NONE && phase->flags & SEK_NAME_ONLY_LISTED);
	}
	free(profile);
	if (blocked && said.lists)
		*ret_list = policy_name_list_id(policy, (uint16_t)__builtin_ctzll(said.lists));
	return blocked;
}

static void page_asks_why(void *arg, const struct page_question *q, struct page_why *why)
{
	struct release *r = arg;
	const struct policy *policy = agent_policy(r->agent);
	const struct model_tenant *tenant = policy ? tenant_of(policy, q) : NULL;
	const struct model_name_list *list = NULL;
	const struct model_names *names;

	*why = (struct page_why){};
	if (!tenant)
		return;
	names = policy_names_at(tenant, &q->client, NULL);
	why->tenant = tenant->name;
	why->tenant_title = tenant->title;
	why->help_desk = names->help_desk ? names->help_desk : policy->names.help_desk;
	why->can_ask = !policy->names.no_requests;
	if (!names->on || !q->host[0])
		return;
	why->held = held(r, policy, tenant, names, q, &list);
	if (!list)
		return;
	why->category = list->category;
	why->list = list->name;
	why->list_title = list->title;
}

/* --- records --- */

static void url_print(const struct page_question *q, char *out, size_t cap)
{
	snprintf(out, cap, "http://%s%s", q->host, q->path);
}

static void page_was_shown(void *arg, const struct page_question *q, const struct page_why *why)
{
	char client[PREFIX_TEXT_MAX], url[800];
	struct release *r = arg;

	url_print(q, url, sizeof(url));
	records_object(r->agent->records, "block_page",
		       json_pack("{s:s, s:s, s:s, s:s, s:s*, s:s*, s:s}", "tenant", why->tenant,
				 "src_ip", address_print(&q->client, client), "name", q->host,
				 "url", url, "list", why->list, "category", why->category,
				 "reference", q->reference));
}

static int request_record(const struct url_request *request, void *arg)
{
	struct release *r = arg;
	json_t *json = request_json(request);

	/* the words of the record file for the same things */
	if (json && !json_object_set(json, "src_ip", json_object_get(json, "client")))
		json_object_del(json, "client");
	records_object(r->agent->records, "release", json);
	return 0;
}

/* --- requests of the page --- */

static int page_asks_release(void *arg, const struct page_question *q, const struct page_why *why,
			     struct page_outcome *outcome)
{
	char client[PREFIX_TEXT_MAX], url[800];
	struct release *r = arg;
	const struct url_request ask = { .time = time(NULL),
					 .reference = q->reference,
					 .tenant = why->tenant,
					 .client = address_print(&q->client, client),
					 .name = q->host,
					 .url = url,
					 .category = why->category,
					 .list = why->list,
					 .comment = q->comment };
	int64_t id = 0;
	int err;

	url_print(q, url, sizeof(url));
	err = requests_add(r->requests, &ask, &id, r->reference);
	if (!err) {
		log_info("release: request %lld: %s of %s asks for %s", (long long)id, client,
			 why->tenant, q->host);
		requests_find(r->requests, id, request_record, r);
	} else if (err != -EEXIST) {
		log_warn("release: a request of %s is not kept: %s", client, strerror(-err));
		return err;
	}
	outcome->reference = r->reference;
	return 0;
}

struct outcome_asked {
	struct release *release;
	struct page_outcome *outcome;
};

static int outcome_take(const struct url_request *request, void *arg)
{
	const struct outcome_asked *asked = arg;
	struct release *r = asked->release;

	snprintf(r->name, sizeof(r->name), "%s", request->name);
	snprintf(r->reason, sizeof(r->reason), "%s", request->why);
	snprintf(r->reference, sizeof(r->reference), "%s", request->reference);
	*asked->outcome = (struct page_outcome){ .name = r->name,
						 .state = request_state_name(request->state),
						 .why = r->reason,
						 .reference = r->reference,
						 .until = request->until };
	return 0;
}

static int page_asks_outcome(void *arg, const char *reference, struct page_outcome *outcome)
{
	struct outcome_asked asked = { arg, outcome };

	return requests_find_reference(asked.release->requests, reference, outcome_take, &asked);
}

/* --- url.request.list, show --- */

static int row_add(const struct url_request *request, void *arg)
{
	json_t *row = request_json(request);

	return row ? json_array_append_new(arg, row) : -ENOMEM;
}

void method_url_request_list(struct agent *agent, struct ticket *ticket, json_t *params)
{
	const char *state = NULL, *tenant = NULL;
	json_t *rows = json_array();
	int64_t limit = 1000;
	int which = -1;

	if (!param_string(ticket, params, "state", false, &state) ||
	    !param_string(ticket, params, "tenant", false, &tenant) ||
	    !param_number(ticket, params, "limit", 1, REQUESTS_MAX, &limit)) {
		json_decref(rows);
		return;
	}
	if (state && (which = request_state_read(state)) < 0) {
		json_decref(rows);
		ticket_fault(ticket, RPC_PARAMS, NULL, "a state is pending, granted or denied");
		return;
	}
	requests_walk(release_of(agent)->requests, which, tenant, (uint32_t)limit, row_add, rows);
	ticket_result(ticket, json_pack("{s:o}", "requests", rows));
}

/* By number or by reference. */
static bool request_find(struct agent *agent, struct ticket *ticket, json_t *params,
			 request_call *found, void *arg)
{
	struct requests *requests = release_of(agent)->requests;
	const char *which;
	char *end;
	long long id;
	int err;

	if (!param_string(ticket, params, "id", true, &which))
		return false;
	id = strtoll(which, &end, 10);
	err = *which && !*end ? requests_find(requests, id, found, arg)
			      : requests_find_reference(requests, which, found, arg);
	if (err == -ENOENT)
		ticket_fault(ticket, RPC_NOT_FOUND, NULL, "there is no request %s", which);
	else if (err)
		ticket_fault(ticket, RPC_INTERNAL, NULL, "requests cannot be read: %s",
			     strerror(-err));
	return !err;
}

void method_url_request_show(struct agent *agent, struct ticket *ticket, json_t *params)
{
	json_t *rows = json_array();

	if (request_find(agent, ticket, params, row_add, rows))
		ticket_result(ticket, json_pack("{s:o}", "requests", json_incref(rows)));
	json_decref(rows);
}

/* --- url.request.grant, deny --- */

/* What is decided of: its own copies. */
struct case_file {
	int64_t id;
	char tenant[64], name[256], client[PREFIX_TEXT_MAX], reference[REQUEST_REFERENCE];
	enum request_state state;
};

static int case_take(const struct url_request *request, void *arg)
{
	struct case_file *c = arg;

	c->id = request->id;
	c->state = request->state;
	snprintf(c->tenant, sizeof(c->tenant), "%s", request->tenant);
	snprintf(c->name, sizeof(c->name), "%s", request->name);
	snprintf(c->client, sizeof(c->client), "%s", request->client);
	snprintf(c->reference, sizeof(c->reference), "%s", request->reference);
	return 0;
}

static void decided_note(struct agent *agent, struct ticket *ticket, const struct case_file *c,
			 const char *what)
{
	const struct peer *peer = ticket_peer(ticket);
	struct journal_entry entry = change_entry_by(peer, NULL);
	char message[512];

	entry.action = "release";
	entry.message = message;
	snprintf(message, sizeof(message), "request %lld (%s): %s for %s is %s", (long long)c->id,
		 c->reference, c->name, c->tenant, what);
	log_info("release: %s: %s", peer->user, message);
	change_note(agent, &entry);
	requests_find(agent->release->requests, c->id, request_record, agent->release);
}

static void decide(struct agent *agent, struct ticket *ticket, const struct case_file *c,
		   const struct url_request *decision)
{
	json_t *rows = json_array();
	int err = requests_decide(agent->release->requests, c->id, decision);

	if (err) {
		json_decref(rows);
		ticket_fault(ticket, err == -EALREADY ? RPC_INPUT : RPC_INTERNAL, NULL,
			     err == -EALREADY ? "request %lld is %s already" : "request %lld: %s",
			     (long long)c->id,
			     err == -EALREADY ? request_state_name(c->state) : strerror(-err));
		return;
	}
	decided_note(agent, ticket, c, request_state_name(decision->state));
	requests_find(agent->release->requests, c->id, row_add, rows);
	ticket_result(ticket, json_pack("{s:o}", "requests", rows));
}

void method_url_request_deny(struct agent *agent, struct ticket *ticket, json_t *params)
{
	struct case_file c = {};
	struct url_request decision = { .state = REQUEST_DENIED,
					.decided = time(NULL),
					.decided_by = ticket_peer(ticket)->user };

	if (param_string(ticket, params, "message", false, &decision.why) &&
	    request_find(agent, ticket, params, case_take, &c))
		decide(agent, ticket, &c, &decision);
}

/* The override first: what is told to be granted is open. */
static int override_make(struct agent *agent, const struct case_file *c,
			 const struct url_request *decision, struct diag *diag)
{
	char asked_by[128];
	const struct name_override override = { .tenant = c->tenant,
						.name = c->name,
						.allow = true,
						.made = decision->decided,
						.until = decision->until,
						.reason = decision->why,
						.asked_by = asked_by,
						.allowed_by = decision->decided_by };

	snprintf(asked_by, sizeof(asked_by), "%s (request %s)", c->client, c->reference);
	return names_override_add(lists_care_names(agent->lists), agent->journal, &override, NULL,
				  diag);
}

void method_url_request_grant(struct agent *agent, struct ticket *ticket, json_t *params)
{
	struct url_request decision = { .state = REQUEST_GRANTED,
					.decided = time(NULL),
					.decided_by = ticket_peer(ticket)->user };
	struct case_file c = {};
	int64_t seconds = 0;
	struct diag diag;

	if (!param_string(ticket, params, "message", false, &decision.why) ||
	    !param_number(ticket, params, "for", 0, 10LL * 366 * 86400, &seconds) ||
	    !request_find(agent, ticket, params, case_take, &c))
		return;
	if (c.state == REQUEST_GRANTED) {
		ticket_fault(ticket, RPC_INPUT, NULL, "request %lld is granted already",
			     (long long)c.id);
		return;
	}
	decision.until = seconds ? decision.decided + seconds : 0;
	diag_init(&diag);
	if (override_make(agent, &c, &decision, &diag))
		ticket_fault(ticket, RPC_INPUT, diag_data(&diag), "%s",
			     diag.cnt ? diag.entries[diag.cnt - 1].text : "it cannot be released");
	else
		decide(agent, ticket, &c, &decision);
	diag_free(&diag);
}

/* --- as the policy says --- */

void release_policy(struct release *r, const struct policy *policy)
{
	struct model_page_listen pages[MODEL_NAME_PAGES_MAX];
	struct page_listen listens[MODEL_NAME_PAGES_MAX];
	size_t cnt = policy_pages(policy, pages);

	for (size_t i = 0; i < cnt; i++)
		listens[i] = (struct page_listen){ pages[i].addr, pages[i].port };
	page_listen(r->page, listens, cnt);
}

json_t *release_words(const struct release *r)
{
	struct page_counts counts;
	size_t served, all;

	page_count(r->page, &served, &all);
	page_counts(r->page, &counts);
	if (!all)
		return json_null();
	return json_sprintf("%zu of %s, %llu shown, %llu asked, %llu refused", served,
			    COUNTED(all, "address"), (unsigned long long)counts.shown,
			    (unsigned long long)counts.asked, (unsigned long long)counts.refused);
}

bool release_wanting(const struct release *r)
{
	size_t served, all;

	page_count(r->page, &served, &all);
	return served < all;
}

int release_new(struct agent *agent, struct release **ret_release)
{
	struct release *r = calloc(1, sizeof(*r));
	const struct page_calls calls = { page_asks_who,     page_asks_why,	page_was_shown,
					  page_asks_release, page_asks_outcome, r };
	char path[256];
	int err;

	if (!r)
		return -ENOMEM;
	r->agent = agent;
	snprintf(path, sizeof(path), "%s/requests.db", agent->settings->state_dir);
	err = requests_open(path, &r->requests);
	if (err)
		log_error("release: %s cannot be opened: %s", path, strerror(-err));
	else
		err = page_new(agent->loop, &calls, &r->page);
	if (err)
		release_free(r);
	else
		*ret_release = r;
	return err;
}

void release_free(struct release *r)
{
	if (!r)
		return;
	page_free(r->page);
	requests_close(r->requests);
	free(r);
}
