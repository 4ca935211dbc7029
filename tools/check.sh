#!/usr/bin/env bash
# Runs the rules that the code is held to, and says of each one `ok`, `FAILED` or
# `SKIPPED`; with what a failed one found.
#
# usage: tools/check.sh [RULE...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

rules=(format layers migrations unfinished shell proto threads lint asan tsan)

run_rule() {
  case "$1" in
    format | layers | migrations | unfinished | shell) python3 "tools/check_$1.py" . ;;
    proto) tools/check_proto.sh . ;;
    threads | lint)
      prepare_clang && python3 "tools/check_$1.py" . build/clang
      ;;
    asan | tsan) tools/check_sanitizers.sh . "$1" ;;
  esac
}

# Brings build/clang's compilation database up to date, and the headers that are
# generated; nothing is compiled. Says nothing unless it fails.
prepare_clang() {
  local log
  log=$(./dev build clang build.ninja 2>&1 &&
    ninja -C build/clang -t targets all |
    sed -n 's/^\([^/].*\.\(h\|cc\|inc\)\): CUSTOM_COMMAND$/\1/p' |
      xargs --no-run-if-empty ninja -C build/clang 2>&1) || {
    printf '%s\n' "$log"
    return 1
  }
}

wanted=("${rules[@]}")
if (($# > 0)); then
  wanted=("$@")
fi
for rule in "${wanted[@]}"; do
  if [[ " ${rules[*]} " != *" $rule "* ]]; then
    echo "./dev check: unknown rule '$rule'; there are: ${rules[*]}" >&2
    exit 2
  fi
done

output=$(mktemp)
trap 'rm -f "$output"' EXIT
failed=0
for rule in "${wanted[@]}"; do
  started=$SECONDS
  status=0
  printf '%-11s' "$rule"
  run_rule "$rule" >"$output" 2>&1 </dev/null || status=$?
  took="$((SECONDS - started)) s"
  case "$status" in
    0) printf 'ok       %6s\n' "$took" ;;
    77) printf 'SKIPPED  %6s  %s\n' "$took" "$(tail -n 1 "$output")" ;;
    *)
      printf 'FAILED   %6s\n' "$took"
      sed 's/^/    /' "$output"
      failed=1
      ;;
  esac
done
exit "$failed"
