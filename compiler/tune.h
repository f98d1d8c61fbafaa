/* tune.h: `--tune`: the grids of tiles that products are cut into, chosen by measuring. */
#ifndef GANC_TUNE_H
#define GANC_TUNE_H

#include "driver.h"

/* c->kernels, with the fastest grid on this machine for each product of floats, of its KERNEL_GRIDS cheapest by the schedule's estimate; a table to
 * standard error. false: an error was reported. */
bool tune_kernels(struct compilation *c);

#endif
