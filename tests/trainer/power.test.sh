# The order of what is written (faults.c logs it), and the machine gone at each of these calls: killed there, and, every other time, with all lost that was
# not forced to the disk by then. EVERY=1 tries each call; here each 37th.
. "$(dirname "$0")/survive.sh"
flags=(--threads 1 --log-every 7 --checkpoint-every 20 --keep 2 --keep-best V) steps=60
export FAULTS_SEED=1 FAULTS_LOG=$work/calls

# order LOG: what breaks the order, a line each
order() {
    awk '
        function bad(what) { print $1 ": " what ": " $0; broken = 1 }
        function folder(path) { sub(/\/[^\/]*$/, "", path); return path }
        $2 == "write" || $2 == "pwrite" || $2 == "ftruncate" { dirty[$3] = 1 }
        $2 == "fsync" { delete dirty[$3]; delete renamed[$3] }
        $2 == "link" && ($3 in dirty) { bad("a second name for what is not on the disk") }
        $2 == "rename" {
            if ($3 in dirty) bad("renamed before it is on the disk")
            if ($4 ~ /\/checkpoints\/[0-9]+\.safetensors$/) {
                saved++
                for (f in dirty) if (f ~ /metrics.jsonl$/) bad("a checkpoint before the log")
            }
            renamed[folder($4)] = 1
            renames++
        }
        $2 == "unlink" && $3 !~ /\.tmp[0-9]+-[0-9]+$/ && (folder($3) in renamed) { bad("dropped before the new name is on the disk") }
        $2 == "write" && $3 ~ /metrics.jsonl$/ { for (f in renamed) bad("training goes on before a new name is on the disk: " f) }
        END { for (f in renamed) { print "never on the disk: the names in " f; broken = 1 } print renames + 0 " " saved + 0; exit broken }' "$1"
}
faulty whole ./g "${flags[@]}" --out whole --steps $steps >log 2>&1 || fail "$(tail -1 log)"
order calls >ordered || fail "$(head -5 ordered)"
read -r renames saved <<<"$(tail -1 ordered)"
[ "$saved" -gt 4 ] && [ "$renames" -gt 12 ] || fail "the log of calls has $renames renames, $saved of checkpoints"
# what it must find: a missing fsync of a file, of a folder, of the log
for lost in '/fsync.*checkpoints\/00000040.safetensors.tmp/d' '/fsync.*\/checkpoints$/d' '/fsync.*metrics.jsonl/d' '/fsync.*run.json/d'; do
    sed "$lost" calls >without
    ! order without >ordered || fail "the order without $lost is not seen to be wrong"
done

# cut LOG: the machine's power is gone after these calls: what was not forced to the disk is not there
cut() {
    local what path size
    awk '
        function folder(path) { sub(/\/[^\/]*$/, "", path); return path }
        { if ($NF == "killed") next }
        $2 == "open" { made[$3] = 1; if (!($3 in size)) size[$3] = 0 }
        $2 == "fsync" { if (NF >= 4) size[$3] = $4; for (f in made) if (folder(f) == $3) delete made[f]; for (f in renamed) if (folder(f) == $3) delete renamed[f] }
        $2 == "rename" { if ($3 in size) size[$4] = size[$3]; delete size[$3]; delete made[$3]; renamed[$4] = 1 }
        END { for (f in size) print "shorten", f, size[f]; for (f in renamed) if (f ~ /\/[0-9]+\.safetensors$/) print "lose", f; for (f in made) print "lose", f }' "$1" |
        while read -r what path size; do
            [ -e "$path" ] || continue
            if [ $what = lose ]; then rm "$path"; elif [ "$(stat -c %s "$path")" -gt $size ]; then truncate -s $size "$path"; fi
        done
}
calls=$(wc -l <calls) every=${EVERY:-37} turns=0 cuts=0
cp -r whole whole$steps
for ((call = 1; call <= calls; call += every)); do
    rm -rf run calls
    { FAULTS_KILL=$call faulty run ./g "${flags[@]}" --out run --steps $steps >log 2>&1; } 2>/dev/null
    status=$?
    [ $status = 137 ] || { grep -q 'unlink' <(tail -1 calls) && [ $status = 0 ]; } || fail "call $call of $calls: exit status $status: $(tail -1 log)"
    turns=$((turns + 1))
    if ((turns % 2)) && [ -e calls ]; then cut calls; cuts=$((cuts + 1)); fi
    [ ! -e run ] || [ -z "$(ls run/checkpoints 2>/dev/null)" ] || whole_there run
    same_end run $steps 2>/dev/null
    [ $failures = 0 ] || { echo "after call $call of $calls: $(tail -1 calls)"; break; }
done
echo "$turns calls of $calls, $cuts power cuts"
finish
