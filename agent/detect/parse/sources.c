// SPDX-License-Identifier: Apache-2.0
/*
 * Buffers by name: of the packet, of files, of the fields that protocols have. Called by line.c and
 * the keywords that transform; each buffer with its transforms is one struct source, however many
 * rules ask it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "detect/parse/inside.h"
#include "file/file.h"

enum buffer_manner { STICKY, MODIFIER };

struct buffer {
	const char *name, *old;
	enum buffer_manner manner; /* of old */
	const char *proto;
};

static const struct buffer buffers[] = {
#define BUFFER(name, old, manner, proto) { name, old, manner, proto },
#include "detect/parse/buffers.def"
#undef BUFFER
};

const struct source source_payload = { .kind = SOURCE_PAYLOAD, .name = "payload" };

static const struct number_word {
	const char *name, *proto;
	uint64_t max;
} number_words[] = {
#define NUMBER(name, proto, max) { name, proto, max },
#include "detect/parse/numbers.def"
#undef NUMBER
};

static const struct number_word *number_word_find(struct slice word)
{
	for (size_t i = 0; i < sizeof(number_words) / sizeof(number_words[0]); i++)
		if (slice_is(word, number_words[i].name))
			return &number_words[i];
	return NULL;
}

const char *number_proto(struct slice word)
{
	const struct number_word *found = number_word_find(word);

	return found ? found->proto : NULL;
}

uint64_t number_max(struct slice word)
{
	const struct number_word *found = number_word_find(word);

	return found ? found->max : UINT64_MAX;
}

/* --- of the packet and of files --- */

static bool header_ip(const struct packet *packet, struct slice *ret)
{
	size_t len = packet->l4.at ? (size_t)(packet->l4.at - packet->ip.at) : packet->ip.len;

	if (packet->family == 4 && packet->ip.len >= 20)
		len = (packet->ip.at[0] & 15u) * 4;
	*ret = slice(packet->ip.at, len < packet->ip.len ? len : packet->ip.len);
	return ret->len > 0;
}

static bool header_ipv4(const struct packet *packet, struct slice *ret)
{
	return packet->family == 4 && header_ip(packet, ret);
}

static bool header_ipv6(const struct packet *packet, struct slice *ret)
{
	return packet->family == 6 && header_ip(packet, ret);
}

/* As it stands in the header: 4 bytes, or 16. */
static bool address_bytes(const struct packet *packet, const struct sek_addr *addr, struct slice *ret)
{
	size_t mapped = packet->family == 4 ? sizeof(addr->b) - 4 : 0;

	*ret = slice(addr->b + mapped, sizeof(addr->b) - mapped);
	return packet->family != 0;
}

static bool address_src(const struct packet *packet, struct slice *ret)
{
	return address_bytes(packet, &packet->src, ret);
}

static bool address_dst(const struct packet *packet, struct slice *ret)
{
	return address_bytes(packet, &packet->dst, ret);
}

/* What lies between the beginning of the transport and its payload. */
static bool header_transport(const struct packet *packet, uint8_t proto, struct slice *ret)
{
	if (!packet->family || packet->proto != proto || !packet->l4.at)
		return false;
	*ret = slice(packet->l4.at, packet->payload.at ? (size_t)(packet->payload.at - packet->l4.at)
						       : packet->l4.len);
	return true;
}

static bool header_tcp(const struct packet *packet, struct slice *ret)
{
	return header_transport(packet, 6, ret);
}

static bool header_udp(const struct packet *packet, struct slice *ret)
{
	return header_transport(packet, 17, ret);
}

static bool header_icmpv4(const struct packet *packet, struct slice *ret)
{
	return header_transport(packet, 1, ret);
}

static bool header_icmpv6(const struct packet *packet, struct slice *ret)
{
	return header_transport(packet, 58, ret);
}

static bool file_name(struct file *file, struct slice *ret)
{
	*ret = slice(file->name, file->name_len);
	return file->name_len > 0;
}

static bool file_type(struct file *file, struct slice *ret)
{
	*ret = slice_text(file_magic(file));
	return ret->len > 0;
}

