# SPDX-License-Identifier: Apache-2.0
# The walk of a manual, as it is printed; sourced. Who sources says by the functions walk_gateway, walk_body
# and walk_other how a file of commands is run there, and whether install is for real.

walk_says() { # STEP: the output holds each line that the manual shows, in whatever columns
	local line
	while read -r line; do
		tr -s ' \t' ' ' < "$1.out" | grep -qF -- "$line" || { echo "not said: $line"; return 1; }
	done < <(tr -s ' ' < "$1.says")
}
walk_once() { # STEP WHERE FAILS
	local status=0
	"walk_$2" "$1.sh" > "$1.out" 2>&1 || status=$?
	if [ "$3" = fails ]; then
		[ $status != 0 ]
	else
		[ $status = 0 ] && walk_says "$1"
	fi
}
walk_step() { # STEP
	local how where=gateway fails='' tries=0
	how=$(cat "$1.how")
	case $how in *body*) where=body ;; *other*) where=other ;; *install*) where=install ;; esac
	case $how in *fails*) fails=fails ;; esac
	case $how in *soon*) tries=10 ;; esac
	if [ $tries -gt 0 ]; then
		lab_wait $tries walk_once "$1" $where "$fails"
	else
		walk_once "$1" $where "$fails"
	fi || { cat "$1.sh" "$1.out"; walk_says "$1"; return 1; }
}
walk() { # FOLDER: as walk.py leaves it
	local step
	for step in "$1"/*.sh; do
		walk_step "${step%.sh}" || return 1
	done
}
