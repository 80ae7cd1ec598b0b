#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# demo.sh BUILD: raises the lab, sends real clients of all 21 bodies through the gateway and shows
# what it did. Leaves the lab up; `make demo-down` ends it.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lab.sh"
build=$(cd "$1" && pwd)
saga=$(realpath "$here/../../policy/saga/saga.yaml")
work=$lab_tmp/demo

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
code() { # NS URL: the HTTP status, or 000
	in_ns "$1" curl -sg -o /dev/null --max-time "${3:-15}" -w '%{http_code}' "$2" || true
}

body_clients() { # N: what one body's people do; one line of JSON
	local n=$1 ns web4 web6 dns ping4 ping6 listed telnet rate name site
	ns=sek-b$(printf %02d "$n")
	web4=$(code "$ns" http://203.0.113.80/)
	web6=$(code "$ns" 'http://[2001:db8:ffff::80]/')
	dns=$(in_ns "$ns" dig +short +time=5 @198.51.100.53 www.example A)
	ping4=$(in_ns "$ns" ping -q -c 1 -W 5 203.0.113.80 > /dev/null && echo true || echo false)
	ping6=$(in_ns "$ns" ping -q -c 1 -W 5 2001:db8:ffff::80 > /dev/null && echo true || echo false)
	listed=$(code "$ns" http://198.51.100.66/ 0.5)
	telnet=$(in_ns "$ns" nc -zw 1 203.0.113.80 23 > /dev/null 2>&1 && echo true || echo false)
	name=$(in_ns "$ns" dig +time=5 @198.51.100.53 malware.example A | awk '/status:/ { print $6 } $4 == "A" { print $5 }' | tr -d '\n')
	in_ns "$ns" curl -s -o /dev/null --max-time 5 -H 'Host: www.malware.example' http://203.0.113.80/
	site=$?
	for _ in 1 2 3; do
		rate=$(lab_iperf "$ns" -t 3 | jq -e '.end.sum_received.bits_per_second') && break
	done
	jq -nc --argjson n "$n" --arg web4 "$web4" --arg web6 "$web6" --arg dns "$dns" --argjson ping4 "$ping4" \
		--argjson ping6 "$ping6" --arg listed "$listed" --argjson telnet "$telnet" --argjson bps "${rate:-0}" \
		--arg name "$name" --argjson site "$site" \
		'{id: $n, web4: $web4, web6: $web6, dns: $dns, ping4: $ping4, ping6: $ping6, listed: $listed, telnet: $telnet,
		  name: $name, site: $site, bps: $bps}'
}

set -e
say "Raising the lab: 21 bodies on a VLAN trunk, the gateway, an Internet with nginx, a DNS server and iperf3"
lab_fresh
mkdir -p "$work"
lab_trunk "$build" 21
lab_servers
say "Starting sekishod with policy/saga"
lab_agent "$build" "$saga"
lab_cli "$build" agent status
set +e

say "Each body's people at work: curl, dig, ping, iperf3, both families; and what they should not do"
for n in $(seq 21); do
	body_clients "$n" >> "$work/clients.json"
	printf '\r  %d of 21 bodies' "$n"
done
echo
in_ns sek-net curl -s --max-time 1 -o /dev/null http://10.1.0.10/     # a stranger knocks at Saga city
ip -n sek-b02 addr add 10.1.0.99/32 dev eth0                          # Karatsu pretends to be Saga city
in_ns sek-b02 ping -q -c 2 -W 1 -I 10.1.0.99 203.0.113.80 > /dev/null
ip -n sek-b02 addr del 10.1.0.99/32 dev eth0
sleep 1

lab_cli "$build" -j tenant show > "$work/tenants.json"
lab_cli "$build" -j rate show > "$work/rates.json"
lab_cli "$build" -j stats show reason > "$work/stats.json"
jq -c 'select(.event_type == "drop" and .drop.reason != "rate_bits")' "$lab_logs"/eve.json |
	jq -s '{events: .}' > "$work/events.json"
say "What passed, at what rate against its limit, and what was stopped and why"
/usr/bin/python3 "$here/demo_table.py" "$work"
status=$?
lab_iperf_server

say "The last refusals, as recorded"
code sek-b01 http://198.51.100.66/ 0.5 > "$work/refused"
lab_wait 15 sh -c "test -n \"\$(tail -n 50 '$lab_logs/eve.json' | grep list_block)\""
lab_cli "$build" event list reason list_block last 3
lab_cli "$build" event list reason spoofed last 3
lab_cli "$build" event list reason name_block last 3
say "Why a name is blocked, for Saga city"
lab_cli "$build" url explain www.malware.example tenant saga
cat <<TEXT

The lab is still up. Look around:
  nsenter --net=/run/netns/sek-b01 curl http://203.0.113.80/          a body's client
  nsenter --net=/run/netns/sek-gw $build/sekisho --instance $lab_instance stats show
  nsenter --net=/run/netns/sek-gw $build/sekisho --instance $lab_instance top
  nsenter --net=/run/netns/sek-gw $build/sekisho --instance $lab_instance help
  make demo-down                                                      ends it
TEXT
exit $status
