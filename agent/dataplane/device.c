/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device settings by ioctl. Called by dataplane/ports, egress and pagelink; keeps nothing open.
 */
#include "dataplane/device.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define FEATURES_MAX 256

static int device_ioctl(const char *name, void *command)
{
	struct ifreq req = {};
	int err = 0, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", name);
	req.ifr_data = command;
	if (ioctl(fd, SIOCETHTOOL, &req) < 0)
		err = -errno;
	close(fd);
	return err;
}

int device_gro(const char *name, bool on)
{
	struct ethtool_value value = { .cmd = ETHTOOL_SGRO, .data = on };

	return device_ioctl(name, &value);
}

/* The names of a string set; owned by the caller. */
static int strings_read(const char *name, uint32_t set, struct ethtool_gstrings **ret_strings)
{
	union {
		struct ethtool_sset_info info;
		uint8_t room[sizeof(struct ethtool_sset_info) + sizeof(uint32_t)];
	} ask = { .info = { .cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ULL << set } };
	struct ethtool_gstrings *strings;
	int err = device_ioctl(name, &ask);
	uint32_t cnt;

	if (err)
		return err;
	if (!ask.info.sset_mask)
		return -EOPNOTSUPP;
	cnt = ask.info.data[0];
	/* The set may grow in between; the kernel writes at most what it then has, so leave room. */
	strings = calloc(1, sizeof(*strings) + ((size_t)cnt + 64) * ETH_GSTRING_LEN);
	if (!strings)
		return -ENOMEM;
	strings->cmd = ETHTOOL_GSTRINGS;
	strings->string_set = set;
	strings->len = cnt;
	err = device_ioctl(name, strings);
	if (err) {
		free(strings);
		return err;
	}
	*ret_strings = strings;
	return 0;
}

struct feature_words {
	uint32_t cmd;
	uint32_t size;
	struct ethtool_get_features_block block[FEATURES_MAX / 32];
};

static int features_read(const char *name, uint32_t cnt, struct feature_words *ret_words)
{
	struct feature_words words = { .cmd = ETHTOOL_GFEATURES, .size = (cnt + 31) / 32 };
	int err = device_ioctl(name, &words);

	if (!err)
		*ret_words = words;
	return err;
}

static bool feature_active(const struct feature_words *words, uint32_t bit)
{
	return words->block[bit / 32].active >> (bit % 32) & 1;
}

static int features_clear(const char *name, uint32_t cnt, const uint32_t *mask)
{
	struct {
		uint32_t cmd;
		uint32_t size;
		struct ethtool_set_features_block block[FEATURES_MAX / 32];
	} set = { .cmd = ETHTOOL_SFEATURES, .size = (cnt + 31) / 32 };

	for (uint32_t i = 0; i < set.size; i++)
		set.block[i].valid = mask[i];
	return device_ioctl(name, &set);
}

enum feature_kind { FEATURE_OTHER, FEATURE_PARSE, FEATURE_FILTER, FEATURE_MERGE, FEATURE_LRO };

static enum feature_kind feature_kind(const char *feature, enum device_need need)
{
	static const struct {
		const char *name;
		enum feature_kind kind;
	} known[] = {
		{ "rx-vlan-hw-parse", FEATURE_PARSE },
		{ "rx-vlan-stag-hw-parse", FEATURE_PARSE },
		{ "rx-vlan-filter", FEATURE_FILTER },
		{ "rx-vlan-stag-filter", FEATURE_FILTER },
		{ "rx-lro", FEATURE_LRO },
		{ "rx-gro-hw", FEATURE_MERGE },
	};

	enum feature_kind kind = FEATURE_OTHER;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strncmp(feature, known[i].name, ETH_GSTRING_LEN) == 0)
			kind = known[i].kind;
	return need == DEVICE_FOR_TC && (kind == FEATURE_PARSE || kind == FEATURE_MERGE)
		       ? FEATURE_OTHER
		       : kind;
}

