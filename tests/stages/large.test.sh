# A net of 4000 layers: elaborated, printed and read back in seconds: nothing looks through all tensors for each. (A quadratic step takes minutes.)
# TIME: 600
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit 1
cat >large.gan <<'END'
prior p : [4] ~ normal(0, 1)
net G(z ~ p) -> [4] {
    var h = z
    for i in 0..4000 { h = h |> dense(4) }
    h
}
train (batch=2, steps=1) { minimize E[z ~ p] sum(G(z)) over G using adam }
END
timeout 60 "$GANC" large.gan --emit=graph -o graph || fail "graph: status $?"
timeout 60 "$GANC" graph --emit=graph -o again || fail "read back: status $?"
cmp graph again
[ "$(grep -c '^tensor ' graph)" = 24000 ] || fail "not 24000 tensors: $(grep -c '^tensor ' graph)"
timeout 60 "$GANC" large.gan --emit=grad --diff -o diff && [ -s diff ] || fail "the difference: status $?"
timeout 60 "$GANC" check large.gan || fail "check: status $?"
finish
