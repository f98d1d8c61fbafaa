# Several train blocks run one after the other; step, epoch and updates start again in each; a state and a net go on.
. "$(dirname "$0")/kit.sh"
bytes ten.idx 0 1 2 3 4 5 6 7 8 9
trains --data ten.idx <<'EOF'
data points : [] in any
state total : [] = 0
optimizer tally() (w, g) { w <- updates }
net N() -> [] { param w : [] = 0; w }
net M() -> [] { param w : [] = 7; w }
train first (batch=5, steps=5) { total <- total + step; minimize N() * E[x ~ points] x over N using tally }
train second (batch=5, steps=3) { total <- total + 100 * step; minimize M() * E[x ~ points] x over M using tally }
train third (batch=5, steps=2) { repeat 2 { minimize N() * E[x ~ points] x over N using tally } }
report s = step
report e = epoch
report sum = total
report n = N()
report m = M()
EOF
series_is s "1 2 3 4 5 1 2 3 1 2"
series_is e "1 1 2 2 3 1 1 2 1 2"
series_is sum "1 3 6 10 15 115 315 615 615 615"
series_is n "1 2 3 4 5 5 5 5 2 4"
series_is m "7 7 7 7 7 1 2 3 3 3"
[ "$(grep -o '"block": "[a-z]*"' "$run/metrics.jsonl" | tr -d '\n')" = '"block": "first""block": "first""block": "first""block": "first""block": "first""block": "second""block": "second""block": "second""block": "third""block": "third"' ] ||
    fail "the blocks are $(grep -o '"block": "[a-z]*"' "$run/metrics.jsonl" | tr '\n' ' ')"
finish
