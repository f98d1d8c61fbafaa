# Folders, archives and images that are not what they should be: one line that names the file, or a replacement that is counted; never a crash, never
# an endless walk. (Cut and changed bytes of every format: unit/tools_hostile.c.)
. "$(dirname "$0")/kit.sh"
trainer seen seen -D h=5 -D w=7
trainer labelled labelled -D h=5 -D w=7
trainer few labelled -D h=5 -D w=7 -D classes=1
bad() { rm -rf run; complains "$2" "./${3:-seen}" --data "$1" --out run; [ ! -e run/checkpoints ] || fail "$1: trained"; rm -rf run; }
good() { rm -rf good && mkdir good && cp "$files"/{rgb8,rgba8,rgb16,greya8}.png good; } # four images, to which something is added
counts() { # N PATH: of its images N cannot be decoded, and the others are trained on
    rm -rf run
    quietly ./seen --data "$2" --out run --steps 3 --bad-share 0.9
    quietly ./seen data --data "$2" --bad-share 0.9
    if [ "$1" = 0 ]; then ! grep -q damaged quiet.out; else grep -q "^  damaged  $1 cannot" quiet.out; fi || fail "$2: not $1 damaged: $(grep damaged quiet.out)"
}

# folders
mkdir empty && bad empty "'empty' is empty: it holds no image"
mkdir -p deep/er/still && bad deep "'deep' is empty"
mkdir texts && echo a >texts/a && echo b >texts/b.txt && bad texts "'texts' holds no image .PNG, JPEG, WebP. among its 2 files"
good && ln -s . good/loop && ln -s ../good good/parent && mkdir good/a && ln -s ../a good/a/again && counts 0 good
good && ln -s self.png good/self.png && ln -s nowhere good/dangling.jpg && counts 2 good
good && mkfifo good/pipe.png && counts 1 good
good && mkdir good/folder.png && cp "$files/rgb8.png" good/folder.png && counts 0 good
good && : >good/nothing.png && counts 1 good
good && mkdir good/{a,b,c,d,e,f,g,h,i,j} # each holds links to all: paths without end
for d in a b c d e f g h i j; do cp "$files/rgb8.png" good/$d/1.png; for other in a b c d e f g h i j; do ln -s ../$other good/$d/$other; done; done
counts 0 good
grep -q '^  examples 14$' quiet.out || fail "links to folders beside them: $(grep examples quiet.out)"
mkdir real && cp "$files"/rgb8.png real && mkdir linked && ln -s ../real linked/one && ln -s ../good linked/two && counts 0 linked
grep -q '^  examples 15$' quiet.out || fail "links to folders elsewhere: $(grep examples quiet.out)"
long=good; good
for i in $(seq 80); do long=$long/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done
mkdir -p "$long" && cp "$files/rgb8.png" "$long" && counts 0 good
rm -rf good
if [ "$(id -u)" != 0 ]; then
    good && chmod 0 good/rgb8.png && counts 1 good
    mkdir closed && chmod 0 closed && bad closed "cannot read the folder 'closed': Permission denied"
fi
bad "$files/rgb8.png" "rgb8.png' is one image .PNG.; a data set is a folder of images, or an archive"
bad nosuch "cannot open 'nosuch': No such file"

