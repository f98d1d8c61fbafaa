# What the library draws: initialisers, noise and the penalty's points keep the bounds of random.txt, in both precisions.
. "$(dirname "$0")/../lib.sh"
"$GANC" check -Werror "$here/random.gan" >"$work/out" 2>&1 || fail "$(cat "$work/out")"
for dtype in f64 f32; do
    "$GANC" compare --dtype $dtype "$here/random.gan" >"$work/out" 2>&1 || fail "$dtype: $(cat "$work/out")"
    "$GANC" run --dtype $dtype "$here/random.gan" --out "$work/$dtype" --log-every 1 >"$work/out" 2>&1 || fail "$dtype: $(tail -3 "$work/out")"
    grep -v '^#' "$here/random.txt" | while read -r name least most; do
        got=$(sed -nE 's/.*"'"$name"'": *([-+0-9.e]+).*/\1/p' "$work/$dtype/metrics.jsonl" | tail -1)
        awk -v g="$got" -v l="$least" -v m="$most" 'BEGIN { exit !(g != "" && g + 0 >= l + 0 && g + 0 <= m + 0) }' || echo "$dtype: $name is $got, not in [$least, $most]"
    done >"$work/bad"
    [ ! -s "$work/bad" ] || fail "$(cat "$work/bad")"
done
finish
