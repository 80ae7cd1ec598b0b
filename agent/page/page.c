/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a request to a page. Called by the composition root. Promises: whatever a client sends costs it its
 * own budget; a request is kept only with a token that a page of ours was given for this client and host.
 */
#include "page/page.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/log.h"
#include "page/budget.h"
#include "page/door.h"
#include "page/form.h"
#include "page/html.h"
#include "page/token.h"
#include "text/address.h"

#define AGAIN_S 10 /* an address that could not be had */
#define REQUEST_PATH "/sekisho/request"

struct listening {
	struct page_listen at;
	struct door *door; /* NULL: cannot be had now */
	bool said;
};

enum { BUDGET_VIEW, BUDGET_RECORD, BUDGET_ASK, BUDGET_STATE, BUDGETS };

struct page {
	struct loop *loop;
	struct page_calls calls;
	struct page_secret secret;
	struct budget *budget[BUDGETS];
	struct listening listening[PAGE_LISTENS_MAX];
	size_t listening_cnt;
	struct source *second;
	uint32_t seconds;
	char policy[256]; /* Content-Security-Policy */
	struct page_counts counts;
};

/* One request while it comes in. */
struct exchange {
	char target[PAGE_PATH_MAX];
	char *body;
	size_t len;
	bool begun, too_long;
};

/* One request that is to be answered. */
struct visit {
	struct MHD_Connection *connection;
	struct page_question question;
	char host[PAGE_HOST_MAX];
	char reference[10], token[PAGE_TOKEN_HEX], again[160], until[32];
	bool japanese, head_only;
};

/* --- answers --- */

static unsigned int status_of(enum page_kind kind)
{
	static const unsigned int statuses[PAGE_KINDS] = {
		[PAGE_HOME] = MHD_HTTP_OK,
		[PAGE_BLOCKED] = MHD_HTTP_FORBIDDEN,
		[PAGE_OPEN] = MHD_HTTP_SERVICE_UNAVAILABLE,
		[PAGE_FOREIGN] = MHD_HTTP_FORBIDDEN,
		[PAGE_STATE] = MHD_HTTP_OK,
		[PAGE_UNKNOWN] = MHD_HTTP_NOT_FOUND,
		[PAGE_REFUSED] = MHD_HTTP_FORBIDDEN,
		[PAGE_TOO_OFTEN] = MHD_HTTP_TOO_MANY_REQUESTS,
		[PAGE_NOT_KEPT] = MHD_HTTP_INTERNAL_SERVER_ERROR,
	};

	return statuses[kind];
}

static enum MHD_Result send_text(const struct page *page, struct MHD_Connection *connection,
				 unsigned int status, const char *type, const char *text,
				 const char *location)
{
	const struct {
		const char *name, *value;
	} headers[] = {
		{ MHD_HTTP_HEADER_CONTENT_TYPE, type },
		{ "Content-Security-Policy", page->policy },
		{ "X-Content-Type-Options", "nosniff" },
		{ "X-Frame-Options", "DENY" },
		/* a form's Origin is "null" where there is no referrer at all */
		{ "Referrer-Policy", "same-origin" },
		{ MHD_HTTP_HEADER_CACHE_CONTROL, "no-store" },
		{ MHD_HTTP_HEADER_CONNECTION, "close" },
		{ MHD_HTTP_HEADER_LOCATION, location },
	};
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		if (headers[i].value)
			MHD_add_response_header(response, headers[i].name, headers[i].value);
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result send_plain(const struct page *page, struct MHD_Connection *connection,
				  unsigned int status, const char *text)
{
	return send_text(page, connection, status, "text/plain; charset=utf-8", text, NULL);
}

static enum MHD_Result send_page(const struct page *page, const struct visit *visit,
				 struct page_view *view)
{
	enum MHD_Result result;
	char *text;

	view->japanese = visit->japanese;
	text = page_html(view);
	if (!text)
		return MHD_NO;
	result = send_text(page, visit->connection, status_of(view->kind),
			   "text/html; charset=utf-8", text, NULL);
	free(text);
	return result;
}

static enum MHD_Result send_kind(const struct page *page, const struct visit *visit,
				 enum page_kind kind)
{
	struct page_view view = { .kind = kind };

	return send_page(page, visit, &view);
}

/* --- who asks, and for what --- */

static void address_take(const struct sockaddr *from, struct sek_addr *ret_addr)
{
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)from;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;

	memset(ret_addr, 0, sizeof(*ret_addr));
	if (from->sa_family == AF_INET) {
		ret_addr->b[10] = ret_addr->b[11] = 0xff;
		ret_addr->w[3] = in4->sin_addr.s_addr;
	} else {
		memcpy(ret_addr, &in6->sin6_addr, sizeof(*ret_addr));
	}
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static void visit_begin(const struct page *page, struct MHD_Connection *connection,
			const struct exchange *exchange, struct visit *visit)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const char *host = header(connection, MHD_HTTP_HEADER_HOST);

	*visit = (struct visit){ .connection = connection };
	address_take(info->client_addr, &visit->question.client);
	page->calls.who(page->calls.arg, &visit->question.client, &visit->question.tenant);
	if (!host || page_host_read(host, visit->host))
		visit->host[0] = 0;
	visit->japanese = page_likes_japanese(header(connection, MHD_HTTP_HEADER_ACCEPT_LANGUAGE));
	visit->question.host = visit->host;
	visit->question.path = exchange->target;
}

