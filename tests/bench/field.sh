#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The bench's field, of the lab's blocks. Called by field.c: field.sh BUILD WORD [MORE].
#   up live   bench-lan --- gateway (bench-gw) or bare redirect (bench-bare) --- bench-net
#   up tcp    hosts with real stacks: (bench-cPATH)eth0 --- gateway or bare redirect --- eth0(bench-sPATH)
#   up tc     the same with offloads on, and the gateway's ports by TC
#   up rate   the gateway with bodies 10.1 to 10.4 limited to 1, 10, 100 and 1,000 Mbit/s, one pair of hosts
#   rates N   iperf3 from each of the bodies at once, N streams each on a CPU of its own; prints bits/s a body
#   mtu N     of every interface of `up tcp`
#   tcp PATH  one iperf3 stream; prints bits/s
#   up dns    as `up live`, the gateway with a million names of names.rpz, which stands in the file that it prints
#   up http   as `up tcp`, the gateway with those names, and squid with them as `dstdomain` on a third path, proxy
#   up inline as `up tcp`, the gateway inspects everything by all public rules; a third path, ips, is for Suricata
#   ips       Suricata in line on that path, by AF_PACKET, with the same rules
#   bulk PATH, kept PATH, anew PATH, handback, block, reloads N, idle   figures of `up inline`, printed
#   refused   prints how many packets the gateway has refused for their names
#   nft       beside `live` two routers with nftables, bench-nft and bench-walk
# A path's ends bear its name (gate, bare, nft, walk) in bench-lan and bench-net. The last line printed says what
# is wrong; status 77: this machine cannot.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
lab_prefix=bench lab_instance=bench
. "$here/../net/lab.sh"
build=$(cd "$1" && pwd)

# What else runs on this machine waits, or it would be in the figures. One stream of bulk TCP, an end a CPU, runs
# alone. Many with limits only go ahead of others (the scheduler weighs sessions, and processes in them): at
# real-time priority they stood still when softirqs that the kernel had put off found no CPU.
alone=(chrt -f 1)
ahead=(setsid sh -c 'echo -10 2> /dev/null > /proc/self/autogroup; exec nice -n -10 "$@"' ahead)

path() { # NAME NS: a cable on each side; what is in between has the same addresses on each path
	lab_wire "$2" inside bench-lan "$1"
	lab_wire "$2" outside bench-net "$1"
	ip -n "$2" link set inside address 02:00:00:00:00:01
	ip -n "$2" link set outside address 02:00:00:00:00:02
}

quiet() { # NS...: nothing but what is measured
	local ns
	for ns in "$@"; do
		in_ns "$ns" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
	done
}

prefixes() { # 100,000 networks of 24 bits, never those of the frames
	/usr/bin/python3 -c '
import random
random.seed(1)
nets = set()
while len(nets) < 100000:
    nets.add((random.randrange(11, 190), random.randrange(256), random.randrange(256)))
for net in sorted(nets):
    print("%d.%d.%d.0/24" % net)'
}

policy_ports() { # [MORE]: what else each port has
	cat <<-YAML
		version: 1
		ports:
		  - {name: inside, id: 1, side: inside, mode: bridge, peer: outside${1:-}}
		  - {name: outside, id: 2, side: outside, mode: bridge, peer: inside${1:-}}
	YAML
}

policy() { # [MORE]: a body with all that a body has: lists, rules, quotas, rates
	local i
	policy_ports "${1:-}"
	cat <<-YAML
		lists:
		  - {name: drop, id: 0, kind: block, category: hijacked, source: drop.txt, format: plain}
		tenants:
		  - name: body
		    id: 1
		    attach: [{port: inside}, {port: outside}]
		    prefixes: [10.1.0.0/16]
		    lists: {block: [drop]}
		    rate: {up: 100G, down: 100G}
		    quota: {flows: 64k, half_open: 32k, source_flows: 32k, source_half_open: 16k, source_rate: 100000}
		    default: {out: drop, in: drop}
		    rules:
	YAML
	for i in $(seq 100); do
		echo "      - {name: no-$i, dir: out, src: 10.1.$((100 + i)).0/24, proto: tcp, dport: $((1000 + i)), action: drop}"
	done
	echo "      - {name: all, dir: out, action: accept}"
}

