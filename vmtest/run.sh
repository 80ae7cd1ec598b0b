#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run.sh BUILD [NAME...]: the kernel tests inside a VM of each kernel of kernels.list.
# Kernels and virtme-ng are fetched as packages and unpacked under BUILD/vm, never installed.
# What the verifier walks through each program is held against budget.csv; the lines that would fit
# today's counts are printed. Ends with "N passed, N failed, N skipped".
set -eu -o pipefail

here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd)
shift
vm=$build/vm
mkdir -p "$vm/lists/partial" "$vm/archives/partial" "$vm/logs"

# A package list of our own over the same archive that this system already uses.
archive=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' |
	awk -v codename="$(. /etc/os-release && echo "$VERSION_CODENAME")" '$2 == codename { print $1; exit }')
[ -n "$archive" ] || { echo "run.sh: apt knows no Debian archive; is apt-get update needed?" >&2; exit 1; }
for suite in bookworm bookworm-backports trixie trixie-backports; do
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $archive $suite main"
done > "$vm/sources.list"
apt_options=(-qq -o "Dir::Etc::SourceList=$vm/sources.list" -o Dir::Etc::SourceParts=/dev/null
	-o "Dir::State::Lists=$vm/lists" -o "Dir::Cache=$vm" -o APT::Sandbox::User=root)

fetch() { # DIR PACKAGE[=VERSION]...: packages, unpacked into DIR
	local dir=$1 deb
	shift
	[ ! -e "$dir/.complete" ] || return 0
	rm -rf "$dir" && mkdir -p "$dir/debs"
	(cd "$dir/debs" && apt-get "${apt_options[@]}" download "$@")
	for deb in "$dir"/debs/*.deb; do
		dpkg -x "$deb" "$dir"
	done
	rm -rf "$dir/debs"
	chmod -R a+rX "$dir"
	touch "$dir/.complete"
}

kernel_packages() { # SUITE: the packages that hold its newest kernel and modules
	local version image
	version=$(apt-cache "${apt_options[@]}" madison linux-image-amd64 | awk -v suite="$1/main" '$0 ~ " " suite { print $3; exit }')
	image=$(apt-cache "${apt_options[@]}" show "linux-image-amd64=$version" |
		sed -n 's/^Depends:.*\(linux-image-[^ ]*-amd64\) .*/\1/p')
	[ -n "$image" ] || { echo "run.sh: suite $1 has no linux-image-amd64" >&2; return 1; }
	echo "$image"
	# From 7.x the image is empty and depends on its binary and its modules.
	apt-cache "${apt_options[@]}" depends "$image" | sed -n 's/^ *Depends: \(linux-\(binary\|modules\)-[^ ]*\)$/\1/p'
}

settle() { # DIR: merged-usr packages (7.x) get the layout of the older ones, which virtme-ng knows
	local image version
	image=$(find "$1/usr/lib/modules" -name vmlinuz 2> /dev/null) || true
	[ -n "$image" ] || return 0
	version=$(basename "$(dirname "$image")")
	mkdir -p "$1/boot" "$1/lib"
	mv "$image" "$1/boot/vmlinuz-$version"
	mv "$1/usr/lib/modules" "$1/lib/modules"
}

# What an emulated CPU is slow at, and no test is about: indirect calls by way of retpolines, memory that is
# cleared to be written next, "rep stos" (done word by word), clocks behind a device.
swift="mitigations=off init_on_alloc=0 clearcpuid=rep_good tsc=reliable"

run_kernel() { # NAME DIR [OPTION...]: boots it and runs guest.sh; the log holds its TAP
	local image log=$vm/logs/$1.log
	image=$(find "$2/boot" -name 'vmlinuz*' | head -n 1)
	[ -n "$image" ] || { echo "run.sh: no vmlinuz in $2" >&2; return 1; }
	PYTHONPATH=$vm/virtme/usr/lib/python3/dist-packages PATH=$vm/virtme/usr/bin:/usr/bin:/bin:/usr/sbin:/sbin \
		timeout -k 10 "${VM_TIMEOUT:-1800}" /usr/bin/python3 "$vm/virtme/usr/bin/virtme-ng" -r "$image" \
		--disable-kvm --force-9p --disable-microvm --user root --memory 4G --cpus 2 --append "$swift" "${@:3}" \
		-- "$here/guest.sh" "$build" > "$log" 2>&1 < /dev/null
}

