#!/usr/bin/env bash
# The proto rule: `buf lint` finds nothing in ROOT/proto, with the rules of its
# buf.yaml. The version of buf and its checksums are pinned in tools/buf; npm
# fetches it once, into build/.
#
# usage: check_proto.sh ROOT
#
# Exit status 77 (skipped) when buf is not there and cannot be fetched.
set -euo pipefail

root=$(realpath "$1")
tools=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
home=$tools/../build/tools/buf
buf=$home/node_modules/.bin/buf

fetch() {
  if ! command -v npm >/dev/null; then
    echo "npm is not installed, which would fetch buf"
    exit 77
  fi
  mkdir -p "$home"
  cp "$tools/buf/package.json" "$tools/buf/package-lock.json" "$home/"
  # The binary lies in the package: no script has to run at installation.
  if ! (cd "$home" && npm ci --ignore-scripts --no-audit --no-fund) >"$home/npm.log" 2>&1; then
    # What was fetched and is not what is pinned is no reason to go on without.
    if grep -q EINTEGRITY "$home/npm.log"; then
      cat "$home/npm.log"
      exit 1
    fi
    echo "npm could not fetch buf: $(grep -m 1 -i 'err' "$home/npm.log")"
    exit 77
  fi
  touch "$home/.fetched"
}

# One at a time: the tests of this rule may run beside it.
mkdir -p "$(dirname "$home")"
exec {lock}>"$home.lock"
flock "$lock"
if [[ ! -x "$buf" || "$tools/buf/package-lock.json" -nt "$home/.fetched" ]]; then
  fetch
fi
exec {lock}>&-

cd "$root/proto"
exec "$buf" lint
