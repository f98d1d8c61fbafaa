# Reports and pictures never move the training draws; pictures repeat the same draws.
. "$(dirname "$0")/kit.sh"
bytes ten.idx 0 1 2 3 4 5 6 7 8 9
cat >bare <<'EOF'
data ten : [] in any
prior noise : [3] ~ normal(0, 1)
net D(x ~ ten) -> [] { param w : [] = 1; w * dropout(x, 0.5) }
net G(z ~ noise) -> [3] { param w : [3] = 1; w * z }
value V = (E[x ~ ten] D(x)) - E[z ~ noise] sum(G(z)) * D(1)
train (batch=4, steps=9) { maximize V over D using momentum(0.01); minimize V over G using adam(0.01) }
EOF
cat >shown <<'EOF'
report minibatch(every=1) = V
report all(every=2, over=all, batch=3) = E[x ~ ten] D(x) * x
report noise_only(every=1) = E[z ~ noise] sum(G(z))
picture points(rows=4, cols=4, every=1) = sample[x ~ ten, z ~ noise] concat(z, reshape(x, 1))
EOF
trains --data ten.idx <bare
plain=$(series V; series 'V over G')
cat bare shown >both
trains --data ten.idx <both
[ "$plain" = "$(series V; series 'V over G')" ] || fail "with reports and pictures other numbers are trained"
[ "$(cat "$run"/pictures/points-*.csv | sort -u | wc -l)" = 16 ] || fail "pictures draw anew"
[ "$(ls "$run"/pictures | wc -l)" = 9 ] || fail "$(ls "$run"/pictures | wc -l) pictures, not 9"
finish
