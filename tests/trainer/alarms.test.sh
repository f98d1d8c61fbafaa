# Alarms: each one begins in a run that is made to fail its way, is in the progress line and the log, and stops nothing; runs that go well are quiet. What is
# seen is right, and changes no bit of training; a resumed run has the same log and the same alarms.
. "$(dirname "$0")/kit.sh"
seen() { sed -nE "s/.*\"alarms.$2\": ([-0-9.e]+).*/\\1/p" "$1/metrics.jsonl"; } # RUN MEASURE.NET
# alarm NAME RUN COMMAND...: it begins, and says so in a warning, in the log and in the line of progress
alarm() {
    local name=$1 run=$2
    shift 2
    timeout 60 "$@" --out "$run" --log-every 5 --alarms 5 >"$run.out" 2>"$run.err" </dev/null || fail "$name: exit status $?: $(tail -1 "$run.err")"
    grep -qE ": warning: step [0-9]+: $name: .*; " "$run.err" || fail "$name does not begin: $(grep warning "$run.err" | head -3) $(tail -1 "$run/metrics.jsonl")"
    grep -qE "\"alarms\": \"([^\"]*, )?$name" "$run/metrics.jsonl" || fail "$name is not in the log"
    grep -qE "^(.* )?step [0-9]+.*\(! .*$name" "$run.err" || fail "$name is not in the line of progress: $(tail -3 "$run.err")"
}
quiet() { # RUN: it gave no alarm
    ! grep -q 'warning: step' "$1.err" && ! grep -q '"alarms":' "$1/metrics.jsonl" || fail "$1: $(grep 'warning: step' "$1.err" | head -1)"
}

# game NAME G D STATEMENTS: data near 3, samples that begin near 0
game() {
    cat >"$1.gan" <<END
prior noise : [1] ~ normal(0, 1)
data  near  : [1] = { let e : [1] ~ normal(3, 0.1); e }
fn wide() = normal(0, 1)
fn some() = normal(0, 0.3)
fn sharp(a) = 20 * a
fn flat(a) = sum(a)
net G(z ~ noise) -> [1] { z |> dense(8, init=wide()) |> tanh |> dense(1, init=wide()) $2 }
net D(x ~ near) -> [] { x |> dense(8, init=wide()) |> leaky_relu(0.2) |> dense(8, init=wide()) |> leaky_relu(0.2) |> dense(1, init=wide()) $3 }
train (batch=16, steps=400) {
$4
}
END
    "$GANC" -Wno-one-sided -Wno-saturating -Wno-unbounded -Wno-untrained "$1.gan" -o "$1" || fail "$1.gan does not compile"
}
value='E[x ~ near] log(D(x)) + E[z ~ noise] log(1 - D(G(z)))'
critic='E[x ~ near] D(x) - E[z ~ noise] D(G(z))'

# G overtrained, without its opponent
game alone '|> tanh' '|> sigmoid' 'maximize E[z ~ noise] log(D(G(z))) over G using sgd(2)'
alarm 'collapse G' collapse ./alone
# a D that learns against a G that hardly does
game strong '' '|> sigmoid' "maximize $value over D using sgd(0.1)
minimize E[z ~ noise] log(1 - D(G(z))) over G using sgd(0.0001)"
alarm 'pinned D' pinned ./strong
# a value that saturates: what is left of G's gradient is D(G(z))
game saturated '' '|> sharp |> sigmoid' "maximize $value over D using sgd(0.01)
minimize E[z ~ noise] log(1 - D(G(z))) over G using sgd(0.000001)"
alarm 'vanishing G' vanishing ./saturated
# a critic that nothing bounds
deeper='|> dense(8, init=some()) |> leaky_relu(0.2) |> dense(8, init=some()) |> leaky_relu(0.2) |> dense(1, init=some())'
game unbounded '' "$deeper |> flat" "maximize $critic over D using rmsprop(0.003)
minimize $critic over G using sgd(0.000000001)"
alarm 'exploding D' exploding ./unbounded
# momentum that carries on whatever the gradient says
game carried '' '|> sigmoid' "maximize $value over D using sgd(0.01)
minimize E[z ~ noise] sum(G(z)^2) over G using momentum(0.001, 1.1)"
alarm 'momentum G' momentum ./carried --steps 95
# a clip so narrow that every weight stands at it
game narrow '' "$deeper |> flat" "maximize $critic over D using rmsprop(1)
project D with clip(0.5)
minimize $critic over G using rmsprop(0.0001)"
alarm 'clip D' clip ./narrow

# a game that goes well
game even '' '|> sigmoid' "maximize $value over D using momentum(0.1, 0.5)
maximize E[z ~ noise] log(D(G(z))) over G using momentum(0.1, 0.5)"
quietly ./even --out even.run --log-every 5 --alarms 5 --steps 100
cp quiet.err even.run.err
grep -q 'alarms.gradient.G.*alarms.cosine.G.*alarms.accuracy.D' even.run/metrics.jsonl || fail "even: nothing is seen: $(tail -1 even.run/metrics.jsonl)"

# a step of plain gradient descent: its length is the rate times the gradient's, its direction the gradient's
game plain '' '|> sigmoid' "maximize $value over D using sgd(0.1)
maximize E[z ~ noise] log(D(G(z))) over G using sgd(0.1)"
quietly ./plain --out plain.run --log-every 1 --alarms 1 --steps 4 --checkpoint-every 1 --keep 0
for net in D G; do
    seen plain.run cosine.$net | awk '!($1 > 0.999 && $1 <= 1) { exit 1 }' || fail "the cosine of a step of $net along its gradient: $(seen plain.run cosine.$net | tr '\n' ' ')"
done
# it changes no bit of training
quietly ./plain --out blind.run --log-every 1 --alarms off --steps 4 --checkpoint-every 1 --keep 0
for step in 1 2 3 4; do
    cmp -s plain.run/checkpoints/0000000$step.safetensors blind.run/checkpoints/0000000$step.safetensors || fail "step $step has other bytes when it is looked at"
done
! grep -q alarms blind.run/metrics.jsonl || fail "--alarms off looks all the same"

# the same on other threads, and resumed
log() { sed -E 's/"seconds": [0-9.e-]+/"seconds": 0/' "$1/metrics.jsonl"; }
quietly ./strong --out whole --log-every 5 --alarms 5 --steps 300
quietly ./strong --out again --log-every 5 --alarms 5 --steps 150 --threads 2
quietly ./strong --out again --log-every 5 --alarms 5 --steps 300 --threads 3 --resume
diff <(log whole) <(log again) >diff.out || fail "resumed: metrics.jsonl differs: $(head -4 diff.out)"
complains 2 "^strong: --alarms: 'often' is neither a number of steps nor off" ./strong --alarms often --out none
finish
