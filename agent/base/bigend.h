/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers as the network writes them, the highest byte first (RFC 791, appendix B), of bytes that are there.
 */
#ifndef AGENT_BASE_BIGEND_H
#define AGENT_BASE_BIGEND_H

#include <stdint.h>

static inline uint16_t be16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t be32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

#endif
