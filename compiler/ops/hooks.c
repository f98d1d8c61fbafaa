/* hooks.c: op_hooks, the table by which everyone calls an operation's rules, generated from ops.def; and what the families share. */
#include "ops/hooks.h"

#include "base/buffer.h"

#include <string.h>

/* Where an operation has no derivative its value is locally constant (or is meant as a constant: stop). */
#define IS_CONSTANT(op) ((op) == OP_sign || (op) == OP_floor || (op) == OP_stop || ((op) >= OP_eq && (op) <= OP_ge))
#define A_CONSTANT "a constant by its meaning"
#define derive_argmax NULL
#define WHY_argmax A_CONSTANT
#define WHY_sum NULL
#define WHY_windows_sum NULL
#define WHY_max_over NULL

#define HOOKS_LEAF(name) {shape_##name, range_##name, evaluate_##name, NULL, NULL, NULL, A_CONSTANT},
#define HOOKS_MAP(name)                                                                                                \
    {shape_map, range_##name, evaluate_##name, fold_##name, jet_##name, NULL, IS_CONSTANT(OP_##name) ? A_CONSTANT : NULL},
#define HOOKS_REDUCE(name) {shape_##name, range_##name, evaluate_##name, NULL, NULL, derive_##name, WHY_##name},
#define HOOKS_VIEW(name) {shape_##name, range_##name, evaluate_##name, NULL, NULL, derive_##name, NULL},
#define HOOKS_PRODUCT(name) HOOKS_VIEW(name)
#define HOOKS_GRAD(name) {shape_##name, range_##name, NULL, NULL, NULL, NULL, NULL},
#define OP(name, operands, attributes, class, doc) HOOKS_##class(name)
const struct op_hooks op_hooks[OP_COUNT] = {
#include "graph/ops.def"
};
#undef OP

/* grad: the second operand's type; nothing is known of its range. */
bool shape_grad(struct ganc *g, const struct graph *graph, struct node *n)
{
    (void)g, (void)graph;
    n->type = n->arg[1]->type;
    return true;
}

void range_grad(const struct graph *graph, struct node *n)
{
    (void)graph;
    n->range = range_all();
}

const char *hooks_shape(struct ganc *g, struct type t)
{
    struct buffer b = {0};
    type_print(&b, t);
    const char *text = arena_string(g->mem, b.text, b.length);
    buffer_free(&b);
    return text;
}

bool hooks_axis(struct ganc *g, const struct node *n, int64_t axis)
{
    if (axis >= 0 && axis < n->arg[0]->type.rank) return true;
    diag(g, E0221, n->span, hooks_shape(g, n->arg[0]->type), (long long)axis);
    return false;
}

struct node *hooks_node(struct derive *d, enum op op, struct node *x, struct node like)
{
    return graph_node(d->g, d->graph, op, x ? 1 : 0, &x, &like, d->y->span);
}

struct node *hooks_transpose(struct derive *d, struct node *x, const int64_t *permutation)
{
    struct node like = {.axis_count = x->type.rank};
    memcpy(like.axes, permutation, x->type.rank * sizeof *permutation);
    return hooks_node(d, OP_transpose, x, like);
}
