# SPDX-License-Identifier: Apache-2.0
# Roots of a Debian, by debootstrap, kept in ROOTS between runs: SUITE.base as it comes, SUITE.build with
# what building needs. Sourced; $house and $roots are the caller's.

root_mirror() { # the one that this machine uses
	local site
	site=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' | grep -m 1 '/debian/*$')
	echo "${site:-http://deb.debian.org/debian}"
}

root_in() { # ROOT COMMAND...
	local root=$1
	shift
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
		unshare --mount --propagation private sh -c 'mount -t proc proc "$0/proc"; exec chroot "$0" "$@"' "$root" "$@"
}

root_kept() { # SUITE KIND: made once; a half-made one is begun anew
	local to=$roots/$1.$2
	[ ! -e "$to/made" ] || return 0
	rm -rf "$to"
	"root_$2" "$1" "$to" && touch "$to/made"
}

root_base() { # SUITE TO
	debootstrap --variant=minbase --include=systemd-sysv,ca-certificates "$1" "$2" "$(root_mirror)" &&
		root_in "$2" apt-get update -qq
}

root_build() { # SUITE TO
	cp -a "$roots/$1.base" "$2" && mkdir "$2/house" && cp "$house/tests/depends" "$2" && root_in "$2" /depends build package
}

# SUITE FROM-VERSION TO-VERSION: packages of both, the second with another kernel program, in SUITE.build/debs
root_packages() {
	local at=$roots/$1.build
	rm -rf "$at/debs" "$at/house/agent" && mkdir "$at/debs" &&
		tar -C "$house" -cf - Makefile README.md agent bpf docs include policy tests | tar -C "$at/house" -xf - || return 1
	root_in "$at" sh -euc '
		cd /house
		sed -i "1s/(.*)/($0)/" agent/system/debian/changelog
		make -j"$(nproc)" all
		agent/system/package.sh build
		cp build/deb/sekisho_*.deb /debs
		sed -i "1s/(.*)/($1)/" agent/system/debian/changelog
		make -j"$(nproc)" all build/tests/soak/other/sekishod
		cp build/tests/soak/other/sekishod build/sekishod
		agent/system/package.sh build
		cp build/deb/sekisho_*.deb /debs
		rm build/sekishod' "$2" "$3"
}
