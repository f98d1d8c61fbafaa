# Parameters that the objective cannot reach are left alone: no decay, no momentum. The others follow the closed forms of decay and momentum.
. "$(dirname "$0")/kit.sh"
trains <<'EOF'
net A() -> [] { param w : [] = 1; w }
net B() -> [] { param w : [] = 1; w }
net AB() -> [] { A() + B() }
optimizer heavy = momentum(0.1, 0.5)
train (batch=1, steps=4) {
    if step == 1 { minimize B() over B using heavy }
    minimize A() over AB using heavy
    minimize 0 * A() + A() over AB using sgd(0.1, decay=1)
}
report a = A()
report b = B()
EOF
series_is b "0.9 0.9 0.9 0.9"
want=$(awk 'BEGIN { w = 1; for (i = 0; i < 4; i++) { v = 0.5 * v - 0.1; w += v; w -= 0.1 * (1 + w) } printf "%.17g", w }')
near 4 a "$want"
finish