int device_vlan_see(const char *name, enum device_need need, struct device_vlan *ret_vlan)
{
	struct ethtool_gstrings *strings;
	struct feature_words words = {};
	uint32_t mask[FEATURES_MAX / 32] = {}, cnt;
	struct device_vlan vlan = {};
	int err = strings_read(name, ETH_SS_FEATURES, &strings);

	if (err)
		return err;
	cnt = strings->len < FEATURES_MAX ? strings->len : FEATURES_MAX;
	err = features_read(name, cnt, &words);
	for (uint32_t i = 0; !err && i < cnt; i++) {
		const char *feature = (const char *)strings->data + i * ETH_GSTRING_LEN;

		/* "never_changed" ones say that the device has it for good: asking would only fail. */
		if (feature_kind(feature, need) == FEATURE_OTHER || !feature_active(&words, i) ||
		    (words.block[i / 32].never_changed >> (i % 32) & 1))
			continue;
		mask[i / 32] |= 1u << (i % 32);
		vlan.changed = true;
	}
	if (!err && vlan.changed) {
		/* What the device refuses is seen by reading again, which is what counts. */
		features_clear(name, cnt, mask);
		err = features_read(name, cnt, &words);
	}
	for (uint32_t i = 0; !err && i < cnt; i++) {
		enum feature_kind kind =
			feature_kind((const char *)strings->data + i * ETH_GSTRING_LEN, need);

		if (kind == FEATURE_PARSE && feature_active(&words, i))
			vlan.blind = true;
		if (kind == FEATURE_FILTER && feature_active(&words, i))
			vlan.filter = true;
	}
	free(strings);
	if (!err)
		*ret_vlan = vlan;
	return err;
}

/* Sets and clears IFF_*. 0 or -errno. */
static int device_flags(const char *name, short set, short clear)
{
	struct ifreq req = {};
	int err = 0, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", name);
	if (ioctl(fd, SIOCGIFFLAGS, &req) < 0)
		err = -errno;
	if (!err && ((req.ifr_flags & set) != set || req.ifr_flags & clear)) {
		req.ifr_flags = (short)((req.ifr_flags | set) & ~clear);
		if (ioctl(fd, SIOCSIFFLAGS, &req) < 0)
			err = -errno;
	}
	close(fd);
	return err;
}

int device_promisc(const char *name, bool on)
{
	return on ? device_flags(name, IFF_PROMISC, 0) : device_flags(name, 0, IFF_PROMISC);
}

int device_up_noarp(const char *name)
{
	return device_flags(name, IFF_UP | IFF_NOARP, 0);
}

/* "tx_queue_0_xdp_xmit", "xdp_tx_packets", "rx_xdp_tx_xmit": sent; "..._errors", "..._bytes": not. */
static bool stat_is_xdp_sent(const char *stat)
{
	return strstr(stat, "xdp") && (strstr(stat, "xmit") || strstr(stat, "tx")) &&
	       !strstr(stat, "err") && !strstr(stat, "byte") && !strstr(stat, "drop") &&
	       !strstr(stat, "full");
}

uint64_t device_xdp_sent(const char *name)
{
	struct ethtool_gstrings *strings;
	struct ethtool_stats *stats;
	uint64_t sum = 0;

	if (strings_read(name, ETH_SS_STATS, &strings))
		return 0;
	stats = calloc(1, sizeof(*stats) + ((size_t)strings->len + 64) * sizeof(uint64_t));
	if (stats) {
		stats->cmd = ETHTOOL_GSTATS;
		stats->n_stats = strings->len;
		if (device_ioctl(name, stats))
			stats->n_stats = 0;
		for (uint32_t i = 0; i < strings->len && i < stats->n_stats; i++) {
			char stat[ETH_GSTRING_LEN + 1] = "";

			memcpy(stat, strings->data + i * ETH_GSTRING_LEN, ETH_GSTRING_LEN);
			if (stat_is_xdp_sent(stat))
				sum += stats->data[i];
		}
		free(stats);
	}
	free(strings);
	return sum;
}
