# lib.sh: for the tests that are scripts: a folder of its own that goes away, and checks that say what failed.
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
GANC=${GANC:-$top/build/ganc}
export NO_COLOR=1
export GANC_CACHE_SIZE=0 # every test compiles; tests/cache sets its own
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
fail() { echo "$*"; failures=1; }
# says STATUS PATTERN COMMAND...: it exits so and prints one line on stderr that matches
says() {
    local want=$1 pattern=$2 status
    shift 2
    "$@" >"$work/says.out" 2>"$work/says.err" </dev/null
    status=$?
    [ "$status" = "$want" ] || fail "exit status $status, not $want: $*: $(head -3 "$work/says.err")"
    grep -qE -- "$pattern" "$work/says.err" || fail "does not say /$pattern/: $*: $(head -3 "$work/says.err")"
}
finish() { exit $failures; }
# patched OLD DIFF: the new text, from a unified diff of one file; fails where the diff does not fit
patched() {
    awk -v old="$1" '
        function take() { if ((getline line <old) <= 0) bad = 1; at++; return line }
        /^@@ / { hunk = 1; split(substr($2, 2), a, ","); last = a[1] - (a[2] != "0"); while (at < last && !bad) print take(); next }
        !hunk || /^\\/ { next }
        /^\+/ { print substr($0, 2); next }
        { if (take() != substr($0, 2)) bad = 1 }
        /^ / { print line }
        END { while ((getline line <old) > 0) print line; exit bad }' "$2"
}
