#!/usr/bin/env bash
# PostgreSQL with a database for each service. What it has need not survive a crash of the machine.
. "$(dirname "$0")/../common.sh"
D=/var/lib/postgresql/data # bound to $W/root: its user may not reach $W
BIN=$(dirname "$(readlink -f "$(command -v initdb || ls /usr/lib/postgresql/*/bin/initdb | tail -1)")")
chown postgres /var/lib/postgresql
as() { (cd / && runuser -u postgres -- "$@"); }
once initdb as "$BIN/initdb" -D $D -U lab -A trust -E UTF8 --locale=C.UTF-8
rm -f $D/postmaster.pid
start postgresql as "$BIN/postgres" -D $D -p $PG_PORT -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
  -c shared_buffers=128MB -c max_connections=300 -c fsync=off -c synchronous_commit=off -c full_page_writes=off
query() { psql -h 127.0.0.1 -p $PG_PORT -U lab -d postgres -qAtc "$1"; }
until_it postgresql query "select 1"
for name in keystone glance cinder neutron placement nova_api nova_cell0 nova_cell1; do
  once database-$name query "create database $name"
done
