# SPDX-License-Identifier: Apache-2.0
# The ground of the storms: sourced by tests/soak/*.test after lab.sh and tap.sh. The gateway stands
# between two bare ends; tests/soak/traffic sends numbered packets at both and counts them at both.
# SOAK=long takes the numbers that are asked of a release, anything else a short form of them; SOAK_HOOK=tc or generic
# storms over the ports' other hooks, SOAK_PPS at another pace. $build is the build.

soak=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
storm_pps=${SOAK_PPS:-100000}
storm_work=$lab_tmp/work
lab_queues=2 # of each cable's end, as a port has one for each CPU

long_or() { # LONG SHORT
	[ "${SOAK:-short}" = long ] && echo "$1" || echo "$2"
}

# The policy that talk.c and denied.c know.
storm_policy() { # PORT FILE: body swing may send to this port, 1001 in policy A
	local port=$1 file=$2
	cat > "$file" <<-YAML
		version: 1
		ports:
		  - {name: inside, id: 1, side: inside, mode: bridge, peer: outside, hook: ${SOAK_HOOK:-auto}}
		  - {name: outside, id: 2, side: outside, mode: bridge, peer: inside, hook: ${SOAK_HOOK:-auto}}
		lists:
		  - {name: blocked, id: 0, kind: block}
		defaults:
		  default: {out: drop, in: drop}
		  lists: {block: [blocked]}
		  quota: {flows: 200k, half_open: 200k, source_flows: none, source_half_open: none, source_rate: none}
		  timeouts: {udp_new: 20s, udp_stream: 60s, icmp: 60s, tcp_closed: 5s}
		  rules:
		    - {name: no-4444, dir: out, proto: udp, dport: 4444, action: drop}
		    - {name: web, dir: out, proto: tcp, dport: [80, 443], action: accept}
		    - {name: dns, dir: out, proto: udp, dport: 53, action: accept}
		    - {name: ping, dir: out, proto: icmp, icmp: [echo-request], action: accept}
		    - {name: ping6, dir: out, proto: icmpv6, icmp: [echo-request], action: accept}
		    - {name: public-web, dir: in, proto: tcp, dport: 80, action: accept}
		tenants:
		  - name: north
		    id: 1
		    attach: [{port: inside, vlan: 101}, {port: outside, vlan: 101}]
		    prefixes: [10.1.0.0/16, "2001:db8:101::/48"]
		  - name: south
		    id: 2
		    attach: [{port: inside, vlan: 102}, {port: outside, vlan: 102}]
		    prefixes: [10.1.0.0/16, "2001:db8:102::/48"]
		  - name: east
		    id: 3
		    attach: [{port: inside, vlan: 103, outer: 200}, {port: outside, vlan: 103, outer: 200}]
		    prefixes: [10.3.0.0/16, "2001:db8:103::/48"]
		  - name: swing
		    id: 4
		    attach: [{port: inside, vlan: 104}, {port: outside, vlan: 104}]
		    prefixes: [10.4.0.0/16, "2001:db8:104::/48"]
		    rules:
		      - {name: swings, dir: out, proto: udp, dport: $port, action: accept}
		      - {name: asked, dir: in, proto: udp, dport: 53, action: accept}
		  - name: flooded
		    id: 5
		    attach: [{port: inside, vlan: 105}, {port: outside, vlan: 105}]
		    prefixes: [10.5.0.0/16, "2001:db8:105::/48"]
		    quota: {flows: 16k, half_open: 4k, source_flows: 1k, source_half_open: 64, source_rate: 500}
	YAML
}

# List A and list B; both have the addresses that denied.c takes for listed in either.
storm_list() { # A|B FILE [ENTRIES]: filled up with addresses that nobody uses
	python3 - "$1" "${3:-0}" > "$2" <<-'PY'
		import sys
		print("192.0.2.66", "2001:db8:bad::66", "192.0.2.65" if sys.argv[1] == "A" else "192.0.2.67", sep="\n")
		start = 0x20000000 if sys.argv[1] == "A" else 0x20000001
		for i in range(int(sys.argv[2])):
		    a = start + i * 97
		    print("%d.%d.%d.%d" % (a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255))
	PY
}

