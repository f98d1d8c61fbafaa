# Models as a reader of the language page writes them (tests/elaborate/models): no warning, the compiled code agrees with the reference
# evaluator in both precisions, and twenty steps of training keep every objective and report finite.
. "$(dirname "$0")/../lib.sh"
for file in "$top"/tests/elaborate/models/*.gan; do
    name=$(basename "$file" .gan)
    "$GANC" check -Werror "$file" >"$work/out" 2>&1 || fail "$name: $(cat "$work/out")"
    for dtype in f64 f32; do
        "$GANC" compare --dtype $dtype "$file" >"$work/out" 2>&1 || fail "$name $dtype: $(cat "$work/out")"
    done
    grep -q '^data .*{ image' "$file" && continue # its data is a file's
    "$GANC" run "$file" --out "$work/$name" --log-every 5 >"$work/out" 2>&1 || fail "$name: $(tail -3 "$work/out")"
    [ "$(grep -c '"step": 20,' "$work/$name/metrics.jsonl")" = 1 ] || fail "$name: did not log step 20"
    ! grep -qiE 'nan|inf|null' "$work/$name/metrics.jsonl" || fail "$name: $(grep -iE 'nan|inf|null' "$work/$name/metrics.jsonl" | head -1)"
done
finish
