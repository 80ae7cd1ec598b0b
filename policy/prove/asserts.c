// SPDX-License-Identifier: Apache-2.0
/*
 * Do the assertions hold? Called by policy_prove(). Tenant by tenant, because its lines serve all
 * assertions; told assertion by assertion. Pure.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "prove/diagram.h"
#include "prove/prove.h"
#include "text/service.h"

#define STEPS_MAX (1u << 22) /* of one assertion, tenant, family and kind of protocol */
#define PACKET_TEXT_MAX 200
#define USUAL_SPORT 49152 /* first of the dynamic ports (RFC 6335) */

/* What is known of one assertion so far. */
struct outcome {
	uint64_t described, broken, open; /* tenants, by id */
	char packet[PACKET_TEXT_MAX]; /* the first that breaks it */
	uint16_t tenant, rule; /* whose, and what decided it */
};

/* What the judge asks of the candidates. */
struct question {
	const struct model_assert *assertion;
	const struct model_tenant *tenant;
	uint64_t bad[NUMBERS_MAX / 64 + 1];
	size_t rule; /* candidate that decided the packet found */
};

/* Inspected packets pass where the tenant fails open; else nobody can promise either. */
static bool is_bad(const struct question *q, enum sek_action action)
{
	bool closed = q->tenant->limits.flags & SEK_TENANT_FAIL_CLOSED;

	switch (action) {
	case SEK_ACCEPT:
		return !q->assertion->pass;
	case SEK_INSPECT:
		return !q->assertion->pass || closed;
	default:
		return q->assertion->pass;
	}
}

static uint32_t judge(const struct diagram *d, const uint64_t *vector, unsigned int level, void *arg)
{
	struct question *q = arg;
	bool sure, bad = false;
	size_t first;

	for (size_t i = 0; i < d->region->words && !bad; i++)
		bad = vector[i] & q->bad[i];
	if (!bad)
		return 0;
	first = diagram_first(d, vector, level, 0, &sure);
	if (!sure)
		return DIAGRAM_OPEN;
	if (first == SIZE_MAX || !(q->bad[first / 64] >> (first % 64) & 1))
		return 0;
	q->rule = first;
	return DIAGRAM_STOP;
}

static void question_ask(struct question *q, const struct region *r)
{
	memset(q->bad, 0, sizeof(q->bad));
	for (size_t c = 0; c < r->candidate_cnt; c++)
		if (is_bad(q, (enum sek_action)r->space->action[r->candidates[c]]))
			q->bad[c / 64] |= 1ULL << (c % 64);
}

/* --- the packet that breaks it --- */

/* A value of the cell that a field had on the way; as `usual` as can be. */
static point value_of(const struct diagram *d, enum field field, point usual)
{
	const struct strip *strip = &d->region->strips[field];
	size_t cell = 0, found = SIZE_MAX;

	for (unsigned int level = 0; level < d->depth; level++)
		if (d->order[level] == field)
			cell = d->picks[field];
	for (size_t i = 0; i < strip->pieces.cnt; i++) {
		const struct span *piece = &strip->pieces.list[i];

		if (strip->cell[i] != cell)
			continue;
		if (usual >= piece->from && usual <= piece->to)
			return usual;
		if (found == SIZE_MAX)
			found = i;
	}
	return strip->pieces.list[found].from;
}

static const char *address_of(const struct diagram *d, enum field field, char *to)
{
	point first = value_of(d, field, 0);
	struct sek_addr addr = point_address(value_of(d, field, first + 1)); /* no network's own */

	return address_print(&addr, to);
}

