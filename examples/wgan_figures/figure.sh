#!/bin/sh
# figure.sh: one of the figures of Arjovsky et al. 2017 in small, at 32x32 with 32 channels: plays the games named, or goes on with them, and
# puts the curve of each and its samples at three steps into runs/wgan_figures/figureNUMBER. Runs that several figures show are made once.
#   sh figure.sh NUMBER "GAME..." --data PATH [-D SETTING=VALUE | OPTION OF THE TRAINER]...
# GAME is wgan_NETS or gan_NETS, the standard GAN; NETS: dcgan, nobn, mlp (a perceptron as generator), mlps (and as critic)
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
number=$1 games=$2
shift 2
runs=$top/runs/wgan_figures
out=$runs/figure$number
mkdir -p "$out"

play() { # GAME OPTION...: log-every 1, since the median below is of 101 generator steps
    game=$1 nets=${1#*gan_}
    shift
    case $nets in
    dcgan | mlp) model=wgan_$nets ;;
    nobn) model=wgan_nobn; set -- -D std=0.1 "$@" ;; # with 0.02 and 32 channels nearly nothing of the noise comes through
    mlps) model=wgan_mlp; set -- -D mlp_critic=true "$@" ;;
    *) echo "figure.sh: no such nets: $nets" >&2; exit 2 ;;
    esac
    case $game in
    gan_*) set -- -D standard=true "$@" ;;
    wgan_mlps) set -- --rate 5e-4 "$@" ;; # "a substantially high learning rate", which the paper does not give
    esac
    sh "$top/examples/train.sh" "wgan_figures/$game" "$top/examples/$model/$model.gan" -D size=32 -D base=32 --steps 5000 --log-every 1 "$@"
}

show() { # GAME: its curve, and the first, the middle and the last of its pictures
    "$top/build/trainers/wgan_figures/$1" plot "$runs/$1" --metric estimate --median 101 --title "$1" -o "$out/$1.png"
    pictures=$(cd "$runs/$1/pictures" && ls samples-*.png)
    count=$(echo "$pictures" | wc -l)
    for at in 1 $(((count + 1) / 2)) "$count"; do
        picture=$(echo "$pictures" | sed -n "${at}p")
        cp "$runs/$1/pictures/$picture" "$out/$1-$picture"
    done
}

for each in $games; do play "$each" "$@"; done
for each in $games; do show "$each"; done
echo "figure $number: $out"
