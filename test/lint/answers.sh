#!/bin/sh
# answers.sh -- each regression and isolation test has an answer, each answer a test, each logic file a unit test folder.
set -eu
cd "$(dirname "$0")/../.."
bad=0
say() { echo "$1"; bad=1; }
for input in test/sql/*.sql test/specs/*.spec; do
    [ -e "$input" ] || continue
    name=$(basename "${input%.*}")
    [ -f "expected/$name.out" ] || say "$input: expected/$name.out is missing"
done
for answer in expected/*.out; do
    [ -e "$answer" ] || continue
    name=$(basename "$answer" .out | sed 's/_[1-9]$//')
    [ -f "test/sql/$name.sql" ] || [ -f "test/specs/$name.spec" ] || say "$answer: no test of that name"
done
for room in $(find src/core -mindepth 1 -maxdepth 1 -type d); do
    [ -n "$(find "$room" -name '*.c' | head -n 1)" ] || continue
    [ -n "$(find "test/unit/$(basename "$room")" -name 'test_*.c' 2>/dev/null | head -n 1)" ] ||
        say "$room: no unit test in test/unit/$(basename "$room")"
done
exit $bad
