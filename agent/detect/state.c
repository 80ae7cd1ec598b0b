/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rules remember: of a flow with the flow, of hosts and pairs in the memory that workers
 * share. Called by the tests and acts of keywords.
 */
#include "detect/state.h"

#include "detect/asking.h"
#include "file/file.h"
#include "file/room.h"
#include "inspect/engine.h"

/* --- of a flow --- */

struct detect_flow *flow_state(const struct detect *detect, struct flow *flow)
{
	if (!flow->detect) {
		flow->detect = calloc(1, sizeof(*flow->detect));
		if (flow->detect)
			flow->detect->detect = detect;
	}
	return flow->detect;
}

void detect_flow_free(struct detect_flow *state)
{
	if (!state)
		return;
	while (state->vars) {
		struct flow_var *var = state->vars;

		state->vars = var->next;
		free(var);
	}
	free(state->bits);
	free(state->ints);
	free(state->alerts);
	free(state);
}

static bool flow_bit(const struct flow *flow, uint32_t name)
{
	const struct detect_flow *state = flow ? flow->detect : NULL;

	return state && name >> 6 < state->bit_words && state->bits[name >> 6] >> (name & 63) & 1;
}

static uint64_t *flow_word(struct match *match, uint32_t name)
{
	struct detect_flow *state = match->flow ? flow_state(match->detect, match->flow) : NULL;
	uint32_t cnt = (name >> 6) + 1;

	if (state && state->bit_words < cnt) {
		uint64_t *bits = realloc(state->bits, cnt * sizeof(*bits));

		if (!bits) {
			match->detect->tally.memory_short++;
			return NULL;
		}
		memset(bits + state->bit_words, 0, (cnt - state->bit_words) * sizeof(*bits));
		state->bits = bits;
		state->bit_words = cnt;
	}
	return state ? &state->bits[name >> 6] : NULL;
}

static uint64_t bit_changed(uint64_t word, uint32_t name, enum bit_change change)
{
	uint64_t bit = 1ULL << (name & 63);

	return change == BIT_SET ? word | bit : change == BIT_UNSET ? word & ~bit : word ^ bit;
}

bool state_int(const struct match *match, uint32_t name, uint32_t *ret_value)
{
	const struct detect_flow *state = match->flow ? match->flow->detect : NULL;

	for (uint32_t i = 0; state && i < state->int_cnt; i++) {
		if (state->ints[i].name == name) {
			*ret_value = state->ints[i].value;
			return true;
		}
	}
	return false;
}

void state_int_set(struct match *match, uint32_t name, uint32_t value)
{
	struct detect_flow *state = match->flow ? flow_state(match->detect, match->flow) : NULL;
	struct flow_int *ints;

	if (!state)
		return;
	for (uint32_t i = 0; i < state->int_cnt; i++) {
		if (state->ints[i].name == name) {
			state->ints[i].value = value;
			return;
		}
	}
	ints = realloc(state->ints, (state->int_cnt + 1) * sizeof(*ints));
	if (!ints) {
		match->detect->tally.memory_short++;
		return;
	}
	state->ints = ints;
	ints[state->int_cnt++] = (struct flow_int){ name, value };
}

/* --- of hosts and pairs --- */

static struct memory_key bit_key(const struct match *match, enum bit_of of, uint32_t name)
{
	const struct packet *packet = match->packet;
	struct memory_key key;

	memset(&key, 0, sizeof(key));
	key.id = name;
	key.kind = MEMORY_BIT;
	key.tenant = packet->tenant;
	if (of == BIT_OF_SRC) {
		key.a = packet->src;
	} else if (of == BIT_OF_DST) {
		key.a = packet->dst;
	} else {
		key.a = packet->src;
		key.b = packet->dst;
		key.flow = 1; /* a pair is no host */
		if (memcmp(&key.a, &key.b, sizeof(key.a)) > 0) {
			key.a = packet->dst;
			key.b = packet->src;
		}
	}
	return key;
}

static bool is_set(const struct memory_entry *entry, uint64_t now_ns)
{
	return entry && (!entry->until_ns || now_ns <= entry->until_ns);
}

static bool host_bit(const struct match *match, enum bit_of of, uint32_t name)
{
	struct memory_key key = bit_key(match, of, name);

	return is_set(memory_find(memory_turn(match->detect), &key), match->now_ns);
}

static void host_bit_change(struct match *match, enum bit_of of, uint32_t name,
			    enum bit_change change, uint32_t seconds)
{
	struct memory_key key = bit_key(match, of, name);
	struct memory *memory = memory_turn(match->detect);
	struct memory_entry *entry;
	bool is_new;

