#!/usr/bin/env bash
# What `./dev bench` runs, with its arguments, once all is built; see docs/benchmarks.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec bench/floor.py "$@"
