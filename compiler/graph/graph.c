/* graph.c: how graphs are built and walked: the one place that makes nodes, and what depends on what.
 *
 * graph_node is the only maker of nodes: whatever stands in a graph has passed its operation's shape and range rule, and an
 * elementwise operation on constants is a constant already. All else that could be simplified is left to the passes. */
#include "graph/program.h"

#include "base/buffer.h"
#include "base/diag.h"
#include "ops/ops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct op_info op_info[OP_COUNT] = {
#define OP(name, operands, attributes, class, doc) {#name, operands, ATTR_##attributes, CLASS_##class, doc},
#include "graph/ops.def"
#undef OP
};

enum op op_find(const char *name)
{
    for (int op = 0; op < OP_COUNT; op++)
        if (!strcmp(op_info[op].name, name))
            return (enum op)op;
    return OP_COUNT;
}

bool op_type_is_free(enum op op)
{
    return op_info[op].class == CLASS_LEAF || op == OP_reshape || op == OP_expand || op == OP_slice || op == OP_pad;
}

/* Only the fields that n's operation has are copied: equal nodes are equal field by field. */
static void attributes_copy(struct node *n, const struct node *like)
{
    enum op_attributes kind = op_info[n->op].attributes;
    uint32_t axes = 0;
    switch (kind) {
    case ATTR_NONE:
        break;
    case ATTR_NUMBER:
        n->number = like->number;
        break;
    case ATTR_DATA:
        n->draw = like->draw;
        n->index = like->index;
        break;
    case ATTR_STREAM_SCALAR:
        n->draw = like->draw;
        n->scalar = like->scalar;
        n->index = like->index;
        break;
    case ATTR_STREAM_NUMBER:
        n->draw = like->draw;
        n->number = like->number;
        n->index = like->index;
        break;
    case ATTR_TENSOR:
    case ATTR_INPUT:
        n->index = like->index;
        break;
    case ATTR_STREAM:
        n->draw = like->draw;
        n->index = like->index;
        break;
    case ATTR_SCALAR:
        n->scalar = like->scalar;
        break;
    case ATTR_AXES:
        n->over_batch = like->over_batch;
        axes = like->axis_count;
        break;
    case ATTR_AXIS:
        axes = 1;
        break;
    case ATTR_PERMUTATION:
        axes = n->arg[0]->type.rank;
        break;
    case ATTR_OFFSETS:
        axes = like->type.rank;
        break;
    case ATTR_PART:
        axes = 2;
        break;
    case ATTR_TRANSPOSE:
        n->ta = like->ta;
        n->tb = like->tb;
        break;
    case ATTR_WINDOW:
        axes = 6;
        break;
    case ATTR_WINDOWS:
        axes = 8;
        n->number = n->op == OP_windows ? like->number : 0;
        break;
    }
    n->axis_count = (uint8_t)(axes < MAX_RANK ? axes : MAX_RANK);
    memcpy(n->axes, like->axes, n->axis_count * sizeof *n->axes);
}

/* What the node does not say of its windows, their size, is the weights', or what makes them fill the image. */
struct window window_of(const struct node *n)
{
    struct window w = {0};
    for (int i = 0; i < 2; i++) {
        w.stride[i] = n->axes[i], w.before[i] = n->axes[2 + i], w.after[i] = n->axes[4 + i];
        const struct type *a = &n->arg[0]->type, *b = n->nargs > 1 ? &n->arg[1]->type : NULL;
        if (op_info[n->op].attributes == ATTR_WINDOWS)
            w.size[i] = n->axes[6 + i];
        else if (n->op != OP_conv2d_kernel)
            w.size[i] = b->dim[i];
        else /* both at most MAX_ELEMENTS: 2^40 windows need a stride that is small */
            w.size[i] = __builtin_mul_overflow(b->dim[i] - 1, w.stride[i], &w.size[i]) ? 0 : a->dim[i] + w.before[i] + w.after[i] - w.size[i];
    }
    return w;
}

