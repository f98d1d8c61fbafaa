/* hooks.h: which hooks each class of operation has, declared from ops.def, and what the families share. Private to ops/ and its tests.
 *
 *     LEAF            shape range evaluate
 *     MAP             range evaluate fold jet     (one shape rule for all: shape_map)
 *     REDUCE, VIEW,   shape range evaluate derive (but argmax, which has no derivative)
 *     PRODUCT
 *     GRAD            shape range                 (differentiate/ and the evaluator take it apart)
 *
 * A row of ops.def whose family file lacks a hook compiles, and does not link. */
#ifndef GANC_HOOKS_H
#define GANC_HOOKS_H

#include "base/diag.h"
#include "ops/ops.h"

#define HOOKS_LEAF(name)                                                                                               \
    shape_rule shape_##name;                                                                                           \
    range_rule range_##name;                                                                                           \
    evaluate_rule evaluate_##name;
#define HOOKS_MAP(name)                                                                                                \
    range_rule range_##name;                                                                                           \
    evaluate_rule evaluate_##name;                                                                                     \
    fold_rule fold_##name;                                                                                             \
    jet_rule jet_##name;
#define HOOKS_VIEW(name)                                                                                               \
    shape_rule shape_##name;                                                                                           \
    range_rule range_##name;                                                                                           \
    evaluate_rule evaluate_##name;                                                                                     \
    derive_rule derive_##name;
#define HOOKS_REDUCE(name) HOOKS_VIEW(name)
#define HOOKS_PRODUCT(name) HOOKS_VIEW(name)
#define HOOKS_GRAD(name)                                                                                               \
    shape_rule shape_##name;                                                                                           \
    range_rule range_##name;
#define OP(name, operands, attributes, class, doc) HOOKS_##class(name)
#include "graph/ops.def"
#undef OP
#undef HOOKS_LEAF
#undef HOOKS_MAP
#undef HOOKS_VIEW
#undef HOOKS_REDUCE
#undef HOOKS_PRODUCT
#undef HOOKS_GRAD

shape_rule shape_map;

const char *hooks_shape(struct ganc *g, struct type t); /* "[784]", in the compilation's memory, for messages */
bool hooks_axis(struct ganc *g, const struct node *n, int64_t axis); /* reports where n's first operand has no such axis */

/* For derivative rules: a node that has the attributes and, where it is free, the type of `like`. */
struct node *hooks_node(struct derive *d, enum op op, struct node *x, struct node like);
struct node *hooks_transpose(struct derive *d, struct node *x, const int64_t *permutation);

#endif