gateway() { # [MORE]: the real agent with the policy in force and its list loaded
	policy "${1:-}" > "$lab_tmp/bench.yaml"
	prefixes > "$lab_tmp/drop.txt"
	lab_agent "$build" "$lab_tmp/bench.yaml"
	lab_wait 20 list_loaded
}
list_loaded() { lab_cli "$build" -j list show | jq -e '.lists[] | select(.list == "drop") | .entries == 100000'; }

zone() { # a million names and all that is below them, as a response policy zone
	/usr/bin/python3 -c '
print("$TTL 60\n$ORIGIN rpz.bench.\n@ SOA localhost. root.localhost. 1 60 60 60 60\n@ NS localhost.")
for i in range(1000000):
    name = "www%d.%08x.com" % (i % 7, i * 2654435761 % 2**32)
    print(name + " CNAME .\n*." + name + " CNAME .")' > "$lab_tmp/names.rpz"
}
names_policy() {
	policy_ports
	cat <<-YAML
		lists:
		  - {name: many, id: 0, holds: names, kind: block, format: rpz, source: names.rpz}
		tenants:
		  - name: body
		    id: 1
		    attach: [{port: inside}, {port: outside}]
		    prefixes: [10.1.0.0/16]
		    quota: {flows: 64k, half_open: 32k, source_flows: 32k, source_half_open: 16k, source_rate: none}
		    default: {out: accept, in: drop}
		    names: {block: [many], answer: nxdomain}
	YAML
}
names_loaded() { lab_cli "$build" -j list show | grep -q 1000000; }
names_gateway() { # the agent with them in force
	zone
	names_policy > "$lab_tmp/bench.yaml"
	lab_agent "$build" "$lab_tmp/bench.yaml"
	lab_wait 60 names_loaded || { echo "the names are not loaded"; exit 1; }
}

up_dns() {
	lab_ns bench-gw bench-lan bench-net
	quiet bench-gw bench-lan bench-net
	path gate bench-gw
	names_gateway
	echo "$lab_tmp/names.rpz"
}
refused() {
	lab_cli "$build" -j stats show reason |
		jq '[.rows[] | select(.reason == "name_block") | .packets] | add // 0'
}

squid_up() { # between bench-cproxy and bench-sproxy
	command -v squid > /dev/null || { echo "squid is not installed"; exit 77; }
	sed -n 's/^\*\(.*\) CNAME \.$/\1/p' "$lab_tmp/names.rpz" > "$lab_tmp/names.squid"
	ip -n bench-proxy addr add 10.1.0.1/16 dev inside
	ip -n bench-proxy addr add 198.51.100.2/24 dev outside
	install -d -o proxy "$lab_tmp/squid"
	echo "198.51.100.1 www.static.example" > "$lab_tmp/squid/hosts"
	cat > "$lab_tmp/squid.conf" <<-CONF
		http_port 10.1.0.1:3128
		acl listed dstdomain "$lab_tmp/names.squid"
		http_access deny listed
		http_access allow all
		hosts_file $lab_tmp/squid/hosts
		cache deny all
		cache_mem 8 MB
		access_log none
		cache_log $lab_tmp/squid/log
		coredump_dir $lab_tmp/squid
		pid_filename none
		pinger_enable off
		visible_hostname bench
	CONF
	lab_spawn squid bench-proxy squid -N -f "$lab_tmp/squid.conf"
	lab_wait 180 squid_listens || { tail -n 1 "$lab_tmp/squid/log"; exit 1; }
}
squid_listens() { lab_listens bench-proxy 3128; }

up_http() {
	lab_ns bench-gw bench-bare bench-proxy
	quiet bench-gw bench-bare bench-proxy
	hosts gate bench-gw
	hosts bare bench-bare
	hosts proxy bench-proxy
	names_gateway
	squid_up
}

