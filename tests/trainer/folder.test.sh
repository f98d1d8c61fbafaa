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
bad "^other: 'run/checkpoints/00000040.safetensors' does not fit other: .*G.dense1.W is f32\[3, 8\] there and f32\[3, 9\] here" ./other --data ten.idx --out run --resume
bad "does not fit other: " ./other sample --run run --out x.png
[ "$before" = "$(cat run/run.json run/model.gan run/metrics.jsonl | cksum)" ] || fail "another model's trainer changed the run"
"$GANC" tiny.gan --dtype f64 -o double && bad "does not fit tiny: .*is f32\[3, 8\] there and f64\[3, 8\] here" ./double --data ten.idx --out run --resume
# the data need not be named again; other data is said
quietly "$tiny" --out run --resume --steps 50
{ idx 10 2 2; printf 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmn'; } >new.idx
cp -r run moved
says 0 "warning: 'new.idx' is not the data this run began with" "$tiny" --out moved --data new.idx --resume --steps 60
says 0 "warning: rate is 0.2 from here on; the checkpoint was made with 0.1" "$tiny" --out run --resume --steps 60 --rate 0.2

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