static void packet_print(const struct diagram *d, char *to)
{
	const struct region *r = d->region;
	uint8_t proto = (uint8_t)value_of(d, FIELD_PROTO, 0);
	unsigned int sport = (unsigned int)value_of(d, FIELD_SPORT, USUAL_SPORT);
	unsigned int dport = (unsigned int)value_of(d, FIELD_DPORT, 0);
	char src[PREFIX_TEXT_MAX], dst[PREFIX_TEXT_MAX], name[16], ports[2][16] = { "", "" };
	char type[32] = "";

	snprintf(name, sizeof(name), "%u", proto);
	if (r->kind == KIND_PORTS) {
		snprintf(ports[0], sizeof(ports[0]), " port %u", sport);
		snprintf(ports[1], sizeof(ports[1]), " port %u", dport);
	} else if (r->kind != KIND_OTHER) {
		snprintf(type, sizeof(type), " type %u code %u", dport >> 8, dport & 0xff);
	}
	snprintf(to, PACKET_TEXT_MAX, "%s %s%s from %s%s to %s%s",
		 r->space->dir == SEK_OUT ? "out" : "in",
		 proto_name(proto) ? proto_name(proto) : name, type, address_of(d, FIELD_SRC, src),
		 ports[0], address_of(d, FIELD_DST, dst), ports[1]);
}

/* --- one assertion of one tenant --- */

static int region_prove(const struct region *r, struct question *q, struct outcome *outcome)
{
	uint64_t tenant = 1ULL << q->tenant->id;
	struct diagram d;
	uint32_t top = 0;
	int err;

	question_ask(q, r);
	err = diagram_walk(&d, r, judge, q, STEPS_MAX, &top);
	if (!err && top == DIAGRAM_STOP) {
		if (!outcome->broken) {
			packet_print(&d, outcome->packet);
			outcome->tenant = q->tenant->id;
			outcome->rule = r->candidates[q->rule];
		}
		outcome->broken |= tenant;
	}
	diagram_free(&d);
	if (err != -E2BIG)
		return err;
	outcome->open |= tenant;
	return 0;
}

static int assert_prove(const struct space *space, const struct model_assert *assertion,
			struct outcome *outcome)
{
	struct question q = { .assertion = assertion, .tenant = space->sides[0].tenant };
	uint64_t tenant = 1ULL << q.tenant->id;
	int err = 0;

	for (size_t s = 0; s < assertion->set_cnt && !err; s++)
		for (int part = 0; part < FAMILY_CNT * KIND_CNT && !err; part++) {
			struct region region;
			bool empty;

			if (outcome->broken & tenant || assertion->sets[s].dir != space->dir)
				break;
			err = region_make(&region, space, (enum family)(part / KIND_CNT),
					  (enum kind)(part % KIND_CNT), &assertion->sets[s], &empty);
			if (err || empty)
				continue;
			outcome->described |= tenant;
			err = region_prove(&region, &q, outcome);
			region_free(&region);
		}
	return err;
}

static bool asserts_tenant(const struct policy *policy, uint16_t tenant, enum sek_dir dir)
{
	for (size_t i = 0; i < policy->assert_cnt; i++) {
		const struct model_assert *a = &policy->asserts[i];

		if (a->tenants >> tenant & 1 && a->set_cnt && a->sets[0].dir == dir)
			return true;
	}
	return false;
}

static int tenant_prove(const struct policy *policy, const struct side *side, enum sek_dir dir,
			struct outcome *outcomes)
{
	struct space *space;
	int err;

	if (!asserts_tenant(policy, side->tenant->id, dir))
		return 0;
	space = malloc(sizeof(*space));
	if (!space)
		return -ENOMEM;
	err = space_of_one(space, side, dir);
	for (size_t i = 0; i < policy->assert_cnt && !err; i++)
		if (policy->asserts[i].tenants >> side->tenant->id & 1)
			err = assert_prove(space, &policy->asserts[i], &outcomes[i]);
	if (!err)
		space_free(space);
	free(space);
	return err;
}

/* --- what is said --- */

