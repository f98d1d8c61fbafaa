/* graphs_make.c: see graphs.h: random programs: all operations, shapes, broadcasts, windows, draws, and gradients of them. */
#include "graphs.h"

#include <stdio.h>
#include <string.h>

#define MOST_VALUES 3000  /* elements of a value, beyond which nothing large is made of it */
#define MOST_INPUT 200    /* of one that a gradient is taken for: the evaluator goes one by one */

struct maker {
    struct ganc *g;
    struct program *p;
    struct graph *graph;
    uint64_t state;
    struct node *swap[2];    /* tensors of one shape, which may take each other's values */
    VEC(struct node *) made; /* in the order of making: operands of what follows */
};

static uint32_t below(struct maker *m, uint32_t n) /* 0 .. n - 1; splitmix64 (Steele et al. 2014) */
{
    uint64_t z = m->state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (uint32_t)(((z ^ z >> 31) >> 32) * n >> 32);
}

static bool once_in(struct maker *m, uint32_t n)
{
    return below(m, n) == 0;
}

static int64_t size(struct maker *m)
{
    static const int64_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 16, 17, 33};
    return sizes[below(m, once_in(m, 3) ? 10 : 6)];
}

/* ---- nodes ---- */

static struct node *node(struct maker *m, enum op op, uint32_t nargs, struct node *const *args, struct node like)
{
    struct node *n = graph_node(m->g, m->graph, op, nargs, args, &like, (struct span){0});
    if (n) vec_push(m->g->mem, &m->made, n);
    return n;
}

static struct node *unary(struct maker *m, enum op op, struct node *a)
{
    return node(m, op, 1, &a, (struct node){0});
}

static struct node *binary(struct maker *m, enum op op, struct node *a, struct node *b)
{
    return node(m, op, 2, (struct node *[]){a, b}, (struct node){0});
}

static struct node *number(struct maker *m, double x)
{
    return graph_constant(m->g, m->graph, x, (struct span){0});
}

static struct node *pick(struct maker *m)
{
    return m->made.at[m->made.n - 1 - below(m, m->made.n < 14 || once_in(m, 5) ? m->made.n : 14)];
}

static int64_t total(const struct maker *m, const struct node *n)
{
    return type_total(m->graph, n->type);
}

static struct node *tensor(struct maker *m, struct type type)
{
    struct tensor t = {.kind = TENSOR_PARAMETER, .type = type, .net = -1, .of = -1};
    t.name = arena_format(m->g->mem, "t%u", m->p->tensors.n);
    vec_push(m->g->mem, &m->p->tensors, t);
    return node(m, OP_tensor, 0, NULL, (struct node){.index = m->p->tensors.n - 1, .type = type});
}

static struct node *minibatch(struct maker *m, struct type type)
{
    struct data d = {.type = type, .any = true, .low = -1, .high = 1, .source = m->p->data.n, .slice_high = -1};
    d.name = arena_format(m->g->mem, "data%u", m->p->data.n);
    type.batched = false;
    d.type = type;
    vec_push(m->g->mem, &m->p->data, d);
    type.batched = true;
    return node(m, OP_data, 0, NULL, (struct node){.index = m->p->data.n - 1, .type = type, .range = range_all()});
}

static struct type shape(uint32_t rank, int64_t a, int64_t b)
{
    return type_of(false, rank, (int64_t[]){a, b});
}

/* ---- what is drawn: each takes a value and may add some ---- */

static struct node *bounded(struct maker *m, struct node *x) /* of a size that exponentials and powers stand */
{
    static const enum op ops[] = {OP_tanh, OP_sin, OP_erf};
    return unary(m, ops[below(m, 3)], x);
}

static struct node *positive(struct maker *m, struct node *x)
{
    switch (below(m, 4)) {
    case 0: return binary(m, OP_add, unary(m, OP_abs, x), number(m, 0.5));
    case 1: return unary(m, OP_exp, bounded(m, x));
    case 2: return binary(m, OP_add, unary(m, OP_softplus, x), number(m, 0.25));
    default: return binary(m, OP_add, binary(m, OP_mul, x, x), number(m, 1));
    }
}

/* floor and argmax of what is no whole number, nor near one by design */
static struct node *steps(struct maker *m, struct node *x)
{
    return unary(m, OP_floor, binary(m, OP_add, binary(m, OP_mul, bounded(m, x), number(m, 3)), number(m, 0.37)));
}

