#!/usr/bin/env bash
# run.sh -- all checks of this folder; README.md says what to do about each message.
set -u
cd "$(dirname "$0")/../.." || exit
passed=0
failed=0

check() { # name, command...
    local name=$1 output
    shift
    if output=$("$@" 2>&1); then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf '== %s\n%s\n' "$name" "$output"
    fi
}

headers_compile_alone() {
    local header bad=0
    make -s gen || return 1
    for header in $(find include/ldb -name '*.h'); do
        gcc -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -Iinclude -isystem build/gen -fsyntax-only -x c "$header" || bad=1
    done
    return $bad
}

formatted() {
    # shellcheck disable=SC2046
    clang-format --dry-run -Werror $(find src include test -name '*.[ch]' -not -path '*/node_modules/*')
}

static_analysis() {
    cppcheck -q -j2 --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
        --suppressions-list=test/lint/cppcheck.txt -Iinclude src/core
}

exports() {
    [ -f lancedb.so ] || make -s all >/dev/null || return 1
    test/lint/exports.sh lancedb.so
}

check "rooms: includes go one way" test/lint/rooms.sh
check "text: banned calls, first lines, unfinished work, long functions" test/lint/text.sh
check "tests: each input has an answer" test/lint/answers.sh
check "headers compile alone" headers_compile_alone
check "clang-format" formatted
check "cppcheck" static_analysis
check "exports" exports
echo "lint: $passed passed, $failed failed"
[ "$failed" = 0 ]
