#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# package.sh BUILD: makes BUILD/deb/*.deb of what `make all` left in BUILD, and lets lintian judge it. Debian's
# tools want debian/ beside the Makefile: they get it in a folder of links to the house.
# -d: tests/depends has seen to what is needed; of build-essential the C++ compiler is not.
set -eu
build=$(cd "$1" && pwd)
house=$(cd "$(dirname "$0")/../.." && pwd)
tree=$build/deb/sekisho

rm -rf "$build/deb"
mkdir -p "$tree"
for name in Makefile agent bpf docs include policy; do
	ln -s "$house/$name" "$tree/$name"
done
cp "$house/README.md" "$tree"
ln -s "$build" "$tree/build"
cp -r "$house/agent/system/debian" "$tree/debian"
log=$build/deb/build.log
(cd "$tree" && env -u MAKEFLAGS -u MAKELEVEL dpkg-buildpackage -b -d -us -uc) > "$log" 2>&1 || { tail -n 40 "$log"; exit 1; }
lintian --fail-on error,warning "$build"/deb/*.changes
rm -rf "$tree"
ls "$build"/deb/*.deb
