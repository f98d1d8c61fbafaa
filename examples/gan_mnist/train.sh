#!/bin/sh
# train.sh: from a fresh checkout to a generator of digits: installs what is missing, builds ganc, compiles gan_mnist.gan and
# trains it for about two minutes on the MNIST files of examples/data.
set -eu
cd "$(dirname "$0")/../.."
sh cmake/packages.sh
cmake --preset release >/dev/null
cmake --build --preset release --target ganc ganrt
build/ganc examples/gan_mnist/gan_mnist.gan -o build/gan_mnist
out=runs/gan_mnist
if [ -e "$out/checkpoints" ]; then
    set -- --resume "$@"
else
    case " $*" in *" --seed"*) ;; *) set -- --seed 2 "$@" ;; esac # with 1 the discriminator runs away: README.md
fi
exec build/gan_mnist --data examples/data/mnist --out "$out" --steps 6000 "$@"
