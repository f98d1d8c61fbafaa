# The sum along a row is the same bits however many rows there are, in one part or several, with vectors of 256 bits or of the host's.
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit 1
cat >rows.gan <<'END'
setting n = 1
prior noise : [300] ~ normal(0, 1)
net G(z ~ noise) -> [] { param w : [] = 1; w * sum(z) }
train (batch=4, steps=1) { minimize E[z ~ noise] G(z)^2 over G using sgd(0) }
picture sums(rows=n, cols=1, every=1) = sample[z ~ noise] G(z)
END
sums() { # COUNT OPTION...: the sums of so many rows, of the same draws
    "$GANC" rows.gan -D n=$1 "${@:2}" -o rows && rm -rf out && ./rows --out out >log 2>&1 || fail "$*: $(tail -1 log)"
    cat out/pictures/sums-00000001.csv
}
sums 40 >all
[ "$(sort -u all | wc -l)" -ge 40 ] || fail "not 40 sums: $(head -3 all)"
for n in 1 2 3 7 8 9 15 16 17 31 33; do
    for options in "" "--cpu=x86-64-v3"; do
        sums $n $options >some
        head -$(wc -l <some) all | cmp -s - some || fail "$n rows $options: $(diff <(head -$(wc -l <some) all) some | head -3)"
        [ "$(wc -l <some)" -ge $n ] || fail "$n rows: $(wc -l <some) lines"
    done
done
finish
