#!/usr/bin/env bash
# What `./dev containers` runs once build/release/bin/mintmark is there: builds the
# image and the compose stack in a real engine, calls the service through its
# published port, kills the database and the server under load, stops them, runs the
# image on its own and as the pod of the Kubernetes manifests, and takes everything
# down. Fails with the first step that does not do what it should.
set -euEo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cache=$PWD/build/containers
work=$(mktemp -d /tmp/mintmark-containers.XXXXXX)
project=mintmark-try-$$
image=mintmark:$(sed -n 's/^ARG VERSION=//p' Dockerfile)
password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
current_step="start"
load_pids=()

# shellcheck source=deploy/engine.sh
source deploy/engine.sh

step() {
  current_step=$1
  printf '\n== %s\n' "$1"
}

on_error() {
  if [[ -e "$work/env" ]]; then
    compose logs --tail=30 >&2 || true
  fi
  printf '\nFAILED: %s\n' "$current_step" >&2
}

clean_up() {
  touch "$work/stop"
  if [[ -e "$work/env" ]]; then
    docker rm --force --volumes "$project-single" "$project-pod" >/dev/null 2>&1 || true
    compose down --volumes --remove-orphans >/dev/null 2>&1 || true
    docker volume rm "$project-single" >/dev/null 2>&1 || true
  fi
  if ((${#load_pids[@]} > 0)); then
    kill "${load_pids[@]}" 2>/dev/null || true
  fi
  stop_engine
  rm -rf --one-file-system "$work"
}

fail() {
  echo "$1" >&2
  return 1
}

# --- What the steps are made of.

# mintmark through a published port, as a person on this machine would call it.
call() {
  local address=$1
  shift
  build/release/bin/mintmark --address "$address" "$@"
}

# A port that the engine keeps over restarts, unlike one that it chooses itself.
free_port() {
  /usr/bin/python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

container_of() {
  compose ps --quiet "$1"
}

is_healthy() {
  [[ $(docker inspect --format '{{.State.Health.Status}}' "$1") == healthy ]]
}

published_address() {
  docker port "$1" 50051/tcp | head -n 1
}

# SIGKILL from outside, as the kernel would send it when memory is out: the engine
# does not restart what it was itself told to kill.
kill_process_of() {
  local pid
  pid=$(docker inspect --format '{{.State.Pid}}' "$1")
  docker run --rm --pid=host "$base" sh -c "kill -9 $pid"
}

restarted_since() {
  (($(docker inspect --format '{{.RestartCount}}' "$1") > $2)) && is_healthy "$1"
}

# Load that goes on through every fault: ids, and increments that count once.
# Neither gives up within a minute; what they got is written down.
draw_ids() {
  while [[ ! -e "$work/stop" ]]; do
    call "$address" next load/ids -n 7 --timeout 60s --attempts 100000 >>"$work/ids"
  done
}

count_up() {
  local i
  for ((i = 0; ; i++)); do
    if [[ -e "$work/stop" ]]; then
      return
    fi
    call "$address" incr load/count --request-id "increment-$i" --timeout 60s \
      --attempts 100000 >>"$work/sums"
  done
}

wait_for_load() {
  local pid status=0
  for pid in "${load_pids[@]}"; do
    wait "$pid" || status=1
  done
  load_pids=()
  return "$status"
}

lines_in() {
  wc -l <"$1"
}

has_more_than() {
  (($(lines_in "$1") > $2))
}

# Both kinds of load get on after this moment.
load_goes_on() {
  local ids sums
  ids=$(lines_in "$work/ids")
  sums=$(lines_in "$work/sums")
  eventually 60 has_more_than "$work/ids" "$((ids + 50))"
  eventually 60 has_more_than "$work/sums" "$((sums + 10))"
}

# --- The steps.

build_images() {
  find_images
  sed "s/^POSTGRES_PASSWORD=.*/POSTGRES_PASSWORD=$password/
       s/^MINTMARK_PORT=.*/MINTMARK_PORT=$(free_port)/
       s|^#POSTGRES_IMAGE=.*|POSTGRES_IMAGE=$postgres_image|" deploy/.env.example >"$work/env"
  local arguments=(--build-arg "BASE=$base") variable
  for variable in http_proxy https_proxy no_proxy; do
    if [[ -n "${!variable-}" ]]; then
      arguments+=(--build-arg "$variable")
    fi
  done
  compose build "${arguments[@]}" mintmarkd >"$work/build.log" 2>&1 || {
    tail -n 40 "$work/build.log" >&2
    return 1
  }
  docker image inspect --format \
    '{{index .RepoTags 0}}, version {{index .Config.Labels "org.opencontainers.image.version"}}: {{.Size}} bytes' \
    "$image"
}

bring_up() {
  compose up -d
  server=$(container_of mintmarkd)
  address=$(published_address "$server")
  [[ "$address" == 127.0.0.1:* ]] || fail "published on $address"
  call "$address" health --wait 60s
  eventually 30 is_healthy "$server"
  compose ps
}

kill_under_load() {
  touch "$work/ids" "$work/sums"
  draw_ids &
  load_pids+=("$!")
  count_up &
  load_pids+=("$!")
  load_goes_on
  local name restarts
  for name in postgres mintmarkd postgres mintmarkd; do
    echo "killing $name after $(lines_in "$work/ids") ids, $(lines_in "$work/sums") increments"
    restarts=$(docker inspect --format '{{.RestartCount}}' "$(container_of "$name")")
    kill_process_of "$(container_of "$name")"
    eventually 90 restarted_since "$(container_of "$name")" "$restarts"
    load_goes_on
  done
  touch "$work/stop"
  wait_for_load
}

nothing_was_lost() {
  local ids distinct sums count
  ids=$(lines_in "$work/ids")
  distinct=$(sort --unique "$work/ids" | wc -l)
  sums=$(lines_in "$work/sums")
  count=$(call "$address" get load/count)
  echo "$ids ids, $distinct distinct; $sums increments acknowledged, the counter says $count"
  ((ids == distinct)) || fail "an id was issued twice"
  ((sums == count)) || fail "the counter is not exact"
  # One at a time and each counted once, these are 1, 2, 3, ...
  seq "$sums" | cmp - "$work/sums"
}

# SIGTERM, by the engine, reaches the server, which gives everything back.
stop_cleanly() {
  docker stop --time 20 "$1" >/dev/null
  local status
  status=$(docker inspect --format '{{.State.ExitCode}}' "$1")
  [[ "$status" == 0 ]] || fail "exit status $status"
  docker logs "$1" 2>&1 | tail -n 1 | grep 'everything was given back'
}

stop_and_start() {
  stop_cleanly "$server"
  docker start "$server" >/dev/null
  address=$(published_address "$server")
  call "$address" health --wait 60s
  [[ $(call "$address" get load/count) == "$(lines_in "$work/sums")" ]]
}

# The image without compose: a store in a file, in a volume.
run_single() {
  local single before after
  docker run --detach --name "$project-single" --volume "$project-single:/var/lib/mintmark" \
    --publish 127.0.0.1::50051 "$image" >/dev/null
  single=$(published_address "$project-single")
  call "$single" health --wait 30s
  before=$(call "$single" next orders)
  docker restart "$project-single" >/dev/null
  single=$(published_address "$project-single")
  call "$single" health --wait 30s
  after=$(call "$single" next orders)
  echo "id $before before and $after after a restart"
  ((after == before + 1)) || fail "an id was lost or repeated by a clean stop"
  stop_cleanly "$project-single"
}

# The pod of the manifests, with its arguments, its user and its confinement, as a
# second server of the same store.
run_pod() {
  local store=postgresql://mintmark:$password@postgres:5432/mintmark
  local all arguments=() pre_stop=() argument part=arguments
  mapfile -d '' -t all < <(tests/deploy/pod_arguments.py \
    deploy/kubernetes/overlays/three-replicas "$work/pod" "$store")
  for argument in "${all[@]}"; do
    if [[ -z "$argument" ]]; then
      part=pre_stop
    elif [[ $part == arguments ]]; then
      arguments+=("$argument")
    else
      pre_stop+=("$argument")
    fi
  done
  docker run --detach --name "$project-pod" --network "${project}_default" \
    --publish 127.0.0.1::50051 "${arguments[@]}" >/dev/null
  local pod
  pod=$(published_address "$project-pod")
  call "$pod" health --wait 30s
  call "$pod" incr load/count
  call "$address" get load/count
  [[ $(call "$address" get load/count) == "$(call "$pod" get load/count)" ]]
  show_confinement "$project-pod"
  docker exec "$project-pod" "${pre_stop[@]}"
  stop_cleanly "$project-pod"
}

show_confinement() {
  local status
  status=$(docker run --rm --pid="container:$1" "$base" cat /proc/1/status)
  grep -E '^(Uid|CapEff|NoNewPrivs|Seccomp):' <<<"$status"
  local wanted
  for wanted in 'Uid:\s+65532\s' 'CapEff:\s+0+$' 'NoNewPrivs:\s+1$' 'Seccomp:\s+2$'; do
    grep -qP "^$wanted" <<<"$status" || fail "not so confined as the manifest says: $wanted"
  done
}

trap on_error ERR
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

step "the engine"
start_engine
docker version --format 'client {{.Client.Version}}, server {{.Server.Version}}'
step "the images"
build_images
step "the stack comes up in the order of health"
bring_up
step "the database and the server are killed under load and come back"
kill_under_load
step "nothing was lost"
nothing_was_lost
step "the server stops cleanly and starts again"
stop_and_start
step "the image by itself, with a store in a file"
run_single
step "the pod of deploy/kubernetes/overlays/three-replicas"
run_pod
step "everything comes down"
compose down --volumes
docker image inspect --format "the image has {{.Size}} bytes" "$image"
printf '\nPASSED\n'
