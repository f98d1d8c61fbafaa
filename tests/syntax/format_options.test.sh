# ganc fmt: --check and --diff write nothing and say by their status whether anything would change; -i writes; a file with errors stays as it is.
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit 1
echo 'setting a  =  1' >bad.gan
echo 'setting a = 1' >good.gan
echo 'setting a =' >broken.gan
cp bad.gan same
is() { # STATUS OUTPUT ARGUMENT...
    local want=$1 output=$2
    shift 2
    "$GANC" fmt "$@" >out 2>err
    [ $? = "$want" ] && [ "$(cat out)" = "$output" ] || fail "fmt $*: $(head -5 out err)"
}
is 0 'setting a = 1' bad.gan
is 1 bad.gan --check bad.gan good.gan
is 0 '' --check good.gan
is 0 '' --diff good.gan
diff='--- bad.gan
+++ bad.gan, formatted
@@ -1 +1 @@
-setting a  =  1
+setting a = 1'
is 1 "$diff" --diff good.gan bad.gan
is 1 "bad.gan
$diff" --diff --check bad.gan
cmp bad.gan same || fail "--check or --diff wrote"
is 1 '' -i broken.gan
is 1 '' --diff broken.gan
[ "$(cat broken.gan)" = 'setting a =' ] || fail "a file with errors was changed"
is 0 '' -i bad.gan good.gan
cmp bad.gan good.gan || fail "-i did not write"
for option in --check --diff; do says 2 'does not go with --check or --diff' "$GANC" fmt -i $option good.gan; done
finish
