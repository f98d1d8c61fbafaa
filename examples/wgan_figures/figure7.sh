#!/bin/sh
# figure7.sh: samples of a perceptron as generator: Wasserstein and standard GAN.
#   sh examples/wgan_figures/figure7.sh --data PATH [-D SETTING=VALUE | OPTION OF THE TRAINER]...
exec sh "$(dirname "$0")/figure.sh" 7 "wgan_mlp gan_mlp" "$@"