storm_ends() { # namespaces and cables; nothing of the kernel's own speaks at the two ends
	local port
	lab_fresh
	mkdir -p "$storm_work"
	lab_ns sek-gw sek-lan sek-net
	lab_wire sek-gw inside sek-lan lan
	lab_wire sek-gw outside sek-net wan
	in_ns sek-lan sysctl -qw net.ipv6.conf.lan.disable_ipv6=1
	in_ns sek-net sysctl -qw net.ipv6.conf.wan.disable_ipv6=1
	lab_real_nic sek-lan lan
	lab_real_nic sek-net wan
	# Without native XDP a port puts tags into the frame, as a NIC would, and takes live frames.
	for port in inside outside; do
		in_ns sek-gw ethtool -K $port txvlan off tx-vlan-stag-hw-insert off gro on > /dev/null
	done
}

storm_gate() { # the gateway at work with policy A and list A; B of both lies ready
	storm_policy 1001 "$storm_work/a.yaml"
	storm_policy 1002 "$storm_work/b.yaml"
	storm_list A "$storm_work/a.list"
	storm_list B "$storm_work/b.list"
	lab_agent "$build" "$storm_work/a.yaml" && lab_cli "$build" list replace blocked "$storm_work/a.list"
}

storm_up() { # the gateway between two bare ends
	storm_ends
	storm_gate
}

stats() { lab_cli "$build" -j stats show reason; }

