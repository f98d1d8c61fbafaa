# Wrong rules of derivation and rewriting, given in a file, are caught: with the place of the statement, the tensors, and a failing exit status; right ones are not.
. "$(dirname "$0")/../lib.sh"
model=$here/models/penalty.gan
caught() { # what is wrong, the error's pattern, the model, the rules
    echo "$4" >"$work/rules.gan"
    "$GANC" gradcheck --rules "$work/rules.gan" "$3" >"$work/out" 2>"$work/err" && fail "$1: not caught"
    grep -qE -- "$2" "$work/err" || fail "$1: $(head -3 "$work/err")"
}
echo 'derivative tanh(x) = dy * (1 - y ^ 2)' >"$work/rules.gan"
"$GANC" gradcheck --rules "$work/rules.gan" "$model" >"$work/out" 2>&1 || fail "a right rule: $(cat "$work/out")"
caught "a factor" 'draws.gan:10:9: error\[E0702\]: the gradient of G.dense1.W' "$here/models/draws.gan" 'derivative sigmoid(x) = 1.00001 * dy * (y * (1 - y))'
caught "inside an objective" 'penalty.gan:9:11: error\[E0706\]' "$model" 'derivative tanh(x) = 1.00001 * dy * (1 - y * y)'
caught "too small for differences" 'E0702.*dual numbers' "$here/models/draws.gan" 'derivative sigmoid(x) = 1.000000001 * dy * (y * (1 - y))'
# right to the first order, so that only second derivatives are wrong: y is taken for a constant
caught "the second order only" 'the gradient of D.dense1.W' "$model" 'derivative tanh(x) = dy * (1 - stop(y * y))'
! grep -q E0706 "$work/err" || fail "a first derivative that is right was found wrong"
caught "the wrong operand" 'E0702' "$here/models/operations.gan" 'derivative max(a, b) = where(a < b, dy, 0), where(a < b, 0, dy)'
caught "beside a kink" 'E0702' "$here/models/operations.gan" 'derivative abs(x) = dy'
caught "a large gradient inside" 'E0706' "$here/models/large.gan" 'derivative softplus(x) = dy * tanh(x)'
caught "a rewriting" 'error\[E0704\]: this objective is' "$here/models/operations.gan" 'rewrite cos(a) = 1 - a * a / 2'
caught "no rule" 'error\[E0707\].*rules.gan is no file of rules' "$model" 'derivative nothing(x) = dy'
says 2 '--batch 0' "$GANC" gradcheck --batch 0 "$model"
says 2 '--elements many' "$GANC" gradcheck --elements=many "$model"
says 1 'E0001' "$GANC" gradcheck --rules "$work/none.gan" "$model"
says 1 'E0001' "$GANC" gradcheck "$work/none.gan"
finish
