/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl with a tight leash. Called by errand.c in the fetching thread. checks.c has readied libcurl for
 * threads before any begins.
 */
#include "fetch/get.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "fetch/gunzip.h"
#include "fetch/private.h"

#define REDIRECTS_MAX 5L
#define CONNECT_S 20L
#define SILENCE_S 30L /* with less than SILENCE_BYTES a second */
#define SILENCE_BYTES 20L
#define WHOLE_S 900L

struct transfer {
	const struct get *get;
	CURL *curl;
	struct curl_slist *headers;
	FILE *file; /* or memory */
	char *text;
	size_t cap;
	uint64_t len;
	bool redirected, too_large, led_astray, write_failed;
	char packing[PLAN_TEXT_MAX]; /* as the server has packed it on its way */
	struct gunzip gunzip;
	int unpack_err;
	struct got got;
	char why[CURL_ERROR_SIZE];
};

static bool bytes_take(void *arg, const char *bytes, size_t len)
{
	struct transfer *t = arg;

	if (len > t->get->max_bytes - t->len || (t->text && len >= t->cap - t->len)) {
		t->too_large = true;
		return false;
	}
	if (t->text)
		memcpy(t->text + t->len, bytes, len);
	else if (fwrite(bytes, 1, len, t->file) != len)
		t->write_failed = true;
	t->len += len;
	return !t->write_failed;
}

static bool is_gzip(const char *packing)
{
	return !strcasecmp(packing, "gzip") || !strcasecmp(packing, "x-gzip");
}

/* Only bytes of the last answer come here: libcurl throws away those of a redirect. */
static size_t bytes_came(char *bytes, size_t size, size_t cnt, void *arg)
{
	struct transfer *t = arg;
	size_t len = size * cnt;

	if (is_gzip(t->packing)) {
		t->unpack_err = gunzip_feed(&t->gunzip, bytes, len, bytes_take, t);
		return t->unpack_err ? CURL_WRITEFUNC_ERROR : len;
	}
	return bytes_take(t, bytes, len) ? len : CURL_WRITEFUNC_ERROR;
}

static bool header_take(const char *line, size_t len, const char *name, char *to)
{
	size_t name_len = strlen(name);
	char text[PLAN_TEXT_MAX];

	if (len <= name_len || strncasecmp(line, name, name_len) != 0)
		return false;
	line += name_len;
	len -= name_len;
	while (len && (*line == ' ' || *line == '\t'))
		line++, len--;
	while (len && (unsigned char)line[len - 1] <= ' ')
		len--;
	/* one that does not fit, or would not be one line, is as none */
	to[0] = 0;
	if (len >= sizeof(text))
		return true;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] < ' ' || (unsigned char)line[i] >= 0x7f)
			return true;
	memcpy(to, line, len);
	to[len] = 0;
	return true;
}

static size_t header_came(char *line, size_t size, size_t cnt, void *arg)
{
	struct transfer *t = arg;
	size_t len = size * cnt;

	if (len > 5 && !memcmp(line, "HTTP/", 5)) {
		const char *status = memchr(line, ' ', len);

		t->redirected |= status && status + 1 < line + len && status[1] == '3';
		t->got.etag[0] = t->got.modified[0] = t->packing[0] = 0;
	} else if (!header_take(line, len, "etag:", t->got.etag) &&
		   !header_take(line, len, "last-modified:", t->got.modified)) {
		header_take(line, len, "content-encoding:", t->packing);
	}
	return len;
}

/* Where the policy's own URL leads is the policy's affair; where a server sends us is looked at. */
static curl_socket_t socket_wanted(void *arg, curlsocktype purpose, struct curl_sockaddr *at)
{
	struct transfer *t = arg;

	if (t->redirected && !t->get->private && !t->get->proxy && address_is_private(&at->addr)) {
		t->led_astray = true;
		return CURL_SOCKET_BAD;
	}
	return socket(at->family, at->socktype | SOCK_CLOEXEC, at->protocol);
}

static int stop_asked(void *arg, curl_off_t down_all, curl_off_t down, curl_off_t up_all,
		      curl_off_t up)
{
	const struct transfer *t = arg;

	return atomic_load(t->get->stop);
}

static void header_add(struct transfer *t, const char *name, const char *value)
{
	char line[PLAN_TEXT_MAX + 32];

	if (!value || !*value)
		return;
	snprintf(line, sizeof(line), "%s: %s", name, value);
	t->headers = curl_slist_append(t->headers, line);
}

