#!/bin/sh
# train.sh: cgan_mnist.gan on the MNIST files of examples/data, 1000 steps: 5 passes over the 50,000 images.
#   sh examples/cgan_mnist/train.sh [-D SETTING=VALUE | OPTION OF THE TRAINER]...
set -eu
here=$(dirname "$0")
exec sh "$here/../train.sh" cgan_mnist "$here/cgan_mnist.gan" --data "$here/../data/mnist" --steps 1000 "$@"
