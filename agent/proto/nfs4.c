// SPDX-License-Identifier: Apache-2.0
/*
 * Version 4 of NFS: the operations of a compound (RFC 7530, 16; RFC 8881, 18), up to the first whose form is
 * not known here. Called by nfscall.c, whose files these are.
 */
#include "proto/nfs.h"

#define OPERATIONS_MAX 64
#define STATE_LEN 16
#define OPEN_CREATES 1
#define CREATE_LINK 5 /* types of what is made */
#define CREATE_BLOCK 3
#define CREATE_CHARACTER 4
#define GSS_SEQUENCE_LEN 4

enum nfs4_operation {
	OP_CLOSE = 4,
	OP_COMMIT = 5,
	OP_CREATE = NFS4_CREATE,
	OP_GETFH = 10,
	OP_LOCK = 12,
	OP_LOOKUP = 15,
	OP_OPEN = 18,
	OP_PUTFH = 22,
	OP_READ = NFS4_READ,
	OP_READDIR = 26,
	OP_REMOVE = NFS4_REMOVE,
	OP_WRITE = NFS4_WRITE,
	OP_EXCHANGE_ID = 42,
	OP_CNT = 72,
};

/*
 * What an operation has behind its number, and its answer behind a status of 0: w 4 bytes, d 8, s a state's
 * 16, o bytes behind their length, b a bitmap, a attributes. Where a form depends on what it says, a function
 * has it. NULL: not known.
 */
static const char *const call_forms[OP_CNT] = {
	[3] = "w", /* access */
	[OP_CLOSE] = "ws", [OP_COMMIT] = "dw",
	[7] = "d", /* delegpurge */
	[8] = "s", /* delegreturn */
	[9] = "b", /* getattr */
	[OP_GETFH] = "",   [11] = "o", /* link */
	[13] = "wdddo", /* lockt */
	[14] = "wwsdd", /* locku */
	[OP_LOOKUP] = "o", [16] = "", /* lookupp */
	[17] = "a", /* nverify */
	[19] = "w", /* openattr */
	[20] = "sw", /* open_confirm */
	[21] = "swww", /* open_downgrade */
	[OP_PUTFH] = "o",  [23] = "", /* putpubfh */
	[24] = "", /* putrootfh */
	[OP_READ] = "sdw", [OP_READDIR] = "ddwwb",
	[27] = "", /* readlink */
	[OP_REMOVE] = "o", [29] = "oo", /* rename */
	[30] = "d", /* renew */
	[31] = "", /* restorefh */
	[32] = "", /* savefh */
	[33] = "o", /* secinfo */
	[34] = "sa", /* setattr */
	[35] = "dowoow", /* setclientid */
	[36] = "dd", /* setclientid_confirm */
	[37] = "a", /* verify */
	[39] = "do", /* release_lockowner */
	[41] = "sww", /* bind_conn_to_session */
	[44] = "s", /* destroy_session */
	[45] = "s", /* free_stateid */
	[47] = "swwb", /* getdeviceinfo */
	[50] = "wwwdddsw", /* layoutget */
	[52] = "w", /* secinfo_no_name */
	[53] = "swwww", /* sequence */
	[57] = "d", /* destroy_clientid */
	[58] = "w", /* reclaim_complete */
	[59] = "sdd", /* allocate */
	[62] = "sdd", /* deallocate */
	[69] = "sdw", /* seek */
};

static const char *const answer_forms[OP_CNT] = {
	[3] = "ww",	    [OP_CLOSE] = "s",
	[OP_COMMIT] = "d",  [OP_CREATE] = "wddb",
	[7] = "",	    [8] = "",
	[9] = "a",	    [11] = "wdd",
	[OP_LOCK] = "s",    [13] = "",
	[14] = "s",	    [OP_LOOKUP] = "",
	[16] = "",	    [17] = "",
	[19] = "",	    [20] = "s",
	[21] = "s",	    [OP_PUTFH] = "",
	[23] = "",	    [24] = "",
	[27] = "o",	    [OP_REMOVE] = "wdd",
	[29] = "wddwdd",    [30] = "",
	[31] = "",	    [32] = "",
	[34] = "b",	    [35] = "dd",
	[36] = "",	    [37] = "",
	[OP_WRITE] = "wwd", [39] = "",
	[41] = "sww",	    [44] = "",
	[45] = "",	    [53] = "swwwww",
	[57] = "",	    [58] = "",
	[59] = "",	    [62] = "",
};