static CURLcode options_set(struct transfer *t)
{
	const char *schemes = t->get->insecure ? "http,https" : "https";
	CURL *c = t->curl;
	CURLcode code = curl_easy_setopt(c, CURLOPT_URL, t->get->url);

	code = code ? code : curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, schemes);
	code = code ? code : curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, schemes);
	code = code ? code : curl_easy_setopt(c, CURLOPT_PROXY, t->get->proxy ? t->get->proxy : "");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(c, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, SILENCE_BYTES);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, SILENCE_S);
	curl_easy_setopt(c, CURLOPT_TIMEOUT, WHOLE_S);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "sekisho");
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->why);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, bytes_came);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, header_came);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, socket_wanted);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, t);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, stop_asked);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, t);
	header_add(t, "Accept-Encoding", "gzip"); /* unpacked here: see fetch/gunzip.h */
	header_add(t, "If-None-Match", t->get->etag);
	header_add(t, "If-Modified-Since", t->get->modified);
	return code ? code : curl_easy_setopt(c, CURLOPT_HTTPHEADER, t->headers);
}

/* Whether what was packed on its way came to its end, in a way that is known here. */
static int unpacked(const struct transfer *t, char *why, size_t cap)
{
	if (t->unpack_err == -EBADMSG || (is_gzip(t->packing) && !t->gunzip.whole)) {
		snprintf(why, cap,
			 "what the server packed on its way is broken, or its end is missing");
		return -EIO;
	}
	if (t->packing[0] && !is_gzip(t->packing) && strcasecmp(t->packing, "identity") != 0) {
		snprintf(why, cap,
			 "the server packed it on its way by %.64s, which was not asked for",
			 t->packing);
		return -EPROTO;
	}
	return 0;
}

static int outcome_of(struct transfer *t, CURLcode code, char *why, size_t cap)
{
	long status = 0;

	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	if (t->too_large) {
		snprintf(why, cap, "it is larger than %llu bytes",
			 (unsigned long long)(t->text ? t->cap : t->get->max_bytes));
		return -EFBIG;
	}
	if (t->led_astray) {
		snprintf(why, cap, "it was redirected to a private address");
		return -EACCES;
	}
	if (code && t->unpack_err != -EBADMSG) {
		snprintf(why, cap, "%s", t->why[0] ? t->why : curl_easy_strerror(code));
		return code == CURLE_ABORTED_BY_CALLBACK    ? -ECANCELED
		       : code == CURLE_OPERATION_TIMEDOUT   ? -ETIMEDOUT
		       : code == CURLE_UNSUPPORTED_PROTOCOL ? -EACCES
							    : -EIO;
	}
	if (status != 200 && status != 304) {
		snprintf(why, cap, "the server answered with status %ld", status);
		return -EPROTO;
	}
	t->got.outcome = status == 304 ? GET_SAME : GET_NEW;
	return status == 304 ? 0 : unpacked(t, why, cap);
}

static int transfer_run(struct transfer *t, char *why, size_t cap)
{
	int err = -ENOMEM;

	t->curl = curl_easy_init();
	snprintf(why, cap, "no memory");
	if (t->curl) {
		CURLcode code = options_set(t);

		err = outcome_of(t, code ? code : curl_easy_perform(t->curl), why, cap);
		curl_easy_cleanup(t->curl);
	}
	curl_slist_free_all(t->headers);
	gunzip_end(&t->gunzip);
	return err;
}

int get_file(const struct get *get, const char *path, struct got *ret_got, char *why, size_t cap)
{
	struct transfer t = { .get = get, .file = fopen(path, "we") };
	int err;

	if (!t.file) {
		err = -errno;
		snprintf(why, cap, "%s cannot be written: %s", path, strerror(-err));
		return err;
	}
	err = transfer_run(&t, why, cap);
	if (fclose(t.file) || t.write_failed) {
		err = -ENOSPC;
		snprintf(why, cap, "%s cannot be written", path);
	}
	if (!err)
		*ret_got = t.got;
	return err;
}

int get_text(const struct get *get, char *text, size_t cap, size_t *ret_len, char *why, size_t why_cap)
{
	struct get plain = *get;
	struct transfer t = { .get = &plain, .text = text, .cap = cap };
	int err;

	plain.etag = plain.modified = NULL;
	err = transfer_run(&t, why, why_cap);
	text[t.len] = 0;
	if (!err)
		*ret_len = t.len;
	return err;
}
