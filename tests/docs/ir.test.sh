# compiler/docs/ir.md: the program of section 11 is what its own source prints; the text of kernels in section 12 reads back; and every simple
# member of the text of kernels (schedule/fields.def) is in its grammar.
. "$(dirname "$0")/../lib.sh"
page=$top/compiler/docs/ir.md
awk -v work="$work" '/^```kernels$/ { to = work "/rows.kernels"; next } /^```$/ && !to { to = work "/line.ir"; next } /^```$/ { to = ""; next } to { print >to }' "$page"
sed -n '/^source "line.gan"$/,$p' "$work/line.ir" | sed -n 's/^| \{0,1\}//p' >"$work/line.gan"
[ -s "$work/line.gan" ] || fail "ir.md has no source line.gan"
"$GANC" "$work/line.gan" --emit=graph >"$work/out" || fail "line.gan does not compile"
diff "$work/line.ir" "$work/out" || fail "section 11 is not what ganc prints"

"$GANC" check "$work/rows.kernels" || fail "the text of kernels is refused"
"$GANC" "$work/rows.kernels" --emit=kernels -o "$work/once" && "$GANC" "$work/once" --emit=kernels | cmp - "$work/once" || fail "the text of kernels does not read back"
"$GANC" compare --kernels "$work/rows.kernels" >"$work/out" || fail "the text of kernels, compiled, is not what it says: $(cat "$work/out")"

words=$(sed -nE 's/^FIELD\([a-z_]+, "([a-z_]+)".*/\1/p' "$top/compiler/schedule/fields.def")
[ -n "$words" ] || fail "fields.def has no rows"
for word in $words; do grep -qF -- "'$word'" "$page" || fail "schedule/fields.def: '$word' is not in the grammar of ir.md, section 12"; done
finish
