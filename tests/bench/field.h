/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The field: namespaces laid out by field.sh, with frames sent alive through what is measured. A path is
 * bench-lan --- (inside)NAMESPACE(outside) --- bench-net; its ends are interfaces of the path's name.
 */
#ifndef TESTS_BENCH_FIELD_H
#define TESTS_BENCH_FIELD_H

#include <stdbool.h>
#include <stdint.h>

struct field;
struct frame;

/*
 * Runs field.sh: a word and what goes with it (may be NULL). What it printed last is kept for bench_said().
 * 0, BENCH_SKIP or -errno.
 */
int field_script(const char *word, const char *more);

/*
 * Lays out by `field.sh up LAYOUT`. 0, BENCH_SKIP or -errno with words. field_down() also ends what a
 * field_up() that failed has left.
 */
int field_up(const char *layout, struct field **ret_field);
void field_down(struct field *field);

/* A bare XDP redirect in both directions between inside and outside of this namespace. */
int field_bare(struct field *field, const char *ns);
/* The same by TC, where offloads stay on. */
int field_bare_tc(struct field *field, const char *ns);
/* Counts and ends what arrives at these ends of a path: NAME in bench-net, and in bench-lan. */
int field_sinks(struct field *field, const char *name);

/* A TCP socket of this namespace. */
int field_socket(const struct field *field, const char *ns, int *ret_fd);

#define FIELD_WHOLE 104
#define FIELD_PAD 8

/*
 * Sends `packets` of this frame alive into path `name`, as `flows` flows of vary_open()'s numbering; back:
 * from bench-net, as answers. Returns how many arrived at sinks for each second of CPU 0. Sender, veth and what is
 * measured all run on that CPU, on this thread's time (checked: ksoftirqd had none of it). A frame of FIELD_WHOLE
 * bytes is made anew to its end each time, any other to the end of its headers.
 */
int field_send(struct field *field, const char *name, const struct frame *frame, uint32_t flows,
	       bool back, uint32_t packets, double *ret_per_second);

#endif
