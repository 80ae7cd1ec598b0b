// SPDX-License-Identifier: Apache-2.0
/*
 * The table of flows: keys, buckets, lists by timeout. Called by a worker for each packet; promises
 * that a packet costs one hash and one list move, and that ids are the same in every run.
 */
#include "inspect/flowtable.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/config.h"
#include "inspect/decode_layers.h"
#include "inspect/engine.h"
#include "inspect/macs.h"
#include "inspect/tenants.h"

#define NS 1000000000ull
#define BUCKETS_DEFAULT 65536
#define BUCKETS_MAX (1u << 24)
#define MEMCAP_DEFAULT (128ull << 20)
/* What flow_id may be without losing digits in programs that read JSON numbers as doubles. */
#define FLOW_ID_MASK ((1ull << 51) - 1)
#define EXPECTATION_NS (30 * NS)
#define TENANTS 65536
#define MIX_A 0x9e3779b97f4a7c15ull
#define MIX_B 0xd6e8feb86659fd93ull
#define MIX_C 0xa0761d6478bd642full

/* --- settings --- */

static const char *const kind_names[FLOW_KINDS] = { "default", "tcp", "udp", "icmp" };
static const char *const state_names[FLOW_STATES] = { "new", "established", "closed", "bypassed" };
static const uint16_t timeouts_s[FLOW_KINDS][FLOW_STATES] = {
	[FLOW_KIND_DEFAULT] = { 30, 300, 0, 100 },
	[FLOW_KIND_TCP] = { 60, 600, 60, 100 },
	[FLOW_KIND_UDP] = { 30, 300, 0, 100 },
	[FLOW_KIND_ICMP] = { 30, 300, 0, 100 },
};

/* Does any output of records tell Ethernet addresses? */
static bool macs_are_told(const struct config *config)
{
	char path[64];

	for (size_t i = 0; i < config_cnt(config, "outputs"); i++) {
		snprintf(path, sizeof(path), "outputs.%zu.eve-log.ethernet", i);
		if (config_bool(config, path, false))
			return true;
	}
	return false;
}

void flow_settings_read(const struct engine_setup *setup, unsigned int workers,
			struct flow_settings *ret_settings)
{
	const struct config *config = setup->config;
	char path[64];
	uint64_t memcap = config_bytes(config, "flow.memcap", MEMCAP_DEFAULT);
	uint64_t flows = memcap / sizeof(struct flow);
	uint64_t tenant_memcap = config_bytes(config, "flow.tenant-memcap", 0);
	struct flow_settings s = {
		.vlan_in_key = config_bool(config, "vlan.use-for-tracking", true),
		.depth_in_key = config_bool(config, "decoder.recursion-level.use-for-tracking", true),
		.macs = macs_are_told(config),
	};

	for (int kind = 0; kind < FLOW_KINDS; kind++)
		for (int state = 0; state < FLOW_STATES; state++) {
			snprintf(path, sizeof(path), "flow-timeouts.%s.%s", kind_names[kind],
				 state_names[state]);
			s.timeout_ns[kind][state] =
				config_number(config, path, timeouts_s[kind][state]) * NS;
		}
	if (workers == 0)
		workers = 1;
	s.shard_cnt = setup->flows_elsewhere || flows < FLOW_SHARDS * FLOW_CLASSES ? 1 : FLOW_SHARDS;
	s.shard_flows_max = flows < 2 ? 2 : flows / s.shard_cnt;
	s.flows_usual = flows / workers;
	s.tenant_flows_max = tenant_memcap / workers / sizeof(struct flow);
	if (getrandom(&s.seed, sizeof(s.seed), 0) != sizeof(s.seed))
		s.seed = (uintptr_t)&s;
	s.shard_seed = setup->repeatable ? MIX_B : ~s.seed;
	*ret_settings = s;
}

int flow_table_init(struct flow_table *table, const struct flow_settings *settings,
		    const struct engine_setup *setup)
{
	uint32_t cnt = BUCKETS_DEFAULT;

	while (cnt < settings->flows_usual && cnt < BUCKETS_MAX)
		cnt *= 2;
	*table = (struct flow_table){ .settings = settings, .setup = setup, .mask = cnt - 1 };
	table->buckets = calloc(cnt, sizeof(struct flow *));
	if (settings->tenant_flows_max)
		table->tenant_flows = calloc(TENANTS, sizeof(*table->tenant_flows));
	if (!table->buckets || (settings->tenant_flows_max && !table->tenant_flows)) {
		flow_table_free(table);
		return -ENOMEM;
	}
	pool_init(&table->pool, sizeof(struct flow));
	return 0;
}

