// SPDX-License-Identifier: Apache-2.0
/*
 * By malloc's own settings and advice to the kernel; where either is refused, the heap is as ever. Called by
 * replay/inspect.c, and by inline/inline.c for a process that goes on.
 */
#include "base/heap.h"

#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define LARGE_PAGE ((uintptr_t)2 << 20)
#define STEP (64 << 20) /* bytes that the heap grows by; what is not touched costs nothing */
#define MAPPED_LEAST                                                                               \
	(32 << 20) /* the most that malloc takes: larger ones are mapped, each by itself */
#define KEPT_STEP (1 << 20) /* bytes that a thread's heap grows by */
#define KEPT_MOST (48 << 20) /* free at a heap's end: less than the whole of a thread's heap */

void heap_begin(struct heap *heap)
{
	void *volatile first;

	heap->end = sbrk(0);
	(void)mallopt(M_TOP_PAD, STEP);
	(void)mallopt(M_TRIM_THRESHOLD, 1 << 30);
	(void)mallopt(M_MMAP_THRESHOLD, MAPPED_LEAST);
	first = malloc(MAPPED_LEAST / 2); /* so that it is there, to be advised on, before it is used */
	free(first);
	heap_follow(heap);
}

void heap_follow(struct heap *heap)
{
	char *now = sbrk(0);
	uintptr_t from = ((uintptr_t)heap->end + LARGE_PAGE - 1) & ~(LARGE_PAGE - 1);
	uintptr_t to = (uintptr_t)now & ~(LARGE_PAGE - 1);

	if (to <= from)
		return;
	(void)madvise((void *)from, to - from, MADV_HUGEPAGE);
	heap->end = now;
}

void heap_keep(void)
{
	(void)mallopt(M_TOP_PAD, KEPT_STEP);
	(void)mallopt(M_TRIM_THRESHOLD, KEPT_MOST);
}
