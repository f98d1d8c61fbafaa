# kit.sh: for the tests of what training means: small models on standard input, and numbers of their metrics.jsonl against closed forms.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
cd "$work" || exit 1
runs=0

# trains [FLAG...] <MODEL: in double precision, a line of metrics each step; the numbers below are of this run, in $run
trains() {
    runs=$((runs + 1))
    run=$work/run$runs
    cat >model$runs.gan
    timeout 60 "$GANC" run --dtype f64 model$runs.gan --out "$run" --log-every 1 "$@" >log 2>&1 </dev/null || fail "exit status $?: $(grep -v '^ ' log | tail -3)"
}

# series NAME: its number at each step that has it, a line each
series() {
    NAME="\"$1\": " awk '{ i = index($0, ENVIRON["NAME"]); if (i) { s = substr($0, i + length(ENVIRON["NAME"])); sub(/[,}].*/, "", s); print s } }' "$run/metrics.jsonl"
}

# near STEP NAME WANT [TOLERANCE]
near() {
    local got
    got=$(STEP="\"step\": $1," awk 'index($0, ENVIRON["STEP"])' "$run/metrics.jsonl" | NAME="\"$2\": " awk '{ i = index($0, ENVIRON["NAME"]); if (i) { s = substr($0, i + length(ENVIRON["NAME"])); sub(/[,}].*/, "", s); print s } }')
    awk -v a="$got" -v b="$3" -v t="${4:-1e-12}" 'BEGIN { d = a - b; if (d < 0) d = -d; s = b < 0 ? -b : b; exit !(a != "" && d <= t * (s > 1 ? s : 1)) }' ||
        fail "$2 at step $1 is ${got:-not there}, not $3"
}

# series_is NAME "V1 V2 ..."
series_is() {
    local got
    got=$(series "$1" | tr '\n' ' ')
    [ "${got% }" = "$2" ] || fail "$1 is ${got:-not there}, not $2"
}

# bytes FILE BYTE...: an IDX file of numbers, an item each
bytes() {
    local file=$1 x n=$(($# - 1))
    shift
    { printf '\0\0\10\1\0\0'; printf "\\$(printf %o $((n / 256)))\\$(printf %o $((n % 256)))"; for x; do printf "\\$(printf %o "$x")"; done; } >"$file"
}