void flow_table_free(struct flow_table *table)
{
	while (table->expectations) {
		struct flow_expectation *expectation = table->expectations;

		table->expectations = expectation->next;
		free(expectation);
	}
	pool_free(&table->pool);
	free(table->expired);
	free(table->tenant_flows);
	free(table->buckets);
	*table = (struct flow_table){ .buckets = NULL };
}

/* --- keys --- */

/* What two packets of one flow have in common, whichever way they go; end[0] is the lesser one. */
struct flow_key {
	struct sek_addr addr[SIDES];
	uint16_t port[SIDES];
	uint32_t spi;
	uint16_t vlan[PACKET_VLANS_MAX + 1];
	uint16_t tenant; /* that was told with the packet */
	uint8_t family, proto, depth, vlan_cnt;
};

static uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Sums and exclusive ors of both ends are the same in both directions. */
static uint64_t hash_ends(uint64_t seed, const struct sek_addr *a, const struct sek_addr *b)
{
	uint64_t ha = mix(a->q[0] ^ seed, a->q[1] ^ MIX_A), hb = mix(b->q[0] ^ seed, b->q[1] ^ MIX_A);

	return mix((ha + hb) ^ MIX_B, (ha ^ hb) ^ seed);
}

static uint64_t key_hash(uint64_t seed, const struct flow_key *key)
{
	uint64_t ends = hash_ends(seed, &key->addr[0], &key->addr[1]);
	uint64_t ports = (uint64_t)(key->port[0] + key->port[1]) << 32 |
			 ((uint32_t)key->port[0] * key->port[1]);
	uint64_t rest = (uint64_t)key->spi << 32 | (uint32_t)key->proto << 24 |
			(uint32_t)key->depth << 16 | key->tenant;
	uint64_t vlans = (uint64_t)key->vlan[0] << 32 | (uint32_t)key->vlan[1] << 16 | key->vlan[2];

	return mix(mix(ends ^ ports, MIX_C ^ rest), MIX_B ^ vlans ^ seed);
}

/* The type that answers a type of ICMP; other types are their own. */
static uint16_t icmp_answer(const struct packet *p)
{
	static const uint8_t pairs4[][2] = { { 8, 0 }, { 10, 9 }, { 13, 14 }, { 15, 16 }, { 17, 18 } };
	static const uint8_t pairs6[][2] = { { 128, 129 }, { 130, 131 }, { 133, 134 },
					     { 135, 136 }, { 139, 140 }, { 144, 145 } };
	const uint8_t(*pairs)[2] = p->family == 4 ? pairs4 : pairs6;
	size_t cnt = p->family == 4 ? sizeof(pairs4) / 2 : sizeof(pairs6) / 2;

	for (size_t i = 0; i < cnt; i++) {
		if (pairs[i][0] == p->icmp.type)
			return pairs[i][1];
		if (pairs[i][1] == p->icmp.type)
			return pairs[i][0];
	}
	return p->icmp.type;
}

static bool is_icmp(const struct packet *p)
{
	return (p->family == 4 && p->proto == IP_ICMP) || (p->family == 6 && p->proto == IP_ICMPV6);
}

/* Errors tell of other flows and begin none. */
static bool is_icmp_error(const struct packet *p)
{
	return p->family == 4 && is_icmp(p) &&
	       (p->icmp.type == 3 || p->icmp.type == 4 || p->icmp.type == 5 || p->icmp.type == 11 ||
		p->icmp.type == 12);
}

static void key_of(const struct flow_settings *settings, const struct packet *p, struct flow_key *key)
{
	*key = (struct flow_key){
		.addr = { p->src, p->dst },
		.port = { p->sport, p->dport },
		.spi = p->spi,
		.family = p->family,
		.proto = p->proto,
		.depth = settings->depth_in_key ? p->depth : 0,
	};
	if (is_icmp(p)) {
		key->port[0] = p->icmp.type;
		key->port[1] = icmp_answer(p);
	}
	if (settings->vlan_in_key) {
		key->vlan_cnt = p->vlan_cnt;
		memcpy(key->vlan, p->vlan, sizeof(p->vlan));
	}
}

