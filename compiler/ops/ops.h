/* ops.h: what each operation of ops.def knows of itself. One file a family: leaf.c, elementwise.c, reduce.c, view.c, matmul.c,
 * conv.c, pool.c.
 *
 * Every op: shape_NAME, range_NAME, evaluate_NAME.  MAP: fold_NAME (on doubles), jet_NAME (on nested dual numbers).
 * (Emission stands in codegen/, one function an op there: the front end and its tests link without LLVM.)
 * An op without a line in stdlib/derivatives.gan: derive_NAME, or NODERIVATIVE(NAME, why) where it has none. */
#ifndef GANC_OPS_H
#define GANC_OPS_H

#include "graph/graph.h"

#include <string.h>

/* Shape rule: fills n->type from its operands and attributes, or reports (E02xx, at n->span) and returns false. */
typedef bool shape_rule(struct ganc *g, const struct graph *graph, struct node *n);
/* Range rule: fills n->range. */
typedef void range_rule(const struct graph *graph, struct node *n);
/* MAP: the value on plain numbers, in double; used by folding and by schedule expressions. */
typedef double fold_rule(const double *x);

/* MAP: the value on nested dual numbers (jet.c): x[k] and y are jets over so many levels, of 2^levels parts. */
#define JET_LEVELS 4
#define JET_PARTS (1 << JET_LEVELS)
typedef void jet_rule(uint32_t levels, const double *const *x, double *y);

/* Derivative in C: sends to operand i the gradient that `dy`, of y = n's type, gives it; may build only operations of the
 * table. Un-broadcasting, accumulation and stop belong to the walk (differentiate/). */
struct derive {
    struct ganc *g;
    struct graph *graph;
    struct node *y;      /* the node, in the graph being built */
    struct node *dy;
    struct node *const *x; /* its operands */
    struct node **dx;    /* to fill; NULL: no gradient */
};
typedef void derive_rule(struct derive *d);

/* The reference evaluator: loops in double, no fusion, no plan; the oracle of the tests. Each value is row-major, the batch outermost. A dual
 * part (derivative along one direction) is carried beside each value where `tangent` is not NULL. */
struct evaluation {
    const struct graph *graph;
    const struct node *n;
    const double *const *x;  /* operands' values */
    const double *const *dx; /* operands' tangents; each may be NULL for all zeros */
    double *y, *dy;          /* to fill; dy is NULL where no tangent is wanted */
    const struct evaluation_world *world;
    uint64_t *branches; /* or NULL: what was decided (comparisons, the larger of two, floor, argmax) is hashed into it */
};
typedef void evaluate_rule(struct evaluation *e);

/* What LEAF operations read. Random numbers: Philox4x32-10 by (seed, tick, stream, example, element), see ganrt/random.h. */
struct evaluation_world {
    void *self;
    const double *(*tensor)(void *self, uint32_t tensor);
    const double *(*tensor_tangent)(void *self, uint32_t tensor); /* or NULL */
    const double *(*data)(void *self, uint32_t data, uint32_t draw);
    const double *(*data_mean)(void *self, uint32_t data);
    const double *(*input)(void *self, uint32_t index);
    double (*scalar)(void *self, const struct sexpr *e);
    uint32_t seed[2];
    uint64_t tick;
};

struct op_hooks {
    shape_rule *shape;
    range_rule *range;
    evaluate_rule *evaluate;
    fold_rule *fold;     /* MAP */
    jet_rule *jet;       /* MAP */
    derive_rule *derive; /* NULL where the rule is text, or there is none */
    const char *no_derivative; /* why there is none, else NULL */
};
extern const struct op_hooks op_hooks[OP_COUNT];

/* A value's parts, each an array as large as the value: part[0] the value itself, part[s] its tangent on the set of levels s. NULL: zeros. */
struct jets {
    double *part[JET_PARTS];
};

/* The MAP node n on jets: fills the parts of y that are not NULL (jet.c). */
void jets_evaluate(const struct graph *graph, const struct node *n, uint32_t levels, const struct jets *x, const struct jets *y);

/* Hashes a decision into evaluation->branches. */
static inline void branch_taken(uint64_t *branches, double which)
{
    uint64_t bits;
    memcpy(&bits, &which, sizeof bits);
    *branches = (*branches ^ bits) * 0x9E3779B97F4A7C15u;
    *branches ^= *branches >> 29;
}

struct buffer;
void ops_print_docs(struct buffer *to); /* docs/ops.md */

#endif
