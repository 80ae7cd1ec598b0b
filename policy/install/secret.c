// SPDX-License-Identifier: Apache-2.0
/*
 * The secrets of SYN cookies (sek_cookie). Called by gate_open() and, now and then, by the agent.
 * Promises: there is a secret before the first packet, cookies that are out stay good over a renewal,
 * and a start of the agent alone renews nothing.
 */
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "install/gate.h"
#include "sekisho/syncookie.h"

#define LIFE_NS (24 * 3600 * 1000000000ULL)
#define AHEAD_NS 2000000000ULL /* written by then, so that no packet takes half of it */

static int secret_write(const struct gate_map *map, uint32_t which, uint64_t since_ns)
{
	struct sek_cookie secret = { .since_ns = since_ns };

	if (getrandom(secret.key, sizeof(secret.key), 0) != sizeof(secret.key))
		return -EIO;
	return bpf_map_update_elem(map->fd, &which, &secret, BPF_ANY);
}

static int secret_read(const struct gate_map *map, uint32_t which, struct sek_cookie *ret_secret)
{
	return bpf_map_lookup_elem(map->fd, &which, ret_secret) ? -errno : 0;
}

uint64_t gate_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

int gate_secret_renew(struct gate *gate)
{
	static const struct sek_cookie none;
	const struct gate_map *map = gate_find(gate, "sek_cookie");
	struct sek_cookie secrets[2];
	uint64_t now = gate_now_ns();
	uint32_t live;
	int err;

	if (!map)
		return -ENOENT;
	err = secret_read(map, 0, &secrets[0]);
	if (!err)
		err = secret_read(map, 1, &secrets[1]);
	if (err)
		return err;
	if (!memcmp(&secrets[0], &none, sizeof(none))) {
		err = secret_write(map, 0, 0);
		return err ? err : secret_write(map, 1, 0);
	}
	live = secrets[1].since_ns > secrets[0].since_ns;
	if (now < secrets[live].since_ns + LIFE_NS)
		return 0;
	return secret_write(map, !live, now + AHEAD_NS);
}
