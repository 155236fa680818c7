#!/bin/sh
# exports.sh -- lancedb.so may export only what the server looks up by name.
set -eu
extra=$(nm -D --defined-only "$1" | awk '{print $NF}' | sed 's/@.*//' |
    grep -vE '^(_PG_init|_PG_fini|_init|_fini|Pg_magic_func|pg_finfo_lancedb_.*|lancedb_.*|__bss_start|_edata|_end)$' || true)
[ -z "$extra" ] || { echo "$1 exports: $extra"; exit 1; }
missing=$(nm -D --undefined-only "$1" | awk '{print $NF}' | grep -E '^(ldb_|lancedb_|lance__)' || true)
[ -z "$missing" ] || { echo "$1 needs, and does not have: $missing"; exit 1; }
