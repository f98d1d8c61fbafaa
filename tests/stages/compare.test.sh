# Every graph of every example, compiled, agrees with the reference evaluator on the graph before any pass: in double and in single
# precision, with and without the passes.
. "$(dirname "$0")/../lib.sh"
for model in gan_1d mixture gan_mnist gan_mnist_code; do
    file=$top/examples/$model/$model.gan
    for dtype in f64 f32; do
        "$GANC" compare --dtype $dtype "$file" >"$work/out" 2>&1 || fail "$model $dtype: $(cat "$work/out")"
    done
done
for pass in sink views rewrite fold transpose thin cse dce; do
    "$GANC" compare --dtype f64 --no-pass=$pass "$top/examples/gan_1d/gan_1d.gan" >"$work/out" 2>&1 || fail "without $pass: $(cat "$work/out")"
done
finish
