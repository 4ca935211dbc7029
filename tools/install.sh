#!/usr/bin/env bash
# Installs the distribution's packages that a purpose needs:
#
#   tools/install.sh build|test|check|bench|chaos|containers|engine...
#
# Quick and offline when nothing is missing. Otherwise it needs root or sudo.
set -euo pipefail

build_packages=(
  g++ cmake ninja-build ccache lld pkgconf
  libgrpc++-dev protobuf-compiler protobuf-compiler-grpc libprotobuf-dev libabsl-dev
  libpqxx-dev libpq-dev libsqlitecpp-dev libsqlite3-dev
  libspdlog-dev libcli11-dev libtomlplusplus-dev
  libgtest-dev libgmock-dev libbenchmark-dev
)
# The checks are tested too, so that the tests need the tools of the checks.
check_packages=(git python3 clang-14 clang-tidy-14 clang-format-14 shellcheck)
# deploy_packages check what is in deploy/; they need the distribution's Python.
deploy_packages=(python3 python3-yaml python3-kubernetes)
test_packages=("${check_packages[@]}" "${deploy_packages[@]}" postgresql util-linux procps faketime
  tmux zsh)
# The peers that the budget is measured against, and what loads them and us.
bench_packages=(python3 postgresql util-linux redis-server redis-tools nghttp2-client)
chaos_packages=(python3 postgresql util-linux procps iproute2 iptables faketime)
# What tries containers in an engine that runs already, and what brings one.
container_packages=("${deploy_packages[@]}")
engine_packages=(docker.io docker-compose debootstrap debian-archive-keyring iproute2 iptables)

wanted=("${build_packages[@]}")
for purpose in "$@"; do
  case "$purpose" in
    build) ;;
    check) wanted+=("${check_packages[@]}") ;;
    test) wanted+=("${test_packages[@]}") ;;
    bench) wanted+=("${bench_packages[@]}") ;;
    chaos) wanted+=("${chaos_packages[@]}") ;;
    containers) wanted+=("${container_packages[@]}") ;;
    engine) wanted+=("${engine_packages[@]}") ;;
    *)
      echo "tools/install.sh: unknown purpose '$purpose'" >&2
      exit 2
      ;;
  esac
done

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "This is not Debian or Ubuntu: nothing is installed, these have to be there already:" \
    "${wanted[*]}" >&2
  exit 0
fi

# All of dpkg's packages, since it fails when asked for one that it does not know.
installed=$(dpkg-query --show --showformat='${db:Status-Status} ${Package}\n' |
  sed -n 's/^installed //p')
missing=()
for package in "${wanted[@]}"; do
  if ! grep -qxF -- "$package" <<<"$installed"; then
    missing+=("$package")
  fi
done
if ((${#missing[@]} == 0)); then
  exit 0
fi

as_root=()
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null; then
    echo "Missing packages, and neither root nor sudo to install them: ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi
echo "Installing ${missing[*]}" >&2
"${as_root[@]}" apt-get update --quiet >&2
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install --yes --quiet --no-install-recommends "${missing[@]}" >&2
