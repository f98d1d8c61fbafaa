# Each rule of compiler/schedule/rules.def may be turned off: the compiled code still agrees with the reference, and is other code.
. "$(dirname "$0")/../lib.sh"
rules=$("$GANC" passes | sed -n 's/^- \*\*\([a-z_0-9]*\)\*\*.*/\1/p')
[ "$(echo "$rules" | wc -l)" -ge 5 ] || fail "no list of rules: $rules"
cat >"$work/two.gan" <<'GAN'
# two products of one sum; a sum of much to little
prior p : [8] ~ normal(0, 1)
net G(z ~ p) -> [8] { param A : [8, 8] ~ normal(0, 0.5); param B : [8, 8] ~ normal(0, 0.5); z @ A + tanh(z) @ B }
train (batch=8192, steps=1) { minimize E[z ~ p] sum(G(z) ^ 2) over G using sgd(lr=0.001) }
GAN
cat >"$work/images.gan" <<'GAN'
# convolutions of a minibatch
prior p : [4, 4, 3] ~ normal(0, 1)
net G(z ~ p) -> [2, 2, 20] { z |> conv(20, kernel=3, stride=2) }
train (batch=8, steps=1) { minimize E[z ~ p] sum(G(z) ^ 2) over G using sgd(lr=0.001) }
GAN
models="$work/two.gan $work/images.gan $top/examples/gan_1d/gan_1d.gan $top/examples/mixture/mixture.gan"
code() { "$GANC" "$1" --emit=asm "${@:2}" || fail "$*"; }
for model in $models "$top/examples/gan_mnist/gan_mnist.gan"; do code "$model" >"$work/$(basename "$model").s"; done
for rule in $rules; do
    other=0
    for model in $models; do
        "$GANC" compare --no-pass="$rule" "$model" >"$work/out" 2>&1 || fail "$model without $rule: $(cat "$work/out")"
    done
    for model in $models "$top/examples/gan_mnist/gan_mnist.gan"; do
        code "$model" --no-pass="$rule" | cmp -s - "$work/$(basename "$model").s" || other=1
        [ $other = 0 ] || break
    done
    [ $other = 1 ] || fail "$rule changes nothing in any of these"
done
"$GANC" "$work/two.gan" --emit=asm --no-pass=epilog 2>"$work/err" >&2 && fail "there is a rule epilog"
grep -q 'did you mean epilogue' "$work/err" || fail "$(cat "$work/err")"
finish
