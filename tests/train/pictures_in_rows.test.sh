# down= changes by row only, across= by column only, a one-hot vector in order; a value that is no image is written as CSV; without any picture a net with
# an image as output that priors feed gets one by itself.
. "$(dirname "$0")/kit.sh"
bytes ten.idx 0 1 2 3 4 5 6 7 8 9
trains --data ten.idx <<'EOF'
data ten : [] in any
data pair : { a : [] in any, b : [2] in any } = { let x ~ ten; let a = x; let b = concat(reshape(x, 1), reshape(x + 1, 1)) }
prior noise : [2] ~ normal(0, 1)
prior class : [3] ~ onehot(3)
prior made  : [3] = { let c : [3] ~ onehot(3); c }
net G(z ~ noise, c ~ class) -> [5] { param w : [] = 0; concat(z, c) + w }
fn three() = onehot(3)
train (batch=2, steps=1) { minimize E[z ~ noise, c ~ class] sum(G(z, c)) over G using sgd(0) }
picture both(rows=3, cols=4, down=z, across=c) = sample[z ~ noise, c ~ class] G(z, c)
picture turned(rows=4, cols=2, down=c, across=z) = sample[z ~ noise, c : [3] ~ three()] G(z, c)
picture row(rows=2, cols=3, down=z) = sample[z ~ noise, e : [] ~ normal(0, 1)] concat(z, reshape(e, 1))
picture from_data(rows=3, cols=2, down=x, across=p) = sample[x ~ ten, p ~ pair] concat(reshape(x, 1), reshape(p.a, 1), p.b)
picture drawn(rows=5, cols=5, across=m) = sample[m ~ made] argmax(m)
picture plain(rows=5, cols=5) = sample[c ~ class] argmax(c)
EOF
csv() { cat "$run/pictures/$1-00000001.csv"; }
column() { csv "$1" | cut -d, -f"$2" | tr '\n' ' '; }
# by_row FILE COLUMNS FIELDS, by_column: the fields are equal where they must be, and differ where they must
by_row() { csv "$1" | cut -d, -f"$3" | awk -v c="$2" '{ r = int((NR - 1) / c) } r in v && v[r] != $0 { exit 1 } !(r in v) { v[r] = $0; if ($0 in seen) exit 1; seen[$0] = 1 }' || fail "$1: $3 is not by row: $(csv "$1" | head -20)"; }
by_column() { csv "$1" | cut -d, -f"$3" | awk -v c="$2" '{ r = (NR - 1) % c } r in v && v[r] != $0 { exit 1 } !(r in v) { v[r] = $0; if ($0 in seen) exit 1; seen[$0] = 1 }' || fail "$1: $3 is not by column: $(csv "$1" | head -20)"; }
by_row both 4 1-2
[ "$(csv both | cut -d, -f3-5 | tr '\n' ' ')" = "1,0,0 0,1,0 0,0,1 1,0,0 1,0,0 0,1,0 0,0,1 1,0,0 1,0,0 0,1,0 0,0,1 1,0,0 " ] || fail "both: the classes are $(column both 3-5)"
by_column turned 2 1-2
[ "$(csv turned | cut -d, -f3-5 | tr '\n' ' ')" = "1,0,0 1,0,0 0,1,0 0,1,0 0,0,1 0,0,1 1,0,0 1,0,0 " ] || fail "turned: the classes are $(column turned 3-5)"
by_row row 3 1-2
[ "$(csv row | cut -d, -f3 | sort -u | wc -l)" = 6 ] || fail "row: what is not named changes by tile"
csv from_data | awk -F, 'NR % 2 == 1 { x = $1 } NR % 2 == 0 && $1 != x { exit 1 } { k = NR % 2; if (k in p && p[k] != $2) exit 1; p[k] = $2; if ($3 != $2 || $4 != $2 + 1) exit 1 }' || fail "from_data: $(csv from_data)"
csv drawn | awk '{ k = NR % 5 } k in v && v[k] != $1 { exit 1 } { v[k] = $1 }' || fail "drawn: $(csv drawn | tr '\n' ' ')"
[ "$(csv plain | sort -u | tr '\n' ' ')" = "0 1 2 " ] && [ "$(csv plain | tr '\n' ' ')" != "$(csv plain | sort | tr '\n' ' ')" ] || fail "plain: $(csv plain | tr '\n' ' ')"

trains <<'EOF'
prior noise : [4] ~ uniform(0, 1)
prior class : [3] ~ onehot(3)
net G(z ~ noise) -> [4, 6] { param w : [] = 0; reshape(concat(z, z, z, z, z, z), 4, 6) + w }
net C(z ~ noise, c ~ class) -> [5, 5, 3] { param w : [5, 5, 3] = 0; w + sum(z) + sum(c) }
net Q(x : [4, 6]) -> [4, 6] { param w : [] = 0; x + w }
net F(z ~ noise) -> [4] { param w : [] = 0; z + w }
train (batch=2, steps=1) { minimize E[z ~ noise, c ~ class] (sum(Q(G(z))) + sum(C(z, c)) + sum(F(z))) over Q, G, C, F using sgd(0) }
EOF
[ "$(ls "$run/pictures" | tr '\n' ' ')" = "samples-00000001.png samples_C-00000001.png " ] || fail "by themselves: $(ls "$run/pictures" | tr '\n' ' ')"
for p in "$run"/pictures/*.png; do [ "$(head -c 4 "$p" | tail -c 3)" = PNG ] || fail "$p is no PNG"; done
trains <<'EOF'
prior noise : [4] ~ uniform(0, 1)
net G(z ~ noise) -> [2, 2] { param w : [] = 0; reshape(z, 2, 2) + w }
train (batch=2, steps=2) { minimize E[z ~ noise] sum(G(z)) over G using sgd(0) }
picture own(every=1, rows=1, cols=2) = sample[z ~ noise] G(z)
EOF
[ "$(ls "$run/pictures" | tr '\n' ' ')" = "own-00000001.png own-00000002.png " ] || fail "with a picture of its own: $(ls "$run/pictures" | tr '\n' ' ')"
finish
