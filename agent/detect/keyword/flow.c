// SPDX-License-Identifier: Apache-2.0
/*
 * flow: which way, and in which state of its flow a packet is. Kept in the signature itself.
 */
#include "detect/parse/inside.h"

static const struct {
	const char *word;
	size_t in_signature, in_draft; /* of a bool that becomes true; 0: none */
} words[] = {
	{ "established", offsetof(struct signature, established), 0 },
	{ "not_established", offsetof(struct signature, not_established), 0 },
	{ "stateless", offsetof(struct signature, stateless), 0 },
	{ "to_server", offsetof(struct signature, to_server), 0 },
	{ "from_client", offsetof(struct signature, to_server), 0 },
	{ "to_client", offsetof(struct signature, to_client), 0 },
	{ "from_server", offsetof(struct signature, to_client), 0 },
	{ "only_frag", offsetof(struct signature, only_frags), 0 },
	{ "no_frag", offsetof(struct signature, no_frags), 0 },
	{ "only_stream", 0, offsetof(struct draft, only_stream) },
	{ "no_stream", 0, offsetof(struct draft, no_stream) },
};

static int flow_word(struct draft *draft, struct slice word)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		bool *says;

		if (!slice_same(word, words[i].word))
			continue;
		says = words[i].in_draft
			       ? (bool *)((char *)draft + words[i].in_draft)
			       : (bool *)((char *)draft->signature + words[i].in_signature);
		*says = true;
		return 0;
	}
	return refuse(
		draft, (const char *)word.at,
		"established, not_established, stateless, to_server, to_client, only_stream, no_stream",
		"flow has no word \"%.*s\"", (int)word.len, word.at);
}

static int flow_read(struct draft *draft, struct slice value)
{
	struct signature *signature = draft->signature;
	struct slice rest = value, word;
	int err = 0;

	while (!err && slice_next(&rest, ',', &word))
		err = flow_word(draft, word);
	if (err)
		return err;
	if ((signature->to_server && signature->to_client) ||
	    (signature->established && signature->not_established) ||
	    (signature->stateless && signature->established) ||
	    (draft->only_stream && draft->no_stream) ||
	    (signature->only_frags && signature->no_frags))
		return refuse(draft, (const char *)value.at, "leave one of them out",
			      "words of flow that contradict each other");
	signature->only_stream |= draft->only_stream;
	signature->no_packets |= draft->only_stream;
	signature->no_stream |= draft->no_stream;
	return 0;
}

const struct keyword keyword_flow = {
	"flow",	   NULL, VALUE_ALWAYS,
	flow_read, NULL, "direction and state: flow:established,to_server"
};
