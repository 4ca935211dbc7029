#!/usr/bin/env bash
# Makes the database that the environment asks for, once, and serves it.
set -euo pipefail

as_postgres() {
  setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"
}

install --directory --owner=postgres --group=postgres --mode=700 "$PGDATA"
if [[ ! -e "$PGDATA/PG_VERSION" ]]; then
  as_postgres sh -c 'umask 077; printf "%s" "$POSTGRES_PASSWORD" >/tmp/password'
  as_postgres initdb --username="$POSTGRES_USER" --auth-local=trust --auth-host=scram-sha-256 \
    --pwfile=/tmp/password --encoding=UTF8 --locale=C.UTF-8
  rm /tmp/password
  echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
  # Reached by nobody until the database is there.
  as_postgres pg_ctl start --wait --options="-c listen_addresses=''"
  as_postgres createdb --username="$POSTGRES_USER" "$POSTGRES_DB"
  as_postgres pg_ctl stop --wait
fi
exec setpriv --reuid=postgres --regid=postgres --init-groups -- postgres -c listen_addresses='*'