static bool is_address(const char *host)
{
	struct prefix prefix;

	return prefix_parse(host, strlen(host), &prefix, NULL) == PREFIX_OK;
}

static struct page_claim claim_of(const struct visit *visit, uint64_t issued)
{
	return (struct page_claim){ .reference = visit->reference,
				    .host = visit->host,
				    .client = visit->question.client,
				    .issued = issued };
}

/* --- the page itself --- */

static void view_fill(const struct visit *visit, const struct page_why *why, struct page_view *view)
{
	view->body = why->tenant_title ? why->tenant_title : why->tenant;
	view->name = visit->host;
	view->category = why->category;
	view->list = why->list_title ? why->list_title : why->list;
	view->help_desk = why->help_desk;
}

static enum MHD_Result show_blocked(struct page *page, struct visit *visit, const struct page_why *why)
{
	struct page_view view = { .kind = PAGE_BLOCKED, .can_ask = why->can_ask };
	struct page_claim claim;

	if (page_token_reference(visit->reference))
		return MHD_NO;
	visit->question.reference = visit->reference;
	view_fill(visit, why, &view);
	view.issued = (uint64_t)time(NULL);
	view.reference = visit->reference;
	view.token = visit->token;
	claim = claim_of(visit, view.issued);
	page_token_make(&page->secret, &claim, visit->token);
	page->counts.shown++;
	if (budget_take(page->budget[BUDGET_RECORD], &visit->question.client, clock_mono_ns()))
		page->calls.shown(page->calls.arg, &visit->question, why);
	return send_page(page, visit, &view);
}

static enum MHD_Result show_page(struct page *page, struct visit *visit)
{
	struct page_why why = {};
	struct page_view view = {};

	if (!visit->host[0] || is_address(visit->host))
		return send_kind(page, visit, PAGE_HOME);
	page->calls.why(page->calls.arg, &visit->question, &why);
	if (!why.tenant)
		return send_kind(page, visit, PAGE_FOREIGN);
	if (why.held)
		return show_blocked(page, visit, &why);
	view_fill(visit, &why, &view);
	view.kind = PAGE_OPEN;
	view.category = view.list = NULL;
	return send_page(page, visit, &view);
}

/* --- what became of a request --- */

/* At the address that was asked, since the name itself leads elsewhere once it is released. */
static void again_print(struct visit *visit, const char *reference)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(visit->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	union {
		struct sockaddr any;
		struct sockaddr_in in4;
		struct sockaddr_in6 in6;
	} at = {};
	socklen_t len = sizeof(at);
	char text[PREFIX_TEXT_MAX], port[8] = "";
	struct sek_addr addr;
	uint16_t number;
	bool v4;

	if (!info || getsockname(info->connect_fd, &at.any, &len))
		return;
	address_take(&at.any, &addr);
	number = ntohs(at.any.sa_family == AF_INET ? at.in4.sin_port : at.in6.sin6_port);
	if (number != 80)
		snprintf(port, sizeof(port), ":%u", number);
	v4 = address_is_v4(&addr);
	snprintf(visit->again, sizeof(visit->again), "http://%s%s%s%s" REQUEST_PATH "/%s",
		 v4 ? "" : "[", address_print(&addr, text), v4 ? "" : "]", port, reference);
}

static const char *until_print(struct visit *visit, int64_t until)
{
	time_t seconds = (time_t)until;
	struct tm tm;

	if (!until || !localtime_r(&seconds, &tm))
		return NULL;
	strftime(visit->until, sizeof(visit->until), "%Y-%m-%d %H:%M", &tm);
	return visit->until;
}

static enum MHD_Result show_outcome(struct page *page, struct visit *visit, const char *text)
{
	struct page_outcome outcome = {};
	struct page_view view = { .kind = PAGE_STATE };
	struct page_why why = {};