up_live() {
	lab_ns bench-gw bench-bare bench-lan bench-net
	quiet bench-gw bench-bare bench-lan bench-net
	path gate bench-gw
	path bare bench-bare
	gateway
}

hosts() { # PATH NS [OFFLOADS]: a client, a server, and what is measured between them
	lab_ns "bench-c$1" "bench-s$1"
	quiet "bench-c$1" "bench-s$1"
	lab_wire "$2" inside "bench-c$1" eth0
	lab_wire "$2" outside "bench-s$1" eth0
	if [ "${3:-off}" = off ]; then
		lab_real_nic "bench-c$1" eth0
		lab_real_nic "bench-s$1" eth0
	fi
	ip -n "bench-c$1" addr add 10.1.0.10/16 dev eth0
	ip -n "bench-c$1" route add 198.51.100.0/24 dev eth0
	ip -n "bench-s$1" addr add 198.51.100.1/24 dev eth0
	ip -n "bench-s$1" route add 10.1.0.0/16 dev eth0
}

up_tcp() {
	lab_ns bench-gw bench-bare
	quiet bench-gw bench-bare
	hosts gate bench-gw
	hosts bare bench-bare
	gateway
}

up_tc() {
	lab_ns bench-gw bench-bare
	quiet bench-gw bench-bare
	hosts gate bench-gw on
	hosts bare bench-bare on
	gateway ", hook: tc"
}

up_rate() {
	local body=0 limit
	lab_ns bench-gw
	quiet bench-gw
	hosts gate bench-gw
	policy_ports > "$lab_tmp/bench.yaml"
	echo "tenants:" >> "$lab_tmp/bench.yaml"
	for limit in 1M 10M 100M 1G; do
		body=$((body + 1))
		[ $body = 1 ] || ip -n bench-cgate addr add 10.$body.0.10/16 dev eth0
		[ $body = 1 ] || ip -n bench-sgate route add 10.$body.0.0/16 dev eth0
		cat >> "$lab_tmp/bench.yaml" <<-YAML
			  - name: body-$body
			    id: $body
			    attach: [{port: inside}, {port: outside}]
			    prefixes: [10.$body.0.0/16]
			    rate: {up: $limit, down: $limit}
			    default: {out: accept, in: drop}
		YAML
	done
	lab_agent "$build" "$lab_tmp/bench.yaml"
}

streams() { # CPUS COMMAND...: for each body and CPU
	local body cpu
	for body in 1 2 3 4; do
		for cpu in $(seq 0 $(($1 - 1))); do
			"${@:2}" $body $cpu $((first_port + body * 10 + cpu))
		done
	done
}
serve_stream() { # BODY CPU PORT
	in_ns bench-sgate "${ahead[@]}" timeout 40 iperf3 -s -1 -p $3 > /dev/null 2>&1 &
	lab_wait 5 listens gate $3 || { echo "no iperf3 server on port $3"; exit 1; }
}
send_stream() {
	in_ns bench-cgate "${ahead[@]}" timeout 30 iperf3 -C cubic -c 198.51.100.1 -B 10.$1.0.10 -p $3 -t 11 -A $2 > "$lab_tmp/sent-$1-$2" 2>&1 &
}
arrived() { # FIRST-PORT: the time, and bytes that the stacks of the servers received for each body
	in_ns bench-sgate "${ahead[@]}" ss -Htin | awk -v first="$1" -v now="$EPOCHREALTIME" '
		/^[A-Z]/ { n = split($4, end, ":"); body = int((end[n] - first) / 10) }
		match($0, /bytes_received:[0-9]+/) { sum[body] += substr($0, RSTART + 15, RLENGTH - 15) }
		END { print now, sum[1] + 0, sum[2] + 0, sum[3] + 0, sum[4] + 0 }'
}
# Over 8 s in the midst of the streams. A server that waits for its CPU reads late, so its stack is asked.
rates() { # CPUS
	local first=$((20000 + RANDOM % 10000)) from to
	first_port=$first
	streams "$1" serve_stream
	streams "$1" send_stream
	sleep 2
	from=$(arrived $first)
	sleep 8
	to=$(arrived $first)
	wait
	echo "$from $to" | awk '{ for (i = 2; i <= 5; i++) { bits = ($(i + 5) - $i) * 8 / ($6 - $1); printf "%.0f ", bits
		missing += !bits } } END { print ""; exit missing }' || { tail -qn 1 "$lab_tmp"/sent-*; exit 1; }
}

