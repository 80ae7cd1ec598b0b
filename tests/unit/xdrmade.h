/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers of XDR (RFC 4506 4.1) for the tests of NFS.
 */
#ifndef TESTS_UNIT_XDRMADE_H
#define TESTS_UNIT_XDRMADE_H

#include <stddef.h>
#include <stdint.h>

/* One behind the other. Returns their length in bytes. */
static inline size_t xdr_put(uint8_t *to, const uint32_t *numbers, size_t cnt)
{
	for (size_t i = 0; i < 4 * cnt; i++)
		to[i] = (uint8_t)(numbers[i / 4] >> (24 - 8 * (i % 4)));
	return 4 * cnt;
}

#endif
