/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is set where no file of settings is named.
 */
#ifndef AGENT_REPLAY_USUAL_H
#define AGENT_REPLAY_USUAL_H

/* YAML, as suricata.yaml writes it: what a fresh Suricata of Debian does. */
extern const char usual_settings[];

#endif
