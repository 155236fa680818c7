#!/bin/sh
# units.sh -- runs the given test programs and counts their tests; shows the output of those that fail.
set -u
passed=0
failed=0
programs=0
for program in "$@"; do
    programs=$((programs + 1))
    output=$("$program" 2>&1)
    status=$?
    ok=$(printf '%s\n' "$output" | grep -c '^\[       OK \]')
    bad=$(printf '%s\n' "$output" | grep -c '^\[  FAILED  \] [^0-9]')
    # a crash reports no failed test of its own
    [ "$status" = 0 ] || [ "$bad" -gt 0 ] || bad=1
    [ "$status" != 0 ] || [ "$ok" -gt 0 ] || { bad=1; output="$program ran no test"; }
    passed=$((passed + ok))
    failed=$((failed + bad))
    if [ "$status" != 0 ] || [ "$bad" -gt 0 ]; then
        echo "== $program (status $status)"
        printf '%s\n' "$output"
    fi
done
[ "$programs" -gt 0 ] || { echo "no unit tests were given"; failed=1; }
echo "unit: $passed passed, $failed failed"
[ "$failed" = 0 ]
