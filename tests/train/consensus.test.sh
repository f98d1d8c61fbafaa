# grad(v, D) and what is made of it, differentiated again: objectives and states of six steps of consensus.gan, in double precision, are
# PyTorch's to 1e-11 (consensus.txt, made by consensus.py).
. "$(dirname "$0")/../lib.sh"
bytes() { # n examples of two bytes, as IDX
    printf '\0\0\10\2\0\0\0\10\0\0\0\2'
    for byte in "$@"; do printf "\\$(printf %o "$byte")"; done
}
bytes 12 250 40 90 200 10 128 128 255 0 77 190 33 66 99 222 >"$work/xs.idx"
bytes 0 255 255 255 30 60 90 120 150 180 210 240 5 115 225 15 >"$work/zs.idx"
"$GANC" check -Werror -Wno-saturating "$here/consensus.gan" 2>"$work/log" || fail "$(cat "$work/log")"
"$GANC" run --dtype f64 "$here/consensus.gan" --data xs="$work/xs.idx" --data zs="$work/zs.idx" --out "$work/run" --log-every 1 >"$work/log" 2>&1 ||
    fail "$(tail -3 "$work/log")"
numbers='"step": ([0-9]+),.*"V - gamma \* L": ([^,]*), "V \+ gamma \* L": ([^,]*), "value_now": ([^,]*), "of_D": ([^,]*), "of_trunk": ([^,]*), "of_rest": ([^,]*), "mixed": ([^,]*), "curved": ([^,}]*)'
sed -nE "s/.*$numbers.*/\1 \2 \3 \4 \5 \6 \7 \8 \9/p" "$work/run/metrics.jsonl" >"$work/ours"
awk -v want="$here/consensus.txt" '
    BEGIN { while ((getline line < want) > 0) if (line !~ /^#/) { n = split(line, f, " "); for (i = 2; i <= n; i++) v[f[1], i] = f[i]; rows++ } }
    {
        seen++
        for (i = 2; i <= 9; i++) {
            d = $i - v[$1, i]
            if (!(($1, i) in v) || d^2 > 1e-22) { print "step " $1 ", column " i ": " $i ", not " v[$1, i]; bad = 1 }
        }
    }
    END { if (seen != 6 || rows != 6) { print "saw " seen " steps of " rows; bad = 1 } exit bad }' "$work/ours" >"$work/log" || fail "$(cat "$work/log")"
finish
