// SPDX-License-Identifier: Apache-2.0
/*
 * rewrite/strip_ech.h: DNS answers to the program alone, in both flavours and families. What is cut must
 * be as if it had never been written, what is blanked must differ in versions alone, what cannot be read
 * must be as it was. Needs root; says SKIP otherwise.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/lot.h"
#include "bpf/packet.h"
#include "sekisho/config.h"
#include "sekisho/flow.h"
#include "sekisho/name.h"
#include "sekisho/policy.h"
#include "sekisho/tenant.h"
#include "sekisho/verdict.h"

#include "bpf/answers_ask.h"

#include "bpf/answers_load.h"

#define MESSAGE_MAX 4096
#define SVCB 64
#define HTTPS 65
#define CNAME 5
#define A 1
#define QUESTION 12 /* offset of its name */

struct message {
	uint8_t b[MESSAGE_MAX];
	size_t len;
};

/* How a message is written: as it comes, as it is expected when cut, or when blanked. */
enum form { WHOLE, CUT, BLANK };

struct bed {
	struct answers *xdp;
	struct answers_tc *tc;
	struct message in, out;
	struct frame frame, left;
	struct answers_ask told;
	uint64_t tallies[SEK_NAME_TALLIES];
};

static void put(struct message *m, const void *bytes, size_t len)
{
	assert_true(m->len + len <= sizeof(m->b));
	memcpy(m->b + m->len, bytes, len);
	m->len += len;
}

static void put16(struct message *m, unsigned int value)
{
	const uint8_t bytes[2] = { (uint8_t)(value >> 8), (uint8_t)value };

	put(m, bytes, sizeof(bytes));
}

static void put_head(struct message *m, unsigned int answers, unsigned int additional)
{
	m->len = 0;
	put16(m, 0x1234);
	put16(m, 0x8180);
	put16(m, 1);
	put16(m, answers);
	put16(m, 0);
	put16(m, additional);
	put(m, "\3www\7example", 13);
	put16(m, HTTPS);
	put16(m, 1);
}

/* A record's head; where its length stands. */
static size_t put_record(struct message *m, unsigned int name, unsigned int type)
{
	put16(m, 0xc000 | name);
	put16(m, type);
	put16(m, 1);
	put16(m, 0);
	put16(m, 300);
	put16(m, 0);
	return m->len - 2;
}

static void record_end(struct message *m, size_t len_at)
{
	size_t len = m->len - len_at - 2;

	m->b[len_at] = (uint8_t)(len >> 8);
	m->b[len_at + 1] = (uint8_t)len;
}

/* ECHConfigList of cnt configurations, the last with `bytes` of contents. */
static void put_ech(struct message *m, enum form form, unsigned int cnt, unsigned int bytes)
{
	if (form == CUT)
		return;
	put16(m, 5);
	put16(m, 2 + cnt * 4 + (cnt - 1) * 9 + bytes);
	put16(m, cnt * 4 + (cnt - 1) * 9 + bytes);
	for (unsigned int i = 0; i < cnt; i++) {
		unsigned int len = i + 1 < cnt ? 9 : bytes;

		put16(m, form == BLANK ? 0 : 0xfe0d);
		put16(m, len);
		for (unsigned int j = 0; j < len; j++)
			put(m, "\xc1", 1);
	}
}

/* What an HTTPS record is made of. */
struct service {
	uint16_t type; /* 0: HTTPS */
	bool target; /* not "." */
	bool before, behind; /* other parameters */
	unsigned int configs, bytes; /* of ech; 0: none */
};

static void put_service(struct message *m, enum form form, const struct service *s)
{
	size_t len_at = put_record(m, QUESTION, s->type ? s->type : HTTPS);

	put16(m, 1);
	put(m, s->target ? "\2to\7example" : "", s->target ? 12 : 1);
	if (s->before)
		put(m, "\0\1\0\3\2h2\0\4\0\4\306\063\144\120", 15);
	if (s->configs)
		put_ech(m, form, s->configs, s->bytes);
	if (s->behind)
		put(m, "\0\6\0\20\x26\6\x47\0\0\0\0\0\0\0\0\0\xff\xff\xff\xfe", 20);
	record_end(m, len_at);
}

static void put_opt(struct message *m)
{
	put(m, "\0\0\51\4\320\0\0\0\0\0\0", 11);
}

