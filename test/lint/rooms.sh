#!/bin/sh
# rooms.sh -- fails when an include goes up the stairs, or when a room knows a house next door. Rules: rooms.txt
set -eu
cd "$(dirname "$0")/../.."
bad=0
say() { echo "$1"; bad=1; }

core=$(find src/core include/ldb -name '*.[ch]' | sort)
for file in $core; do
    room=$(echo "$file" | sed -E 's#^(src/core|include/ldb)/([^/]+)/.*#\2#')
    grep -q "^$room:" test/lint/rooms.txt || { say "$file: room '$room' is not in rooms.txt"; continue; }
    allowed=" $(sed -n "s/^$room://p" test/lint/rooms.txt) $room "
    for other in $(sed -nE 's#^[[:space:]]*\#[[:space:]]*include[[:space:]]*"ldb/([^/]+)/.*#\1#p' "$file" | sort -u); do
        case "$allowed" in
            *" $other "*) ;;
            *) say "$file: room '$room' may not include ldb/$other/" ;;
        esac
    done
done

no() { # pattern, why, files...
    pattern=$1
    why=$2
    shift 2
    [ $# -gt 0 ] || return 0
    if grep -nE "$pattern" "$@" /dev/null; then say "^ $why"; fi
}
# shellcheck disable=SC2086
{
    no '#[[:space:]]*include[[:space:]]*[<"](postgres|c\.h|fmgr|miscadmin|utils/|nodes/|access/|lancedb/)' \
        'the core must not include PostgreSQL or shell headers' $core
    no '\<(palloc0?|pfree|ereport|elog|CHECK_FOR_INTERRUPTS)\>[[:space:]]*\(' 'the core must not call PostgreSQL' $core
    no '#[[:space:]]*include[[:space:]]*"\.\./' 'no ../ includes: a header that another room needs lives in include/' \
        $(find src include -name '*.[ch]')
    no 'PG_VERSION_NUM' 'PG_VERSION_NUM belongs in include/lancedb/compat.h' \
        $(find src include -name '*.[ch]' ! -path include/lancedb/compat.h)
}
for room in $(find src/core -mindepth 1 -maxdepth 1 -type d); do
    [ -f "$room/README.md" ] || say "$room: a room has a README.md: its question, what it must not know, the file to open first"
done
exit $bad
