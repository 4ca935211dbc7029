#!/usr/bin/env bash
# A private PostgreSQL server for tests and benches, as durable as a real one
# (fsync stays on).
#
#   tools/postgres.sh start DIR [SETTING=VALUE...]   prints the URL of its
#                                                    maintenance database
#   tools/postgres.sh stop DIR
#
# DIR holds the cluster; it is made if need be, and `stop` removes it. The URL is
# a superuser's, with a password of its own: other users of the machine cannot
# use the server. It listens on a free port of 127.0.0.1 and on a Unix socket,
# whose directory is in DIR/socket_dir.
set -euo pipefail

usage() {
  sed -n '2,/^set -e/s/^# \{0,1\}//p' "$0" >&2
  exit 2
}

# PostgreSQL refuses to run as root.
as_server() {
  if ((EUID == 0)); then
    (cd / && exec setpriv --reuid=postgres --regid=postgres --init-groups -- \
      env --unset=PGDATA HOME=/ "$@")
  else
    "$@"
  fi
}

postgres_bindir() {
  local newest
  newest=$(find /usr/lib/postgresql -maxdepth 3 -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n 1)
  if [[ -n "$newest" ]]; then
    dirname "$newest"
  else
    dirname "$(command -v initdb)"
  fi
}

# The tests bind ephemeral ports; a server below them is never in their way.
random_port() {
  echo $((20000 + (RANDOM * 32768 + RANDOM) % 12000))
}

start() {
  local dir=$1
  shift
  mkdir -p "$dir"
  dir=$(realpath "$dir")
  if [[ -e "$dir/data_dir" ]]; then
    echo "tools/postgres.sh: $dir is in use; stop it first." >&2
    exit 1
  fi

  # Under a home directory that the server's user may not enter, the cluster has
  # to lie elsewhere: on a disk still, so that commits cost what they cost.
  local data_dir=$dir/data
  mkdir -p "$data_dir"
  if ((EUID == 0)); then
    chown postgres: "$data_dir"
    if ! as_server test -w "$data_dir"; then
      rmdir "$data_dir"
      data_dir=$(mktemp -d /var/tmp/mintmark-postgres.XXXXXX)
      chown postgres: "$data_dir"
    fi
  fi
  # A socket's path may be no longer than 107 bytes, which a checkout's may be.
  local socket_dir
  socket_dir=$(mktemp -d /tmp/mintmark-postgres.XXXXXX)
  if ((EUID == 0)); then
    chown postgres: "$socket_dir"
  fi
  echo "$data_dir" >"$dir/data_dir"
  echo "$socket_dir" >"$dir/socket_dir"

  local bindir password
  bindir=$(postgres_bindir)
  password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  as_server sh -c 'umask 077; cat >"$1"' sh "$socket_dir/password" <<<"$password"
  # --no-sync is about initdb alone: a machine that crashes within this second
  # has no cluster that anybody would miss.
  as_server "$bindir/initdb" --pgdata="$data_dir" --username=postgres --encoding=UTF8 \
    --locale=C.UTF-8 --auth=scram-sha-256 --pwfile="$socket_dir/password" --no-sync \
    >"$dir/initdb.log" 2>&1 || fail "$dir" "$dir/initdb.log"
  rm "$socket_dir/password"

  as_server tee --append "$data_dir/postgresql.conf" >/dev/null <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = '$socket_dir'
max_connections = 200
fsync = on
full_page_writes = on
synchronous_commit = on
CONF
  local setting
  for setting in "$@"; do
    echo "${setting%%=*} = '${setting#*=}'" |
      as_server tee --append "$data_dir/postgresql.conf" >/dev/null
  done

  local port
  for _ in {1..10}; do
    port=$(random_port)
    if as_server "$bindir/pg_ctl" start --pgdata="$data_dir" --log="$data_dir/server.log" \
      --options="-p $port" --wait --timeout=60 >"$dir/start.log" 2>&1 </dev/null; then
      echo "postgresql://postgres:$password@127.0.0.1:$port/postgres" | tee "$dir/url"
      return
    fi
    # Only a port that somebody else has is worth another try.
    grep -q 'Address already in use' "$data_dir/server.log" || break
    : >"$data_dir/server.log"
  done
  fail "$dir" "$data_dir/server.log"
}

fail() {
  local dir=$1 log=$2
  echo "tools/postgres.sh: PostgreSQL did not start:" >&2
  tail -n 20 "$log" >&2
  stop "$dir"
  exit 1
}

stop() {
  local dir=$1
  if [[ ! -e "$dir/data_dir" ]]; then
    return
  fi
  local data_dir socket_dir
  data_dir=$(<"$dir/data_dir")
  socket_dir=$(<"$dir/socket_dir")
  # A test may have frozen or killed the server: what does not end in time when
  # asked is made to.
  if [[ -e "$data_dir/postmaster.pid" ]]; then
    as_server "$(postgres_bindir)/pg_ctl" stop --pgdata="$data_dir" --mode=fast --timeout=20 \
      >/dev/null 2>&1 ||
      as_server "$(postgres_bindir)/pg_ctl" stop --pgdata="$data_dir" --mode=immediate \
        --timeout=20 >/dev/null 2>&1 ||
      echo "tools/postgres.sh: the server in $data_dir does not stop" >&2
  fi
  rm -rf -- "$data_dir" "$socket_dir" "$dir"
}

case "${1-}" in
  start)
    (($# >= 2)) || usage
    start "${@:2}"
    ;;
  stop)
    (($# == 2)) || usage
    stop "$2"
    ;;
  *) usage ;;
esac
