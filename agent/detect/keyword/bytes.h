/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers in bytes, as byte_test, byte_jump, byte_extract and byte_math read them alike. Pure.
 */
#ifndef AGENT_DETECT_KEYWORD_BYTES_H
#define AGENT_DETECT_KEYWORD_BYTES_H

#include "detect/parse/inside.h"

/* A number that is written, or that a variable holds. */
struct byte_number {
	int64_t number;
	uint8_t var; /* from 1; 0: number */
};

struct byte_place {
	struct byte_number cnt; /* bytes, or characters of a text */
	struct byte_number offset;
	bool is_relative, is_little, is_text, is_dce;
	uint8_t base; /* of a text: 8, 10, 16; 0: as its prefix says */
	uint32_t mask; /* as byte_masked() takes it */
};

int64_t byte_number(const struct byte_number *number, const struct match *match);

/* What a mask leaves of a number, moved down by the mask's lowest bit; mask 0: all of it. */
uint64_t byte_masked(uint64_t number, uint32_t mask);
/* Where it begins, in the buffer at hand or just behind it. false: outside. */
bool byte_place_at(const struct byte_place *place, const struct match *match, size_t *ret_at);
/*
 * Reads the number. *ret_end is the offset behind what was read. false: it does not lie in the
 * buffer, or is no number.
 */
bool byte_place_read(const struct byte_place *place, const struct match *match,
		     uint64_t *ret_number, size_t *ret_end);

/* A number, or the name of a variable that was given before. */
int byte_number_parse(struct draft *draft, struct slice text, struct byte_number *ret_number);
/*
 * Words that all of them have: relative, big, little, string, hex, dec, oct, dce, bitmask. 1: it was one;
 * 0: it is another word; -errno.
 */
int byte_word_parse(struct draft *draft, struct slice word, struct byte_place *place);
/* How many bytes can be read: up to 8, of a text up to 23. */
int byte_place_check(struct draft *draft, struct slice value, const struct byte_place *place);

#endif
