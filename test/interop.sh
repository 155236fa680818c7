#!/usr/bin/env bash
# interop.sh -- LanceDB from npm writes, psql reads, every value is compared; see test/interop/README.md.
#
#   test/interop.sh [PATTERN]     all cases, or those whose name matches
set -euo pipefail
# LanceDB warns about things that the tests do on purpose
export LANCEDB_LOG=error
cd "$(dirname "$0")/.."
if [ -z "${LANCEDB_WORK:-}" ]; then
    # what is installed is used as it is; only a clean clone needs the network
    if [ ! -d test/interop/node_modules/@lancedb/lancedb ]; then
        (cd test/interop && npm ci --no-audit --no-fund --loglevel=error)
    fi
    make -s build/ldb_commit build/crash.so
    exec test/server.sh run "$0" "$@"
fi
node test/interop/commits.mjs "$@"
node test/interop/writers.mjs
node test/interop/crashes.mjs
node test/interop/coverage.mjs "$@"
psql -X -q -v ON_ERROR_STOP=1 -f test/golden.sql
node test/interop/updates.mjs "$@"
exec node test/interop/interop.mjs "$@"
