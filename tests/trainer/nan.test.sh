# Values that are not finite: the operation that made the first one, by name, line, player, step, direction and operands; the file that replays it; rollback.
# Each model is made so that it is known which operation it must be, and what it was given.
. "$(dirname "$0")/kit.sh"

# made MODEL [FLAG...]: compiled from standard input
made() {
    cat >"$1.gan"
    "$GANC" "$1.gan" "${@:2}" -o "$1" 2>"$1.err" || fail "$1: $(cat "$1.err")"
}

# origin MODEL PATTERN [FLAG...]: training stops, and says this of where it began; the file it leaves says the same, without the data, on 1, 2 and 8 threads
origin() {
    local model=$1 pattern=$2 threads file
    shift 2
    rm -rf runs
    timeout 60 ./$model "$@" >out 2>err </dev/null
    [ $? = 1 ] || fail "$model $*: exit status $?, not 1: $(tail -2 err)"
    grep -E ': the first value that is not finite: ' err >said || fail "$model $*: does not say where it began: $(cat err)"
    grep -qE -- "$pattern" said || fail "$model $*: not /$pattern/: $(cat said)"
    grep -qE 'training stops, and the last good checkpoint is that of step [0-9]+$' err || fail "$model $*: does not say that it stops"
    file=$(ls runs/$model/nan-*.safetensors)
    sed -E "s/^$model: //; s/ See it again: .*//" said >want
    for threads in 1 2 8; do
        (mkdir -p away && cd away && timeout 60 ../$model replay ../$file --threads $threads) >got 2>&1 || fail "$model: replay: $(cat got)"
        cmp -s want got || fail "$model: replay on $threads threads says something else: $(diff want got)"
    done
    # nothing bad was saved
    for file in runs/$model/checkpoints/*.safetensors; do quietly ./$model info --checkpoint $file; done
}

idx 128 2 >pairs.idx
for ((i = 0; i < 256; i++)); do printf "\\$(printf %o $((i * 7 % 256)))"; done >>pairs.idx

idx 128 2 >same.idx
for ((i = 0; i < 256; i++)); do printf '\100'; done >>same.idx

# ---- the issue's three: the logarithm of a negative number; 0 / 0 in a gradient alone; a rate of 1e6 ----
made log <<'END'
data  points : [1] = { let x : [1] ~ normal(3, 0.5); x }
prior noise  : [1] ~ uniform(-1, 1)
net G(z ~ noise) -> [1] { z |> dense(16, init=he) |> relu |> dense(1, init=he) }
net D(x ~ points) -> [] { x |> dense(16, init=he) |> relu |> dense(1, init=he) }
value V = E[x ~ points] log(D(x) + 6) - E[z ~ noise] D(G(z))
train (batch=64, steps=2000) {
    minimize V over D using sgd(0.02)
    minimize E[z ~ noise] (D(G(z)))^2 over G using sgd(0.02)
}
END
origin log "step [0-9]+: .*: log at log.gan:5:25 \(log\(D\(x\) \+ 6\)\) makes NaN of -[0-9.]+, forward, for D's objective V\. Its operand ranges from -[0-9.]+ to [0-9.]+, and of its 64 values [0-9]+ (is|are) not finite\."
first=$(sed -nE 's/.*step ([0-9]+): the first.*/\1/p' said)
origin log ": log at log.gan:5:25 " --seed 5 --checkpoint-every 3 --keep 0
[ -e runs/log/checkpoints/00000003.safetensors ] || fail "log: no checkpoint of step 3"
./log replay runs/log/nan-*.safetensors --kernels >table || fail "log: no table of kernels"
[ $(awk '$0 ~ /log\+/ && $(NF - 1) > 0' table | wc -l) = 1 ] || fail "log: its kernel is not marked: $(cat table)"
[ $(awk '$0 ~ /dense/ && $(NF - 1) > 0' table | wc -l) = 0 ] || fail "log: the kernels before it are marked: $(cat table)"
"$GANC" run log.gan --out ran >out 2>err </dev/null && fail "ganc run: no error"
grep -qE "step $first: the first value that is not finite: log at log.gan:5:25" err || fail "ganc run: $(cat err)"
"$GANC" run log.gan replay ran/nan-*.safetensors 2>/dev/null | grep -q 'log at log.gan:5:25' || fail "ganc run replay"
# found again in the first step after a resume
rm -rf runs
quietly ./log --steps $((first - 1)) --checkpoint-every 1000
./log --resume --out runs/log >out 2>err </dev/null && fail "resume: no error"
grep -qE "step $first: the first value that is not finite: log at log.gan:5:25" err || fail "resume: $(cat err)"

made zero <<'END'
data  points : [2] in [-1, 1]
net F(x ~ points) -> [2] {
    param w : [2] = 0.1
    w * x
}
fn norm(x) = sqrt(sum(x * x))
fn positive(w) = max(w, 0)
train (batch=64, steps=2000) {
    minimize E[x ~ points] (norm(F(x)) * sum(abs(F(x))) + 0.5 * sum(abs(F(x)))) over F using sgd(0.01)
    project F with positive
}
END
origin zero ": div at zero.gan:6:14 \(sqrt\(sum\(x \* x\)\)\) makes NaN of 0 and 0, backward, for F's parameter F.w \(minimize .* over F\)\. Its operands range from 0 to 0 and from 0 to 0, and of its 64 values 64 are not finite\." --data pairs.idx
step=$(sed -nE 's/.*step ([0-9]+): the first.*/\1/p' said)
grep -q "^zero: step $((step + 1)): the objective .* is not a number; looking for" err || fail "zero: the objective is bad one step later: $(cat err)"
# the very step that poisons the parameters is the last: it is not saved
says 1 "step $step: the parameter F.w is not finite; training stops, and the last good checkpoint is that of step 0$" ./zero --data pairs.idx --out last --steps $step
[ ! -e last/checkpoints/$(printf %08d $step).safetensors ] || fail "zero: bad parameters were saved"

made rate <<'END'
setting rate = 0.05
data  points : [1] = { let x : [1] ~ normal(3, 0.5); x }
prior noise  : [1] ~ uniform(-1, 1)
net G(z ~ noise) -> [1] { z |> dense(16, init=he) |> relu |> dense(1, init=he) }
net D(x ~ points) -> [] {
    x |> dense(16, init=he) |> relu |> dense(16, init=he) |> relu |> dense(1, init=he) |> sigmoid
}
value V = E[x ~ points] log(D(x)) + E[z ~ noise] log(1 - D(G(z)))
train (batch=64, steps=2000) {
    maximize V over D using momentum(rate, 0.5)
    maximize E[z ~ noise] log(D(G(z))) over G using momentum(rate, 0.5)
}
END
origin rate ": (mul|matmul|sum) at <stdlib/layers.gan>:6:13 \(x @ W\), called at rate.gan:6:(10|40|70) \(dense\([^)]*\)\), makes -?infinity" --rate 1e6
# what it says it was given does overflow in single precision
sed -nE 's/.* makes -?infinity of ([^ ]+) and ([^ ,]+), .*/\1 \2/p' said | awk '{ x = $1 * $2; if (x < 0) x = -x; if (x < 3.4e38) print "rate: " $0 " do not overflow" }' >wrong
[ ! -s wrong ] || fail "$(cat wrong)"

# ---- products, windows, normalisation, double precision ----
made wide <<'END'
data  points : [2] in [-1, 1]
net F(x ~ points) -> [] { x |> dense(96, init=normal(0, 1e15)) |> dense(96, init=normal(0, 1e15)) |> dense(96, init=normal(0, 1e15)) |> dense(1) }
train (batch=32, steps=9) { minimize E[x ~ points] tanh(F(x)) over F using sgd(0.01) }
END
origin wide ": matmul at <stdlib/layers.gan>:6:13 \(x @ W\), called at wide.gan:2:102 \(dense\(96, init=normal\(0, 1e15\)\)\), makes -?infinity, forward, for F's objective .*\. Its operands range from -[0-9.]+e\+3[0-9] to [0-9.]+e\+3[0-9] and from -[0-9.]+e\+15 to [0-9.]+e\+15" --data pairs.idx
made wide64 --dtype f64 < <(sed 's/1e15/1e110/g' wide.gan)
origin wide64 ": matmul at .*, called at wide64.gan:2:104 .* makes (-?infinity|NaN), forward" --data pairs.idx
made picture <<'END'
data  pixels : [8, 8, 3] = { let x : [8, 8, 3] ~ uniform(-1, 1); x }
net F(x ~ pixels) -> [] {
    x |> conv(16, stride=2, init=normal(0, 1e13))
      |> batchnorm
      |> conv(32, stride=2, init=normal(0, 3e37))
      |> flatten |> dense(1)
}
train (batch=16, steps=9) { minimize E[x ~ pixels] tanh(F(x)) over F using adam(1e-4) }
END
origin picture ": conv2d at <stdlib/convolution.gan>:[0-9:]+ \(conv2d\(x, W, stride, pad\)\), called at picture.gan:5:10 \(conv\(32, stride=2, init=normal\(0, 3e37\)\)\), makes (-?infinity|NaN), forward"
made flat <<'END'
data  points : [2] in [-1, 1]
net F(x ~ points) -> [] { x |> batchnorm(eps=0) |> dense(1) }
train (batch=16, steps=9) { minimize E[x ~ points] F(x)^2 over F using adam(1e-4) }
END
origin flat ": div at <stdlib/norms.gan>:15:13 \(\(x - m\) / sqrt\(v \+ eps\)\), called at flat.gan:2:32 \(batchnorm\(eps=0\)\), makes (NaN of -?0|infinity of 1) and 0, forward" --data same.idx
made second <<'END'
data  points : [2] in [-1, 1]
net D(x ~ points) -> [] { x |> dense(8) |> relu |> dense(1, bias=false, init=constant(0)) }
fn norm(x) = sqrt(sum(x * x))
train (batch=16, steps=9) { minimize E[x ~ points] (norm(grad(D(x), x)) - 1)^2 over D using adam(1e-4) }
END
origin second ": div at second.gan:3:14 \(sqrt\(sum\(x \* x\)\)\) makes -?infinity of -[0-9.]+ and 0, backward" --data pairs.idx

# ---- what is no kernel's: the schedule, states, first values ----
made scalar <<'END'
data  points : [2] in [-1, 1]
net F(x ~ points) -> [] { x |> dense(4) |> dense(1) }
train (batch=64, steps=200) { minimize E[x ~ points] log(2 - 0.1 * step) * F(x)^2 over F using sgd(0.01) }
END
origin scalar "step 20: .*: log\(2 - 0.1 \* step\), a number of the schedule, at scalar.gan:3:54 .* is -infinity, forward" --data pairs.idx
made state <<'END'
data  points : [2] in [-1, 1]
net F(x ~ points) -> [] { x |> dense(4) |> dense(1) }
state k : [] = 1
train (batch=64, steps=200) {
    k <- log(2 - 0.1 * step)
    minimize E[x ~ points] k * F(x)^2 over F using sgd(0.01)
}
END
origin state "step 20: .*: the state k is set to -infinity at state.gan:5:5 \(k <- log\(2 - 0.1 \* step\)\)\." --data pairs.idx
made first <<'END'
setting spread = -1
data  points : [2] in [-1, 1]
net F(x ~ points) -> [] { x |> dense(4) |> dense(1, init=normal(0, sqrt(spread))) }
train (batch=64, steps=200) { minimize E[x ~ points] F(x)^2 over F using sgd(0.01) }
END
says 1 "^first: before the first step: the first value that is not finite: sqrt\(spread\), a number of the schedule, .* is NaN, in the first values, for F's parameter F.dense2.W\.$" ./first --data pairs.idx
quietly ./first --data pairs.idx --spread 1 --out fine

# ---- what is not finite and does no harm: nothing is said ----
made healthy <<'END'
data  points : [2] in [-1, 1]
net F(x ~ points) -> [2] { x |> dense(8, init=he, bias=false) |> relu |> dense(2, init=he, bias=false) |> relu }
fn norm(x) = sqrt(sum(x * x))
train (batch=64, steps=300) {
    minimize E[x ~ points] (norm(F(x)) + 1 / exp(100 + sum(x))) over F using adam(0.01)
}
END
quietly ./healthy --data pairs.idx
! grep -q finite quiet.err || fail "healthy: $(cat quiet.err)"

# ---- files that are no such step ----
complains 1 "replay: '.*' is no file that train left|is no file that train left where a value was not finite" ./log replay "$(newest runs/healthy)"
complains 1 "cannot open|No such file" ./log replay nowhere.safetensors
says 2 "name one file" ./log replay
says 2 "^log: --on-nan: 'go' is neither stop nor rollback" ./log --on-nan go

# ---- rollback: other draws, the same bits each time, in one go or interrupted; an end where it does not help ----
made rare <<'END'
data  points : [1] = { let x : [1] ~ normal(4.3, 1); x }
net F(x ~ points) -> [] { x |> dense(4) |> dense(1) }
train (batch=64, steps=3000) { minimize E[x ~ points] (sum(log(x)) - F(x))^2 over F using sgd(0.001) }
END
rolled=(--checkpoint-every 50 --on-nan rollback --log-every 10)
quietly timeout 60 ./rare "${rolled[@]}" --out whole
grep -c '"rollback"' whole/metrics.jsonl >count
[ "$(cat count)" -ge 1 ] || fail "rare: no rollback in metrics.jsonl"
grep -qE 'warning: step [0-9]+: back to the checkpoint of step [0-9]+, and on from there with other random numbers \(1 of 3 times\)' quiet.err || fail "rare: $(cat quiet.err)"
quietly ./rare "${rolled[@]}" --out again --threads 1
cmp -s "$(newest whole)" "$(newest again)" || fail "rare: rollback leaves other bits on one thread"
log() { sed -E 's/"seconds": [0-9.e-]+/"seconds": 0/' "$1/metrics.jsonl"; }
RANDOM=7
for ((turn = 0; turn < 6; turn++)); do
    ./rare "${rolled[@]}" --out killed $([ -e killed ] && echo --resume) >/dev/null 2>&1 &
    sleep 0.0$((RANDOM % 9 + 1))
    kill -KILL $!
    wait $! # until it is gone, and its lock with it
done 2>/dev/null # where bash says who was killed
quietly ./rare "${rolled[@]}" --out killed --resume
cmp -s "$(newest whole)" "$(newest killed)" || fail "rare: killed and resumed, rollback leaves other bits"
diff <(log whole) <(log killed) >diff.out || fail "rare: killed and resumed, metrics.jsonl differs: $(head -4 diff.out)"
rm -rf runs
says 1 "^log: step [0-9]+: the objective V is not a number, as after each of 3 rollbacks to the checkpoint of step 0; training stops$" ./log --on-nan rollback
finish
