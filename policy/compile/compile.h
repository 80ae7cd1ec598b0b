/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Model to image, pure: no kernel, no file, no clock. The image is what policy/install writes into
 * one generation of maps, array by array.
 */
#ifndef POLICY_COMPILE_COMPILE_H
#define POLICY_COMPILE_COMPILE_H

#include "model/model.h"

struct image_attach {
	struct sek_attach_key key;
	struct sek_attach value;
};
struct image_class {
	struct sek_class_key key;
	struct sek_class value;
};

/* As it is written: key, then value. */
struct image_name_group {
	struct sek_name_group_key key;
	uint32_t profile;
} __attribute__((packed));

struct image {
	struct sek_port ports[SEK_PORTS_MAX];
	struct sek_tenant tenants[SEK_TENANTS_MAX];
	struct image_attach *attaches;
	size_t attach_cnt;
	struct image_class *classes;
	size_t class_cnt;
	struct sek_ports *tables; /* equal tables are shared */
	size_t table_cnt;
	struct sek_row *rows;
	size_t row_cnt;
	struct sek_rule *rules;
	size_t rule_cnt;
	struct sek_name_profile *name_profiles; /* the first is none */
	size_t name_profile_cnt;
	struct image_name_group *name_groups;
	size_t name_group_cnt;
	uint8_t hash[32]; /* SHA-256 of all of the above, in order */
};

/* Returns NULL with the reasons, places and numbers in diag when something does not fit. */
struct image *image_compile(const struct policy *policy, struct diag *diag);
void image_free(struct image *image);

/*
 * The reference: decides a first packet as the kernel must, by walking the rules of the model one
 * by one. For tests, and for what guards an operator's own session. Returns the rule number within
 * the tenant.
 */
struct model_probe {
	uint16_t tenant;
	enum sek_dir dir;
	uint8_t proto;
	struct sek_addr src, dst;
	uint16_t sport, dport; /* host byte order */
	uint8_t icmp_type, icmp_code;
};
/* Does a rule fit, its direction aside? */
bool model_holds(const struct model_rule *rule, const struct model_probe *probe);
uint16_t model_decide(const struct policy *policy, const struct model_probe *probe);

/* The same over the image, by classes and rows: what the kernel program does, in C. */
uint16_t image_decide(const struct image *image, const struct model_probe *probe);

/*
 * The same for millions of probes: the image made ready for them. It must outlive the index. NULL when
 * out of memory.
 */
struct image_index;
struct image_index *image_index_new(const struct image *image);
void image_index_free(struct image_index *index);
uint16_t image_index_decide(const struct image_index *index, const struct model_probe *probe);

/*
 * What changes between two policies, for people: an array of strings, one a change
 * ("tenant saga: rule web added (out tcp to any port 80 accept)"). before NULL: there was none.
 * Returns a new reference, or NULL when out of memory.
 */
struct json_t;
struct json_t *policy_diff(const struct policy *before, const struct policy *after);

#endif
