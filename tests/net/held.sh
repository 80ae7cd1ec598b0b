# SPDX-License-Identifier: Apache-2.0
# What the tests of held files share: sourced after lab.sh and tap.sh. Two bodies that inspect all they do;
# alpha fails open, beta closed. Bad are EICAR, and a file whose one end is nothing without the other.

held_policy() { # [YAML]: written to held.yaml; YAML stands in tenant alpha
	echo bad.example > "$lab_tmp/listed.txt"
	cat > "$lab_tmp/held.yaml" <<-YAML
		version: 1
		ports:
		  - {name: in-a, id: 1, side: inside, mode: route}
		  - {name: in-b, id: 2, side: inside, mode: route}
		  - {name: outside, id: 3, side: outside, mode: route}
		host:
		  addresses: [10.1.0.1, 10.2.0.1, 192.0.2.1]
		  rules: [{proto: icmp, action: accept}]
		lists:
		  - {name: listed, id: 0, holds: names, kind: block, category: malware, source: listed.txt, format: domains}
		tenants:
		  - name: alpha
		    id: 1
		    attach: [{port: in-a}, {port: outside}]
		    prefixes: [10.1.0.0/16, "2001:db8:1::/48"]
		    fail: open
		    names: {block: [listed], answer: nxdomain}
		    ${1:-inspect: {variables: {MAIL: [203.0.113.5]\}\}}
		    rules:
		      - {name: ftp-data, dir: in, src: 203.0.113.5, proto: tcp, sport: 20, action: inspect}
		    default: {out: inspect, in: drop}
		  - name: beta
		    id: 2
		    attach: [{port: in-b}, {port: outside}]
		    prefixes: [10.2.0.0/16, "2001:db8:2::/48"]
		    fail: closed
		    default: {out: inspect, in: drop}
	YAML
}

held_settings() { # [LINE...]: of sekisho.files
	cat > "$lab_tmp/bad.yar" <<-'YAR'
		rule eicar { strings: $a = "EICAR-STANDARD-ANTIVIRUS-TEST-FILE" condition: $a }
		rule halves { strings: $a = "THE-ONE-HALF-OF-IT" $b = "AND-THE-OTHER-HALF" condition: all of them }
	YAR
	cat > "$lab_tmp/held.conf" <<-YAML
		vars: {address-groups: {HOME_NET: "[172.16.0.0/12]"}}
		outputs:
		  - eve-log: {enabled: yes, types: [{alert: {}}, {files: {force-hash: [md5]}}, {anomaly: {enabled: yes}}, drop]}
		sekisho:
		  files:
		    archives: {enabled: yes}
		    yara: [$lab_tmp/bad.yar]
		    action: drop
	YAML
	[ $# = 0 ] || printf '    %s\n' "$@" >> "$lab_tmp/held.conf"
}

held_files() { # FOLDER
	# shellcheck disable=SC2016
	printf '%s' 'X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*' > "$1/eicar"
	(cd "$1" && zip -q inner.zip eicar && zip -q outer.zip inner.zip && rm inner.zip)
	{
		printf THE-ONE-HALF-OF-IT
		head -c 300000 /dev/urandom
		printf AND-THE-OTHER-HALF
		head -c 300 /dev/zero
	} > "$1/halves"
	head -c 3000000 /dev/urandom > "$1/good"
	echo short > "$1/short"
}

held_agent() { # BUILD [OPTION...]
	local build=$1
	shift
	lab_agent "$build" "$lab_tmp/held.yaml" --inspect-rules "$lab_tmp/held.rules" \
		--inspect-config "$lab_tmp/held.conf" "$@" && lab_wait 60 held_serving
}
held_serving() { [ "$(in_ns sek-b02 curl -s --max-time 2 http://203.0.113.80/short)" = short ]; }
held_said() { # FILTER: of a record
	lab_recorded "$1"
}
