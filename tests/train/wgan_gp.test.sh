# The gradient of a critic step with gradient penalty, in double, is that of PyTorch's double backward to 1e-10, norm-wise for each tensor
# (wgan_gp.txt, made by wgan_gp.py); and `ganc gradcheck` finds no fault with the model.
. "$(dirname "$0")/../lib.sh"
"$GANC" run --dtype f64 "$here/wgan_gp.gan" --out "$work/run" --steps 1 >"$work/log" 2>&1 || fail "$(tail -3 "$work/log")"
file=$work/run/checkpoints/00000001.safetensors
header=$(od -A n -t u8 -N 8 "$file" | tr -d ' ')
tail -c +9 "$file" | head -c "$header" | tr '{' '\n' | sed -nE 's/.*"data_offsets": *\[([0-9]+), *([0-9]+)\].*/\1 \2/p' >"$work/offsets"
tail -c +9 "$file" | head -c "$header" | grep -oE '"[^"]+": *\{"dtype"' | sed -E 's/"([^"]+)".*/\1/' >"$work/names"
paste -d ' ' "$work/names" "$work/offsets" | while read -r name from to; do
    tail -c +$((9 + header + from)) "$file" | od -A n -v -t f8 -w8 -N $((to - from)) | awk -v name="$name" '{ print name, NR - 1, $1 }'
done >"$work/values"
awk '
    NR == FNR { is[$1 " " $2] = $3; next }
    /^#/ { next }
    { key = $1 " " $2; if (!(key in is)) { print "the checkpoint has no " key; bad = 1; exit 1 }
      seen++; d[$1] += (is[key] - $3)^2; g[$1] += $4^2; D += (is[key] - $3)^2; N += $4^2 }
    END {
        if (bad) exit 1
        if (seen != 1297) { print "compared " seen " elements, not 1297"; exit 1 }
        for (n in d) if (sqrt(d[n]) > 1e-10 * sqrt(g[n])) if (g[n] > 0 || d[n] > 0) { print n ": " sqrt(d[n]) " of " sqrt(g[n]); bad = 1 }
        if (sqrt(D) > 1e-10 * sqrt(N)) bad = 1
        exit bad }' "$work/values" "$here/wgan_gp.txt" || fail "the gradient differs from PyTorch's"
"$GANC" gradcheck "$here/wgan_gp.gan" >"$work/log" 2>&1 || fail "$(cat "$work/log")"
finish
