/* builtin.c: the functions that are built in and are no elementwise operation: reductions, structure, distributions. */
#include "elaborate/builtin.h"

#include <string.h>

enum builtin_id {
    B_SUM, B_MAX_OVER, B_ARGMAX, B_COUNT, B_BATCH_SUM, B_BATCH_COUNT, B_RESHAPE, B_FLATTEN, B_TRANSPOSE, B_CONCAT, B_SHAPE, B_GRAD, B_BATCH,
    B_STACK, B_PAD, B_SLICE, B_UPSAMPLE, B_CONV2D, B_CONV2D_TRANSPOSE, B_MAX_POOL, B_AVG_POOL,
    B_IOTA, B_SUMSQ, B_DATA_MEAN, B_UNIFORM, B_NORMAL, B_SPHERE, B_BERNOULLI, B_ONEHOT, B_CONSTANT, B_DISTRIBUTION, B_EMA
};

struct builtin {
    const char *name;
    enum builtin_id id;
    uint32_t least, most; /* positional arguments */
    const char *options;  /* names it takes, " axis keepdims " */
};

static const struct builtin table[] = {
    {"sum", B_SUM, 1, 1, " axis keepdims "},
    {"max_over", B_MAX_OVER, 1, 1, " axis keepdims "},
    {"argmax", B_ARGMAX, 1, 1, " axis "},
    {"count", B_COUNT, 1, 1, " axis "},
    {"batch_sum", B_BATCH_SUM, 1, 1, " keep "},
    {"batch_count", B_BATCH_COUNT, 1, 1, " keep "},
    {"reshape", B_RESHAPE, 1, 1 + MAX_RANK, " "},
    {"flatten", B_FLATTEN, 1, 1, " "},
    {"transpose", B_TRANSPOSE, 1, 1 + MAX_RANK, " "},
    {"concat", B_CONCAT, 1, 64, " axis "},
    {"stack", B_STACK, 1, 64, " axis "},
    {"pad", B_PAD, 1, 3, " before after axis "},
    {"slice", B_SLICE, 1, 4, " from to axis "},
    {"upsample", B_UPSAMPLE, 1, 2, " factor "},
    {"conv2d", B_CONV2D, 2, 4, " stride pad "},
    {"conv2d_transpose", B_CONV2D_TRANSPOSE, 2, 5, " stride pad out_pad "},
    {"max_pool", B_MAX_POOL, 1, 5, " size stride pad ceil "},
    {"avg_pool", B_AVG_POOL, 1, 5, " size stride pad ceil "},
    {"shape", B_SHAPE, 1, 1, " "},
    {"grad", B_GRAD, 2, 2, " "},
    {"batch", B_BATCH, 1, 1, " "},
    {"iota", B_IOTA, 1, 1, " "},
    {"sumsq", B_SUMSQ, 1, 1, " "},
    {"data_mean", B_DATA_MEAN, 1, 1, " "},
    {"uniform", B_UNIFORM, 2, 2, " "},
    {"normal", B_NORMAL, 2, 2, " "},
    {"sphere", B_SPHERE, 1, 1, " "},
    {"bernoulli", B_BERNOULLI, 1, 1, " "},
    {"onehot", B_ONEHOT, 1, 1, " "},
    {"constant", B_CONSTANT, 1, 1, " "},
    {"distribution", B_DISTRIBUTION, 1, 16, " "},
    {"ema", B_EMA, 0, 2, " decay "},
};

const struct builtin *builtin_find(const char *name)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (!strcmp(table[i].name, name)) return &table[i];
    return NULL;
}

const char *builtin_name(const struct builtin *b)
{
    return b->name;
}

uint32_t builtin_names(const char **names, uint32_t capacity)
{
    uint32_t n = 0;
    for (size_t i = 0; i < sizeof table / sizeof *table && n < capacity; i++)
        names[n++] = table[i].name;
    return n;
}

