#!/bin/sh
# figure5.sh: samples of DCGAN's generator: Wasserstein and standard GAN.
#   sh examples/wgan_figures/figure5.sh --data PATH [-D SETTING=VALUE | OPTION OF THE TRAINER]...
exec sh "$(dirname "$0")/figure.sh" 5 "wgan_dcgan gan_dcgan" "$@"
