# lib.sh: for the tests that are scripts: a folder of its own that goes away, and checks that say what failed.
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
GANC=${GANC:-$top/build/ganc}
export NO_COLOR=1
export GANC_CACHE_SIZE=0 # every test compiles; tests/cache sets its own
work=$(mktemp -d)
trap '[ $BASHPID != $$ ] || rm -rf "$work"' EXIT # a child that is ended before it has become its command runs this, too
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
# objectives FILE METRICS TOLERANCE: the lines "step V objective" of FILE, ten of them, are what METRICS has of V and of G's objective in log(D(G(z))), within TOLERANCE
objectives() {
    awk -v want="$1" -v most="$3" '
        BEGIN { while ((getline line < want) > 0) if (line !~ /^#/) { split(line, f, " "); v[f[1]] = f[2]; o[f[1]] = f[3] } }
        {
            if (!match($0, /"step": *[0-9]+/)) next
            step = substr($0, RSTART + 7, RLENGTH - 7) + 0
            match($0, /"V": *[-0-9.e]+/); a = substr($0, RSTART + 4, RLENGTH - 4)
            match($0, /D\(G\(z\)\)\)": *[-0-9.e]+/); b = substr($0, RSTART, RLENGTH); sub(/.*: */, "", b)
            if (!(step in v)) next
            seen++
            if (a != "" && b != "" && (a - v[step])^2 <= most^2 && (b - o[step])^2 <= most^2) next
            print "step " step ": " a " " b ", not " v[step] " " o[step]
            bad = 1
        }
        END { if (seen != 10) { print "saw " seen + 0 " steps, not 10"; bad = 1 } exit bad }' "$2" || fail "the objectives differ from PyTorch's: $2"
}
# rounding OUTPUT [PARAMETER]: what `ganc compare` found to be nothing but rounding belongs to these parameters (a pattern), whose gradients are 0 by design
rounding() {
    local others
    others=$(sed -nE 's/^ +([^ ]+) is nothing but rounding.*/\1/p' "$1" | grep -vE "(^|[.])(${2:-none})\$")
    [ -z "$others" ] || fail "$1: nothing but rounding: $others"
}
# retiled [halved]: a text of kernels with tiles of 16 rows in every product and, `halved`, of half the columns where they are many
retiled() {
    awk -v halved="${1:-}" '
        /^    kernel/ { head = $0; next }
        head != "" && /by tiles of/ {
            match($0, /i0 in 0[.][.][0-9]+/); rows = substr($0, RSTART + 9, RLENGTH - 9)
            match($0, /i1 in 0[.][.][0-9]+/); columns = substr($0, RSTART + 9, RLENGTH - 9)
            match($0, /\[[0-9]+, [0-9]+\]/); split(substr($0, RSTART + 1, RLENGTH - 2), tile, ", ")
            if (rows > 16) tile[1] = 16
            if (halved != "" && tile[2] % 96 == 0) tile[2] /= 2
            sub(/\[[0-9]+, [0-9]+\]/, "[" tile[1] ", " tile[2] "]")
            tasks = int((rows + tile[1] - 1) / tile[1]) * int((columns + tile[2] - 1) / tile[2])
            sub(/: [0-9]+ tasks?/, ": " tasks " task" (tasks == 1 ? "" : "s"), head)
        }
        head != "" { print head; head = "" }
        { print }'
}
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
