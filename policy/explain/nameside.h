/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a policy says of names to one of its tenants, made ready for many questions: its lists, and the
 * settings of the tenant and of each of its groups. Used by who holds a past against a policy; only read
 * once it is made, by any number of threads.
 */
#ifndef POLICY_EXPLAIN_NAMESIDE_H
#define POLICY_EXPLAIN_NAMESIDE_H

#include "explain/nameasked.h"
#include "explain/namebook.h"

struct name_side {
	const struct name_book *book;
	const struct model_tenant *tenant;
	size_t profile_cnt; /* the tenant's, then those of its groups */
	struct sek_name_profile *profiles;
};

/*
 * tenant: of the book's policy. candidate: the book's candidate counts, where the list does that it stands
 * for, or blocks. 0 or -errno; name_side_free() ends it.
 */
int name_side_make(const struct name_book *book, const struct model_tenant *tenant, bool candidate,
		   struct name_side *side);
void name_side_free(struct name_side *side);

/* What holds in this quarter of the week. group: from 1 as in the tenant's row; 0: none. */
const struct sek_name_phase *name_side_phase(const struct name_side *side, size_t group,
					     unsigned int quarter);
/* The number of the group, as above, that an address of the tenant is in. */
size_t name_side_group(const struct name_side *side, const struct sek_addr *addr);

/* By what a name is seen. */
enum name_seen { NAME_SEEN_DNS, NAME_SEEN_DNS_TCP, NAME_SEEN_CONNECTION };

struct name_ruled {
	uint8_t end; /* enum name_end */
	uint8_t list; /* that decided; SEK_NAME_NO_LIST */
	struct name_found found;
};
struct name_ruled name_side_rule(const struct name_side *side, const struct name_asked *asked,
				 const struct sek_name_phase *phase, enum name_seen seen);

#endif
