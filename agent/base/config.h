/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of the engine as suricata.yaml writes them, so that sites keep theirs: a tree of names, asked
 * by paths. What is not asked has no meaning here; `sekisho rule check` names it.
 */
#ifndef AGENT_BASE_CONFIG_H
#define AGENT_BASE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/diag.h"

struct config;

/* file NULL: nothing is set. Includes are read. Returns 0 or -errno with words in diag. */
int config_read(const char *file, struct config **ret_config, struct diag *diag);
/* The same of a text; name stands for it in diag. */
int config_read_text(const char *text, const char *name, struct config **ret_config,
		     struct diag *diag);
/* "stream.midstream=true": over what the file says. Returns 0, -EINVAL (no '=', no name) or -ENOMEM. */
int config_set(struct config *config, const char *assignment);
void config_free(struct config *config);

/*
 * By "app-layer.protocols.http.enabled"; of lists by number: "outputs.0.eve-log.types.1". A '_' in a name
 * of the file is found as '-' too. config may be NULL.
 */
const char *config_text(const struct config *config, const char *path); /* NULL: not set */
bool config_bool(const struct config *config, const char *path, bool otherwise); /* yes, true, on, 1 */
/* "100kb", "1MB", "1gb", plain numbers. */
bool bytes_parse(const char *text, uint64_t *ret_bytes);
/* The same of a setting; a wrong one counts as not set. */
uint64_t config_bytes(const struct config *config, const char *path, uint64_t otherwise);
uint64_t config_number(const struct config *config, const char *path, uint64_t otherwise);
/* How many elements a list, or names a section has; 0: not there. */
size_t config_cnt(const struct config *config, const char *path);
/*
 * Number i of a section: its name; of a list: its word, or where it is a section itself the first name
 * in that ("- eve-log:"). NULL: there is none.
 */
const char *config_child(const struct config *config, const char *path, size_t i);

#endif
