/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What FTP's control connection says of the data that will come: "RETR name", "STOR name".
 */
#ifndef AGENT_PROTO_FTP_H
#define AGENT_PROTO_FTP_H

#define FTP_TRANSFER_LEN 5 /* of the command and the blank behind it */

#endif
