# Disks that are full, and files that may not grow: one line names the file, what was saved stays, nothing is left half written.
. "$(dirname "$0")/kit.sh"
# A limit on the size of files (of 1 kB each), of which a checkpoint of tiny has three: the same code as for a full disk, and no need to be root.
limited=(bash -c 'ulimit -f "$1"; shift; exec "$@"' _)
quietly "$tiny" --data ten.idx --out run
before=$(find run -type f -exec cksum {} + | sort)
checkpoint=$(newest run)

complains 1 "^tiny: cannot write 's.npy': File too large$" "${limited[@]}" 1 "$tiny" sample --run run --out s.npy -n 1000
complains 1 "^tiny: cannot write 's.csv': File too large$" "${limited[@]}" 1 "$tiny" sample --run run --out s.csv -n 1000
echo old >s.npy
complains 1 "cannot write 's.npy'" "${limited[@]}" 1 "$tiny" sample --run run --out s.npy -n 1000
[ "$(cat s.npy)" = old ] || fail "the old s.npy is lost"
no_temporaries .
ln -s /dev/full full.npy
complains 1 "cannot write 'full.npy': it is not a regular file" "$tiny" sample --run run --out full.npy
[ -c /dev/full ] && [ -L full.npy ] || fail "full.npy was replaced"
[ "$before" = "$(find run -type f -exec cksum {} + | sort)" ] || fail "sample changed the run"
complains 1 "cannot write to standard output: No space left on device" bash -c '"$@" >/dev/full' _ "$tiny" info

# training: the error names the file, the run goes on from what was saved
says 1 "^tiny: cannot write 'run/checkpoints/00000045.safetensors': File too large$" "${limited[@]}" 1 "$tiny" --out run --resume --steps 45
grep -q '^tiny' says.err && [ "$(grep -c '^tiny: ' says.err)" = 1 ] || fail "not one error: $(cat says.err)"
no_temporaries run
cmp -s "$checkpoint" "$(newest run)" || fail "the last checkpoint is lost"
quietly "$tiny" --out run --resume --steps 60
quietly "$tiny" --data ten.idx --out other --steps 60
cmp -s "$(newest run)" "$(newest other)" || fail "other bytes after a full disk"
says 1 "cannot write 'long/(metrics.jsonl|model.gan|checkpoints/[0-9]+.safetensors)': File too large" "${limited[@]}" 2 "$tiny" --data ten.idx --out long --log-every 1 --steps 4000
no_temporaries long

# an event file that may not grow: it ends in a whole event, and a resume goes on from there
says 1 "^tiny: cannot write 'tb/events.out.tfevents.ganc': File too large$" "${limited[@]}" 4 "$tiny" --data ten.idx --out watched --tensorboard tb --pictures-every 1 --steps 4000
no_temporaries watched
[ "$(wc -c <tb/events.out.tfevents.ganc)" -le 4096 ] || fail "the event file has $(wc -c <tb/events.out.tfevents.ganc) bytes"
quietly "$tiny" --out watched --resume --tensorboard tb --pictures-every 1 --steps 60
quietly "$tiny" --data ten.idx --out seen --tensorboard tb.seen --pictures-every 1 --steps 60
[ "$(wc -c <tb/events.out.tfevents.ganc)" = "$(wc -c <tb.seen/events.out.tfevents.ganc)" ] || fail "after a full disk other events: $(wc -c tb/* tb.seen/*)"

# a disk that is really full, where it can be mounted
mkdir disk
if mount -t tmpfs -o size=64k tmpfs disk 2>/dev/null; then
    trap 'umount "$work/disk"; rm -rf "$work"' EXIT
    says 1 "^tiny: cannot write 'disk/run/.*': No space left on device$" "$tiny" --data ten.idx --out disk/run --steps 20000 --checkpoint-every 100 --log-every 10 --keep 0
    no_temporaries disk
    saved=$(ls disk/run/checkpoints | tail -1)
    quietly "$tiny" --data ten.idx --out sound --steps $((10#${saved%.safetensors})) --log-every 10
    cmp -s "disk/run/checkpoints/$saved" "sound/checkpoints/$saved" || fail "$saved on the full disk is not what it should be"
    says 1 "cannot write 'disk/.*': No space left on device" "$tiny" sample --run run --out disk/s.npy -n 100000
    says 1 "cannot write disk/k.o.*: No space left" "$GANC" tiny.gan --emit=obj -o disk/k.o
    head -c 200000 /dev/zero >disk/fill 2>/dev/null
    says 1 "E0002" "$GANC" tiny.gan --emit=kernels -o disk/k
    no_temporaries disk
    rm disk/fill disk/run/checkpoints/00000000.safetensors
    umount disk
    trap 'rm -rf "$work"' EXIT
fi
finish
