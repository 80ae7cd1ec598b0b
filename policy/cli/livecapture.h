/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `sekisho capture start|stop|show`: frames of the live gateway, with what it said to each. Used by
 * obj_capture.c.
 */
#ifndef POLICY_CLI_LIVECAPTURE_H
#define POLICY_CLI_LIVECAPTURE_H

#include "cli/cli.h"

int live_capture_start(struct cli *cli, const struct cli_args *args);
int live_capture_stop(struct cli *cli, const struct cli_args *args);
int live_capture_show(struct cli *cli, const struct cli_args *args);

#endif
