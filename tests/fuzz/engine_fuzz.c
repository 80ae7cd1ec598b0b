// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as frames for the whole engine: rules of each kind are asked of what its flows, streams and parsers
 * make of them, and each record is one line of JSON. Each frame has its length in two bytes; the top bit lets a
 * minute pass before it.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"
#include "inspect/engine.h"

#define MINUTE 60000000000ull

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char settings_text[] =
	"outputs:\n  - eve-log: {enabled: yes, types: [alert, anomaly, http, dns, tls, files, smtp, flow]}\n"
	"stream: {midstream: yes}\nflow: {memcap: 1mb}\n";

static const char rules_text[] =
	"alert tcp any any -> any any (content:\"GET\"; depth:3; flowbits:set,a; sid:1;)\n"
	"alert tcp any any -> any any (content:\"passwd\"; pcre:\"/p[a-z]+wd/\"; sid:2;)\n"
	"alert udp any any -> any any (content:\"|01 00 00 01|\"; offset:2; depth:4; sid:3;)\n"
	"alert http any any -> any any (http.uri; content:\"/\"; bsize:<40; http.method; content:\"GET\"; sid:4;)\n"
	"alert http any any -> any any (file.data; content:\"MZ\"; startswith; filestore; sid:5;)\n"
	"alert dns any any -> any any (dns.query; content:\"example\"; nocase; isdataat:!1,relative; sid:6;)\n"
	"alert tls any any -> any any (tls.sni; dotprefix; content:\".example\"; endswith; sid:7;)\n"
	"alert smtp any any -> any any (file.name; content:\".exe\"; endswith; sid:8;)\n"
	"alert ip 10.0.0.0/8 any -> any any (ttl:<3; sid:9;)\n"
	"alert tcp any any -> any any (stream_size:either,>,100; threshold:type limit,track by_src,count 1,seconds 60; sid:10;)\n"
	"alert tcp any any -> any any (flags:S; detection_filter:track by_dst,count 2,seconds 60; sid:11;)\n"
	"alert http any any -> any any (flowbits:isset,a; http.header; content:\"Host\"; tag:session,3,packets; sid:12;)\n"
	"alert icmp any any -> any any (itype:8; xbits:set,b,track ip_src; sid:13;)\n"
	"alert pkthdr any any -> any any (decode-event:ipv4.trunc_pkt; sid:14;)\n"
	"drop tcp any any -> any any (stream-event:reassembly_overlap_different_data; sid:15;)\n";

static struct config *config;
static struct ruleset *ruleset;

static void check(bool right)
{
	if (!right)
		abort();
}

static void ready(void)
{
	char path[] = "/tmp/engine_fuzz.XXXXXX";
	const char *files[] = { path };
	struct ruleset_sources sources = { .files = files, .file_cnt = 1, .threads = 1 };
	struct ruleset_tally tally;
	struct diag diag;
	int fd = mkstemp(path);

	check(fd >= 0 && write(fd, rules_text, strlen(rules_text)) == (ssize_t)strlen(rules_text));
	close(fd);
	diag_init(&diag);
	check(!config_read_text(settings_text, "settings", &config, &diag));
	sources.config = config;
	check(!ruleset_build(&sources, &ruleset, &tally, &diag));
	diag_print(&diag, stderr);
	check(!tally.refused);
	diag_free(&diag);
	unlink(path);
}

static void line_check(void *arg, const char *bytes, size_t len)
{
	json_t *json = json_loadb(bytes, len, JSON_ALLOW_NUL, NULL);

	(void)arg;
	check(json && len && memchr(bytes, '\n', len) == bytes + len - 1);
	json_decref(json);
}

static void frames_take(struct engine *engine, const uint8_t *data, size_t size)
{
	uint64_t now_ns = 1700000000ull * 1000000000;

	for (uint64_t number = 1; size >= 2; number++) {
		size_t len = (size_t)(data[0] & 0x7f) << 8 | data[1];
		struct capture_packet frame = { .number = number, .link = 1 };
		uint8_t *own;

		now_ns += data[0] & 0x80 ? MINUTE : 1000;
		data += 2;
		size -= 2;
		len = len < size ? len : size;
		own = malloc(len ? len : 1); /* what is read behind it is seen */
		check(own);
		memcpy(own, data, len);
		frame.time_ns = now_ns;
		frame.bytes = own;
		frame.len = frame.wire_len = (uint32_t)len;
		check(!engine_take(engine, &frame));
		free(own);
		data += len;
		size -= len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct engine_setup setup = { .workers = 1, .repeatable = true, .line = line_check };
	struct engine_tally tally;
	struct engine *engine;

	if (size < 1)
		return 0;
	if (!ruleset)
		ready();
	setup.config = config;
	setup.ruleset = ruleset;
	setup.ips = data[0] & 1;
	setup.unchecked_sums = !(data[0] & 2);
	check(!engine_new(&setup, &engine));
	frames_take(engine, data + 1, size - 1);
	check(!engine_finish(engine, &tally));
	check(!tally.memory_short);
	engine_free(engine);
	return 0;
}
