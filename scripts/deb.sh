#!/bin/bash
# deb.sh - makes Debian packages of this tree, in BUILD/deb.
#
# The packaging lives in conf/debian, and the tools of Debian want it at the top of a source
# tree: so a copy of this one is made, without what was built in it.
set -eu
cd "$(dirname "$0")/.."

: "${BUILD:?}" "${VERSION:?}"

packaged=$(dpkg-parsechangelog -l conf/debian/changelog -S Version)
if [ "$packaged" != "$VERSION" ]; then
	echo "deb.sh: conf/debian/changelog says $packaged, the Makefile $VERSION" >&2
	exit 1
fi

rm -rf "$BUILD/deb"
tree=$BUILD/deb/clusterd-$VERSION
mkdir -p "$tree"
tar -c --exclude=./build --exclude=./.git --exclude=./.cluster . | tar -x -C "$tree"
cp -R conf/debian "$tree/debian"

# What make passed on is for this tree; that one is built anew by Debian's flags.
unset BUILD VERSION MAKEFLAGS MFLAGS MAKELEVEL CFLAGS CPPFLAGS LDFLAGS
if ! (cd "$tree" && dpkg-buildpackage --build=binary --unsigned-changes --no-sign) \
	>"$tree.log" 2>&1; then
	tail -n 40 "$tree.log" >&2
	exit 1
fi
ls "${tree%/*}"/*.deb
