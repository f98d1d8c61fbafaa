# Pictures: points in the plane beside their table; grids of a given shape; GIFs over the checkpoints of a run, of the same draws, on any number of threads.
. "$(dirname "$0")/kit.sh"
bytes() { od -An -v -tx1 -j"$2" -N"$3" "$1" | tr -d ' \n'; }
size() { echo "$((16#$(bytes "$1" 16 4)))x$((16#$(bytes "$1" 20 4)))"; }
frames() { od -An -v -tx1 "$1" | tr -d '\n' | grep -o ' 21 f9 04 04' | wc -l; } # the blocks before each

quietly "$tiny" --data ten.idx --out run --keep 0 --checkpoint-every 10
quietly "$tiny" sample --run run --grid 3x5 --out grid.png
[ "$(size grid.png)" = 10x6 ] || fail "--grid 3x5 of 2 x 2 pixels: $(size grid.png)"
quietly "$tiny" sample --run run --grid 3x5 --out grid.csv
quietly "$tiny" sample --run run -n 15 --out count.csv
cmp -s grid.csv count.csv || fail "--grid 3x5 and -n 15 draw something else"
quietly "$tiny" sample --run run --grid 3x5 --gif
grep -q '^samples: run/pictures/samples.gif$' quiet.out || fail "--gif says not where: $(head -1 quiet.out)"
[ "$(bytes run/pictures/samples.gif 0 10)" = 4749463839610a000600 ] || fail "no GIF of 10 x 6: $(bytes run/pictures/samples.gif 0 10)"
[ "$(frames run/pictures/samples.gif)" = 5 ] || fail "$(frames run/pictures/samples.gif) frames, not those of steps 0, 10, 20, 30, 40"
for threads in 1 2 8; do
    quietly "$tiny" sample --run run --grid 3x5 --out t$threads.gif --threads $threads
    cmp -s t$threads.gif run/pictures/samples.gif || fail "$threads threads, another GIF"
done

