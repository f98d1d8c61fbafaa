# A summand that does not depend on the trained nets is left out and draws nothing: its data's epoch does not go on. A summand that is kept draws all
# its names, used or not.
. "$(dirname "$0")/kit.sh"
bytes ten.idx 0 1 2 3 4 5 6 7 8 9
model() {
    cat <<EOF
data ten : [] in any
net N() -> [] { param w : [] = 1; w }
net M() -> [] { param w : [] = 1; w }
value V = N() * (E[x ~ ten] x) + $1
train (batch=5, steps=8) { minimize V over N using sgd(0) }
report e = epoch
report m = M()
EOF
}
for summand in '0 * N()' '2 * (E[y ~ ten] y) * M()' 'E[y ~ ten] y' '-(E[y ~ ten] y * M()) / 3'; do
    model "$summand" >left.gan
    trains --data ten.idx <left.gan
    series_is e "1 1 2 2 3 3 4 4"
    [ "${first:=$(series V)}" = "$(series V)" ] || fail "+ $summand changes what is trained: $(series V | tr '\n' ' ')"
done
model '0 * E[y ~ ten, u ~ ten] y * N()' >kept.gan
trains --data ten.idx <kept.gan
series_is e "1 2 4 5 7 8 10 11"
finish
