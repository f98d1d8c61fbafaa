# kit.sh: for the tests of trainers: a model that compiles in no time, its data, and a check of what an error looks like.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
cd "$work" || exit 1
helpers=${GANC_HELPERS:-$(dirname "$GANC")/tests} # damage, libfaults.so: of the build

# complains STATUS PATTERN COMMAND...: it exits so, and all it says is one line on stderr, which matches
complains() {
    local want=$1 pattern=$2 status lines
    shift 2
    timeout 60 "$@" >"$work/says.out" 2>"$work/says.err" </dev/null
    status=$?
    lines=$(wc -l <"$work/says.err")
    [ "$status" = "$want" ] || fail "exit status $status, not $want: $*: $(head -3 "$work/says.err")"
    [ "$lines" = 1 ] || fail "says $lines lines, not one: $*: $(head -3 "$work/says.err")"
    grep -qE -- "$pattern" "$work/says.err" || fail "does not say /$pattern/: $*: $(head -3 "$work/says.err")"
    [ ! -s "$work/says.out" ] || fail "an error, but it prints: $*: $(head -3 "$work/says.out")"
}

# quietly COMMAND...: it works, whatever it says
quietly() { timeout 60 "$@" >"$work/quiet.out" 2>"$work/quiet.err" </dev/null || fail "exit status $?: $*: $(tail -3 "$work/quiet.err")"; }

newest() { ls "$1"/checkpoints/[0-9]*.safetensors | tail -1; }

no_temporaries() { [ -z "$(find "$1" -name '*.tmp*')" ] || fail "left behind: $(find "$1" -name '*.tmp*')"; }

# idx NUMBER...: the header of an IDX file of bytes with these sizes
idx() {
    printf '\0\0\10'
    printf "\\$(printf %o $#)"
    local size
    for size; do printf '\0\0\0'; printf "\\$(printf %o "$size")"; done
}

# tiny: images of 2 x 2, nets of 8 units; ten.idx: ten such images
cat >tiny.gan <<'END'
setting rate  = 0.1              ## learning rate
setting width = 8                ## of both nets
setting both  = true
data  pixels : [2, 2] in [0, 1]
prior noise  : [3] ~ normal(0, 1)
net G(z ~ noise) -> [2, 2] { z |> dense(width) |> relu |> dense(4) |> sigmoid |> reshape(2, 2) }
net D(x ~ pixels) -> [] { x |> flatten |> dropout(0.2) |> dense(width) |> relu |> dense(1) |> sigmoid }
value V = E[x ~ pixels] log(D(x)) + E[z ~ noise] log(1 - D(G(z)))
train (batch=4, steps=40) {
    if both { maximize V over D using momentum(rate, 0.5) }
    maximize E[z ~ noise] log(D(G(z))) over G using momentum(rate, 0.5)
}
report brightness(every=10) = E[x ~ pixels] mean(x)
picture samples(rows=2, cols=3, every=10) = sample[z ~ noise] G(z)
END
{ idx 10 2 2; printf 'abcdefghijklmnopqrstuvwxyzabcdefghijklmn'; } >ten.idx
"$GANC" tiny.gan -o tiny || { echo "tiny.gan does not compile"; exit 1; }
tiny=$work/tiny