# What the ports' drivers lost beside the program, by name: to tell whose a lost packet is.
driver_counts() {
	local where ns port
	for where in sek-gw:inside sek-gw:outside sek-lan:lan sek-net:wan; do
		ns=${where%:*} port=${where#*:}
		in_ns "$ns" ethtool -S "$port" | sed -n "s/^ *\([a-z0-9_]*err[a-z0-9_]*\): \(.*\)/$port.\1 \2/p"
		ip -n "$ns" -s -j link show dev "$port" |
			jq -r --arg p "$port" '.[0].stats64 | "\($p).tx_dropped \(.tx.dropped)", "\($p).rx_dropped \(.rx.dropped)"'
	done
}
drivers_told() { # what they lost since traffic_start
	diff "$storm_work/drivers.before" "$storm_work/drivers.after" | sed -n 's/^> /# /p'
}

traffic_start() {
	stats > "$storm_work/before.json"
	driver_counts > "$storm_work/drivers.before"
	coproc TRAFFIC { exec "$build/tests/soak/traffic" /run/netns/sek-lan:lan /run/netns/sek-net:wan \
		"$storm_pps" 2 600 2> "$storm_work/traffic.err"; }
	traffic_in=${TRAFFIC[1]} traffic_out=${TRAFFIC[0]}
	traffic_say "swing a a"
}

traffic_say() { # ORDER: `swing POLICY LIST`, done when all that was sent before has been decided
	local answer
	echo "$1" >&"$traffic_in" && read -r -t 60 -u "$traffic_out" answer && [ "$answer" = done ]
}

traffic_stop() { # leaves its report, and what the gateway counted meanwhile
	echo stop >&"$traffic_in"
	read -r -t 60 -u "$traffic_out" line
	echo "$line" > "$storm_work/report.json"
	wait "$TRAFFIC_PID" 2> /dev/null
	stats > "$storm_work/after.json"
	driver_counts > "$storm_work/drivers.after"
	jq -n --slurpfile before "$storm_work/before.json" --slurpfile after "$storm_work/after.json" '
		def key: [.tenant, .dir, .reason];
		($before[0].rows | map({key: (key | join(" ")), value: .packets}) | from_entries) as $was
		| [$after[0].rows[] | .packets -= ($was[key | join(" ")] // 0) | select(.packets > 0)
		   | {tenant, dir, reason, verdict, packets}]' > "$storm_work/counted.json"
	jq -r '"# \(.sent) packets in \(.seconds | floor) s, \(.sent / .seconds | floor) a second, \(.wanted) allowed; longest wait \(.slowest_ms) ms, \(.refused) refused by a full ring and sent again"' \
		"$storm_work/report.json"
}

# What the gateway knows of conversations that stopped.
stuck_told() {
	local near far
	jq -r '.stuck[] | "\(.near) \(.far)"' "$storm_work/report.json" | while read -r near far; do
		lab_cli "$build" -j flow show | jq -c --arg near "$near" --arg far "$far" \
			'.flows[]? | select(tostring | contains($near) and contains($far))' | sed 's/^/# /'
		grep -F "$near" "$lab_logs/eve.json" | grep -F "$far" | tail -5 | cut -c1-900 | sed 's/^/# /'
	done
}

report_is() { # JQ-CONDITION: of traffic's report; says what went wrong, and where the packets may be
	jq -e -s "length == 1 and (.[0] | .sent > 1000 and $1)" "$storm_work/report.json" > /dev/null && return 0
	jq -c 'del(.rows)' "$storm_work/report.json"
	cat "$storm_work/traffic.err"
	drivers_told
	stuck_told
	return 1
}

# The rows of the gateway are those of the traffic; the body that swings is compared in sum.
rows_agree() { # [TENANT...]: without these bodies
	jq -n --slurpfile report "$storm_work/report.json" --slurpfile counted "$storm_work/counted.json" \
		--argjson without "$(jq -nc '$ARGS.positional' --args -- "$@")" '
		def rows: map(select(.tenant as $t | $without | index($t) | not) | {tenant, dir, reason, packets}) | sort;
		($report[0].rows | rows) as $sent | ($counted[0] | rows) as $got
		| {same: ($sent == $got and ($sent | length) > 10), only_sent: ($sent - $got), only_counted: ($got - $sent)}' > "$storm_work/rows"
	cat "$storm_work/rows"
	jq -e -s 'length == 1 and .[0].same' "$storm_work/rows" > /dev/null
}

sums_agree() { # FLOOD: packets of a flood that reached the gateway beside the traffic, or none
	jq -n --slurpfile report "$storm_work/report.json" --slurpfile counted "$storm_work/counted.json" --argjson flood "${1:-0}" '
		$report[0] as $r | ($counted[0] | map(.packets) | add) as $all
		| ($counted[0] | map(select(.verdict == "forward") | .packets) | add) as $forward
		| {sent: ($r.sent + $flood), counted: $all, arrived: ($r.arrived + $r.flood), forwarded: $forward}' > "$storm_work/sums"
	cat "$storm_work/sums"
	jq -e -s 'length == 1 and (.[0] | .sent > 1000 and .sent == .counted and .arrived == .forwarded)' "$storm_work/sums" > /dev/null
}

# A wire does not wait for a share of the CPU, so the flood goes before others.
flood() { # INTERFACE PPS SECONDS: SYNs to body "flooded", from the Internet
	nice -n -15 nsenter --net=/run/netns/sek-net -- "$build/tests/soak/flood" "$@" > "$storm_work/flood.json"
}

flood_arrived() { # what the far end's ring took of it; the rest was never the gateway's
	local before after
	before=$(awk '/^wan.*xdp_xmit_errors/ { sum += $2 } END { print sum + 0 }' "$storm_work/drivers.before")
	after=$(awk '/^wan.*xdp_xmit_errors/ { sum += $2 } END { print sum + 0 }' "$storm_work/drivers.after")
	jq --argjson lost $((after - before)) '.made - $lost' "$storm_work/flood.json"
}

flood_told() {
	echo "# the flood: $(jq -r '"\(.made) SYNs made in \(.seconds) s"' "$storm_work/flood.json"), $(flood_arrived) taken by the wire"
}

flooded() { # REASON LOW HIGH: packets of the flooded body
	within "$(jq --arg r "$1" '[.[] | select(.tenant == "flooded" and .reason == $r) | .packets] | add // 0' "$storm_work/counted.json")" "$2" "$3"
}

# The three promises of every storm, and the counters.
storm_checks() { # [TENANT...]: bodies whose rows are compared in sum only
	check "no packet that policy allows is lost, no flow cut" report_is '.lost == 0 and .doubled == 0'
	check "no packet passes that policy denies, none comes out changed" report_is '.leaked == 0 and .strays == 0'
	check "the gateway's counters are the packets sent, by body, direction and reason" rows_agree "$@"
	check "their sum is what was sent, and what was forwarded is what arrived" sums_agree
}
