#!/bin/sh
# train.sh: wgan_nobn.gan on the images of PATH: LSUN's bedrooms, or any folder or archive of photographs.
#   sh examples/wgan_nobn/train.sh --data PATH [-D SETTING=VALUE | OPTION OF THE TRAINER]...
set -eu
here=$(dirname "$0")
exec sh "$here/../train.sh" wgan_nobn "$here/wgan_nobn.gan" "$@"
