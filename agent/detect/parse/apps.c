// SPDX-License-Identifier: Apache-2.0
/*
 * Names of protocols above the transport, as rules write them. Called by header.c and keywords that ask for
 * a protocol.
 */
#include <stdio.h>

#include "detect/parse/inside.h"

_Static_assert(PROTO_CNT <= 64, "protocols of a rule are bits of one number");

/* Those that rules may ask, whether they are in the house or not. */
static const char *const known[] = {
	"bittorrent-dht", "dcerpc", "dhcp",   "dnp3",  "dns", "enip", "ftp",
	"ftp-data",	  "http",   "http1",  "http2", "ike", "imap", "irc",
	"krb5",		  "ldap",   "modbus", "mqtt",  "nfs", "ntp",  "pgsql",
	"pop3",		  "quic",   "rdp",    "rfb",   "sip", "smb",  "smtp",
	"snmp",		  "ssh",    "telnet", "tftp",  "tls",
};

/* What a name means beside the protocol that has it: pipes of SMB carry DCE/RPC too. */
static const struct {
	const char *word;
	const char *means[2];
} others[] = {
	{ "http", { "http1", "http2" } }, { "http1", { "http", NULL } },
	{ "ssl", { "tls", NULL } },	  { "dcerpc", { "smb", NULL } },
	{ "ikev1", { "ike", NULL } },	  { "ikev2", { "ike", NULL } },
};

static uint64_t app_bit(const char *name)
{
	enum proto_id id = proto_by_name(name);

	return id > PROTO_FAILED && protos[id] ? 1ull << id : 0;
}

uint64_t apps_find(struct slice word, bool *ret_known)
{
	char name[32];
	uint64_t apps;

	*ret_known = false;
	if (word.len >= sizeof(name))
		return 0;
	snprintf(name, sizeof(name), "%.*s", (int)word.len, word.at);
	apps = app_bit(name);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(name, others[i].word) == 0)
			for (int k = 0; k < 2 && others[i].means[k]; k++)
				apps |= app_bit(others[i].means[k]);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		*ret_known |= strcmp(name, known[i]) == 0;
	*ret_known |= strcmp(name, "ssl") == 0;
	return apps;
}
