/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the readers of the sections share: the run of policy_parse(), its words for errors, and the
 * reading of mappings by tables of fields. Private to model/.
 */
#ifndef POLICY_MODEL_READER_H
#define POLICY_MODEL_READER_H

#include "model/model.h"
#include "model/node.h"
#include "text/suggest.h"

#define MODEL_RULES_MAX 1000 /* written rules of one tenant; the defaults come on top */
#define MODEL_ASSERTS_MAX 1000
#define MODEL_PREFIXES_MAX (1U << 20) /* of the whole policy, groups counted where they are used */
#define MODEL_SEATS_MAX (1U << 17) /* tenants' prefixes, counted on each port and VLAN */
#define MODEL_NAME_LEN (SEK_NAME_MAX - 1)
#define MODEL_TITLE_LEN 200 /* bytes */
#define NOT_GIVEN UINT32_MAX /* a quota that the policy does not name */

struct group {
	const struct node *key; /* its name and place */
	struct model_end end; /* resolved: prefixes only */
	enum { GROUP_NEW, GROUP_OPEN, GROUP_DONE } state;
};

/* A service by what it needs of a rule. */
struct service {
	const struct node *key;
	struct model_end tcp, udp; /* ports only */
	uint16_t *icmp, *icmp6;
	size_t icmp_cnt, icmp6_cnt;
	uint8_t protos[256 / 8]; /* without ports or types */
};

struct document {
	char *file; /* as shown; belongs to policy->files */
	char *key; /* path within the policy's folder */
	char *text;
	size_t len;
	struct tree tree;
};

struct reader {
	struct diag *diag;
	struct policy *policy;
	struct document *docs; /* what is included comes first, the policy itself last */
	size_t doc_cnt;
	const char *base; /* folder against which sources are resolved; may be NULL */
	struct group *groups;
	size_t group_cnt, group_depth;
	struct service *services;
	size_t service_cnt;
	struct model_tenant defaults;
	size_t prefix_cnt; /* used of MODEL_PREFIXES_MAX */
	bool versioned, prefixes_full, out_of_memory;
};

void reader_say(struct reader *r, enum diag_level level, const struct node *at, const char *hint,
		const char *fmt, ...) __attribute__((format(printf, 5, 6)));
#define reader_error(r, at, hint, ...) reader_say(r, DIAG_ERROR, at, hint, __VA_ARGS__)

/* An error with "did you mean", or `hint` when nothing is near. */
void reader_unknown(struct reader *r, const struct node *at, const struct suggest *near,
		    const char *hint, const char *what);

/*
 * Makes room for one more element, all 0, at the end of *(T **)array. Returns it, or NULL (said at
 * the end of the run).
 */
void *reader_push(struct reader *r, void *array, size_t *cnt, size_t size);
char *reader_copy(struct reader *r, const char *text);
struct place reader_place(const struct node *node);

/* One key of a mapping. read gets the object's member at offset. */
struct field {
	const char *name;
	void (*read)(struct reader *r, const struct node *value, const struct field *field,
		     void *member);
	size_t offset;
	bool needed;
	uint64_t min, max;
	const char *const *words; /* read_word: NULL closes */
};

/*
 * Reads a mapping by its table. A table is closed by a NULL name. Unknown and missing keys are told;
 * false when value is no mapping.
 */
bool reader_map(struct reader *r, const struct node *map, const struct field *fields, void *object);

/* Calls each for the items of a list; a single value counts as a list of one. */
void reader_each(struct reader *r, const struct node *list,
		 void (*each)(struct reader *r, const struct node *item, void *arg), void *arg);
/* The same, but every item must be a mapping, and one value is no list. */
void reader_each_map(struct reader *r, const struct node *list,
		     void (*each)(struct reader *r, const struct node *item, void *arg), void *arg);

/* The text of a scalar, or NULL with words. */
const char *reader_text(struct reader *r, const struct node *node, const char *wanted);
/* Index in words, or -1 with words. */
int reader_word(struct reader *r, const struct node *node, const char *const *words);

/* Readers of members. */
void read_name(struct reader *r, const struct node *value, const struct field *f, void *member);
void read_title(struct reader *r, const struct node *value, const struct field *f, void *member);
void read_bool(struct reader *r, const struct node *value, const struct field *f, void *member);
void read_u16(struct reader *r, const struct node *value, const struct field *f, void *member);
void read_u32(struct reader *r, const struct node *value, const struct field *f, void *member);
void read_u64(struct reader *r, const struct node *value, const struct field *f, void *member);
void read_word(struct reader *r, const struct node *value, const struct field *f, void *member);

/* [a-z0-9-], 1 to MODEL_NAME_LEN bytes, not at an end '-'. Says what is wrong. */
bool reader_name_is_good(struct reader *r, const struct node *node);

/*
 * The text of a policy file, up to 16 MiB, and the folder that its includes start from; both owned
 * by the caller. Returns 0, or -errno after saying in diag what is wrong.
 */
int policy_file_read(const char *path, char **ret_folder, char **ret_text, size_t *ret_len,
		     struct diag *diag);
/* The folder of a path, '/' at its end; "" for none. Owned by the caller. */
char *folder_of(const char *path);
/* Fills docs; false when nothing can be read on. */
bool files_take(struct reader *r, const char *text, size_t len, const char *name, const char *base);
void files_free(struct reader *r);

/* Sections: one function for each row of sections.def. */
#define SECTION(name, rank, summary)                                                               \
	void section_##name(struct reader *r, const struct node *value);
#include "model/sections.def"
#undef SECTION

