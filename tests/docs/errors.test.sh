#!/usr/bin/env bash
# compiler/docs/errors.md: every message of diag.def has an entry, under its present wording, and each entry's program says, line by
# line, what the entry shows. An entry without a program says why ("Not from a model").
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
page=$root/compiler/docs/errors.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ganc() { "$GANC" "$@"; }
export NO_COLOR=1 LC_ALL=C.UTF-8
failed=0
fail() { echo "errors.md: $*"; failed=1; }

# An entry is a folder: model.gan, model.ir, run (commands), expected; `bare` where it says that no program can.
awk -v work="$work" '
    /^### / { id = $2; sub(/:$/, "", id); dir = work "/" id; system("mkdir -p " dir); print substr($0, 5) > (work "/headings"); next }
    /^```/ && !file { file = dir "/" ($0 == "```gan" ? "model.gan" : $0 == "```ir" ? "model.ir" : $0 == "```sh" ? "run" : "expected"); next }
    /^```/ { close(file); file = ""; next }
    file { print > file }
    /^\*Not from a model: / { print > (dir "/bare") }' "$page"
sed -nE 's/^DIAG\(([EW][0-9]+), [A-Z]+, "[^"]*", "(.*)"\)$/\1: \2/p' "$root/compiler/base/diag.def" >"$work/messages"
[ "$(wc -l <"$work/messages")" = "$(grep -c '^DIAG(' "$root/compiler/base/diag.def")" ] || fail "a row of diag.def is not read by this test"
diff <(sort "$work/messages") <(sort "$work/headings") || fail "the headings are not the messages of diag.def"

for dir in "$work"/[EW][0-9]*/; do
    id=$(basename "$dir")
    cd "$dir" || exit 1
    if [ ! -e expected ]; then
        [ -e bare ] || fail "$id has no program, and does not say why"
        continue
    fi
    if [ ! -e run ]; then
        if [ -e model.ir ]; then echo 'ganc check model.ir'; else echo 'ganc check model.gan'; fi >run
    fi
    . ./run >stdout 2>stderr
    grep -q "\[$id\]: " expected || fail "$id: what is shown does not name it"
    while IFS= read -r line; do
        grep -qxF -- "$line" stderr || { fail "$id: it does not say: $line"; head -5 stderr; }
    done <expected
done
exit $failed
