#!/usr/bin/env bash
# server.sh -- a throwaway PostgreSQL server with the extension installed, for tests, demo and benchmarks.
#
#   test/server.sh run COMMAND [ARGUMENT...]   start, run COMMAND, stop; the exit status is COMMAND's
#   test/server.sh start                       start; prints shell settings to eval, LANCEDB_WORK among them
#   test/server.sh stop FOLDER                 stop the server in that LANCEDB_WORK and remove it
#
# Everything lives in one new folder below /tmp: a private copy of the server's program folder (Debian's
# PostgreSQL finds its files relative to its binary, so `make install` into the copy leaves the system
# alone), the cluster, a socket, and a copy of test/data. The server listens on no network address and
# runs as the user postgres when called by root.
#
# COMMAND sees: PATH, PG_CONFIG, PGHOST, PGPORT, PGUSER, PGDATABASE; LANCEDB_WORK, the folder;
# LANCEDB_TEST_DATA, test/data as the server sees it; LANCEDB_RUNAS, a prefix that drops root.
set -euo pipefail
cd "$(dirname "$0")/.."

runas=
if [ "$(id -u)" = 0 ]; then
    runas="runuser -u postgres --"
fi

start_server() {
    local system_config=${PG_CONFIG:-pg_config}
    local bin lib share
    bin=$($system_config --bindir)
    lib=$($system_config --pkglibdir)
    share=$($system_config --sharedir)

    work=$(mktemp -d /tmp/lancedb.XXXXXX)
    chmod 755 "$work"
    local root=$work/pgroot
    mkdir -p "$root$bin" "$root$lib" "$root$share" "$work/socket"
    cp -a "$bin/." "$root$bin"
    cp -a "$lib/." "$root$lib"
    cp -a "$share/." "$root$share"
    cp -r test/data "$work/data"
    make -s install PG_CONFIG="$root$bin/pg_config" >"$work/install.log" 2>&1 ||
        { cat "$work/install.log" >&2; return 1; }
    [ -z "$runas" ] || chown -R postgres: "$work"

    export PATH="$root$bin:$PATH" PG_CONFIG="$root$bin/pg_config"
    export PGHOST="$work/socket" PGPORT="${LANCEDB_PORT:-54321}" PGUSER=postgres PGDATABASE=postgres
    export LANCEDB_WORK="$work" LANCEDB_TEST_DATA="$work/data" LANCEDB_RUNAS="$runas"
    unset PGOPTIONS PGSERVICE PGPASSFILE PGSSLMODE

    # The folder of the caller may be closed to the server's user.
    (
        cd "$work"
        $runas initdb -D "$work/cluster" -U postgres -A trust --locale=C.UTF-8 -E UTF8 --no-sync
        cat >>"$work/cluster/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$work/socket'
port = $PGPORT
fsync = off
full_page_writes = off
synchronous_commit = off
max_wal_size = 4GB
timezone = 'UTC'
log_line_prefix = '%m [%p] '
CONF
        [ -z "${LANCEDB_CONF:-}" ] || printf '%s\n' "$LANCEDB_CONF" >>"$work/cluster/postgresql.conf"
        $runas pg_ctl -D "$work/cluster" -l "$work/server.log" -w -t 60 start
    ) >"$work/start.log" 2>&1 || { cat "$work/start.log" "$work/server.log" >&2; return 1; }
}

stop_server() {
    local folder=$1
    local bin
    bin=$(dirname "$(find "$folder/pgroot" -name pg_ctl -type f | head -n 1)")
    (cd / && $runas "$bin/pg_ctl" -D "$folder/cluster" -m immediate -w stop) >/dev/null 2>&1 || true
    rm -rf "$folder"
}

case ${1:-} in
run)
    shift
    work=
    # shellcheck disable=SC2154
    finish() {
        status=$?
        trap - EXIT INT TERM
        if [ -n "$work" ]; then
            mkdir -p build/results
            cp "$work/server.log" build/results/server.log 2>/dev/null || true
            stop_server "$work"
        fi
        exit "$status"
    }
    trap finish EXIT
    # whoever read our output may be gone first; the server is stopped all the same
    trap : PIPE
    trap 'exit 130' INT TERM
    start_server
    "$@"
    ;;
start)
    work=
    trap '[ -z "$work" ] || stop_server "$work"' EXIT
    start_server
    trap - EXIT
    for name in PATH PG_CONFIG PGHOST PGPORT PGUSER PGDATABASE LANCEDB_WORK LANCEDB_TEST_DATA LANCEDB_RUNAS; do
        printf 'export %s=%q\n' "$name" "${!name}"
    done
    ;;
stop)
    [ -d "${2:-}/cluster" ] || { echo "usage: $0 stop FOLDER" >&2; exit 2; }
    stop_server "$2"
    ;;
*)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
