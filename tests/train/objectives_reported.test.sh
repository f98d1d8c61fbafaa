# Each statement's objective is reported unnegated, under its name or its text, from the training draws; one of a text that another has had, with the nets
# that it trains.
. "$(dirname "$0")/kit.sh"
bytes ten.idx 0 1 2 3 4 5 6 7 8 9
trains --data ten.idx <<'EOF'
data ten : [] in any
net N() -> [] { param w : [] = 3; w }
net M() -> [] { param w : [] = 2; w }
value V = N() + M()
value P = N() * E[x ~ ten] x
state drawn : [] = 0
train (batch=5, steps=2) {
    maximize V over N using sgd(0.5)
    minimize V over M using sgd(0)
    minimize V over N, M using sgd(0)
    minimize V over N, M using sgd(0)
    maximize -N() over N using sgd(0)
    together { minimize P over N using sgd(0); drawn <- E[x ~ ten] x }
}
report d = drawn
EOF
series_is V "3 3.5"
series_is 'V over M' "2 2"
series_is 'V over N, M' "5.5 6"
series_is 'V over N, M (2)' "5.5 6"
series_is '-N()' "-3.5 -4"
near 1 P "$(awk -v d="$(series d | head -1)" 'BEGIN { print 3.5 * d }')"
near 2 P "$(awk -v d="$(series d | tail -1)" 'BEGIN { print 4 * d }')"
finish
