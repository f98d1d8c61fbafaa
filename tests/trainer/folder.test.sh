# A run's folder: where it cannot be, who it belongs to, and checkpoints that are damaged.
. "$(dirname "$0")/kit.sh"
bad() { complains 1 "$@"; }

# folders that cannot be written (by root neither)
echo kept >file
bad "'file': Not a directory" "$tiny" --data ten.idx --out file
bad "'file/x': Not a directory" "$tiny" --data ten.idx --out file/x
bad "cannot make the folder '/proc/nosuch': No such file" "$tiny" --data ten.idx --out /proc/nosuch
bad "'/dev/null': Not a directory" "$tiny" --data ten.idx --out /dev/null
bad "File name too long" "$tiny" --data ten.idx --out "$(head -c 300 /dev/zero | tr '\0' a)"
[ "$(cat file)" = kept ] || fail "the file is not what it was"
mkdir full && echo mine >full/thesis.txt
bad "'full' is not empty: go on with its run by --resume, or name another folder with --out" "$tiny" --data ten.idx --out full
bad "'full' holds no run to resume, but other files" "$tiny" --data ten.idx --out full --resume
[ "$(ls full)" = thesis.txt ] || fail "a folder of other files was written to: $(ls full)"
bad "'nosuch': there is no run to resume" "$tiny" --data ten.idx --out nosuch --resume
bad "'file' is not a folder" "$tiny" --data ten.idx --out file --resume
mkdir blocked && echo >blocked/checkpoints
bad "cannot make the folder 'blocked/checkpoints': a file has this name" "$tiny" --data ten.idx --out blocked --resume
rm blocked/checkpoints && mkdir -p blocked/metrics.jsonl
bad "cannot open 'blocked/metrics.jsonl': Is a directory" "$tiny" --data ten.idx --out blocked --resume

# a run, and who may go on with it
quietly "$tiny" --data ten.idx --out run --checkpoint-every 10 --keep 0
[ "$(ls run/checkpoints | wc -l)" = 5 ] || fail "--keep 0 does not keep all: $(ls run/checkpoints)"
bad "'run' is not empty: go on with its run by --resume" "$tiny" --data ten.idx --out run
bad "--seed: this run's seed is 1, and it cannot change" "$tiny" --data ten.idx --out run --resume --seed 2
sed 's/dense(width)/dense(width + 1)/' tiny.gan >other.gan
"$GANC" other.gan -o other || fail "other.gan does not compile"
before=$(cat run/run.json run/model.gan run/metrics.jsonl | cksum)
says 1 "^other: 'run/checkpoints/00000040.safetensors', a checkpoint of tiny, does not fit other: these 12 differences$" ./other --data ten.idx --out run --resume
for net in G:3:8:4 D:4:8:1; do
    IFS=: read -r net in width out <<<$net
    for tensor in $net.dense1 momentum.v.$net.dense1 momentum2.v.$net.dense1; do
        grep -q "^other:   $tensor.W is f32\[$in, $width\] there and f32\[$in, 9\] here$" says.err && { [ ! "$out" ] || out=; continue; }
    done
    [ ! "$out" ] || fail "the shapes of $net are not listed: $(cat says.err)"