static const struct value *option(struct arguments *args, const char *name, struct span *span)
{
    for (uint32_t i = 0; i < args->named.n; i++)
        if (!strcmp(args->named.at[i]->name, name)) {
            *span = args->named.at[i]->span;
            return &args->named_values.at[i];
        }
    return NULL;
}

bool builtin_axis(struct elaboration *e, struct value v, struct span span, struct type t, int64_t *axis)
{
    if (!value_to_integer(e, v, span, "an axis", INT64_MIN / 2, axis)) return false;
    if (*axis < 0) *axis += t.rank;
    if (*axis >= 0 && *axis < t.rank) return true;
    diag(e->g, E0253, span, type_text(e, t));
    advice_axes(e, t);
    return false;
}

/* The axes that axis= names: one, or all of them (left out, or "all"). */
static bool reduced_axes(struct elaboration *e, struct arguments *args, struct type t, int64_t *axes, uint32_t *n)
{
    struct span span = args->span;
    const struct value *v = option(args, "axis", &span);
    if (!v || (v->kind == VALUE_STRING && !strcmp(v->text, "all"))) {
        for (*n = 0; *n < t.rank; ++*n) axes[*n] = *n;
        return true;
    }
    *n = 1;
    return builtin_axis(e, *v, span, t, &axes[0]);
}

static struct value reduce(struct elaboration *e, enum builtin_id id, struct arguments *args, struct span span)
{
    if (id == B_COUNT && args->positional.at[0].kind == VALUE_SHAPE && !args->named.n) return value_number((double)type_elements(args->positional.at[0].shape));
    struct node *x = value_to_node(e, args->positional.at[0], args->spans.at[0]);
    int64_t axes[MAX_RANK];
    uint32_t n;
    if (!x || !reduced_axes(e, args, x->type, axes, &n)) return value_error();
    double count = 1;
    for (uint32_t i = 0; i < n; i++) count *= (double)x->type.dim[axes[i]];
    if (id == B_COUNT) return value_number(count);
    struct node *y = x;
    if (n) {
        struct node like = {.axis_count = (uint8_t)n};
        memcpy(like.axes, axes, n * sizeof *axes);
        y = node_make(e, id == B_SUM ? OP_sum : OP_max_over, 1, &x, &like, span);
    }
    struct span at = span;
    const struct value *keep = option(args, "keepdims", &at);
    bool keepdims = false;
    if (keep && !value_to_boolean(e, *keep, at, &keepdims)) return value_error();
    if (y && keepdims && n) {
        struct type t = x->type;
        for (uint32_t i = 0; i < n; i++) t.dim[axes[i]] = 1;
        y = graph_reshape(e->g, e->graph, y, t);
    }
    return value_node(e, y);
}

static struct value argmax(struct elaboration *e, struct arguments *args, struct span span)
{
    struct node *x = value_to_node(e, args->positional.at[0], args->spans.at[0]);
    if (!x) return value_error();
    struct span at = span;
    const struct value *v = option(args, "axis", &at);
    int64_t axis = 0;
    if (v && v->kind != VALUE_STRING) {
        if (!builtin_axis(e, *v, at, x->type, &axis)) return value_error();
    } else if (x->type.rank != 1) x = graph_reshape(e->g, e->graph, x, type_of(x->type.batched, 1, (int64_t[]){type_elements(x->type)}));
    return value_node(e, node_make(e, OP_argmax, 1, &x, &(struct node){.axes = {axis}, .axis_count = 1}, span));
}

/* Over the batch and every axis but the one that keep= names. */
static struct value batch_sum(struct elaboration *e, bool count, struct arguments *args, struct span span)
{
    struct node *x = value_to_node(e, args->positional.at[0], args->spans.at[0]);
    if (!x) return value_error();
    struct span at = span;
    const struct value *v = option(args, "keep", &at);
    int64_t keep = -1, axes[MAX_RANK];
    if (v && v->kind != VALUE_STRING && !builtin_axis(e, *v, at, x->type, &keep)) return value_error();
    uint32_t n = 0;
    double number = x->type.batched ? (double)e->graph->batch : 1;
    for (int64_t i = 0; i < x->type.rank; i++)
        if (i != keep) axes[n++] = i, number *= (double)x->type.dim[i];
    if (count) return value_number(number);
    if (!n && !x->type.batched) return value_node(e, x);
    return value_node(e, graph_sum(e->g, e->graph, x, axes, n, x->type.batched));
}