/* Groups: all that were named are resolved; each error is told once. */
void groups_resolve(struct reader *r);
void groups_free(struct reader *r);
/* Adds an address, a prefix or a group's prefixes to end. */
void group_add(struct reader *r, const struct node *item, struct model_end *end);
/* Sorts the prefixes of end and takes out those that others contain. */
void prefixes_tidy(struct model_end *end);
struct prefix *prefixes_add(struct reader *r, const struct node *at, struct model_end *end);

const struct service *service_find(struct reader *r, const struct node *name);
void service_free(struct service *service);
/* Sorts port ranges and joins those that touch. */
void ranges_tidy(struct model_end *end);
bool ranges_equal(const struct model_end *a, const struct model_end *b);

/* Settings that a tenant and defaults have in common. */
extern const struct field settings_fields[];
void settings_start(struct model_tenant *tenant);
/* From defaults to a tenant that has nothing yet. */
void settings_inherit(struct reader *r, const struct model_tenant *from, struct model_tenant *to);
void settings_finish(struct reader *r, const struct node *at, struct model_tenant *tenant);
/* A time of whole seconds, up to 7 days, into a uint32_t. */
void read_seconds(struct reader *r, const struct node *value, const struct field *f, void *member);
/* A file name, resolved against the policy's folder, into a char *. */
void read_source(struct reader *r, const struct node *value, const struct field *f, void *member);
/* A list's kind into a bool: does it allow? */
void read_kind(struct reader *r, const struct node *value, const struct field *f, void *member);
/* The keys of a subscription, for the table of a list that has a member feed. */
#define FEED_AT(of, member) (offsetof(of, feed) + offsetof(struct model_feed, member))
#define FEED_FIELDS(of)                                                                            \
	{ .name = "url", .read = read_feed_url, .offset = FEED_AT(of, url) },                      \
		{ .name = "refresh", .read = read_seconds, .offset = FEED_AT(of, refresh_s) },     \
		{ .name = "max",                                                                   \
		  .read = read_u64,                                                                \
		  .offset = FEED_AT(of, max_bytes),                                                \
		  .min = 1,                                                                        \
		  .max = 1ULL << 30 },                                                             \
		{ .name = "sha256", .read = read_feed_sum, .offset = FEED_AT(of, sha256) },        \
		{ .name = "signature", .read = read_feed_url, .offset = FEED_AT(of, signature) },  \
		{ .name = "key", .read = read_source, .offset = FEED_AT(of, key) },                \
		{ .name = "proxy", .read = read_feed_url, .offset = FEED_AT(of, proxy) },          \
		{ .name = "insecure", .read = read_bool, .offset = FEED_AT(of, insecure) },        \
		{ .name = "private", .read = read_bool, .offset = FEED_AT(of, private) },          \
	{                                                                                          \
		.name = "reserved", .read = read_bool, .offset = FEED_AT(of, reserved)             \
	}
void read_feed_url(struct reader *r, const struct node *value, const struct field *f, void *member);
void read_feed_sum(struct reader *r, const struct node *value, const struct field *f, void *member);
/* What only all of its keys show; fills in what was not given. */
void feed_check(struct reader *r, const struct node *item, struct model_feed *feed);
void feed_free(struct model_feed *feed);
/* addresses or names; which of the two has been looked at. */
void read_holds(struct reader *r, const struct node *value, const struct field *f, void *member);
/* One more list of names: an item of section lists. */
void model_name_list_add(struct reader *r, const struct node *item);
/* One key of settings for another table (host). */
void read_default(struct reader *r, const struct node *value, const struct field *f, void *member);
void read_subscription(struct reader *r, const struct node *value, const struct field *f,
		       void *member);

/* names: off, or {mode, block, allow, …}; of a tenant or of defaults */
void read_names(struct reader *r, const struct node *value, const struct field *f, void *member);
/* Copies; to has nothing yet. */
void names_inherit(struct reader *r, const struct model_names *from, struct model_names *to);
/* What only the whole shows: what is wrong, and what would not do what it seems to. */
void names_check(struct reader *r);
void names_warn(struct reader *r);

/* inspect: off, or {rules, disable, alert, drop, reject, variables}; of a tenant or of defaults */
void read_inspect(struct reader *r, const struct node *value, const struct field *f, void *member);
void inspect_start(struct model_inspect *inspect);
/* Copies; to has nothing yet. */
void inspect_inherit(struct reader *r, const struct model_inspect *from, struct model_inspect *to);
/* "2034649", "1:2034649", or a class; false with words. */
bool rule_pick_read(struct reader *r, const struct node *item, struct model_rule_pick *ret_pick);

/* protect: synflood, or {synflood: auto | always | off} */
void read_protect(struct reader *r, const struct node *value, const struct field *f, void *member);
/* Where "auto" begins: at half of the half-open flows. */
void protect_finish(struct sek_tenant *limits);

/* rules: [...] of a tenant, defaults, or (host) of the gateway. */
void read_rules(struct reader *r, const struct node *value, const struct field *f, void *member);
/* Appends copies of the defaults' rules. */
void rules_append(struct reader *r, const struct node *at, const struct model_tenant *from,
		  struct model_tenant *to);
/* Names those without, and finds names given twice. */
void rules_name(struct reader *r, struct model_tenant *tenant);
void rule_free(struct model_rule *rule);
void model_name_list_free(struct model_name_list *list);
void names_free(struct model_names *names);
void inspect_free(struct model_inspect *inspect);
void suppression_free(struct model_suppression *suppression);
void name_groups_free(struct model_tenant *tenant);
void tenant_free(struct model_tenant *tenant);
void assert_free(struct model_assert *assertion);

/* What only the whole can show: peers, overlaps, sums. */
void policy_check(struct reader *r);

#endif