/* An error of ICMP belongs to the flow whose packet it quotes, when that is known. */
static bool key_of_quote(const struct flow_settings *settings, const struct packet *p,
			 struct flow_key *key)
{
	struct slice quote = p->payload;
	size_t len;

	if (p->family != 4 || p->proto != IP_ICMP || p->icmp.type != 3 || quote.len < 20 ||
	    quote.at[0] >> 4 != 4)
		return false;
	len = (quote.at[0] & 0xfu) * 4;
	if (len < 20 || len + 4 > quote.len)
		return false;
	key_of(settings, p, key);
	memcpy(&key->addr[0].b[12], quote.at + 12, 4);
	memcpy(&key->addr[1].b[12], quote.at + 16, 4);
	key->proto = quote.at[9];
	if (key->proto != IP_TCP && key->proto != IP_UDP)
		return false;
	key->port[0] = be16(quote.at + len);
	key->port[1] = be16(quote.at + len + 2);
	return true;
}

uint32_t flow_shard_of(const struct flow_settings *settings, const struct packet *p)
{
	const struct sek_addr *a = &p->src, *b = &p->dst;
	struct flow_key key;

	if (settings->shard_cnt == 1)
		return 0;
	if (key_of_quote(settings, p, &key)) {
		a = &key.addr[0];
		b = &key.addr[1];
	}
	return (uint32_t)hash_ends(settings->shard_seed, a, b) % settings->shard_cnt;
}

static bool addr_equal(const struct sek_addr *a, const struct sek_addr *b)
{
	return a->q[0] == b->q[0] && a->q[1] == b->q[1];
}

static uint16_t flow_port(const struct flow *flow, enum side side)
{
	struct packet p = { .family = flow->family, .proto = flow->proto };

	if (!is_icmp(&p))
		return flow->port[side];
	p.icmp.type = (uint8_t)flow->port[0];
	return side == FROM_CLIENT ? flow->port[0] : icmp_answer(&p);
}

/* Returns the side that key's first end is, or SIDES: another flow. */
static enum side flow_matches(const struct flow *flow, const struct flow_key *key)
{
	uint16_t client, server;

	if (flow->proto != key->proto || flow->family != key->family || flow->depth != key->depth ||
	    flow->told_tenant != key->tenant || flow->spi != key->spi)
		return SIDES;
	if (flow->table->settings->vlan_in_key &&
	    (flow->vlan_cnt != key->vlan_cnt ||
	     memcmp(flow->vlan, key->vlan, sizeof(flow->vlan)) != 0))
		return SIDES;
	client = flow_port(flow, FROM_CLIENT);
	server = flow_port(flow, FROM_SERVER);
	if (addr_equal(&flow->addr[0], &key->addr[0]) && addr_equal(&flow->addr[1], &key->addr[1]) &&
	    client == key->port[0] && server == key->port[1])
		return FROM_CLIENT;
	if (addr_equal(&flow->addr[0], &key->addr[1]) && addr_equal(&flow->addr[1], &key->addr[0]) &&
	    client == key->port[1] && server == key->port[0])
		return FROM_SERVER;
	return SIDES;
}

static struct flow *table_find(struct flow_table *table, const struct flow_key *key, uint32_t hash,
			       enum side *ret_side)
{
	for (struct flow *flow = table->buckets[hash & table->mask]; flow; flow = flow->next) {
		enum side side;

		if (flow->hash != hash)
			continue;
		side = flow_matches(flow, key);
		if (side != SIDES) {
			*ret_side = side;
			return flow;
		}
	}
	return NULL;
}

/* --- lists --- */

static enum flow_kind kind_of(uint8_t proto)
{
	switch (proto) {
	case IP_TCP:
		return FLOW_KIND_TCP;
	case IP_UDP:
		return FLOW_KIND_UDP;
	case IP_ICMP:
	case IP_ICMPV6:
		return FLOW_KIND_ICMP;
	default:
		return FLOW_KIND_DEFAULT;
	}
}