static uint64_t tally_of(struct bed *bed, uint32_t which)
{
	struct bpf_object *object = bed->tc ? bed->tc->obj : bed->xdp->obj;
	uint64_t cells[1024] = {}, sum = 0;

	assert_true(libbpf_num_possible_cpus() <= 1024);
	assert_int_equal(bpf_map_lookup_elem(bpf_object__find_map_fd_by_name(object, "sek_name_tally"),
					     &which, cells),
			 0);
	for (int i = 0; i < libbpf_num_possible_cpus(); i++)
		sum += cells[i];
	return sum;
}

/* What is counted, besides what was before. */
static void counted(struct bed *bed, uint32_t which)
{
	for (uint32_t i = 0; i < SEK_NAME_TALLIES; i++) {
		uint64_t now = tally_of(bed, i);

		assert_int_equal(now - bed->tallies[i], i == which);
		bed->tallies[i] = now;
	}
}

struct wire {
	bool six, no_sum;
	uint16_t vlan, outer;
	size_t trailer, piece;
	size_t from, to; /* TCP: bytes of the message in this segment; to 0: a datagram */
	uint32_t seq;
};

static struct pkt wire_packet(const struct bed *bed, const struct wire *wire)
{
	return (struct pkt){
		.src = wire->six ? "2001:db8:ff::53" : "198.51.100.53",
		.dst = wire->six ? "2001:db8:a::5" : "10.0.1.5",
		.vlan = wire->vlan,
		.outer = wire->outer,
		.proto = wire->to ? IPPROTO_TCP : IPPROTO_UDP,
		.sport = 53,
		.dport = 40001,
		.flags = wire->to ? TCP_ACK : 0,
		.seq = wire->seq + (uint32_t)wire->from,
		.payload = bed->in.b + wire->from,
		.payload_len = wire->to ? wire->to - wire->from : bed->in.len,
		.trailer = wire->trailer,
		.piece = wire->piece,
	};
}

static void run(struct bed *bed, const struct wire *wire)
{
	struct pkt pkt = wire_packet(bed, wire);
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = bed->frame.b, .data_out = bed->left.b,
		    .data_size_out = sizeof(bed->left.b));
	struct bpf_object *object = bed->tc ? bed->tc->obj : bed->xdp->obj;
	int map = bpf_object__find_map_fd_by_name(object, "answers_ask");
	struct bpf_program *program = bpf_object__find_program_by_name(object, "ech_strip");
	struct answers_ask ask = { .verdict = 0xff };
	uint32_t zero = 0;

	pkt_build(&pkt, &bed->frame);
	if (wire->no_sum)
		frame_put16(&bed->frame, bed->frame.l4 + 6, 0);
	opts.data_size_in = (uint32_t)bed->frame.len;
	assert_int_equal(bpf_map_update_elem(map, &zero, &ask, BPF_ANY), 0);
	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(program), &opts), 0);
	assert_int_equal(bpf_map_lookup_elem(map, &zero, &bed->told), 0);
	assert_int_equal(bed->told.verdict, SEK_NEXT);
	bed->left.len = opts.data_size_out;
}

/* The frame that left holds bed->out, in right headers that are else those that came. */
static void left_is_right(const struct bed *bed, const struct wire *wire)
{
	const struct frame *in = &bed->frame, *left = &bed->left;
	size_t l3 = in->l3, l4 = in->l4, cut = bed->in.len - bed->out.len;

	assert_int_equal(left->len, in->len - cut);
	assert_memory_equal(left->b, in->b, l3 + (wire->six ? 4 : 2));
	assert_int_equal(frame_get16(left, l4 + 4), 8 + bed->out.len);
	assert_memory_equal(left->b + l4 + 8, bed->out.b, bed->out.len);
	assert_int_equal(bed->told.payload_len, bed->out.len);
	assert_int_equal(bed->told.ip_len, l4 - l3 + 8 + bed->out.len);
	if (!wire->six)
		assert_true(frame_ip_sum_right(left, l3));
	if (wire->no_sum)
		assert_int_equal(frame_get16(left, l4 + 6), 0);
	else
		assert_true(frame_l4_sum_right(left, l3));
}

