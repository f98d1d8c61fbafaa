# Files that were made to do harm: headers that lie, bombs, names of every kind, what is no file, what may not be read. Each is one line that names the
# file and the cause, or an image that is counted and replaced; in seconds, and within 2 GB of addresses.
. "$(dirname "$0")/kit.sh"
trainer seen seen -D h=5 -D w=7
forge() { perl "$here/forge.pl" "$@"; }
# within COMMAND...: in bounded memory. A trainer with sanitizers needs more addresses than there is memory, and does without
printf '#!/bin/sh\nulimit -v 2000000\nexec "$@"\n' >within && chmod +x within
./within ./seen --help >/dev/null 2>&1 || printf '#!/bin/sh\nexec "$@"\n' >within
bad() { # PATH PATTERN
    rm -rf run
    complains "$2" ./within ./seen --data "$1" --out run
    [ ! -e run/checkpoints ] || fail "$1: trained"
}
good() { rm -rf good && mkdir good && cp "$files"/{rgb8,rgba8,rgb16,greya8}.png good; } # four images, to which something is added
trains() { # N PATH: N of its images cannot be decoded, and the others are trained on
    rm -rf run
    quietly ./within ./seen --data "$2" --out run --steps 3 --bad-share 0.9
    [ "$(grep -c 'warning:.*; another takes its place$' quiet.err)" = "$1" ] || fail "$2: not $1 replaced: $(head -5 quiet.err)"
}
replaced() { # PATTERN: one of the folder's images cannot be decoded, which is said so
    trains 1 good
    grep -qE -- "warning: .*$1.*; another takes its place$" quiet.err || fail "does not say /$1/: $(head -3 quiet.err)"
}
made() { # N NAME FROM...: an archive of N images
    trains 0 "$2"
    grep -q "images: $1 items in " quiet.err || fail "$2: not $1 images: $(grep items quiet.err)"
}

# headers that lie, of every kind of image; nothing is taken for what they say
good && forge png 5 7 60000 60000 >good/lie.png && replaced "'lie.png': says that it has 60000 x 60000 pixels; what can be read has at most 67108864"
good && forge png 5 7 8000 8000 >good/lie.png && replaced "'lie.png' is a damaged PNG"
good && forge says "$files/colour.jpg" 60000 60000 >good/lie.jpg && replaced "'lie.jpg': says that it has 60000 x 60000 pixels"
good && forge says "$files/colour.jpg" 8000 8000 >good/lie.jpg && replaced "'lie.jpg' is a damaged JPEG"
good && forge says "$files/lossy.webp" 16000 16000 >good/lie.webp && replaced "'lie.webp': says that it has 16000 x 16000 pixels"
good && forge says "$files/lossy.webp" 8000 8000 >good/lie.webp && replaced "'lie.webp' is a damaged WebP, or cut short"
good && forge says "$files/lossless.webp" 16000 16000 >good/lie.webp && replaced "'lie.webp': says that it has 16000 x 16000 pixels"
good && forge says "$files/lossless.webp" 8000 8000 >good/lie.webp && replaced "'lie.webp' is a damaged WebP, or cut short"

# images that are what they say: the smallest, the largest that can be read, one row more, and one far larger (1.7 MB that unpack to 400)
good && forge png 1 1 >good/one.png && forge png 1 8192 >good/thin.png && forge png 8192 8192 >good/large.png
rm -rf run && quietly ./within ./seen --data good --out run --steps 3
grep -q warning quiet.err && fail "what can be read is replaced: $(grep warning quiet.err)"
good && forge png 8193 8192 >good/larger.png && replaced "'larger.png': says that it has 8193 x 8192 pixels"
good && forge png 20000 20000 >good/huge.png && replaced "'huge.png': says that it has 20000 x 20000 pixels"
forge says "$files/colour.jpg" 65500 1000 >tall.jpg && good && cp tall.jpg good && replaced "'tall.jpg' is a damaged JPEG"

