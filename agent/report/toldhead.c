/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns what all records begin with. Called by the other parts of told. Promises Suricata's names, and no
 * field that is not known.
 */
#include <netinet/in.h>
#include <openssl/sha.h>

#include "base/digits.h"
#include "inspect/macs.h"
#include "inspect/tenants.h"
#include "report/toldinside.h"

#define FRAME_HEAD_LEN 32 /* bytes of a packet that an anomaly shows */
#define FLOW_ID_BITS ((UINT64_C(1) << 53) - 1) /* what readers of JSON hold exactly */
#define PROTO_ICMP4 1
#define PROTO_ICMP6 58
#define PROTO_IN_IPV4 4
#define PROTO_IN_IPV6 41
#define PROTO_GRE 47
#define PROTO_ESP 50
#define PORT_VXLAN 4789
#define PORT_GENEVE 6081
#define LINK_RAW 101
#define LINK_RAW_TOLD 12 /* as records have it: the number inside of programs, not that of files */

static void proto_put(struct json *json, uint8_t proto)
{
	const char *name = told_proto_name(proto);
	char number[4];

	if (!name) {
		snprintf(number, sizeof(number), "%03u", proto);
		name = number;
	}
	json_text(json, "proto", name);
}

/* --- ends --- */

struct ends {
	const struct sek_addr *src, *dst;
	uint16_t sport, dport;
	uint8_t family, proto;
};

static struct ends ends_of(const struct told_head *head)
{
	const struct packet *p = head->packet;
	const struct flow *f = head->flow;
	struct ends ends = { 0 };

	if (p && (head->from == HEAD_PACKET || !f)) {
		ends = (struct ends){ &p->src, &p->dst, p->sport, p->dport, p->family, p->proto };
	} else if (f) {
		enum side from = head->from == HEAD_SERVER ? FROM_SERVER : FROM_CLIENT;
		enum side to = other_side(from);

		ends = (struct ends){ &f->addr[from], &f->addr[to], f->port[from],
				      f->port[to],    f->family,    f->proto };
	}
	if (head->overwrites && head->overwrites_dst)
		ends.dst = head->overwrites;
	else if (head->overwrites)
		ends.src = head->overwrites;
	return ends;
}

static bool has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP;
}

static void ends_put(struct json *json, const struct ends *ends)
{
	if (!ends->family)
		return;
	json_address(json, "src_ip", ends->src, ends->family);
	if (has_ports(ends->proto))
		json_number(json, "src_port", ends->sport);
	json_address(json, "dest_ip", ends->dst, ends->family);
	if (has_ports(ends->proto))
		json_number(json, "dest_port", ends->dport);
	proto_put(json, ends->proto);
}

static void icmp_put(struct json *json, const struct told_head *head, uint8_t proto)
{
	const struct packet *p = head->packet;
	const struct flow *f = head->flow;

	if (proto == PROTO_ESP)
		json_number(json, "spi", p ? p->spi : f->spi);
	if (proto != PROTO_ICMP4 && proto != PROTO_ICMP6)
		return;
	if (head->one_way && head->from == HEAD_SERVER) {
		json_number(json, "icmp_type", f->answer_port[0]);
		json_number(json, "icmp_code", f->answer_port[1]);
		return;
	}
	json_number(json, "icmp_type", p ? p->icmp.type : f->port[0]);
	json_number(json, "icmp_code", p ? p->icmp.code : f->port[1]);
	if (!p && !head->one_way && f->packets[FROM_SERVER]) {
		json_number(json, "response_icmp_type", f->answer_port[0]);
		json_number(json, "response_icmp_code", f->answer_port[1]);
	}
}

/* --- where it came from --- */

static const char *tunnel_name(const struct packet *outer)
{
	switch (outer->proto) {
	case PROTO_GRE:
		return "gre tunnel";
	case PROTO_IN_IPV4:
		return "ipv4 tunnel";
	case PROTO_IN_IPV6:
		return "ipv6 tunnel";
	default:
		if (outer->dport == PORT_VXLAN)
			return "vxlan encapsulation";
		return outer->dport == PORT_GENEVE ? "geneve encapsulation" : "teredo tunnel";
	}
}

