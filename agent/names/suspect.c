/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memories of who asked for what. Called by names/lookups.c. What a memory forgets when it is full makes
 * tunnels and generated names overlooked; of servers without an answer it would say too much, so that
 * one is large and its oldest goes first.
 */
#include "names/suspect.h"

#include <errno.h>
#include <libpsl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "text/counted.h"
#include "wire/dns.h"

#define WAYS 8
#define ANSWERS 131072 /* of a tenant: client and name, name alone, client alone */
#define SAID 4096
#define SPARED 1024
#define DOMAINS 1024
#define CLIENTS 1024
#define MAP_BITS 512
#define SAY_AGAIN_S 3600
#define SPARE_S 3600
/* In place of a client in a key. */
#define ANYBODY 5
#define ASKS 6

/* What holds until then: keys of 32 bits, one of 2^32 / WAYS is taken for another. */
struct held {
	uint32_t tag, until_s;
};

/* Different ones, by linear counting (Whang et al., 1990): right to within a tenth up to some 1,000. */
struct map {
	uint64_t bits[MAP_BITS / 64];
};

/* A registered domain in its minute, or a client in its ten. */
struct window {
	uint64_t key, began_ns;
	uint32_t cnt, bulk;
	uint64_t carried;
	struct map names, made_up;
};

struct memory {
	struct held answers[ANSWERS], said[SAID], spared[SPARED];
	struct window domain[DOMAINS], client[CLIENTS];
	uint64_t began_ns;
};

struct suspect {
	suspect_told *told;
	void *arg;
	const psl_ctx_t *psl;
	uint64_t seed, grace_ns;
	struct memory *memory[SEK_TENANTS_MAX];
};

int suspect_new(suspect_told *told, void *arg, uint32_t grace_s, struct suspect **ret_suspect)
{
	struct suspect *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->told = told;
	s->arg = arg;
	s->grace_ns = grace_s * 1000000000ULL;
	s->psl = psl_builtin();
	if (!s->psl || getrandom(&s->seed, sizeof(s->seed), 0) != sizeof(s->seed)) {
		free(s);
		return -EIO;
	}
	*ret_suspect = s;
	return 0;
}

void suspect_free(struct suspect *s)
{
	if (!s)
		return;
	for (uint32_t i = 0; i < SEK_TENANTS_MAX; i++)
		free(s->memory[i]);
	free(s);
}

static struct memory *memory_of(struct suspect *s, uint16_t tenant, uint64_t now_ns)
{
	struct memory **memory = &s->memory[tenant % SEK_TENANTS_MAX];

	if (!*memory) {
		*memory = calloc(1, sizeof(**memory));
		if (*memory)
			(*memory)->began_ns = now_ns;
	}
	return *memory;
}

static uint64_t hash_of(const struct suspect *s, const void *bytes, size_t len, uint64_t more)
{
	const uint8_t *b = bytes;
	uint64_t hash = s->seed ^ more;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ b[i]) * 0x100000001b3ULL;
	hash = (hash ^ hash >> 32) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 29;
}

/* --- what is held for a time --- */

static struct held *held_find(struct held *all, uint32_t cnt, uint64_t key, uint32_t now_s,
			      bool *found)
{
	struct held *set = &all[(uint32_t)(key >> 32) % (cnt / WAYS) * WAYS], *oldest = set;

	*found = true;
	for (int i = 0; i < WAYS; i++) {
		if (set[i].tag == (uint32_t)key && set[i].until_s > now_s)
			return &set[i];
		if (set[i].until_s < oldest->until_s)
			oldest = &set[i];
	}
	*found = false;
	return oldest;
}

static bool held_has(struct held *all, uint32_t cnt, uint64_t key, uint64_t now_ns)
{
	bool found;

	held_find(all, cnt, key, (uint32_t)(now_ns / 1000000000), &found);
	return found;
}

static void held_put(struct held *all, uint32_t cnt, uint64_t key, uint64_t now_ns, uint64_t for_s)
{
	uint32_t now_s = (uint32_t)(now_ns / 1000000000), until_s = now_s + (uint32_t)for_s;
	bool found;
	struct held *held = held_find(all, cnt, key, now_s, &found);

	if (found && held->until_s > until_s)
		return;
	*held = (struct held){ (uint32_t)key, until_s };
}