mtu() { # N
	local end
	for end in cgate:eth0 gw:inside gw:outside sgate:eth0 cbare:eth0 bare:inside bare:outside sbare:eth0; do
		ip -n "bench-${end%:*}" link set "${end#*:}" mtu "$1"
	done
	lab_wait 5 port_mtu "$1"
}
port_mtu() { lab_cli "$build" -j port show | jq -e --argjson n "$1" '[.ports[].interfaces[].mtu == $n] | all'; }

# A server of its own for each stream: one that serves many is at times still busy with the last.
tcp() { # PATH
	local port=$((20000 + RANDOM % 10000)) server
	in_ns "bench-s$1" "${alone[@]}" timeout 30 iperf3 -s -1 -p $port -A 1 > /dev/null 2>&1 &
	server=$!
	lab_wait 5 listens "$1" $port
	in_ns "bench-c$1" "${alone[@]}" timeout 20 iperf3 -J -C cubic -c 198.51.100.1 -p $port -t 1 -A 0 > "$lab_tmp/tcp.json" || true
	wait $server || true
	jq -er '.end.sum_received.bits_per_second' "$lab_tmp/tcp.json" ||
		{ jq -r '.error // "iperf3 measured nothing"' "$lab_tmp/tcp.json"; exit 1; }
}
listens() { in_ns "bench-s$1" ss -Hltn "sport = :$2" | grep -q .; }

router() { # NS: routes both ways to neighbours that need no discovery
	lab_ns "$1"
	quiet "$1"
	path "${1#bench-}" "$1"
	in_ns "$1" sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.inside.rp_filter=0 \
		net.ipv4.conf.outside.rp_filter=0
	ip -n "$1" addr add 192.0.2.1/30 dev inside
	ip -n "$1" addr add 192.0.2.5/30 dev outside
	ip -n "$1" neigh replace 192.0.2.2 lladdr 02:00:00:00:00:03 dev inside nud permanent
	ip -n "$1" neigh replace 192.0.2.6 lladdr 02:00:00:00:00:04 dev outside nud permanent
	ip -n "$1" route add 10.1.0.0/16 via 192.0.2.2
	ip -n "$1" route add 198.51.100.0/24 via 192.0.2.6
	in_ns "$1" ethtool -K inside gro on # a NAPI instance, without which no XDP frame enters
	in_ns "$1" ethtool -K outside gro on
}

ruleset() { # ESTABLISHED: at once | after the rules
	local i
	echo "table inet bench {"
	echo " set bad { type ipv4_addr; flags interval; elements = { $(paste -sd, "$lab_tmp/drop.txt") }; }"
	echo " chain walk { type filter hook forward priority 0; policy accept; ip saddr @bad drop"
	[ "$1" != "at once" ] || echo "  ct state established,related accept"
	echo "  ct state invalid drop"
	for i in $(seq 100); do
		echo "  ip saddr 10.1.$((100 + i)).0/24 tcp dport $((1000 + i)) drop"
	done
	echo " }"
	echo "}"
}

nft_load() { # NS FILE
	in_ns "$1" nft -f "$2" 2> "$lab_tmp/nft.err" || { head -n 1 "$lab_tmp/nft.err"; exit 1; }
}

nft_paths() {
	command -v nft > /dev/null || { echo "nft is not installed (package nftables)"; exit 77; }
	router bench-nft
	router bench-walk
	ruleset "at once" > "$lab_tmp/nft.rules"
	ruleset "after the rules" > "$lab_tmp/walk.rules"
	in_ns bench-nft nft list ruleset > /dev/null 2>&1 || { echo "this kernel has no nftables"; exit 77; }
	nft_load bench-nft "$lab_tmp/nft.rules"
	nft_load bench-walk "$lab_tmp/walk.rules"
}