static const struct source others[] = {
	{ .kind = SOURCE_FILE, .name = "file.data" },
	{ .kind = SOURCE_FILE, .name = "file_data" },
	{ .kind = SOURCE_FILE_NUMBER_OR_NAME, .name = "file.name", .file = file_name },
	{ .kind = SOURCE_FILE_NUMBER_OR_NAME, .name = "file.magic", .file = file_type },
	{ .kind = SOURCE_HEADER, .name = "ipv4.hdr", .header = header_ipv4 },
	{ .kind = SOURCE_HEADER, .name = "ipv6.hdr", .header = header_ipv6 },
	{ .kind = SOURCE_HEADER, .name = "tcp.hdr", .header = header_tcp },
	{ .kind = SOURCE_HEADER, .name = "udp.hdr", .header = header_udp },
	{ .kind = SOURCE_HEADER, .name = "icmpv4.hdr", .header = header_icmpv4 },
	{ .kind = SOURCE_HEADER, .name = "icmpv6.hdr", .header = header_icmpv6 },
	{ .kind = SOURCE_HEADER, .name = "ip.src", .header = address_src },
	{ .kind = SOURCE_HEADER, .name = "ip.dst", .header = address_dst },
	{ .kind = SOURCE_BASE64, .name = "base64_data" },
};

/* --- tables --- */

static int buffer_word_add(struct parse *parse, const char *word, const struct buffer *buffer)
{
	uint32_t number = words_add(&parse->buffer_words, slice_text(word));

	if (!number || parse_room(&parse->buffers, &parse->buffer_cap, number, sizeof(void *)))
		return -ENOMEM;
	parse->buffers[number - 1] = buffer;
	return 0;
}

int sources_new(struct parse *parse)
{
	for (size_t i = 0; i < sizeof(buffers) / sizeof(buffers[0]); i++)
		if (buffer_word_add(parse, buffers[i].name, &buffers[i]) ||
		    (buffers[i].old[0] && buffer_word_add(parse, buffers[i].old, &buffers[i])))
			return -ENOMEM;
	return 0;
}

void sources_free(struct parse *parse)
{
	for (uint32_t i = 0; i < parse->source_texts.cnt; i++) {
		const struct source *source = parse->sources[i];

		/* former transforms are those of the source that this one was made of */
		if (source->transform_cnt) {
			const struct transform *last = &source->transforms[source->transform_cnt - 1];

			if (last->kind->free)
				last->kind->free(last->arg);
		}
		free(parse->sources[i]);
	}
	free(parse->sources);
	words_free(&parse->source_texts);
	free(parse->buffers);
	words_free(&parse->buffer_words);
}

size_t parse_source_cnt(const struct parse *parse)
{
	return parse->source_texts.cnt + 1;
}

const struct source *parse_source(const struct parse *parse, size_t number)
{
	if (!number)
		return &source_payload;
	return number <= parse->source_texts.cnt ? parse->sources[number - 1] : NULL;
}

static const struct source *source_known(const struct parse *parse, struct slice key)
{
	uint32_t number = words_find(&parse->source_texts, key);

	return number ? parse->sources[number - 1] : NULL;
}

/* Keeps a copy under its key, numbered. NULL: no memory. */
static const struct source *source_keep(struct parse *parse, struct slice key,
					const struct source *what)
{
	uint32_t number = parse->source_texts.cnt + 1;
	struct source *kept = malloc(sizeof(*kept));

	if (!kept || number > UINT16_MAX ||
	    parse_room(&parse->sources, &parse->source_cap, number, sizeof(void *)) ||
	    !words_add(&parse->source_texts, key)) {
		free(kept);
		return NULL;
	}
	*kept = *what;
	kept->number = (uint16_t)number;
	kept->name = words_at(&parse->source_texts, number);
	parse->sources[number - 1] = kept;
	return kept;
}

/* --- by name --- */

static const struct buffer *buffer_find(const struct parse *parse, struct slice word)
{
	uint32_t number = words_find(&parse->buffer_words, word);

	return number ? parse->buffers[number - 1] : NULL;
}

bool source_is_modifier(const struct parse *parse, struct slice word)
{
	const struct buffer *buffer = buffer_find(parse, word);

	return buffer && buffer->manner == MODIFIER && slice_is(word, buffer->old);
}