	if (!budget_take(page->budget[BUDGET_STATE], &visit->question.client, clock_mono_ns()))
		return send_kind(page, visit, PAGE_TOO_OFTEN);
	if (!page_reference_read(text, visit->reference) ||
	    page->calls.outcome(page->calls.arg, visit->reference, &outcome))
		return send_kind(page, visit, PAGE_UNKNOWN);
	page->calls.why(page->calls.arg, &visit->question, &why);
	again_print(visit, visit->reference);
	view.body = why.tenant_title ? why.tenant_title : why.tenant;
	view.name = outcome.name;
	view.state = outcome.state;
	view.why = outcome.why;
	view.until = until_print(visit, outcome.until);
	view.reference = visit->reference;
	view.help_desk = why.help_desk;
	view.again = visit->again;
	return send_page(page, visit, &view);
}

/* --- the button --- */

/* A browser names the site that a form came from; another than this host's is another's. */
static bool origin_good(const struct visit *visit)
{
	const char *origin = header(visit->connection, "Origin");
	char host[PAGE_HOST_MAX];

	return !origin || (!strncasecmp(origin, "http://", 7) &&
			   !page_host_read(origin + 7, host) && !strcmp(host, visit->host));
}

static bool form_good(const struct page *page, struct visit *visit, const struct exchange *exchange,
		      struct page_form *ret_form)
{
	struct page_claim claim;

	if (exchange->too_long || !visit->host[0] || !origin_good(visit) ||
	    page_form_read(exchange->body ? exchange->body : "", exchange->len, ret_form))
		return false;
	memcpy(visit->reference, ret_form->reference, sizeof(visit->reference));
	claim = claim_of(visit, ret_form->issued);
	return page_token_good(&page->secret, &claim, ret_form->token, (uint64_t)time(NULL));
}

static enum MHD_Result see_outcome(const struct page *page, const struct visit *visit,
				   const char *reference)
{
	char location[64];

	snprintf(location, sizeof(location), REQUEST_PATH "/%s", reference);
	return send_text(page, visit->connection, MHD_HTTP_SEE_OTHER, "text/plain; charset=utf-8",
			 "", location);
}

static enum MHD_Result take_request(struct page *page, struct visit *visit,
				    const struct exchange *exchange)
{
	struct page_outcome outcome = {};
	struct page_why why = {};
	struct page_form form;
	int err;

	if (!form_good(page, visit, exchange, &form)) {
		page->counts.refused++;
		return send_kind(page, visit, PAGE_REFUSED);
	}
	visit->question.reference = visit->reference;
	visit->question.comment = form.comment;
	visit->question.path = "/";
	page->calls.why(page->calls.arg, &visit->question, &why);
	if (!why.tenant || !why.held)
		return show_page(page, visit);
	if (!why.can_ask) {
		page->counts.refused++;
		return send_kind(page, visit, PAGE_REFUSED);
	}
	err = budget_take(page->budget[BUDGET_ASK], &visit->question.client, clock_mono_ns())
		      ? page->calls.ask(page->calls.arg, &visit->question, &why, &outcome)
		      : -EDQUOT;
	if (err) {
		page->counts.refused++;
		return send_kind(page, visit,
				 err == -EDQUOT || err == -ENOSPC ? PAGE_TOO_OFTEN : PAGE_NOT_KEPT);
	}
	page->counts.asked++;
	return see_outcome(page, visit, outcome.reference);
}

/* --- requests as they come --- */

static void *exchange_begin(void *arg, const char *target, struct MHD_Connection *connection)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange));

	if (exchange)
		page_path_read(target, exchange->target);
	return exchange;
}

static void exchange_end(void *arg, struct MHD_Connection *connection, void **state,
			 enum MHD_RequestTerminationCode code)
{
	struct exchange *exchange = *state;

	if (exchange)
		free(exchange->body);
	free(exchange);
	*state = NULL;
}

/* A form's bytes; what is too long is not kept, and told when all is there. */
static void body_add(struct exchange *exchange, const char *bytes, size_t len)
{
	if (!exchange->body)
		exchange->body = malloc(PAGE_BODY_MAX);
	if (!exchange->body || len > PAGE_BODY_MAX - exchange->len) {
		exchange->too_long = true;
		return;
	}
	memcpy(exchange->body + exchange->len, bytes, len);
	exchange->len += len;
}

static enum MHD_Result get(struct page *page, struct visit *visit, const struct exchange *exchange)
{
	const char *target = exchange->target;

	if (strcmp(target, "/favicon.ico") == 0)
		return send_plain(page, visit->connection, MHD_HTTP_NOT_FOUND, "");
	if (!strncmp(target, REQUEST_PATH "/", sizeof(REQUEST_PATH)))
		return show_outcome(page, visit, target + sizeof(REQUEST_PATH));
	return show_page(page, visit);
}

