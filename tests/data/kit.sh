# kit.sh: for the tests of data sets: trainers whose examples are h x w x 3 bytes as they are, with labels or without, and a check of what they read.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
files=$here/files
cd "$work" || exit 1

cat >seen.gan <<'END'
setting h = 6
setting w = 4
data  images : [h, w, 3] in [0, 255]
prior noise  : [2] ~ normal(0, 1)
net G(z ~ noise) -> [h, w, 3] { z |> dense(h * w * 3) |> sigmoid |> reshape(h, w, 3) }
net D(x ~ images) -> [] { x |> flatten |> dense(1) |> sigmoid }
value V = E[x ~ images] log(D(x / 255)) + E[z ~ noise] log(1 - D(G(z)))
train (batch=2, steps=30) {
    maximize V over D using momentum(0.01, 0.5)
    maximize E[z ~ noise] log(D(G(z))) over G using momentum(0.01, 0.5)
}
report brightness(every=10, over=all) = E[x ~ images] mean(x)
END
cat >labelled.gan <<'END'
setting h = 6
setting w = 4
setting classes = 10
data  images : { image : [h, w, 3] in [0, 255], label : onehot(classes) }
prior noise  : [2] ~ normal(0, 1)
net G(z ~ noise) -> [h, w, 3] { z |> dense(h * w * 3) |> sigmoid |> reshape(h, w, 3) }
net D(x ~ images.image, y ~ images.label) -> [] { concat(flatten(x) / 255, y) |> dense(1) |> sigmoid }
value V = E[x ~ images] log(D(x.image, x.label)) + E[z ~ noise, x ~ images] log(1 - D(G(z), x.label))
train (batch=2, steps=30) {
    maximize V over D using momentum(0.01, 0.5)
    maximize E[z ~ noise, x ~ images] log(D(G(z), x.label)) over G using momentum(0.01, 0.5)
}
END
# trainer NAME MODEL [-D ...]: compiled to NAME
trainer() { local name=$1 model=$2; shift 2; "$GANC" "$model.gan" -o "$name" "$@" >"$work/compile" 2>&1 || { echo "$model.gan does not compile: $(head -3 "$work/compile")"; exit 1; }; }

# quietly COMMAND...: it works, whatever it says
quietly() { timeout 60 "$@" >"$work/quiet.out" 2>"$work/quiet.err" </dev/null || fail "exit status $?: $*: $(tail -3 "$work/quiet.err")"; }

# complains PATTERN COMMAND...: exit status 1, one line on stderr, which matches
complains() {
    local pattern=$1 status
    shift
    timeout 60 "$@" >"$work/says.out" 2>"$work/says.err" </dev/null
    status=$?
    [ "$status" = 1 ] || fail "exit status $status, not 1: $*: $(head -3 "$work/says.err")"
    [ "$(wc -l <"$work/says.err")" = 1 ] || fail "not one line: $*: $(head -3 "$work/says.err")"
    grep -qE -- "$pattern" "$work/says.err" || fail "does not say /$pattern/: $*: $(head -3 "$work/says.err")"
}

# reads TRAINER PATH CSV [TOLERANCE [OPTION...]]: its examples are those of the file, up to so much
reads() {
    local program=$1 path=$2 want=$3 most=${4:-0}
    shift $(($# < 4 ? $# : 4))
    rm -f got.csv
    quietly "./$program" data --data "$path" --out got.csv --count 100 "$@"
    [ -f got.csv ] || { fail "$path: nothing was written"; return; }
    awk -F, -v most="$most" -v want="$want" '
        { getline line <want; n = split(line, a, ","); if (n != NF) { print "line " NR ": " NF " numbers, not " n; bad = 1; exit }
          for (i = 1; i <= n; i++) { d = $i - a[i]; if (d < -most || d > most) { print "line " NR ", number " i ": " $i ", not " a[i]; bad = 1; exit } } }
        END { if (!bad && (getline line <want) > 0) { print "too few lines"; bad = 1 } exit bad }' got.csv >why || fail "$path: $(cat why)"
}
newest() { ls "$1"/checkpoints/*.safetensors | tail -1; }
