# Data that is not what it should be: each fault is one line that names the file and what is wrong, before training begins.
. "$(dirname "$0")/kit.sh"
values() { printf 'abcdefghijklmnopqrstuvwxyzabcdefghijklmn'; }
bad() { complains 1 "$2" "$tiny" --data "$1" --out run; [ ! -e run ] || fail "$1: made the run's folder"; }

# paths
bad nosuch.idx "cannot open 'nosuch.idx': No such file"
bad 'nosuch.idx[0:5]' "cannot open 'nosuch.idx': No such file"
bad . "'.' holds no image .PNG, JPEG, WebP., but a file that can be given itself: './ten.idx' .IDX."
bad /dev/zero "'/dev/zero' is not a regular file"
bad ten.idx/x "cannot open 'ten.idx/x': Not a directory"
mkfifo pipe && bad pipe "'pipe' is not a regular file"

# cut files, at each length
for n in $(seq 0 55); do
    head -c $n ten.idx >cut.idx
    bad cut.idx "'cut.idx' is (empty|cut short|of no kind)"
done

# headers that lie
head=$(idx 10 2 2 | wc -c)
lie() { local name=$1; shift; { "$@"; values; } >"$name.idx"; gzip -c "$name.idx" >"$name.gz"; }
lie more idx 20 2 2
bad more.idx "'more.idx' is cut short: its header says 20 items, 96 bytes in all, and the file has 56"
bad more.gz "'more.gz' is cut short: its header says 20 items, 96 bytes"
lie fewer idx 5 2 2
bad fewer.idx "'fewer.idx' is damaged: its header says 5 items, 36 bytes in all, and the file has 56"
bad fewer.gz "'fewer.gz' is damaged: its header says 5 items, 36 bytes in all, and more bytes follow"
lie none idx 0 2 2
bad none.idx "'none.idx' is empty: dimension 1"
lie huge printf '\0\0\10\3\377\377\377\377\377\377\377\377\377\377\377\377'
bad huge.idx "'huge.idx' is damaged, or no IDX file: its header claims more than"
bad huge.gz "'huge.gz' is damaged, or no IDX file: its header claims more than"
lie large printf '\0\0\10\3\0\0\100\0\0\0\100\0\0\0\100\0'
bad large.idx "'large.idx' is (damaged|cut short)"
bad large.gz "'large.gz' is (damaged|cut short)"
lie words printf '\0\0\14\3\0\0\0\12\0\0\0\2\0\0\0\2'
bad words.idx "'words.idx' holds 32-bit integers .IDX type 0c.; what can be read is"
lie unknown printf '\0\0\17\3\0\0\0\12\0\0\0\2\0\0\0\2'
bad unknown.idx "'unknown.idx' is of no kind that can be read .*it begins with 00 00 0f 03"
lie deep printf '\0\0\10\377\0\0\0\12\0\0\0\2\0\0\0\2'
bad deep.idx "'deep.idx': its IDX header says 255 dimensions"
lie flat idx 40
bad flat.idx "'flat.idx' has items of shape \[\], but pixels is \[2, 2\]"
lie tall idx 10 4 1
quietly "$tiny" --data tall.idx --out tall --steps 1 # an image of another shape is resized
grep -q 'resized to 2 x 2' "$work/quiet.err" || fail "does not say that it resizes"
lie lines idx 5 2 2 2
bad lines.idx "'lines.idx' has items of shape \[2, 2, 2\], but pixels is \[2, 2\]"
lie wide idx 5 8
bad wide.idx "'wide.idx' has items of shape \[8\], but pixels is \[2, 2\]"
{ printf '\0\0\15\3\0\0\0\4\0\0\0\2\0\0\0\2'; head -c 32 /dev/zero; printf '\177\300\0\0'; head -c 28 /dev/zero; } >nan.idx
bad nan.idx "'nan.idx': item 2 holds a number that is not finite"
printf 'a text' >text
bad text "'text' is of no kind that can be read .CIFAR, IDX, NumPy.*folder of images.: it begins with 61 20 74 65"

# gzip: cut at each length, a byte changed, something after the end
gzip -nc ten.idx >ten.gz
n=$(wc -c <ten.gz)
for ((i = 2; i < n; i++)); do
    head -c $i ten.gz >cut.gz
    bad cut.gz "'cut.gz' is cut short: its gzip data ends too early"
done
{ head -c $((n - 6)) ten.gz; printf XYZ; tail -c 3 ten.gz; } >sum.gz
bad sum.gz "'sum.gz' is damaged: incorrect data check"
{ head -c 30 ten.gz; printf '\377\377'; tail -c +33 ten.gz; } >bits.gz
bad bits.gz "'bits.gz' is damaged: "
{ cat ten.gz; echo junk; } >more.gz
bad more.gz "'more.gz' is damaged: "

# too few, none, twice, unknown
{ idx 3 2 2; printf abcdefghijkl; } >three.idx
bad three.idx "'three.idx': pixels has 3 items, and a minibatch takes 4"
complains 2 "pixels: no data was given; use --data PATH" "$tiny" --out run
complains 2 "pixels is given twice, as 'ten.idx' and 'ten.gz'" "$tiny" --data ten.idx --data pixels=ten.gz --out run
complains 2 "there is no data set 'pixle'; is it pixels\?" "$tiny" --data pixle=ten.idx --out run
complains 2 "there is no data set 'other'" "$tiny" --data 'other=ten.idx[0:5]' --out run
complains 2 "no file is named for pixels" "$tiny" --data pixels= --out run
complains 2 "no file is named for pixels" "$tiny" --data '' --out run
complains 2 "--data: a value is missing" "$tiny" --out run --data
[ ! -e run ] || fail "a wrong command line made a folder"

# ranges
for s in '0:0' '5:5' '5:2' ':0'; do bad "ten.idx[$s]" "'ten.idx\[$s\]': this range of items is empty"; done
for s in '0:11' '10:' '11:20' '11:'; do bad "ten.idx[$s]" "'ten.idx' has 10 items, and \[$s\] is wanted"; done
for s in '-1:5' 'a:b' '5' '' '1:2:3' '0x1:5' ' 0:5' '0:99999999999999999999'; do
    bad "ten.idx[$s]" "'ten.idx\[$s\]': a range of items is written \[FIRST:END\]"
done
bad 'ten.idx[0:3]' "pixels has 3 items, and a minibatch takes 4"
bad 'ten.idx[0:5' "cannot open"

# what is right: plain, gzipped, flattened, several gzip members, a name with a = or a range in it, ranges
cp ten.idx 'a=b' && cp ten.idx 'ten.idx[0:x]'
{ head -c 20 ten.idx | gzip -nc; tail -c +21 ten.idx | gzip -nc; } >two.gz
{ idx 10 4; values; } >row.idx
i=0
for path in ten.idx ten.gz two.gz row.idx a=b 'a=b[:]' pixels=a=b 'ten.idx[0:x]' 'ten.idx[:10]' 'ten.idx[0:]'; do
    i=$((i + 1))
    quietly "$tiny" --data "$path" --out ok$i --steps 3
    cmp -s "$(newest ok1)" "$(newest ok$i)" || fail "$path: other bytes than ten.idx"
done
quietly "$tiny" --data 'ten.idx[2:8]' --out range --steps 3
cmp -s "$(newest ok1)" "$(newest range)" && fail "a range of the items trains as all of them do"
grep -q '"items": 6' range/run.json || fail "run.json does not count 6 items"
finish
