#!/usr/bin/env bash
# installcheck.sh -- regression, isolation and TAP tests on a throwaway server.
#
#   test/installcheck.sh [NAME...]    all tests, or those of the given names
#
# Inputs: test/sql/*.sql, test/specs/*.spec (answers of both in expected/) and test/t/*.pl. What came out
# stays in build/results/{regress,isolation,tap}.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -z "${LANCEDB_WORK:-}" ]; then
    make -s build/crash.so
    exec test/server.sh run "$0" "$@"
fi

pgxs_test=$(dirname "$(dirname "$(dirname "$($PG_CONFIG --pgxs)")")")/src/test
passed=0
failed=0

# names FOLDER SUFFIX WANTED...: the tests there are, or those of them that are wanted
names() {
    local folder=$1 suffix=$2 file name wanted
    shift 2
    for file in "$folder"/*"$suffix"; do
        [ -e "$file" ] || continue
        name=$(basename "$file" "$suffix")
        if [ $# -eq 0 ]; then
            echo "$name"
        else
            for wanted in "$@"; do [ "$wanted" != "$name" ] || echo "$name"; done
        fi
    done
}

# pg_regress says "test x ... ok" up to 15 and "ok 1 - x" from 16.
count() {
    local log=$1
    passed=$((passed + $(grep -cE '^(test .*\.\.\. ok|ok [0-9]+)' "$log" || true)))
    failed=$((failed + $(grep -cE '^(test .*\.\.\. FAILED|not ok [0-9]+)' "$log" || true)))
}

keep() {
    rm -rf "build/results/$1"
    mkdir -p "build/results/$1"
    cp -r "$LANCEDB_WORK/$1/." "build/results/$1"
}

# run_regress KIND INPUT_FOLDER INPUTS SUFFIX PROGRAM TESTS...
run_regress() {
    local kind=$1 source=$2 inputs=$3 suffix=$4 program=$5 folder=$LANCEDB_WORK/$1 status=0 before=$failed
    shift 5
    [ $# -gt 0 ] || return 0
    mkdir -p "$folder/$inputs" "$folder/expected"
    cp "$source"/*"$suffix" "$folder/$inputs"
    cp expected/*.out "$folder/expected"
    [ -z "$LANCEDB_RUNAS" ] || chown -R postgres: "$folder"
    (cd "$folder" && $LANCEDB_RUNAS env PATH="$PATH" "$program" --inputdir=. --outputdir=. --bindir="$($PG_CONFIG --bindir)" \
        --dbname="lancedb_$kind" --load-extension=lancedb "$@") >"$folder/log" 2>&1 || status=$?
    count "$folder/log"
    grep -E '^(test |ok |not ok )' "$folder/log" | sed "s/^/$kind: /" || true
    # pg_regress may fail before its first test; that counts too
    if [ "$status" != 0 ] && [ "$failed" = "$before" ]; then
        failed=$((failed + 1))
        cat "$folder/log"
    fi
    [ ! -s "$folder/regression.diffs" ] || head -n 300 "$folder/regression.diffs"
    keep "$kind"
}

run_tap() {
    local folder=$LANCEDB_WORK/tap status=0 before=$failed
    [ $# -gt 0 ] || return 0
    mkdir -p "$folder/t"
    cp -r test/t/. "$folder/t"
    cp test/*.sql build/crash.so "$folder"
    [ -z "$LANCEDB_RUNAS" ] || chown -R postgres: "$folder"
    (cd "$folder" && $LANCEDB_RUNAS env PATH="$PATH" PERL5LIB="$pgxs_test/perl" PG_REGRESS="$pgxs_test/regress/pg_regress" \
        TESTDATADIR="$folder/tmp_check" TESTLOGDIR="$folder/tmp_check/log" TESTDIR="$folder" \
        LC_ALL=C prove -v "${@/%/.pl}") >"$folder/log" 2>&1 || status=$?
    count "$folder/log"
    grep -E '^t/.*( \.\.|: ).*|^(Result|Files)' "$folder/log" | sed 's/^/tap: /' || true
    if [ "$status" != 0 ]; then
        [ "$failed" != "$before" ] || failed=$((failed + 1))
        grep -vE '^ok ' "$folder/log" | tail -n 200
    fi
    # the clusters themselves are of no use afterwards
    find "$folder" -name pgdata -prune -exec rm -rf {} +
    keep tap
}

mapfile -t regress < <(names test/sql .sql "$@")
mapfile -t isolation < <(names test/specs .spec "$@")
mapfile -t tap < <(names test/t .pl "$@")
[ "$((${#regress[@]} + ${#isolation[@]} + ${#tap[@]}))" -gt 0 ] || { echo "no test of that name"; exit 1; }

[ "${#regress[@]}" = 0 ] || run_regress regress test/sql sql .sql "$pgxs_test/regress/pg_regress" "${regress[@]}"
[ "${#isolation[@]}" = 0 ] || run_regress isolation test/specs specs .spec "$pgxs_test/isolation/pg_isolation_regress" "${isolation[@]}"
[ "${#tap[@]}" = 0 ] || run_tap "${tap[@]/#/t/}"
echo "installcheck: $passed passed, $failed failed"
[ "$failed" = 0 ]
