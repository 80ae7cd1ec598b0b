/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A check by HTTP: one GET by libcurl, without proxies and without following where it leads. It passes
 * by the answer's status. Run by probe.c; checks.c readies libcurl for threads.
 */
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>

#include "text/address.h"
#include "watch/probe.h"

/* The status is what counts; the body goes nowhere. */
static size_t body_came(char *bytes, size_t size, size_t cnt, void *arg)
{
	return size * cnt;
}

static int stop_asked(void *arg, curl_off_t down_all, curl_off_t down, curl_off_t up_all,
		      curl_off_t up)
{
	const struct probe_limit *limit = arg;

	return atomic_load(limit->stop);
}

static CURLcode request_send(CURL *curl, const struct model_check *check,
			     const struct probe_limit *limit, char *why)
{
	char from[PREFIX_TEXT_MAX + 8] = "host!";
	CURLcode code = curl_easy_setopt(curl, CURLOPT_URL, check->text);

	if (check->has_from) {
		address_print(&check->from, from + 5);
		code = code ? code : curl_easy_setopt(curl, CURLOPT_INTERFACE, from);
	}
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "sekisho");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)probe_left_ms(limit));
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, body_came);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, stop_asked);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, (void *)limit);
	return code ? code : curl_easy_perform(curl);
}

int probe_http(const struct model_check *check, const struct probe_limit *limit, char *said)
{
	char why[CURL_ERROR_SIZE] = "";
	CURL *curl = curl_easy_init();
	long status = 0;
	CURLcode code;

	if (!curl) {
		snprintf(said, PROBE_SAID, "no memory");
		return -ENOMEM;
	}
	code = request_send(curl, check, limit, why);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(curl);
	if (code) {
		snprintf(said, PROBE_SAID, "%.*s", PROBE_SAID - 1,
			 why[0] ? why : curl_easy_strerror(code));
		return code == CURLE_ABORTED_BY_CALLBACK  ? -ECANCELED
		       : code == CURLE_OPERATION_TIMEDOUT ? -ETIMEDOUT
							  : -EIO;
	}
	snprintf(said, PROBE_SAID, "status %ld", status);
	if (check->status)
		return status == check->status ? 0 : -EBADMSG;
	return status >= 200 && status < 400 ? 0 : -EBADMSG;
}
