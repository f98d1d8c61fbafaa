/* builtin_structure.c: stack, pad and slice; and arguments that may be given by place or by name. */
#include "elaborate/builtin.h"

#include <string.h>

bool argument_find(struct elaboration *e, struct arguments *args, uint32_t position, const char *name, struct argument *out)
{
    *out = (struct argument){.span = args->span};
    if (position < args->positional.n) *out = (struct argument){&args->positional.at[position], args->spans.at[position]};
    for (uint32_t i = 0; i < args->named.n; i++) {
        if (strcmp(args->named.at[i]->name, name)) continue;
        if (out->v) {
            diag(e->g, E0405, args->named.at[i]->span, name);
            return false;
        }
        *out = (struct argument){&args->named_values.at[i], args->named.at[i]->kids[0]->span};
    }
    return true;
}

struct node *example_reshape(struct elaboration *e, struct node *x, uint32_t rank, const int64_t *dim)
{
    return x ? graph_reshape(e->g, e->graph, x, type_of(x->type.batched, rank, dim)) : NULL;
}

/* A count of elements; more than there can be is as good as the most. */
static bool count(struct elaboration *e, const struct argument *a, const char *what, int64_t least, int64_t *to)
{
    if (!value_to_integer(e, *a->v, a->span, what, least, to)) return false;
    if (*to > MAX_ELEMENTS) *to = MAX_ELEMENTS;
    return true;
}

/* Along a new axis, the first or axis=; the parts have one shape. */
struct value builtin_stack(struct elaboration *e, struct arguments *args, struct span span)
{
    uint32_t n = args->positional.n;
    struct node **x = NEW_ARRAY(e->g->mem, struct node *, n);
    struct argument axis_given;
    bool batched = false;
    if (!argument_find(e, args, UINT32_MAX, "axis", &axis_given)) return value_error();
    for (uint32_t i = 0; i < n; i++) {
        if (!(x[i] = value_to_node(e, args->positional.at[i], args->spans.at[i]))) return value_error();
        struct type first = x[0]->type, own = x[i]->type;
        batched = batched || own.batched;
        first.batched = own.batched;
        if (type_equal(first, own)) continue;
        diag(e->g, E0249, args->spans.at[i], type_text(e, x[0]->type), type_text(e, own));
        return value_error();
    }
    struct type t = x[0]->type;
    if (t.rank == MAX_RANK) {
        diag(e->g, E0208, span, MAX_RANK);
        return value_error();
    }
    int64_t axis = 0;
    t.batched = batched;
    t.rank++;
    if (axis_given.v && !builtin_axis(e, *axis_given.v, axis_given.span, t, &axis)) return value_error();
    for (uint32_t a = t.rank - 1u; a > axis; a--) t.dim[a] = t.dim[a - 1];
    t.dim[axis] = 1;
    for (uint32_t i = 0; i < n && x[i]; i++) {
        x[i] = example_reshape(e, x[i], t.rank, t.dim);
        if (batched && !x[i]->type.batched) x[i] = node_make(e, OP_expand, 1, &x[i], &(struct node){.type = t}, span);
    }
    return value_node(e, node_make(e, OP_concat, n, x, &(struct node){.axes = {axis}, .axis_count = 1}, span));
}

/* Zeros before and after each axis, or one: pad(x, before, after=before, axis="all"). */
struct value builtin_pad(struct elaboration *e, struct arguments *args, struct span span)
{
    struct argument before, after, axis;
    struct node *x = value_to_node(e, args->positional.at[0], args->spans.at[0]);
    if (!x || !argument_find(e, args, 1, "before", &before) || !argument_find(e, args, 2, "after", &after) ||
        !argument_find(e, args, UINT32_MAX, "axis", &axis))
        return value_error();
    if (!before.v) {
        diag(e->g, E0406, span, "pad", "before");
        return value_error();
    }
    int64_t low, high, only = -1;
    if (!count(e, &before, "before", 0, &low)) return value_error();
    high = low;
    if (after.v && !count(e, &after, "after", 0, &high)) return value_error();
    bool all = !axis.v || (axis.v->kind == VALUE_STRING && !strcmp(axis.v->text, "all"));
    if (!all && !builtin_axis(e, *axis.v, axis.span, x->type, &only)) return value_error();
    struct node like = {.type = x->type, .axis_count = x->type.rank};
    for (uint32_t a = 0; a < x->type.rank; a++)
        if (all || a == only) like.axes[a] = low, like.type.dim[a] += low + high;
    return value_node(e, node_make(e, OP_pad, 1, &x, &like, span));
}

/* slice(x, from, to, axis=0): x[from:to], along any axis. */
struct value builtin_slice(struct elaboration *e, struct arguments *args, struct span span)
{
    struct argument from, to, at;
    struct node *x = value_to_node(e, args->positional.at[0], args->spans.at[0]);
    if (!x || !argument_find(e, args, 1, "from", &from) || !argument_find(e, args, 2, "to", &to) || !argument_find(e, args, 3, "axis", &at))
        return value_error();
    if (!from.v || !to.v) {
        diag(e->g, E0406, span, "slice", from.v ? "to" : "from");
        return value_error();
    }
    int64_t low, high, axis = 0;
    if (!x->type.rank) {
        diag(e->g, E0223, args->spans.at[0], "slice");
        return value_error();
    }
    if (!value_to_integer(e, *from.v, from.span, "an index", INT64_MIN / 2, &low)) return value_error();
    if (!value_to_integer(e, *to.v, to.span, "an index", INT64_MIN / 2, &high)) return value_error();
    if (at.v && !builtin_axis(e, *at.v, at.span, x->type, &axis)) return value_error();
    int64_t size = x->type.dim[axis];
    if (low < 0) low += size;
    if (high < 0) high += size;
    if (low < 0 || high > size || low >= high) {
        diag(e->g, E0250, span, (int)axis, type_text(e, x->type));
        return value_error();
    }
    struct node like = {.type = x->type, .axis_count = x->type.rank};
    like.axes[axis] = low;
    like.type.dim[axis] = high - low;
    return value_node(e, node_make(e, OP_slice, 1, &x, &like, span));
}
