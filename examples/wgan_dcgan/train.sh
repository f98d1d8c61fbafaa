#!/bin/sh
# train.sh: wgan_dcgan.gan on the images of PATH: LSUN's bedrooms, or any folder or archive of photographs.
#   sh examples/wgan_dcgan/train.sh --data PATH [-D SETTING=VALUE | OPTION OF THE TRAINER]...
set -eu
here=$(dirname "$0")
exec sh "$here/../train.sh" wgan_dcgan "$here/wgan_dcgan.gan" "$@"
