# The objectives of the first ten steps of gan_mnist without dropout, in double precision, are PyTorch's from the same initial weights,
# noise and minibatches, to 1e-8 (first_steps.txt, made by first_steps.py).
. "$(dirname "$0")/../lib.sh"
"$GANC" run --dtype f64 "$here/gan_mnist_plain.gan" --data "$top/examples/data/mnist" --out "$work/run" --log-every 1 >"$work/log" 2>&1 || fail "$(tail -3 "$work/log")"
awk -v want="$here/first_steps.txt" '
    BEGIN { while ((getline line < want) > 0) if (line !~ /^#/) { split(line, f, " "); v[f[1]] = f[2]; o[f[1]] = f[3] } }
    {
        if (!match($0, /"step": *[0-9]+/)) next
        step = substr($0, RSTART + 7, RLENGTH - 7) + 0
        match($0, /"V": *[-0-9.e]+/); a = substr($0, RSTART + 4, RLENGTH - 4)
        match($0, /D\(G\(z\)\)\)": *[-0-9.e]+/); b = substr($0, RSTART, RLENGTH); sub(/.*: */, "", b)
        if (!(step in v)) next
        seen++
        if ((a - v[step])^2 > 1e-16 || (b - o[step])^2 > 1e-16) { print "step " step ": " a " " b ", not " v[step] " " o[step]; bad = 1 }
    }
    END { if (seen != 10) { print "saw " seen " steps, not 10"; bad = 1 } exit bad }' "$work/run/metrics.jsonl" || fail "the objectives differ from PyTorch's"
finish
