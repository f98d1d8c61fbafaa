# --diagnostics=json: an object a line on stderr, sorted by place, nothing else; the exit status is the same. That the lines are JSON for any
# bytes is tests/unit/diagnostics.c's to say.
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit 1
printf 'data d : [4] in [0, 1]\r\nnet D(x ~ d) -> [] { x |> dense(1) |> sigmiod }\r\nnet E1(x ~ d) -> [] { x |> dense(1, "a\\"b") }\r\n' >m.gan
"$GANC" check --diagnostics=json m.gan >out 2>err </dev/null
[ $? = 1 ] || fail "exit status"
[ -s out ] && fail "something on standard output"
[ "$(wc -l <err)" = 2 ] || fail "not two lines: $(cat err)"
grep -vqE '^\{"severity":"error","id":"E0[0-9]{3}","message":".*","file":"m.gan","line":[0-9]+,.*"notes":\[.*\],"help":\[.*\]\}$' err && fail "a line of another form: $(cat err)"
head -1 err | grep -qF '"id":"E0302","message":"there is nothing called sigmiod here","file":"m.gan","line":2,"column":39,"end_line":2,"end_column":46' || fail "the first: $(head -1 err)"
head -1 err | grep -qF '"excerpt":"net D(x ~ d) -> [] { x |> dense(1) |> sigmiod }","notes":[],"help":["did you mean sigmoid?"]}' || fail "the first: $(head -1 err)"
says 1 '^\{"severity":"error","id":"E0001","message":"cannot read none.gan: No such file or directory","notes":\[\],"help":\[\]\}$' "$GANC" check --diagnostics=json none.gan
says 1 '^m.gan:2:39: error' "$GANC" check --diagnostics=text m.gan
says 2 'text or json' "$GANC" check --diagnostics=xml m.gan
says 2 'needs a value' "$GANC" check m.gan --diagnostics
# colour where it is asked for, and only there
"$GANC" check --color=always m.gan 2>err; grep -q $'\033' err || fail "no colour"
"$GANC" check m.gan 2>err; grep -q $'\033' err && fail "colour in a file"
"$GANC" check --diagnostics=json --color=always m.gan 2>err; grep -q $'\033' err && fail "colour in JSON"
finish
