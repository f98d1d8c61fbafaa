# A checkpoint of gan_1d cut at every byte, and with every bit changed (damage.c): the one before it is used, and the
# damage is said. The same by the trainer itself, at random places: it goes on to the bytes of the undisturbed run.
. "$(dirname "$0")/kit.sh"
"$GANC" "$top/examples/gan_1d/gan_1d.gan" -o g || exit 1
train() { quietly ./g --threads 1 --log-every 10 --checkpoint-every 20 "$@"; }
train --out run --steps 60
"$helpers/damage" run 8 >log 2>&1 || fail "$(tail -20 log)"
n=$(sed -nE 's/^([0-9]+) damages to ([0-9]+) bytes, 0 not seen$/\1 \2/p' log)
n=${n:-0 1}
[ "${n% *}" -gt $((${n#* } * (1 + 8))) ] || fail "too few: $(cat log)"
train --out whole --steps 80
RANDOM=7
size=$(wc -c <run/checkpoints/00000060.safetensors)
for ((turn = 0; turn < 8; turn++)); do
    rm -rf copy && cp -r run copy
    last=copy/checkpoints/00000060.safetensors at=$((RANDOM % size))
    if ((turn % 2)); then
        head -c $at run/checkpoints/00000060.safetensors >$last
    else
        value=$(od -An -tu1 -j$at -N1 $last)
        printf "\\$(printf %o $((value ^ 1 << RANDOM % 8)))" | dd of=$last bs=1 seek=$at conv=notrunc 2>/dev/null
    fi
    train --out copy --resume --steps 80
    grep -qE "^g: warning: '$last'.*; trying the one before it$" quiet.err && grep -q "resumed at step 40$" quiet.err || fail "turn $turn, byte $at: $(head -3 quiet.err)"
    cmp -s copy/checkpoints/00000080.safetensors whole/checkpoints/00000080.safetensors || fail "turn $turn, byte $at: other bytes"
done
finish