/* Puts the sum and the bytes of the piece that left into the datagram that it is of. */
static void put_whole(struct bed *bed, const struct wire *wire)
{
	struct pkt pkt = wire_packet(bed, wire);
	size_t from = bed->frame.l4, sum = bed->left.len - from, to;
	uint8_t piece[256];

	assert_true(sum <= sizeof(piece));
	memcpy(piece, bed->left.b + from, sum);
	pkt_build(&pkt, &bed->frame);
	to = bed->frame.l4;
	memcpy(&bed->left, &bed->frame, sizeof(bed->frame));
	memcpy(bed->left.b + to, piece, sum);
	bed->told.payload_len = (uint16_t)bed->in.len;
	bed->told.ip_len = (uint16_t)(bed->frame.len - bed->frame.l3);
}

static void untouched(const struct bed *bed)
{
	assert_int_equal(bed->left.len, bed->frame.len);
	assert_memory_equal(bed->left.b, bed->frame.b, bed->frame.len);
}

static void answer(struct message *m, enum form form, const struct service *s, bool opt)
{
	put_head(m, 1, opt);
	put_service(m, form, s);
	if (opt)
		put_opt(m);
}

/* Every length of ech, even and odd, with and without what stands around it. */
static void cut_out(void **state)
{
	struct bed *bed = *state;

	for (unsigned int bits = 0; bits < 256; bits++) {
		const struct wire wire = { .six = bits & 1,
					   .no_sum = (bits & 3) == 2,
					   .vlan = bits & 4 ? 10 : 0,
					   .outer = bits & 8 ? 100 : 0,
					   .trailer = bits % 5 };
		const struct service service = { .type = bits & 16 ? SVCB : HTTPS,
						 .target = bits & 32,
						 .before = bits & 64,
						 .behind = bits & 128,
						 .configs = 1 + bits % 3,
						 .bytes = bits };

		answer(&bed->in, WHOLE, &service, bits & 2);
		answer(&bed->out, CUT, &service, bits & 2);
		run(bed, &wire);
		left_is_right(bed, &wire);
		counted(bed, SEK_NAME_ECH_CUT);
	}
}

static void nothing_to_cut(void **state)
{
	const struct service plain = { .before = true, .behind = true };
	struct bed *bed = *state;

	for (unsigned int six = 0; six < 2; six++) {
		answer(&bed->in, WHOLE, &plain, true);
		run(bed, &(struct wire){ .six = six });
		untouched(bed);
		put_head(&bed->in, 0, 0);
		run(bed, &(struct wire){ .six = six });
		untouched(bed);
		counted(bed, SEK_NAME_TALLIES);
	}
}

/* A chain in front, addresses behind: the record between them is cut. */
static void among_others(struct message *m, enum form form, unsigned int behind)
{
	const struct service service = { .before = true, .behind = true, .configs = 1, .bytes = 65 };
	size_t len_at;

	put_head(m, 2, 2);
	len_at = put_record(m, QUESTION, CNAME);
	put(m, "\3cdn\xc0\x10", 6);
	record_end(m, len_at);
	put_service(m, form, &service);
	len_at = put_record(m, behind, A);
	put(m, "\xc6\x33\x64\x50", 4);
	record_end(m, len_at);
	put_opt(m);
}

static void others_stay(void **state)
{
	struct bed *bed = *state;

	for (unsigned int six = 0; six < 2; six++) {
		const struct wire wire = { .six = six };

		among_others(&bed->in, WHOLE, QUESTION);
		among_others(&bed->out, CUT, QUESTION);
		run(bed, &wire);
		left_is_right(bed, &wire);
		counted(bed, SEK_NAME_ECH_CUT);
	}
}

/* A name that points behind the cut: no byte moves. */
static void pointers_hold(void **state)
{
	struct bed *bed = *state;

	for (unsigned int six = 0; six < 2; six++) {
		const struct wire wire = { .six = six };

		among_others(&bed->in, WHOLE, 120);
		among_others(&bed->out, BLANK, 120);
		run(bed, &wire);
		left_is_right(bed, &wire);
		counted(bed, SEK_NAME_ECH_BLANK);
	}
}

static void several(struct message *m, enum form form, unsigned int bytes)
{
	put_head(m, 2, 1);
	put_service(m, form, &(struct service){ .before = true, .configs = 3, .bytes = bytes });
	put_service(m, form, &(struct service){ .behind = true, .configs = 1, .bytes = 60 });
	put_opt(m);
}

