#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The lab: network namespaces with bodies, the gateway and an Internet of real servers.
#   lab.sh up BUILD [POLICY]   raises it with 21 bodies behind a VLAN trunk and starts sekishod
#   lab.sh down                ends all of it
# Tests source it and call its functions; the bench too, with a lab_prefix and lab_instance of its own, so
# that a lab which stands stays. Names: sek-gw (gateway), sek-lan (the bodies' switch), sek-net (Internet),
# sek-bNN (body NN). Traffic never leaves these namespaces.

lab_here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lab_prefix=${lab_prefix:-sek}
lab_instance=${lab_instance:-lab}
lab_run=/run/sekisho-$lab_instance
lab_state=/var/lib/sekisho-$lab_instance
lab_logs=/var/log/sekisho-$lab_instance
lab_pins=/sys/fs/bpf/sekisho-$lab_instance
lab_tmp=${TMPDIR:-/tmp}/sekisho-$lab_instance

in_ns() { # NS COMMAND...: keeps /sys as it is, which `ip netns exec` does not
	local ns=$1
	shift
	nsenter --net="/run/netns/$ns" -- "$@"
}

lab_ns() { # NS...: makes namespaces that speak IPv6 at once
	local ns
	for ns in "$@"; do
		ip netns add "$ns"
		ip -n "$ns" link set lo up
		in_ns "$ns" sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 \
			net.ipv6.conf.all.accept_ra=0 net.ipv6.conf.default.accept_ra=0 \
			net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
	done
}

lab_wire() { # NS1 IF1 NS2 IF2: a cable, whose ends have $lab_queues queues
	local queues=(numtxqueues "${lab_queues:-1}" numrxqueues "${lab_queues:-1}")
	ip link add "$2" "${queues[@]}" netns "$1" type veth peer name "$4" "${queues[@]}" netns "$3"
	ip -n "$1" link set "$2" up
	ip -n "$3" link set "$4" up
}

# A host that talks to an XDP port must send whole checksums, real frames and tags inside the frame,
# and must have a NAPI instance (GRO) to be redirected to.
lab_real_nic() { # NS IF
	in_ns "$1" ethtool -K "$2" tx off tso off gso off gro on txvlan off rxvlan off > /dev/null
}

lab_spawn() { # NAME NS COMMAND...: a server of the lab, ended by lab_down
	local name=$1 ns=$2
	shift 2
	: > "$lab_tmp/$name.log" # at once, or who waits for a word in it may read that of the last one
	nsenter --net="/run/netns/$ns" -- setsid "$@" >> "$lab_tmp/$name.log" 2>&1 < /dev/null &
	echo $! > "$lab_tmp/$name.pid"
	disown
}

lab_stop() { # NAME [SIGNAL]: it, and what it started
	local pid
	pid=$(cat "$lab_tmp/$1.pid" 2> /dev/null) || return 0
	kill "-${2:-TERM}" -- "-$pid" 2> /dev/null || kill "-${2:-TERM}" "$pid" 2> /dev/null
	if ! lab_wait 30 lab_ended "$1"; then
		echo "$1 did not end within 30 s of SIG${2:-TERM}; killed" >&2
		kill -KILL -- "-$pid"
	fi
	rm -f "$lab_tmp/$1.pid"
}

lab_ended() { ! kill -0 "$(cat "$lab_tmp/$1.pid")"; } # NAME

lab_wait() { # SECONDS COMMAND...: until the command succeeds
	local end=$(($(date +%s) + $1))
	shift
	until "$@" > /dev/null 2>&1; do
		[ "$(date +%s)" -lt "$end" ] || return 1
		sleep 0.1
	done
}

lab_recorded() { # FILTER: of a record of the agent's; each is written a moment after what it tells of
	lab_wait 10 jq -se "any(.[]; $1)" "$lab_logs/eve.json"
}