static struct flow_list *list_of(const struct flow *flow)
{
	return &flow->table->shards[flow->shard].lists[flow->timeout_class];
}

static void list_leave(struct flow *flow)
{
	struct flow_list *list = list_of(flow);

	if (flow->older)
		flow->older->newer = flow->newer;
	else
		list->oldest = flow->newer;
	if (flow->newer)
		flow->newer->older = flow->older;
	else
		list->newest = flow->older;
	flow->older = flow->newer = NULL;
}

static void list_join(struct flow *flow)
{
	struct flow_list *list;

	flow->moved_ns = flow->table->now_ns;
	flow->timeout_class = (uint8_t)(kind_of(flow->proto) * FLOW_STATES + flow->state);
	list = list_of(flow);
	flow->older = list->newest;
	flow->newer = NULL;
	if (list->newest)
		list->newest->newer = flow;
	else
		list->oldest = flow;
	list->newest = flow;
}

void flow_state_set(struct flow *flow, enum flow_state state)
{
	if (flow->state == state || flow->state == FLOW_BYPASSED)
		return;
	list_leave(flow);
	flow->state = state;
	list_join(flow);
}

void flow_bypass(struct flow *flow, enum sek_back_why why)
{
	if (flow->state != FLOW_BYPASSED)
		flow->over = (uint8_t)why;
	flow_state_set(flow,
		       FLOW_BYPASSED); /* its packets are not looked at; what they left is, at its end */
}

static void flow_forget(struct flow_table *table, struct flow *flow, enum flow_end why)
{
	struct flow **at = &table->buckets[flow->hash & table->mask];

	if (table->ended)
		table->ended(table->ended_arg, flow, why);
	while (*at != flow)
		at = &(*at)->next;
	*at = flow->next;
	list_leave(flow);
	table->shards[flow->shard].flow_cnt--;
	if (table->tenant_flows)
		table->tenant_flows[flow->tenant]--;
	free(flow->macs);
	pool_give(&table->pool, flow);
}

void flow_table_forget(struct flow_table *table, struct flow *flow)
{
	flow_forget(table, flow, FLOW_END_FORCED);
}

static bool flow_is_over(const struct flow_table *table, const struct flow *flow, uint64_t now_ns)
{
	uint64_t timeout = table->settings->timeout_ns[kind_of(flow->proto)][flow->state];

	return now_ns > flow->last_ns && now_ns - flow->last_ns > timeout;
}

/*
 * By the table's clock; if not, none behind it in its list is over either. It does not depend on which
 * other flows stand in the list, so a flow ends at the same tick in whatever worker it is.
 */
static bool flow_may_be_over(const struct flow_table *table, const struct flow *flow, uint64_t now_ns)
{
	uint64_t timeout = table->settings->timeout_ns[kind_of(flow->proto)][flow->state];

	return now_ns > flow->moved_ns && now_ns - flow->moved_ns > timeout;
}

static int by_first_packet(const void *a, const void *b)
{
	const struct flow *fa = *(struct flow *const *)a, *fb = *(struct flow *const *)b;

	if (fa->first_packet != fb->first_packet)
		return fa->first_packet < fb->first_packet ? -1 : 1;
	return fa->depth < fb->depth ? 1 : fa->depth > fb->depth ? -1 : 0;
}

/* Without memory to sort it, what is over ends at a later tick. */
static bool expired_put(struct flow_table *table, size_t at, struct flow *flow)
{
	if (at == table->expired_cap) {
		size_t cap = at ? at * 2 : 64;
		struct flow **grown = realloc(table->expired, cap * sizeof(struct flow *));

		if (!grown)
			return false;
		table->expired = grown;
		table->expired_cap = cap;
	}
	table->expired[at] = flow;
	return true;
}

static size_t shard_look(struct flow_table *table, const struct flow_shard *shard, uint64_t now_ns,
			 size_t cnt)
{
	for (int i = 0; i < FLOW_CLASSES; i++)
		for (struct flow *flow = shard->lists[i].oldest;
		     flow && flow_may_be_over(table, flow, now_ns); flow = flow->newer)
			if (flow_is_over(table, flow, now_ns) && expired_put(table, cnt, flow))
				cnt++;
	return cnt;
}

