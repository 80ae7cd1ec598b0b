/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text from outside, made fit to be shown: one line, valid UTF-8, nothing that a terminal obeys.
 * Used by diag_print() and by readers that quote their input.
 */
#ifndef POLICY_TEXT_ESCAPE_H
#define POLICY_TEXT_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Decodes one UTF-8 character (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF).
 * Returns its bytes, 1 to 4, or 0 when bytes[0] does not begin one.
 */
size_t utf8_decode(const char *bytes, size_t len, uint32_t *ret_point);

/* Does a terminal or a log reader obey it? C0, DEL, C1, line and paragraph separator, bidi controls. */
bool utf8_is_control(uint32_t point);

/*
 * Copies bytes with controls and broken UTF-8 written as \xHH or \u{HEX}; cuts with "..." what does
 * not fit. Always ends with 0; size must be 8 or more. Returns `to`.
 */
char *text_escape(const char *bytes, size_t len, char *to, size_t size);

#endif
