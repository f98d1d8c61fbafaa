# ganc gradcheck finds no fault with any model: those here, the examples, and those of elaborate/. What it says of them is read: each tensor has its row, each
# gradient inside an objective its line, and differences decide most of what they are asked.
. "$(dirname "$0")/../lib.sh"
checked() { # FILE, statements, gradients inside, whether differences decide everything
    "$GANC" gradcheck "$1" >"$work/out" 2>"$work/err" || fail "$1: $(cat "$work/err" "$work/out")"
    [ ! -s "$work/err" ] || fail "$1: says $(head -1 "$work/err")"
    [ "$(grep -c 'gradient of  ' "$work/out")" = "$2" ] || fail "$1: not $2 statements"
    [ "$(grep -c 'all of them .* directions' "$work/out")" = "$2" ] || fail "$1: not $2 rows of directions"
    [ "$(grep -c 'gradient inside the objective' "$work/out")" = "$3" ] || fail "$1: not $3 gradients inside"
    [ "$4" = some ] || ! grep 'too coarse' "$work/out" || fail "$1: differences leave something open"
}
models=$here/models
checked "$models/penalty.gan" 2 2 all
checked "$models/thrice.gan" 2 5 all
checked "$models/norms.gan" 2 0 some # a bias before batchnorm has no gradient to measure
checked "$models/inner_zero.gan" 2 6 some
checked "$models/draws.gan" 2 0 all
checked "$models/operations.gan" 5 2 all
checked "$models/large.gan" 1 1 all
grep -q 'too large for nested dual numbers' "$work/out" || fail "large.gan: it is not said that rules built the inner gradient"
checked "$models/deep.gan" 1 4 some
grep -q 'too large for nested dual numbers' "$work/out" || fail "deep.gan: it is not said that rules built the inner gradients"
checked "$models/kinks.gan" 1 0 some
grep -q 'redrawn: [1-9]' "$work/out" || fail "kinks.gan: no kink was met"
for file in "$top"/tests/elaborate/models/*.gan "$top"/examples/gan_1d/*.gan "$top"/examples/mixture/*.gan "$top"/examples/parallel_lines/*.gan "$top"/examples/wgan_gp/*.gan; do
    elements=100
    case $file in */consensus.gan | */wgan_gp.gan) elements=3 ;; esac # gradients of gradients take their time; whole: tests/README.md
    "$GANC" gradcheck --elements $elements "$file" >"$work/out" 2>&1 || fail "$file: $(cat "$work/out")"
done
"$GANC" gradcheck --elements 5 "$top/examples/gan_mnist/gan_mnist.gan" >"$work/out" 2>&1 || fail "gan_mnist: $(cat "$work/out")"
grep -q 'G.dense2.W  *5 of 1440000' "$work/out" || fail "gan_mnist: --elements 5 is not what was checked"

# A model whose shapes count on its batch keeps it; others are cut down to --batch; a text of stage graph is checked as the model.
"$GANC" gradcheck --batch 2 "$models/draws.gan" >"$work/cut" 2>&1 || fail "--batch 2"
grep -q '(batch 2)' "$work/cut" || fail "--batch 2 does not cut the minibatch down"
cat >"$work/own.gan" <<'END'
data d : [2] in [-1, 1]
net D(x ~ d) -> [] { x |> dense(4) |> tanh |> dense(1) }
train (batch=6, steps=1) { minimize E[x ~ d] { let y : [6, 2] = batch(x); D(x) * sum(y) } over D using sgd }
END
"$GANC" gradcheck "$work/own.gan" >"$work/out" 2>&1 || fail "a model with a batch of its own: $(cat "$work/out")"
grep -q '(batch 6)' "$work/out" || fail "a model that needs its batch does not keep it: $(head -1 "$work/out")"
"$GANC" --dtype f64 "$models/draws.gan" --emit=graph -o "$work/draws.graph" || fail "--emit=graph"
"$GANC" gradcheck "$work/draws.graph" >"$work/out" 2>&1 || fail "a text of stage graph: $(cat "$work/out")"
finish
