#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# apart.sh COMMAND...: runs it with a network, processes, bpffs, groups and files of state of its own, so
# that tests stand side by side and beside a lab; all that it started ends with it. Its scratch files are
# in memory, under /srv. Leaves the exit status to the command.
set -eu
if [ "$1" != inside ]; then
	exec unshare --net --mount --pid --fork --kill-child --mount-proc "$0" inside "$@"
fi
shift
for dir in /run /srv /var/lib /var/log /dev/shm; do
	mount -t tmpfs tmpfs $dir
done
mkdir /run/etc /run/etc.work
mount -t overlay -o lowerdir=/etc,upperdir=/run/etc,workdir=/run/etc.work overlay /etc
mount -t bpf bpf /sys/fs/bpf
ip link set lo up
export TMPDIR=/srv
"$@"