lab_servers() { # the Internet's servers, in "$lab_prefix-net"
	local ip
	for ip in 203.0.113.80 198.51.100.53 203.0.113.5 198.51.100.66; do
		ip -n "$lab_prefix-net" addr add $ip/32 dev lo
	done
	for ip in 2001:db8:ffff::80 2001:db8:ffff::5 2001:db8:ff::53 2001:db8:bad::66; do
		ip -n "$lab_prefix-net" addr add $ip/128 dev lo
	done
	in_ns "$lab_prefix-net" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1

	mkdir -p "$lab_tmp/www"
	echo "the web server of the lab" > "$lab_tmp/www/index.html"
	head -c 10485760 /dev/urandom > "$lab_tmp/www/10M"
	cat > "$lab_tmp/nginx.conf" <<-CONF
		daemon off; pid $lab_tmp/nginx.own; error_log $lab_tmp/nginx.err; worker_processes 1;
		events { worker_connections 1024; }
		http { access_log off; root $lab_tmp/www; client_body_temp_path $lab_tmp/body;
		  proxy_temp_path $lab_tmp/proxy; fastcgi_temp_path $lab_tmp/fcgi;
		  uwsgi_temp_path $lab_tmp/uwsgi; scgi_temp_path $lab_tmp/scgi;
		  server { listen 80; listen [::]:80; listen 8080; listen [::]:8080; location /slow { alias $lab_tmp/www/10M; limit_rate 1m; } } }
	CONF
	lab_spawn nginx "$lab_prefix-net" nginx -c "$lab_tmp/nginx.conf"
	lab_spawn dns "$lab_prefix-net" dnsmasq --no-daemon --no-resolv --no-hosts --bind-interfaces \
		--listen-address=198.51.100.53 --listen-address=2001:db8:ff::53 --user=root --pid-file= \
		--address=/www.example/203.0.113.80 --address=/www.example/2001:db8:ffff::80
	lab_wait 30 in_ns "$lab_prefix-net" curl -so /dev/null http://203.0.113.80/
}

lab_listens() { # NS PORT: a TCP server stands there
	[ -n "$(in_ns "$1" ss -Hltn "sport = :$2")" ]
}

lab_iperf_server() { # [OPTION...]: a new one on port 5201, listening
	lab_stop iperf KILL
	lab_spawn iperf sek-net iperf3 -s -B 203.0.113.5 "$@"
	lab_wait 20 lab_listens sek-net 5201 || { echo "iperf3 -s does not listen:"; cat "$lab_tmp/iperf.log"; return 1; } >&2
}

# NS OPTION...: one measurement by iperf3 as JSON; its error, and 1, when there is none. A server
# serves one client at a time and is long busy with a UDP test that lost its last packets: each
# measurement has its own.
lab_iperf() {
	local ns=$1 out error
	shift
	lab_iperf_server -1 || return 1
	out=$(in_ns "$ns" timeout -k 1 60 iperf3 -J -c 203.0.113.5 "$@" 2>&1)
	lab_wait 2 lab_ended iperf # by itself, else it resets what the client still says
	lab_stop iperf KILL
	error=$(jq -r '.error // empty' <<< "$out" 2> /dev/null)
	if [ -z "$error" ] && jq -e '.end | .sum_received // .sum' <<< "$out" > /dev/null 2>&1; then
		printf '%s\n' "$out"
		return 0
	fi
	echo "iperf3 $* in $ns: ${error:-no result: ${out:0:200}}" >&2
	return 1
}

lab_body() { # N: body N behind the trunk, VLAN 100 + N
	local n=$1 nn net6
	nn=$(printf %02d "$n")
	net6=2001:db8:$(printf %x $((256 + n)))
	lab_ns "sek-b$nn"
	lab_wire sek-lan "b$nn" "sek-b$nn" eth0
	ip -n "sek-b$nn" addr add "10.$n.0.10/16" dev eth0
	ip -n "sek-b$nn" addr add "$net6::10/48" dev eth0 nodad
	ip -n "sek-b$nn" route add default via "10.$n.0.1"
	ip -n "sek-b$nn" -6 route add default via "$net6::1"
	lab_wire sek-net "m$nn" sek-net "r$nn"
	ip -n sek-net addr add "10.$n.0.1/16" dev "r$nn"
	ip -n sek-net addr add "$net6::1/48" dev "r$nn" nodad
}

