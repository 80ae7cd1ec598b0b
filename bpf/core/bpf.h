/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The ground that every header of bpf/ stands on: UAPI types, libbpf's helpers and a few words of
 * C that they lack. No header of the running kernel. Included first by all; owns no state.
 */
#ifndef BPF_CORE_BPF_H
#define BPF_CORE_BPF_H

#include <linux/bpf.h>
#include <linux/errno.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#include <stdbool.h>
#include <stddef.h>

#include "sekisho/base.h"

#define NSEC_PER_SEC 1000000000ULL

/* One value, read or written once: maps are shared between CPUs. */
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

/*
 * Makes clang forget what it knows of a value, so that a mask or a check that the verifier needs
 * after it stays in the code.
 */
#ifndef barrier_var
#define barrier_var(var) asm volatile("" : "+r"(var))
#endif

/* Same 16 bytes. */
static __always_inline bool addr_equal(const struct sek_addr *a, const struct sek_addr *b)
{
	return a->q[0] == b->q[0] && a->q[1] == b->q[1];
}

/* An address of many: multicast, and IPv4's broadcast. */
static __always_inline bool addr_is_group(const struct sek_addr *addr, __u8 family)
{
	return family == 4 ? addr->b[12] >= 224 : addr->b[0] == 0xff;
}

/*
 * Two words of an address as one, as they stand in memory. An address is written as it will be read:
 * a processor waits when a load wants what two stores before it wrote.
 */
static __always_inline __u64 addr_pair(__be32 first, __be32 second)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (__u64)second << 32 | first;
#else
	return (__u64)first << 32 | second;
#endif
}

/* The v4-mapped form of an IPv4 address. */
static __always_inline void addr_set_v4(struct sek_addr *addr, __be32 v4)
{
	addr->q[0] = 0;
	addr->q[1] = addr_pair(bpf_htonl(0xffff), v4);
}

/* The four words of an IPv6 address. */
static __always_inline void addr_set_v6(struct sek_addr *addr, const __be32 *v6)
{
	addr->q[0] = addr_pair(v6[0], v6[1]);
	addr->q[1] = addr_pair(v6[2], v6[3]);
}

#endif
