#!/bin/sh
# figure6.sh: samples of a generator without batch normalisation, of constant width: Wasserstein and standard GAN.
#   sh examples/wgan_figures/figure6.sh --data PATH [-D SETTING=VALUE | OPTION OF THE TRAINER]...
exec sh "$(dirname "$0")/figure.sh" 6 "wgan_nobn gan_nobn" "$@"
