# The command line of trainers: what is wrong is said in one line that names the flag; help and version of every command.
. "$(dirname "$0")/kit.sh"
bad() { local pattern=$1; shift; complains 2 "^tiny: $pattern.* \(see tiny --help\)$" "$tiny" "$@"; }
train() { local pattern=$1; shift; bad "$pattern" --data ten.idx --out run "$@"; [ ! -e run ] || fail "$*: made a folder"; }

for flag in steps log-every pictures-every; do
    for value in x -1 0 1.5 '' ' 3' 0x3 1e3; do train "--$flag: '$value' is not a whole number from 1 up" --$flag "$value"; done
    train "--$flag: '9999999999999999999999' is too large" --$flag 9999999999999999999999
done
for value in x -1 0 1.5 '' ' 3' 0x3 1e3 99999999999999999 5m 10mins min 0.5s 1e2s 0h -1h '3 min' 1e9h 10S; do
    train "--checkpoint-every: '$value' is not a number of steps, or a time, as 500, 90s, 10min or 2h" --checkpoint-every "$value"
done
for value in x brightnes brightness:mean :max 'V:min:max'; do
    train "--keep-best: '$value' is no metric of tiny, perhaps with :min or :max; there are 'V', .*'brightness'" --keep-best "$value"
done
for value in x -1 18446744073709551616 99999999999999999999999999; do train "--seed: '$value' is not a whole number from 0 to 18446744073709551615" --seed $value; done
for value in 0 257 100000 -3 x 1.5; do train "--threads: '$value' is not a whole number from 1 to 256" --threads $value; done
for value in abc nan inf 0x10 1e999 '' '1 2' 1,5; do train "--rate: '$value' is not a number" --rate "$value"; done
for value in maybe 2 '' True; do train "--both: '$value' is not true or false" --both "$value"; done
train "--rate: a value is missing" --rate
train "--steps: a value is missing" --steps
train "--width: this setting is fixed when the model is compiled; compile it again: ganc tiny.gan -D width=3 -o tiny" --width 3
train "--resume: takes no value" --resume=1
train "--help: takes no value" --help=1
train "--version: takes no value" --version=1
train "unknown option '--nosuch'" --nosuch
train "unknown option '--nosuch'" --nosuch=3
train "unknown option '--step'; did you mean --steps\?" --step 3
train "unknown option '-x'; options are written --NAME" -x
train "--set: 'rate' is not NAME=VALUE" --set rate
train "--set: tiny has no setting 'nosuch'" --set nosuch=1
train "--rate: 'x' is not a number" --set rate=x
train "--out: is empty" --out=
train "'extra' was not expected: train takes options only" extra
train "'extra' was not expected" -- extra
train "'--rate' was not expected" -- --rate
train "'-' was not expected" -
bad "unknown command 'nosuch'" nosuch
bad "unknown command 'trian'; did you mean train\?" trian
bad "unknown command 'Sample'; did you mean sample\?" Sample
bad "unknown command ''" ''
long=$(head -c 5000 /dev/zero | tr '\0' a)
complains 2 "unknown option '--aaaa" "$tiny" --data ten.idx "--$long"
complains 2 "unknown command 'aaaa" "$tiny" "$long"
complains 2 "unknown option '--a.b'" "$tiny" --data ten.idx $'--a\nb'

# every command has help and version, on stdout, without any of its files
for command in '' train sample info bench parzen; do
    for flag in --help -h --version; do
        "$tiny" $command $flag >out 2>err || fail "$command $flag: exit status $?"
        [ -s out ] && [ ! -s err ] || fail "$command $flag: not on stdout: $(head -2 err)"
        [ $flag = --version ] || grep -q -e --version out || fail "$command $flag: says nothing of --version"
        complains 1 "cannot write to standard output: No space left" bash -c '"$@" >/dev/full' _ "$tiny" $command $flag
    done
    [ -z "$command" ] && continue
    bad "unknown option '--nosuch'" $command --nosuch
    bad "'extra' was not expected: $command takes options only" $command extra
    "$tiny" --help | grep -q "^  $command " || fail "--help does not list $command"
done
"$tiny" --help >out
for text in '--rate X  *learning rate .default 0.1.' '--both true|false  *.default true.' 'width  *of both nets .8.'; do
    grep -q -e "$text" out || fail "--help says nothing like: $text"
done
"$tiny" --help | head -1 >/dev/null || fail "--help into head"

# what is right
quietly "$tiny" --data=ten.idx --out=ok --steps=2 --seed 18446744073709551615 --threads 256 --rate 1e-3 --both false --log-every 1 --
grep -q '"seed": "18446744073709551615"' ok/run.json || fail "run.json lost the seed"
grep -q '"both": false' ok/run.json || fail "run.json lost a setting"
finish