static void form_skip(struct cursor *c, const char *form)
{
	for (; *form && !c->failed; form++)
		switch (*form) {
		case 'w':
			cursor_skip(c, 4);
			break;
		case 'd':
			cursor_skip(c, 8);
			break;
		case 's':
			cursor_skip(c, STATE_LEN);
			break;
		case 'o':
			nfs_bytes_read(c);
			break;
		default:
			cursor_skip(c, 4 * (size_t)cursor_be32(c));
			if (*form == 'a')
				nfs_bytes_read(c);
		}
}

/* false: its form is not known. */
static bool known_skip(struct cursor *c, const char *const forms[OP_CNT], uint32_t operation)
{
	if (operation >= OP_CNT || !forms[operation])
		return false;
	form_skip(c, forms[operation]);
	return true;
}

/* --- calls --- */

static void create_read(struct cursor *c, struct nfs_asked *asked)
{
	uint32_t type = cursor_be32(c);

	if (type == CREATE_LINK)
		nfs_bytes_read(c);
	if (type == CREATE_BLOCK || type == CREATE_CHARACTER)
		cursor_skip(c, 8);
	nfs_name_set(&asked->name, nfs_bytes_read(c));
	form_skip(c, "a");
}

static void open_read(struct cursor *c, struct nfs_asked *asked)
{
	static const char *const how[] = { "a", "a", "d", "da" }; /* unchecked, guarded, exclusive */
	uint32_t mode, claim;

	form_skip(c, "wwwdo");
	if (cursor_be32(c) == OPEN_CREATES) {
		mode = cursor_be32(c);
		if (mode >= sizeof(how) / sizeof(how[0]))
			c->failed = true;
		else
			form_skip(c, how[mode]);
	}
	claim = cursor_be32(c);
	if (claim == 1) /* after a restart: the file is the current one */
		cursor_skip(c, 4);
	else if (claim == 2 || claim == 5)
		cursor_skip(c, STATE_LEN);
	if (claim == 0 || claim == 2 || claim == 3)
		nfs_name_set(&asked->name, nfs_bytes_read(c));
}

static void lock_read(struct cursor *c)
{
	form_skip(c, "wwdd");
	form_skip(c, cursor_be32(c) ? "wswdo" : "sw");
}

static void exchange_read(struct cursor *c)
{
	form_skip(c, "dow");
	if (cursor_be32(c)) /* how state is protected: nothing here needs it */
		c->failed = true;
	for (uint32_t cnt = cursor_be32(c); cnt && !c->failed; cnt--)
		form_skip(c, "oodw");
}

static void write_read(struct nfs_state *state, const struct nfs_call *call, struct cursor *c,
		       struct nfs_asked *asked)
{
	uint32_t stable, len;
	struct slice data;
	struct nfs_call of = *call;

	cursor_skip(c, STATE_LEN);
	asked->offset = cursor_be64(c);
	stable = cursor_be32(c);
	data = nfs_data_read(c, &len);
	cursor_some(c, (4 - len % 4) % 4);
	if (c->failed)
		return;
	of.procedure = NFS4_WRITE;
	nfs_name_get(state, &asked->handle, &asked->name);
	nfs_write_take(state, &of, asked, stable == NFS_STABLE_FILE, len, data);
}

static void read_read(struct nfs_state *state, struct cursor *c, struct nfs_asked *asked)
{
	cursor_skip(c, STATE_LEN);
	asked->offset = cursor_be64(c);
	cursor_skip(c, 4);
	nfs_name_get(state, &asked->handle, &asked->name);
}

/* *told: the operation that a transaction is made for. false: nobody knows what is behind it. */
static bool operation_read(struct nfs_state *state, const struct nfs_call *call, struct cursor *c,
			   struct nfs_asked *asked, uint32_t *told)
{
	uint32_t operation = cursor_be32(c);

	switch (operation) {
	case OP_PUTFH:
		nfs_handle_read(c, 4, &asked->handle);
		return true;
	case OP_LOOKUP:
		nfs_name_set(&asked->name, nfs_bytes_read(c));
		return true;
	case OP_OPEN:
		open_read(c, asked);
		return true;
	case OP_CREATE:
		create_read(c, asked);
		*told = OP_CREATE;
		return true;
	case OP_REMOVE:
		nfs_name_set(&asked->name, nfs_bytes_read(c));
		*told = OP_REMOVE;
		return true;
	case OP_LOCK:
		lock_read(c);
		return true;
	case OP_EXCHANGE_ID:
		exchange_read(c);
		return true;
	case OP_READ:
		read_read(state, c, asked);
		return true;
	case OP_WRITE:
		write_read(state, call, c, asked);
		return true;
	case OP_COMMIT:
	case OP_CLOSE:
		nfs_write_end(state, &asked->handle, call->xid);
		return known_skip(c, call_forms, operation);
	default:
		return known_skip(c, call_forms, operation);
	}
}

