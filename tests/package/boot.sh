#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# boot.sh ROOT FOLDER: the Debian in ROOT, started by its own systemd in namespaces of its own. It may
# set what belongs to the caller's network namespace, nothing else of the kernel.
set -eu
. "$(dirname "$0")/../net/first.sh"

inside() { # ROOT FOLDER: first process of the new namespaces
	mount --bind "$1" "$1"
	mount -t sysfs sysfs "$1/sys"
	first_views "$1"
	mount --bind "$1/proc/sys/net" "$1/proc/sys/net"
	mount -o remount,bind,rw "$1/proc/sys/net"
	mount -t tmpfs tmpfs "$1/run"
	first_devices "$1" "$2"
	cd "$1"
	pivot_root . mnt
	umount -l /mnt
	exec env -i container=sekisho PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		/lib/systemd/systemd --system --unit=multi-user.target --show-status=no --log-target=journal
}

if [ "$1" = inside ]; then
	inside "$2" "$3"
fi
first_exec "$2" "$0" inside "$1" "$2"
