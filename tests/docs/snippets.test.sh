# Every example of README.md, the language reference and the library's page compiles, without a warning. A fence ```gan is a whole file;
# ```gan fragment goes on from the page's first whole file, and need not train its nets; ```gan PATH.gan is a file that others import.
# In the reference no example is left to indented text.
. "$(dirname "$0")/../lib.sh"
for page in README.md compiler/docs/language.md stdlib/README.md; do
    folder=$work/$(echo "$page" | tr / -)
    mkdir -p "$folder"
    awk -v dir="$folder" '
        /^```/ { on = keep = 0 }
        /^```gan$/ { file = sprintf("%s/whole%d.gan", dir, NR); on = 1; keep = !first; first = 1; next }
        /^```gan fragment$/ { file = sprintf("%s/part%d.gan", dir, NR); on = 1; printf "%s", running >file; next }
        /^```gan [^ ]+\.gan$/ { file = dir "/" $2; parent = file; sub("/[^/]*$", "", parent); system("mkdir -p \"" parent "\""); on = 1; next }
        on { print >file; if (keep) running = running $0 "\n" }' "$top/$page"
    count=0
    for snippet in "$folder"/whole*.gan "$folder"/part*.gan; do
        [ -e "$snippet" ] || continue
        count=$((count + 1))
        case $snippet in */part*) allow=-Wno-untrained ;; *) allow= ;; esac
        "$GANC" check -Werror $allow "$snippet" >"$work/out" 2>&1 || fail "$page: $(basename "$snippet" .gan), by its line: $(cat "$work/out")"
    done
    fences=$(grep -c '^```gan' "$top/$page")
    imported=$(grep -c '^```gan [^ ]*\.gan$' "$top/$page")
    [ $((count + imported)) = "$fences" ] || fail "$page: $fences fences begin with gan, $count were compiled, $imported are imported"
done
awk '/^```/ { on = !on } !on && /^    / { print FILENAME ":" FNR ": an example in no fence: " $0; bad = 1 } END { exit bad }' \
    "$top/compiler/docs/language.md" || failures=1
finish
