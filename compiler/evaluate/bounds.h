/* bounds.h: how far compiled code may be from the evaluator: for each value of a graph a bound on what rounding does to it.
 *
 * The bound is carried from operation to operation, beside the values that the evaluator found. An elementwise operation moves by as much as its
 * operands can move it (its value at every corner of their bounds), and rounds once; a sum or product of k terms, in whatever order it is added up,
 * moves by what its operands' bounds make of it, and by k roundings of the sum of its terms' sizes (Higham, Accuracy and Stability of Numerical Algorithms,
 * section 3.1). It is a bound to first order: squares of roundings are left out.
 *
 * Where a comparison, floor, sign or argmax may come out either way within the bounds, rounding decides what the graph computes, and no
 * bound holds: the graph is undecided. */
#ifndef GANC_BOUNDS_H
#define GANC_BOUNDS_H

#include "evaluate/evaluate.h"

struct bounds {
    double **of;                  /* by node id, as the node's value lies; NULL where it is dead */
    const struct node *undecided; /* the first node that rounding decides, or that is no finite number of the precision; NULL: none */
};

/* Of the graph that e ran last, in arithmetic of this unit roundoff (2^-24, 2^-53) whose largest number is `largest`; without grad nodes. Memory: mem's. */
struct bounds bounds_make(struct evaluator *e, struct arena *mem, double unit, double largest);

#endif