/* Once an hour for the same thing. */
static void tell(struct suspect *s, struct memory *m, uint16_t tenant, uint64_t key, uint64_t now_ns,
		 const char *event, const char *name, const char *text, uint64_t score)
{
	if (held_has(m->said, SAID, key, now_ns))
		return;
	held_put(m->said, SAID, key, now_ns, SAY_AGAIN_S);
	s->told(s->arg, tenant, event, name, text, score);
}

/* --- windows --- */

static void map_add(struct map *map, uint64_t key)
{
	map->bits[key % MAP_BITS / 64] |= 1ULL << (key % 64);
}

static uint32_t map_cnt(const struct map *map)
{
	uint32_t set = 0;

	for (size_t i = 0; i < MAP_BITS / 64; i++)
		set += (uint32_t)__builtin_popcountll(map->bits[i]);
	if (set == MAP_BITS)
		return 4096;
	return (uint32_t)(MAP_BITS * log((double)MAP_BITS / (MAP_BITS - set)) + 0.5);
}

/* Begins anew when its time is over, or when it was another's whose time is older. */
static struct window *window_of(struct window *all, uint32_t cnt, uint64_t key, uint64_t now_ns,
				uint64_t window_ns)
{
	struct window *set = &all[(uint32_t)(key >> 32) % (cnt / WAYS) * WAYS], *w = set;

	for (int i = 0; i < WAYS; i++) {
		if (set[i].key == key) {
			w = &set[i];
			break;
		}
		if (set[i].began_ns < w->began_ns)
			w = &set[i];
	}
	if (w->key != key || now_ns - w->began_ns > window_ns)
		*w = (struct window){ .key = key, .began_ns = now_ns };
	return w;
}

/* --- tunnels --- */

static void domain_judge(struct suspect *s, struct memory *m, uint16_t tenant,
			 const struct window *w, const char *domain, uint64_t now_ns)
{
	uint32_t names = map_cnt(&w->names);
	uint64_t carried = w->carried / w->cnt;
	char text[160];

	if (names < SUSPECT_UNIQUE ||
	    (carried < SUSPECT_CARRIED && (w->bulk < SUSPECT_BULK || w->bulk < w->cnt / 2)))
		return;
	snprintf(text, sizeof(text),
		 "%s below it within a minute, %s in front on average, %u of %s for TXT or NULL",
		 COUNTED(names, "different name"), COUNTED(carried, "byte"), w->bulk,
		 COUNTED(w->cnt, "question"));
	tell(s, m, tenant, w->key, now_ns, "dns_tunnel", domain, text, names >= 1000 ? 1000 : names);
}

void suspect_question(struct suspect *s, uint16_t tenant, const char *name, uint16_t type,
		      uint32_t payload, uint64_t now_ns)
{
	const char *domain = psl_registrable_domain(s->psl, name);
	struct memory *m = domain && domain != name ? memory_of(s, tenant, now_ns) : NULL;
	struct window *w;

	if (!m)
		return;
	w = window_of(m->domain, DOMAINS, hash_of(s, domain, strlen(domain), 1), now_ns,
		      SUSPECT_WINDOW_NS);
	w->cnt++;
	w->bulk += type == DNS_TXT || type == DNS_NULL || type == DNS_ANY;
	w->carried += (uint64_t)(domain - name - 1);
	map_add(&w->names, hash_of(s, name, strlen(name), 2));
	domain_judge(s, m, tenant, w, domain, now_ns);
}

/* --- generated names --- */

static const uint8_t bigrams[38][37] = {
#include "names/bigrams.def"
};

static int letter(char c)
{
	if (c >= 'a' && c <= 'z')
		return c - 'a';
	if (c >= '0' && c <= '9')
		return 26 + c - '0';
	return c == '-' ? 36 : -1;
}

uint32_t suspect_label_score(const char *label, size_t len)
{
	uint32_t sum = 0, row = 37;

	/* Short ones are often abbreviations, A-labels are in no alphabet that was counted. */
	if (len < 7 || !strncmp(label, "xn--", 4))
		return 0;
	for (size_t i = 0; i < len; i++) {
		int column = letter(label[i]);

		if (column < 0)
			return 0;
		sum += bigrams[row][column];
		row = (uint32_t)column;
	}
	sum = sum * 5 / (uint32_t)len;
	return sum > 1000 ? 1000 : sum;
}

