// SPDX-License-Identifier: Apache-2.0
/*
 * Records of SMB, with Suricata's names. Called with a transaction that is to be told of.
 */
#include <stdio.h>

#include "base/digits.h"
#include "proto/smb.h"
#include "report/json.h"

/* --- words --- */

struct word {
	uint32_t code;
	const char *name;
};

static const struct word statuses[] = {
#define SMB_STATUS(code, name) { code, name },
#include "proto/smbstatus.def"
#undef SMB_STATUS
};

static const struct word functions[] = {
#define SMB_FUNCTION(code, name) { code, name },
#include "proto/smbfunctions.def"
#undef SMB_FUNCTION
};

static const struct word commands1[] = {
#define SMB1_COMMAND(code, name) { code, "SMB1_COMMAND_" name },
#include "proto/smb1commands.def"
#undef SMB1_COMMAND
};

static const char *const commands2[] = {
	"NEGOTIATE_PROTOCOL",
	"SESSION_SETUP",
	"SESSION_LOGOFF",
	"TREE_CONNECT",
	"TREE_DISCONNECT",
	"CREATE",
	"CLOSE",
	"FLUSH",
	"READ",
	"WRITE",
	"LOCK",
	"IOCTL",
	"CANCEL",
	"KEEPALIVE",
	"FIND",
	"CHANGE_NOTIFY",
	"GET_INFO",
	"SET_INFO",
	"OPLOCK_BREAK",
};

static const struct word dialects[] = {
	{ 0x0202, "2.02" }, { 0x0210, "2.10" }, { 0x0222, "2.22" },
	{ 0x0224, "2.24" }, { 0x02ff, "2.??" }, { 0x0300, "3.00" },
	{ 0x0302, "3.02" }, { 0x0310, "3.10" }, { 0x0311, "3.11" },
};

static const struct word dos_errors[] = {
	{ 0, "DOS_SUCCESS" },
	{ 1, "DOS_BAD_FUNC" },
	{ 2, "DOS_BAD_FILE" },
	{ 3, "DOS_BAD_PATH" },
	{ 4, "DOS_TOO_MANY_OPEN_FILES" },
	{ 5, "DOS_ACCESS_DENIED" },
};

static const struct word server_errors[] = {
	{ 1, "SRV_ERROR" },  { 2, "SRV_BADPW" },   { 3, "SRV_BADTYPE" },
	{ 4, "SRV_ACCESS" }, { 91, "SRV_BADUID" },
};

#define WORDS(of) of, sizeof(of) / sizeof((of)[0])

/* Of a table that ascends; what it does not have is told as its number. */
static void word_log(struct json *json, const char *name, const struct word *words, size_t cnt,
		     uint32_t code)
{
	size_t low = 0, high = cnt;
	char number[16];

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (words[middle].code == code) {
			json_text(json, name, words[middle].name);
			return;
		}
		if (words[middle].code < code)
			low = middle + 1;
		else
			high = middle;
	}
	snprintf(number, sizeof(number), "%u", code);
	json_text(json, name, number);
}

static void text_log(struct json *json, const char *name, const struct smb_text *text)
{
	json_bytes(json, name, smb_slice(text));
}

/* As SMB's servers print it; of SMB1 only two bytes are the server's. */
static void guid_log(struct json *json, const char *name, const uint8_t *guid, size_t len)
{
	static const uint8_t order[SMB_GUID_LEN] = { 3, 2, 1,  0,  5,  4,  7,  6,
						     9, 8, 11, 10, 15, 14, 13, 12 };
	char text[40], *to = text;
	size_t cnt = len == SMB_GUID_LEN ? SMB_GUID_LEN : len >= 2 ? 2 : 0;

	for (size_t i = 0; i < cnt; i++) {
		uint8_t byte = guid[cnt == 2 ? 1 - i : order[i]];

		if (i == 4 || i == 6 || i == 8 || i == 10)
			*to++ = '-';
		to = hex_write(&byte, 1, 0, to);
	}
	*to = 0;
	json_text(json, name, text);
}

static void fuid_log(struct json *json, const struct smb_guid *guid)
{
	guid_log(json, "fuid", guid->b, guid->len);
}

/* --- what all have --- */

static void dialect_log(const struct smb_state *state, struct json *json)
{
	if (state && state->dialect)
		word_log(json, "dialect", WORDS(dialects), state->dialect);
	else if (state && state->dialect_text.at)
		text_log(json, "dialect", &state->dialect_text);
	else
		json_text(json, "dialect", "unknown");
}

static void command_log(const struct smb_tx *tx, struct json *json)
{
	char name[48];

	if (!tx->has_command)
		return;
	if (tx->version == 1) {
		word_log(json, "command", WORDS(commands1), tx->command);
		return;
	}
	if (tx->command < sizeof(commands2) / sizeof(commands2[0]))
		snprintf(name, sizeof(name), "SMB2_COMMAND_%s", commands2[tx->command]);
	else
		snprintf(name, sizeof(name), "%u", tx->command);
	json_text(json, "command", name);
}