static enum MHD_Result request(void *arg, struct MHD_Connection *connection, const char *url,
			       const char *method, const char *version, const char *upload,
			       size_t *upload_len, void **state)
{
	bool post = strcmp(method, MHD_HTTP_METHOD_POST) == 0;
	struct exchange *exchange = *state;
	struct page *page = arg;
	struct visit visit;

	if (!exchange)
		return MHD_NO;
	post = post && strcmp(exchange->target, REQUEST_PATH) == 0;
	if (post && !exchange->begun) {
		exchange->begun = true;
		return MHD_YES;
	}
	if (post && *upload_len) {
		body_add(exchange, upload, *upload_len);
		*upload_len = 0;
		return MHD_YES;
	}
	visit_begin(page, connection, exchange, &visit);
	if (!budget_take(page->budget[BUDGET_VIEW], &visit.question.client, clock_mono_ns()))
		return send_plain(page, connection, MHD_HTTP_TOO_MANY_REQUESTS,
				  "too many requests\n");
	if (post)
		return take_request(page, &visit, exchange);
	/* What is sent to a site that is held back is answered before it has come. */
	return get(page, &visit, exchange);
}

/* --- listening --- */

static void listening_try(struct page *page, struct listening *l)
{
	const struct door_calls calls = { request, exchange_begin, exchange_end, page };
	char text[PREFIX_TEXT_MAX];
	int err = door_open(page->loop, &l->at, &calls, &l->door);

	address_print(&l->at.addr, text);
	if (!err)
		log_info("page: served at %s port %u", text, l->at.port);
	else if (!l->said)
		log_error("page: %s port %u cannot be served: %s; it is tried again", text,
			  l->at.port, strerror(-err));
	l->said = err;
}

static void second_past(void *arg)
{
	struct page *page = arg;
	bool again = ++page->seconds % AGAIN_S == 0;

	for (size_t i = 0; i < page->listening_cnt; i++) {
		struct listening *l = &page->listening[i];

		if (l->door)
			door_tick(l->door);
		else if (again)
			listening_try(page, l);
	}
}

static bool same(const struct page_listen *a, const struct page_listen *b)
{
	return a->port == b->port && !memcmp(&a->addr, &b->addr, sizeof(a->addr));
}

void page_listen(struct page *page, const struct page_listen *listens, size_t cnt)
{
	struct listening next[PAGE_LISTENS_MAX] = {};
	size_t next_cnt = cnt < PAGE_LISTENS_MAX ? cnt : PAGE_LISTENS_MAX;

	for (size_t i = 0; i < next_cnt; i++) {
		next[i].at = listens[i];
		for (size_t k = 0; k < page->listening_cnt; k++) {
			struct listening *former = &page->listening[k];

			if (!former->door || !same(&former->at, &listens[i]))
				continue;
			next[i].door = former->door;
			former->door = NULL;
		}
	}
	for (size_t k = 0; k < page->listening_cnt; k++)
		door_close(page->listening[k].door);
	memcpy(page->listening, next, sizeof(next));
	page->listening_cnt = next_cnt;
	for (size_t i = 0; i < next_cnt; i++)
		if (!page->listening[i].door)
			listening_try(page, &page->listening[i]);
}

void page_count(const struct page *page, size_t *ret_served, size_t *ret_all)
{
	*ret_served = 0;
	*ret_all = page->listening_cnt;
	for (size_t i = 0; i < page->listening_cnt; i++)
		*ret_served += page->listening[i].door != NULL;
}

void page_counts(const struct page *page, struct page_counts *ret_counts)
{
	*ret_counts = page->counts;
}

int page_new(struct loop *loop, const struct page_calls *calls, struct page **ret_page)
{
	static const struct {
		uint32_t each_ms, burst;
	} budgets[BUDGETS] = {
		[BUDGET_VIEW] = { 20, 250 },
		[BUDGET_RECORD] = { 10000, 10 },
		[BUDGET_ASK] = { 60000, 5 },
		[BUDGET_STATE] = { 1000, 30 },
	};
	struct page *page = calloc(1, sizeof(*page));
	int err = page ? page_secret_draw(&page->secret) : -ENOMEM;

	if (!page)
		return err;
	page->loop = loop;
	page->calls = *calls;
	page_policy(page->policy, sizeof(page->policy));
	for (int i = 0; !err && i < BUDGETS; i++)
		err = budget_new(budgets[i].each_ms, budgets[i].burst, &page->budget[i]);
	if (!err)
		err = loop_timer(loop, 1000, 1000, second_past, page, &page->second);
	if (err)
		page_free(page);
	else
		*ret_page = page;
	return err;
}

void page_free(struct page *page)
{
	if (!page)
		return;
	source_remove(page->second);
	page_listen(page, NULL, 0);
	for (int i = 0; i < BUDGETS; i++)
		budget_free(page->budget[i]);
	free(page);
}
