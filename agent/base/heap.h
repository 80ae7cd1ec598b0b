/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The heap of a run that grows far and ends: it is asked of the kernel in large pages, since what looks here
 * and there in hundreds of megabytes pays for each small one twice, when it is first touched and when its
 * address is looked up again, and in a virtual machine more than twice that.
 */
#ifndef AGENT_BASE_HEAP_H
#define AGENT_BASE_HEAP_H

struct heap {
	char *end; /* up to where large pages were asked for */
};

/* At the start of the program, by its one thread: what is freed stays the program's from here on. */
void heap_begin(struct heap *heap);
/* Now and then: what it has grown by. */
void heap_follow(struct heap *heap);

/*
 * For threads that take and free some memory with each packet: a little of what was freed stays theirs,
 * instead of being given to the kernel and asked of it again.
 */
void heap_keep(void);

#endif
