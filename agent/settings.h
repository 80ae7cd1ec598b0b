/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the command line and the environment say: read once by main, constant afterwards.
 */
#ifndef AGENT_SETTINGS_H
#define AGENT_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define SETTINGS_RULES_MAX 64

struct settings {
	char instance[33]; /* "" or letters, digits, '-', '_' */
	char pin_dir[128]; /* /sys/fs/bpf/sekisho[-INSTANCE] */
	char run_dir[128]; /* /run/sekisho[-INSTANCE]: the control socket's private folder */
	char state_dir[128]; /* /var/lib/sekisho[-INSTANCE] */
	char log_dir[128]; /* /var/log/sekisho[-INSTANCE] */
	const char *policy; /* NULL: the journal's last generation */
	char metrics_addr[64]; /* "" no metrics */
	uint16_t metrics_port;
	uint32_t flows_max; /* 0: the gate's default */
	uint32_t eve_mib; /* a record file is turned at this size */
	uint32_t eve_files; /* and so many old ones are kept */
	uint32_t name_grace_s; /* so long after a start servers without a DNS answer are told of */
	const char *inspect_rules[SETTINGS_RULES_MAX]; /* files of rules for inspection in line */
	size_t inspect_rule_cnt; /* 0: nobody inspects */
	const char *inspect_config; /* as suricata.yaml; NULL: the usual settings */
	uint32_t inspect_workers; /* 0: one for each CPU */
	bool detach; /* take everything down and end */
	bool help, version;
};

/* Reads argv. Returns 0, or -EINVAL with a sentence in why. */
int settings_read(int argc, char **argv, struct settings *ret_settings, char *why, size_t why_cap);
void settings_usage(FILE *out);

#endif
