/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SMTP's transactions, between the parser and what is told of them.
 */
#ifndef AGENT_PROTO_SMTP_H
#define AGENT_PROTO_SMTP_H

#include "proto/mime.h"
#include "proto/proto.h"

enum smtp_step { SMTP_STEP_ENVELOPE = 1, SMTP_STEP_DONE };

struct smtp_text {
	char *at; /* NULL: none */
	size_t len;
};

/* From the first command, or the first behind a mail, to the end of a mail or RSET. */
struct smtp_tx {
	struct tx tx;
	const struct smtp_text *helo; /* of the session: one greeting serves all its mails */
	struct smtp_text from;
	struct smtp_text *rcpts;
	size_t rcpt_cnt, rcpt_cap;
	struct mime *mime; /* NULL: no mail yet, or it is not read */
	struct file *file; /* of the mail, while it is open */
	bool has_data;
};

#define SMTP_FIELDS 13
#define SMTP_OPTIONS 19

extern const struct field smtp_fields[SMTP_FIELDS];
extern const struct proto_option smtp_options[SMTP_OPTIONS];

bool smtp_log(struct tx *tx, struct json *json);
void smtp_log_email(struct tx *tx, struct json *json); /* beside it */
void smtp_log_alert(struct tx *tx, struct json *json); /* both */

#endif