# images
good && head -c 100 "$files/colour.jpg" >good/cut.jpg && head -c 60 "$files/rgb8.png" >good/cut.png && head -c 40 "$files/lossy.webp" >good/cut.webp && counts 3 good
good && cp "$files/colour.jpg" good/wrong.png && cp "$files/rgb8.png" good/wrong.jpg && cp "$files/grey8.png" good/wrong.txt && counts 0 good
good && cp "$files/three.zip" good/zip.png && echo text >good/text.jpg && counts 2 good
good && truncate -s 300M good/large.png && counts 1 good
one_pixel='\x89\x50\x4e\x47\x0d\x0a\x1a\x0a\x00\x00\x00\x0d\x49\x48\x44\x52\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00\x3a\x7e\x9b\x55\x00\x00\x00\x0a\x49\x44\x41\x54\x78\x9c\x63\x68\x00\x00\x00\x82\x00\x81\x77\xcd\x72\xb6\x00\x00\x00\x00\x49\x45\x4e\x44\xae\x42\x60\x82'
mkdir pixel && printf "$one_pixel" >pixel/1.png && printf "$one_pixel" >pixel/2.png
quietly ./seen data --data pixel --out pixel.csv
[ "$(tr , '\n' <pixel.csv | sort -u | tr '\n' ' ')" = '128 ' ] || fail "one grey pixel does not become an image of it: $(head -c 100 pixel.csv)"
mkdir all && for i in 1 2 3; do echo "no image" >all/$i.png; done && bad all "'all': [123] of 3 images cannot be decoded"
complains "'all': 3 of 3 images cannot be decoded" ./seen --data all --out run --bad-share 1

# archives
tar cf x.tar -C "$files" rgb8.png rgba8.png && gzip -k x.tar
for n in 300 700 1500; do head -c $n x.tar >cut.tar; bad cut.tar "'(cut.tar|rgb.*)' (is damaged|is of no kind|holds no|is a damaged)|cannot be decoded"; done
for n in 3 10 50 200 400; do head -c $n x.tar.gz >cut.gz; bad cut.gz "'cut.gz' is (damaged|cut short|of no kind)"; done
head -c 200 "$files/three.zip" >cut.zip && bad cut.zip "'(cut.zip|set.*)' is (damaged|a damaged)|cannot be decoded"
mkdir none && echo text >none/text && tar cf none.tar none && bad none.tar "'none.tar' holds no image .PNG, JPEG, WebP. among its 1 file$"
tar cf nothing.tar -T /dev/null && bad nothing.tar "'nothing.tar' (is of no kind|is empty)"
bad x.tar/nosuch "'x.tar' holds no image below 'nosuch'"
bad x.tar/rgb8.png/more "'x.tar' holds no image below 'rgb8.png/more'"
mkdir climb && cp "$files/rgb8.png" climb/a.png
tar cPf climb.tar --transform 's,climb,../../../../tmp/../climb,' climb/a.png
quietly ./seen data --data climb.tar
truncate -s 400M sparse.png && cp sparse.png sparse2.png && tar cSzf bomb.tgz sparse.png sparse2.png && rm sparse.png sparse2.png
bad bomb.tgz "'bomb.tgz' unpacks to more than 200 times its size"

# labels
good && bad good "'good' has no labels: its images do not stand in folders" labelled
mkdir -p classes/a classes/b && cp "$files/rgb8.png" classes/a && cp "$files/rgba8.png" classes/b
bad classes "'classes' has 2 classes, but images.label is onehot.1." few
bad "$files/bytes.npy" "bytes.npy' is one array, and examples and labels are wanted" labelled

# libraries that are not there
mkdir lib && for l in libjpeg.so.62 libarchive.so.13 libwebp.so.7 libhdf5_serial.so.103 libhdf5.so.103; do echo none >lib/$l; done
export LD_LIBRARY_PATH=$work/lib
mkdir jpeg webp && cp "$files/colour.jpg" jpeg/1.jpg && cp "$files/lossy.webp" webp/1.webp
bad jpeg "libjpeg.so.62 cannot be loaded, and JPEG images need it; on Debian and Ubuntu it is in the package libjpeg62-turbo"
bad webp "libwebp.so.7 cannot be loaded, .* package libwebp7"
bad x.tar "'x.tar': libarchive.so.13 cannot be loaded, .* package libarchive13"
bad "$files/fuel.hdf5" "libhdf5_serial.so.103 cannot be loaded, .* package libhdf5-103-1"
good && quietly ./seen --data good --out needs_none --steps 2
finish