	if (change == BIT_UNSET ||
	    (change == BIT_TOGGLE && is_set(memory_find(memory, &key), match->now_ns))) {
		memory_drop(memory, &key);
	} else {
		entry = memory_get(memory, &key, &is_new);
		if (entry) {
			entry->begin_ns = match->now_ns;
			entry->until_ns =
				seconds ? match->now_ns + (uint64_t)seconds * 1000000000ULL : 0;
		}
	}
}

void state_await(const struct match *match)
{
	if (match->detect)
		(void)memory_turn(match->detect);
}

void state_short(const struct match *match)
{
	if (match->detect)
		match->detect->tally.memory_short++;
}

/* --- of a transaction --- */

static uint64_t *tx_word(const struct match *match, uint32_t name)
{
	struct detect_tx *state = match->tx ? match->tx->detect[match->side] : NULL;

	return state ? &state->bits[name >> 6 & 3] : NULL;
}

bool state_bit(const struct match *match, enum bit_of of, uint32_t name)
{
	const uint64_t *word;

	if (of == BIT_OF_FLOW)
		return flow_bit(match->flow, name);
	if (of != BIT_OF_TX)
		return host_bit(match, of, name);
	word = tx_word(match, name);
	return word && *word >> (name & 63) & 1;
}

void state_bit_change(struct match *match, enum bit_of of, uint32_t name, enum bit_change change,
		      uint32_t seconds)
{
	uint64_t *word;

	if (of != BIT_OF_FLOW && of != BIT_OF_TX) {
		host_bit_change(match, of, name, change, seconds);
		return;
	}
	word = of == BIT_OF_FLOW ? flow_word(match, name) : tx_word(match, name);
	if (word)
		*word = bit_changed(*word, name, change);
}

/* --- variables --- */

static bool var_is(const struct flow_var *var, bool of_flow, uint32_t name, struct slice key)
{
	return var->of_flow == of_flow && var->name == name && var->key.len == key.len &&
	       (!key.len || memcmp(var->key.at, key.at, key.len) == 0);
}

static struct flow_var *var_new(bool of_flow, uint32_t name, struct slice key, struct slice value)
{
	struct flow_var *var = malloc(sizeof(*var) + key.len + value.len);
	uint8_t *behind;

	if (!var)
		return NULL;
	behind = (uint8_t *)(var + 1);
	if (key.len)
		memcpy(behind, key.at, key.len);
	if (value.len)
		memcpy(behind + key.len, value.at, value.len);
	*var = (struct flow_var){ .name = name,
				  .of_flow = of_flow,
				  .key = slice(behind, key.len),
				  .value = slice(behind + key.len, value.len) };
	return var;
}

/* A copy that lives as long as the rule is asked. */
static bool slice_copy(struct room *room, struct slice from, struct slice *ret)
{
	uint8_t *bytes = room_get(room, from.len);

	if (!bytes)
		return false;
	if (from.len)
		memcpy(bytes, from.at, from.len);
	*ret = slice(bytes, from.len);
	return true;
}

void state_var_set(struct match *match, bool of_flow, uint32_t name, struct slice key,
		   struct slice value)
{
	struct detect *detect = match->detect;
	struct found_var var = { .of_flow = of_flow, .name = name };

	if (detect->var_cnt == VARS_MAX || !slice_copy(&detect->rule_room, key, &var.key) ||
	    !slice_copy(&detect->rule_room, value, &var.value)) {
		detect->tally.memory_short++;
		return;
	}
	detect->vars[detect->var_cnt++] = var;
}

static void var_put(struct detect *detect, struct detect_flow *state, const struct found_var *found)
{
	struct flow_var *var = var_new(found->of_flow, found->name, found->key, found->value);
	struct flow_var **at = &state->vars;

	if (!var) {
		detect->tally.memory_short++;
		return;
	}
	while (*at && !var_is(*at, found->of_flow, found->name, found->key))
		at = &(*at)->next;
	if (*at) {
		struct flow_var *old = *at;

		*at = old->next;
		free(old);
	}
	var->next = state->vars;
	state->vars = var;
}

void packet_vars_forget(struct detect_flow *state)
{
	struct flow_var **at = &state->vars;

	while (*at) {
		struct flow_var *var = *at;

		if (var->of_flow) {
			at = &var->next;
		} else {
			*at = var->next;
			free(var);
		}
	}
}

void vars_keep(struct detect *detect)
{
	struct flow *flow = detect->match.flow;
	struct detect_flow *state = flow && detect->var_cnt ? flow_state(detect, flow) : NULL;

	for (uint32_t i = 0; state && i < detect->var_cnt; i++)
		var_put(detect, state, &detect->vars[i]);
}

