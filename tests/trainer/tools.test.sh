# The tools of a trained model: sample, info, bench, parzen; the pictures of training; progress on a terminal and in a log.
. "$(dirname "$0")/kit.sh"
quietly "$tiny" --data ten.idx --out run
sample() { quietly "$tiny" sample --run run "$@"; }
bytes() { od -An -v -tx1 -j"$2" -N"$3" "$1" | tr -d ' \n'; }

# PNG: signature, size of grid, 8 bits of grey, the end
png() { # FILE WIDTH HEIGHT
    local size
    size=$(wc -c <"$1")
    [ "$(bytes "$1" 0 16)" = 89504e470d0a1a0a0000000d49484452 ] || fail "$1 is no PNG"
    [ "$(bytes "$1" 16 10)" = "$(printf '%08x%08x0800' "$2" "$3")" ] || fail "$1 is not $2 x $3 of 8 bits of grey: $(bytes "$1" 16 10)"
    [ "$(bytes "$1" $((size - 12)) 12)" = 0000000049454e44ae426082 ] || fail "$1 has no end"
}
for step in 10 20 30 40; do png run/pictures/samples-000000$step.png 6 4; done
for case in 1,2,2 7,6,6 64,16,16 1000,64,64; do
    IFS=, read -r n width height <<<"$case"
    sample --out s$n.png -n $n && png s$n.png $width $height
    sample --out s$n.csv -n$n
    [ "$(wc -l <s$n.csv)" = $n ] || fail "s$n.csv has $(wc -l <s$n.csv) lines"
    awk -F, 'NF != 4 { bad = 1 } { for (i = 1; i <= 4; i++) if (!($i > 0 && $i < 1)) bad = 1 } END { exit bad }' s$n.csv || fail "s$n.csv: not four numbers in (0, 1) a line"
    # npy: version 1.0, the length of a header that ends at a multiple of 64, its dictionary, and the numbers of the CSV
    sample --out s$n.npy --count $n
    [ "$(bytes s$n.npy 0 8)" = 934e554d50590100 ] || fail "s$n.npy: $(bytes s$n.npy 0 8)"
    header=$(($(od -An -tu2 -j8 -N2 s$n.npy)))
    [ $(((header + 10) % 64)) = 0 ] || fail "s$n.npy: the header has $header bytes"
    dictionary=$(tail -c +11 s$n.npy | head -c $header | sed 's/ *$//')
    [ "$dictionary" = "{'descr': '<f4', 'fortran_order': False, 'shape': ($n, 2, 2), }" ] || fail "s$n.npy: $dictionary"
    [ "$(wc -c <s$n.npy)" = $((10 + header + n * 16)) ] || fail "s$n.npy has $(wc -c <s$n.npy) bytes"
    paste -d' ' <(od -An -v -tf4 -w4 -j$((10 + header)) s$n.npy) <(tr , '\n' <s$n.csv) |
        awk '($1 - $2) ^ 2 > 1e-12 { bad = 1 } END { exit bad || NR != '$((4 * n))' }' || fail "s$n.npy and s$n.csv differ"
done
# sample i is the same whatever n is
for n in 1 7 64; do cmp -s <(head -$n s1000.csv) s$n.csv || fail "s$n.csv is not the beginning of s1000.csv"; done
sample --out again.csv -n 64 --threads 1 && cmp -s again.csv s64.csv || fail "one thread, other samples"
sample --out seed.csv -n 64 --seed 2 && ! cmp -s seed.csv s64.csv || fail "another seed, the same samples"
sample --out old.csv -n 64 --checkpoint run/checkpoints/00000000.safetensors && ! cmp -s old.csv s64.csv || fail "another checkpoint, the same samples"
sample --out named.csv -n 64 --net G && cmp -s named.csv s64.csv || fail "--net G, other samples"

# what sample cannot do
complains 1 "'runs/tiny': No such file or directory; train first, or name a run's folder with --run" "$tiny" sample --out x.png
complains 1 "'nosuch': No such file" "$tiny" sample --run nosuch --out x.png
complains 1 "'nosuch': No such file" "$tiny" sample --checkpoint nosuch --out x.png
complains 1 "'ten.idx' is no safetensors file" "$tiny" sample --checkpoint ten.idx --out x.png
complains 2 "--out FILE is missing" "$tiny" sample --run run
complains 1 "--out: 'x.jpg' does not end in .png, .csv or .npy" "$tiny" sample --run run --out x.jpg
complains 1 "cannot write 'nosuch/x.png': No such file" "$tiny" sample --run run --out nosuch/x.png
complains 1 "cannot write 'ten.idx/x.csv': Not a directory" "$tiny" sample --run run --out ten.idx/x.csv
complains 1 "net D cannot be sampled: its inputs do not all come from priors" "$tiny" sample --run run --out x.png --net D
complains 1 "tiny has no net 'X'; is it [GD]\?" "$tiny" sample --run run --out x.png --net X
for n in 0 -1 x 1.5 ''; do complains 2 "--count: '$n' is not a whole number from 1" "$tiny" sample --run run --out x.png -n "$n"; done
complains 2 "--count: a value is missing" "$tiny" sample --run run --out x.png -n
mkdir dir.png && complains 1 "cannot write 'dir.png': it is a folder" "$tiny" sample --run run --out dir.png
"$GANC" "$top/examples/gan_1d/gan_1d.gan" -o line || fail "gan_1d does not compile"
complains 1 "net G gives \[1\], which is no image; write a .csv or .npy file" ./line sample --run run --out x.png
[ ! -e x.png ] || fail "an error, and a picture"

