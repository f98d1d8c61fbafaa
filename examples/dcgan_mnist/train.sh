#!/bin/sh
# train.sh: dcgan_mnist.gan on the MNIST files of examples/data, 3000 steps: 6 passes over the 60,000 images.
#   sh examples/dcgan_mnist/train.sh [-D SETTING=VALUE | OPTION OF THE TRAINER]...
set -eu
here=$(dirname "$0")
exec sh "$here/../train.sh" dcgan_mnist "$here/dcgan_mnist.gan" --data "$here/../data/mnist" --steps 3000 "$@"
