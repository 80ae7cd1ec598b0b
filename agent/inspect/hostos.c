// SPDX-License-Identifier: Apache-2.0
/*
 * Systems and how they read what overlaps. Called by defrag and stream; promises the answers of Shankar and
 * Paxson (Active Mapping, 2003) and of Novak (Target-Based Fragmentation Reassembly, 2005).
 */
#include "inspect/hostos.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "text/address.h"

#define PATH_MAX_LEN 64

struct hostos_entry {
	struct prefix prefix;
	enum os_policy policy;
};

struct hostos {
	size_t cnt;
	struct hostos_entry entries[];
};

static const struct {
	const char *name;
	enum os_policy policy;
} systems[] = {
	{ "windows", OS_WINDOWS }, { "windows2k3", OS_WINDOWS },
	{ "bsd", OS_BSD },	   { "bsd-right", OS_BSD_RIGHT },
	{ "linux", OS_LINUX },	   { "old-linux", OS_OLD_LINUX },
	{ "solaris", OS_SOLARIS }, { "old-solaris", OS_SOLARIS },
	{ "hpux10", OS_BSD },	   { "hpux11", OS_HPUX },
	{ "irix", OS_BSD },	   { "macos", OS_MACOS },
	{ "vista", OS_VISTA },
};

#define SYSTEM_CNT (sizeof(systems) / sizeof(systems[0]))

static size_t system_path(size_t i, char path[PATH_MAX_LEN], const struct config *config)
{
	snprintf(path, PATH_MAX_LEN, "host-os-policy.%s", systems[i].name);
	return config_cnt(config, path);
}

int hostos_new(const struct config *config, struct hostos **ret_hostos)
{
	char path[PATH_MAX_LEN];
	size_t cnt = 0;
	struct hostos *hostos;

	for (size_t i = 0; i < SYSTEM_CNT; i++)
		cnt += system_path(i, path, config);
	hostos = calloc(1, sizeof(*hostos) + cnt * sizeof(hostos->entries[0]));
	if (!hostos)
		return -ENOMEM;
	for (size_t i = 0; i < SYSTEM_CNT; i++) {
		size_t here = system_path(i, path, config);

		for (size_t j = 0; j < here; j++) {
			const char *text = config_child(config, path, j);
			struct hostos_entry *entry = &hostos->entries[hostos->cnt];

			if (!text || prefix_parse(text, strlen(text), &entry->prefix, NULL))
				continue;
			entry->policy = systems[i].policy;
			hostos->cnt++;
		}
	}
	*ret_hostos = hostos;
	return 0;
}

void hostos_free(struct hostos *hostos)
{
	free(hostos);
}

enum os_policy hostos_of(const struct hostos *hostos, const struct sek_addr *addr)
{
	enum os_policy policy = OS_BSD;
	int longest = -1;

	for (size_t i = 0; i < hostos->cnt; i++) {
		const struct hostos_entry *entry = &hostos->entries[i];

		if (entry->prefix.len > longest && prefix_holds(&entry->prefix, addr)) {
			longest = entry->prefix.len;
			policy = entry->policy;
		}
	}
	return policy;
}

bool hostos_takes_new_segment(enum os_policy policy, const struct overlap *o)
{
	switch (policy) {
	case OS_BSD:
	case OS_MACOS:
		return o->new_from < o->old_from;
	case OS_LINUX:
		return o->new_from < o->old_from ||
		       (o->new_from == o->old_from && o->new_to > o->old_to);
	case OS_OLD_LINUX:
		return o->new_from <= o->old_from;
	case OS_SOLARIS:
	case OS_HPUX:
		return o->new_to >= o->old_to;
	case OS_WINDOWS:
		return o->new_from < o->old_from && o->new_to > o->old_to;
	case OS_BSD_RIGHT:
		return o->new_from >= o->old_from;
	case OS_LAST:
		return true;
	case OS_VISTA:
	case OS_FIRST:
		return false;
	}
	return false;
}

bool hostos_takes_new_fragment(enum os_policy policy, const struct overlap *o)
{
	switch (policy) {
	case OS_BSD:
	case OS_HPUX:
	case OS_MACOS:
		return o->new_from < o->old_from;
	case OS_BSD_RIGHT:
		return o->new_from >= o->old_from;
	case OS_LINUX:
	case OS_OLD_LINUX:
		return o->new_from <= o->old_from;
	case OS_WINDOWS:
		return o->new_from < o->old_from && o->new_to > o->old_to;
	case OS_SOLARIS:
		return o->new_from <= o->old_from && o->new_to >= o->old_to;
	case OS_LAST:
		return true;
	case OS_VISTA:
	case OS_FIRST:
		return false;
	}
	return false;
}