static void client_judge(struct suspect *s, struct memory *m, uint16_t tenant,
			 const struct window *w, const char *name, uint64_t now_ns)
{
	uint32_t names = map_cnt(&w->names), made_up = map_cnt(&w->made_up);
	char text[160];

	if (made_up < SUSPECT_DGA_NAMES || made_up * 2 < names)
		return;
	snprintf(text, sizeof(text),
		 "%u domains that do not exist were asked for within ten minutes, %u of them as if made up "
		 "by a program; %u of %s said so",
		 names, made_up, w->bulk, COUNTED(w->cnt, "answer"));
	tell(s, m, tenant, w->key, now_ns, "dga", name, text, made_up >= 100 ? 1000 : made_up * 10);
}

/* Where an answer led to: this client, and whoever asks through it. */
static void answer_keep(struct suspect *s, struct memory *m, uint64_t who, const char *name,
			uint32_t ttl_s, uint64_t now_ns)
{
	uint64_t for_s = (ttl_s < 86400 ? ttl_s : 86400) + SUSPECT_LATER_S;

	held_put(m->answers, ANSWERS, hash_of(s, name, strlen(name), who), now_ns, for_s);
	held_put(m->answers, ANSWERS, hash_of(s, name, strlen(name), ANYBODY), now_ns, for_s);
	held_put(m->answers, ANSWERS, hash_of(s, &who, sizeof(who), ASKS), now_ns, SPARE_S);
}

void suspect_answer(struct suspect *s, uint16_t tenant, const struct sek_addr *client,
		    const char *name, bool exists, uint32_t ttl_s, uint64_t now_ns)
{
	struct memory *m = memory_of(s, tenant, now_ns);
	uint64_t who = hash_of(s, client, sizeof(*client), 3);
	const char *domain;
	struct window *w;

	if (!m)
		return;
	if (exists)
		answer_keep(s, m, who, name, ttl_s, now_ns);
	w = window_of(m->client, CLIENTS, who, now_ns, SUSPECT_DGA_WINDOW_NS);
	w->cnt++;
	domain = exists ? NULL : psl_registrable_domain(s->psl, name);
	if (!domain)
		return;
	w->bulk++;
	map_add(&w->names, hash_of(s, domain, strlen(domain), 4));
	if (suspect_label_score(domain, strcspn(domain, ".")) >= SUSPECT_MADE_UP)
		map_add(&w->made_up, hash_of(s, domain, strlen(domain), 4));
	client_judge(s, m, tenant, w, name, now_ns);
}

/* --- servers that no answer led to --- */

/*
 * By an answer to this client; or to anybody, where none is ever seen to go to this address: it asks by its
 * other family, or a resolver of the body's own.
 */
static bool was_led(struct suspect *s, struct memory *m, uint64_t who, const char *name,
		    uint64_t now_ns)
{
	if (held_has(m->answers, ANSWERS, hash_of(s, name, strlen(name), who), now_ns))
		return true;
	return !held_has(m->answers, ANSWERS, hash_of(s, &who, sizeof(who), ASKS), now_ns) &&
	       held_has(m->answers, ANSWERS, hash_of(s, name, strlen(name), ANYBODY), now_ns);
}

void suspect_server(struct suspect *s, uint16_t tenant, const struct sek_addr *client,
		    const char *name, uint64_t now_ns)
{
	struct memory *m = memory_of(s, tenant, now_ns);
	uint64_t who = hash_of(s, client, sizeof(*client), 3);

	if (!m || now_ns - m->began_ns < s->grace_ns || held_has(m->spared, SPARED, who, now_ns) ||
	    was_led(s, m, who, name, now_ns))
		return;
	tell(s, m, tenant, hash_of(s, name, strlen(name), who), now_ns, "sni_without_dns", name,
	     "no answer that was seen led this client there", 0);
}

void suspect_spare(struct suspect *s, uint16_t tenant, const struct sek_addr *client, uint64_t now_ns)
{
	struct memory *m = memory_of(s, tenant, now_ns);

	if (m)
		held_put(m->spared, SPARED, hash_of(s, client, sizeof(*client), 3), now_ns, SPARE_S);
}