forge scans "$files/progressive.jpg" 80 >scans.jpg && good && cp scans.jpg good && trains 0 good
forge scans "$files/progressive.jpg" 95 >scans.jpg && good && cp scans.jpg good && replaced "'scans.jpg' is a JPEG of more than 100 scans, of 12 x 20 pixels"

# what is no file under the name of an image or another, and what is one but may not be read
good && mkfifo good/pipe.png && replaced "'good/pipe.png' is not a regular file"
good && ln -s /dev/zero good/zero.png && replaced "'good/zero.png' is not a regular file"
good && perl -MSocket -e 'socket(S, PF_UNIX, SOCK_STREAM, 0) && bind(S, sockaddr_un("good/socket.png")) or die $!' && replaced "'good/socket.png' is not a regular file"
mv good/socket.png . && bad socket.png "'socket.png' is not a regular file"
good && ln -s /proc/self/mem good/memory.png && replaced "'memory.png' is empty"
good && ln -s /dev/zero good/zero && mkfifo good/pipe && ln -s /proc/self/mem good/memory && mkdir good/folder.png && trains 0 good
ln -s /proc/self/mem memory && bad memory "cannot read 'memory': Input/output error"
ln -s /dev/zero zero.npy && bad zero.npy "'zero.npy' is not a regular file"
mkfifo pipe.tar && bad pipe.tar "'pipe.tar' is not a regular file"
if setpriv --bounding-set -all --inh-caps -all true 2>/dev/null; then # as root, who may read everything otherwise
    without() { setpriv --bounding-set -all --inh-caps -all "$@"; }
else
    without() { "$@"; }
fi
printf '#!/bin/bash\n%s\nwithout "$@"\n' "$(declare -f without)" >powerless && chmod +x powerless
good && chmod 0 good/rgb8.png && quietly ./powerless ./seen --data good --out powerless_run --steps 1 --bad-share 0.9
grep -q "warning: cannot open 'good/rgb8.png': Permission denied; another takes its place" quiet.err || fail "an image that may not be read: $(head -2 quiet.err)"
mkdir closed good/closed && chmod 0 closed good/closed && complains "cannot read the folder 'closed': Permission denied" ./powerless ./seen --data closed --out run
complains "cannot read the folder 'good/closed': Permission denied" ./powerless ./seen --data good --out run
forge npy '(2, 5, 7, 3)' >closed.npy && chmod 0 closed.npy && complains "cannot open 'closed.npy': Permission denied" ./powerless ./seen --data closed.npy --out run
chmod 700 closed good/closed