struct slice state_var(const struct match *match, bool of_flow, uint32_t name)
{
	const struct detect_flow *state = match->flow ? match->flow->detect : NULL;

	for (const struct flow_var *var = state ? state->vars : NULL; var; var = var->next) {
		if (var->of_flow == of_flow && var->name == name)
			return var->value;
	}
	return slice(NULL, 0);
}

/* --- for records --- */

static bool bit_remembered(const struct detect *detect, const struct detect_flow *state, size_t *i,
			   struct remembered *ret)
{
	for (uint32_t name = 0; name < state->bit_words * 64; name++) {
		const char *word;

		if (!(state->bits[name >> 6] >> (name & 63) & 1) || (*i)--)
			continue;
		word = parse_name(detect->ruleset->parse, NAME_FLOWBIT, name);
		*ret = (struct remembered){ .kind = REMEMBERED_FLOWBIT,
					    .name = slice_text(word ? word : "") };
		return true;
	}
	return false;
}

static bool var_remembered(const struct detect *detect, const struct detect_flow *state, size_t i,
			   struct remembered *ret)
{
	const struct flow_var *var = state->vars;
	const char *word;

	while (var && i--)
		var = var->next;
	if (!var)
		return false;
	word = var->name ? parse_name(detect->ruleset->parse, NAME_VAR, var->name) : NULL;
	*ret = (struct remembered){ .kind = var->of_flow ? REMEMBERED_FLOWVAR : REMEMBERED_PKTVAR,
				    .name = word ? slice_text(word) : var->key,
				    .bytes = var->value };
	return true;
}

bool detect_remembered(const struct packet *packet, const struct flow *flow, size_t i,
		       struct remembered *ret)
{
	const struct detect_flow *state = flow ? flow->detect : NULL;
	const char *word;

	if (!state || !state->detect || bit_remembered(state->detect, state, &i, ret))
		return state && state->detect;
	if (i >= state->int_cnt)
		return var_remembered(state->detect, state, i - state->int_cnt, ret);
	word = parse_name(state->detect->ruleset->parse, NAME_FLOWINT, state->ints[i].name);
	*ret = (struct remembered){ .kind = REMEMBERED_FLOWINT,
				    .name = slice_text(word ? word : ""),
				    .value = state->ints[i].value };
	return true;
}

/* --- what is done to a flow --- */

void state_bypass(struct match *match)
{
	if (match->flow)
		flow_bypass(match->flow, SEK_BACK_RULE);
}

/* Records say which rules wanted it. */
static void file_wanted(struct file *file, uint32_t sid)
{
	file->wants_store = true;
	for (uint8_t i = 0; i < file->sid_cnt; i++)
		if (file->sids[i] == sid)
			return;
	if (file->sid_cnt < sizeof(file->sids) / sizeof(file->sids[0]))
		file->sids[file->sid_cnt++] = sid;
}

/* Those that are there, and those that it will still carry. */
static void files_store(struct tx *tx, const bool sides[SIDES], uint32_t sid)
{
	for (int side = 0; side < SIDES; side++)
		tx->stores[side] |= sides[side];
	for (struct file *file = tx->files; file; file = file->next) {
		if (sides[file->side])
			file_wanted(file, sid);
	}
}

/* From the transaction on that was found. */
static void flow_store(struct session *session, const struct tx *from, const bool sides[SIDES],
		       uint32_t sid)
{
	for (int side = 0; side < SIDES; side++)
		session->stores[side] |= sides[side];
	for (struct tx *tx = session->first; tx; tx = tx->next) {
		if (!from || tx->id >= from->id)
			files_store(tx, sides, sid);
	}
}

/* Where no store is set up nothing is kept, and no record says that it will be. */
static bool has_store(const struct match *match)
{
	const struct engine_setup *setup = match->flow ? match->flow->session.setup : NULL;

	return setup && setup->files && setup->files->store;
}

void state_store(struct match *match, const bool sides[SIDES], enum store_scope scope)
{
	bool wanted[SIDES] = { sides[FROM_CLIENT], sides[FROM_SERVER] };
	uint32_t sid = match->signature->rule.sid;

	if (!has_store(match))
		return;
	if (!wanted[FROM_CLIENT] && !wanted[FROM_SERVER])
		wanted[match->side] = true;
	if (scope == STORE_FILE && match->file)
		file_wanted(match->file, sid);
	else if (scope != STORE_FLOW && match->tx)
		files_store(match->tx, wanted, sid);
	else if (match->flow)
		flow_store(&match->flow->session, match->tx, wanted, sid);
}

void state_unlogged(struct match *match, bool of_flow)
{
	if (match->tx)
		match->tx->unlogged = true;
	if (of_flow && match->flow)
		match->flow->session.unlogged = true;
}