static const char *source_of(const struct packet *p)
{
	if (p->is_pseudo)
		return "stream (flow timeout)";
	if (p->is_rebuilt)
		return "defrag";
	return p->outer ? tunnel_name(p->outer) : "wire/pcap";
}

static bool has_number(const struct packet *p)
{
	return p && !p->is_pseudo && !p->outer && p->number;
}

static void vlan_put(struct json *json, const uint16_t *vlan, uint8_t cnt)
{
	if (!cnt)
		return;
	json_list(json, "vlan");
	for (uint8_t i = 0; i < cnt; i++)
		json_number(json, NULL, vlan[i]);
	json_close(json);
}

/* name NULL: an element of a list */
static void mac_put(struct json *json, const char *name, const uint8_t *mac)
{
	char text[18];

	*hex_write(mac, 6, ':', text) = 0;
	json_text(json, name, text);
}

static void macs_put(struct json *json, const char *name, const struct macs *macs, enum side side)
{
	json_list(json, name);
	for (uint8_t i = 0; i < macs->cnt[side]; i++)
		mac_put(json, NULL, macs->at[side][i]);
	json_close(json);
}

/* A packet's own, turned as its ends are; of a flow alone all that were seen. */
static void ether_put(struct json *json, const struct told_head *head)
{
	const struct packet *p = head->packet;
	enum side from = head->from == HEAD_SERVER ? FROM_SERVER : FROM_CLIENT;
	const uint8_t *dst = NULL, *src = p ? packet_macs(p, &dst) : NULL;
	const struct macs *macs = head->flow && !p ? head->flow->macs : NULL;
	bool turned = head->flow && head->from != HEAD_PACKET && p && p->side != from;

	if (!src && !macs)
		return;
	json_open(json, "ether");
	if (src) {
		mac_put(json, "src_mac", turned ? dst : src);
		mac_put(json, "dest_mac", turned ? src : dst);
	} else {
		macs_put(json, "dest_macs", macs, other_side(from));
		macs_put(json, "src_macs", macs, from);
	}
	json_close(json);
}

/* --- what detection remembers --- */

static void remembered_put(struct json *json, const struct remembered *r)
{
	char name[256];

	snprintf(name, sizeof(name), "%.*s", (int)r->name.len, (const char *)r->name.at);
	switch (r->kind) {
	case REMEMBERED_FLOWBIT:
		json_bytes(json, NULL, r->name);
		break;
	case REMEMBERED_FLOWINT:
		json_number(json, name, r->value);
		break;
	default:
		json_open(json, NULL);
		json_bytes(json, name, r->bytes);
		json_close(json);
	}
}

static void metadata_put(struct json *json, const struct packet *packet, const struct flow *flow)
{
	static const char *const names[] = { "flowbits", "flowints", "flowvars", "pktvars" };
	struct remembered r;
	int kind = -1;

	for (size_t i = 0; detect_remembered(packet, flow, i, &r); i++) {
		if (kind < 0)
			json_open(json, "metadata");
		if (kind != (int)r.kind) {
			if (kind >= 0)
				json_close(json);
			kind = (int)r.kind;
			if (r.kind == REMEMBERED_FLOWINT)
				json_open(json, names[kind]);
			else
				json_list(json, names[kind]);
		}
		remembered_put(json, &r);
	}
	if (kind >= 0) {
		json_close(json);
		json_close(json);
	}
}

/* --- community id: https://github.com/corelight/community-id-spec, version 1 --- */

/* Types of ICMP that are the two directions of one thing; -1: it has no other. */
static int icmp_answer(uint8_t proto, uint16_t type)
{
	static const uint8_t four[][2] = { { 8, 0 }, { 13, 14 }, { 15, 16 }, { 10, 9 }, { 17, 18 } };
	static const uint8_t six[][2] = { { 128, 129 }, { 133, 134 }, { 135, 136 },
					  { 130, 131 }, { 139, 140 }, { 144, 145 } };
	const uint8_t(*pairs)[2] = proto == PROTO_ICMP4 ? four : six;
	size_t cnt = proto == PROTO_ICMP4 ? sizeof(four) / 2 : sizeof(six) / 2;

	for (size_t i = 0; i < cnt; i++)
		if (pairs[i][0] == type || pairs[i][1] == type)
			return pairs[i][pairs[i][0] == type];
	return -1;
}

