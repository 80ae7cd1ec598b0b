// SPDX-License-Identifier: Apache-2.0
/*
 * Records of NFS, with Suricata's names: the object of NFS and that of RPC beside it. Attributes that are
 * asked for have no record of their own: there are too many of them.
 */
#include <stdio.h>
#include <zlib.h>

#include "proto/nfs.h"
#include "report/json.h"

#define AUTH_UNIX 1

struct word {
	uint32_t code;
	const char *name;
};

static const char *const procedures3[] = { "NULL",     "GETATTR", "SETATTR",	 "LOOKUP", "ACCESS",
					   "READLINK", "READ",	  "WRITE",	 "CREATE", "MKDIR",
					   "SYMLINK",  "MKNOD",	  "REMOVE",	 "RMDIR",  "RENAME",
					   "LINK",     "READDIR", "READDIRPLUS", "FSSTAT", "FSINFO",
					   "PATHCONF", "COMMIT" };

static const struct word procedures4[] = {
	{ 0, "NULL" },	       { 1, "COMPOUND" },	  { NFS4_CREATE, "CREATE" },
	{ NFS4_READ, "READ" }, { NFS4_REMOVE, "REMOVE" }, { NFS4_WRITE, "WRITE" },
};

/* RFC 1813, 2.6 */
static const struct word statuses[] = {
	{ 0, "OK" },
	{ 1, "ERR_PERM" },
	{ 2, "ERR_NOENT" },
	{ 5, "ERR_IO" },
	{ 6, "ERR_NXIO" },
	{ 13, "ERR_ACCES" },
	{ 17, "ERR_EXIST" },
	{ 18, "ERR_XDEV" },
	{ 19, "ERR_NODEV" },
	{ 20, "ERR_NOTDIR" },
	{ 21, "ERR_ISDIR" },
	{ 22, "ERR_INVAL" },
	{ 27, "ERR_FBIG" },
	{ 28, "ERR_NOSPC" },
	{ 30, "ERR_ROFS" },
	{ 31, "ERR_MLINK" },
	{ 63, "ERR_NAMETOOLONG" },
	{ 66, "ERR_NOTEMPTY" },
	{ 69, "ERR_DQUOT" },
	{ 70, "ERR_STALE" },
	{ 71, "ERR_REMOTE" },
	{ 10001, "ERR_BADHANDLE" },
	{ 10002, "ERR_NOT_SYNC" },
	{ 10003, "ERR_BAD_COOKIE" },
	{ 10004, "ERR_NOTSUPP" },
	{ 10005, "ERR_TOOSMALL" },
	{ 10006, "ERR_SERVERFAULT" },
	{ 10007, "ERR_BADTYPE" },
	{ 10008, "ERR_JUKEBOX" },
};

static const char *const auths[] = { "NULL", "UNIX", "SHORT", "DES", "KERB", "RSA", "GSSAPI" };

static void word_log(struct json *json, const char *name, const struct word *words, size_t cnt,
		     uint32_t code)
{
	char number[16];

	for (size_t i = 0; i < cnt; i++)
		if (words[i].code == code) {
			json_text(json, name, words[i].name);
			return;
		}
	snprintf(number, sizeof(number), "%u", code);
	json_text(json, name, number);
}

static void list_log(struct json *json, const char *name, const char *const *words, size_t cnt,
		     uint32_t code)
{
	char number[16];

	if (code < cnt) {
		json_text(json, name, words[code]);
		return;
	}
	snprintf(number, sizeof(number), "%u", code);
	json_text(json, name, number);
}

#define ALL(of) of, sizeof(of) / sizeof((of)[0])

static void name_log(struct json *json, const char *key, const struct nfs_name *name)
{
	json_bytes(json, key, slice(name->b, name->len));
}

static void file_log(const struct nfs_tx *tx, const char *name, struct json *json)
{
	json_open(json, name);
	json_bool(json, "first", true);
	json_bool(json, "last", tx->is_last);
	json_number(json, "last_xid", tx->last_xid);
	json_number(json, "chunks", tx->chunk_cnt);
	json_close(json);
}

static void content_log(const struct nfs_tx *tx, struct json *json)
{
	char hash[16];

	json_number(json, "version", tx->version);
	if (tx->version < 4)
		list_log(json, "procedure", ALL(procedures3), tx->procedure);
	else
		word_log(json, "procedure", ALL(procedures4), tx->procedure);
	name_log(json, "filename", &tx->name);
	if (tx->handle.len) {
		snprintf(hash, sizeof(hash), "%lx", crc32(0, tx->handle.b, tx->handle.len));
		json_text(json, "hhash", hash);
	}
	json_number(json, "id", tx->tx.id + 1);
	json_bool(json, "file_tx", tx->is_file);
	json_text(json, "type", "response");
	word_log(json, "status", ALL(statuses), tx->status);
	if (tx->version > 3)
		return;
	if (tx->procedure == NFS3_READ) {
		file_log(tx, "read", json);
	} else if (tx->procedure == NFS3_WRITE) {
		file_log(tx, "write", json);
	} else if (tx->procedure == NFS3_RENAME) {
		json_open(json, "rename");
		name_log(json, "from", &tx->name);
		name_log(json, "to", &tx->to);
		json_close(json);
	}
}

bool nfs_log(struct tx *of, struct json *json)
{
	const struct nfs_tx *tx = (const struct nfs_tx *)of;

	if (tx->version <= 3 && tx->procedure == NFS3_GETATTR)
		return false;
	content_log(tx, json);
	return true;
}

void nfs_log_rpc(struct tx *of, struct json *json)
{
	const struct nfs_tx *tx = (const struct nfs_tx *)of;

	json_open(json, "rpc");
	json_number(json, "xid", tx->xid);
	json_text(json, "status", tx->rpc_status ? "DENIED" : "ACCEPTED");
	list_log(json, "auth_type", ALL(auths), tx->auth);
	if (tx->auth == AUTH_UNIX) {
		json_open(json, "creds");
		name_log(json, "machine_name", &tx->machine);
		json_number(json, "uid", tx->uid);
		json_number(json, "gid", tx->gid);
		json_close(json);
	}
	json_close(json);
}

void nfs_log_alert(struct tx *tx, struct json *json)
{
	nfs_log_rpc(tx, json);
	json_open(json, "nfs");
	content_log((const struct nfs_tx *)tx, json);
	json_close(json);
}