static void add_map(struct maker *m, struct node *x)
{
    switch (below(m, 18)) {
    case 0: unary(m, OP_neg, x); break;
    case 1: unary(m, OP_exp, bounded(m, x)); break;
    case 2: unary(m, OP_log, positive(m, x)); break;
    case 3: unary(m, OP_log, unary(m, OP_sigmoid, x)); break;
    case 4: unary(m, OP_log, binary(m, OP_sub, number(m, 1), unary(m, OP_sigmoid, bounded(m, x)))); break;
    case 5: unary(m, OP_sqrt, positive(m, x)); break;
    case 6: unary(m, OP_abs, x); break;
    case 7: unary(m, OP_sign, below(m, 4) ? binary(m, OP_add, x, number(m, 0.0137)) : x); break; /* few ties */
    case 8: unary(m, OP_sin, x); break;
    case 9: unary(m, OP_cos, x); break;
    case 10: unary(m, OP_tanh, x); break;
    case 11: unary(m, OP_sigmoid, x); break;
    case 12: unary(m, OP_softplus, x); break;
    case 13: unary(m, OP_erf, x); break;
    case 14: steps(m, x); break;
    case 15: unary(m, OP_stop, x); break;
    case 16: binary(m, OP_max, x, number(m, below(m, 2) ? 0 : 0.25)); break;
    default: binary(m, OP_mul, x, number(m, (double)below(m, 7) / 4 - 0.5)); break;
    }
}

static void add_pair(struct maker *m, struct node *x, struct node *y)
{
    static const enum op compare[] = {OP_eq, OP_ne, OP_lt, OP_le, OP_gt, OP_ge};
    struct type both;
    if (!type_broadcast(x->type, y->type, &both) || type_total(m->graph, both) > MOST_VALUES) return;
    uint32_t which = below(m, 12);
    if (which >= 10 && below(m, 4)) y = binary(m, OP_add, y, number(m, 0.0137)); /* few ties */
    switch (which) {
    case 0: case 1: binary(m, OP_add, x, y); break;
    case 2: binary(m, OP_sub, x, y); break;
    case 3: case 4: binary(m, OP_mul, bounded(m, x), y); break;
    case 5: binary(m, OP_div, x, positive(m, y)); break;
    case 6: binary(m, OP_rem, bounded(m, x), positive(m, y)); break;
    case 7:
        if (below(m, 2)) binary(m, OP_pow, positive(m, x), bounded(m, y));
        else binary(m, OP_pow, positive(m, x), number(m, below(m, 2) ? 2 + below(m, 2) : 0.5));
        break;
    case 8: binary(m, OP_max, x, y); break;
    case 9: binary(m, OP_min, x, y); break;
    case 10: binary(m, compare[below(m, 6)], x, y); break;
    default: {
        struct node *c = binary(m, compare[2 + below(m, 4)], x, y);
        node(m, OP_where, 3, (struct node *[]){c, x, y}, (struct node){0});
    }
    }
}

static void add_reduction(struct maker *m, struct node *x)
{
    struct node like = {0};
    uint32_t rank = x->type.rank;
    for (uint32_t a = 0; a < rank; a++)
        if (below(m, 2)) like.axes[like.axis_count++] = a;
    switch (below(m, 6)) {
    case 0:
        if (like.axis_count) node(m, OP_max_over, 1, &x, like);
        break;
    case 1:
        if (!rank) break;
        like.axis_count = 1, like.axes[0] = below(m, rank);
        node(m, OP_argmax, 1, &x, like);
        break;
    default:
        like.over_batch = x->type.batched && below(m, 2);
        if (like.axis_count || like.over_batch) node(m, OP_sum, 1, &x, like);
    }
}

static struct node *reshaped(struct maker *m, struct node *x)
{
    struct node like = {0};
    int64_t n = type_elements(x->type), d[3] = {1, 1, 1};
    for (int i = 0; i < 2; i++) {
        int64_t f = 1 + below(m, 6);
        if (n % f == 0) d[i] = f, n /= f;
    }
    d[2] = n;
    like.type = type_of(x->type.batched, 1 + below(m, 3), d);
    if (like.type.rank < 3) like.type.dim[like.type.rank - 1] = type_elements(x->type) / (like.type.rank == 2 ? d[0] : 1);
    return node(m, OP_reshape, 1, &x, like);
}