static struct value reshape(struct elaboration *e, struct arguments *args, struct span span)
{
    struct node *x = value_to_node(e, args->positional.at[0], args->spans.at[0]);
    if (!x) return value_error();
    struct type t = {.batched = x->type.batched};
    if (args->positional.n == 2 && args->positional.at[1].kind == VALUE_SHAPE) {
        t = args->positional.at[1].shape;
        t.batched = x->type.batched;
    } else
        for (uint32_t i = 1; i < args->positional.n; i++) {
            if (!value_to_integer(e, args->positional.at[i], args->spans.at[i], "a dimension", 1, &t.dim[i - 1])) return value_error();
            t.rank++;
        }
    return value_node(e, node_make(e, OP_reshape, 1, &x, &(struct node){.type = t}, span));
}

static struct value transpose(struct elaboration *e, struct arguments *args, struct span span)
{
    struct node *x = value_to_node(e, args->positional.at[0], args->spans.at[0]);
    if (!x) return value_error();
    struct node like = {.axis_count = x->type.rank};
    for (uint32_t i = 0; i < x->type.rank; i++) like.axes[i] = x->type.rank - 1 - i; /* without axes: all reversed, as in NumPy */
    if (args->positional.n > 1) {
        if (args->positional.n - 1 != x->type.rank) {
            diag(e->g, E0403, span, "transpose", (int)x->type.rank + 1, (int)args->positional.n);
            return value_error();
        }
        for (uint32_t i = 0; i < x->type.rank; i++)
            if (!builtin_axis(e, args->positional.at[i + 1], args->spans.at[i + 1], x->type, &like.axes[i])) return value_error();
    }
    return value_node(e, node_make(e, OP_transpose, 1, &x, &like, span));
}

static struct value concat(struct elaboration *e, struct arguments *args, struct span span)
{
    uint32_t n = args->positional.n;
    struct node **x = NEW_ARRAY(e->g->mem, struct node *, n);
    bool batched = false;
    for (uint32_t i = 0; i < n; i++) {
        if (!(x[i] = value_to_node(e, args->positional.at[i], args->spans.at[i]))) return value_error();
        batched = batched || x[i]->type.batched;
    }
    for (uint32_t i = 0; i < n; i++)
        if (batched && !x[i]->type.batched) {
            struct type t = x[i]->type;
            t.batched = true;
            if (!(x[i] = node_make(e, OP_expand, 1, &x[i], &(struct node){.type = t}, span))) return value_error();
        }
    struct span at = span;
    const struct value *v = option(args, "axis", &at);
    if (!x[0]->type.rank) {
        diag(e->g, E0223, args->spans.at[0], "concat");
        return value_error();
    }
    int64_t axis = x[0]->type.rank - 1;
    if (v && !builtin_axis(e, *v, at, x[0]->type, &axis)) return value_error();
    return value_node(e, node_make(e, OP_concat, n, x, &(struct node){.axes = {axis}, .axis_count = 1}, span));
}