done
[ "$(grep -c ' is f32.* there and f32.* here$' says.err)" = 12 ] && [ "$(wc -l <says.err)" = 13 ] || fail "not each difference has a line: $(cat says.err)"
says 1 "does not fit other: these 12 differences" ./other sample --run run --out x.png
[ "$before" = "$(cat run/run.json run/model.gan run/metrics.jsonl | cksum)" ] || fail "another model's trainer changed the run"
"$GANC" tiny.gan --dtype f64 -o double && bad "does not fit tiny: its numbers are f32 there and f64 here$" ./double --data ten.idx --out run --resume
# one net more, one less; counters and data; a net renamed is both
sed 's/^value/net E(x ~ pixels) -> [] { x |> flatten |> dense(2) |> dense(1) }\nvalue/; s/)))$/))) + 0 * E[x ~ pixels] E(x)/; s/V over D/V over D, E/' tiny.gan >more.gan
"$GANC" more.gan -o more || fail "more.gan does not compile"
says 1 "does not fit more: these" ./more --data ten.idx --out run --resume
grep -q "^more:   E is missing, with its 4 tensors$" says.err || fail "a net that is missing: $(cat says.err)"
quietly ./more --data ten.idx --out run.more --steps 2
says 1 "does not fit tiny: these" "$tiny" --data ten.idx --out run.more --resume
grep -q "^tiny:   E is not in the model, with its 4 tensors$" says.err || fail "a net too many: $(cat says.err)"
quietly "$tiny" sample --run run.more --out more.png # what a tool needs is there
sed 's/^    maximize V .*/&\n    maximize V over D using sgd(0)/; s/^    if both/    maximize V over D using sgd(0)\n&/' tiny.gan >thrice.gan
"$GANC" thrice.gan -o thrice || fail "thrice.gan does not compile"
bad "does not fit thrice: there 2 updates are counted, here 3$" ./thrice --data ten.idx --out run --resume
sed 's/setting both .*/setting both = true\nsetting slow = 3/; s/(batch=4/(batch=slow + 1/' tiny.gan >slow.gan
"$GANC" slow.gan -o slow || fail "slow.gan does not compile"
cp -r run run.slow
says 0 "slow: warning: the checkpoint is one of tiny, whose tensors are the same" ./slow --data ten.idx --out run.slow --resume --steps 41
grep -q "slow: warning: the checkpoint was made without a setting slow" says.err || fail "a new setting is not said: $(cat says.err)"
says 0 "tiny: warning: the checkpoint was made with a setting slow, which tiny has not" "$tiny" --data ten.idx --out run.slow --resume --steps 42
sed 's/log(1 - D/2 * log(1 - D/' tiny.gan >loss.gan && "$GANC" loss.gan -o loss || fail "loss.gan does not compile"
cp -r run run.loss
says 0 "loss: warning: 'run.loss/model.gan' is not the text of this loss: the rest of the run follows the new one" ./loss --out run.loss --resume --steps 42
says 0 "resumed" ./loss --out run.loss --resume --steps 43
! grep -q "is not the text" says.err || fail "said twice: $(cat says.err)"
sed 's/pixels/images/g' tiny.gan >renamed.gan && "$GANC" renamed.gan -o renamed || fail "renamed.gan does not compile"
bad "does not fit renamed: the data set images is not trained on there" ./renamed --data ten.idx --out run --resume

