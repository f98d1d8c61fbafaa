# Data is shuffled in each epoch, every example at most once; a last partial batch is dropped; a further data set wraps round by itself. The number
# 3 * E[x] 2^x is the set of the minibatch's three examples, as bits.
. "$(dirname "$0")/kit.sh"
bytes ten.idx 0 1 2 3 4 5 6 7 8 9
bytes four.idx 0 1 2 3
trains --data ten=ten.idx --data four=four.idx <<'EOF'
data ten  : [] in any
data four : [] in any
net N() -> [] { param w : [] = 1; w }
train (batch=3, steps=12) {
    minimize N() * 3 * E[x ~ ten] 2^x over N using sgd(0)
    minimize N() * 3 * E[y ~ four] 2^y over N using sgd(0)
}
report e = epoch
EOF
series_is e "1 1 1 2 2 2 3 3 3 4 4 4"
series 'N() * 3 * E[x ~ ten] 2^x' | awk '
    { $1 = int($1 + 0.5); n = 0; for (i = 9; i >= 0; i--) if ($1 >= 2^i) { $1 -= 2^i; n++; if (used[i]++) { print "example " i " twice in an epoch"; bad = 1 } order = order " " i }
      if (n != 3) { print n " examples, not 3"; bad = 1 }
      order = order ";"
      if (NR % 3 == 0) { if (order in seen) { print "an epoch in the order of another"; bad = 1 } seen[order] = 1; order = ""; split("", used) } }
    END { exit bad || NR != 12 }' || fail "ten: $(series 'N() * 3 * E[x ~ ten] 2^x' | tr '\n' ' ')"
series 'N() * 3 * E[y ~ four] 2^y' | awk '
    { set = $1 = int($1 + 0.5); n = 0; for (i = 9; i >= 0; i--) if ($1 >= 2^i) { $1 -= 2^i; n++ } if (n != 3 || $1 != 0) bad = 1; if (NR > 1 && set != last) differ = 1; last = set }
    END { exit bad || NR != 12 || !differ }' || fail "four: $(series 'N() * 3 * E[y ~ four] 2^y' | tr '\n' ' ')"
finish