static void status_log(const struct smb_tx *tx, struct json *json)
{
	uint16_t class = tx->status & 0xff, code = (uint16_t)(tx->status >> 16);
	char text[32];

	if (!tx->has_status)
		return;
	if (!tx->is_dos) {
		word_log(json, "status", WORDS(statuses), tx->status);
		snprintf(text, sizeof(text), "0x%x", tx->status);
		json_text(json, "status_code", text);
		return;
	}
	if (class == 1) {
		word_log(json, "status", WORDS(dos_errors), code);
	} else if (class == 2) {
		word_log(json, "status", WORDS(server_errors), code);
	} else {
		snprintf(text, sizeof(text), "UNKNOWN_%02x_%04x", class, code);
		json_text(json, "status", text);
	}
	snprintf(text, sizeof(text), "0x%04x", code);
	json_text(json, "status_code", text);
}

/* --- what each has --- */

static void negotiate_log(const struct smb_tx *tx, const struct smb_state *state, struct json *json)
{
	struct cursor c = cursor(smb_slice(&tx->of.negotiate.dialects));

	json_list(json, "client_dialects");
	while (c.rest.len && !c.failed) {
		struct slice dialect;

		if (tx->of.negotiate.version == 2) {
			word_log(json, NULL, WORDS(dialects), cursor_le16(&c));
			continue;
		}
		dialect = cursor_until(&c, 0);
		json_bytes(json, NULL, dialect);
	}
	json_close(json);
	if (tx->of.negotiate.has_client_guid)
		guid_log(json, "client_guid", tx->of.negotiate.client_guid, SMB_GUID_LEN);
	guid_log(json, "server_guid", tx->of.negotiate.server_guid,
		 tx->of.negotiate.has_server_guid ? SMB_GUID_LEN : 0);
	if (state && state->max_size[FROM_SERVER])
		json_number(json, "max_read_size", state->max_size[FROM_SERVER]);
	if (state && state->max_size[FROM_CLIENT])
		json_number(json, "max_write_size", state->max_size[FROM_CLIENT]);
}

static void host_log(const struct smb_host *host, const char *name, struct json *json)
{
	if (!host->known)
		return;
	json_open(json, name);
	text_log(json, "native_os", &host->os);
	text_log(json, "native_lm", &host->lm);
	json_close(json);
}

static void ntlmssp_log(const struct smb_ntlmssp *ntlmssp, struct json *json)
{
	char version[48];

	json_open(json, "ntlmssp");
	text_log(json, "domain", &ntlmssp->domain);
	text_log(json, "user", &ntlmssp->user);
	text_log(json, "host", &ntlmssp->host);
	if (ntlmssp->has_version) {
		snprintf(version, sizeof(version), "%u.%u build %u rev %u", ntlmssp->major,
			 ntlmssp->minor, ntlmssp->build, ntlmssp->revision);
		json_text(json, "version", version);
	}
	json_close(json);
}

static void session_log(const struct smb_tx *tx, struct json *json)
{
	if (tx->of.session.has_ntlmssp)
		ntlmssp_log(&tx->of.session.ntlmssp, json);
	if (tx->of.session.has_kerberos) {
		json_open(json, "kerberos");
		text_log(json, "realm", &tx->of.session.realm);
		json_list(json, "snames");
		for (size_t i = 0; i < SMB_SNAMES_MAX && tx->of.session.snames[i].len; i++)
			text_log(json, NULL, &tx->of.session.snames[i]);
		json_close(json);
		json_close(json);
	}
	host_log(&tx->of.session.request, "request", json);
	host_log(&tx->of.session.response, "response", json);
}

static void tree_log(const struct smb_tx *tx, struct json *json)
{
	static const char *const types[] = { "UNKNOWN", "FILE", "PIPE", "PRINT" };

	text_log(json, tx->of.tree.is_pipe ? "named_pipe" : "share", &tx->of.tree.share);
	if (tx->version == 2) {
		json_text(json, "share_type", types[tx->of.tree.type < 4 ? tx->of.tree.type : 0]);
		return;
	}
	json_open(json, "service");
	if (tx->of.tree.request_service.at)
		text_log(json, "request", &tx->of.tree.request_service);
	if (tx->of.tree.response_service.at)
		text_log(json, "response", &tx->of.tree.response_service);
	json_close(json);
}

static void name_log(const struct smb_text *name, bool is_directory, struct json *json)
{
	if (name->len)
		text_log(json, is_directory ? "directory" : "filename", name);
	else
		json_text(json, "filename", "<share_root>");
}

