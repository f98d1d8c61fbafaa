#!/bin/sh
# figure3.sh: the estimate of the Wasserstein distance as training goes: perceptron and DCGAN as generators, and a game that fails.
#   sh examples/wgan_figures/figure3.sh --data PATH [-D SETTING=VALUE | OPTION OF THE TRAINER]...
exec sh "$(dirname "$0")/figure.sh" 3 "wgan_mlp wgan_dcgan wgan_mlps" "$@"
