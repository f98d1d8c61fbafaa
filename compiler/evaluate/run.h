/* run.h: a run of a graph: what evaluate.c and probe.c share. Private to evaluate/.
 *
 * A value has parts (ops.h): its number, and its tangents on up to JET_LEVELS levels. Level 0 is the caller's direction; each grad node that is
 * evaluated takes the next level for its own directions, one after the other, so that what stands within it, further grad nodes too, has
 * tangents of tangents. No derivative rule is used. */
#ifndef GANC_EVALUATE_RUN_H
#define GANC_EVALUATE_RUN_H

#include "evaluate/evaluate.h"
#include "ops/ops.h"

struct value {
    uint32_t levels;   /* the set of levels on which it may have a tangent; parts of other levels are zeros, whatever stands in jets */
    struct jets jets;  /* part[0] NULL: dead */
};

struct minibatch { /* one that was asked for in this run */
    uint32_t data, draw;
    double *examples;
};

struct evaluator_run {
    struct evaluator *e;
    struct arena *mem;              /* the run's own */
    struct arena *room;             /* where parts are made: mem, or that of the grad node at hand */
    const struct graph *graph;
    uint64_t tick;
    struct value *value;            /* by node id */
    uint64_t *branches;             /* by node id, or NULL: the decisions of each node, hashed */
    uint32_t levels, most_levels;   /* in use; to be used at most */
    const struct node *seeded[JET_LEVELS]; /* by level: the node whose directions it is for, which keeps them when a later level evaluates it again */
    const double *const *direction; /* by tensor: level 0's; NULL where it is not used */
    bool borrows;                   /* tensors are read where they lie, not copied */
    struct evaluation_world world;
    const struct node *node;        /* the one at hand */
    const double **x, **dx;         /* room for its operands */
    double *spare;                  /* room for a value that nobody reads */
    int64_t spare_size;
    double work;                    /* of grad nodes so far */
    VEC(struct minibatch) minibatches;
    const char *error;
};

struct evaluator_run *evaluator_run_new(struct evaluator *e, const struct graph *graph, uint64_t tick);
void evaluator_run_free(struct evaluator_run *run);

/* Evaluates n: its parts from `from` on, on the levels in use; those below are there already. */
void evaluator_run_node(struct evaluator_run *run, const struct node *n, uint32_t from);
/* All nodes marked, in order. */
void evaluator_run_nodes(struct evaluator_run *run, const bool *marked);
/* The tangents on a new level of y, seeded with `seed` at x; into to[0..total of y). */
void evaluator_run_along(struct evaluator_run *run, const struct node *y, const struct node *x, const double *seed, double *to);
/* Does the operation round its result? Those that choose, arrange, or decide do not; a constant may, where it is stored. */
bool evaluator_rounds(const struct node *n);
/* The absolute values of n's operands; and n's own rule on other numbers than its operands'. Memory: mem's. */
const double **evaluator_sizes(const struct evaluator_run *run, struct arena *mem, const struct node *n);
void evaluator_apply(const struct evaluator_run *run, struct arena *mem, const struct node *n, const double *const *x, double *y);
double *evaluator_run_array(struct evaluator_run *run, struct type t); /* zeros */

#endif
