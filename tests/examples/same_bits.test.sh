# Every model of examples/, found there and not listed here: two steps of training leave the same bytes on 1, 2 and 8 threads. Models of images are made
# smaller, each choice of settings that models.txt has; they see made-up images, the others MNIST's.
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit 1
# of those that are no models of images, the settings that make them short: NAME SETTING...
short='
parallel_lines warm=5 critic_steps=5
parallel_lines warm=5 critic_steps=5 minimax=true
minibatch_discrimination
minibatch_discrimination features=0
'
# CIFAR-10's layout: 256 images of 32 x 32 in red, green and blue, each behind its label. Bytes of a compressed file are as good as random ones.
for ((i = 0; i < 256; i++)); do
    printf "\\$((i % 8))"
    dd bs=3072 count=1 status=none
done <"$top/examples/data/mnist/train-images-idx3-ubyte.gz" >data_batch_1.bin

# trains MODEL [SETTING...]: MODEL is FOLDER/NAME of examples/
trains() {
    local file=$top/examples/$1.gan name=$* settings=() data=() set threads
    shift
    for set; do settings+=(-D "$set"); done
    while read -r set shape; do
        case $shape in *', 3]' | '[3072]') data+=(--data "$set=data_batch_1.bin[0:256]") ;; *) data+=(--data "$set=$top/examples/data/mnist[0:256]") ;; esac
    done < <("$GANC" info "$file" | sed -nE '/onehot/d; /^data/,/^$/s/^  ([A-Za-z_0-9]+)([.][a-z]+)? : (\[[^]]*\]).*/\1 \3/p')
    "$GANC" "$file" "${settings[@]}" --emit=kernels >kernels 2>log && "$GANC" kernels -o trainer >log 2>&1 || { fail "$name: $(head -3 log)"; return; }
    grep -qE ': [0-9]+ tasks\b' kernels || fail "$name: threads have nothing to share"
    for threads in 1 2 8; do
        rm -rf run.$threads
        timeout 120 ./trainer "${data[@]}" --out run.$threads --steps 2 --threads $threads >log 2>&1 ||
            { fail "$name, $threads threads: $(tail -3 log)"; return; }
        cmp run.1/checkpoints/00000002.safetensors run.$threads/checkpoints/00000002.safetensors >&2 || fail "$name: other bits on $threads threads"
    done
    count=$((count + 1))
}

count=0
while IFS= read -r file; do
    model=${file%.gan}
    if grep -q "^$model " "$here/models.txt"; then
        while IFS='|' read -r _ settings _ _ smaller; do trains "$model" $settings $smaller; done < <(grep "^$model " "$here/models.txt")
    elif grep -q "^${model#*/}\b" <<<"$short"; then
        while read -r _ settings; do trains "$model" $settings; done < <(grep "^${model#*/}\b" <<<"$short")
    else
        trains "$model"
    fi
done < <(cd "$top/examples" && ls */*.gan)
[ $count -ge 41 ] || fail "only $count models"
finish