# info, bench, parzen: text, and JSON that is valid
if python3 -c '' 2>/dev/null; then valid() { python3 -m json.tool "$1" >/dev/null 2>&1 || fail "$1: no JSON: $(head -3 "$1")"; }
else valid() { [ "$(head -c 1 "$1")" = '{' ] && [ "$(tail -n 1 "$1")" = '}' ] || fail "$1: no JSON"; }; fi
has() { grep -qE -- "$2" "$1" || fail "$1 has no /$2/: $(head -5 "$1")"; }
for command in "info" "info --run run" "bench --steps 5" "bench --steps 5 --data ten.idx" "parzen --run run --valid ten.idx[0:6] --test ten.idx[6:10] --samples 200 --sigmas 0.1,0.2,0.4"; do
    "$tiny" $command >text.out 2>text.err || fail "$command: exit status $?: $(cat text.err)"
    [ -s text.out ] || fail "$command prints nothing"
    grep -qv warning text.err && fail "$command: $(head -2 text.err)"
    "$tiny" $command --json >json.out 2>/dev/null || fail "$command --json: exit status $?"
    valid json.out
    has json.out '"model": "tiny"'
    case $command in
    info*) has text.out '^net G\(z : \[3\] ~ noise\) -> \[2, 2\]: 68 parameters$'; has text.out 'pixels : \[2, 2\] in \[0, 1\]'; has json.out '"name": "G.dense1.W"' ;;&
    "info --run run") has text.out '^checkpoint run/checkpoints/00000040.safetensors, step 40$'; has json.out '"step": 40' ;;
    bench*) has text.out '^tiny: [0-9.e+]+ iterations/s .*; 5 iterations on'; has text.out '^ *[0-9.]+% .* [1-9][0-9]*  [a-z]'; has json.out '"kernels": \['; has json.out '"share"'
        has text.out '^limits of this machine, (256|512) bits wide at [0-9.]+ GHz: [0-9.e+]+ GFLOP/s \(fma\)'; has text.out '[0-9]% (fma|L1|L2|memory) +[1-9][0-9]*  '; has json.out '"share_of_limit": [0-9]' ;;
    parzen*) has text.out '^tiny, step 40: 200 samples'; has text.out '^test: -?[0-9.]+ \+- [0-9.]+ nats \(4 images'; has json.out '"validation_images": 6' ;;
    esac
done
"$tiny" parzen --run run --valid ten.idx --test ten.idx --samples 200 --threads 1 >one.out 2>/dev/null
"$tiny" parzen --run run --valid ten.idx --test ten.idx --samples 200 --threads 3 >three.out 2>/dev/null
cmp -s one.out three.out || fail "parzen: another result on three threads"
complains 1 "no validation images: give --valid PATH" "$tiny" parzen --run run
complains 1 "cannot open 'nosuch'" "$tiny" parzen --run run --valid ten.idx --test nosuch --samples 20
complains 2 "--sigmas: 'x' is not a number" "$tiny" parzen --run run --sigmas 1,x
complains 2 "--samples: '0' is not a whole number" "$tiny" parzen --run run --samples 0
complains 1 "cannot open 'nosuch'" "$tiny" bench --data nosuch
complains 1 "tiny has no graph 'net H'; is it 'net [GD]'" "$tiny" bench --graph "net H"
quietly "$tiny" bench --graph "picture samples" --steps 5
has quiet.out '^tiny, picture samples: [0-9.e+]+ iterations/s .*; 5 iterations on'
grep -q 'update$' quiet.out && fail "bench --graph: a picture updates"
quietly "$tiny" bench --graph "picture samples" --steps 5 --json && mv quiet.out json.out
valid json.out
has json.out '"graph": "picture samples"'
complains 1 "has no data of the shape of G" ./line parzen --run run

# progress: plain lines in a log; on a terminal one line, drawn in place, without colour
quietly "$tiny" --data ten.idx --out plain --steps 100000 --pictures-every 1000000
grep -q $'[\r\033]' quiet.err && fail "a log with control characters"
has quiet.err '^step 100000/100000  epoch 50000  [0-9]+/s  V -?[0-9.e-]+  '
has quiet.out '^checkpoint: plain/checkpoints/00100000.safetensors$'
has quiet.out '^go on: .*--resume --out plain --steps 200000$'
if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then # a chroot without devpts has no terminals
    script -qec "'$tiny' --data ten.idx --out live --steps 300000 --pictures-every 1000000" typescript >/dev/null 2>&1 </dev/null || fail "on a terminal: exit status $?"
    tr '\r' '\n' <typescript >lines
    [ "$(grep -cE '^step [0-9]+/300000 ' lines)" -ge 2 ] || fail "on a terminal no line is drawn: $(tail -3 lines)"
    grep -q $'\033' typescript && fail "control sequences with NO_COLOR"
fi
finish
