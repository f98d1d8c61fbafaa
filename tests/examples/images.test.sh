# The models of images in examples/ (models.txt, a line a model and choice of settings): no warning, as many parameters as the line says, and,
# made small, compiled code and evaluator agree in double precision, and without settings in single. No model of images is left out of the list.
. "$(dirname "$0")/../lib.sh"
count=0
while IFS='|' read -r model settings counts small _; do
    case $model in '#'*) continue ;; esac
    read -r model <<<"$model"
    read -r settings <<<"$settings"
    file=$top/examples/$model.gan name="$model:$settings" flags=() reduced=()
    for setting in $settings; do flags+=(-D "$setting") reduced+=(-D "$setting"); done
    for setting in $small; do reduced+=(-D "$setting"); done
    "$GANC" check -Werror "${flags[@]}" "$file" >"$work/out" 2>&1 || fail "$name: $(cat "$work/out")"
    found=$("$GANC" info "${flags[@]}" "$file" | sed -nE 's/^net ([^(]*)\(.*: ([0-9,]+) parameters.*/\1 \2/p' | tr -d , | xargs)
    [ "$found" = "$(echo $counts)" ] || fail "$name: $found, not $counts"
    sed 's/batch=[0-9]*/batch=3/' "$file" >"$work/small.gan"
    for dtype in f64 $([ "$settings" ] || echo f32); do
        "$GANC" compare --dtype $dtype "${reduced[@]}" "$work/small.gan" >"$work/out" 2>&1 || fail "$name $dtype: $(cat "$work/out")"
        zero=
        [ "$model" = wgan_gp_cifar/wgan_gp_cifar ] && zero='D[.]dense1[.]b|G[.](dense1|deconv[12])[.]b' # the critic's last bias; before batchnorm
        rounding "$work/out" "$zero"
    done
    count=$((count + 1))
done <"$here/models.txt"
[ $count -ge 26 ] || fail "only $count lines"
while IFS= read -r file; do # what has convolutions or contrast normalisation is a model of images
    grep -q "^$(realpath --relative-to="$top/examples" "${file%.gan}") " "$here/models.txt" || fail "$file: not in models.txt"
done < <(grep -lE 'conv\(|dcgan_|^import gcn' "$top"/examples/*/*.gan)
finish
