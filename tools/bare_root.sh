#!/usr/bin/env bash
# Makes the file system of a bare Debian 12, with the updates and from the mirror
# that this machine's own apt sources name; where they name none, debootstrap's.
#
# usage: tools/bare_root.sh ROOT
#
# ROOT is a new or empty directory. Needs root and debootstrap.
set -euo pipefail

if (($# != 1)); then
  sed -n '2,/^set -e/s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
root=$1

mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' 'Created-By: Packages' |
  head -n 1)
debootstrap --variant=minbase bookworm "$root" ${mirror:+"$mirror"} >"$root.log" 2>&1 || {
  tail -n 20 "$root.log" >&2
  exit 1
}
rm -f "$root.log"
# The updates that this machine gets, since they replace what the mirror has.
if [[ -n "$mirror" ]]; then
  apt-get indextargets --format 'deb $(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    grep bookworm >"$root/etc/apt/sources.list"
fi
cp /etc/resolv.conf "$root/etc/resolv.conf"
apt-config dump | sed -n '/^Acquire::.*[Pp]roxy/p' >"$root/etc/apt/apt.conf.d/90proxy"
# No service starts in there.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod +x "$root/usr/sbin/policy-rc.d"