static void add_view(struct maker *m, struct node *x)
{
    struct node like = {.type = x->type};
    struct type *t = &like.type;
    switch (below(m, 9)) {
    case 0: reshaped(m, x); break;
    case 1:
        for (uint32_t a = 0; a < t->rank; a++) like.axes[a] = (a + 1) % t->rank;
        if (t->rank > 2 && below(m, 2)) like.axes[0] = 0, like.axes[1] = 2, like.axes[2] = 1;
        for (uint32_t a = 3; t->rank > 3 && a < t->rank; a++) like.axes[a] = a;
        if (t->rank == 4) like.axes[0] = 3, like.axes[1] = 1, like.axes[2] = 0, like.axes[3] = 2;
        if (t->rank && t->rank < 5) node(m, OP_transpose, 1, &x, like);
        break;
    case 2:
        for (uint32_t a = 0; a < t->rank; a++) {
            like.axes[a] = below(m, (uint32_t)t->dim[a]);
            t->dim[a] = 1 + below(m, (uint32_t)(t->dim[a] - like.axes[a]));
        }
        node(m, OP_slice, 1, &x, like);
        break;
    case 3:
        if (t->rank > 3 || total(m, x) > MOST_VALUES / 8) break;
        for (uint32_t a = t->rank; a > 0; a--) t->dim[a] = t->dim[a - 1];
        t->dim[0] = 1 + below(m, 8), t->rank++;
        t->batched |= below(m, 2);
        node(m, OP_expand, 1, &x, like);
        break;
    case 4:
        for (uint32_t a = 0; a < t->rank; a++) like.axes[a] = below(m, 3), t->dim[a] += like.axes[a] + below(m, 2);
        node(m, OP_pad, 1, &x, like);
        break;
    case 5:
        if (t->rank && total(m, x) < MOST_VALUES / 2) {
            struct node *y = pick(m);
            if (!type_equal(x->type, y->type)) y = unary(m, OP_neg, x);
            node(m, OP_concat, 2, (struct node *[]){x, y}, (struct node){.axes = {below(m, t->rank)}, .axis_count = 1});
        }
        break;
    case 6:
        if (x->type.batched && t->rank < 5) unary(m, OP_as_tensor, x);
        else if (!x->type.batched && t->rank && t->dim[0] == m->graph->batch) unary(m, OP_as_batch, x);
        break;
    case 7:
        if (t->rank == 2) node(m, OP_transpose, 1, &x, (struct node){.axes = {1, 0}});
        break;
    default: unary(m, OP_neg, reshaped(m, x));
    }
}

static void add_product(struct maker *m, struct node *x)
{
    struct type t = x->type;
    if (!t.rank) return;
    int64_t n = size(m), c = t.dim[t.rank - 1];
    if (type_total(m->graph, t) / c * n > MOST_VALUES) return;
    struct node *other = NULL;
    switch (below(m, 5)) {
    case 0: other = tensor(m, shape(2, n, c)); break;
    case 1: node(m, OP_matmul, 2, (struct node *[]){x, x}, (struct node){.ta = true}); return;
    case 2: { /* two values that are there */
        struct node *y = pick(m);
        for (int flags = 0; flags < 4; flags++) {
            int64_t r[2], k[2];
            type_matrix(m->graph, x->type, &r[0], &k[0]);
            if (!y->type.rank) continue;
            type_matrix(m->graph, y->type, &r[1], &k[1]);
            int64_t inner[2] = {flags & 1 ? r[0] : k[0], flags & 2 ? k[1] : r[1]};
            int64_t outer[2] = {flags & 1 ? k[0] : r[0], flags & 2 ? r[1] : k[1]};
            bool plain = x->type.batched <= 1 && y->type.batched <= 1 && x->type.rank <= 2 && y->type.rank <= 2 && !x->type.batched && !y->type.batched;
            if (plain && x->type.rank == 2 && y->type.rank == 2 && inner[0] == inner[1] && outer[0] * outer[1] < MOST_VALUES) {
                node(m, OP_matmul, 2, (struct node *[]){x, y}, (struct node){.ta = flags & 1, .tb = flags >> 1});
                return;
            }
        }
        return;
    }
    default: break;
    }
    if (other) node(m, OP_matmul, 2, (struct node *[]){x, other}, (struct node){.tb = true});
    else node(m, OP_matmul, 2, (struct node *[]){x, tensor(m, shape(2, c, n))}, (struct node){0});
}

