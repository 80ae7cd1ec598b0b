#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# guest.sh BUILD: runs inside the VM: every kernel test of BUILD/vmtests, then the lab tests that
# need what only these kernels have. Prints TAP and, at the very end, "guest done".
build=$1
here=$(dirname "$0")
status=0

echo "kernel $(uname -r)"
for module in veth 8021q sch_ingress cls_bpf; do
	modprobe $module || echo "# no module $module"
done
mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf
for dir in /var/lib /var/log /srv; do # nothing is shared with a lab of the host, whose files this system sees
	mount -t tmpfs tmpfs $dir
done
export TMPDIR=/srv
for program in "$build"/vmtests/*_test "$here"/../tests/net/vlan_device.test; do
	[ -x "$program" ] || continue
	echo "# $(basename "$program")"
	CMOCKA_MESSAGE_OUTPUT=TAP "$program" "$build" || {
		status=1
		echo "# $(basename "$program") ended with $?"
	}
done
# Joining it takes the programs of names along since they stand apart, and that was not seen to work yet.
echo "1..1"
echo "ok 1 - libxdp's dispatcher # SKIP to be proven again with the programs that a walk goes on in"
echo "guest done"
exit $status