lab_trunk() { # BUILD BODIES: switches and gateway of the bridge lab
	local build=$1 n nn lan=() wan=()
	lab_ns sek-gw sek-lan sek-net
	lab_wire sek-gw inside sek-lan lan
	lab_wire sek-gw outside sek-net wan
	for n in $(seq "$2"); do
		lab_body "$n"
		nn=$(printf %02d "$n")
		lan+=("b$nn:$((100 + n))")
		wan+=("m$nn:$((100 + n))")
	done
	lab_real_nic sek-lan lan
	lab_real_nic sek-net wan
	in_ns sek-lan "$build/tests/net/trunk" lan "${lan[@]}"
	in_ns sek-net "$build/tests/net/trunk" wan "${wan[@]}"
}

lab_routed() { # the route lab: bodies alpha and beta on ports of their own, no VLAN
	lab_ns "$lab_prefix-gw" "$lab_prefix-net" "$lab_prefix-b01" "$lab_prefix-b02"
	lab_wire "$lab_prefix-gw" in-a "$lab_prefix-b01" eth0
	lab_wire "$lab_prefix-gw" in-b "$lab_prefix-b02" eth0
	lab_wire "$lab_prefix-gw" outside "$lab_prefix-net" wan
	local n port
	for n in 1 2; do
		port=in-a
		[ $n = 1 ] || port=in-b
		ip -n "$lab_prefix-gw" addr add 10.$n.0.1/16 dev $port
		ip -n "$lab_prefix-gw" addr add 2001:db8:$n::1/48 dev $port nodad
		ip -n "$lab_prefix-b0$n" addr add 10.$n.0.10/16 dev eth0
		ip -n "$lab_prefix-b0$n" addr add 2001:db8:$n::10/48 dev eth0 nodad
		ip -n "$lab_prefix-b0$n" route add default via 10.$n.0.1
		ip -n "$lab_prefix-b0$n" -6 route add default via 2001:db8:$n::1
		lab_real_nic "$lab_prefix-b0$n" eth0
	done
	lab_real_nic "$lab_prefix-net" wan
	ip -n "$lab_prefix-gw" addr add 192.0.2.1/24 dev outside
	ip -n "$lab_prefix-gw" addr add 2001:db8:fe::1/64 dev outside nodad
	ip -n "$lab_prefix-net" addr add 192.0.2.2/24 dev wan
	ip -n "$lab_prefix-net" addr add 2001:db8:fe::2/64 dev wan nodad
	for n in 1 2; do
		ip -n "$lab_prefix-net" route add 10.$n.0.0/16 via 192.0.2.1
		ip -n "$lab_prefix-net" -6 route add 2001:db8:$n::/48 via 2001:db8:fe::1
	done
	ip -n "$lab_prefix-gw" route add default via 192.0.2.2
	ip -n "$lab_prefix-gw" -6 route add default via 2001:db8:fe::2
	in_ns "$lab_prefix-gw" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
}

lab_serves() { # BUILD: policy in force, every port attached
	lab_cli "$1" -j agent status | jq -e '.problems == []'
}

lab_agent() { # BUILD POLICY [OPTION...]: starts sekishod in sek-gw and waits until it serves
	local build=$1 policy=$2
	shift 2
	lab_spawn sekishod "$lab_prefix-gw" "$build/sekishod" --instance $lab_instance --policy "$policy" \
		--metrics 127.0.0.1:9611 --foreground "$@"
	lab_wait 300 lab_serves "$build" && return 0 # an emulated machine is long at verifying
	echo "sekishod does not serve:" >&2
	tail -n 20 "$lab_tmp/sekishod.log" >&2
	return 1
}

lab_cli() { # BUILD WORD...: the command, against the lab's gateway
	local build=$1
	shift
	in_ns "$lab_prefix-gw" "$build/sekisho" --instance $lab_instance "$@"
}

lab_capturing() { lab_cli "$1" -j capture show | jq -e .running; } # BUILD

