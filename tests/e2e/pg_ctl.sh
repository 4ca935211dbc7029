#!/usr/bin/env bash
# Stops, starts or restarts a server that tools/postgres.sh started in DIR, as the
# user that it runs as and on the port that it had.
#
#   tests/e2e/pg_ctl.sh DIR start|stop|restart [OPTION OF pg_ctl...]
set -euo pipefail

dir=$1 verb=$2
shift 2
data_dir=$(<"$dir/data_dir")
port=$(sed 's/.*:\([0-9]*\)\/.*/\1/' "$dir/url")
postgres=$(find /usr/lib/postgresql -maxdepth 3 -path '*/bin/pg_ctl' | sort -V | tail -n 1)

as_server=()
if ((EUID == 0)); then
  as_server=(setpriv --reuid=postgres --regid=postgres --init-groups --)
fi
cd /
exec "${as_server[@]}" "${postgres:-pg_ctl}" "$verb" --pgdata="$data_dir" \
  --log="$data_dir/server.log" --options="-p $port" --wait --timeout=60 "$@" </dev/null
