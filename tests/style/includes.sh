#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The include graph of the house: include <- bpf; include <- policy <- agent. Fails on a breach.
set -eu
cd "$(dirname "$0")/../.."
status=0

breach() { # what pattern files...: no file may include what matches
	what=$1 pattern=$2
	shift 2
	found=$(grep -nE "^#include \"($pattern)" "$@" 2> /dev/null) || return 0
	echo "$found" | sed "s|^|include graph: $what: |"
	status=1
}

policy_rooms='text|names|model|compile|prove|install|lists|capture|explain|preview|cli'
agent_tops='(agent|change|confirm|control|editions|lists_care|request|rundir|settings|standing|wholeness)\.h'
agent_rooms="base/|dataplane/|report/|method/|watch/|inspect/|proto/|detect/|file/|scan/|replay/|page/|fetch/|$agent_tops"
bpf_rooms='core|parse|stage|rewrite'
find_c() { find "$1" -name '*.[ch]' | sort; }

# shellcheck disable=SC2046
{
	breach "include/ is below everything" "$policy_rooms|$agent_rooms|$bpf_rooms" $(find include -type f)
	breach "bpf/ knows only include/" "$policy_rooms/|base/|dataplane/|inspect/" $(find_c bpf)
	breach "policy/ never includes agent/ or bpf/" "$agent_rooms|($bpf_rooms)/" $(find_c policy)
	breach "agent/ uses policy/ as a library, not its command" "cli/|($bpf_rooms)/" $(find_c agent)
	breach "text/ is the lowest room of policy/" "model|compile|prove|install|lists|cli" $(find_c policy/text)
	breach "model/ stands on text/ alone" "compile|prove|install|lists|cli" $(find_c policy/model)
	breach "compile/ is pure" "prove|install|cli" $(find_c policy/compile)
	breach "prove/ is pure" "install|cli" $(find_c policy/prove)
	breach "lists/ is pure" "install|cli" $(find_c policy/lists)
	breach "capture/ knows files, no policy" "model|compile|prove|install|lists|cli" $(find_c policy/capture)
	breach "install/ serves the command, not the reverse" "explain|preview|cli" $(find_c policy/install)
	breach "explain/ answers the command" "lists|capture|cli" $(find_c policy/explain)
	breach "preview/ knows files and policies, no kernel" "install|cli" $(find_c policy/preview)
	breach "the engine knows no kernel and no agent" "dataplane/|method/|control\.h|agent\.h|install/" \
		$(find_c agent/inspect) $(find_c agent/proto) $(find_c agent/detect) $(find_c agent/file) $(find_c agent/scan)
	breach "parsers know no rules" "detect/" $(find_c agent/proto | grep -v /session.c)
	breach "scan/ knows files, no packet" "inspect/|proto/|detect/|file/|report/" $(find_c agent/scan)
	breach "base/ knows no packet" "dataplane|report|control|agent|settings|model|compile|prove|install|lists|cli" $(find_c agent/base)
}
exit $status