static void community_ports(const struct flow *flow, uint16_t ports[SIDES], bool *ret_one_way)
{
	ports[0] = flow->port[FROM_CLIENT];
	ports[1] = flow->port[FROM_SERVER];
	*ret_one_way = false;
	if (flow->proto == PROTO_ICMP4 || flow->proto == PROTO_ICMP6) {
		int answer = icmp_answer(flow->proto, ports[0]);

		*ret_one_way = answer < 0;
		ports[1] = answer < 0 ? ports[1] : (uint16_t)answer;
	}
}

static size_t bytes_add(uint8_t *to, size_t at, const void *bytes, size_t len)
{
	memcpy(to + at, bytes, len);
	return at + len;
}

void told_community_id(struct told *told, const struct flow *flow)
{
	size_t from = flow->family == 4 ? 12 : 0, len = 16 - from, at = 0;
	const uint8_t *a = flow->addr[FROM_CLIENT].b + from, *b = flow->addr[FROM_SERVER].b + from;
	uint8_t bytes[48], sum[SHA_DIGEST_LENGTH], head[2] = { flow->proto, 0 };
	uint16_t ports[SIDES], seed = htons(told->settings->community_seed), first, second;
	bool one_way, turn;
	int order;

	if (!flow->family)
		return;
	community_ports(flow, ports, &one_way);
	order = memcmp(a, b, len);
	turn = !one_way && (order > 0 || (order == 0 && ports[0] > ports[1]));
	first = htons(ports[turn]);
	second = htons(ports[!turn]);
	at = bytes_add(bytes, at, &seed, 2);
	at = bytes_add(bytes, at, turn ? b : a, len);
	at = bytes_add(bytes, at, turn ? a : b, len);
	at = bytes_add(bytes, at, head, 2);
	if (has_ports(flow->proto) || flow->proto == PROTO_ICMP4 || flow->proto == PROTO_ICMP6) {
		at = bytes_add(bytes, at, &first, 2);
		at = bytes_add(bytes, at, &second, 2);
	}
	SHA1(bytes, at, sum);
	json_base64_behind(&told->json, "community_id", "1:", slice(sum, sizeof(sum)));
}

/* --- the head --- */

static void flow_put(struct told *told, const struct packet *packet, const struct flow *flow)
{
	if (told->settings->metadata)
		metadata_put(&told->json, packet, flow);
	if (told->settings->community_id)
		told_community_id(told, flow);
}

void told_flow_metadata(struct told *told, const struct flow *flow)
{
	flow_put(told, NULL, flow);
}

static void owner_put(struct told *told, const struct packet *packet, const struct flow *flow)
{
	const struct told_settings *s = told->settings;

	if (told->owner && flow) {
		struct engine_owner owner = told->owner(told->owner_arg, flow->tenant);

		json_text(&told->json, "tenant", owner.tenant);
		json_number(&told->json, "policy", owner.generation);
	} else {
		uint16_t id = packet ? packet->tenant : flow ? flow->tenant : 0;
		const char *name = tenants_name(s->tenants, id);

		if (name || s->tenant[0])
			json_text(&told->json, "tenant", name ? name : s->tenant);
	}
}

void told_head(struct told *told, const struct told_head *head)
{
	const struct told_settings *s = told->settings;
	const struct packet *p = head->packet;
	const struct flow *f = head->flow;
	const struct ends ends = ends_of(head);
	struct json *json = &told->json;

	json_begin(json);
	json_time(json, "timestamp", head->time_ns);
	if (f)
		json_number(json, "flow_id", f->id & FLOW_ID_BITS);
	if (f && f->parent_id)
		json_number(json, "parent_id", f->parent_id & FLOW_ID_BITS);
	if (s->sensor[0])
		json_text(json, "host", s->sensor);
	if (has_number(p))
		json_number(json, "pcap_cnt", p->number);
	if (s->capture)
		json_text(json, "pcap_filename", s->capture);
	json_text(json, "event_type", head->event_type);
	if (f && !p)
		vlan_put(json, f->vlan, f->vlan_cnt);
	else if (p)
		vlan_put(json, p->vlan, p->vlan_cnt);
	ends_put(json, &ends);
	icmp_put(json, head, ends.family ? ends.proto : 0);
	if (p)
		json_text(json, "pkt_src", source_of(p));
	if (s->ethernet)
		ether_put(json, head);
	owner_put(told, p, f);
	if (f && p)
		flow_put(told, p, f);
	if (head->tx)
		json_number(json, "tx_id", head->tx->id);
}