/* RFC 2203, 5.3.2.2: what is signed stands in front of its signature, behind a number. */
static struct slice unwrapped(struct slice bytes)
{
	struct cursor c = cursor(bytes);

	return slice_behind(nfs_bytes_read(&c), GSS_SEQUENCE_LEN);
}

bool nfs4_call_take(struct nfs_state *state, const struct nfs_call *call, struct nfs_asked *asked)
{
	struct cursor c = cursor(asked->is_signed ? unwrapped(call->args) : call->args);
	struct nfs_call told = *call;
	struct nfs_tx *tx;
	uint32_t cnt;

	told.procedure = 0;
	nfs_bytes_read(&c); /* a tag */
	cursor_skip(&c, 4);
	cnt = cursor_be32(&c);
	for (uint32_t i = 0; i < cnt && i < OPERATIONS_MAX && !c.failed; i++)
		if (!operation_read(state, call, &c, asked, &told.procedure))
			break;
	if (!told.procedure)
		return !c.failed;
	tx = nfs_tx_new(state, &told, true);
	if (!tx)
		return true;
	tx->name = asked->name;
	tx->handle = asked->handle;
	tx->tx.progress[FROM_CLIENT] = 1;
	return !c.failed;
}

/* --- answers --- */

/* RFC 7530, 16.16.2: state, change, flags, attributes; then a delegation. */
static void opened_read(struct cursor *c)
{
	static const char *const delegations[] = { "", "swwwwo", "swwdwwwo" };
	uint32_t kind;

	form_skip(c, "swddwb");
	kind = cursor_be32(c);
	if (kind < sizeof(delegations) / sizeof(delegations[0]))
		form_skip(c, delegations[kind]);
	else if (kind == 3 && cursor_be32(c) - 1 < 2) /* none, and why; whether it may come later */
		cursor_skip(c, 4);
	else if (kind > 3)
		c->failed = true;
}

static void listing_read(struct cursor *c)
{
	cursor_skip(c, 8);
	while (!c->failed && cursor_be32(c))
		form_skip(c, "doa");
	cursor_skip(c, 4);
}

struct answered {
	bool is_opened; /* the handle that is asked next is the file's */
	uint32_t status; /* of what is told of; else of all */
};

static void handle_answered(struct nfs_state *state, struct cursor *c,
			    const struct nfs_asked *asked, bool is_opened)
{
	struct nfs_handle handle = { .len = 0 };

	nfs_handle_read(c, 4, &handle);
	if (is_opened && !c->failed && handle.len && asked->name.len)
		nfs_name_put(state, &handle, &asked->name);
}

static void read_answered(struct nfs_state *state, const struct nfs_answer *answer,
			  const struct nfs_asked *asked, struct cursor *c)
{
	bool is_last = cursor_be32(c);
	uint32_t len;
	struct slice data = nfs_data_read(c, &len);

	cursor_some(c, (4 - len % 4) % 4);
	if (!c->failed && len)
		nfs_read_take(state, answer, asked, 0, is_last, data);
}

/* false: nothing behind it can be read, or there is nothing. */
static bool operation_answered(struct nfs_state *state, const struct nfs_answer *answer,
			       const struct nfs_asked *asked, struct cursor *c, struct answered *ret)
{
	uint32_t operation = cursor_be32(c), status = cursor_be32(c);

	if (operation == OP_CREATE || operation == OP_REMOVE)
		ret->status = status;
	if (status || c->failed)
		return false; /* the rest was not done */
	switch (operation) {
	case OP_OPEN:
		opened_read(c);
		ret->is_opened = true;
		return true;
	case OP_GETFH:
		handle_answered(state, c, asked, ret->is_opened);
		return true;
	case OP_READ:
		read_answered(state, answer, asked, c);
		return true;
	case OP_READDIR:
		listing_read(c);
		return true;
	default:
		return known_skip(c, answer_forms, operation);
	}
}

bool nfs4_answer_take(struct nfs_state *state, const struct nfs_answer *answer,
		      const struct nfs_asked *asked)
{
	struct cursor c = cursor(asked->is_signed ? unwrapped(answer->results) : answer->results);
	struct answered ret = { .status = cursor_be32(&c) };
	uint32_t cnt;

	nfs_bytes_read(&c);
	cnt = cursor_be32(&c);
	for (uint32_t i = 0; i < cnt && i < OPERATIONS_MAX && !c.failed; i++)
		if (!operation_answered(state, answer, asked, &c, &ret))
			break;
	nfs_answered(state, answer, ret.status, NULL);
	return !c.failed;
}