/* x, made an image, under windows of any kind: laid apart and put back, or a convolution, its transpose and its gradient for the weights. */
static void add_windows(struct maker *m, struct node *x)
{
    int64_t n = type_elements(x->type), h = 1 + below(m, 6), w = 1 + below(m, 6), out = below(m, 2) ? 1 : 1 + below(m, 20), sides[2];
    while (n % h) h--;
    while (n / h % w) w--;
    int64_t c = n / h / w;
    struct node like = {.axis_count = 8, .number = below(m, 2) ? 0 : 0.25};
    if (total(m, x) > MOST_VALUES / 4) return;
    x = node(m, OP_reshape, 1, &x, (struct node){.type = type_of(x->type.batched, 3, (int64_t[]){h, w, c})});
    int64_t windows = 1;
    for (int i = 0; i < 2; i++) {
        int64_t stride = 1 + below(m, 3), before = below(m, 4), count = 1 + below(m, 3);
        sides[i] = 1 + below(m, 5);
        like.axes[i] = stride, like.axes[2 + i] = before, like.axes[6 + i] = sides[i];
        like.axes[4 + i] = (count - 1) * stride + sides[i] - before - x->type.dim[i]; /* of either sign */
        windows *= count * sides[i];
    }
    if (type_examples(m->graph, x->type) * windows * c > 4 * MOST_VALUES) return;
    if (once_in(m, 3)) {
        struct node *y = node(m, OP_windows, 1, &x, like);
        if (y && below(m, 2)) node(m, OP_windows_sum, 1, &y, like);
        if (y && below(m, 2)) node(m, OP_max_over, 1, &y, (struct node){.axis_count = 1, .axes = {2}});
        return;
    }
    struct node *k = tensor(m, type_of(false, 4, (int64_t[]){sides[0], sides[1], c, out})), *y;
    y = node(m, OP_conv2d, 2, (struct node *[]){x, k}, like);
    if (y && below(m, 2)) node(m, OP_conv2d_transpose, 2, (struct node *[]){bounded(m, y), k}, like);
    if (y && below(m, 2)) node(m, OP_conv2d_kernel, 2, (struct node *[]){x, y}, like);
}

static void add_leaf(struct maker *m)
{
    static const enum op draws[] = {OP_rand_uniform, OP_rand_normal, OP_rand_index, OP_rand_bernoulli};
    struct type type = pick(m)->type;
    switch (below(m, 8)) {
    case 0: number(m, (double)below(m, 9) / 4 - 1); break;
    case 1: node(m, OP_iota, 0, NULL, (struct node){.type = type_of(false, 1, (int64_t[]){size(m)})}); break;
    case 2: {
        const struct sexpr *tenth = sexpr_op(m->g, OP_mul, 2, (const struct sexpr *const[]){sexpr_leaf(m->g, SEXPR_STEP, 0), sexpr_number(m->g, 0.1)});
        node(m, OP_scalar, 0, NULL, (struct node){.scalar = tenth, .type = type_scalar()});
        break;
    }
    case 3: tensor(m, shape(1 + below(m, 2), size(m), size(m))); break;
    case 4:
        if (m->p->data.n < 3) minibatch(m, shape(1 + below(m, 2), size(m), size(m)));
        break;
    default: {
        enum op op = draws[below(m, 4)];
        struct node like = {.index = m->p->streams++, .type = type, .number = below(m, 2) ? 4 : 300};
        if (op == OP_rand_bernoulli) like.scalar = sexpr_number(m->g, 0.25 + 0.25 * below(m, 3));
        node(m, op, 0, NULL, like);
    }
    }
}

static void add_random(struct maker *m)
{
    struct node *x = pick(m);
    if (total(m, x) > MOST_VALUES) x = m->made.at[0];
    switch (below(m, 14)) {
    case 0: case 1: case 2: add_map(m, x); break;
    case 3: case 4: case 5: case 6: add_pair(m, x, pick(m)); break;
    case 7: case 8: add_reduction(m, x); break;
    case 9: case 10: add_view(m, x); break;
    case 11: add_product(m, x); break;
    case 12: add_windows(m, x); break;
    default: add_leaf(m);
    }
}

/* ---- gradients ---- */

/* May y, which gradients may be part of, be derived by x? Not by what stands between such a gradient's own x and its value: whether that is moved apart
 * from its own operands is a matter of how the rule is written (tanh's by its value, 1 - y^2, or by x). */
static bool derivable(struct maker *m, const struct node *y, const struct node *x)
{
    for (uint32_t id = x->id; id <= y->id; id++) {
        const struct node *inner = m->graph->nodes.at[id];
        if (inner->op != OP_grad || inner->arg[1] == x) continue;
        if ((inner == y || graph_depends(m->g->mem, m->graph, y, inner)) && graph_depends(m->g->mem, m->graph, x, inner->arg[1])) return false;
    }
    return true;
}

/* grad(y, x) of values where x is small and has a bearing on y. */
static struct node *add_gradient(struct maker *m, struct node *y)
{
    for (int tries = 0; tries < 30; tries++) {
        struct node *x = m->made.at[below(m, m->made.n)];
        if (x == y || x->id >= y->id || total(m, x) > MOST_INPUT || (x->type.batched && !y->type.batched && once_in(m, 2))) continue;
        if (!graph_depends(m->g->mem, m->graph, y, x) || !derivable(m, y, x)) continue;
        return node(m, OP_grad, 2, (struct node *[]){y, x}, (struct node){0});
    }
    return NULL;
}

