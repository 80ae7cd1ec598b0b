#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# guest.sh BUILD: runs inside the VM: every kernel test of BUILD/vmtests, then the lab tests that
# need what only these kernels have, each apart from the others and two at a time. Prints TAP, each
# test's in one piece, and at the very end "guest done".
# guest.sh one BUILD TEST: one of them.
here=$(dirname "$0")

if [ "$1" = one ]; then
	name=$(basename "$3")
	log=$(mktemp)
	CMOCKA_MESSAGE_OUTPUT=TAP "$here/../tests/apart.sh" "$3" "$2" > "$log" 2>&1
	status=$?
	[ $status = 0 ] || echo "# $name ended with $status" >> "$log"
	echo "# $name, done at $(cut -d. -f1 /proc/uptime) s" >> "$log"
	flock "$TMPDIR/said" cat "$log"
	rm -f "$log"
	exit $status
fi

build=$1
echo "kernel $(uname -r)"
for module in veth 8021q sch_ingress cls_bpf; do
	modprobe $module || echo "# no module $module"
done
for dir in /var/lib /var/log /srv; do # nothing is shared with a lab of the host, whose files this system sees
	mount -t tmpfs tmpfs $dir
done
export TMPDIR=/srv
export TEST_LOT_PART=5 # of what is drawn by lot or tried in a row: the host does all
# The longest first, or one CPU waits for the other at the end.
net="$here/../tests/net"
long="explain_test install_test live_test replay_test"
{
	echo "$build/vmtests/gate_test"
	echo "$net/dispatcher.test"
	echo "$net/vlan_device.test"
	for name in $long; do echo "$build/vmtests/$name"; done
	for program in "$build"/vmtests/*_test; do
		case " gate_test $long " in *" ${program##*/} "*) ;; *) echo "$program" ;; esac
	done
} | xargs -n 1 -P 2 "$0" one "$build"
status=$?
echo "guest done"
exit $status
