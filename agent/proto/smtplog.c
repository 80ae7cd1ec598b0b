// SPDX-License-Identifier: Apache-2.0
/*
 * What rules ask of a mail's transaction, and what records tell of it. Called by sessions, detection and
 * records, after smtp.c read it. Promises Suricata's names.
 */
#include <ctype.h>
#include <openssl/evp.h>

#include "proto/smtp.h"
#include "report/json.h"

/* --- fields --- */

static const struct smtp_tx *smtp_of(const struct tx *tx)
{
	return (const struct smtp_tx *)tx;
}

static bool text_give(const struct smtp_text *text, struct slice *ret, uint64_t *ret_from)
{
	if (!text || !text->at)
		return false;
	*ret = slice(text->at, text->len);
	*ret_from = 0;
	return true;
}

static bool helo_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
		       uint64_t *ret_from)
{
	return index == 0 && text_give(smtp_of(tx)->helo, ret, ret_from);
}

static bool from_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
		       uint64_t *ret_from)
{
	return index == 0 && text_give(&smtp_of(tx)->from, ret, ret_from);
}

static bool rcpt_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
		       uint64_t *ret_from)
{
	const struct smtp_tx *smtp = smtp_of(tx);

	return index < smtp->rcpt_cnt && text_give(&smtp->rcpts[index], ret, ret_from);
}

static bool mail_give(struct tx *tx, const char *name, uint32_t index, struct slice *ret,
		      uint64_t *ret_from)
{
	const struct smtp_tx *smtp = smtp_of(tx);

	*ret_from = 0;
	return smtp->mime && mime_field(smtp->mime, name, index, ret);
}

#define MAIL_FIELD(symbol, name)                                                                   \
	static bool symbol(struct tx *tx, enum side side, uint32_t index, struct slice *ret,       \
			   uint64_t *ret_from)                                                     \
	{                                                                                          \
		return mail_give(tx, name, index, ret, ret_from);                                  \
	}
MAIL_FIELD(mail_from_field, "from")
MAIL_FIELD(mail_to_field, "to")
MAIL_FIELD(mail_cc_field, "cc")
MAIL_FIELD(mail_subject_field, "subject")
MAIL_FIELD(mail_date_field, "date")
MAIL_FIELD(mail_id_field, "message-id")
MAIL_FIELD(mail_mailer_field, "x-mailer")
MAIL_FIELD(mail_received_field, "received")
#undef MAIL_FIELD

static bool url_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
		      uint64_t *ret_from)
{
	const struct smtp_tx *smtp = smtp_of(tx);

	*ret_from = 0;
	return smtp->mime && mime_url(smtp->mime, index, ret);
}

static bool body_md5_field(struct tx *tx, enum side side, uint32_t index, struct slice *ret,
			   uint64_t *ret_from)
{
	const struct smtp_tx *smtp = smtp_of(tx);

	*ret_from = 0;
	if (index || !smtp->mime || !mime_body_md5(smtp->mime)[0])
		return false;
	*ret = slice_text(mime_body_md5(smtp->mime));
	return true;
}

#define CLIENT_FIELD(name, kind, step, ask, says)                                                  \
	{                                                                                          \
		name, kind, { true, false }, { step, step }, ask, NULL, says                       \
	}

