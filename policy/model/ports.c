// SPDX-License-Identifier: Apache-2.0
/*
 * Section "ports": the gateway's ports. Peers are resolved in check.c.
 */
#include <stdlib.h>
#include <string.h>

#include "model/reader.h"

static const char *const sides[] = { "inside", "outside", NULL };
static const char *const forwarding[] = { "route", "bridge", NULL };
static const char *const hooks[] = { "auto", "xdp", "native", "generic", "tc", NULL };

static void read_side(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	int word = reader_word(r, value, sides);

	if (word >= 0)
		*(bool *)member = word;
}

static void read_mode(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	int word = reader_word(r, value, forwarding);

	if (word >= 0)
		*(bool *)member = word;
}

/* "native" and the key "xdp" are what "xdp" and "hook" were before there was TC. */
static void read_hook(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	static const int modes[] = { MODE_AUTO, MODE_NATIVE, MODE_NATIVE, MODE_GENERIC, MODE_TC };
	struct model_port *port = member;
	int word = reader_word(r, value, hooks);

	if (word >= 0)
		port->mode = modes[word];
}

/* Linux: up to 15 bytes, no slash, no space, no control; never "." or "..". */
static void read_interface(struct reader *r, const struct node *value, const struct field *f,
			   void *member)
{
	const char *text = reader_text(r, value, "an interface name");
	char **interface = member;
	bool good;

	if (!text)
		return;
	good = *text && strlen(text) < 16 && strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
	for (const char *c = text; *c && good; c++)
		good = *c > ' ' && *c < 0x7f && *c != '/' && *c != ':' && *c != '%';
	if (!good) {
		reader_error(r, value, "up to 15 letters, digits, '-', '_', '.'",
			     "no interface can have this name");
		return;
	}
	free(*interface);
	*interface = reader_copy(r, text);
}

static void add_link(struct reader *r, const struct node *item, void *arg)
{
	const char *text = reader_text(r, item, "a number from 0 to f");
	uint16_t *mask = arg;
	const char *digits = "0123456789abcdef", *found;

	if (!text)
		return;
	found = *text && !text[1] ? strchr(digits, *text) : NULL;
	if (found)
		*mask |= (uint16_t)(1u << (found - digits));
	else
		reader_error(r, item, "the last digit of 01:80:c2:00:00:0x: 0 for STP, e for LLDP",
			     "one hexadecimal digit is wanted here");
}

static void read_links(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	uint16_t *mask = member;

	*mask = 0;
	reader_each(r, value, add_link, mask);
}

static void read_link(struct reader *r, const struct node *value, const struct field *f, void *member)
{
	static const struct field fields[] = {
		{ .name = "forward",
		  .read = read_links,
		  .offset = offsetof(struct model_port, link_forward) },
		{ .name = "stack",
		  .read = read_links,
		  .offset = offsetof(struct model_port, link_stack) },
		{},
	};
	struct model_port *port = member;

	if (!reader_map(r, value, fields, port))
		return;
	if (port->link_forward & port->link_stack)
		reader_error(r, value, NULL, "an address can be forwarded or taken, not both");
}

static const struct field fields[] = {
	{ .name = "name", .read = read_name, .offset = offsetof(struct model_port, name), .needed = true },
	{ .name = "id",
	  .read = read_u16,
	  .offset = offsetof(struct model_port, id),
	  .needed = true,
	  .min = 1,
	  .max = SEK_PORTS_MAX - 1 },
	{ .name = "interface",
	  .read = read_interface,
	  .offset = offsetof(struct model_port, interface) },
	{ .name = "side",
	  .read = read_side,
	  .offset = offsetof(struct model_port, outside),
	  .needed = true },
	{ .name = "mode",
	  .read = read_mode,
	  .offset = offsetof(struct model_port, bridge),
	  .needed = true },
	{ .name = "peer", .read = read_name, .offset = offsetof(struct model_port, peer) },
	{ .name = "hook", .read = read_hook },
	{ .name = "xdp", .read = read_hook },
	{ .name = "link", .read = read_link },
	{},
};

/* What a bridge is expected to pass, and a router to hear, when nothing is said (802.1Q, 802.1AB). */
#define LINK_STP 0x0001
#define LINK_LLDP 0x4000

static void port_add(struct reader *r, const struct node *item, void *arg)
{
	struct policy *policy = r->policy;
	struct model_port *port = reader_push(r, &policy->ports, &policy->port_cnt, sizeof(*port));

	if (!port)
		return;
	port->place = reader_place(item);
	reader_map(r, item, fields, port);
	if (node_find(item, "hook") && node_find(item, "xdp"))
		reader_error(r, node_find(item, "xdp"),
			     "xdp: is the former name of hook:", "the port's hook is said twice");
	if (!node_find(item, "link")) {
		port->link_forward = port->bridge ? LINK_STP | LINK_LLDP : 0;
		port->link_stack = port->bridge ? 0 : LINK_LLDP;
	}
	if (!port->interface && port->name) {
		if (strlen(port->name) > 15)
			reader_error(r, node_find(item, "name"), "say interface: as well",
				     "no interface can have this name: over 15 bytes");
		port->interface = reader_copy(r, port->name);
	}
}

void section_ports(struct reader *r, const struct node *value)
{
	reader_each_map(r, value, port_add, NULL);
}
