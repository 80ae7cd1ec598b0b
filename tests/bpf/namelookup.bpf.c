// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The kernel's parsers of names and its look-up alone, asked by namelookup_test.c through
 * BPF_PROG_TEST_RUN: see namelookup.h.
 */
#include "core/xdp.h"
#include "parse/name_dns.h"
#include "parse/name_http.h"
#include "parse/name_literal.h"
#include "parse/name_tls.h"
#include "stage/name_look.h"

#include "../tests/bpf/namelookup.h"

static __always_inline struct namelookup_asked *asked_at(struct xdp_md *ctx)
{
	return frame_at(ctx, 0, sizeof(struct namelookup_asked));
}

static __always_inline const struct sek_name_profile *asked_profile(__u32 profile)
{
	return bpf_map_lookup_elem(&sek_name_policy, &profile);
}

static __always_inline int look(struct xdp_md *ctx, const bool dns)
{
	struct namelookup_asked *asked = asked_at(ctx);
	const struct sek_name_profile *profile;
	struct name_look look = {};
	__u64 print, host, path;
	int path_looked = 0;

	if (!asked)
		return XDP_ABORTED;
	host = asked->host;
	path = asked->path;
	profile = asked_profile(asked->profile);
	if (!profile)
		return XDP_ABORTED;
	asked->looked = name_look_begin(&look, 0, asked->tenant, profile, asked->now_ns);
	if (!asked->looked)
		return XDP_PASS;
	print = dns ? name_look_dns(ctx, host, &look) : name_look_text(ctx, host, &look);
	if (path)
		path_looked = name_look_path(ctx, path, print, &look);
	else
		name_look_alone(&look, print);
	asked = asked_at(ctx);
	if (!asked)
		return XDP_ABORTED;
	asked->print = print;
	asked->path_looked = path_looked;
	asked->lists = look.said.lists;
	asked->opinion = look.said.opinion;
	asked->how = look.said.how;
	asked->answer = look.said.answer;
	asked->len = look.len;
	return XDP_PASS;
}

static __always_inline int found(struct xdp_md *ctx, __u64 host, __u64 path)
{
	struct namelookup_asked *asked = asked_at(ctx);

	if (!asked)
		return XDP_ABORTED;
	asked->host = host;
	asked->path = path;
	return XDP_PASS;
}

static __always_inline int http(struct xdp_md *ctx, __u32 len)
{
	__u64 host = name_http_start(ctx, NAMELOOKUP_TEXT, len), target = host;

	if (name_kind(host) != NAME_FOUND)
		return found(ctx, host, 0);
	host = name_http_host(ctx, NAMELOOKUP_TEXT, len);
	if (name_kind(host) != NAME_FOUND)
		return found(ctx, host, 0);
	return found(ctx, host, name_http_target(ctx, name_off(target)));
}

SEC("xdp.frags")
int name_look_d(struct xdp_md *ctx)
{
	return look(ctx, true);
}

SEC("xdp.frags")
int name_look_t(struct xdp_md *ctx)
{
	return look(ctx, false);
}

SEC("xdp.frags")
int name_parse(struct xdp_md *ctx)
{
	struct namelookup_asked *asked = asked_at(ctx);
	__u32 len = asked ? asked->text_len : 0;
	__u64 host;

	if (!asked)
		return XDP_ABORTED;
	switch (asked->what) {
	case NAMELOOKUP_DNS:
		return found(ctx, name_dns_find(ctx, NAMELOOKUP_TEXT, len), 0);
	case NAMELOOKUP_TLS:
		host = name_tls_find(ctx, NAMELOOKUP_TEXT, len);
		return found(ctx, host,
			     name_kind(host) == NAME_FOUND ? name_is_literal(ctx, host) : 0);
	default:
		return http(ctx, len);
	}
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
