#!/bin/sh
# train.sh: dcgan_cifar.gan on the images of PATH: CIFAR-10, or any folder or archive of photographs.
#   sh examples/dcgan_cifar/train.sh --data PATH [-D SETTING=VALUE | OPTION OF THE TRAINER]...
set -eu
here=$(dirname "$0")
exec sh "$here/../train.sh" dcgan_cifar "$here/dcgan_cifar.gan" "$@"