static void add_gradients(struct maker *m, const struct recipe *r)
{
    struct node *last = NULL;
    for (uint32_t i = 0, tries = 0; i < r->grads && tries < 40; tries++) {
        struct node *y = last && r->second && i == 1 ? binary(m, OP_mul, last, bounded(m, last)) : pick(m);
        struct node *d = y ? add_gradient(m, y) : NULL;
        if (!d) continue;
        last = d;
        i++;
        add_pair(m, d, pick(m));
        add_random(m);
    }
}

/* ---- the program ---- */

static void show(struct maker *m, struct node *value)
{
    struct output o = {.kind = OUTPUT_PICTURE, .value = value, .sign = 1};
    o.name = arena_format(m->g->mem, "y%u", m->graph->outputs.n);
    vec_push(m->g->mem, &m->graph->outputs, o);
}

static struct graph *graph_new(struct ganc *g, struct program *p, enum graph_kind kind, const char *name, int64_t batch)
{
    struct graph *graph = NEW(g->mem, struct graph);
    *graph = (struct graph){.kind = kind, .name = name, .index = p->graphs.n, .batch = batch};
    vec_push(g->mem, &p->graphs, graph);
    return graph;
}

/* Some tensors are set, from values that are there or from their own. */
static void set_tensors(struct maker *m)
{
    uint32_t nodes = m->graph->nodes.n;
    bool *set = NEW_ARRAY(m->g->mem, bool, m->p->tensors.n);
    if (below(m, 2)) {
        struct node *first = m->swap[0], *value = below(m, 2) ? unary(m, OP_neg, first) : first;
        vec_push(m->g->mem, &m->graph->effects, (struct effect){first->index, m->swap[1], {0}});
        vec_push(m->g->mem, &m->graph->effects, (struct effect){m->swap[1]->index, value, {0}});
        set[first->index] = set[m->swap[1]->index] = true;
    }
    for (uint32_t i = 0; i < nodes; i++) {
        struct node *t = m->graph->nodes.at[i], *from = t;
        if (t->op != OP_tensor || set[t->index] || below(m, 2)) continue;
        for (uint32_t j = 0; j < m->made.n; j++)
            if (type_equal(m->made.at[j]->type, t->type) && below(m, 2)) from = m->made.at[j];
        struct node *value = below(m, 3) ? binary(m, OP_sub, t, from) : from;
        set[t->index] = true;
        vec_push(m->g->mem, &m->graph->effects, (struct effect){t->index, value, {0}});
    }
}

/* First values: normal, of standard deviation 0.7. */
static void first_values(struct maker *m, struct graph *init)
{
    struct graph *own = m->graph;
    m->graph = init;
    for (uint32_t t = 0; t < m->p->tensors.n; t++) {
        struct node *draw = node(m, OP_rand_normal, 0, NULL, (struct node){.index = m->p->streams++, .type = m->p->tensors.at[t].type});
        vec_push(m->g->mem, &init->effects, (struct effect){t, binary(m, OP_mul, draw, number(m, 0.75)), {0}});
    }
    m->graph = own;
}

struct program *graph_made(struct ganc *g, const struct recipe *r)
{
    struct maker m = {.g = g, .p = NEW(g->mem, struct program), .state = r->seed};
    m.p->name = "random", m.p->source = "";
    m.p->f64 = g->f64 = once_in(&m, 3);
    g->check_bounds = once_in(&m, 8);
    struct graph *init = graph_new(g, m.p, GRAPH_INIT, "first values", 1);
    m.graph = graph_new(g, m.p, GRAPH_STEP, "random", 1 + below(&m, once_in(&m, 4) ? 17 : 4));
    minibatch(&m, shape(2, size(&m), size(&m)));
    minibatch(&m, shape(1, size(&m), 0));
    tensor(&m, shape(1, size(&m), 0));
    tensor(&m, shape(2, size(&m), size(&m)));
    for (int i = 0; i < 2; i++) m.swap[i] = tensor(&m, shape(2, 3, 4));
    for (uint32_t i = 0; i < r->nodes; i++) add_random(&m);
    add_gradients(&m, r);
    for (uint32_t i = 0; i < 4; i++) {
        struct node *y = pick(&m);
        if (y->op != OP_data) show(&m, y);
    }
    set_tensors(&m);
    first_values(&m, init);
    return m.p;
}