static void create_log(const struct smb_tx *tx, struct json *json)
{
	static const char *const dispositions[] = {
		"FILE_SUPERSEDE", "FILE_OPEN",	    "FILE_CREATE",
		"FILE_OPEN_IF",	  "FILE_OVERWRITE", "FILE_OVERWRITE_IF",
	};
	uint32_t disposition = tx->of.create.disposition;

	name_log(&tx->of.create.name, tx->of.create.is_directory, json);
	json_text(json, "disposition", disposition < 6 ? dispositions[disposition] : "UNKNOWN");
	json_text(json, "access", tx->of.create.deletes ? "delete on close" : "normal");
	json_number(json, "created", tx->of.create.created);
	json_number(json, "accessed", tx->of.create.accessed);
	json_number(json, "modified", tx->of.create.modified);
	json_number(json, "changed", tx->of.create.changed);
	json_number(json, "size", tx->of.create.size);
	fuid_log(json, &tx->of.create.guid);
}

static void file_log(const struct smb_tx *tx, struct json *json)
{
	text_log(json, "filename", &tx->of.file.name);
	text_log(json, "share", &tx->of.file.share);
	fuid_log(json, &tx->of.file.guid);
}

static void rename_log(const struct smb_tx *tx, struct json *json)
{
	if (tx->version == 2) {
		json_open(json, "set_info");
		json_text(json, "class", "FILE_INFO");
		json_text(json, "info_level", "SMB2_FILE_RENAME_INFO");
		json_close(json);
	}
	json_open(json, "rename");
	text_log(json, "from", &tx->of.rename.from);
	text_log(json, "to", &tx->of.rename.to);
	json_close(json);
	fuid_log(json, &tx->of.rename.guid);
}

static void setinfo_log(const struct smb_tx *tx, struct json *json)
{
	name_log(&tx->of.setinfo.name, false, json);
	json_text(json, "access", tx->of.setinfo.deletes ? "delete on close" : "normal");
	if (tx->of.setinfo.subcommand == 8)
		json_text(json, "subcmd", "SET_FILE_INFO");
	else if (tx->of.setinfo.subcommand == 6)
		json_text(json, "subcmd", "SET_PATH_INFO");
	if (tx->of.setinfo.level == 1013)
		json_text(json, "level_of_interest", "Set Disposition Information");
	fuid_log(json, &tx->of.setinfo.guid);
}

/* --- calls in pipes --- */

static void ifaces_log(const struct smb_tx *tx, const struct smb_state *state, struct json *json)
{
	bool is_bind = tx->of.dce.request == DCE_BIND;
	struct json_mark mark = json_mark(json);
	bool any = is_bind && state && state->ifaces.all;

	json_list(json, "interfaces");
	for (size_t i = 0; state && i < state->ifaces.cnt; i++) {
		const struct dce_iface *iface = &state->ifaces.all[i];

		if (!is_bind && iface->context != tx->of.dce.context)
			continue;
		dce_iface_log(iface, is_bind, true, json);
		any = true;
	}
	if (any)
		json_close(json);
	else
		json_back(json, mark);
}

static void dce_log(const struct smb_tx *tx, const struct smb_state *state, struct json *json)
{
	const struct dce_call *call = &tx->of.dce;

	json_open(json, "dcerpc");
	json_text(json, "request", call->has_request ? dce_type_name(call->request) : "REQUEST_LOST");
	json_text(json, "response", call->has_response ? dce_type_name(call->response) : "UNREPLIED");
	if (call->has_request && call->request == DCE_REQUEST) {
		json_number(json, "opnum", call->opnum);
		dce_stub_log(call, FROM_CLIENT, false, json);
	}
	if (call->has_request && (call->request == DCE_REQUEST || call->request == DCE_BIND))
		ifaces_log(tx, state, json);
	if (call->has_response && call->response == DCE_RESPONSE)
		dce_stub_log(call, FROM_SERVER, false, json);
	json_number(json, "call_id", call->id);
	json_close(json);
}

bool smb_log(struct tx *of, struct json *json)
{
	const struct smb_tx *tx = (const struct smb_tx *)of;
	const struct smb_state *state = of->session->state;

	json_number(json, "id", of->id + 1);
	dialect_log(state, json);
	command_log(tx, json);
	status_log(tx, json);
	json_number(json, "session_id", tx->key.session);
	json_number(json, "tree_id", tx->key.tree);
	switch (tx->kind) {
	case SMB_NEGOTIATE:
		negotiate_log(tx, state, json);
		break;
	case SMB_SESSION:
		session_log(tx, json);
		break;
	case SMB_TREE:
		tree_log(tx, json);
		break;
	case SMB_CREATE:
		create_log(tx, json);
		break;
	case SMB_FILE:
		file_log(tx, json);
		break;
	case SMB_RENAME:
		rename_log(tx, json);
		break;
	case SMB_SETINFO:
		setinfo_log(tx, json);
		break;
	case SMB_IOCTL:
		word_log(json, "function", WORDS(functions), tx->of.ioctl.function);
		break;
	case SMB_DCERPC:
		dce_log(tx, state, json);
		break;
	case SMB_GENERIC:
		break;
	}
	return true;
}
