/* made_up.h: minibatches and inputs for checks that need no data: numbers within the declared range; of a class label, one class after the other. */
#ifndef GANC_MADE_UP_H
#define GANC_MADE_UP_H

#include "graph/program.h"

/* n numbers, whole examples of d, by a linear congruential generator from `word`; in single precision unless f64. The runtime makes up the same, from
 * word 1, where a program draws data that is not open (runtime/batch.c). */
void made_up_examples(const struct data *d, bool f64, uint32_t word, int64_t n, double *to);

#endif
