# together: gradients at the same parameters and draws, then all updates. On min max xy it is x + iy -> (1 + ir)(x + iy), which spirals out; written in
# sequence it keeps x^2 - rxy + y^2. States set inside read old values: they exchange them, and get the expectation on the same draws.
. "$(dirname "$0")/kit.sh"
game() {
    cat <<EOF
setting r = 0.3
prior noise : [] ~ normal(0, 1)
state a : [] = 1
state b : [] = 2
state mean : [] = 0
state v : [2] = 5
state w : [2] = 6
state seen : [2] = 0
net X() -> [] { param x : [] = 1; x }
net Y() -> [] { param y : [] = 1; y }
value V = X() * Y() + 0 * X() * E[z ~ noise] z
train (batch=4, steps=20) {
$1
        minimize V over X using sgd(r)
        a <- b
        mean <- E[z ~ noise] z
        v <- w
        maximize X() * Y() + (Y() - stop(Y())) * E[z ~ noise] z over Y using sgd(r)
        b <- a
        seen <- X()
        w <- v
$2
}
report x = X()
report y = Y()
report ra = a
report rb = b
report rv = v[0]
report rw = w[1]
report rs = seen[0]
report q = X()^2 - r * X() * Y() + Y()^2
report rm = mean
EOF
}
game 'together {' '}' | sed 's/ + (Y() - stop(Y())) \* E\[z ~ noise\] z//' >together.gan
trains <together.gan
near 1 x 0.7
near 1 y 1.3
for n in 4 20; do # |x + iy|^2 = 2 (1 + r^2)^n; r = tan(t): the angle is pi/4 + n t
    near $n x "$(awk -v n=$n 'BEGIN { t = atan2(0.3, 1); printf "%.17g", sqrt(2) * 1.09^(n / 2) * cos(atan2(1, 1) + n * t) }')" 1e-9
    near $n y "$(awk -v n=$n 'BEGIN { t = atan2(0.3, 1); printf "%.17g", sqrt(2) * 1.09^(n / 2) * sin(atan2(1, 1) + n * t) }')" 1e-9
done
for n in 1 2 3; do
    near $n ra $((n % 2 ? 2 : 1))
    near $n rb $((n % 2 ? 1 : 2))
    near $n rv $((n % 2 ? 6 : 5))
    near $n rw $((n % 2 ? 5 : 6))
done
near 1 rs 1
near 2 rs 0.7
game 'together {' '}' >drawn.gan # the gradient of Y is x + mean z: the draw is the one that mean gets
trains <drawn.gan
near 1 y "$(awk -v m="$(series rm | head -1)" 'BEGIN { printf "%.17g", 1 + 0.3 * (1 + m) }')"
[ "$(series rm | sort -u | wc -l)" = 20 ] || fail "the steps draw alike"
game '' '' | sed 's/ + (Y() - stop(Y())) \* E\[z ~ noise\] z//' >sequence.gan
trains <sequence.gan
near 1 x 0.7
near 1 y 1.21
for n in 1 7 20; do near $n q 1.7 1e-9; done
near 1 ra 2
near 1 rb 2
near 1 rv 6
near 1 rw 6
near 1 rs 0.7
finish