/* Every dimension at least 1, and all of the batch no larger than MAX_ELEMENTS: no later stage checks sizes again. */
static bool size_check(struct ganc *g, const struct graph *graph, const struct node *n)
{
    bool positive = n->type.rank <= MAX_RANK;
    for (uint32_t i = 0; i < n->type.rank && positive; i++)
        positive = n->type.dim[i] >= 1;
    if (positive && type_total(graph, n->type) <= MAX_ELEMENTS)
        return true;
    struct buffer text = {0};
    type_print(&text, n->type);
    if (!positive)
        diag(g, E0620, n->span, text.text);
    else
        diag(g, E0621, n->span, text.text, (long long)type_examples(graph, n->type));
    buffer_free(&text);
    return false;
}

static bool node_folds(const struct node *n)
{
    if (op_info[n->op].class != CLASS_MAP)
        return false;
    for (uint32_t i = 0; i < n->nargs; i++)
        if (n->arg[i]->op != OP_constant)
            return false;
    return true;
}

/* Infinite and undefined results are kept: they are what the program would compute. */
static void node_fold(const struct graph *graph, struct node *n)
{
    double x[3] = {0};
    for (uint32_t i = 0; i < n->nargs; i++)
        x[i] = n->arg[i]->number;
    n->number = op_hooks[n->op].fold(x);
    n->op = OP_constant;
    n->nargs = 0;
    n->arg = NULL;
    op_hooks[OP_constant].range(graph, n);
}

struct node *graph_node(struct ganc *g, struct graph *graph, enum op op, uint32_t nargs, struct node *const *args,
                        const struct node *like, struct span span)
{
    static const struct node none;
    for (uint32_t i = 0; i < nargs; i++)
        if (!args[i])
            return NULL;
    if (!like)
        like = &none;
    struct node *n = NEW(g->mem, struct node);
    *n = (struct node){.id = graph->nodes.n, .op = op, .nargs = nargs, .span = span};
    if (nargs)
        n->arg = arena_copy(g->mem, args, nargs * sizeof *args);
    attributes_copy(n, like);
    if (op_type_is_free(op)) {
        n->type = like->type;
        n->range = like->range; /* the rules of data and inputs leave it: only the program's declarations say it */
        if (!size_check(g, graph, n))
            return NULL;
    }
    if (!op_hooks[op].shape(g, graph, n) || !size_check(g, graph, n))
        return NULL;
    op_hooks[op].range(graph, n);
    if (node_folds(n))
        node_fold(graph, n);
    vec_push(g->mem, &graph->nodes, n);
    return n;
}

/* ---- shorthands: their callers know that the shapes fit ---- */

static struct node *build(struct ganc *g, struct graph *graph, enum op op, uint32_t nargs, struct node *const *args,
                          const struct node *like, struct span span)
{
    for (uint32_t i = 0; i < nargs; i++)
        if (!args[i])
            return NULL;
    struct node *n = graph_node(g, graph, op, nargs, args, like, span);
    if (n)
        return n;
    struct buffer text = {0};
    buffer_put(&text, "ganc: internal error: %s does not fit its operands:", op_info[op].name);
    for (uint32_t i = 0; i < nargs; i++) {
        buffer_put(&text, " %s", args[i]->type.batched ? "batched " : "");
        type_print(&text, args[i]->type);
    }
    if (op_type_is_free(op)) {
        buffer_put(&text, " to %s", like->type.batched ? "batched " : "");
        type_print(&text, like->type);
    }
    fprintf(stderr, "%s\n", text.text);
    diag_print(g, stderr, COLOR_AUTO); /* what the shape rule said */
    abort();
}

struct node *graph_constant(struct ganc *g, struct graph *graph, double x, struct span span)
{
    return build(g, graph, OP_constant, 0, NULL, &(struct node){.number = x}, span);
}

struct node *graph_unary(struct ganc *g, struct graph *graph, enum op op, struct node *a)
{
    return build(g, graph, op, 1, &a, NULL, a ? a->span : (struct span){0});
}

struct node *graph_binary(struct ganc *g, struct graph *graph, enum op op, struct node *a, struct node *b)
{
    if (!a || !b)
        return NULL;
    return build(g, graph, op, 2, (struct node *[]){a, b}, NULL, a->span.file ? a->span : b->span);
}