void told_end(struct told *told)
{
	json_end(&told->json);
	json_newline(&told->json);
}

void told_line(struct told *told)
{
	struct json *json = &told->json;

	told_end(told);
	if (json->short_of_memory)
		told->lost++;
	else
		told->line(told->arg, json->bytes, json->len);
}

/* --- pieces --- */

static const char *proto_name(enum proto_id id)
{
	if (id == PROTO_UNKNOWN)
		return NULL;
	if (id == PROTO_FAILED || id >= PROTO_CNT || !protos[id])
		return "failed";
	return protos[id]->app_proto ? protos[id]->app_proto : protos[id]->name;
}

static void name_put(struct json *json, const char *key, enum proto_id id, enum proto_id other)
{
	const char *name = id == other ? NULL : proto_name(id);

	if (name)
		json_text(json, key, name);
}

/* A datagram that nobody knows settles it, an empty one too; over TCP something may still say what it is. */
static enum proto_id app_proto(const struct flow *flow)
{
	const struct session *s = &flow->session;

	return s->proto == PROTO_UNKNOWN && flow->proto == IPPROTO_UDP ? PROTO_FAILED : s->proto;
}

void told_app_proto(struct told *told, const struct flow *flow)
{
	const struct session *s = &flow->session;
	struct json *json = &told->json;
	enum proto_id proto = app_proto(flow);

	name_put(json, "app_proto", proto, PROTO_UNKNOWN);
	if (proto == PROTO_UNKNOWN)
		return;
	name_put(json, "app_proto_ts", s->side_proto[FROM_CLIENT], proto);
	name_put(json, "app_proto_tc", s->side_proto[FROM_SERVER], proto);
	name_put(json, "app_proto_orig", s->original, proto);
	name_put(json, "app_proto_expected", s->expected, proto);
}

void told_app_proto_alone(struct told *told, const struct flow *flow)
{
	name_put(&told->json, "app_proto", app_proto(flow), PROTO_UNKNOWN);
}

void told_app_proto_of(struct told *told, const struct flow *flow, enum side side)
{
	enum proto_id of_both = app_proto(flow), of_side = flow->session.side_proto[side];
	bool is_same = of_both == PROTO_UNKNOWN || of_side == PROTO_UNKNOWN;
	const char *name = proto_name(is_same ? of_both : of_side);

	json_text(&told->json, "app_proto", name ? name : "unknown");
}

static void frame_put(struct json *json, struct slice bytes, uint16_t link)
{
	json_base64(json, "packet", bytes);
	json_open(json, "packet_info");
	json_number(json, "linktype", link == LINK_RAW ? LINK_RAW_TOLD : link);
	json_close(json);
}

void told_frame(struct told *told, const struct packet *packet)
{
	frame_put(&told->json, packet->frame, packet->link);
}

void told_frame_head(struct told *told, const struct packet *packet)
{
	struct slice head = packet->frame;

	if (head.len > FRAME_HEAD_LEN)
		head.len = FRAME_HEAD_LEN;
	frame_put(&told->json, head, packet->link);
}

void told_flow_short(struct told *told, const struct flow *flow)
{
	struct json *json = &told->json;

	json_open(json, "flow");
	json_number(json, "pkts_toserver", flow->packets[FROM_CLIENT]);
	json_number(json, "pkts_toclient", flow->packets[FROM_SERVER]);
	json_number(json, "bytes_toserver", flow->bytes[FROM_CLIENT]);
	json_number(json, "bytes_toclient", flow->bytes[FROM_SERVER]);
	json_time(json, "start", flow->first_ns);
	json_address(json, "src_ip", &flow->addr[FROM_CLIENT], flow->family);
	json_address(json, "dest_ip", &flow->addr[FROM_SERVER], flow->family);
	if (has_ports(flow->proto)) {
		json_number(json, "src_port", flow->port[FROM_CLIENT]);
		json_number(json, "dest_port", flow->port[FROM_SERVER]);
	}
	json_close(json);
}
