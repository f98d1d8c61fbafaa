# lib.sh: for the tests that are scripts: a folder of its own that goes away, and checks that say what failed.
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
GANC=${GANC:-$top/build/ganc}
export NO_COLOR=1
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