bool source_of_fields(struct slice name, bool numbers, struct source *ret_source)
{
	struct source source = { .kind = SOURCE_FIELD };

	for (unsigned int id = 0; id < PROTO_CNT; id++) {
		const struct proto *proto = protos[id];

		for (size_t i = 0; proto && i < proto->field_cnt; i++) {
			const struct field *field = &proto->fields[i];

			if ((field->kind == FIELD_NUMBER) == numbers &&
			    source.field_cnt < SOURCE_FIELDS_MAX && slice_is(name, field->name))
				source.fields[source.field_cnt++] =
					(struct source_field){ .proto = id, .field = field };
		}
	}
	if (!source.field_cnt)
		return false;
	*ret_source = source;
	return true;
}

static bool source_other(struct slice name, struct source *ret_source)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (slice_is(name, others[i].name)) {
			*ret_source = others[i];
			return true;
		}
	}
	return false;
}

uint64_t source_apps(const struct source *source)
{
	uint64_t apps = 0;

	for (uint8_t i = 0; i < source->field_cnt; i++)
		apps |= 1ull << source->fields[i].proto;
	return apps;
}

int source_of_keyword(struct draft *draft, const char *name, bool numbers, struct source *ret_source)
{
	*ret_source = (struct source){ .kind = SOURCE_FIELD };
	if (source_of_fields(slice_text(name), numbers, ret_source))
		draft_asks_number(draft, slice_text(name), ret_source);
	return draft_of_apps(draft, source_apps(ret_source), draft->keyword_at);
}

/* Known by its name already, or looked up where it may be. */
static int source_look(struct draft *draft, struct slice name, const struct buffer *buffer,
		       const struct source **ret_source)
{
	struct source made;

	*ret_source = source_known(draft->parse, name);
	if (*ret_source)
		return 0;
	if (source_other(name, &made) || source_of_fields(name, false, &made)) {
		if (slice_is(name, "file_data"))
			name = slice_text("file.data");
		*ret_source = source_known(draft->parse, name);
		if (!*ret_source)
			*ret_source = source_keep(draft->parse, name, &made);
		return *ret_source ? 0 : refuse_memory(draft);
	}
	if (!buffer)
		return 0;
	return refuse(draft, draft->keyword_at, NULL,
		      "%s cannot be asked: the protocol %s is not read yet, or not this of it",
		      buffer->name, buffer->proto);
}

int source_made(struct draft *draft, struct slice name, const struct source *what,
		const struct source **ret_source)
{
	*ret_source = source_known(draft->parse, name);
	if (!*ret_source)
		*ret_source = source_keep(draft->parse, name, what);
	return *ret_source ? 0 : refuse_memory(draft);
}

int source_find(struct draft *draft, struct slice name, const struct source **ret_source)
{
	const struct buffer *buffer = buffer_find(draft->parse, name);
	const struct source *source;
	int err;

	if (slice_is(name, "pkt_data")) {
		*ret_source = &source_payload;
		return 0;
	}
	err = source_look(draft, buffer ? slice_text(buffer->name) : name, buffer, &source);
	if (!err && source && source->kind == SOURCE_FIELD)
		err = draft_of_apps(draft, source_apps(source), draft->keyword_at);
	if (!err)
		*ret_source = source;
	return err;
}

int source_transformed(struct draft *draft, const struct source *source,
		       const struct transform_kind *kind, void *arg, struct slice text,
		       const struct source **ret_source)
{
	struct source made = *source;
	char key[512];
	int len = snprintf(key, sizeof(key), "%s|%s(%.*s)", source->name, kind->word, (int)text.len,
			   text.at);
	const struct source *known = NULL;
	int err = 0;

	if (len < 0 || (size_t)len >= sizeof(key) || made.transform_cnt == TRANSFORMS_MAX)
		err = refuse(draft, draft->keyword_at, NULL,
			     "these are more transforms than a buffer takes");
	else
		known = source_known(draft->parse, slice(key, (size_t)len));
	if (!err && !known) {
		made.transforms[made.transform_cnt++] =
			(struct transform){ .kind = kind, .arg = arg };
		known = source_keep(draft->parse, slice(key, (size_t)len), &made);
		if (known) {
			*ret_source = known;
			return 0;
		}
		err = refuse_memory(draft);
	}
	if (kind->free)
		kind->free(arg);
	*ret_source = known;
	return err;
}
