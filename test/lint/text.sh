#!/bin/sh
# text.sh -- rules that grep and awk can see: banned calls, first lines, unfinished work, length of functions.
set -eu
cd "$(dirname "$0")/../.."
bad=0
say() { echo "$1"; bad=1; }
sources=$(find src include -name '*.[ch]' | sort)
code=$(find src include test -name '*.[ch]' -not -path '*/node_modules/*' | sort)

no() { # pattern, why, files...
    pattern=$1
    why=$2
    shift 2
    [ $# -gt 0 ] || return 0
    if grep -nE "$pattern" "$@" /dev/null; then say "^ $why"; fi
}

# shellcheck disable=SC2086
{
    no '\<(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|atof|alloca|gets|system|popen|setjmp|longjmp)[[:space:]]*\(' \
        'banned call: see README.md for what to use' $sources
    no '\<PG_(TRY|CATCH|END_TRY)\>' 'no PG_TRY in the shell: lancedb_own closes a handle on every way out' $sources
    no '\<(malloc|calloc|realloc|free|strdup|strndup)[[:space:]]*\(' \
        'memory of the core comes from an arena or ldb_heap_*' \
        $(find src/core -name '*.c' ! -path src/core/base/arena.c)
    no '\<(TODO|FIXME|XXX|HACK)\>' 'unfinished work does not land' $code $(find test sql -name '*.sh' -o -name '*.sql' |
        grep -v node_modules | grep -v test/lint/)
}

for file in $code; do
    head -n 1 "$file" | grep -q "^/\* $(basename "$file") -- ..*\|^/\*$" ||
        say "$file: the first line says what the file is for: /* $(basename "$file") -- ... */"
done
for file in $(find test .ci -name '*.sh' -not -path '*/node_modules/*'); do
    sed -n 2p "$file" | grep -q "^# $(basename "$file") -- ..*" ||
        say "$file: the second line says what the file is for: # $(basename "$file") -- ..."
done
for file in $(find src/pg src/core test/unit test/fuzz include -name '*.c' 2>/dev/null); do
    awk -v file="$file" '
        /^[a-zA-Z_].*\(/ && !/;[[:space:]]*$/ { name = $0; start = FNR }
        /^}/ { if (start && FNR - start > 100) { print file ": " substr(name, 1, 60) " has " FNR - start " lines, 100 are enough"; bad = 1 }; start = 0 }
        END { exit bad }' "$file" || bad=1
done
exit $bad
