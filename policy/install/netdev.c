// SPDX-License-Identifier: Apache-2.0
/*
 * One question to the kernel's "netdev" family. Called by the feature probe. Reads only.
 */
#include "install/netdev.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdbool.h>

#define NETDEV_DEV_GET 1 /* NETDEV_CMD_DEV_GET */
#define NETDEV_DEV_IFINDEX 1 /* NETDEV_A_DEV_IFINDEX */
#define NETDEV_DEV_FEATURES 3 /* NETDEV_A_DEV_XDP_FEATURES */

struct answer {
	int attr; /* wanted */
	uint64_t value;
	bool found;
};

static int answer_read(struct nl_msg *msg, void *arg)
{
	struct answer *answer = arg;
	struct nlmsghdr *head = nlmsg_hdr(msg);
	struct nlattr *attr = nlmsg_find_attr(head, GENL_HDRLEN, answer->attr);

	if (!attr)
		return NL_OK;
	answer->found = true;
	answer->value = nla_len(attr) == 8   ? nla_get_u64(attr)
			: nla_len(attr) == 2 ? nla_get_u16(attr)
					     : 0;
	return NL_OK;
}

/* Sends one command with one attribute and waits for the answer. */
static int ask(struct nl_sock *sock, int family, uint8_t command, struct nl_msg *msg,
	       struct answer *answer)
{
	struct nlmsghdr *head = nlmsg_hdr(msg);
	struct genlmsghdr *genl = nlmsg_data(head);
	int err;

	head->nlmsg_type = (uint16_t)family;
	genl->cmd = command;
	genl->version = 1;
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, answer_read, answer);
	err = nl_send_auto(sock, msg);
	if (err >= 0)
		err = nl_recvmsgs_default(sock);
	if (err < 0)
		return err == -NLE_OBJ_NOTFOUND || err == -NLE_OPNOTSUPP ? -EOPNOTSUPP
		       : err == -NLE_NODEV				 ? -ENODEV
									 : -EIO;
	return answer->found ? 0 : -EOPNOTSUPP;
}

static struct nl_msg *message(void)
{
	struct nl_msg *msg = nlmsg_alloc_simple(0, NLM_F_REQUEST);
	const struct genlmsghdr head = {};

	if (msg && nlmsg_append(msg, (void *)&head, sizeof(head), NLMSG_ALIGNTO)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

static int family_find(struct nl_sock *sock, int *ret_family)
{
	struct answer answer = { .attr = CTRL_ATTR_FAMILY_ID };
	struct nl_msg *msg = message();
	int err = -ENOMEM;

	if (msg && !nla_put_string(msg, CTRL_ATTR_FAMILY_NAME, "netdev"))
		err = ask(sock, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, msg, &answer);
	nlmsg_free(msg);
	if (!err)
		*ret_family = (int)answer.value;
	return err;
}

int netdev_xdp_features(int ifindex, uint64_t *ret_features)
{
	struct answer answer = { .attr = NETDEV_DEV_FEATURES };
	struct nl_sock *sock = nl_socket_alloc();
	struct nl_msg *msg = message();
	int family = 0, err = -ENOMEM;

	if (sock && msg && !nla_put_u32(msg, NETDEV_DEV_IFINDEX, (uint32_t)ifindex)) {
		nl_socket_disable_auto_ack(sock); /* the answer is the acknowledgement */
		err = nl_connect(sock, NETLINK_GENERIC) ? -EIO : 0;
		if (!err)
			err = family_find(sock, &family);
		if (!err)
			err = ask(sock, family, NETDEV_DEV_GET, msg, &answer);
	}
	nlmsg_free(msg);
	nl_socket_free(sock);
	if (!err)
		*ret_features = answer.value;
	return err;
}