struct node *graph_where(struct ganc *g, struct graph *graph, struct node *c, struct node *a, struct node *b)
{
    return build(g, graph, OP_where, 3, (struct node *[]){c, a, b}, NULL, a ? a->span : (struct span){0});
}

struct node *graph_sum(struct ganc *g, struct graph *graph, struct node *x, const int64_t *axes, uint32_t count,
                       bool over_batch)
{
    if (!x || (!count && !over_batch))
        return x;
    struct node like = {.over_batch = over_batch, .axis_count = (uint8_t)(count < MAX_RANK ? count : MAX_RANK)};
    if (count)
        memcpy(like.axes, axes, like.axis_count * sizeof *axes);
    return build(g, graph, OP_sum, 1, &x, &like, x->span);
}

struct node *graph_reshape(struct ganc *g, struct graph *graph, struct node *x, struct type to)
{
    if (!x || type_equal(x->type, to))
        return x;
    return build(g, graph, OP_reshape, 1, &x, &(struct node){.type = to}, x->span);
}

struct node *graph_expand(struct ganc *g, struct graph *graph, struct node *x, struct type to)
{
    if (!x || type_equal(x->type, to))
        return x;
    return build(g, graph, OP_expand, 1, &x, &(struct node){.type = to}, x->span);
}

struct node *graph_matmul(struct ganc *g, struct graph *graph, struct node *a, struct node *b, bool ta, bool tb)
{
    if (!a || !b)
        return NULL;
    return build(g, graph, OP_matmul, 2, (struct node *[]){a, b}, &(struct node){.ta = ta, .tb = tb},
                 a->span.file ? a->span : b->span);
}

struct node *graph_copy_node(struct ganc *g, struct graph *to, const struct node *n, struct node *const *args)
{
    struct node *copy = graph_node(g, to, n->op, n->nargs, args, n, n->span);
    if (!copy)
        return NULL;
    copy->name = n->name;
    if (!n->nargs)
        copy->range = n->range;
    return copy;
}

/* ---- what depends on what: operands come first, so one walk from the last node to the first suffices ---- */

bool *graph_live(struct arena *mem, const struct graph *graph)
{
    bool *used = NEW_ARRAY(mem, bool, graph->nodes.n);
    for (uint32_t i = 0; i < graph->effects.n; i++)
        used[graph->effects.at[i].value->id] = true;
    for (uint32_t i = 0; i < graph->outputs.n; i++)
        used[graph->outputs.at[i].value->id] = true;
    for (uint32_t i = 0; i < graph->keep.n; i++)
        used[graph->keep.at[i]->id] = true;
    for (uint32_t i = graph->nodes.n; i-- > 0;)
        for (uint32_t k = 0; used[i] && k < graph->nodes.at[i]->nargs; k++)
            used[graph->nodes.at[i]->arg[k]->id] = true;
    return used;
}

bool graph_flows(const struct node *user, uint32_t operand)
{
    if (user->op == OP_stop || (user->op == OP_where && operand == 0))
        return false;
    return !op_hooks[user->op].no_derivative;
}

bool graph_depends(struct arena *mem, const struct graph *graph, const struct node *y, const struct node *x)
{
    if (x->id > y->id)
        return false;
    uint32_t first = x->id;
    bool *reached = NEW_ARRAY(mem, bool, y->id - first + 1);
    reached[y->id - first] = true;
    for (uint32_t i = y->id; i > first; i--) {
        const struct node *n = graph->nodes.at[i];
        for (uint32_t k = 0; reached[i - first] && k < n->nargs; k++)
            if (n->arg[k]->id >= first && graph_flows(n, k))
                reached[n->arg[k]->id - first] = true;
    }
    return reached[0];
}

bool program_is_part(const struct program *p, uint32_t graph)
{
    for (uint32_t i = 0; i < p->graphs.n; i++)
        for (uint32_t k = 0; k < p->graphs.at[i]->joins.n; k++)
            if (p->graphs.at[i]->joins.at[k] == graph)
                return true;
    return false;
}
