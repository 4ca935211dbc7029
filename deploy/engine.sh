# shellcheck shell=bash disable=SC2154
# The container engine that deploy/containers.sh works with: a running docker where
# there is one, else one of its own. Sourced; needs `work` (a directory for what
# does not outlive the run), `cache` (one for images, kept for the next run) and
# `project` (what containers are called).

engine_pid=
forward_policy=

# Finds or starts the engine, and makes `docker` and `compose` lead to it.
start_engine() {
  # The builder that every docker has.
  export DOCKER_BUILDKIT=0 COMPOSE_DOCKER_CLI_BUILD=0
  if docker info >/dev/null 2>&1; then
    return
  fi
  tools/install.sh engine
  if ((EUID != 0)); then
    echo "No docker is running, and to start one needs root." >&2
    return 1
  fi
  if ! iptables --list DOCKER >/dev/null 2>&1; then
    forward_policy=$(iptables --list-rules FORWARD | sed -n 's/^-P FORWARD //p')
  fi
  mkdir -p "$cache/docker"
  setsid dockerd --data-root "$cache/docker" --exec-root "$work/docker" --pidfile "$work/docker.pid" \
    --host "unix://$work/docker.sock" --default-ulimit nofile=20000:20000 >"$work/dockerd.log" 2>&1 &
  engine_pid=$!
  export DOCKER_HOST=unix://$work/docker.sock
  if ! eventually 30 docker info >/dev/null 2>&1; then
    tail -n 20 "$work/dockerd.log" >&2
    return 1
  fi
}

# Ends the engine if it was started here.
stop_engine() {
  if [[ -n "$engine_pid" ]]; then
    kill "$engine_pid" 2>/dev/null || true
    wait "$engine_pid" || true
    engine_pid=
  fi
  if [[ -n "$forward_policy" ]]; then
    remove_network
  fi
}

# What a docker leaves behind it: a bridge, its rules, and a machine that forwards
# nothing else any more.
remove_network() {
  local table
  for table in filter nat; do
    iptables --table "$table" --list-rules | grep -i docker | sed -n 's/^-A/-D/p' |
      xargs --no-run-if-empty --max-lines=1 iptables --table "$table" || true
    iptables --table "$table" --list-rules | sed -n 's/^-N \(DOCKER\)/-X \1/p' |
      xargs --no-run-if-empty --max-lines=1 iptables --table "$table" || true
  done
  iptables --policy FORWARD "$forward_policy"
  ip link delete docker0 2>/dev/null || true
}

# `docker compose` where docker has it, else the program of its own.
compose() {
  local command=(docker-compose)
  if docker compose version >/dev/null 2>&1; then
    command=(docker compose)
  fi
  "${command[@]}" --project-name "$project" --env-file "$work/env" \
    --file deploy/docker-compose.yml "$@"
}

# Runs a command again and again until it succeeds, for at most so many seconds.
eventually() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    if ((SECONDS >= end)); then
      return 1
    fi
    sleep 0.2
  done
}

# Whether the engine has an image or gets it from a registry.
has_image() {
  docker image inspect "$1" >/dev/null 2>&1 ||
    timeout 120 docker pull --quiet "$1" >/dev/null 2>&1
}

# Sets `base` and `postgres_image` to the images of that kind: those that everybody
# takes, or where no registry can be reached stand-ins under names of their own.
find_images() {
  base=debian:bookworm-slim
  if ! has_image "$base"; then
    base=mintmark-stand-in/debian:12
    if ! docker image inspect "$base" >/dev/null 2>&1; then
      make_debian "$base"
    fi
  fi
  postgres_image=postgres:16
  if ! has_image "$postgres_image"; then
    postgres_image=mintmark-stand-in/postgres
    docker build --quiet --build-arg "BASE=$base" --tag "$postgres_image" deploy/stand-in >/dev/null
  fi
  echo "base $base, database $postgres_image"
}

make_debian() {
  tools/install.sh engine
  tools/bare_root.sh "$work/debian"
  tar -C "$work/debian" --create . | docker import \
    --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' - \
    "$1" >/dev/null
  rm -rf "$work/debian"
}
