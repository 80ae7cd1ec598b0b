# SPDX-License-Identifier: Apache-2.0
# What a systemd needs around it as the first process of namespaces of its own; sourced by the scripts
# that start one.

first_views() { # ROOT ("" is this system's): kernel file systems as these namespaces see them
	mount -t proc proc "$1/proc"
	mount --bind "$1/proc/sys" "$1/proc/sys"
	mount -o remount,bind,ro "$1/proc/sys"
	umount -R "$1/sys/fs/cgroup" 2> /dev/null || true
	mount -t cgroup2 cgroup2 "$1/sys/fs/cgroup"
	mount -t bpf bpf "$1/sys/fs/bpf"
}

first_devices() { # ROOT FOLDER: those that harm nobody, made in FOLDER
	mkdir "$2/dev"
	for node in null zero full random urandom tty; do
		: > "$2/dev/$node"
		mount --bind /dev/$node "$2/dev/$node"
	done
	mkdir "$2/dev/pts" "$2/dev/shm"
	ln -s pts/ptmx "$2/dev/ptmx"
	mount --rbind "$2/dev" "$1/dev"
	mount -t devpts -o newinstance,ptmxmode=0666 devpts "$1/dev/pts"
}

first_exec() { # FOLDER COMMAND...: in new namespaces, and a cgroup named as this process
	folder=$1
	shift
	mkdir -p "$folder/cgroup"
	mount -t cgroup2 cgroup2 "$folder/cgroup"
	mkdir "$folder/cgroup/sekisho-$$"
	echo $$ > "$folder/cgroup/sekisho-$$/cgroup.procs"
	exec unshare --mount --pid --fork --kill-child --cgroup --ipc --uts --propagation private "$@"
}

first_pid() { pgrep -P "$(cat "$1")"; } # PIDFILE: of what first_exec started

first_leave() { # FOLDER PID: its cgroup, once all that was inside has gone
	find "$1/cgroup/sekisho-$2" -depth -type d -exec rmdir {} +
}