# --- inspection in line ---

public=${RULES:-$here/../../../shared/data/ids/rules/et-open.rules.gz}
inline_policy() {
	policy_ports
	cat <<-YAML
		tenants:
		  - name: body
		    id: 1
		    attach: [{port: inside}, {port: outside}]
		    prefixes: [10.1.0.0/16]
		    fail: closed
		    quota: {flows: 64k, half_open: 32k, source_flows: 32k, source_half_open: 16k, source_rate: none}
		    default: {out: inspect, in: drop}
	YAML
}
inline_rules() {
	[ -r "$public" ] || { echo "no public rules: $public (RULES says where)"; exit 77; }
	zcat "$public" > "$lab_tmp/all.rules"
	echo 'drop http any any -> any any (msg:"bench"; http.uri; content:"/to-be-blocked"; sid:9999999;)' >> "$lab_tmp/all.rules"
	mkdir -p "$lab_state" "$build/inline-bench"
	ln -sfn "$build/inline-bench" "$lab_state/rules" # compiled patterns stay
}
inline_serves() { lab_cli "$build" -j worker show | jq -e '.workers | length > 0 and all(.state == "serves" and .queues > 0)'; }
inline_inspects() { in_ns bench-cgate ping -q -c 1 -W 1 198.51.100.1; }
up_inline() {
	local path i
	lab_queues=2
	lab_ns bench-gw bench-bare bench-ips
	quiet bench-gw bench-bare bench-ips
	for path in gate:gw bare:bare ips:ips; do
		hosts "${path%:*}" "bench-${path#*:}"
		for i in 2 3 4 5 6 7 8; do
			ip -n "bench-s${path%:*}" addr add 198.51.100.$i/24 dev eth0
		done
	done
	inline_rules
	inline_policy > "$lab_tmp/bench.yaml"
	lab_agent "$build" "$lab_tmp/bench.yaml" --inspect-rules "$lab_tmp/all.rules"
	lab_wait 400 inline_serves || { echo "no worker serves"; exit 1; }
	lab_wait 20 inline_inspects || { echo "nothing passes the workers"; exit 1; }
	for path in gate bare ips; do web $path; done
}
web() { # PATH: pages in plain and over TLS at 80, 8080 and 443
	local size dir=$lab_tmp/web-$1
	mkdir -p "$lab_tmp/www" "$dir"
	for size in 30k 40k 1M 2M 10M 40M; do
		[ ! -e "$lab_tmp/www/$size" ] || continue
		head -c ${size/k/000} /dev/urandom > "$lab_tmp/www/$size" 2> /dev/null || head -c $size /dev/urandom > "$lab_tmp/www/$size"
	done
	echo "<html>$(yes 'lorem ipsum dolor' | head -n 56)</html>" > "$lab_tmp/www/1k.html"
	[ -e "$lab_tmp/cert.pem" ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
		-subj /CN=bench -keyout "$lab_tmp/key.pem" -out "$lab_tmp/cert.pem" 2> /dev/null
	cat > "$dir/conf" <<-CONF
		daemon off; pid $dir/own; error_log $dir/err; worker_processes 1;
		events { worker_connections 4096; }
		http { access_log off; sendfile on; tcp_nopush on; types { text/html html; } keepalive_requests 100000000; root $lab_tmp/www;
		  client_body_temp_path $dir/body; proxy_temp_path $dir/proxy; fastcgi_temp_path $dir/fcgi;
		  uwsgi_temp_path $dir/uwsgi; scgi_temp_path $dir/scgi;
		  server { listen 80 backlog=4096; listen 8080; }
		  server { listen 443 ssl; ssl_certificate $lab_tmp/cert.pem; ssl_certificate_key $lab_tmp/key.pem; } }
	CONF
	lab_spawn "web-$1" "bench-s$1" nginx -c "$dir/conf"
	lab_wait 20 listens "$1" 8080
}

suricata_settings() {
	/usr/bin/python3 - "$lab_tmp" <<-'PYTHON'
		import sys, yaml
		with open('/etc/suricata/suricata.yaml', encoding='utf-8') as file:
		    settings = yaml.load(file, yaml.BaseLoader)
		ends = ('inside', 'outside')
		settings['af-packet'] = [{'interface': end, 'copy-mode': 'ips', 'copy-iface': ends[1 - i], 'threads': '2',
		                          'cluster-id': str(97 + i), 'cluster-type': 'cluster_flow', 'defrag': 'no',
		                          'use-mmap': 'yes', 'tpacket-v3': 'no'} for i, end in enumerate(ends)]
		types = [{'alert': {}}, {'http': {'extended': 'yes'}}, 'dns', {'tls': {'extended': 'yes'}}, {'files': {}}]
		settings['outputs'] = [{'eve-log': {'enabled': 'yes', 'filetype': 'regular', 'filename': 'eve.json', 'types': types}}]
		settings['stats'] = {'enabled': 'no'}
		settings['unix-command'] = {'enabled': 'no'}
		settings['stream']['bypass'] = 'yes'
		settings['logging'] = {'outputs': [{'console': {'enabled': 'yes'}}]}
		with open(sys.argv[1] + '/suricata.yaml', 'w', encoding='utf-8') as file:
		    file.write('%YAML 1.1\n---\n' + yaml.dump(settings, sort_keys=False))
	PYTHON
}
ips_passes() { in_ns bench-cips ping -q -c 1 -W 1 198.51.100.1; }
ips() {
	command -v suricata > /dev/null || { echo "suricata is not installed"; exit 77; }
	suricata_settings || { echo "no settings for suricata"; exit 77; }
	for end in inside outside; do
		in_ns bench-ips ethtool -K $end gro off lro off tx off rx off > /dev/null 2>&1 || true
	done
	mkdir -p "$lab_tmp/suricata"
	lab_spawn suricata bench-ips suricata -c "$lab_tmp/suricata.yaml" -S "$lab_tmp/all.rules" --af-packet \
		-l "$lab_tmp/suricata" --runmode workers
	lab_wait 400 ips_passes || { tail -n 1 "$lab_tmp/suricata.log"; exit 77; }
}

bulk() { # PATH
	local port=$((20000 + RANDOM % 10000)) server
	in_ns "bench-s$1" "${ahead[@]}" timeout 30 iperf3 -s -1 -p $port > /dev/null 2>&1 &
	server=$!
	lab_wait 5 listens "$1" $port
	in_ns "bench-c$1" "${ahead[@]}" timeout 20 iperf3 -J -C cubic -c 198.51.100.1 -p $port -t 2 > "$lab_tmp/tcp.json" || true
	wait $server || true
	jq -er '.end.sum_received.bits_per_second' "$lab_tmp/tcp.json" ||
		{ jq -r '.error // "iperf3 measured nothing"' "$lab_tmp/tcp.json"; exit 1; }
}

# Fifty connections at once. Two of wrk's threads, as one asks one address and workers share flows out by both ends'.
wrk_run() { # PATH [OPTION...]: requests a second, and their p99 in microseconds
	local path=$1
	shift
	cat > "$lab_tmp/addresses.lua" <<-LUA
		local threads = 0
		function setup(thread)
		    threads = threads + 1
		    thread.addr = wrk.lookup("198.51.100." .. threads, "80")[1]
		end
	LUA
	in_ns "bench-c$path" "${ahead[@]}" wrk -t2 -c50 -d2s --timeout 5s --latency -s "$lab_tmp/addresses.lua" "$@" \
		http://198.51.100.1/1k.html > "$lab_tmp/wrk.log" 2>&1 || true
	awk '$1 == "99%" { p99 = $2; p99 *= $2 ~ /us$/ ? 1 : $2 ~ /ms$/ ? 1000 : 1e6 } $1 == "Requests/sec:" { rate = $2 }
		/Socket errors|Non-2xx/ { bad = $0 }
		END { if (bad || !rate) exit 1; print rate, p99 }' "$lab_tmp/wrk.log" || { tail -n 3 "$lab_tmp/wrk.log" | tr '\n' ' '; exit 1; }
}
kept() { wrk_run "$1"; }
anew() { wrk_run "$1" -H "Connection: close"; }

workers_sum() { lab_cli "$build" -j worker show | jq "[.workers[].$1] | add"; } # FIELD
wire_bytes() { in_ns bench-cgate cat /proc/net/dev | awk '$1 == "eth0:" { printf "%.0f\n", $2 + $10 }'; }
fetch_each() { # COUNT URL
	local i urls=()
	for i in $(seq "$1"); do urls+=(-o /dev/null "$2"); done
	in_ns bench-cgate curl -sk --max-time 60 "${urls[@]}"
}
# A mix of a day: seven bytes in eight are ciphered, most of what is fetched is small, most bytes are not.
handback() {
	local seen wire tls=https://198.51.100.1 plain=http://198.51.100.1:8080
	seen=$(workers_sum bytes) wire=$(wire_bytes)
	fetch_each 60 $tls/40k
	fetch_each 20 $tls/1M
	fetch_each 4 $tls/10M
	fetch_each 1 $tls/40M
	fetch_each 20 $plain/30k
	fetch_each 2 $plain/2M
	fetch_each 1 $plain/10M
	seen=$(($(workers_sum bytes) - seen)) wire=$(($(wire_bytes) - wire))
	awk -v seen=$seen -v wire=$wire 'BEGIN { print 1 - seen / wire; exit wire < 1e8 }'
}

block() { # the longest of 50 flows, in ms
	in_ns bench-cgate /usr/bin/python3 -c '
import socket, time
for n in range(50):
    s = socket.create_connection(("198.51.100.1", 8080))
    s.send(b"GET /to-be-blocked HTTP/1.1\r\nHost: www.example\r\n\r\n")
    time.sleep(0.01)'
	[ "$(workers_sum blocked)" -ge 50 ] || { echo "not all flows were blocked"; exit 1; }
	lab_cli "$build" -j worker show | jq '[.workers[].block_us] | max / 1000'
}

reloads() { # N: packets lost of a ping, and its longest wait in ms
	local i said pinger
	nsenter --net=/run/netns/bench-cgate -- "${ahead[@]}" ping -q -i 0.001 198.51.100.1 > "$lab_tmp/ping.log" 2>&1 &
	pinger=$!
	for i in $(seq "$1"); do
		lab_cli "$build" rule reload > "$lab_tmp/reload.log" 2>&1 || { tail -n 1 "$lab_tmp/reload.log"; exit 1; }
	done
	kill -INT $pinger
	wait $pinger || true
	said=$(sed -n 's/^\([0-9]*\) packets transmitted, \([0-9]*\) received.*/\1 \2/p; s|.*= [0-9.]*/[0-9.]*/\([0-9.]*\)/.*|\1|p' "$lab_tmp/ping.log")
	echo "$said" | awk 'NR == 1 { lost = $1 - $2 } NR == 2 { print lost, $1; found = 1 } END { exit !found }'
}

ticks() { awk '{ print $14 + $15 }' "/proc/$(cat "$lab_tmp/sekishod.pid")/stat"; }
idle() {
	local before
	before=$(ticks)
	sleep 5
	awk -v t=$(($(ticks) - before)) -v hz="$(getconf CLK_TCK)" 'BEGIN { print t / hz / 5 }'
}

case $2 in
up)
	lab_fresh
	"up_$3"
	;;
mtu) mtu "$3" ;;
rates) rates "$3" ;;
tcp) tcp "$3" ;;
nft) nft_paths ;;
refused) refused ;;
ips | handback | block | idle) "$2" ;;
bulk | kept | anew | reloads) "$2" "$3" ;;
down) lab_down ;;
*)
	echo "usage: field.sh BUILD up LAYOUT | mtu N | rates N | tcp PATH | nft | refused | ips | bulk PATH |
	kept PATH | anew PATH | handback | block | reloads N | idle | down" >&2
	exit 2
	;;
esac