void flow_table_tick(struct flow_table *table, uint64_t now_ns)
{
	size_t cnt = 0;

	if (now_ns > table->now_ns)
		table->now_ns = now_ns;
	for (unsigned int i = 0; i < table->settings->shard_cnt; i++)
		cnt = shard_look(table, &table->shards[i], now_ns, cnt);
	if (cnt > 1)
		qsort(table->expired, cnt, sizeof(struct flow *), by_first_packet);
	for (size_t i = 0; i < cnt; i++)
		flow_forget(table, table->expired[i], FLOW_END_TIMEOUT);
}

/* The flow that was silent for longest; those that only began go first. tenant -1: of anyone. */
static bool shard_evict(struct flow_table *table, const struct flow_shard *shard, int32_t tenant)
{
	static const uint8_t order[FLOW_STATES] = { FLOW_CLOSED, FLOW_BYPASSED, FLOW_NEW,
						    FLOW_ESTABLISHED };
	struct flow *longest = NULL;

	for (int i = 0; i < FLOW_STATES && !longest; i++)
		for (int kind = 0; kind < FLOW_KINDS; kind++) {
			struct flow *flow = shard->lists[kind * FLOW_STATES + order[i]].oldest;

			while (flow && tenant >= 0 && flow->tenant != tenant)
				flow = flow->newer;
			if (flow && (!longest || flow->last_ns < longest->last_ns))
				longest = flow;
		}
	if (!longest)
		return false;
	table->evicted++;
	flow_forget(table, longest, FLOW_END_FORCED);
	return true;
}

bool flow_table_spare_tcp(struct flow_table *table, const struct flow *flow)
{
	static const uint8_t order[] = { FLOW_CLOSED, FLOW_BYPASSED, FLOW_NEW };
	const struct flow_shard *shard = &table->shards[flow->shard];

	for (size_t i = 0; i < sizeof(order); i++) {
		struct flow *oldest = shard->lists[FLOW_KIND_TCP * FLOW_STATES + order[i]].oldest;

		while (oldest && (oldest == flow || !oldest->tcp))
			oldest = oldest->newer;
		if (!oldest)
			continue;
		table->evicted++;
		flow_forget(table, oldest, FLOW_END_FORCED);
		return true;
	}
	return false;
}

/* Of that shard, or where the tenant has none there, of another. */
static bool tenant_evict(struct flow_table *table, uint32_t first, uint16_t tenant)
{
	unsigned int cnt = table->settings->shard_cnt;

	for (unsigned int i = 0; i < cnt; i++)
		if (shard_evict(table, &table->shards[(first + i) % cnt], tenant))
			return true;
	return false;
}

/* The oldest of any list, if there is one left. */
static struct flow *table_any(const struct flow_table *table)
{
	for (unsigned int i = 0; i < FLOW_SHARDS * FLOW_CLASSES; i++) {
		struct flow *flow = table->shards[i / FLOW_CLASSES].lists[i % FLOW_CLASSES].oldest;

		if (flow)
			return flow;
	}
	return NULL;
}

void flow_table_end(struct flow_table *table, enum flow_end why)
{
	size_t cnt = 0;
	struct flow *flow, **flows = malloc((table->pool.used + 1) * sizeof(struct flow *));

	for (unsigned int i = 0; flows && i < FLOW_SHARDS * FLOW_CLASSES; i++)
		for (flow = table->shards[i / FLOW_CLASSES].lists[i % FLOW_CLASSES].oldest; flow;
		     flow = flow->newer)
			flows[cnt++] = flow;
	if (flows)
		qsort(flows, cnt, sizeof(struct flow *), by_first_packet);
	for (size_t i = 0; i < cnt; i++)
		flow_forget(table, flows[i], why);
	free(flows);
	/* Without memory to sort them they end in the order of their lists. */
	while ((flow = table_any(table)))
		flow_forget(table, flow, why);
}

/* --- packets --- */

bool flow_is_wanted(const struct packet *p)
{
	if (p->family == 0 || p->is_fragment || p->l4.len == 0)
		return false;
	switch (p->proto) {
	case IP_TCP:
	case IP_UDP:
	case IP_SCTP:
	case IP_ESP:
		return true;
	default:
		return is_icmp(p);
	}
}

