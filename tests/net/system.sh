#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# system.sh ROOT FOLDER: systemd as the first process of namespaces of its own, over the files of
# this system with ROOT/usr laid over /usr. Its units are those that FOLDER/units holds; what it and
# they write stays in FOLDER and in memory, /proc/sys is closed. Ends with the caller's network
# namespace as it is: nothing of the host is touched but a cgroup named as this process.
set -eu

inside() { # ROOT FOLDER: first process of the new namespaces
	mount -t proc proc /proc
	mount --bind /proc/sys /proc/sys
	mount -o remount,bind,ro /proc/sys
	umount -R /sys/fs/cgroup 2> /dev/null || true
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
	mount -t bpf bpf /sys/fs/bpf
	mount -t overlay -o "lowerdir=$1/usr:/usr" overlay /usr
	for dir in /run /var/lib /var/log; do
		mount -t tmpfs tmpfs $dir
	done
	mount --bind "$2/units" /etc/systemd/system
	mount --bind "$2/group" /etc/group
	mkdir "$2/dev"
	for node in null zero full random urandom tty; do
		: > "$2/dev/$node"
		mount --bind /dev/$node "$2/dev/$node"
	done
	mkdir "$2/dev/pts" "$2/dev/shm"
	ln -s pts/ptmx "$2/dev/ptmx"
	mount --rbind "$2/dev" /dev
	mount -t devpts -o newinstance,ptmxmode=0666 devpts /dev/pts
	exec env -i container=sekisho PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		/lib/systemd/systemd --system --unit=gateway.target --show-status=no --log-target=journal
}

if [ "$1" = inside ]; then
	inside "$2" "$3"
fi
mkdir -p "$2/cgroup"
mount -t cgroup2 cgroup2 "$2/cgroup"
mkdir "$2/cgroup/sekisho-$$"
echo $$ > "$2/cgroup/sekisho-$$/cgroup.procs"
exec unshare --mount --pid --fork --kill-child --cgroup --ipc --uts --propagation private "$0" inside "$1" "$2"
