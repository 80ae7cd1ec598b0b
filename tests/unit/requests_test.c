// SPDX-License-Identifier: Apache-2.0
/*
 * Requests for release: kept, found, decided, bounded, still there after the file is opened again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "install/requests.h"

struct bed {
	char dir[64], path[96];
	struct requests *requests;
	int serial;
};

static int bed_up(void **state)
{
	struct bed *bed = calloc(1, sizeof(*bed));
	const char *tmp = getenv("TMPDIR");

	snprintf(bed->dir, sizeof(bed->dir), "%s/requests.XXXXXX", tmp ? tmp : "/tmp");
	*state = bed;
	if (!mkdtemp(bed->dir))
		return -1;
	snprintf(bed->path, sizeof(bed->path), "%s/requests.db", bed->dir);
	return requests_open(bed->path, &bed->requests);
}

static int bed_down(void **state)
{
	struct bed *bed = *state;
	char command[128];

	requests_close(bed->requests);
	snprintf(command, sizeof(command), "rm -r %s", bed->dir);
	if (system(command))
		return -1;
	free(bed);
	return 0;
}

static int add(struct bed *bed, const char *client, const char *name, int64_t *ret_id, char *ret_ref)
{
	char reference[REQUEST_REFERENCE];
	struct url_request ask = { .time = 1000 + bed->serial,
				   .reference = reference,
				   .tenant = "alpha",
				   .client = client,
				   .name = name,
				   .url = "http://x/",
				   .category = "games",
				   .list = "remote",
				   .comment = "授業で使います" };

	snprintf(reference, sizeof(reference), "%04u-AAAA", (unsigned int)bed->serial++ % 10000);
	return requests_add(bed->requests, &ask, ret_id, ret_ref);
}

static int keep_json(const struct url_request *request, void *arg)
{
	json_decref(*(json_t **)arg);
	*(json_t **)arg = request_json(request);
	return 0;
}

static const char *member(json_t *json, const char *name)
{
	return json_string_value(json_object_get(json, name));
}

static void kept_and_found(void **state)
{
	struct bed *bed = *state;
	char reference[REQUEST_REFERENCE];
	json_t *json = NULL;
	int64_t id = 0;

	assert_int_equal(add(bed, "10.1.0.5", "games.example", &id, reference), 0);
	assert_int_equal(id, 1);
	assert_string_equal(reference, "0000-AAAA");
	requests_close(bed->requests);
	assert_int_equal(requests_open(bed->path, &bed->requests), 0);
	assert_int_equal(requests_find_reference(bed->requests, "0000-AAAA", keep_json, &json), 0);
	assert_string_equal(member(json, "name"), "games.example");
	assert_string_equal(member(json, "comment"), "授業で使います");
	assert_string_equal(member(json, "state"), "pending");
	assert_string_equal(member(json, "decided_by"), "");
	assert_int_equal(requests_find_reference(bed->requests, "0000-aaab", keep_json, &json),
			 -ENOENT);
	assert_int_equal(requests_find(bed->requests, 2, keep_json, &json), -ENOENT);
	json_decref(json);
}

static void the_same_wish_is_one(void **state)
{
	struct bed *bed = *state;
	char reference[REQUEST_REFERENCE];
	int64_t id = 0;

	assert_int_equal(add(bed, "10.1.0.5", "a.example", &id, reference), 0);
	assert_int_equal(add(bed, "10.1.0.5", "a.example", &id, reference), -EEXIST);
	assert_string_equal(reference, "0000-AAAA");
	assert_int_equal(add(bed, "10.1.0.6", "a.example", &id, reference), 0);
	assert_int_equal(add(bed, "10.1.0.5", "b.example", &id, reference), 0);
}

static void decided_once(void **state)
{
	const struct url_request grant = {
		.state = REQUEST_GRANTED, .decided = 5, .until = 605, .decided_by = "saga"
	};
	const struct url_request deny = {
		.state = REQUEST_DENIED, .decided = 4, .decided_by = "ops", .why = "no"
	};
	struct bed *bed = *state;
	char reference[REQUEST_REFERENCE];
	json_t *json = NULL;
	int64_t id = 0;

	assert_int_equal(requests_decide(bed->requests, 1, &grant), -ENOENT);
	assert_int_equal(add(bed, "10.1.0.5", "a.example", &id, reference), 0);
	assert_int_equal(requests_decide(bed->requests, id, &deny), 0);
	assert_int_equal(requests_decide(bed->requests, id, &deny), -EALREADY);
	requests_find(bed->requests, id, keep_json, &json);
	assert_string_equal(member(json, "why"), "no");
	/* second thoughts may be kinder, not harder */
	assert_int_equal(requests_decide(bed->requests, id, &grant), 0);
	assert_int_equal(requests_decide(bed->requests, id, &deny), -EALREADY);
	requests_find(bed->requests, id, keep_json, &json);
	assert_string_equal(member(json, "state"), "granted");
	assert_int_equal(json_integer_value(json_object_get(json, "until")), 605);
	/* and the same may be asked for again once it was decided */
	assert_int_equal(add(bed, "10.1.0.5", "a.example", &id, reference), 0);
	json_decref(json);
}

static int count(const struct url_request *request, void *arg)
{
	return ++*(int *)arg >= 1000;
}

static void bounded(void **state)
{
	const struct url_request deny = { .state = REQUEST_DENIED };
	struct bed *bed = *state;
	char reference[REQUEST_REFERENCE], name[32], client[32];
	int64_t id = 0;
	int cnt = 0;

	for (int i = 0; i < REQUESTS_CLIENT_MAX; i++) {
		snprintf(name, sizeof(name), "n%d.example", i);
		assert_int_equal(add(bed, "10.1.0.5", name, &id, reference), 0);
	}
	assert_int_equal(add(bed, "10.1.0.5", "more.example", &id, reference), -EDQUOT);
	assert_int_equal(requests_decide(bed->requests, 1, &deny), 0);
	assert_int_equal(add(bed, "10.1.0.5", "more.example", &id, reference), 0);
	for (int i = REQUESTS_CLIENT_MAX; i < REQUESTS_PENDING_MAX; i++) {
		snprintf(client, sizeof(client), "10.2.%d.%d", i / 256, i % 256);
		assert_int_equal(add(bed, client, "x.example", &id, reference), 0);
	}
	assert_int_equal(add(bed, "10.9.9.9", "x.example", &id, reference), -ENOSPC);
	requests_walk(bed->requests, REQUEST_PENDING, "alpha", 7, count, &cnt);
	assert_int_equal(cnt, 7);
	cnt = 0;
	requests_walk(bed->requests, -1, "beta", 0, count, &cnt);
	assert_int_equal(cnt, 0);
	requests_walk(bed->requests, REQUEST_DENIED, NULL, 0, count, &cnt);
	assert_int_equal(cnt, 1);
}

static void a_later_version_is_refused(void **state)
{
	struct bed *bed = *state;
	sqlite3 *db;

	requests_close(bed->requests);
	bed->requests = NULL;
	assert_int_equal(sqlite3_open(bed->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 2", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(requests_open(bed->path, &bed->requests), -EPROTO);
}

static void words(void **state)
{
	assert_int_equal(request_state_read("granted"), REQUEST_GRANTED);
	assert_int_equal(request_state_read("gone"), -1);
	assert_string_equal(request_state_name(REQUEST_DENIED), "denied");
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, bed_up, bed_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(kept_and_found), ROW(the_same_wish_is_one),	      ROW(decided_once),
		ROW(bounded),	     ROW(a_later_version_is_refused), cmocka_unit_test(words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
