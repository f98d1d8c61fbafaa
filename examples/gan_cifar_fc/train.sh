#!/bin/sh
# train.sh: gan_cifar_fc.gan on PATH, the folder with CIFAR-10's binary files.
#   sh examples/gan_cifar_fc/train.sh --data PATH [-D SETTING=VALUE | OPTION OF THE TRAINER]...
set -eu
here=$(dirname "$0")
exec sh "$here/../train.sh" gan_cifar_fc "$here/gan_cifar_fc.gan" "$@"