static struct value gradient(struct elaboration *e, struct arguments *args, struct span span)
{
    struct value wrt = args->positional.at[1];
    if (wrt.kind == VALUE_FUNCTION && wrt.declaration->kind == A_NET) {
        bool *marked = NEW_ARRAY(e->g->mem, bool, e->p->tensors.n + 1);
        if (!net_parameters(e, wrt.declaration, marked, false, args->spans.at[1])) return value_error();
        return gradients_make(e, args->positional.at[0], args->spans.at[0], marked, span);
    }
    struct node *y = value_to_node(e, args->positional.at[0], args->spans.at[0]);
    if (!y) return value_error();
    if (wrt.kind != VALUE_NODE) {
        diag(e->g, E0401, args->spans.at[1], "a tensor that the value depends on", value_describe(e, &wrt));
        return value_error();
    }
    struct node *x = value_to_node(e, wrt, args->spans.at[1]);
    if (!graph_depends(e->g->mem, e->graph, y, x)) {
        diag(e->g, E0507, span);
        diag_help(e->g, "compute the first from the second: let u = ...; grad(f(u), u)");
        return value_error();
    }
    return value_node(e, node_make(e, OP_grad, 2, (struct node *[]){y, x}, &(struct node){0}, span));
}

static struct value sumsq_of_marked(struct elaboration *e, const bool *marked, struct span span)
{
    struct node **w = NEW_ARRAY(e->g->mem, struct node *, e->p->tensors.n + 1);
    uint32_t n = 0;
    for (uint32_t t = 0; t < e->p->tensors.n; t++)
        if (marked[t] && !(w[n++] = tensor_value(e, t, span))) return value_error();
    return sum_of_squares(e, w, n, span);
}

/* The sum of squares of gradients, or of the parameters of a net. */
static struct value sumsq(struct elaboration *e, struct arguments *args, struct span span)
{
    struct value v = args->positional.at[0];
    if (v.kind == VALUE_GRADIENTS) return sum_of_squares(e, v.gradients->nodes, v.gradients->n, span);
    if (v.kind == VALUE_FUNCTION && v.declaration->kind == A_NET) {
        bool *marked = NEW_ARRAY(e->g->mem, bool, e->p->tensors.n + 1);
        if (!net_parameters(e, v.declaration, marked, true, span)) return value_error();
        return sumsq_of_marked(e, marked, span);
    }
    diag(e->g, E0508, args->spans.at[0], value_describe(e, &v));
    if (v.kind == VALUE_NODE) diag_help(e->g, "of a tensor x it is sum(x^2)");
    else advice_nets(e);
    return value_error();
}

bool builtin_of_part(struct elaboration *e, struct environment *env, const struct builtin *b, const struct value *first, struct span first_span,
                     const struct ast *args, struct span span, struct value *result)
{
    uint32_t at = b->id == B_SUMSQ ? 0 : b->id == B_GRAD ? 1 : UINT32_MAX, before = first ? 1 : 0; /* which argument may be a part */
    if (at == UINT32_MAX || !args || at < before || args->n + before != at + 1 || args->kids[at - before]->name) return false;
    const struct ast *a = args->kids[at - before]->kids[0];
    if (!part_is_named(e, env, a) || (at && a->kind == A_NAME)) return false; /* a whole net is a value, too */
    bool except = a->kind == A_EXCEPT, *marked = NEW_ARRAY(e->g->mem, bool, e->p->tensors.n + 1);
    *result = value_error();
    if (!e->graph) {
        diag(e->g, E0505, span);
        return true;
    }
    struct value v = first ? *first : at ? evaluate(e, env, args->kids[0]->kids[0]) : value_error();
    if (part_tensors(e, env, except ? a->kids[0] : a, except ? a->kids[1] : NULL, marked, !at) && (!at || v.kind != VALUE_ERROR))
        *result = at ? gradients_make(e, v, first ? first_span : args->kids[0]->span, marked, span) : sumsq_of_marked(e, marked, span);
    return true;
}

