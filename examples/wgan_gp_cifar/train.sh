#!/bin/sh
# train.sh: wgan_gp_cifar.gan on the images of PATH: CIFAR-10, or any folder or archive of photographs.
#   sh examples/wgan_gp_cifar/train.sh --data PATH [-D SETTING=VALUE | OPTION OF THE TRAINER]...
set -eu
here=$(dirname "$0")
exec sh "$here/../train.sh" wgan_gp_cifar "$here/wgan_gp_cifar.gan" "$@"
