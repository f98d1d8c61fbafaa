# Settings of every expression of the schedule are flags of the trainer, and take effect there; those of shapes are not, and it says how to change them.
. "$(dirname "$0")/kit.sh"
bytes ten.idx 0 1 2 3 4 5 6 7 8 9
cat >model.gan <<'EOF'
setting rate = 0.125
setting decay = rate / 2
setting rounds = 2
setting period = 3
setting late = 3
setting length = 4
setting passes = 2
setting gain = 1
setting first = 10
setting due = 2
setting shown = 2
setting bound = 0.5
setting on = true
setting weight = 0
setting noise = 0.25
setting rows = 2
data ten : [] in any
state k : [] = first
state met : [] = 0
state after : [] = 0
state joint : [] = 0
state v : [2] = first
state bare : [] = 0
net N() -> [] { param w : [] = 0; w }
net W() -> [] { param w : [] = 1; w }
net M() -> [] { param w : [] = 8; w }
optimizer slow = sgd(rate * 2)
optimizer odd(lr=1) (w, g) { w <- if on { w - lr * g } else { w + lr * g } }
train first_block (batch=5, steps=length * 2) {
    let n = rounds + 1
    repeat n { k <- k + gain }
    every period { met <- met + 1 }
    if step > late { after <- after + 1 }
    together { joint <- joint + gain; minimize N() over N using sgd(rate, decay=0) }
    minimize N() over N using slow
    minimize N() over N using sgd(exponential(step, rate, 1))
    minimize M() over M using odd(lr=decay)
    project M with clip(bound * 10)
    v <- v * gain
    minimize 0 * W() over W using sgd(if on { 0.5 } else { 1 }, decay=weight)
}
train second_block (batch=5, epochs=passes) { minimize N() * E[x ~ ten] gain * x over N using sgd(0) }
report ks(every=due) = k
report mets = met
report afters = after
report joints = joint
report ns = N()
report ms = M()
report kept = W()
report vs = v[1]
report scaled = (E[x ~ ten] gain * x) * 0 + gain
picture p(every=shown, rows=rows, cols=1) = sample[z : [2] ~ normal(0, noise)] z
EOF
"$GANC" --dtype f64 model.gan -o trainer 2>log || fail "it does not compile: $(head -5 log)"
# flags FLAG...: runs the trainer with them
flags() {
    runs=$((runs + 1))
    run=$work/run$runs
    timeout 60 ./trainer --data ten.idx --out "$run" --log-every 1 "$@" >log 2>&1 </dev/null || fail "exit status $?: $*: $(tail -2 log)"
}
last() { wc -l <"$run/metrics.jsonl"; }
flags
[ "$(series ks | wc -l)" = 6 ] || fail "every=2 of 12 steps: $(series ks | wc -l) reports"
near 2 ks 16
near 8 mets 2
near 8 afters 5
near 8 joints 8
near 8 ns -4
near 8 ms 4.5625 # 5 at step 1, then 7 times rate / 2 less
near 8 vs 10
near 8 kept 1
[ "$(last)" = 12 ] || fail "$(last) steps, not 8 and 4"
[ "$(ls "$run"/pictures/*.csv | wc -l)" = 6 ] || fail "$(ls "$run"/pictures/*.csv | wc -l) pictures, not 6"
plain=$run
# one FLAG VALUE, then STEP NAME WANT...: what the flag changes
one() {
    flags "--$1" "$2"
    shift 2
    while [ $# -gt 0 ]; do
        near "$1" "$2" "$3"
        shift 3
    done
}
one rate 0.25 8 ns -8 8 ms 4.125 1 ms 5
one decay 4 1 ms 4 8 ms -5
one rounds 0 8 ks 18
one period 2 8 mets 4
one late 7 8 afters 1
one length 2 4 ns -2
[ "$(last)" = 8 ] || fail "length 2: $(last) steps, not 4 and 4"
one passes 3
[ "$(last)" = 14 ] || fail "passes 3: $(last) steps, not 8 and 6"
one gain 2 8 ks 58 8 joints 16 8 vs 2560 8 scaled 2
one first 100 2 ks 106 1 vs 100
one due 3 3 ks 19 6 ks 28
one shown 4
[ "$(ls "$run"/pictures/*.csv | wc -l)" = 3 ] || fail "shown 4: $(ls "$run"/pictures/*.csv | wc -l) pictures, not 3"
one bound 0.25 8 ms 2.0625
one on false 8 ms 5
one weight 1 1 kept 0.5 8 kept 0.00390625
flags --weight 1 --on false
near 1 kept 0
one on 0 1 ms 5
one noise 25
a=$(head -1 "$run/pictures/p-00000002.csv") b=$(head -1 "$plain/pictures/p-00000002.csv")
awk -v a="$a" -v b="$b" 'BEGIN { split(a, x, ","); split(b, y, ","); exit !(x[1] / y[1] > 99.99 && x[1] / y[1] < 100.01) }' || fail "noise 25: $a, and without $b"
says 2 'rows.*-D rows=3' ./trainer --rows 3 --data ten.idx --out none
says 2 'gains.*gain' ./trainer --gains 3 --data ten.idx --out none
says 2 'gain' ./trainer --gain many --data ten.idx --out none
finish
