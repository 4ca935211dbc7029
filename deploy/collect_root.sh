#!/usr/bin/env bash
# Collects the file system of an image that runs programs and nothing else.
#
# usage: deploy/collect_root.sh ROOT PROGRAM...
#
# ROOT, a new directory, gets the programs (stripped, in usr/bin), the shared
# libraries they need, the licences of those libraries and their entries in dpkg's
# database, which is where scanners look for what an image holds; a user; and
# var/lib/mintmark, which belongs to that user.
set -euo pipefail

user_id=65532 # The number that images without a root user have come to agree on.

if (($# < 2)); then
  sed -n '2,/^set -e/s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
root=$1
shift

# A library under the path by which the loader looks for it.
collect_library() {
  mkdir -p "$root$(dirname "$1")"
  cp --dereference "$1" "$root$1"
}

# The package that a library comes from. dpkg may know it by the path it had
# before /lib became a link to /usr/lib, or by the one that links lead to.
package_of() {
  local path owner
  for path in "$1" "${1#/usr}" "$(realpath "$1")"; do
    if owner=$(dpkg-query --search "$path" 2>/dev/null); then
      head -n 1 <<<"${owner%%:*}"
      return
    fi
  done
  echo "deploy/collect_root.sh: no package has $1" >&2
  exit 1
}

describe_package() {
  install -D --mode=644 "/usr/share/doc/$1/copyright" "$root/usr/share/doc/$1/copyright"
  dpkg-query --status "$1" >"$root/var/lib/dpkg/status.d/$1"
}

mkdir -p "$root/usr/bin" "$root/usr/lib" "$root/etc" "$root/var/lib/dpkg/status.d"
ln -s usr/lib "$root/lib"
mkdir -p "$root/usr/lib64"
ln -s usr/lib64 "$root/lib64"
install --directory --mode=1777 "$root/tmp"
cp --dereference /etc/os-release "$root/etc/os-release"
echo "hosts: files dns" >"$root/etc/nsswitch.conf"
echo "mintmark:x:$user_id:$user_id::/var/lib/mintmark:/sbin/nologin" >"$root/etc/passwd"
echo "mintmark:x:$user_id:" >"$root/etc/group"
install --directory --owner="$user_id" --group="$user_id" --mode=750 "$root/var/lib/mintmark"

libraries=$(ldd "$@" | grep -oE '/[^ ]+\.so[^ ]*' | sort --unique)
for library in $libraries; do
  collect_library "$library"
done
for package in $(for library in $libraries; do package_of "$library"; done | sort --unique); do
  describe_package "$package"
done
install --strip --mode=755 -- "$@" "$root/usr/bin/"

# What the loader does not find is not noticed before somebody runs the program.
for program in "$@"; do
  chroot "$root" "/usr/bin/$(basename "$program")" --version
done
