#!/usr/bin/env bash
# run.sh -- every suite, one line each, and at the end "N passed, N failed".
#
# A suite is a command whose last line reads "<name>: N passed, N failed" (or "<name>: skipped, because ...").
# Its output is kept in build/test/<name>.log and shown when something failed.
set -u
cd "$(dirname "$0")/.." || exit
logs=build/test
mkdir -p "$logs"
total_passed=0
total_failed=0
jobs=$(nproc)

suite() { # name, command...
    local name=$1 log=$logs/$1.log status=0 started=$SECONDS line passed failed
    shift
    printf '%-14s ' "$name"
    "$@" >"$log" 2>&1 || status=$?
    line=$(grep -E "^$name: ([0-9]+ passed, [0-9]+ failed|skipped)" "$log" | tail -n 1)
    if [ "${line#*: skipped}" != "$line" ]; then
        echo "${line#*: }"
        return
    fi
    passed=$(echo "$line" | sed -nE 's/.*: ([0-9]+) passed.*/\1/p')
    failed=$(echo "$line" | sed -nE 's/.*, ([0-9]+) failed.*/\1/p')
    : "${passed:=0}" "${failed:=0}"
    # ended badly without having counted why
    [ "$status" = 0 ] || [ "$failed" != 0 ] || failed=1
    # ended well without having tested anything
    [ "$status" != 0 ] || [ "$passed" != 0 ] || failed=1
    total_passed=$((total_passed + passed))
    total_failed=$((total_failed + failed))
    echo "$passed passed, $failed failed ($((SECONDS - started)) s)"
    if [ "$failed" != 0 ]; then
        sed "s/^/    /" "$log" | tail -n 150
        echo "    (all of it: $log)"
    fi
}

build() {
    make -j"$jobs" all WERROR=-Werror && make -j"$jobs" units && echo "build: 1 passed, 0 failed"
}
unit_asan() {
    make -j"$jobs" units-asan && make unit-asan | sed 's/^unit:/unit-asan:/'
    return "${PIPESTATUS[0]}"
}
hostile() {
    make -j"$jobs" hostile
}
fuzz() {
    make -j"$jobs" fuzzers-build && test/fuzz.sh 5
}

suite build build
suite lint make -s lint
suite unit make -s unit
suite unit-asan unit_asan
suite installcheck test/installcheck.sh
suite interop test/interop.sh
suite hostile hostile
suite fuzz fuzz
suite trixie test/trixie.sh
echo
echo "$total_passed passed, $total_failed failed"
[ "$total_failed" = 0 ]
