/* compare.h: `ganc compare MODEL`: every graph of a model, as compiled, against the reference evaluator. */
#ifndef GANC_COMPARE_H
#define GANC_COMPARE_H

#include "driver.h"

/* Compiles c->path whole, and once more only up to its derivatives (before any pass); runs each graph of the first as machine code and
 * of the second in the evaluator, from the same tensors, random words and minibatches; prints the worst relative error (2-norm of the
 * difference over that of the value) of each graph's outputs and effects, and on lines of their own the values of which rounding leaves no digit.
 * False where one exceeds `bound` by more than rounding explains (compare.c measures that), or something failed. */
bool compare_model(struct compilation *c, double bound);

/* The same with the kernels between them, run by an interpreter in double (schedule/interpret.h): they are compared with the evaluator, and the machine code
 * with them. Of a text of kernels, which has no graphs left, only the second. */
bool compare_kernels(struct compilation *c, double bound);

#endif