static void several_are_blanked(void **state)
{
	struct bed *bed = *state;

	for (unsigned int bits = 0; bits < 64; bits++) {
		const struct wire wire = { .six = bits & 1, .no_sum = (bits & 3) == 2 };

		several(&bed->in, WHOLE, bits);
		several(&bed->out, BLANK, bits);
		run(bed, &wire);
		left_is_right(bed, &wire);
		counted(bed, SEK_NAME_ECH_BLANK);
	}
}

/*
 * The sum of a datagram in pieces is of all of them: what changes in the first must be added to it, and
 * nothing may move. A first piece that ends within its records cannot be read to its end.
 */
static void pieces_are_blanked(void **state)
{
	const struct service service = { .configs = 1, .bytes = 42 };
	struct bed *bed = *state;

	for (unsigned int bits = 0; bits < 4; bits++) {
		const struct wire whole = { .six = bits & 1 };
		size_t piece;

		answer(&bed->in, WHOLE, &service, false);
		answer(&bed->out, BLANK, &service, false);
		piece = 8 + bed->in.len - (bits & 2 ? 8 : 0);
		assert_int_equal(piece % 8, 0);
		put(&bed->in, "0123456789abcdef", 16);
		put(&bed->out, "0123456789abcdef", 16);
		run(bed, &(struct wire){ .six = bits & 1, .piece = piece });
		if (bits & 2) {
			untouched(bed);
			counted(bed, SEK_NAME_ECH_LEFT);
			continue;
		}
		counted(bed, SEK_NAME_ECH_BLANK);
		/* With its other piece it is whole again. */
		put_whole(bed, &whole);
		left_is_right(bed, &whole);
	}
}

/* Sends a part of the message in a segment; what left of it is put where it belongs. */
static void segment(struct bed *bed, unsigned int six, uint32_t seq, size_t from, size_t to,
		    struct message *left)
{
	run(bed, &(struct wire){ .six = six, .from = from, .to = to, .seq = seq });
	assert_int_equal(bed->left.len, bed->frame.len);
	assert_true(frame_l4_sum_right(&bed->left, bed->frame.l3));
	memcpy(left->b + from, bed->left.b + bed->left.len - (to - from), to - from);
	left->len = to;
}

/* No configuration of what left has the version that it had; all else is as it was. */
static void versions_are_gone(const struct bed *bed, const struct message *left, size_t cut)
{
	struct message wanted = bed->out;
	size_t version =
		(size_t)((const uint8_t *)memmem(bed->in.b, bed->in.len, "\xfe\x0d", 2) - bed->in.b);

	/* Its first byte was gone already. */
	if (cut == version + 1)
		wanted.b[version] = 0xfe;
	assert_int_equal(left->len, wanted.len);
	if (memcmp(left->b, wanted.b, wanted.len) != 0)
		fail_msg("cut at %zd of a version", (ssize_t)(cut - version));
}

/* A stream, of which no byte may move: cut in two anywhere, in pieces of any size, and sent once more. */
static void streams_are_blanked(void **state)
{
	const struct service service = { .before = true, .behind = true, .configs = 1, .bytes = 50 };
	struct bed *bed = *state;
	struct message left = {};

	answer(&bed->in, WHOLE, &service, true);
	answer(&bed->out, BLANK, &service, true);
	for (unsigned int six = 0; six < 2; six++) {
		for (size_t cut = 1; cut < bed->in.len; cut++) {
			uint32_t seq = (uint32_t)cut * 100000 + six * 50000;

			segment(bed, six, seq, 0, cut, &left);
			segment(bed, six, seq, cut, bed->in.len, &left);
			versions_are_gone(bed, &left, cut);
			segment(bed, six, seq, cut, bed->in.len, &left);
			versions_are_gone(bed, &left, cut);
		}
		for (size_t size = 1; size < 30; size++) {
			size_t version = (size_t)((const uint8_t *)memmem(bed->in.b, bed->in.len,
									  "\xfe\x0d", 2) -
						  bed->in.b);
			uint32_t seq = (uint32_t)size * 7000000 + six * 50000;

			for (size_t at = 0; at < bed->in.len; at += size)
				segment(bed, six, seq, at,
					at + size < bed->in.len ? at + size : bed->in.len, &left);
			versions_are_gone(bed, &left,
					  version / size != (version + 1) / size ? version + 1 : 0);
		}
	}
	for (uint32_t i = 0; i < SEK_NAME_TALLIES; i++)
		bed->tallies[i] = tally_of(bed, i);
}