const struct field smtp_fields[SMTP_FIELDS] = {
	CLIENT_FIELD("smtp.helo", FIELD_BYTES, SMTP_STEP_ENVELOPE, helo_field,
		     "name that the client greets with"),
	CLIENT_FIELD("smtp.mail_from", FIELD_BYTES, SMTP_STEP_ENVELOPE, from_field,
		     "sender of the envelope"),
	CLIENT_FIELD("smtp.rcpt_to", FIELD_LIST, SMTP_STEP_ENVELOPE, rcpt_field,
		     "each recipient of the envelope"),
	CLIENT_FIELD("email.from", FIELD_BYTES, SMTP_STEP_DONE, mail_from_field, "From of a mail"),
	CLIENT_FIELD("email.to", FIELD_BYTES, SMTP_STEP_DONE, mail_to_field, "To of a mail"),
	CLIENT_FIELD("email.cc", FIELD_BYTES, SMTP_STEP_DONE, mail_cc_field, "Cc of a mail"),
	CLIENT_FIELD("email.subject", FIELD_BYTES, SMTP_STEP_DONE, mail_subject_field,
		     "Subject of a mail"),
	CLIENT_FIELD("email.date", FIELD_BYTES, SMTP_STEP_DONE, mail_date_field, "Date of a mail"),
	CLIENT_FIELD("email.message_id", FIELD_BYTES, SMTP_STEP_DONE, mail_id_field,
		     "Message-ID of a mail"),
	CLIENT_FIELD("email.x_mailer", FIELD_BYTES, SMTP_STEP_DONE, mail_mailer_field,
		     "X-Mailer of a mail"),
	CLIENT_FIELD("email.received", FIELD_LIST, SMTP_STEP_DONE, mail_received_field,
		     "each Received of a mail"),
	CLIENT_FIELD("email.url", FIELD_LIST, SMTP_STEP_DONE, url_field,
		     "each URL in the texts of a mail"),
	CLIENT_FIELD("email.body_md5", FIELD_BYTES, SMTP_STEP_DONE, body_md5_field,
		     "MD5 of a mail's body, where settings ask for it"),
};

/* --- records --- */

enum smtp_option { OPTION_EXTENDED, OPTION_MD5_BODY, OPTION_MD5_SUBJECT, OPTION_CUSTOM };

const struct proto_option smtp_options[SMTP_OPTIONS] = {
	[OPTION_EXTENDED] = { "extended", false },
	[OPTION_MD5_BODY] = { "md5.body", false },
	[OPTION_MD5_SUBJECT] = { "md5.subject", false },
	[OPTION_CUSTOM] = { "custom.reply-to", false },
	{ "custom.bcc", false },
	{ "custom.message-id", false },
	{ "custom.subject", false },
	{ "custom.x-mailer", false },
	{ "custom.user-agent", false },
	{ "custom.received", false },
	{ "custom.x-originating-ip", false },
	{ "custom.in-reply-to", false },
	{ "custom.references", false },
	{ "custom.importance", false },
	{ "custom.priority", false },
	{ "custom.sensitivity", false },
	{ "custom.organization", false },
	{ "custom.content-md5", false },
	{ "custom.date", false },
};

/* In the order of the options from OPTION_CUSTOM on. */
static const struct custom {
	const char *key, *field;
	enum { SHOW_TEXT, SHOW_COMMAS, SHOW_EACH } show;
	bool extended; /* told where extended records are asked for, too */
} customs[] = {
	{ "reply_to", "reply-to", SHOW_TEXT, false },
	{ "bcc", "bcc", SHOW_COMMAS, true },
	{ "message_id", "message-id", SHOW_TEXT, true },
	{ "subject", "subject", SHOW_TEXT, true },
	{ "x_mailer", "x-mailer", SHOW_TEXT, true },
	{ "user_agent", "user-agent", SHOW_TEXT, true },
	{ "received", "received", SHOW_EACH, false },
	{ "x_originating_ip", "x-originating-ip", SHOW_TEXT, false },
	{ "in_reply_to", "in-reply-to", SHOW_TEXT, false },
	{ "references", "references", SHOW_TEXT, false },
	{ "importance", "importance", SHOW_TEXT, false },
	{ "priority", "priority", SHOW_TEXT, false },
	{ "sensitivity", "sensitivity", SHOW_TEXT, false },
	{ "organization", "organization", SHOW_TEXT, false },
	{ "content_md5", "content-md5", SHOW_TEXT, false },
	{ "date", "date", SHOW_TEXT, false },
};
_Static_assert(OPTION_CUSTOM + sizeof(customs) / sizeof(customs[0]) == SMTP_OPTIONS,
	       "each custom field is an option");

bool smtp_log(struct tx *tx, struct json *json)
{
	const struct smtp_tx *smtp = smtp_of(tx);

	if (smtp->helo && smtp->helo->at)
		json_bytes(json, "helo", slice(smtp->helo->at, smtp->helo->len));
	if (smtp->from.at)
		json_bytes(json, "mail_from", slice(smtp->from.at, smtp->from.len));
	if (smtp->rcpt_cnt) {
		json_list(json, "rcpt_to");
		for (size_t i = 0; i < smtp->rcpt_cnt; i++)
			json_bytes(json, NULL, slice(smtp->rcpts[i].at, smtp->rcpts[i].len));
		json_close(json);
	}
	return true;
}

