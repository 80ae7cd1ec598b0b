#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# system.sh ROOT FOLDER: systemd as the first process of namespaces of its own, over the files of
# this system with ROOT/usr laid over /usr. Its units are those that FOLDER/units holds; what it and
# they write stays in FOLDER and in memory, /proc/sys is closed. Ends with the caller's network
# namespace as it is: nothing of the host is touched but a cgroup named as this process.
set -eu
. "$(dirname "$0")/first.sh"

inside() { # ROOT FOLDER: first process of the new namespaces
	first_views ""
	mount -t overlay -o "lowerdir=$1/usr:/usr" overlay /usr
	for dir in /run /var/lib /var/log; do
		mount -t tmpfs tmpfs $dir
	done
	mount --bind "$2/units" /etc/systemd/system
	mount --bind "$2/group" /etc/group
	first_devices "" "$2"
	exec env -i container=sekisho PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		/lib/systemd/systemd --system --unit=gateway.target --show-status=no --log-target=journal
}

if [ "$1" = inside ]; then
	inside "$2" "$3"
fi
first_exec "$2" "$0" inside "$1" "$2"