static struct value data_mean(struct elaboration *e, struct arguments *args, struct span span)
{
    struct value v = args->positional.at[0];
    if (v.kind != VALUE_SOURCE || v.declaration->kind != A_DATA || v.declaration->ast->kids[3]) {
        diag(e->g, E0401, args->spans.at[0], "a data set that is read from a file", value_describe(e, &v));
        return value_error();
    }
    const struct ast *type = v.declaration->ast->kids[0];
    uint32_t field = 0;
    if (type->kind == A_RECORD) {
        while (field < type->n && type->kids[field]->name != v.field) field++;
        if (field == type->n) {
            diag(e->g, E0401, args->spans.at[0], "one field of the record", v.declaration->name);
            advice_fields(e, v.declaration, NULL);
            return value_error();
        }
    }
    const struct data *d = &e->p->data.at[v.declaration->index + field];
    struct node like = {.index = v.declaration->index + field, .type = d->type, .range = d->any ? range_all() : (struct range){d->low, d->high, false, false}};
    return value_node(e, graph_node(e->g, e->graph, OP_data_mean, 0, NULL, &like, span));
}

/* iota(n): 0, 1, ..., n - 1 */
static struct value iota(struct elaboration *e, struct arguments *args, struct span span)
{
    int64_t n;
    if (!value_to_integer(e, args->positional.at[0], args->spans.at[0], "a dimension", 1, &n)) return value_error();
    return value_node(e, node_make(e, OP_iota, 0, NULL, &(struct node){.type = type_of(false, 1, &n)}, span));
}

/* distribution(f, a, b, ...): its draw of a shape s is f(s, a, b, ...) */
static struct value distribution_of(struct elaboration *e, struct arguments *args)
{
    struct value f = args->positional.at[0];
    if (f.kind != VALUE_FUNCTION || f.declaration->kind != A_FN) {
        diag(e->g, E0401, args->spans.at[0], "a function of a shape", value_describe(e, &f));
        return value_error();
    }
    struct distribution *d = NEW(e->g->mem, struct distribution);
    *d = (struct distribution){.kind = DIST_FUNCTION, .a = f, .n = args->positional.n - 1};
    if (d->n) d->rest = arena_copy(e->g->mem, args->positional.at + 1, d->n * sizeof *d->rest);
    return (struct value){.kind = VALUE_DISTRIBUTION, .distribution = d};
}

static struct value distribution(struct elaboration *e, enum distribution_kind kind, struct arguments *args)
{
    struct distribution *d = NEW(e->g->mem, struct distribution);
    d->kind = kind;
    d->a = args->positional.at[0];
    if (args->positional.n > 1) d->b = args->positional.at[1];
    for (uint32_t i = 0; i < args->positional.n; i++) {
        struct value *v = &args->positional.at[i];
        if (!value_is_scalar(v) && v->kind != VALUE_NODE) {
            diag(e->g, E0401, args->spans.at[i], "a number or a tensor", value_describe(e, v));
            return value_error();
        }
    }
    if (kind == DIST_UNIFORM && d->a.kind == VALUE_NUMBER && d->b.kind == VALUE_NUMBER && !(d->a.number <= d->b.number)) {
        diag(e->g, E0419, args->span);
        return value_error();
    }
    if (kind == DIST_BERNOULLI && d->a.kind == VALUE_NUMBER && !(d->a.number >= 0 && d->a.number <= 1)) {
        diag(e->g, E0420, args->spans.at[0]);
        return value_error();
    }
    return (struct value){.kind = VALUE_DISTRIBUTION, .distribution = d};
}

static struct value shape_of(struct elaboration *e, struct arguments *args)
{
    struct value v = args->positional.at[0];
    if (v.kind == VALUE_NODE) return value_shape(v.node->type);
    if (v.kind == VALUE_STATE) return value_shape(e->p->tensors.at[v.tensor].type);
    if (value_is_scalar(&v)) return value_shape(type_scalar());
    if (v.kind == VALUE_SOURCE && v.declaration->evaluated) { /* of its examples */
        const struct declaration *d = v.declaration;
        if (d->kind == A_PRIOR) return value_shape(e->p->priors.at[d->index].type);
        const struct ast *type = d->ast->kids[0];
        struct environment env = {0};
        struct type t;
        if (d->ast->kids[3]) return type->kind != A_RECORD && evaluate_shape(e, &env, type->kids[0], &t) ? value_shape(t) : value_error();
        if (type->kind != A_RECORD) return value_shape(e->p->data.at[d->index].type);
        for (uint32_t i = 0; v.field && i < type->n; i++)
            if (type->kids[i]->name == v.field) return value_shape(e->p->data.at[d->index + i].type);
    }
    diag(e->g, E0401, args->spans.at[0], "a tensor", value_describe(e, &v));
    return value_error();
}

