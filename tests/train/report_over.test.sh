# A report is over one minibatch; over=all is over every example once, exactly, whatever the minibatch; over=NAME over those of another data set.
# The wanted numbers are awk's, from the bytes.
. "$(dirname "$0")/kit.sh"
digits="3 141 59 26 53 58 97 93 238 46 26"
others="2 71 82 81 82 84 59 45 235 36 0 28 74 71 35 26 62"
bytes d.idx $digits
bytes e.idx $others
cat >over.model <<'EOF'
data d : [] in any
data e : [] in any
data twice : [2] in any = { let x ~ d; concat(reshape(x, 1), reshape(x, 1)) }
data again : [2] in any = { let x ~ e; concat(reshape(x, 1), reshape(x, 1)) }
prior noise : [] ~ normal(0, 1)
net N() -> [] { param w : [] = 3; w }
fn mean_of(f, p) = E[x ~ p] f(x)
fn square(x) = x^2
value deviation = sqrt((E[x ~ d] x^2) - (E[x ~ d] x)^2)
train (batch=4, steps=6) { minimize 0 * N() * E[x ~ d] x over N using sgd }
report one(batch=1, every=1) = E[x ~ d] x
report mean(over=all) = E[x ~ d] x
report small(over=all, batch=1) = E[x ~ d] x
report large(over=all, batch=100) = E[x ~ d] x
report sd(over=all, batch=3, every=2) = deviation
report norms(over=all) = norm(E[x ~ twice] x) + sumsq(N) + N()
report both(over=all, batch=5) = (E[x ~ d] x) * E[y ~ e] y
report fns(over=all) = mean_of(square, d)
report other(over=e) = deviation
report made(over=e) = E[x ~ twice] sum(x)
report same(over=again) = E[x ~ twice] sum(x)
report apart(over=all, batch=5) = E[x ~ d, y ~ d] (x != y)
report whole(over=all, batch=11) = E[x ~ d] batch_mean(x^2)
report parts(over=all, batch=4) = (E[x ~ d] batch_mean(x)) - E[x ~ d] x
report paired(over=all) = E[x ~ d] (x - x)
report noisy(over=all, batch=64) = (E[z ~ noise] z) + 0 * E[x ~ d] x
EOF
stats() { echo "$@" | tr ' ' '\n' | awk '{ s += $1; q += $1^2; n++ } END { printf "%.17g %.17g %.17g\n", s / n, sqrt(q / n - (s / n)^2), q / n }'; }
read -r mean sd square <<<"$(stats $digits)"
read -r other_mean other_sd _ <<<"$(stats $others)"
trains --data d=d.idx --data e=e.idx --threads 1 <over.model
for n in 1 6; do
    near $n mean "$mean"
    near $n small "$mean"
    near $n large "$mean"
    near $n norms "$(awk -v m="$mean" 'BEGIN { printf "%.17g", sqrt(2) * m + 12 }')"
    near $n both "$(awk -v a="$mean" -v b="$other_mean" 'BEGIN { printf "%.17g", a * b }')"
    near $n fns "$square"
    near $n other "$other_sd"
    near $n made "$(awk -v b="$other_mean" 'BEGIN { printf "%.17g", 2 * b }')"
    near $n same "$(awk -v b="$other_mean" 'BEGIN { printf "%.17g", 2 * b }')"
    near $n paired 0
    near $n whole "$square"
done
near 4 sd "$sd"
awk -v x="$(series parts | head -1)" 'BEGIN { exit !(x != 0 && x < 60 && x > -60) }' || fail "parts: $(series parts | head -1)" # the last one is filled up
[ "$(series sd | wc -l)" = 3 ] || fail "every=2 of 6 steps: $(series sd | wc -l) reports"
[ "$(series apart | awk '$1 == 0' | wc -l)" = 0 ] || fail "two names are one draw"
[ "$(series noisy | sort -u | wc -l)" = 6 ] || fail "the noise of a report is the same at each step"
for x in $(series one); do case " $digits " in *" $x "*) ;; *) fail "$x is no example" ;; esac; done
[ "$(series one | sort -u | wc -l)" -gt 1 ] || fail "one minibatch of one example is always the same"

# the same lines on any number of threads, and when the run was interrupted
lines() { sed 's/"seconds": [0-9.]*, //' "$run/metrics.jsonl"; }
whole=$(lines)
trains --data d=d.idx --data e=e.idx --threads 3 <over.model
[ "$(lines)" = "$whole" ] || fail "other numbers on 3 threads"
trains --data d=d.idx --data e=e.idx --steps 3 <over.model
cp "model$runs.gan" "model.gan"
timeout 60 "$GANC" run --dtype f64 "model$runs.gan" --out "$run" --log-every 1 --resume --steps 6 >log 2>&1 || fail "resume: $(tail -1 log)"
[ "$(lines)" = "$whole" ] || fail "other numbers after a resume: $(diff <(lines) - <<<"$whole" | head -3)"
says 2 'e: no data was given; use --data e=PATH' "$GANC" run "model$runs.gan" --data d=d.idx --out none

# records: fields by name; a label's one-hot vector; an item of more than one number
mkdir r s
{ printf '\0\0\10\3\0\0\0\3\0\0\0\1\0\0\0\2'; printf '\1\2\3\4\5\6'; } >r/train-images-idx3-ubyte
{ printf '\0\0\10\1\0\0\0\3'; printf '\0\2\1'; } >r/train-labels-idx1-ubyte
{ printf '\0\0\10\3\0\0\0\2\0\0\0\1\0\0\0\2'; printf '\7\10\11\12'; } >s/train-images-idx3-ubyte
{ printf '\0\0\10\1\0\0\0\2'; printf '\2\2'; } >s/train-labels-idx1-ubyte
trains --data r=r --data s=s <<'EOF'
data r : { image : [2] in any, label : onehot(3) }
data s : { image : [2] in any, label : onehot(3) }
net N() -> [] { param w : [] = 3; w }
train (batch=2, steps=1) { minimize 0 * N() * E[x ~ r] sum(x.image) over N using sgd }
report all(over=all) = E[x ~ r] sum(x.image) * argmax(x.label)
report second(over=s) = E[x ~ r] sum(x.image) * argmax(x.label)
report field(over=s) = E[x ~ r.image] sum(x)
report named(over=s.image) = E[x ~ r.image] sum(x)
report vector(over=s.label) = norm((E[c ~ r.label] c) - (E[d ~ s.label] d))
EOF
near 1 all "$(awk 'BEGIN { printf "%.17g", (3 * 0 + 7 * 2 + 11 * 1) / 3 }')"
near 1 second 34
near 1 field 17
near 1 named 17
near 1 vector 0
finish
