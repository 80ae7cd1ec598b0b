// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * answers.h for TC.
 */
#include "core/skb.h"

#include "answers.h"

SEC("tc")
int dns_answer(struct __sk_buff *ctx)
{
	return answers_dns(ctx);
}

SEC("tc")
int ech_strip(struct __sk_buff *ctx)
{
	return answers_strip(ctx);
}

SEC("tc")
int reset_answer(struct __sk_buff *ctx)
{
	return answers_reset(ctx);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