static uint64_t flow_id_of(const struct flow_key *key, const struct packet *p)
{
	uint64_t id = key_hash(MIX_C, key);

	id = mix(id ^ p->number, MIX_A ^ p->time_ns);
	return id & FLOW_ID_MASK ? id & FLOW_ID_MASK : 1;
}

uint16_t flow_tenant_of(const struct flow_table *table, const struct packet *p)
{
	if (table->tenant)
		return table->tenant;
	return table->setup ? tenants_find(table->setup->tenants, p) : 0;
}

static struct flow *flow_make(struct flow_table *table, const struct packet *p,
			      const struct flow_key *key, uint32_t hash)
{
	const struct flow_settings *settings = table->settings;
	uint32_t number = flow_shard_of(settings, p);
	struct flow_shard *shard = &table->shards[number];
	uint16_t tenant = flow_tenant_of(table, p);
	struct flow *flow;

	if (table->tenant_flows && table->tenant_flows[tenant] >= settings->tenant_flows_max &&
	    !tenant_evict(table, number, tenant))
		return NULL;
	if (shard->flow_cnt >= settings->shard_flows_max && !shard_evict(table, shard, -1))
		return NULL;
	flow = pool_take(&table->pool);
	if (!flow)
		return NULL;
	flow->table = table;
	flow->hash = hash;
	flow->shard = (uint8_t)number;
	flow->id = flow_id_of(key, p);
	flow->family = key->family;
	flow->proto = key->proto;
	flow->depth = key->depth;
	flow->told_tenant = key->tenant;
	flow->tenant = tenant;
	flow->spi = key->spi;
	flow->addr[FROM_CLIENT] = p->src;
	flow->addr[FROM_SERVER] = p->dst;
	flow->port[FROM_CLIENT] = is_icmp(p) ? p->icmp.type : p->sport;
	flow->port[FROM_SERVER] = is_icmp(p) ? p->icmp.code : p->dport;
	memcpy(flow->vlan, p->vlan, sizeof(flow->vlan));
	flow->vlan_cnt = p->vlan_cnt;
	flow->first_packet = p->number;
	flow->first_ns = flow->last_ns = p->time_ns;
	flow->session.setup = table->setup;
	flow->session.waits = table->waits;
	flow->next = table->buckets[hash & table->mask];
	table->buckets[hash & table->mask] = flow;
	list_join(flow);
	shard->flow_cnt++;
	if (table->tenant_flows)
		table->tenant_flows[flow->tenant]++;
	table->made++;
	return flow;
}

void flow_expectation_meet(struct flow *flow)
{
	struct flow_table *table = flow->table;
	struct flow_expectation **at = table ? &table->expectations : NULL;

	while (at && *at) {
		struct flow_expectation *e = *at;
		bool is_over = e->until_ns < table->now_ns;
		bool is_it = !is_over && e->port == flow->port[FROM_SERVER] &&
			     addr_equal(&e->addr[FROM_SERVER], &flow->addr[FROM_SERVER]) &&
			     addr_equal(&e->addr[FROM_CLIENT], &flow->addr[FROM_CLIENT]);

		if (!is_it && !is_over) {
			at = &e->next;
			continue;
		}
		*at = e->next;
		table->expectation_cnt--;
		if (is_it) {
			flow->session.expected = e->proto;
			flow->parent_id = e->parent_id;
			flow->session.expected_from = e->from;
			if (e->name_len) {
				uint8_t *name = malloc(e->name_len);

				if (name) {
					memcpy(name, e->name, e->name_len);
					flow->session.expected_name = slice(name, e->name_len);
				}
			}
			free(e);
			return;
		}
		free(e);
	}
}

void session_expects(struct session *session, enum side listens, uint16_t port, enum proto_id proto,
		     struct slice name, uint64_t from)
{
	struct flow *flow = session_flow(session);
	struct flow_table *table = flow->table;
	struct flow_expectation *e;

	if (!table || table->expectation_cnt >= FLOW_EXPECTATIONS_MAX)
		return;
	e = calloc(1, sizeof(*e));
	if (!e)
		return;
	e->addr[FROM_SERVER] = flow->addr[listens];
	e->addr[FROM_CLIENT] = flow->addr[other_side(listens)];
	e->parent_id = flow->id;
	e->port = port;
	e->proto = proto;
	e->from = from;
	e->until_ns = flow->last_ns + EXPECTATION_NS;
	e->name_len = name.len < sizeof(e->name) ? name.len : sizeof(e->name);
	if (e->name_len)
		memcpy(e->name, name.at, e->name_len);
	e->next = table->expectations;
	table->expectations = e;
	table->expectation_cnt++;
}

