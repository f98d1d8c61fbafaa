# Every graph of every example, compiled, agrees with the reference evaluator on the graph before any pass: in double and in single
# precision, with and without the passes. Of some of them the kernels, interpreted, are held between the two.
. "$(dirname "$0")/../lib.sh"
for file in "$top"/examples/*/*.gan; do
    model=$(basename "$file" .gan) smaller=()
    grep -q "^[a-z0-9_]*/$model " "$top/tests/examples/models.txt" && continue # tests/examples has it, made small
    case $model in wgan_gp | began | infogan) smaller=(-D width=32) ;; esac # the wide layers are the others' too
    case $model in
    began | infogan) zero='G[.]dense[12][.]b' ;; # before batchnorm
    mmd_gan) zero='F[.]dense2[.]b' ;;            # of features of which only differences count
    *) zero= ;;
    esac
    for dtype in f64 f32; do
        "$GANC" compare --dtype $dtype "$file" "${smaller[@]}" >"$work/out" 2>&1 || fail "$model $dtype: $(cat "$work/out")"
        rounding "$work/out" "$zero"
    done
done
"$GANC" compare -D features=0 "$top/examples/minibatch_discrimination/minibatch_discrimination.gan" >"$work/out" 2>&1 || fail "features=0: $(cat "$work/out")"
for pass in stack sink views rewrite fold transpose thin cse dce; do
    "$GANC" compare --dtype f64 --no-pass=$pass "$top/examples/gan_1d/gan_1d.gan" >"$work/out" 2>&1 || fail "without $pass: $(cat "$work/out")"
done
for model in gan_1d mixture parallel_lines; do
    for dtype in f64 f32; do
        "$GANC" compare --kernels --dtype $dtype "$top/examples/$model/$model.gan" >"$work/out" 2>&1 || fail "kernels of $model $dtype: $(cat "$work/out")"
    done
done
"$GANC" "$top/examples/gan_1d/gan_1d.gan" --emit=kernels -o "$work/kernels" && "$GANC" compare --kernels "$work/kernels" >"$work/out" 2>&1 || fail "the text of kernels: $(cat "$work/out")"
says 1 E0005 "$GANC" compare "$work/kernels"
finish