# names: of 255 bytes, with new lines, control characters, quotes, no UTF-8; in messages they are one line of text
good && for name in $'new\nline' $'\xff\xfe' $'\e[31m' $'\u009b31m' "quo'te\"" ' ' '%s%n' '-x' '[0:2]' "$(printf 'x%.0s' {1..251})"; do cp "$files/rgb8.png" "good/$name.png"; done
made 14 good
forge png 5 7 60000 60000 >lie.png
good && cp lie.png $'good/new\nline.png' && replaced "'new.line.png': says"
good && cp lie.png $'good/\xff\xfe.png' && replaced "'\\?\\?.png': says"
good && cp lie.png $'good/\e[31m\u009b.png' && replaced "'\\?\\[31m\\?\\?.png': says"
good && cp lie.png "good/$(printf 'x%.0s' {1..251}).png" && replaced "'x{251}.png': says that it has 60000"
good && mkdir $'good/a\n\xff' && mv good/rgb8.png $'good/a\n\xff' && mkdir good/b && mv good/rgb16.png good/b && rm good/*.png && quietly ./seen data --data good
grep -q '^  classes  2: a?? 1, b 1$' quiet.out || fail "names of classes: $(grep -A1 classes quiet.out)"
deep=$(printf 'd%.0s' {1..200}) && mkdir -p "deep/$deep/$deep/$deep" && echo x >"deep/$deep/$deep/$deep/x.png" && cp "$files"/rgb{8,16}.png deep
rm -rf run && quietly ./seen --data deep --out run --steps 1 --bad-share 0.9
grep -qE "warning: 'ddd.*\.\.\..*ddd/x.png' is no PNG, JPEG or WebP: it begins with 78 0a; another takes its place$" quiet.err || fail "a long name hides the cause: $(tail -1 quiet.err)"

# a folder that holds no image, but what can be given
tar cf set.tar -C "$files" rgb8.png rgba8.png
mkdir holds && cp set.tar holds/faces.tar && bad holds "'holds' holds no image .PNG, JPEG, WebP., but a file that can be given itself: 'holds/faces.tar' .zip or tar."
echo read >holds/README && cp "$files/bytes.npy" holds && bad holds "a file that can be given itself: 'holds/bytes.npy' .NumPy."
rm holds/*.* && bad holds "'holds' holds no image .PNG, JPEG, WebP. among its 1 file$"

# archives: names that climb, nested ones, encrypted ones, two of one name, a million empty images
cp "$files/rgb8.png" . && forge zip ../../climbs.png rgb8.png /root.png rgb8.png a/../../b.png rgb8.png 'c\d.png' rgb8.png >climbs.zip && made 4 climbs.zip
[ ! -e ../../climbs.png ] && [ ! -e /root.png ] || fail "an archive has written outside"
forge zip inner/climbs.zip climbs.zip inner/set.tar set.tar >nested.zip && bad nested.zip "'nested.zip' holds no image .PNG, JPEG, WebP. among its 2 files"
gzip -c set.tar | gzip -c >twice.gz && bad twice.gz "'twice.gz' is of no kind that can be read .*: it begins with 1f 8b"
forge zip locked secret.png rgb8.png >locked.zip && bad locked.zip "'locked.zip' is encrypted: its entry 'secret.png' cannot be read"
forge zip a.png rgb8.png a.png lie.png b.png rgb8.png >doubles.zip && trains 1 doubles.zip
long=$(printf 'n%.0s' {1..5000}) && forge zip "$long.png" rgb8.png >name.zip && bad name.zip "'name.zip' is damaged: entry 0 has a name of 5004 bytes"
forge entries 1000000 | gzip -1 >entries.tgz && bad entries.tgz "'entries.tgz': 1000000 of 1000000 images cannot be decoded, .*'000000001.png' is empty"
for n in 1 22 40; do head -c "$n" climbs.zip >cut.zip && bad cut.zip "'cut.zip' is (damaged|of no kind)"; done
forge change climbs.zip 504b0102 504b0999 >central.zip && bad central.zip "'central.zip' is (damaged|empty)|cannot be decoded"

# bombs: of what is kept, and of what would be left out
truncate -s 500M zeros.png && cp --sparse=always zeros.png zeros.txt
tar cf - zeros.png | gzip -1 >kept.tgz && tar cf - zeros.txt | gzip -1 >left.tgz && gzip -c left.tgz >left.gz.gz
forge zip zeros.png zeros.png >kept.zip && forge zip zeros.txt zeros.txt >left.zip && rm zeros.png zeros.txt
bad kept.tgz "'kept.tgz' unpacks to more than 200 times its size: it is not what it seems"
bad left.tgz "'left.tgz' unpacks to more than 200 times its size: it is not what it seems"
bad left.gz.gz "'left.gz.gz' is of no kind that can be read"
bad kept.zip "'kept.zip': 1 of 1 images cannot be decoded, .*: 'zeros.png': 268500992 bytes are too many for an image"
bad left.zip "'left.zip' holds no image .PNG, JPEG, WebP. among its 1 file$"
head -c 100000000 /dev/zero | gzip -1 >zeros.npy.gz && bad zeros.npy.gz "'zeros.npy.gz' is of no kind that can be read"
{ forge npy '(60000000, 5, 1, 1)' | head -c 128; head -c 310000000 /dev/zero; } | gzip -1 >more.npy.gz
complains "'more.npy.gz' needs 300.0 MB of memory, and it may have 100.0 .--data-memory" ./within ./seen --data more.npy.gz --out run --data-memory 100000000
bad more.npy.gz "'more.npy.gz' is damaged: its header says 60000000 items, 300000000 bytes, and more follow"

# no room for what is unpacked: on the disk, in memory
mkdir many && for i in {1..20}; do head -c 200000 /dev/urandom >many/$i.png; done && tar cf many.tar many
printf '#!/bin/sh\nulimit -f 2000\nexec "$@"\n' >small && chmod +x small
complains "cannot keep unpacked data in $PWD: File too large" env TMPDIR="$PWD" ./small ./seen --data many.tar --out run --data-memory 1000000
complains "cannot keep unpacked data in memory: File too large" ./small ./seen --data many.tar --out run
complains "cannot make a file in '/no/such' for unpacked data: No such file" env TMPDIR=/no/such ./seen --data many.tar --out run --data-memory 1000000

# arrays and databases whose lengths lie beyond the file
forge npy '(1000000, 5, 7, 3)' >far.npy && bad far.npy "'far.npy' is cut short: its header says 1000000 items, 105000000 bytes, and the file has 144 bytes"
forge npy '(1000000000000, 1)' >far.npy && bad far.npy "'far.npy' is cut short: its header says 1000000000000 items of 1 bytes, and the file has 144 bytes"
forge npy '(99999999999999999999999, 2)' >far.npy && bad far.npy "'far.npy' holds what cannot be read: its header says .*99999999999999999999999, 2., \}$"
forge npy '(1000000, 5, 7, 3)' >far.npy && forge zip x.npy far.npy >far.npz && bad far.npz "'far.npz/x.npy' is cut short: its header says 1000000 items"
forge change "$files/plain.mat" 060000000400000003000000 060000000400000003000040 >far.mat && bad far.mat "'far.mat' (is a damaged MATLAB file|needs [0-9.]+ MB of memory)"
forge change "$files/plain.mat" 0e000000a0010000 0e000000ffffff7f >far.mat && bad far.mat "'far.mat' is (a damaged MATLAB file|cut short)"
forge change "$files/plain.mat" 0200000068010000 02000000ffffff7f >far.mat && bad far.mat "'far.mat' is a damaged MATLAB file"
for n in 200 500 647; do head -c $n "$files/plain.mat" >far.mat && bad far.mat "'far.mat' is (a damaged MATLAB file|cut short)"; done
forge change "$files/svhn.mat" 8758ae9b 8758ae9c >far.mat && bad far.mat "'far.mat' is a damaged MATLAB file: incorrect data check"
head -c 400 "$files/svhn.mat" >far.mat && bad far.mat "'far.mat' is (a damaged MATLAB file|cut short)"
head -c 12288 "$files/lsun.mdb" >far.mdb && bad far.mdb "'far.mdb' is a damaged LMDB file: page [0-9]+ (names a page|lies) behind the file's end"
forge change "$files/lsun.mdb" 02000000000000000400000000000000 ff00000000000000 >far.mdb && bad far.mdb "'far.mdb' is a damaged LMDB file: page 255 lies behind the file's end"
forge change "$files/lsun.mdb" 1600b80eca0e680f "1608b80e$(printf 'ca0e%.0s' {1..1024})" >far.mdb && bad far.mdb "'far.mdb' is a damaged LMDB file: page 2 has nodes that overlap"
head -c 3000 "$files/fuel.hdf5" >far.h5 && bad far.h5 "'far.h5' is a damaged HDF5 file, or cut short"
for f in linked external virtual; do # what they refer to is a pipe, from which nothing ever comes
    cp "$files/$f.h5" . && bad $f.h5 "'$f.h5': the array X (cannot be opened; what stands in other files is not read|stands in other files, which are not read)"
    [ -p elsewhere ] || { mkfifo elsewhere && bad $f.h5 "'$f.h5': the array X (cannot|stands)"; rm elsewhere; }
done
finish
