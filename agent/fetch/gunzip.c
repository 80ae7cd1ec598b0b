/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zlib, a piece at a time. Called by fetch/get.c.
 */
#include "fetch/gunzip.h"

#include <errno.h>

#define WINDOW (15 + 16) /* of inflateInit2(): the largest, gzip alone */
#define PIECE 16384
#define MEMBER_BEGINS 0x1f /* RFC 1952, 2.3.1 */

static int begin(struct gunzip *g)
{
	g->stream = (z_stream){};
	if (inflateInit2(&g->stream, WINDOW) != Z_OK)
		return -ENOMEM;
	g->begun = true;
	return 0;
}

/* One piece of what is unpacked. */
static int piece_take(struct gunzip *g, gunzip_take *take, void *arg)
{
	unsigned char piece[PIECE];
	int zerr;

	g->stream.next_out = piece;
	g->stream.avail_out = sizeof(piece);
	zerr = inflate(&g->stream, Z_NO_FLUSH);
	if (zerr == Z_MEM_ERROR)
		return -ENOMEM;
	if (zerr != Z_OK && zerr != Z_STREAM_END && zerr != Z_BUF_ERROR)
		return -EBADMSG;
	g->whole = zerr == Z_STREAM_END;
	if (g->stream.avail_out != sizeof(piece) &&
	    !take(arg, (const char *)piece, sizeof(piece) - g->stream.avail_out))
		return -ECANCELED;
	return 0;
}

int gunzip_feed(struct gunzip *g, const char *bytes, size_t len, gunzip_take *take, void *arg)
{
	int err = g->begun ? 0 : begin(g);

	g->stream.next_in = (unsigned char *)bytes;
	g->stream.avail_in = (unsigned int)len;
	g->stream.avail_out = 1;
	while (!err && (g->stream.avail_in || !g->stream.avail_out)) {
		if (g->whole && g->stream.avail_in)
			g->over |= *g->stream.next_in != MEMBER_BEGINS;
		if (g->over || (g->whole && !g->stream.avail_in))
			break;
		if (g->whole && inflateReset(&g->stream) != Z_OK)
			return -EBADMSG;
		err = piece_take(g, take, arg);
	}
	return err;
}

void gunzip_end(struct gunzip *g)
{
	if (g->begun)
		inflateEnd(&g->stream);
	*g = (struct gunzip){};
}