struct value builtin_call(struct elaboration *e, const struct builtin *b, struct arguments *args, struct span span)
{
    if (args->positional.n < b->least || args->positional.n > b->most) {
        diag(e->g, E0403, span, b->name, (int)(args->positional.n < b->least ? b->least : b->most), (int)args->positional.n);
        return value_error();
    }
    for (uint32_t i = 0; i < args->named.n; i++)
        if (!strstr(b->options, arena_format(e->g->mem, " %s ", args->named.at[i]->name))) {
            diag(e->g, E0404, args->named.at[i]->span, b->name, args->named.at[i]->name);
            if (b->options[1]) diag_help(e->g, "its options:%.*s", (int)strlen(b->options) - 1, b->options);
            return value_error();
        }
    if (b->id < B_UNIFORM && b->id != B_SHAPE && !e->graph) {
        diag(e->g, E0505, span);
        return value_error();
    }
    switch (b->id) {
    case B_SUM:
    case B_MAX_OVER:
    case B_COUNT: return reduce(e, b->id, args, span);
    case B_ARGMAX: return argmax(e, args, span);
    case B_BATCH_SUM: return batch_sum(e, false, args, span);
    case B_BATCH_COUNT: return batch_sum(e, true, args, span);
    case B_RESHAPE: return reshape(e, args, span);
    case B_FLATTEN: {
        struct node *x = value_to_node(e, args->positional.at[0], span);
        return value_node(e, x ? graph_reshape(e->g, e->graph, x, type_of(x->type.batched, 1, (int64_t[]){type_elements(x->type)})) : NULL);
    }
    case B_TRANSPOSE: return transpose(e, args, span);
    case B_CONCAT: return concat(e, args, span);
    case B_STACK: return builtin_stack(e, args, span);
    case B_PAD: return builtin_pad(e, args, span);
    case B_SLICE: return builtin_slice(e, args, span);
    case B_UPSAMPLE: return builtin_upsample(e, args, span);
    case B_CONV2D: return builtin_conv2d(e, args, span);
    case B_CONV2D_TRANSPOSE: return builtin_conv2d_transpose(e, args, span);
    case B_MAX_POOL:
    case B_AVG_POOL: return builtin_pool(e, b->id == B_MAX_POOL, args, span);
    case B_SHAPE: return shape_of(e, args);
    case B_GRAD: return gradient(e, args, span);
    case B_BATCH: {
        struct node *x = value_to_node(e, args->positional.at[0], span);
        if (!x || !x->type.batched) return value_node(e, x);
        return value_node(e, node_make(e, OP_as_tensor, 1, &x, &(struct node){0}, span));
    }
    case B_IOTA: return iota(e, args, span);
    case B_SUMSQ: return sumsq(e, args, span);
    case B_DATA_MEAN: return data_mean(e, args, span);
    case B_UNIFORM: return distribution(e, DIST_UNIFORM, args);
    case B_NORMAL: return distribution(e, DIST_NORMAL, args);
    case B_SPHERE: return distribution(e, DIST_SPHERE, args);
    case B_BERNOULLI: return distribution(e, DIST_BERNOULLI, args);
    case B_ONEHOT: return distribution(e, DIST_ONEHOT, args);
    case B_CONSTANT: return distribution(e, DIST_CONSTANT, args);
    case B_DISTRIBUTION: return distribution_of(e, args);
    case B_EMA: /* average.c reads the declaration of a net */
        diag(e->g, E0429, span, "A");
        return value_error();
    }
    return value_error();
}
