#!/usr/bin/env bash
# write.sh -- how fast Lance tables are written: lancedb, a heap table and LanceDB, in one run; docs/benchmarks.md.
#
# Uses the tables that bench.sh keeps (run `make bench` once). Commits are durable on all of PostgreSQL's side:
# fsync and synchronous_commit are on. LanceDB never calls fsync. Prints a table in Markdown.
set -euo pipefail
export LANCEDB_LOG=error
cd "$(dirname "$0")/../.."
scale=${BENCH_SCALE:-1}
folder=${LANCEDB_CACHE:-/var/cache/lancedb}/bench-$scale
[ -e "$folder/complete" ] || { echo "no tables in $folder: run 'make bench' first" >&2; exit 1; }
if [ -z "${LANCEDB_WORK:-}" ]; then
    [ -d test/interop/node_modules/@lancedb/lancedb ] || (cd test/interop && npm ci --no-audit --no-fund --loglevel=error)
    make -s build/ldb_copy
    chmod -R a+rX "$folder"
    LANCEDB_CONF=$'shared_preload_libraries = lancedb\nshared_buffers = 2GB\nwork_mem = 64MB\nfsync = on\nsynchronous_commit = on\nmax_wal_size = 8GB' \
        exec test/server.sh run "$0" "$@"
fi
exec node test/bench/write.mjs "$folder" "$@"
