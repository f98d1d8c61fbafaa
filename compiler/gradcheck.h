/* gradcheck.h: `ganc gradcheck`: the gradients that ganc builds against differences and dual numbers of the objectives as they are written.
 *
 * A gradient is taken from two programs, as differentiated (stage grad) and after the passes (stage opt). The objective is that
 * of stage graph, which no rule has touched, evaluated at the first values in double: gradients within it by nested dual numbers, unless that
 * is too much work (then on stage grad; these inner gradients are checked by themselves). What errors are relative to is said in docs/gradcheck.md. */
#ifndef GANC_GRADCHECK_H
#define GANC_GRADCHECK_H

#include "driver.h"
#include "evaluate/evaluate.h"
#include "evaluate/probe.h"

#define GRADCHECK_DIFFERENCES 1e-6 /* the largest errors allowed, relative */
#define GRADCHECK_DUAL 1e-10
#define GRADCHECK_DIRECTIONS 8
#define GRADCHECK_TERMS 1e-5       /* a gradient smaller than this part of its terms is as good as zero: errors are relative to that */

struct gradcheck_options {
    int64_t batch;    /* minibatches are cut down to so many examples */
    int64_t elements; /* checked of each tensor */
};

/* What came of checking some elements, or some directions. */
struct checks {
    int64_t redrawn;          /* too near a kink for differences, and replaced by others */
    int64_t compared;         /* by differences; dual numbers have no need of kinks to be far, nor of small rounding */
    double differences, dual; /* the largest errors */
};

struct checked_tensor {
    uint32_t tensor;
    const double *gradient[2]; /* of stages grad and opt */
    double norm;               /* root of the mean square of gradient[0] */
    double terms;              /* the same of the terms that it is the sum of, by the noise of its rounding */
    struct checks checks;
};

struct checked_inner { /* a gradient inside the objective */
    struct span span;
    double error;
};

/* One maximize or minimize. */
struct checked {
    struct ganc *g;
    const struct program *p;
    struct evaluator *e;
    const struct graph *graph;        /* of stage graph */
    const char *name;
    struct span span;
    uint32_t n, inner_n;
    struct checked_tensor *tensors;
    struct checked_inner *inner;
    struct checks directions;
    struct probe *objective;
    const struct node *y;             /* in the objective's graph */
    bool by_rules;                    /* inner gradients are too large for nested dual numbers */
    double rounding;                  /* of the objective's value, about */
    int64_t elements;
};

/* gradcheck_points.c: fills checks of the tensors and of the directions. */
void gradcheck_points(struct checked *s);
double gradcheck_random(uint64_t seed, uint64_t i); /* normal, mean 0, deviation 1 */

/* gradcheck_report.c: prints a statement's table, and reports what exceeds the bounds. */
void gradcheck_report(const struct checked *s);

/* Checks all statements of c->path. */
void gradcheck_model(struct compilation *c, const struct gradcheck_options *o);

#endif
