#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Names and manner that a machine can check: licence lines, banned functions, file names, lengths.
set -eu
cd "$(dirname "$0")/../.."
status=0
tracked() { git ls-files --cached --others --exclude-standard -- "$@" | while read -r f; do [ ! -f "$f" ] || echo "$f"; done; }
complain() { # text, lines on stdin
	lines=$(cat)
	[ -z "$lines" ] || { echo "$lines" | sed "s|^|$1: |"; status=1; }
}

# Files whose first lines do not hold a pattern.
without() { # lines pattern file...
	lines=$1 pattern=$2
	shift 2
	awk -v lines="$lines" -v pattern="$pattern" 'FNR <= lines && $0 ~ pattern { has[FILENAME] }
		END { for (i = 1; i < ARGC; i++) if (!(ARGV[i] in has)) print ARGV[i] }' "$@"
}

# shellcheck disable=SC2046
{
	without 3 'SPDX-License-Identifier:' $(tracked '*.c' '*.h' '*.def' '*.sh' '*.test' '*.yaml' Makefile) > /tmp/style.$$
	complain "no SPDX line" < /tmp/style.$$
	without 1 'GPL-2.0-only OR BSD-2-Clause' $(tracked 'bpf/*.[ch]' 'include/*') > /tmp/style.$$
	complain "bpf/ and include/ are GPL-2.0-only OR BSD-2-Clause" < /tmp/style.$$
}

# shellcheck disable=SC2046
{
	grep -nE '[^_a-z](strcpy|strcat|sprintf|vsprintf|gets|atoi|atol|alloca|strtok)\(' \
		$(tracked 'policy/*.[ch]' 'agent/*.[ch]') > /tmp/style.$$ || true
	complain "banned function" < /tmp/style.$$
	grep -nE '[^_a-z.]exit\(' $(tracked 'policy/*.c' 'agent/*.c' | grep -v '/main\.c$') > /tmp/style.$$ || true
	complain "only main.c may exit" < /tmp/style.$$
	tracked | grep -E '(^|/)(util|utils|common|misc|helper|helpers)[._/]' > /tmp/style.$$ || true
	complain "a name that says nothing" < /tmp/style.$$
	grep -nE '^(#if 0|//.*;$)' $(tracked '*.c' '*.h') > /tmp/style.$$ || true
	complain "code that is commented out" < /tmp/style.$$
	awk 'FNR == 1 { n = 0 } { line = $0; gsub(/\t/, "        ", line) } length(line) > 110 && FILENAME !~ /\.def$/ { print FILENAME ":" FNR }' \
		$(tracked 'bpf/*' 'include/*.h' 'policy/*.[ch]' 'agent/*.[ch]') > /tmp/style.$$
	complain "line over 110 columns" < /tmp/style.$$
	wc -l $(tracked 'policy/*.c' 'agent/*.c' 'bpf/*.[ch]') | awk '$2 != "total" && $1 > 900 { print $2 " has " $1 " lines" }' > /tmp/style.$$
	complain "look again at the size of" < /tmp/style.$$
}

# Names that bpftool shows are cut at 15 characters.
sed -n 's/^SEK_MAP(\([a-z0-9_]*\),.*/\1/p' include/sekisho/maps.def | awk 'length > 15' > /tmp/style.$$
complain "map name over 15 characters" < /tmp/style.$$
# A reason number is a promise: unique, ascending, below the limit.
sed -n 's/^SEK_REASON(\([0-9]*\),.*/\1/p' include/sekisho/reasons.def |
	awk '$1 <= last && NR > 1 { print $1 } { last = $1 } $1 >= 128 { print $1 }' > /tmp/style.$$
complain "reason number out of order" < /tmp/style.$$
rm -f /tmp/style.$$
exit $status
