/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What FTP's control connection says of the data that will come: "REST place", "RETR name", "STOR name".
 */
#ifndef AGENT_PROTO_FTP_H
#define AGENT_PROTO_FTP_H

#include "base/slice.h"

#define FTP_TRANSFER_LEN 5 /* of the command and the blank behind it */

/*
 * The place in the file, in bytes, that stands behind REST (RFC 3659, 5.3: of a stream of bytes). 0, the
 * beginning: it is no number, or none that fits.
 */
uint64_t ftp_restart_read(struct slice text);

#endif
