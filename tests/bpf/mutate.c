// SPDX-License-Identifier: Apache-2.0
/*
 * Bends frames and adds counters up. The seed alone decides.
 */
#include "bpf/mutate.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdlib.h>
#include <string.h>

#include "sekisho/event.h"

uint32_t draw(uint64_t *seed, uint32_t below)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return (uint32_t)((*seed * 2685821657736338717ull) >> 33) % below;
}

void frame_mutate(struct frame *f, uint64_t *seed)
{
	uint32_t changes = 1 + draw(seed, 4);

	while (changes--) {
		size_t at = draw(seed, 2) ? draw(seed, f->len < 100 ? (uint32_t)f->len : 100)
					  : draw(seed, (uint32_t)f->len);

		switch (draw(seed, 5)) {
		case 0:
			f->b[at] = (uint8_t)draw(seed, 256);
			break;
		case 1:
			f->b[at] ^= (uint8_t)(1 << draw(seed, 8));
			break;
		case 2:
			f->b[at] = draw(seed, 2) ? 0xff : 0;
			break;
		case 3:
			if (!draw(seed, 6))
				f->len = at < 14 ? 14 : at;
			break;
		default:
			memset(f->b + f->len, (int)draw(seed, 256), 64);
			f->len += draw(seed, 64);
		}
	}
	/* Most with the header sum put right, or nothing behind it would ever be tried. */
	if (f->l3 && f->b[f->l3] >> 4 == 4 && f->l3 + 60 <= f->len && draw(seed, 5))
		frame_ip_sum(f);
}

void reasons_sum(int map_fd, uint32_t cells, uint64_t ret_packets[SEK_REASONS_MAX])
{
	int cpus = libbpf_num_possible_cpus();
	struct sek_count *values = calloc((size_t)cpus, sizeof(*values));

	memset(ret_packets, 0, sizeof(*ret_packets) * SEK_REASONS_MAX);
	for (uint32_t i = 0; i < cells; i++) {
		if (!values || bpf_map_lookup_elem(map_fd, &i, values))
			abort(); /* a test without its tables has nothing to say */
		for (int c = 0; c < cpus; c++)
			ret_packets[i % SEK_REASONS_MAX] += values[c].packets;
	}
	free(values);
}
