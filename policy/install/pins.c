// SPDX-License-Identifier: Apache-2.0
/*
 * The pin directory: /sys/fs/bpf/sekisho[-INSTANCE]/NAME-LAYOUT, LAYOUT the 8 hex digits of
 * layout_hash(), and NAME-LAYOUT-SLOT for the inner maps of a generation: a descriptor of those by
 * their number alone would take CAP_SYS_ADMIN. Called by gate_open(), gate_peek() and install.c.
 * Promises: a start that dies at any point leaves pins that the next start adopts or replaces; what
 * cannot be adopted is said in words; only names of that form are ever removed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "install/gate.h"

#define BPFFS "/sys/fs/bpf"
#define BPFFS_MAGIC 0xcafe4a11
#define PIN_PATH_MAX 512

static bool is_bpffs(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && (uint32_t)fs.f_type == BPFFS_MAGIC;
}

/* Mounts only where every tool expects bpffs, and only if nothing is there. */
static int bpffs_ensure(const char *pin_dir, struct diag *diag)
{
	if (strncmp(pin_dir, BPFFS "/", sizeof(BPFFS)) != 0 || is_bpffs(BPFFS))
		return 0;
	if (mount("bpf", BPFFS, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755") == 0)
		return 0;
	diag_add(diag, DIAG_ERROR, BPFFS, 0, 0, "mount -t bpf bpf " BPFFS,
		 "no bpf file system here, and mounting one failed: %s", strerror(errno));
	return -errno;
}

/* Members of the group sekisho may look; without the group only root may. */
static void dir_share(int dir_fd)
{
	char buf[4096];
	struct group group, *found = NULL;

	if (getgrnam_r("sekisho", &group, buf, sizeof(buf), &found) == 0 && found &&
	    fchown(dir_fd, (uid_t)-1, found->gr_gid) == 0)
		(void)fchmod(dir_fd, 0750);
}

int pins_lock(const char *pin_dir, struct diag *diag)
{
	int err = bpffs_ensure(pin_dir, diag), fd;

	if (err)
		return err;
	if (mkdir(pin_dir, 0700) && errno != EEXIST)
		goto failed;
	fd = open(pin_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		goto failed;
	if (!is_bpffs(pin_dir)) {
		close(fd);
		diag_add(diag, DIAG_ERROR, pin_dir, 0, 0, "choose a directory below " BPFFS,
			 "not on a bpf file system, so maps cannot be pinned here");
		return -EINVAL;
	}
	dir_share(fd);
	while (flock(fd, LOCK_EX))
		if (errno != EINTR) {
			close(fd);
			goto failed;
		}
	return fd;
failed:
	err = -errno;
	diag_add(diag, DIAG_ERROR, pin_dir, 0, 0, NULL, "cannot use the pin directory: %s",
		 strerror(-err));
	return err;
}

static int pin_path(const struct gate *gate, const struct gate_map *map, char path[PIN_PATH_MAX])
{
	int len = snprintf(path, PIN_PATH_MAX, "%s/%s-%08" PRIx32, gate->pin_dir, map->name,
			   map->layout);

	return len < PIN_PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int inner_path(const struct gate *gate, const struct gate_map *map, uint32_t slot,
		      char path[PIN_PATH_MAX])
{
	int len = snprintf(path, PIN_PATH_MAX, "%s/%s-%08" PRIx32 "-%" PRIu32, gate->pin_dir,
			   map->name, map->layout, slot);

	return len < PIN_PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* Takes a directory entry apart, NAME-LAYOUT or NAME-LAYOUT-SLOT; false: not a pin of ours. */
static bool pin_parse(const char *entry, char ret_name[BPF_OBJ_NAME_LEN], uint32_t *ret_layout)
{
	const char *dash = strchr(entry, '-'), *end = dash ? dash + 9 : NULL;
	size_t len = dash ? (size_t)(dash - entry) : 0;

	if (!dash || len >= BPF_OBJ_NAME_LEN || strncmp(entry, "sek_", 4) != 0 ||
	    strspn(dash + 1, "0123456789abcdef") != 8 ||
	    (*end && strcmp(end, "-0") != 0 && strcmp(end, "-1") != 0))
		return false;
	memcpy(ret_name, entry, len);
	ret_name[len] = '\0';
	*ret_layout = (uint32_t)strtoul(dash + 1, NULL, 16);
	return true;
}

/* Calls for each pin in the directory; stops at the first that returns non-zero. */
static int pins_each(const struct gate *gate,
		     int (*each)(const char *path, const char *name, uint32_t layout, void *arg),
		     void *arg)
{
	DIR *dir = opendir(gate->pin_dir);
	char path[PIN_PATH_MAX], name[BPF_OBJ_NAME_LEN];
	struct dirent *entry;
	uint32_t layout;
	int err = 0;

	if (!dir)
		return -errno;
	while (!err && (entry = readdir(dir))) {
		if (!pin_parse(entry->d_name, name, &layout))
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", gate->pin_dir, entry->d_name) <
		    (int)sizeof(path))
			err = each(path, name, layout, arg);
	}
	closedir(dir);
	return err;
}

static void lost_add(struct gate_adopted *adopted, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void lost_add(struct gate_adopted *adopted, const char *fmt, ...)
{
	size_t len = strlen(adopted->lost), cap = sizeof(adopted->lost);
	va_list ap;

	if (len && len + 2 < cap) {
		memcpy(adopted->lost + len, "; ", 3);
		len += 2;
	}
	va_start(ap, fmt);
	vsnprintf(adopted->lost + len, cap - len, fmt, ap);
	va_end(ap);
}

struct find_name {
	const struct gate_map *map;
	struct gate *gate;
	bool other_layout;
};

static void floor_raise(struct gate *gate, int fd)
{
	struct sek_active active;
	uint32_t zero = 0;

	if (bpf_map_lookup_elem(fd, &zero, &active) == 0 && active.generation > gate->generation_floor)
		gate->generation_floor = active.generation;
}

static int find_layouts(const char *path, const char *name, uint32_t layout, void *arg)
{
	struct find_name *find = arg;

	if (strcmp(name, find->map->name) != 0 || layout == find->map->layout)
		return 0;
	find->other_layout = true;
	if (!strcmp(name, "sek_active")) {
		struct bpf_map_info info = {};
		uint32_t len = sizeof(info);
		int fd = bpf_obj_get(path);

		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len) &&
		    info.value_size == sizeof(struct sek_active))
			floor_raise(find->gate, fd);
		if (fd >= 0)
			close(fd);
	}
	return 0;
}

/* Opens a map's pin if it can be adopted. Returns the descriptor, or -errno; says what is lost. */
static int pin_open(struct gate *gate, const struct gate_map *map, struct gate_adopted *adopted)
{
	struct find_name find = { .map = map, .gate = gate };
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info);
	char path[PIN_PATH_MAX];
	int err = pin_path(gate, map, path);
	int fd = err ? err : bpf_obj_get(path);

	(void)pins_each(gate, find_layouts, &find);
	if (fd < 0) {
		if (find.other_layout)
			lost_add(adopted, "%s (its layout changed)", map->name);
		return fd;
	}
	if (bpf_obj_get_info_by_fd(fd, &info, &len) || info.type != map->type ||
	    info.key_size != map->key_size || info.value_size != map->value_size) {
		lost_add(adopted, "%s (the pin is of another kind)", map->name);
	} else if (info.max_entries != map->max_entries) {
		lost_add(adopted, "%s (had room for %u, now %u)", map->name, info.max_entries,
			 map->max_entries);
	} else {
		return fd;
	}
	if (!strcmp(map->name, "sek_active"))
		floor_raise(gate, fd);
	close(fd);
	return -ESTALE;
}

/*
 * Hooks run programs of an earlier build until ours take their place. They go on in the programs of
 * this array, which the kernel empties when nobody holds it: we do, beyond its pin.
 */
static void former_keep(struct gate *gate, int fd)
{
	for (int i = 0; i < GATE_FORMER_MAX; i++)
		if (gate->former_fd[i] < 0) {
			gate->former_fd[i] = fd;
			return;
		}
	close(fd);
}

/* A group of which one map cannot be adopted is made anew as a whole. */
static void groups_settle(struct gate *gate, int *fds, struct gate_adopted *adopted)
{
	bool had[GROUP_CNT] = {}, broken[GROUP_CNT] = {};
	static const char *const words[GROUP_CNT] = {
		[GROUP_POLICY] = "policy",
		[GROUP_FLOWS] = "flows",
		[GROUP_LISTS] = "lists",
		[GROUP_STEPS] = "programs of the walk",
	};

	for (size_t i = 0; i < gate->map_cnt; i++)
		*(fds[i] >= 0 ? &had[gate->maps[i].group] : &broken[gate->maps[i].group]) = true;
	for (int group = GROUP_NONE + 1; group < GROUP_CNT; group++)
		if (had[group] && broken[group])
			lost_add(adopted, "all %s, whose maps only make sense together",
				 words[group]);
	for (size_t i = 0; i < gate->map_cnt; i++) {
		const struct gate_map *map = &gate->maps[i];

		if (fds[i] < 0 || map->group == GROUP_NONE || !broken[map->group])
			continue;
		if (!strcmp(map->name, "sek_active"))
			floor_raise(gate, fds[i]);
		if (map->type == BPF_MAP_TYPE_PROG_ARRAY)
			former_keep(gate, fds[i]);
		else
			close(fds[i]);
		fds[i] = -ESTALE;
	}
}

int pins_adopt(struct gate *gate, struct gate_adopted *adopted, struct diag *diag)
{
	int *fds = calloc(gate->map_cnt, sizeof(*fds));
	int err = 0;

	if (!fds)
		return -ENOMEM;
	for (size_t i = 0; i < gate->map_cnt; i++) {
		fds[i] = pin_open(gate, &gate->maps[i], adopted);
		if (fds[i] == -EPERM || fds[i] == -EACCES)
			err = fds[i];
	}
	groups_settle(gate, fds, adopted);
	for (size_t i = 0; i < gate->map_cnt; i++) {
		if (fds[i] < 0)
			continue;
		if (!err)
			err = bpf_map__reuse_fd(gate->maps[i].map, fds[i]);
		gate->maps[i].adopted = !err;
		close(fds[i]);
	}
	free(fds);
	if (err)
		diag_add(diag, DIAG_ERROR, gate->pin_dir, 0, 0,
			 "the pinned maps need root, or CAP_BPF and write permission",
			 "pinned maps cannot be taken over: %s", strerror(-err));
	return err;
}

static int unlink_stale(const char *path, const char *name, uint32_t layout, void *arg)
{
	const struct gate *gate = arg;
	const struct gate_map *map = gate_find(gate, name);

	if (map && map->layout == layout)
		return 0;
	/* the numbers in it are needed until a commit has gone beyond them */
	if (!strcmp(name, "sek_active") && gate->generation_floor)
		return 0;
	return unlink(path) ? -errno : 0;
}

int pins_write(struct gate *gate, struct diag *diag)
{
	char path[PIN_PATH_MAX];
	int err;

	for (size_t i = 0; i < gate->map_cnt; i++) {
		struct gate_map *map = &gate->maps[i];

		if (map->adopted)
			continue;
		err = pin_path(gate, map, path);
		if (!err && unlink(path) && errno != ENOENT)
			err = -errno;
		if (!err)
			err = bpf_obj_pin(map->fd, path);
		if (err) {
			diag_add(diag, DIAG_ERROR, gate->pin_dir, 0, 0, NULL,
				 "map %s cannot be pinned: %s", map->name, strerror(-err));
			return err;
		}
	}
	err = pins_each(gate, unlink_stale, gate);
	if (err)
		diag_add(diag, DIAG_WARNING, gate->pin_dir, 0, 0, NULL,
			 "pins of an earlier version cannot be removed: %s", strerror(-err));
	return 0;
}

static int unlink_active(const char *path, const char *name, uint32_t layout, void *arg)
{
	const struct gate_map *map = gate_find(arg, "sek_active");

	if (map && !strcmp(name, map->name) && layout != map->layout)
		(void)unlink(path);
	return 0;
}

void pins_forget_active(const struct gate *gate)
{
	(void)pins_each(gate, unlink_active, (void *)gate);
}

int pins_inner_write(const struct gate *gate, const struct gate_map *map, uint32_t slot, int fd)
{
	char path[PIN_PATH_MAX];
	int err = gate->pin_dir ? inner_path(gate, map, slot, path) : 0;

	if (err || !gate->pin_dir)
		return err;
	if (unlink(path) && errno != ENOENT)
		return -errno;
	return fd >= 0 ? bpf_obj_pin(fd, path) : 0;
}

int pins_inner_open(const struct gate *gate, const struct gate_map *map, uint32_t slot)
{
	LIBBPF_OPTS(bpf_obj_get_opts, opts, .file_flags = BPF_F_RDONLY);
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info), id;
	char path[PIN_PATH_MAX];
	int err = gate->pin_dir ? inner_path(gate, map, slot, path) : -ENOENT, fd;

	if (!err)
		err = bpf_map_lookup_elem(map->fd, &slot, &id);
	fd = err ? err : bpf_obj_get_opts(path, &opts);
	if (fd < 0)
		return fd;
	err = bpf_obj_get_info_by_fd(fd, &info, &len);
	if (!err && info.id == id)
		return fd;
	close(fd); /* of a prepare that never came to its slot */
	return err ? err : -ESTALE;
}

static void peek_refused(const struct gate *gate, const char *what, int err, struct diag *diag)
{
	if (err == -EPERM || err == -EACCES)
		diag_add(diag, DIAG_ERROR, gate->pin_dir, 0, 0,
			 "run it as root, or with CAP_BPF and read permission on the pins; while "
			 "sekishod runs, its socket answers members of the group sekisho",
			 "%s cannot be read: reading pinned maps needs CAP_BPF (%s)", what,
			 strerror(-err));
	else if (err == -ENOENT)
		diag_add(diag, DIAG_ERROR, gate->pin_dir, 0, 0,
			 "start sekishod, or name the right --instance",
			 "%s is not there: no gateway of this version is installed here", what);
	else
		diag_add(diag, DIAG_ERROR, gate->pin_dir, 0, 0, NULL, "%s cannot be read: %s", what,
			 strerror(-err));
}

int pins_read(struct gate *gate, struct diag *diag)
{
	LIBBPF_OPTS(bpf_obj_get_opts, opts, .file_flags = BPF_F_RDONLY);
	char path[PIN_PATH_MAX];

	if (access(gate->pin_dir, X_OK)) {
		int err = -errno;

		peek_refused(gate, "the pin directory", err, diag);
		return err;
	}
	for (size_t i = 0; i < gate->map_cnt; i++) {
		struct gate_map *map = &gate->maps[i];
		struct bpf_map_info info = {};
		uint32_t len = sizeof(info);
		int err = pin_path(gate, map, path);

		map->fd = err ? err : bpf_obj_get_opts(path, &opts);
		err = map->fd < 0 ? map->fd : 0;
		if (!err)
			err = bpf_obj_get_info_by_fd(map->fd, &info, &len);
		if (err) {
			peek_refused(gate, map->name, err, diag);
			return err;
		}
		map->max_entries = info.max_entries;
	}
	return 0;
}
