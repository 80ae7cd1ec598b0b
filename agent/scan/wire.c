// SPDX-License-Identifier: Apache-2.0
/*
 * Owns the messages between scanner and agent. Called by both. Promises that nothing that is said makes the
 * listener keep more than it was ready to.
 */
#include "scan/wire.h"

#include "text/whole.h"

int64_t wire_take(struct slice bytes, uint64_t most, struct wire_message *ret)
{
	struct wire_head head;
	uint64_t len;

	if (bytes.len < sizeof(head))
		return WIRE_MORE;
	memcpy(&head, bytes.at, sizeof(head));
	if (head.kind < WIRE_MEMBER || head.kind > WIRE_END || head.name_len > WIRE_NAME_MAX ||
	    head.len > most || head.cut > 1)
		return WIRE_BAD;
	len = sizeof(head) + head.name_len + head.len;
	if (bytes.len < len)
		return WIRE_MORE;
	ret->head = head;
	ret->name = slice(bytes.at + sizeof(head), head.name_len);
	ret->rest = slice(bytes.at + sizeof(head) + head.name_len, (size_t)head.len);
	return (int64_t)len;
}

bool wire_say(int fd, const struct wire_head *head, struct slice name, struct slice rest)
{
	struct wire_head h = *head;

	h.name_len = (uint16_t)(name.len < WIRE_NAME_MAX ? name.len : WIRE_NAME_MAX);
	h.len = rest.len;
	return !write_whole(fd, &h, sizeof(h)) && !write_whole(fd, name.at, h.name_len) &&
	       !write_whole(fd, rest.at, rest.len);
}
