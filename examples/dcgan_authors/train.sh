#!/bin/sh
# train.sh: dcgan_authors.gan on the images of PATH: a folder or an archive of photographs.
#   sh examples/dcgan_authors/train.sh --data PATH [-D SETTING=VALUE | OPTION OF THE TRAINER]...
set -eu
here=$(dirname "$0")
exec sh "$here/../train.sh" dcgan_authors "$here/dcgan_authors.gan" "$@"
