// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer: any lines as the words of `flow explain`, KEY VALUE each. What describes a packet must give
 * a frame of its size and a line that tells it; what does not is refused with words.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "explain/question.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char text[] =
	"version: 1\n"
	"ports:\n"
	"  - {name: inside, id: 1, side: inside, mode: bridge, peer: outside}\n"
	"  - {name: outside, id: 2, side: outside, mode: bridge, peer: inside}\n"
	"tenants:\n"
	"  - name: saga\n"
	"    id: 1\n"
	"    attach: [{port: inside, vlan: 101}, {port: outside, vlan: 101, outer: 7}]\n"
	"    prefixes: [10.1.0.0/16, \"2001:db8:101::/48\"]\n"
	"    default: {out: accept, in: drop}\n";

static const char **word_of(struct explain_words *words, const char *key)
{
	const struct {
		const char *key, **word;
	} rows[] = {
		{ "tenant", &words->tenant }, { "src", &words->src },
		{ "dst", &words->dst },	      { "proto", &words->proto },
		{ "sport", &words->sport },   { "dport", &words->dport },
		{ "icmp", &words->icmp },     { "flags", &words->flags },
		{ "port", &words->port },     { "vlan", &words->vlan },
		{ "size", &words->size },     { "fragment", &words->fragment },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!strcmp(rows[i].key, key))
			return rows[i].word;
	return NULL;
}

static void words_take(struct explain_words *words, char *line)
{
	char *value = strchr(line, ' ');
	const char **word;

	words->out |= !strcmp(line, "out");
	words->in |= !strcmp(line, "in");
	if (!value)
		return;
	*value++ = 0;
	word = word_of(words, line);
	if (word)
		*word = value;
}

static void describe(const struct policy *policy, const struct explain_words *words)
{
	static uint8_t frame[EXPLAIN_FRAME_MAX];
	struct explain_packet packet;
	char told[EXPLAIN_TEXT_MAX];
	struct diag diag;
	uint32_t len;

	diag_init(&diag);
	if (explain_read(policy, words, &packet, &diag)) {
		if (!diag.error_cnt)
			abort();
	} else {
		len = explain_frame(&packet, frame);
		explain_print(&packet, told);
		if (diag.error_cnt || len > sizeof(frame) || len < packet.size || !told[0] ||
		    !policy_port_id(policy, packet.port))
			abort();
	}
	diag_free(&diag);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct policy *policy;
	struct explain_words words = { 0 };
	char *copy = malloc(size + 1), *save = NULL;
	struct diag diag;

	if (!copy)
		return 0;
	diag_init(&diag);
	if (!policy)
		policy = policy_parse(text, strlen(text), "fuzz.yaml", NULL, &diag);
	if (!policy)
		abort();
	diag_free(&diag);
	memcpy(copy, data, size);
	copy[size] = 0;
	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		words_take(&words, line);
	describe(policy, &words);
	free(copy);
	return 0;
}