static struct slice unspaced(struct slice s)
{
	while (s.len && isspace(s.at[0]))
		s = slice_behind(s, 1);
	return s;
}

/* Where the next comma is that no quotes hold, or the end. */
static size_t comma_at(struct slice list)
{
	bool quoted = false;
	size_t at = 0;

	for (; at < list.len && (quoted || list.at[at] != ','); at++)
		quoted ^= list.at[at] == '"';
	return at;
}

static void commas_put(struct json *json, const char *key, struct slice list)
{
	json_list(json, key);
	while (list.len) {
		size_t len = comma_at(list);
		struct slice one = unspaced(slice(list.at, len));

		if (one.len)
			json_bytes(json, NULL, one);
		list = slice_behind(list, len + 1);
	}
	json_close(json);
}

static void field_put(struct json *json, const struct mime *mime, const struct custom *custom)
{
	struct slice value;

	if (!mime_field(mime, custom->field, 0, &value))
		return;
	switch (custom->show) {
	case SHOW_TEXT:
		json_bytes(json, custom->key, unspaced(value));
		break;
	case SHOW_COMMAS:
		commas_put(json, custom->key, value);
		break;
	case SHOW_EACH:
		json_list(json, custom->key);
		for (uint32_t i = 0; mime_field(mime, custom->field, i, &value); i++)
			json_bytes(json, NULL, unspaced(value));
		json_close(json);
		break;
	}
}

static void list_put(struct json *json, const char *key, const struct mime *mime,
		     bool (*give)(const struct mime *mime, uint32_t index, struct slice *ret))
{
	struct slice value;

	if (!give(mime, 0, &value))
		return;
	json_list(json, key);
	for (uint32_t i = 0; give(mime, i, &value); i++)
		json_bytes(json, NULL, value);
	json_close(json);
}

static void md5_put(struct json *json, const char *key, struct slice bytes)
{
	uint8_t sum[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (EVP_Digest(bytes.at, bytes.len, sum, &len, EVP_md5(), NULL))
		json_hex(json, key, slice(sum, len));
}

static void customs_put(struct json *json, const struct mime *mime)
{
	for (size_t i = 0; i < sizeof(customs) / sizeof(customs[0]); i++)
		if (json->options >> (OPTION_CUSTOM + i) & 1 ||
		    (json->options >> OPTION_EXTENDED & 1 && customs[i].extended))
			field_put(json, mime, &customs[i]);
}

static void sums_put(struct json *json, const struct mime *mime)
{
	struct slice subject;

	if (json->options >> OPTION_MD5_BODY & 1 && mime_body_md5(mime)[0])
		json_text(json, "body_md5", mime_body_md5(mime));
	if (json->options >> OPTION_MD5_SUBJECT & 1 && mime_field(mime, "subject", 0, &subject))
		md5_put(json, "subject_md5", subject);
}

void smtp_log_email(struct tx *tx, struct json *json)
{
	static const struct custom from = { "from", "from", SHOW_TEXT, false },
				   to = { "to", "to", SHOW_COMMAS, false },
				   cc = { "cc", "cc", SHOW_COMMAS, false };
	const struct mime *mime = smtp_of(tx)->mime;
	struct slice url;

	if (!mime)
		return;
	json_open(json, "email");
	json_text(json, "status", mime_status(mime));
	field_put(json, mime, &from);
	field_put(json, mime, &to);
	field_put(json, mime, &cc);
	if (mime_url(mime, 0, &url)) {
		json_bool(json, "has_ipv6_url", mime_url_kinds(mime) & MIME_URL_IPV6);
		json_bool(json, "has_ipv4_url", mime_url_kinds(mime) & MIME_URL_IPV4);
		json_bool(json, "has_exe_url", mime_url_kinds(mime) & MIME_URL_PROGRAM);
	}
	list_put(json, "attachment", mime, mime_attachment);
	list_put(json, "url", mime, mime_url);
	customs_put(json, mime);
	sums_put(json, mime);
	json_close(json);
}

void smtp_log_alert(struct tx *tx, struct json *json)
{
	json->options = 0; /* they are of the records of mails */
	json_open(json, "smtp");
	smtp_log(tx, json);
	json_close(json);
	smtp_log_email(tx, json);
}