# BUILD NS VLAN: two frames of a body to a listed address, as they were sent, with what was said to them.
lab_captures() {
	local build=$1 file=$lab_tmp/live.pcapng sent=$lab_tmp/sent.pcap
	rm -f "$file" "$sent"
	lab_spawn sniffer "$2" tcpdump -i eth0 -U -w "$sent" 'tcp and dst host 198.51.100.66'
	lab_wait 20 test -s "$sent" || return 1
	lab_spawn capture "$lab_prefix-gw" "$build/sekisho" --instance $lab_instance -j capture start "$file" \
		reason list_block dst 198.51.100.66 proto tcp port 80 count 2 for 40s snaplen 1514 -m "why no $2"
	lab_wait 20 lab_capturing "$build" || return 1
	in_ns "$2" curl -s --max-time 5 http://198.51.100.66/
	lab_wait 40 lab_ended capture || return 1
	lab_wait 5 sh -c "[ \$(tshark -r '$sent' 2> /dev/null | wc -l) -ge 2 ]"
	lab_stop sniffer
	grep '^{' "$lab_tmp/capture.log" | jq -e '.ended == "the number of frames is reached" and .written == 2 and
		.offered == .written + .suppressed + .lost + .late' || return 1
	tshark -r "$file" -T fields -e frame.comment -e vlan.id -e frame.interface_name > "$lab_tmp/said" || return 1
	cat "$lab_tmp/said"
	[ "$(grep -cP "verdict=drop reason=list_block tenant=\S+ dir=out list=\S+ policy=\d+\t$3\t\S" "$lab_tmp/said")" = 2 ] ||
		return 1
	set -- -T fields -e ip.id -e ip.src -e tcp.srcport -e tcp.seq_raw -e tcp.options -e frame.len
	tshark -r "$file" "$@" | awk -F'\t' '{ $6 -= 4; print }' > "$lab_tmp/captured" # the tag
	tshark -r "$sent" -c 2 "$@" | awk -F'\t' '{ $6 += 0; print }' | diff "$lab_tmp/captured" - || return 1
	tcpdump -nr "$file" > /dev/null && capinfos "$file" > /dev/null || return 1
	lab_cli "$build" -j policy history last 4 | jq -e '[.entries[] | select(.action == "capture") | .message] |
		any(startswith("begins")) and any(startswith("ended"))' &&
		grep -q '"action":"capture".*begins: .*why no ' "$lab_logs/eve.json"
}

lab_capture_over() { lab_cli "$1" -j capture show | jq -e '.running == false'; } # BUILD
# BUILD NS: it ends with the command that began it, and there is one at a time.
lab_capture_ends() {
	local build=$1
	rm -f "$lab_tmp/live.pcapng"
	lab_spawn capture "$lab_prefix-gw" "$build/sekisho" --instance $lab_instance capture start "$lab_tmp/live.pcapng" \
		proto icmp
	lab_wait 20 lab_capturing "$build" || return 1
	! lab_cli "$build" capture start "$lab_tmp/other.pcapng" || return 1
	[ ! -e "$lab_tmp/other.pcapng" ] || return 1
	in_ns "$2" ping -q -c 3 -i 0.2 -W 5 203.0.113.80 || return 1
	lab_stop capture KILL
	lab_wait 20 lab_capture_over "$build" || return 1
	[ "$(tshark -r "$lab_tmp/live.pcapng" -Y 'icmp' 2> /dev/null | wc -l)" = 6 ] &&
		! lab_cli "$build" capture stop
}

lab_down() {
	local pidfile ns
	if [ -d "$lab_tmp" ]; then
		for pidfile in "$lab_tmp"/*.pid; do
			[ ! -e "$pidfile" ] || lab_stop "$(basename "$pidfile" .pid)" KILL 2> /dev/null
		done
	fi
	for ns in $(ip netns list | sed -n "s/^\($lab_prefix-[a-z0-9]*\).*/\1/p"); do
		ip netns pids "$ns" | xargs -r kill -9 2> /dev/null
		ip netns del "$ns"
	done
	awk -v under="$lab_tmp/" -v logs="$lab_logs" 'index($2, under) == 1 || $2 == logs { print $2 }' /proc/mounts |
		tac | xargs -r umount -l
	rm -rf "$lab_pins" "$lab_run" "$lab_state" "$lab_logs" "$lab_tmp"
}

lab_fresh() { # ends what an earlier run left, makes the scratch folder
	lab_down
	mkdir -p "$lab_tmp"
	mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
	set -eu
	case ${1:-} in
	up)
		build=$(cd "$2" && pwd)
		lab_fresh
		lab_trunk "$build" 21
		lab_servers
		lab_iperf_server
		lab_agent "$build" "$(realpath "${3:-$lab_here/../../policy/saga/saga.yaml}")"
		;;
	down) lab_down ;;
	*)
		echo "usage: $0 up BUILD [POLICY] | down" >&2
		exit 2
		;;
	esac
fi
