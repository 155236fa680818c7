#!/usr/bin/env bash
# bench.sh -- the measurements of docs/benchmarks.md: lancedb, a heap table and LanceDB on the same data, in one run.
#
# BENCH_SCALE=0.1 makes smaller tables. They are kept in $LANCEDB_CACHE/bench-<scale> (/var/cache/lancedb unless
# told) and made by LanceDB when they are missing. Prints a table in Markdown.
set -euo pipefail
# LanceDB warns about things that the tests do on purpose
export LANCEDB_LOG=error
cd "$(dirname "$0")/../.."
scale=${BENCH_SCALE:-1}
folder=${LANCEDB_CACHE:-/var/cache/lancedb}/bench-$scale

if [ -z "${LANCEDB_WORK:-}" ]; then
    [ -d test/interop/node_modules/@lancedb/lancedb ] || (cd test/interop && npm ci --no-audit --no-fund --loglevel=error)
    if [ ! -e "$folder/complete" ]; then
        rm -rf "$folder"
        mkdir -p "$folder"
        node test/bench/bench.mjs make "$folder" "$scale"
        touch "$folder/complete"
    fi
    chmod -R a+rX "$folder"
    mkdir -p build
    gcc -O2 -Wall -Wextra -I"$(pg_config --includedir)" test/bench/client.c -o build/bench_client -lpq
    LANCEDB_CONF=$'shared_buffers = 2GB\nwork_mem = 64MB' exec test/server.sh run "$0"
fi

psql -X -q -v ON_ERROR_STOP=1 <<SQL
CREATE EXTENSION lancedb;
CREATE SERVER lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri '$folder');
IMPORT FOREIGN SCHEMA public FROM SERVER lake INTO public;
CREATE TABLE heap_prices AS SELECT * FROM prices;
VACUUM ANALYZE heap_prices;
ANALYZE prices;
SQL
dimension=$(psql -X -At -c 'SELECT cardinality(v) FROM vectors LIMIT 1')
ours() { build/bench_client "$@" | cut -d' ' -f1; }
peer() { node test/bench/bench.mjs time "$folder" "$1"; }

# Each work right after the same work of its peers, so that a busy moment of the machine hits all of them.
exact=$(ours 25 'SELECT id FROM vectors ORDER BY v <-> $1 LIMIT 10' "$folder/queries.f32" "$dimension")
exact_lance=$(peer exact)
sql_count='SELECT count(*) FROM %s WHERE price < 500'
sql_avg='SELECT count(*), avg(price) FROM %s WHERE price < 500'
# every value of every column becomes a datum; the aggregate itself costs next to nothing
sql_scan='SELECT count(id), count(price), count(title) FROM %s'
declare -A ours_of heap_of
for work in count avg scan; do
    template=sql_$work
    # shellcheck disable=SC2059
    ours_of[$work]=$(ours 15 "$(printf "${!template}" prices)")
    # shellcheck disable=SC2059
    heap_of[$work]=$(ours 15 "$(printf "${!template}" heap_prices)")
    [ "$work" != count ] || count_lance=$(peer count)
    [ "$work" != scan ] || scan_lance=$(peer scan)
done
limit=$(ours 50 'SELECT * FROM pieces LIMIT 1')
limit_lance=$(peer limit)
rss=$(psql -X -At <<'SQL'
SELECT count(v[1]) FROM vectors \g /dev/null
SELECT round(substring(pg_read_file('/proc/' || pg_backend_pid() || '/status') from 'RssAnon:\s+(\d+)')::int / 1024.0) || ' MB';
SQL
)

rows() { psql -X -At -c "SELECT to_char(count(*), 'FM999,999,999') FROM $1"; }
cat <<TABLE

$(nproc) cores, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(psql -X -At -c "SELECT split_part(version(), ' ', 2)") (PostgreSQL); medians in ms, warm

| work | lancedb | heap table | LanceDB |
|---|---|---|---|
| exact top 10 of $(rows vectors) x $dimension | $exact | - | $exact_lance |
| count(*) WHERE price < 500, $(rows prices) rows | ${ours_of[count]} | ${heap_of[count]} | $count_lance |
| count(*), avg(price) WHERE price < 500 | ${ours_of[avg]} | ${heap_of[avg]} | - |
| full scan, all columns | ${ours_of[scan]} | ${heap_of[scan]} | $scan_lance |
| LIMIT 1 of $(psql -X -At -c "SELECT count(*) FROM lancedb.fragments('pieces')") fragments, planning included | $limit | - | $limit_lance |
| RssAnon of the backend after reading all vectors | $rss | - | - |
TABLE