static void flow_count(struct flow *flow, struct packet *p)
{
	enum side side = p->side;

	flow->packets[side]++;
	flow->heard[side] = flow->heard[side] || flow->proto == p->proto;
	flow->bytes[side] += p->frame.len;
	if (p->time_ns > flow->last_ns)
		flow->last_ns = p->time_ns;
	if (flow->packets[side] == 1) {
		flow->ttl_min[side] = flow->ttl_max[side] = p->ttl;
		if (side == FROM_SERVER && is_icmp(p)) {
			flow->answer_port[0] = p->icmp.type;
			flow->answer_port[1] = p->icmp.code;
		}
	} else if (p->ttl < flow->ttl_min[side]) {
		flow->ttl_min[side] = p->ttl;
	} else if (p->ttl > flow->ttl_max[side]) {
		flow->ttl_max[side] = p->ttl;
	}
	if (flow->proto != IP_TCP && flow->state == FLOW_NEW && flow->heard[FROM_CLIENT] &&
	    flow->heard[FROM_SERVER]) {
		flow_state_set(flow, FLOW_ESTABLISHED);
		return;
	}
	/* Among those that the clock has not parted the order says nothing. */
	if (flow->moved_ns != flow->table->now_ns && flow->newer) {
		list_leave(flow);
		list_join(flow);
	}
	flow->moved_ns = flow->table->now_ns;
}

static struct flow *flow_give(struct flow *flow, struct packet *p, enum side side)
{
	p->flow = flow;
	p->side = side;
	if (flow->table->settings->macs)
		macs_add(&flow->macs, p);
	flow_count(flow, p);
	return flow;
}

struct flow *flow_of(struct flow_table *table, struct packet *p)
{
	struct flow_key key;
	struct flow *flow;
	enum side side;
	uint32_t hash;

	if (key_of_quote(table->settings, p, &key)) {
		key.tenant = table->tenant;
		flow = table_find(table, &key, (uint32_t)key_hash(table->settings->seed, &key),
				  &side);
		/* Who quotes it has received it. */
		if (flow && !flow_is_over(table, flow, p->time_ns))
			return flow_give(flow, p, other_side(side));
	}
	key_of(table->settings, p, &key);
	key.tenant = table->tenant;
	hash = (uint32_t)key_hash(table->settings->seed, &key);
	flow = table_find(table, &key, hash, &side);
	if (flow && flow_is_over(table, flow, p->time_ns)) {
		flow_forget(table, flow, FLOW_END_TIMEOUT);
		flow = NULL;
	}
	if (!flow && is_icmp_error(p))
		return NULL;
	if (!flow) {
		side = FROM_CLIENT;
		flow = flow_make(table, p, &key, hash);
	}
	if (!flow)
		table->refused++;
	return flow ? flow_give(flow, p, side) : NULL;
}

struct flow *flow_replace(struct flow_table *table, struct packet *p)
{
	struct flow *flow = p->flow;

	/* The packet was counted to the one that ends: it is not that one's. */
	flow->packets[p->side]--;
	flow->bytes[p->side] -= p->frame.len;
	p->flow = NULL;
	flow_forget(table, flow, FLOW_END_TCP_REUSE);
	return flow_of(table, p);
}

#define SWAP(pair)                                                                                 \
	do {                                                                                       \
		__typeof__((pair)[0]) first = (pair)[0];                                           \
		(pair)[0] = (pair)[1];                                                             \
		(pair)[1] = first;                                                                 \
	} while (0)

void flow_turn(struct flow *flow, struct packet *p)
{
	SWAP(flow->addr);
	SWAP(flow->port);
	SWAP(flow->packets);
	SWAP(flow->heard);
	SWAP(flow->bytes);
	SWAP(flow->ttl_min);
	SWAP(flow->ttl_max);
	if (flow->macs)
		macs_turn(flow->macs);
	p->side = other_side(p->side);
}
