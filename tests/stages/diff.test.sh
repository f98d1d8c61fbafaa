# --emit --diff: what is shown, applied to the text before, is the text after: its values have other numbers, which reading it back makes those of
# the text after. For each pass, and for the stages, over the examples.
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit 1

# apply OLD DIFF: patches each graph of a program's text by its part of the diff
apply() {
    rm -rf parts && mkdir parts
    awk '/^graph / { n = $2; file = "parts/" n } n != "" && !/^    / && !/^graph / { n = ""; file = "parts/rest" } file { print > file; next } { print > "parts/head" }' "$1"
    awk '/^--- graph / { file = "parts/" $3 ".diff" } { print > file }' "$2"
    cat parts/head
    local part
    for part in $(ls parts | grep -x '[0-9]*' | sort -n); do
        if [ -e parts/$part.diff ]; then patched parts/$part parts/$part.diff || return 1; else cat parts/$part; fi
    done
    cat parts/rest
}
# check NAME OLD_OPTIONS NEW_OPTIONS DIFF_OPTIONS
check() {
    local stage=$5
    "$GANC" "$model" $2 -o old && "$GANC" "$model" $3 -o new && "$GANC" "$model" $4 -o diff || { fail "$1: ganc fails"; return; }
    sed -i "1s/.*/ganc $stage 1/" old new
    if [ ! -s diff ]; then cmp -s old new || fail "$1: no difference is shown"; return; fi
    shown=$((shown + 1))
    apply old diff >patched || { fail "$1: the difference does not fit"; return; }
    "$GANC" patched --emit=$stage -o again || { fail "$1: the patched text is not read back"; return; }
    cmp again new || fail "$1: the patched text is another program"
}
shown=0
passes=$("$GANC" passes | sed -n 's/^[0-9]*\. \*\*\([a-z]*\)\*\*.*/\1/p')
[ "$(echo "$passes" | wc -l)" -ge 8 ] || fail "no list of passes: $passes"
for model in "$top"/examples/{gan_1d/gan_1d,gan_mnist/gan_mnist,mixture/mixture}.gan; do
    check "$model grad" --emit=graph --emit=grad '--emit=grad --diff' grad
    check "$model opt" --emit=grad --emit=opt '--emit=opt --diff' opt
    check "$model graph to opt" --emit=graph --emit=opt '--emit=opt --diff=graph' opt
    before=--emit=grad
    for pass in $passes; do
        check "$model $pass" "$before" "--emit=opt --after=$pass" "--emit=opt --after=$pass --diff" opt
        before="--emit=opt --after=$pass"
    done
    check "$model grad to fold" --emit=grad '--emit=opt --after=fold' '--emit=opt --after=fold --diff=grad' opt
    check "$model cse without fold" "--emit=opt --after=thin --no-pass=fold" '--emit=opt --after=cse --no-pass=fold' '--emit=opt --after=cse --no-pass=fold --diff' opt
done
[ $shown -ge 30 ] || fail "only $shown differences"
finish