static void odd(struct bed *bed, void (*bend)(struct message *m))
{
	const struct service service = { .before = true, .configs = 1, .bytes = 50 };

	for (unsigned int six = 0; six < 2; six++) {
		answer(&bed->in, WHOLE, &service, true);
		bend(&bed->in);
		run(bed, &(struct wire){ .six = six });
		untouched(bed);
		counted(bed, SEK_NAME_ECH_LEFT);
	}
}

static void bend_question(struct message *m)
{
	m->b[2] = 0x01;
}

static void bend_two_questions(struct message *m)
{
	m->b[5] = 2;
}

static void bend_counts(struct message *m)
{
	m->b[7] = 2;
	m->b[11] = 1;
}

static void bend_short(struct message *m)
{
	m->len -= 12; /* OPT and the last byte of the record */
}

static void bend_param(struct message *m)
{
	m->b[QUESTION + 17 + 12 + 3 + 3] = 0xff; /* low byte of alpn's length */
}

static void bend_label(struct message *m)
{
	m->b[QUESTION] = 0x40;
}

static void bend_endless(struct message *m)
{
	m->len = QUESTION;
	while (m->len < 600)
		put(m, "\1a", 2);
}

static void bend_many(struct message *m)
{
	put_head(m, 41, 0);
	for (int i = 0; i < 41; i++)
		put_record(m, QUESTION, A);
}

static void bend_head(struct message *m)
{
	m->len = 11;
}

/* What is not understood goes on as it came. */
static void not_understood(void **state)
{
	static void (*const bends[])(struct message * m) = {
		bend_question, bend_two_questions, bend_counts, bend_short, bend_param,
		bend_label,    bend_endless,	   bend_many,	bend_head,
	};
	struct bed *bed = *state;

	for (size_t i = 0; i < sizeof(bends) / sizeof(bends[0]); i++)
		odd(bed, bends[i]);
}

/* Bytes that were changed by chance: whatever is made of them has right sums. */
static void whatever_comes(void **state)
{
	struct bed *bed = *state;
	uint64_t seed = 0x5eed;

	for (int i = 0; i < (int)lot_cnt(20000); i++) {
		const struct wire wire = { .six = i & 1 };

		several(&bed->in, WHOLE, (unsigned int)i % 40);
		if (i & 2)
			among_others(&bed->in, WHOLE, QUESTION);
		for (int j = 0; j < 1 + i % 3; j++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			bed->in.b[(seed >> 33) % bed->in.len] = (uint8_t)(seed >> 25);
		}
		run(bed, &wire);
		if (!wire.six)
			assert_true(frame_ip_sum_right(&bed->left, bed->frame.l3));
		assert_true(frame_l4_sum_right(&bed->left, bed->frame.l3));
	}
}

static int bed_up(void **state, bool tc)
{
	struct bed *bed = calloc(1, sizeof(*bed));

	if (!bed)
		return -1;
	*state = bed;
	return answers_load(tc, &bed->xdp, &bed->tc);
}

static int up_xdp(void **state)
{
	return bed_up(state, false);
}

static int up_tc(void **state)
{
	return bed_up(state, true);
}

static int down(void **state)
{
	struct bed *bed = *state;

	answers_unload(bed->xdp, bed->tc);
	free(bed);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(cut_out, may_run),
		cmocka_unit_test_setup(nothing_to_cut, may_run),
		cmocka_unit_test_setup(others_stay, may_run),
		cmocka_unit_test_setup(pointers_hold, may_run),
		cmocka_unit_test_setup(several_are_blanked, may_run),
		cmocka_unit_test_setup(pieces_are_blanked, may_run),
		cmocka_unit_test_setup(streams_are_blanked, may_run),
		cmocka_unit_test_setup(not_understood, may_run),
		cmocka_unit_test_setup(whatever_comes, may_run),
	};

	return cmocka_run_group_tests_name("ECH", tests, up_xdp, down) +
	       cmocka_run_group_tests_name("ECH by TC", tests, up_tc, down);
}
