# Which draws are one draw and which are others, by differences that are 0 or are not.
. "$(dirname "$0")/kit.sh"
trains <<'EOF'
prior noise : [3] ~ normal(0, 1)
prior other : [3] ~ normal(0, 1)
net N() -> [] { param w : [] = 1; w }
net D(x ~ noise) -> [] { param v : [3] = 1; sum(dropout(x, 0.5) * v) }
net G(z ~ noise) -> [3] { param u : [3] = 1; let e : [3] ~ normal(0, 1); z + e * u }
value A = E[x ~ noise] D(x)
value B = E[x ~ noise] D(x)
value M = E[x ~ noise] sum(x)
fn spread(x) = { let e : [3] ~ normal(0, 1); x + e }
state before : [] = 0
state fresh : [] = 0
train (batch=4, steps=3) {
    minimize N() * (A - B) over N using sgd(0)
    minimize N() * (M - E[x ~ noise] sum(x)) over N using sgd(0)
    minimize N() * (M - E[y ~ noise] sum(y)) over N using sgd(0)
    minimize N() * (M - E[x ~ other] sum(x)) over N using sgd(0)
    minimize N() * E[x ~ noise] (D(x) - D(1 * x)) over N using sgd(0)
    minimize N() * E[z ~ noise] sum((G(z) - G(z))^2) over N using sgd(0)
    minimize N() * E[z ~ noise] sum((G(z) - z - (G(2 * z) - 2 * z))^2) over N using sgd(0)
    minimize N() * E[z ~ noise] sum((spread(z) - spread(z))^2) over N using sgd(0)
    minimize N() * E[z ~ noise] sum((spread(z) - z - (spread(3 * z) - 3 * z))^2) over N using sgd(0)
    together {
        minimize N() * M over N using sgd(0)
        minimize sum(v_of_D()) * 0 + M * sumsq(D) / 3 over D using sgd(0)
    }
    fresh <- E[x ~ noise] sum(x)
    repeat 2 { before <- fresh; fresh <- E[x ~ noise] sum(x) }
}
fn v_of_D() = sumsq(D)
report round = before - fresh
EOF
zero() { [ "$(series "$1" | awk '$1 != 0' | wc -l)" = 0 ] && [ "$(series "$1" | wc -l)" = 3 ] || fail "$1 is not 0: $(series "$1" | tr '\n' ' ')"; }
other() { [ "$(series "$1" | awk '$1 != 0' | sort -u | wc -l)" = 3 ] || fail "$1 is the same draw: $(series "$1" | tr '\n' ' ')"; }
zero 'N() * (A - B)'
zero 'N() * (M - E[x ~ noise] sum(x))'
other 'N() * (M - E[y ~ noise] sum(y))'
other 'N() * (M - E[x ~ other] sum(x))'
other 'N() * E[x ~ noise] (D(x) - D(1 * x))'
zero 'N() * E[z ~ noise] sum((G(z) - G(z))^2)'
other 'N() * E[z ~ noise] sum((G(z) - z - (G(2 * z) - 2 * z))^2)'
zero 'N() * E[z ~ noise] sum((spread(z) - spread(z))^2)'
other 'N() * E[z ~ noise] sum((spread(z) - z - (spread(3 * z) - 3 * z))^2)'
other round
[ "$(series 'N() * M')" = "$(series 'sum(v_of_D()) * 0 + M * sumsq(D) / 3')" ] || fail "one together draws x twice"
finish
