# Every model in a ```gan fence of README.md and the language reference compiles.
. "$(dirname "$0")/../lib.sh"
for page in README.md compiler/docs/language.md stdlib/README.md; do
    rm -f "$work"/snippet*.gan
    awk -v dir="$work" '/^```gan$/ { n++; on = 1; file = sprintf("%s/snippet%03d.gan", dir, n); next } /^```/ { on = 0 } on { print > file }' "$top/$page"
    for snippet in "$work"/snippet*.gan; do
        [ -e "$snippet" ] || continue
        "$GANC" check "$snippet" >"$work/out" 2>&1 || fail "$page: $(basename "$snippet"): $(cat "$work/out")"
    done
done
finish
