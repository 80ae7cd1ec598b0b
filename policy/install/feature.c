// SPDX-License-Identifier: Apache-2.0
/*
 * The probe: what the gateway needs of a kernel, tried one by one, and the program itself loaded.
 * Called by the CLI, with or without an agent. Leaves nothing behind and attaches nothing.
 */
#include "install/feature.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "install/install.h"
#include "install/netdev.h"

#define KERNEL_MAJOR 6
#define KERNEL_MINOR 1
#define BPFFS_MAGIC 0xcafe4a11
#define PROBE_FLOWS 1024

struct probe {
	json_t *rows;
	bool ready;
};

static void row_add(struct probe *probe, const char *feature, bool have, bool needed, const char *text)
{
	json_array_append_new(probe->rows, json_pack("{s:s,s:b,s:b,s:s}", "feature", feature,
						     "have", have, "needed", needed, "text", text));
	if (needed && !have)
		probe->ready = false;
}

static void kernel_probe(struct probe *probe, const struct utsname *name)
{
	unsigned int major = 0, minor = 0;
	char text[128];

	if (sscanf(name->release, "%u.%u", &major, &minor) != 2)
		major = 0;
	snprintf(text, sizeof(text), "%d.%d or later; tested are 6.1 and 6.12 of Debian",
		 KERNEL_MAJOR, KERNEL_MINOR);
	row_add(probe, "kernel",
		major > KERNEL_MAJOR || (major == KERNEL_MAJOR && minor >= KERNEL_MINOR), true, text);
	row_add(probe, "kernel-btf", access("/sys/kernel/btf/vmlinux", R_OK) == 0, false,
		"types of the kernel, for ports by TC and for libxdp's dispatcher");
}

static void host_probe(struct probe *probe)
{
	FILE *file = fopen("/proc/sys/net/core/bpf_jit_enable", "re");
	struct statfs fs;
	int value = -1;
	bool mounted;

	if (file) {
		if (fscanf(file, "%d", &value) != 1)
			value = -1;
		fclose(file);
	}
	/* a kernel built with CONFIG_BPF_JIT_ALWAYS_ON has no other way and may hide the switch */
	row_add(probe, "jit", value != 0, false,
		value == 0  ? "off: packets are interpreted, many times slower "
			      "(sysctl net.core.bpf_jit_enable=1)"
		: value < 0 ? "the switch cannot be read by this user"
			    : "on");
	mounted = statfs("/sys/fs/bpf", &fs) == 0 && (uint32_t)fs.f_type == BPFFS_MAGIC;
	row_add(probe, "bpffs", mounted, false,
		mounted ? "at /sys/fs/bpf" : "not at /sys/fs/bpf; sekishod mounts it at its start");
}

static void maps_probe(struct probe *probe)
{
	static const struct {
		enum bpf_map_type type;
		const char *name, *text;
	} maps[] = {
		{ BPF_MAP_TYPE_ARRAY, "map-array", "tables of a policy" },
		{ BPF_MAP_TYPE_PERCPU_ARRAY, "map-percpu-array", "counters" },
		{ BPF_MAP_TYPE_HASH, "map-hash", "flows" },
		{ BPF_MAP_TYPE_LRU_HASH, "map-lru-hash", "sources" },
		{ BPF_MAP_TYPE_LPM_TRIE, "map-lpm-trie", "prefixes" },
		{ BPF_MAP_TYPE_ARRAY_OF_MAPS, "map-array-of-maps", "generations of policy" },
		{ BPF_MAP_TYPE_DEVMAP, "map-devmap", "ports" },
		{ BPF_MAP_TYPE_RINGBUF, "map-ringbuf", "events" },
	};

	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		row_add(probe, maps[i].name, libbpf_probe_bpf_map_type(maps[i].type, NULL) == 1,
			true, maps[i].text);
}

static void helpers_probe(struct probe *probe)
{
	static const struct {
		enum bpf_func_id id;
		const char *name, *text;
	} helpers[] = {
		{ BPF_FUNC_redirect_map, "helper-redirect-map", "forwarding" },
		{ BPF_FUNC_fib_lookup, "helper-fib-lookup", "routes of the kernel" },
		{ BPF_FUNC_ringbuf_reserve, "helper-ringbuf-reserve", "events" },
		{ BPF_FUNC_xdp_adjust_head, "helper-xdp-adjust-head", "VLAN tags" },
		{ BPF_FUNC_xdp_adjust_tail, "helper-xdp-adjust-tail", "answers of reject rules" },
		{ BPF_FUNC_xdp_load_bytes, "helper-xdp-load-bytes", "frames of several buffers" },
		{ BPF_FUNC_csum_diff, "helper-csum-diff", "checksums of answers" },
		{ BPF_FUNC_timer_start, "helper-timer-start", "flows that end by themselves" },
		{ BPF_FUNC_spin_lock, "helper-spin-lock", "fragments" },
	};

	for (size_t i = 0; i < sizeof(helpers) / sizeof(helpers[0]); i++)
		row_add(probe, helpers[i].name,
			libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, helpers[i].id, NULL) == 1, true,
			helpers[i].text);
}

