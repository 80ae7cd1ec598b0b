# SPDX-License-Identifier: Apache-2.0
# TAP for the lab tests: sourced after lab.sh. A test file calls plan N, then check/skip N times.

tap_number=0
tap_failed=0

plan() { echo "1..$1"; }

# check NAME COMMAND...: ok when the command succeeds; its output is shown when it does not.
check() {
	local name=$1 out
	shift
	tap_number=$((tap_number + 1))
	if out=$("$@" 2>&1); then
		echo "ok $tap_number - $name"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_number - $name"
		printf '%s\n' "$out" | tail -n 15 | sed 's/^/# /'
	fi
}

skip() { # NAME REASON
	tap_number=$((tap_number + 1))
	echo "ok $tap_number - $1 # SKIP $2"
}

refuses() { ! "$@"; }

within() { # VALUE LOW HIGH: numbers, inclusive
	awk -v v="$1" -v low="$2" -v high="$3" 'BEGIN { exit !(v != "" && v >= low && v <= high) }' ||
		{ echo "$1 is not within $2..$3"; return 1; }
}

# A test file ends with `finish`: the lab goes, the exit status tells.
finish() {
	if [ $tap_failed -gt 0 ]; then
		for log in "$lab_tmp"/sekishod.log; do
			[ ! -e "$log" ] || tail -n 20 "$log" | sed 's/^/# sekishod: /'
		done
	fi
	lab_down
	exit $((tap_failed > 0))
}

reason_packets() { # BUILD TENANT REASON: packets counted so far, 0 when none
	lab_cli "$1" -j stats show reason | jq --arg t "$2" --arg r "$3" \
		'[.rows[] | select(.tenant == $t and .reason == $r) | .packets] | add // 0'
}
