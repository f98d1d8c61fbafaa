# Every format, by what numpy, Pillow, h5py and scipy read of the same files (make.py), whatever the file's name: exactly, JPEG and lossy WebP to 2.
. "$(dirname "$0")/kit.sh"
trainer small seen
trainer five seen -D h=5 -D w=7
trainer twelve seen -D h=12 -D w=20
trainer cifar seen -D h=32 -D w=32
trainer labelled labelled
trainer cifar_labelled labelled -D h=32 -D w=32
trainer cifar_coarse labelled -D h=32 -D w=32 -D classes=20
trainer cifar_fine labelled -D h=32 -D w=32 -D classes=100

# images: each alone in a folder, under a name that says nothing, and one that lies
one() { rm -rf one && mkdir one && cp "$files/$1" "one/${2:-item}"; }
for f in grey1 grey2 grey4 grey8 grey16 grey8key rgb8 rgb8adam7 rgb16 rgba8 greya8 palette1 palette2 palette4 palette8; do
    one $f.png
    reads five one "$files/$f.png.csv"
done
one rgb8.png picture.jpg
reads five one "$files/rgb8.png.csv"
for f in colour.jpg colour444.jpg progressive.jpg grey.jpg cmyk.jpg lossy.webp; do
    one $f
    reads twelve one "$files/$f.csv" 2
done
one lossless.webp
reads twelve one "$files/lossless.webp.csv"

# arrays, with labels where they have them; read as needed where memory is short: the same (tiny files: --data-memory is at least 1M, so see streams.test.sh)
for f in bytes.npy planes.npy f4.npy f8.npy f2.npy stored.npz packed.npz svhn.mat plain.mat fuel.hdf5 chunked.h5 v73.mat; do
    cp "$files/$f" array
    reads small array "$files/$f.csv"
done
for f in stored.npz packed.npz svhn.mat plain.mat fuel.hdf5 chunked.h5 v73.mat; do
    cp "$files/$f" array
    reads labelled array "$files/$f.csv"
    grep -q '^  classes  3: 0 1, 1 2, 2 2$' quiet.out || fail "$f: other labels: $(grep classes quiet.out)"
done
grep -q 'examples 5$' quiet.out || fail "not 5 examples"
quietly ./small data --data "$files/fuel.hdf5"
grep -q "note     fuel's split: its training part, items 0 to 4" quiet.out || fail "does not say which part of fuel's file it takes"
quietly ./labelled data --data "$files/svhn.mat"
grep -q "10 is the class 0" quiet.out || fail "does not say what it makes of SVHN's labels"

reads small "$files/bytes.idx" "$files/bytes.idx.csv"
grep -q '^  changes  grey made colour$' quiet.out || fail "does not say that grey becomes colour"

# CIFAR: alone, in a folder, in an archive
reads cifar "$files/cifar10.bin" "$files/cifar10.bin.csv"
reads cifar "$files/cifar100.bin" "$files/cifar10.bin.csv"
mkdir batches && cp "$files/cifar10.bin" batches/data_batch_1.bin
reads cifar batches "$files/cifar10.bin.csv"
tar czf batches.tgz batches
reads cifar_labelled batches.tgz "$files/cifar10.bin.csv"
grep -q '^  classes  5: 0 0, 1 0, 2 0, 3 1, 4 1; 3 of them without an example$' quiet.out || fail "CIFAR-10: other labels: $(grep classes quiet.out)"
quietly ./cifar_coarse data --data "$files/cifar100.bin"
grep -q '^  classes  2: 0 1, 1 1$' quiet.out || fail "CIFAR-100: not the coarse labels: $(grep classes quiet.out)"
quietly ./cifar_fine data --data "$files/cifar100.bin"
grep -q '^  classes  72: ' quiet.out || fail "CIFAR-100: not the fine labels: $(grep classes quiet.out)"

# a database and archives of images, which are resized
reads small "$files/lsun.mdb" "$files/lsun.mdb.csv"
mkdir lsun && cp "$files/lsun.mdb" lsun/data.mdb
reads small lsun "$files/lsun.mdb.csv"
reads labelled "$files/three.zip" "$files/three.zip.csv"
grep -q '^  classes  2: class0 2, class1 1$' quiet.out || fail "three.zip: other classes: $(grep classes quiet.out)"
grep -q '^  left out 1 files that are no images$' quiet.out || fail "three.zip: the text is not left out"
LC_ALL=C reads labelled "$files/names.zip" "$files/names.zip.csv"
grep -q '^  classes  2: Zürich 1, 東京 1$' quiet.out || fail "names.zip: other classes: $(grep classes quiet.out)"
reads labelled "$files/two.tgz" "$files/two.tgz.csv"
reads small "$files/three.zip/set/class1" <(tail -1 "$files/three.zip.csv")
mkdir -p tree/b tree/a tree/.hidden && cp "$files/three.zip" tree/no_image && touch tree/.hidden/x.png
cp "$files/rgb8.png" tree/a/1.png && cp "$files/rgba8.png" tree/b/1 && cp "$files/grey8.png" tree/b/0.JPG
cat "$files/rgb8.png.csv" "$files/grey8.png.csv" "$files/rgba8.png.csv" >tree.csv
for form in '' z J j; do
    tar "c${form}f" packed tree
    reads five packed tree.csv
done
reads five tree tree.csv
reads five tree/b <(tail -2 tree.csv)
reads five packed/tree/b <(tail -2 tree.csv)
reads five 'tree[1:3]' <(tail -2 tree.csv)
mkdir parts && cp -r tree parts/train && cp -r tree/a parts/test
reads five parts tree.csv
grep -q 'from its folder train' quiet.out || fail "does not say that it takes the folder train"
reads five parts/test <(head -1 tree.csv)
finish
