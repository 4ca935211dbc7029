#!/usr/bin/env bash
# The asan and tsan rules: the tests that need no server pass in a build with
# sanitizers, the simulation with fewer seeds than usual.
#
# usage: check_sanitizers.sh ROOT asan|tsan
set -euo pipefail

cd "$1"
preset=$2

# The thread sanitizer of gcc 12 does not start where the kernel spreads a
# process over more of the address space than it knew of.
fixed_layout=()
if [[ "$preset" == tsan ]] && setarch "$(uname -m)" --addr-no-randomize true 2>/dev/null; then
  fixed_layout=(setarch "$(uname -m)" --addr-no-randomize)
fi

export MINTMARK_SIM_SEEDS=${MINTMARK_SIM_SEEDS:-20}
log=$("${fixed_layout[@]}" ./dev build "$preset" tests_unit tests_simulation 2>&1) || {
  printf '%s\n' "$log"
  exit 1
}
"${fixed_layout[@]}" ctest --preset "$preset" -j2 --output-on-failure --no-tests=error \
  --no-label-summary --label-regex '^(unit|simulation)$' </dev/null