# An emulated CPU that the host leaves waiting can miss the timer that the kernel tests at boot, and the
# kernel panics before its console is there. Such an end says nothing about a program: it is told and
# booted again, without that test, and at last with its console, so that an end for another reason is seen.
boots=3
boot_kernel() { # NAME DIR: run_kernel, again if guest.sh was never reached
	local boot status start options=()
	for ((boot = 1; boot <= boots; boot++)); do
		start=$(date +%s) status=0
		[ "$boot" = 1 ] || options=(--append no_timer_check)
		[ "$boot" -lt "$boots" ] || options+=(--verbose)
		run_kernel "$1" "$2" "${options[@]}" || status=$?
		! grep -q '^kernel ' "$vm/logs/$1.log" && [ "$status" -ne 124 ] || break
		echo "kernel $1 did not reach its tests: boot $boot of $boots ended with status $status after $(($(date +%s) - start)) s"
		tail -n 30 "$vm/logs/$1.log" | sed 's/^/    | /'
	done
	return "$status"
}

margin=5 # percent, and 50 instructions, that a budget is above the count it was made from
fitting=""
budget() { # NAME LOG: prints counts; those over their budget, and budgets without a count, fail
	local program limit insns
	grep -q '# insns ' "$2" || {
		echo "    not ok: no program was counted on $1"
		failed=$((failed + 1))
		return
	}
	while read -r program insns; do
		limit=$(awk -F, -v p="$program" -v k="$1" '$1 == p && $2 == k { print $3 }' "$here/budget.csv")
		fitting+="$program,$1,$((insns * (100 + margin) / 100 + 50))"$'\n'
		echo "    $program on $1: the verifier walks $insns instructions, budget ${limit:-none}"
		[ -n "$limit" ] && [ "$insns" -le "$limit" ] || {
			echo "    not ok: $program on $1 walks $insns instructions, its budget is ${limit:-not in budget.csv}"
			failed=$((failed + 1))
		}
	done < <(sed -n 's/.*# insns \([^ ]*\) \([0-9]*\).*/\1 \2/p' "$2")
	while read -r program; do
		grep -q "# insns $program [0-9]" "$2" || {
			echo "    not ok: $program has a budget on $1 but no count"
			failed=$((failed + 1))
		}
	done < <(awk -F, -v k="$1" '$2 == k { print $1 }' "$here/budget.csv")
}

apt-get "${apt_options[@]}" update
fetch "$vm/virtme" virtme-ng
passed=0 failed=0 skipped=0
while read -r suite name; do
	case " $* " in "  " | *" $name "*) ;; *) continue ;; esac
	mapfile -t packages < <(kernel_packages "$suite")
	fetch "$vm/kernel-$name" "${packages[@]}"
	settle "$vm/kernel-$name"
	start=$(date +%s)
	status=0
	boot_kernel "$name" "$vm/kernel-$name" || status=$?
	log=$vm/logs/$name.log
	ok=$(grep -cE '^ok [0-9]+' "$log" || true)
	bad=$(grep -cE '^not ok [0-9]+' "$log" || true)
	skip=$(grep -ciE '^ok [0-9]+.*# *skip' "$log" || true)
	if ! grep -q '^guest done$' "$log" || [ "$status" -ne 0 ]; then
		bad=$((bad + 1))
		tail -n 30 "$log" | sed 's/^/    | /'
	fi
	grep -A 5 -E '^not ok|crashed' "$log" | sed 's/^/    /' || true
	echo "kernel $name ($(sed -n 's/^kernel //p' "$log" | head -n 1)): $ok ok, $bad not ok, $(($(date +%s) - start)) s"
	budget "$name" "$log"
	passed=$((passed + ok - skip)) failed=$((failed + bad)) skipped=$((skipped + skip))
done < <(grep -v '^#' "$here/kernels.list")
printf 'budget.csv with %s %% and 50 above these counts:\n%s' "$margin" "$fitting"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
