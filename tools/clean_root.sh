#!/usr/bin/env bash
# Runs a ./dev command on a bare Debian 12: in a fresh root, on a clone of this
# repository as committed.
#
# usage: tools/clean_root.sh [--keep] [--at DIR] VERB [ARGUMENT...]
#
# e.g. `tools/clean_root.sh test -L unit`. Needs root, debootstrap and a few
# minutes. DIR (a new one in /var/tmp unless given) is removed at the end, except
# with --keep; when it holds such a root already, that one is used again.
set -euo pipefail
repository=$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")

usage() {
  sed -n '2,/^set -e/s/^# \{0,1\}//p' "$0" >&2
  exit 2
}

keep=0
root=
while (($# > 0)); do
  case "$1" in
    --keep) keep=1 ;;
    --at)
      (($# >= 2)) || usage
      root=$2
      shift
      ;;
    -*) usage ;;
    *) break ;;
  esac
  shift
done
(($# > 0)) || usage
if ((EUID != 0)); then
  echo "tools/clean_root.sh: needs root, for chroot" >&2
  exit 1
fi
command -v debootstrap >/dev/null || apt-get install --yes --quiet debootstrap >&2

root=${root:-$(mktemp -d /var/tmp/mintmark-root.XXXXXX)}
mkdir -p "$root"
chmod 755 "$root" # PostgreSQL's user has to get in.
root=$(realpath "$root")

clean_up() {
  local mounted
  for mounted in dev/shm dev/pts dev sys proc; do
    if mountpoint --quiet "$root/$mounted"; then
      umount "$root/$mounted"
    fi
  done
  # Never while something of this machine is still mounted below it.
  if ((!keep)) && ! grep -qF " $root/" /proc/mounts; then
    rm -rf --one-file-system "$root"
  fi
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

if [[ ! -e "$root/etc/debian_version" ]]; then
  "$repository/tools/bare_root.sh" "$root"
fi

mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount --bind /dev "$root/dev"
mount --bind /dev/pts "$root/dev/pts"
mount -t tmpfs tmpfs "$root/dev/shm"

rm -rf "$root/root/mintmark"
git clone --quiet --no-local "$repository" "$root/root/mintmark"
env --ignore-environment PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  HOME=/root LANG=C.UTF-8 CI="${CI-}" http_proxy="${http_proxy-}" https_proxy="${https_proxy-}" \
  chroot "$root" /root/mintmark/dev "$@" </dev/null
