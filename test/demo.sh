#!/usr/bin/env bash
# demo.sh -- `make demo`: a throwaway server, real Lance data, a few queries.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -z "${LANCEDB_WORK:-}" ]; then
    mkdir -p build
    echo "Building (build/demo.log) ..."
    make -s -j"$(nproc)" all >build/demo.log 2>&1 || { tail -n 40 build/demo.log; exit 1; }
    exec test/server.sh run "$0"
fi
# lines of one query each, as a person would type them
exec psql -X -q --set=ON_ERROR_STOP=1 --set=data="$LANCEDB_TEST_DATA" --pset=footer=off --pset=pager=off -f test/demo.sql
