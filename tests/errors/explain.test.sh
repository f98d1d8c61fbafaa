# ganc explain: the page of a message, by its number or a warning's name; all messages; what is none.
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit 1
"$GANC" explain E0203 >page || fail "explain E0203: exit status $?"
grep -qxF 'E0203: ... takes ..., but ... gives ...' page || fail "no heading: $(head -2 page)"
grep -qxF '    net D(x : [784]) -> [] { x |> dense(1) }' page || fail "the program is not shown"
grep -qF 'model.gan:3:29: error[E0203]: D takes [784], but G gives [28, 28]' page || fail "what ganc says is not shown"
grep -qF 'Cure: ' page || fail "no cure"
grep -qF '```' page && fail "marks of Markdown are left"
[ "$(wc -L <page)" -le 110 ] || fail "a line of $(wc -L <page) columns"
for name in W0702 w0702 untrained; do
    "$GANC" explain $name >other || fail "explain $name: exit status $?"
    grep -qxF 'W0702: no statement trains ...' other || fail "explain $name: $(head -1 other)"
done
# every message of the list has its page
"$GANC" explain >list || fail "explain: exit status $?"
[ "$(wc -l <list)" = "$(grep -c '^DIAG(' "$top/compiler/base/diag.def")" ] || fail "$(wc -l <list) messages are listed"
grep -qxF 'W0702  no statement trains ... [untrained]' list || fail "no name in the list"
grep -q '%' list && ! grep '%' list | grep -q '`%`' && fail "a format is left: $(grep % list | head -1)"
while read -r id _; do
    "$GANC" explain "$id" >one 2>&1 || fail "explain $id: exit status $?"
    head -1 one | grep -q "^$id: " || fail "explain $id: $(head -1 one)"
    [ "$(wc -l <one)" -gt 2 ] || fail "explain $id says nothing"
done <list
"$GANC" explain E0203 E0204 >two && [ "$(grep -c '^E020[34]: ' two)" = 2 ] || fail "two at once"
says 2 '^ganc: there is no message E9203: did you mean E0203\?' "$GANC" explain E9203
says 2 '^ganc: there is no message untrainde: did you mean untrained\?' "$GANC" explain untrainde
says 2 '`ganc explain` lists all' "$GANC" explain nonsense
says 2 'there is no message :' "$GANC" explain ""
"$GANC" explain --help | grep -q '^usage: ganc explain' || fail "no help"
finish