static void frags_probe(struct probe *probe)
{
	/* r0 = 2 (XDP_PASS); exit */
	const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 2 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .prog_flags = BPF_F_XDP_HAS_FRAGS);
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "sek_probe", "GPL", pass,
			       sizeof(pass) / sizeof(pass[0]), &opts);

	row_add(probe, "xdp-frags", fd >= 0, true, "programs that take frames of several buffers");
	if (fd >= 0)
		close(fd);
}

/* The proof of all above: the program itself, timers included, through this kernel's verifier. */
static void program_row(struct probe *probe, const char *feature, int err, bool needed)
{
	char text[160];

	snprintf(text, sizeof(text), err ? "does not load: %s" : "loads%s",
		 err ? strerror(-err) : "");
	row_add(probe, feature, !err, needed, text);
}

static void program_probe(struct probe *probe, struct diag *diag)
{
	const struct gate_options options = { .flows_max = PROBE_FLOWS, .sources_max = PROBE_FLOWS };
	struct gate *gate;
	int err = gate_open(&options, &gate, NULL, diag), tc;

	program_row(probe, "program", err, true);
	if (err)
		return;
	tc = gate_tc_fd(gate, diag);
	program_row(probe, "program-tc", tc < 0 ? tc : 0, false);
	gate_close(gate);
}

/* The driver's name in buf; "" for what has none, such as veth. */
static const char *driver_of(const char *interface, char *buf, size_t size)
{
	char path[64 + IF_NAMESIZE];
	const char *name;
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/class/net/%.*s/device/driver", IF_NAMESIZE, interface);
	len = readlink(path, buf, size - 1);
	if (len <= 0)
		return "";
	buf[len] = '\0';
	name = strrchr(buf, '/');
	return name ? name + 1 : buf;
}

static const char *mode_name(uint8_t attach_mode)
{
	static const char *const names[] = {
		[XDP_ATTACHED_NONE] = "none",	  [XDP_ATTACHED_DRV] = "native",
		[XDP_ATTACHED_SKB] = "generic",	  [XDP_ATTACHED_HW] = "offload",
		[XDP_ATTACHED_MULTI] = "several",
	};

	return attach_mode < sizeof(names) / sizeof(names[0]) ? names[attach_mode] : "unknown";
}

static json_t *interface_probe(const char *interface, struct diag *diag)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	int ifindex = (int)if_nametoindex(interface), err;
	char driver[256];
	uint64_t features = 0;
	json_t *object;

	if (!ifindex) {
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, "ip link shows the interfaces of this host",
			 "there is no interface %s", interface);
		return NULL;
	}
	err = netdev_xdp_features(ifindex, &features);
	(void)bpf_xdp_query(ifindex, 0, &query);
	object = json_pack("{s:s,s:i,s:s,s:s,s:i,s:b}", "interface", interface, "ifindex", ifindex,
			   "driver", driver_of(interface, driver, sizeof(driver)), "attached",
			   mode_name(query.attach_mode), "program", (int)query.prog_id, "known",
			   !err);
	if (!object)
		return NULL;
	/* kernels before 6.3 do not say: sekishod tries native, then generic with a warning */
	json_object_set_new(object, "generic", json_true());
	if (err)
		return object;
	json_object_set_new(object, "native", json_boolean(features & NETDEV_XDP_BASIC));
	json_object_set_new(object, "redirect", json_boolean(features & NETDEV_XDP_REDIRECT));
	json_object_set_new(object, "takes_redirects", json_boolean(features & NETDEV_XDP_XMIT));
	json_object_set_new(object, "frags", json_boolean(features & NETDEV_XDP_RX_FRAGS));
	json_object_set_new(object, "zero_copy", json_boolean(features & NETDEV_XDP_ZEROCOPY));
	return object;
}

/* Without the right to load, everything would seem to be missing. */
static bool may_probe(struct diag *diag)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "sek_probe", sizeof(uint32_t), 8, 1, NULL);

	if (fd >= 0)
		close(fd);
	if (fd != -EPERM && fd != -EACCES)
		return true;
	diag_add(diag, DIAG_ERROR, NULL, 0, 0,
		 "run it as root; while sekishod runs, its socket answers members of the group sekisho",
		 "probing needs CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON (%s)", strerror(-fd));
	return false;
}

json_t *feature_probe(const char *interface, struct diag *diag)
{
	struct probe probe = { .ready = true };
	json_t *port = NULL, *result;
	struct utsname name;

	if (uname(&name)) {
		diag_add(diag, DIAG_ERROR, NULL, 0, 0, NULL, "uname: %s", strerror(errno));
		return NULL;
	}
	if (!may_probe(diag))
		return NULL;
	if (interface) {
		port = interface_probe(interface, diag);
		if (!port)
			return NULL;
	}
	probe.rows = json_array();
	kernel_probe(&probe, &name);
	host_probe(&probe);
	maps_probe(&probe);
	helpers_probe(&probe);
	frags_probe(&probe);
	program_probe(&probe, diag);
	result = json_pack("{s:s,s:s,s:o,s:b}", "kernel", name.release, "arch", name.machine,
			   "features", probe.rows, "ready", probe.ready);
	if (result && port)
		json_object_set_new(result, "interface", port);
	else
		json_decref(port);
	return result;
}