# a frame is what its checkpoint gives by itself: a run of one checkpoint after another
for step in 00000000 00000020 00000040; do
    mkdir -p one/checkpoints && rm -f one/checkpoints/* && cp run/checkpoints/$step.safetensors one/checkpoints
    quietly "$tiny" sample --run one --grid 3x5 --out $step.gif
    tail -c +800 $step.gif | head -c -1 | tail -c +9 | od -An -v -tx1 | tr -d ' \n' >frame # after the header, and the duration
    od -An -v -tx1 run/pictures/samples.gif | tr -d ' \n' | grep -qF "$(cat frame)" || fail "the frame of step $step is not its checkpoint's"
done
if cmp -s 00000000.gif 00000040.gif; then fail "training changes nothing"; fi

# a broken checkpoint gets no frame
cp -r run damaged && truncate -s 300 damaged/checkpoints/00000020.safetensors
quietly "$tiny" sample --run damaged --gif --grid 3x5 --out damaged.gif
grep -q "warning: .*00000020.safetensors.*; it gets no frame" quiet.err && [ "$(frames damaged.gif)" = 4 ] || fail "a broken checkpoint: $(frames damaged.gif) frames, $(head -2 quiet.err)"
for f in damaged/checkpoints/*; do truncate -s 300 $f; done
timeout 60 "$tiny" sample --run damaged --gif --out no.gif 2>err && fail "no checkpoint is whole, and a GIF is made"
tail -1 err | grep -q "none of the 5 checkpoints is whole" && [ ! -e no.gif ] || fail "no checkpoint is whole: $(tail -1 err)"

# points in the plane: a table and a picture; a GIF in one frame of reference
cat >plane.gan <<'END'
data  ring : [2] = { let x : [2] ~ normal(0, 1); x }
prior noise : [2] ~ normal(0, 1)
net G(z ~ noise) -> [2] { z |> dense(4) |> relu |> dense(2) }
net D(x ~ ring) -> [] { x |> dense(4) |> relu |> dense(1) |> sigmoid }
value V = E[x ~ ring] log(D(x)) + E[z ~ noise] log(1 - D(G(z)))
train (batch=8, steps=20) {
    maximize V over D using momentum(0.1, 0.5)
    maximize E[z ~ noise] log(D(G(z))) over G using momentum(0.1, 0.5)
}
picture made(rows=4, cols=4, every=10) = sample[z ~ noise] G(z)
picture three(rows=4, cols=4, every=10) = sample[z ~ noise] concat(z, G(z))[0:3]
END
"$GANC" plane.gan -o plane || fail "plane.gan does not compile"
quietly ./plane --out points --keep 0 --checkpoint-every 10 --threads 1
grep -q '^made: points/pictures/made-00000020.png$' quiet.out || fail "the picture is not named: $(grep made: quiet.out)"
[ "$(ls points/pictures | tr '\n' ' ')" = "made-00000010.csv made-00000010.png made-00000020.csv made-00000020.png three-00000010.csv three-00000020.csv " ] ||
    fail "pictures: $(ls points/pictures | tr '\n' ' ')"
quietly ./plane --out again --keep 0 --checkpoint-every 10 --threads 3
diff -r points/pictures again/pictures >/dev/null || fail "three threads, other pictures"
quietly ./plane sample --run points -n 100 --out points.png
[ "$(size points.png)" = 420x420 ] || fail "points.png: $(size points.png)"
quietly ./plane sample --run points -n 100 --gif --delay 100
[ "$(frames points/pictures/samples.gif)" = 3 ] || fail "$(frames points/pictures/samples.gif) frames, not 3"
[ "$(bytes points/pictures/samples.gif 800 8)" = 21f904040a000000 ] || fail "the delay: $(bytes points/pictures/samples.gif 800 8)"

# a picture in colour, and a flat one
cat >colour.gan <<'END'
prior noise : [3] ~ normal(0, 1)
data  faces : [8, 8, 3] in [-1, 1]
data  flat  : [64] in [0, 1]
net G(z ~ noise) -> [8, 8, 3] { z |> dense(192) |> tanh |> reshape(8, 8, 3) }
net F(z ~ noise) -> [64] { z |> dense(64) |> sigmoid }
value V = E[x ~ faces, z ~ noise] mean((x - G(z))^2)
value W = E[x ~ flat, z ~ noise] mean((x - F(z))^2)
train (batch=4, steps=3) { minimize V over G using sgd(0.1); minimize W over F using sgd(0.1) }
END
{ idx 10 8 8 3; head -c 1920 /dev/zero | tr '\0' 'x'; } >faces.idx
{ idx 10 8 8; head -c 640 /dev/zero | tr '\0' 'y'; } >flat.idx
"$GANC" colour.gan -o colour || fail "colour.gan does not compile"
quietly ./colour --data faces=faces.idx --data flat=flat.idx --out faces --keep 0 --checkpoint-every 1
[ "$(bytes faces/pictures/samples-00000003.png 16 10)" = 00000040000000400802 ] || fail "a grid of 8 x 8 in colour: $(bytes faces/pictures/samples-00000003.png 16 10)"
[ "$(bytes faces/pictures/samples_F-00000003.png 16 10)" = 00000040000000400800 ] || fail "a grid of 8 x 8 flat ones: $(bytes faces/pictures/samples_F-00000003.png 16 10)"
quietly ./colour sample --run faces --grid 4x4 --gif --out colour.gif
[ "$(frames colour.gif)" = 4 ] && [ "$(bytes colour.gif 6 4)" = 20002000 ] || fail "colour.gif: $(frames colour.gif) frames of $(bytes colour.gif 6 4)"
quietly ./colour sample --run faces --net F --grid 4x4 --gif --out flat.gif
[ "$(bytes flat.gif 6 4)" = 20002000 ] || fail "flat.gif: $(bytes flat.gif 6 4)"

# what does not go
bad() { complains "$@"; [ ! -e x.gif ] && [ ! -e x.png ] || { fail "an error, but a picture: $*"; rm -f x.gif x.png; }; no_temporaries .; }
bad 2 "--gif: 'x.png' does not end in .gif" "$tiny" sample --run run --gif --out x.png
bad 2 "--gif draws all checkpoints of a run: --checkpoint does not go with it" "$tiny" sample --checkpoint run/checkpoints/00000000.safetensors --out x.gif
bad 2 "--count and --grid: one of them" "$tiny" sample --run run --grid 3x3 -n 9 --out x.png
for grid in 3 3x 0x3 3x0 3x3x3 -1x3 axb; do bad 2 "--grid: '$grid' is not RxC, whole numbers from 1 to 30000" "$tiny" sample --run run --grid=$grid --out x.png; done
bad 1 "'nosuch': has no checkpoints; train with --keep 0, so that all are kept" "$tiny" sample --run nosuch --out x.gif
bad 1 "cannot write 'nosuch/x.gif': No such file" "$tiny" sample --run run --out nosuch/x.gif
bad 1 "cannot write 'nosuch/x.png': No such file" ./plane sample --run points --out nosuch/x.png
says 1 "does not fit plane" ./plane sample --run run --out x.gif
bad 1 "net D cannot be sampled" "$tiny" sample --run run --out x.gif --net D
"$GANC" "$top/examples/gan_1d/gan_1d.gan" -o line || fail "gan_1d does not compile"
bad 1 "net G gives \[1\], which is no image; write a .csv or .npy file" ./line sample --run run --out x.gif
finish