# the data need not be named again; other data is said
quietly "$tiny" --out run --resume --steps 50
{ idx 10 2 2; printf 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmn'; } >new.idx
cp -r run moved
says 0 "warning: 'new.idx' is not the data this run began with" "$tiny" --out moved --data new.idx --resume --steps 60
says 0 "warning: rate is 0.2 from here on; the checkpoint was made with 0.1" "$tiny" --out run --resume --steps 60 --rate 0.2

# a folder that may not be written to: by root only where the file system is mounted so; what only reads it goes on
mkdir locked && cp -r run locked/run
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=4m tmpfs locked 2>/dev/null; then
    trap 'umount "$work/locked"; [ $BASHPID != $$ ] || rm -rf "$work"' EXIT
    cp -r run locked/run
    mount -o remount,ro locked || fail "cannot remount"
    why="Read-only file system"
elif [ "$(id -u)" != 0 ]; then
    chmod -R a-w locked
    trap 'chmod -R u+w "$work/locked"; [ $BASHPID != $$ ] || rm -rf "$work"' EXIT
    why="Permission denied"
else
    why=
fi
if [ "$why" ]; then
    bad "cannot open 'locked/run/metrics.jsonl': $why" "$tiny" --data ten.idx --out locked/run --resume --steps 90
    bad "cannot make the folder 'locked/new': $why" "$tiny" --data ten.idx --out locked/new
    bad "cannot write 'locked/x.npy': $why" "$tiny" sample --run run --out locked/x.npy
    quietly "$tiny" sample --run locked/run --out locked.npy
    quietly "$tiny" info --run locked/run
    umount locked 2>/dev/null || chmod -R u+w locked
    trap '[ $BASHPID != $$ ] || rm -rf "$work"' EXIT
fi

# two trainers on one folder
"$tiny" --data ten.idx --out shared --steps 1000000000 --log-every 100000 >log 2>&1 &
first=$!
for ((i = 0; i < 200; i++)); do [ -e shared/checkpoints/00000000.safetensors ] && break; sleep 0.05; done
bad "'shared': another trainer is writing to this run" "$tiny" --data ten.idx --out shared --resume
kill -TERM $first
wait $first
[ $? = 143 ] || fail "SIGTERM: exit status $?"

# damage: the newest whole checkpoint is used, the damage is said
damage() { # MESSAGE: of the newest checkpoint of run/, already damaged in copy/
    says 0 "warning: 'copy/checkpoints/00000060.safetensors'.* $1.*trying the one before it" "$tiny" info --run copy
    grep -q 'checkpoint copy/checkpoints/00000050.safetensors, step 50' says.out || fail "$1: another checkpoint is used"
}
fresh() { rm -rf copy && cp -r run copy; last=copy/checkpoints/00000060.safetensors; size=$(wc -c <$last); }
header=$(($(od -An -tu8 -N8 run/checkpoints/00000060.safetensors)))
for n in 0 1 7 8 9 100 $((8 + header - 1)) $((8 + header)) $((8 + header + 1)) $(($(wc -c <run/checkpoints/00000060.safetensors) - 1)); do
    fresh; head -c $n run/checkpoints/00000060.safetensors >$last
    damage "(cut short|no safetensors file|damaged)"
done
fresh; echo more >>$last; damage "bytes after its last tensor"
flip() { # BYTE: its lowest bit
    local value
    value=$(od -An -tu1 -j$1 -N1 $last)
    printf "\\$(printf %o $((value ^ 1)))" | dd of=$last bs=1 seek=$1 conv=notrunc 2>/dev/null
}
for at in 8 40 80 200 $((8 + header / 2)) $((7 + header)); do fresh; flip $at; damage "(damaged|no safetensors file)"; done
fresh
for at in $((8 + header)) $((8 + header + 101)) $((size - 1)); do fresh; flip $at; damage "does not match its checksum"; done
fresh; printf '\377\377\377\377\377\377\377\177' | dd of=$last bs=1 conv=notrunc 2>/dev/null; damage "its header would have 9223372036854775807 bytes"
fresh; printf '\377\377\0\0\0\0\0\0' | dd of=$last bs=1 conv=notrunc 2>/dev/null; damage "its header says 65535 bytes"
fresh; { printf '\10\0\0\0\0\0\0\0'; printf 'not json'; } >$last; damage "is no safetensors file, or damaged: its header, line 1, column 1"
fresh; rm $last; mkdir $last; damage "is not a regular file"
# training goes on from there and ends as it had
fresh; flip $((size - 1))
says 0 "trying the one before it" "$tiny" --out copy --resume --steps 60 --rate 0.2
cmp -s copy/checkpoints/00000060.safetensors run/checkpoints/00000060.safetensors || fail "not the same bytes after a damaged checkpoint"
# a damaged file that is named is an error, and so is a folder with no whole one
fresh; flip $((size - 1))
bad "'$last' is damaged" "$tiny" sample --checkpoint $last --out x.png
fresh; for f in copy/checkpoints/*; do head -c 100 "$f" >cut && cp cut "$f"; done
for command in "sample --run copy --out x.png" "info --run copy" "--out copy --resume"; do
    says 1 "'copy/checkpoints': none of its [0-9]+ checkpoints is whole" "$tiny" $command
    [ ! -s says.out ] || fail "$command: an error, but it prints"
done
rm copy/checkpoints/*
bad "'copy': has no checkpoints" "$tiny" info --run copy
finish
