#!/bin/sh
# figure4.sh: the estimate of the Jensen-Shannon divergence as the standard GAN's training goes, of the nets of figure 3.
#   sh examples/wgan_figures/figure4.sh --data PATH [-D SETTING=VALUE | OPTION OF THE TRAINER]...
exec sh "$(dirname "$0")/figure.sh" 4 "gan_mlp gan_dcgan gan_mlps" "$@"