/* " (also of saga, ogi)"; "" when there are no others than the first. */
static char *others_print(const struct policy *policy, uint64_t tenants, uint16_t first)
{
	char *text = NULL;
	size_t len, cnt = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	for (size_t i = 0; i < policy->tenant_cnt; i++) {
		const struct model_tenant *t = &policy->tenants[i];

		if (t->id != first && tenants >> t->id & 1)
			fprintf(out, "%s%s",
				cnt++ ? ", " : "packets of these break it as well: ", t->name);
	}
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

static void broken_say(const struct policy *policy, const struct model_assert *a,
		       const struct outcome *o, struct diag *diag)
{
	const struct model_tenant *tenant = policy_tenant_id(policy, o->tenant);
	const struct place place = *policy_rule_place(tenant, o->rule);
	enum sek_action action = o->rule < tenant->rule_cnt
					 ? tenant->rules[o->rule].action
					 : tenant->default_action[o->rule - tenant->rule_cnt];
	const char *done = action == SEK_ACCEPT ? "lets through" : "refuses";
	char *others = others_print(policy, o->broken, o->tenant);

	if (action == SEK_INSPECT)
		done = a->pass ? "has inspected, without which nothing passes" : "may let through";
	diag_add(diag, DIAG_ERROR, a->place.file, a->place.line, a->place.column,
		 others && *others ? others : NULL,
		 "assertion %s does not hold: %s expects %s, but rule %s (%s:%u) %s %s", a->name,
		 tenant->name, a->pass ? "accept" : "drop", policy_rule_name(tenant, o->rule),
		 place.file ? place.file : policy->path, place.line, done, o->packet);
	free(others);
}

static void open_say(const struct policy *policy, const struct model_assert *a, uint64_t tenants,
		     struct diag *diag)
{
	for (size_t i = 0; i < policy->tenant_cnt; i++)
		if (tenants >> policy->tenants[i].id & 1)
			diag_add(diag, DIAG_ERROR, a->place.file, a->place.line, a->place.column,
				 "describe fewer packets, in several assertions",
				 "assertion %s: the rules of %s are too entangled to try it for all "
				 "packets",
				 a->name, policy->tenants[i].name);
}

static void empty_say(const struct policy *policy, const struct model_assert *a,
		      const struct outcome *o, struct diag *diag)
{
	uint64_t empty = a->tenants & ~o->described;
	const char *hint = "what comes from a tenant has a source of its prefixes, what goes to it a "
			   "destination; routers stand outside";

	if (a->all && o->described) /* of some it speaks */
		return;
	for (size_t i = 0; i < policy->tenant_cnt; i++) {
		const struct model_tenant *t = &policy->tenants[i];

		if (!(empty >> t->id & 1))
			continue;
		diag_add(diag, DIAG_ERROR, a->place.file, a->place.line, a->place.column, hint,
			 "assertion %s describes no packet of %s", a->name,
			 a->all ? "any tenant" : t->name);
		if (a->all)
			return;
	}
}

int asserts_prove(const struct policy *policy, const struct image *image, struct diag *diag)
{
	struct outcome *outcomes = calloc(policy->assert_cnt + 1, sizeof(*outcomes));
	size_t errors = diag->error_cnt;
	int err = outcomes ? 0 : -ENOMEM;

	for (size_t t = 0; t < policy->tenant_cnt && !err; t++)
		for (int dir = 0; dir < 2 && !err; dir++) {
			const struct side side = { policy, &policy->tenants[t], image };

			err = tenant_prove(policy, &side, (enum sek_dir)dir, outcomes);
		}
	if (err)
		diag_add(diag, DIAG_ERROR, policy->path, 0, 0, NULL, "out of memory");
	for (size_t i = 0; i < policy->assert_cnt && !err; i++) {
		const struct model_assert *a = &policy->asserts[i];

		if (outcomes[i].broken)
			broken_say(policy, a, &outcomes[i], diag);
		else
			empty_say(policy, a, &outcomes[i], diag);
		open_say(policy, a, outcomes[i].open & ~outcomes[i].broken, diag);
	}
	free(outcomes);
	return err ? err : diag->error_cnt > errors ? -EINVAL : 0;
}
