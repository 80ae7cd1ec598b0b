/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of Windows: UTF-16 with the low byte first. Read by protocols; promises UTF-8 whatever comes. */
#ifndef AGENT_BASE_UTF16_H
#define AGENT_BASE_UTF16_H

#include "base/slice.h"

/*
 * Writes bytes as UTF-8, without zeros, as far as there is room; what is no character becomes U+FFFD.
 * Returns the length.
 */
size_t utf16_write(struct slice bytes, uint8_t *room, size_t cap);

#endif
