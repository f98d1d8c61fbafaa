/* schedule.c: kernels of machine-made graphs, interpreted, against the reference evaluator; and what must come out as one kernel. */
#include "base/buffer.h"
#include "base/diag.h"
#include "check.h"
#include "evaluate/evaluate.h"
#include "schedule/interpret.h"

#include <stdlib.h>

static uint64_t seed = 88172645463325252u;

static uint32_t below(uint32_t n) /* 0 .. n - 1 */
{
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    return (uint32_t)((seed >> 32) * n >> 32);
}

struct model {
    struct ganc *g;
    struct program p;
    struct graph *graph;
    VEC(struct node *) made;
};

static struct model *model_new(int64_t batch)
{
    struct ganc *g = ganc_new();
    struct model *m = NEW(g->mem, struct model);
    m->g = g;
    m->p.name = "test", m->p.source = "", m->p.f64 = g->f64 = true;
    m->graph = NEW(g->mem, struct graph);
    m->graph->kind = GRAPH_STEP, m->graph->name = "test", m->graph->batch = batch;
    vec_push(g->mem, &m->p.graphs, m->graph);
    return m;
}

static struct node *node(struct model *m, enum op op, uint32_t nargs, struct node *const *args, struct node like)
{
    struct node *n = graph_node(m->g, m->graph, op, nargs, args, &like, (struct span){0});
    if (n) vec_push(m->g->mem, &m->made, n);
    return n;
}

static struct node *unary(struct model *m, enum op op, struct node *a) { return node(m, op, 1, &a, (struct node){0}); }

static struct node *binary(struct model *m, enum op op, struct node *a, struct node *b)
{
    return node(m, op, 2, (struct node *[]){a, b}, (struct node){0});
}

static struct node *number(struct model *m, double x) { return graph_constant(m->g, m->graph, x, (struct span){0}); }

static struct node *matmul(struct model *m, struct node *a, struct node *b, bool ta, bool tb)
{
    return node(m, OP_matmul, 2, (struct node *[]){a, b}, (struct node){.ta = ta, .tb = tb});
}

static struct node *sum(struct model *m, struct node *x, uint32_t axes, bool batch) /* axes: bits */
{
    struct node like = {.over_batch = batch};
    for (uint32_t a = 0; a < x->type.rank; a++)
        if (axes >> a & 1) like.axes[like.axis_count++] = a;
    return node(m, OP_sum, 1, &x, like);
}

static struct node *tensor(struct model *m, uint32_t rank, int64_t a, int64_t b)
{
    struct tensor t = {.kind = TENSOR_PARAMETER, .type = type_of(false, rank, (int64_t[]){a, b}), .net = -1, .of = -1};
    t.name = arena_format(m->g->mem, "t%u", m->p.tensors.n);
    vec_push(m->g->mem, &m->p.tensors, t);
    return node(m, OP_tensor, 0, NULL, (struct node){.index = m->p.tensors.n - 1, .type = t.type});
}

static struct node *minibatch(struct model *m, uint32_t rank, int64_t a, int64_t b)
{
    struct data d = {.name = "data", .type = type_of(false, rank, (int64_t[]){a, b}), .any = true};
    vec_push(m->g->mem, &m->p.data, d);
    return node(m, OP_data, 0, NULL, (struct node){.index = m->p.data.n - 1, .type = type_of(true, rank, d.type.dim)});
}

static void effect(struct model *m, struct node *t, struct node *value)
{
    vec_push(m->g->mem, &m->graph->effects, (struct effect){t->index, value, {0}});
}

static void show(struct model *m, struct node *value)
{
    vec_push(m->g->mem, &m->graph->outputs, (struct output){.kind = OUTPUT_PICTURE, .name = "picture", .value = value, .sign = 1});
}

/* ---- kernels against the evaluator ---- */

static void data_fill(void *self, const struct graph *graph, uint64_t tick, uint32_t data, uint32_t draw, double *to)
{
    const struct program *p = self;
    (void)tick;
    for (int64_t i = 0; i < graph->batch * type_elements(p->data.at[data].type); i++) to[i] = sin(1.0 + i * 0.7 + data + 2.0 * draw);
}

static double scalar_of(void *self, const struct sexpr *e) { return evaluator_scalar(self, e); }

static bool agree(const struct interpretation *in, const struct storage *s, const double *want)
{
    for (int64_t i = 0; i < s->elements; i++) {
        double x = *interpret_cell(in, s, i), y = want[i];
        if (!(fabs(x - y) <= 1e-9 * (1 + fabs(y))) && !(isnan(x) && isnan(y)) && x != y) {
            printf("%s[%lld] is %.17g, not %.17g\n", s->name, (long long)i, x, y);
            return false;
        }
    }
    return true;
}

static bool runs_equal(struct model *m, const struct kernels *k, bool backwards)
{
    struct evaluator *e = evaluator_new(&m->p);
    e->source.self = &m->p, e->source.data = data_fill;
    for (uint32_t t = 0; t < m->p.tensors.n; t++)
        for (int64_t i = 0; i < type_elements(m->p.tensors.at[t].type); i++) e->tensors[t][i] = cos(t + 0.3 * i);
    struct interpretation in = {.k = k, .scalar = scalar_of, .self = e, .backwards = backwards};
    in.cells = NEW_ARRAY(m->g->mem, double, k->arena_bytes / 4 + 1);
    for (int64_t i = 0; i < k->arena_bytes / 4; i++) in.cells[i] = NAN;
    for (uint32_t t = 0; t < k->tensors.n; t++)
        for (int64_t i = 0; i < k->tensors.at[t].elements; i++) *interpret_cell(&in, &k->tensors.at[t], i) = e->tensors[t][i];
    const struct kernel_graph *kg = &k->graphs.at[0];
    for (uint32_t j = 0; j < kg->storages.n; j++) {
        const struct storage *s = &kg->storages.at[j];
        if (s->kind != STORAGE_BATCH) continue;
        double *x = NEW_ARRAY(m->g->mem, double, s->elements);
        data_fill(&m->p, m->graph, 0, s->index, s->draw, x);
        for (int64_t i = 0; i < s->elements; i++) *interpret_cell(&in, s, i) = x[i];
    }
    const char *wrong = evaluator_graph(e, m->graph);
    in.seed[0] = e->seed[0], in.seed[1] = e->seed[1], in.tick = e->tick;
    if (!wrong) wrong = kernels_interpret(m->g->mem, &in, 0);
    if (wrong) printf("%s\n", wrong);
    bool fine = !wrong;
    for (uint32_t t = 0; t < k->tensors.n && fine; t++) fine = agree(&in, &k->tensors.at[t], e->tensors[t]);
    for (uint32_t o = 0; o < kg->outputs.n && fine; o++)
        fine = agree(&in, kernels_storage(k, kg, kg->outputs.at[o].storage), evaluator_node(e, kg->outputs.at[o].output->value));
    evaluator_free(e);
    return fine;
}

/* Checks the kernels of m, and returns how many there are; `most` or fewer are expected. */
static const struct kernel_graph *model_check(struct model *m, uint32_t most)
{
    struct kernels *k = kernels_make(m->g, &m->p);
    bool fine = runs_equal(m, k, false) && runs_equal(m, k, true) && k->graphs.at[0].kernels.n <= most;
    CHECK(fine);
    if (!fine) {
        struct buffer b = {0};
        program_print(&b, m->g, &m->p);
        kernels_print(&b, m->g, k);
        printf("%s\n", b.text);
        buffer_free(&b);
    }
    return &k->graphs.at[0];
}

/* ---- random graphs ---- */

static int64_t size(void)
{
    static const int64_t sizes[] = {1, 2, 3, 4, 6, 20};
    return sizes[below(6)];
}

static struct node *pick(struct model *m) { return m->made.at[m->made.n - 1 - below(m->made.n < 12 ? m->made.n : 12)]; }

static struct node *add_view(struct model *m, struct node *x)
{
    struct node like = {.type = x->type};
    struct type *t = &like.type;
    switch (below(6)) {
    case 0: { /* another factorisation */
        int64_t n = type_elements(*t), d[3] = {1, 1, 1};
        for (int i = 0; i < 2; i++) {
            int64_t f = 1 + below(6);
            if (n % f == 0) d[i] = f, n /= f;
        }
        d[2] = n;
        like.type = type_of(t->batched, 3, d);
        return node(m, OP_reshape, 1, &x, like);
    }
    case 1:
        for (uint32_t a = 0; a < t->rank; a++) like.axes[a] = (a + 1) % t->rank;
        return node(m, OP_transpose, 1, &x, like);
    case 2:
        for (uint32_t a = 0; a < t->rank; a++) {
            like.axes[a] = below((uint32_t)t->dim[a]);
            t->dim[a] = 1 + below((uint32_t)(t->dim[a] - like.axes[a]));
        }
        return node(m, OP_slice, 1, &x, like);
    case 3:
        if (t->rank > 3) return NULL;
        for (uint32_t a = t->rank; a > 0; a--) t->dim[a] = t->dim[a - 1];
        t->dim[0] = size(), t->rank++;
        t->batched |= below(2);
        return node(m, OP_expand, 1, &x, like);
    case 4:
        for (uint32_t a = 0; a < t->rank; a++) like.axes[a] = below(3), t->dim[a] += like.axes[a] + below(2);
        return node(m, OP_pad, 1, &x, like);
    default:
        if (x->type.batched) return x->type.rank < 4 ? unary(m, OP_as_tensor, x) : NULL;
        return x->type.rank && x->type.dim[0] == m->graph->batch ? unary(m, OP_as_batch, x) : NULL;
    }
}

static void add_product(struct model *m, struct node *x)
{
    struct type t = x->type;
    if (!t.rank) return;
    int64_t n = size(), c = t.dim[t.rank - 1], rows, columns;
    type_matrix(m->graph, t, &rows, &columns);
    if (below(3)) matmul(m, x, tensor(m, 2, c, n), false, false);
    else if (below(2)) matmul(m, x, unary(m, OP_tanh, tensor(m, 2, n, c)), false, true);
    else matmul(m, x, x, true, false);
}

static void add_random(struct model *m)
{
    static const enum op maps[] = {OP_neg, OP_tanh, OP_sigmoid, OP_abs, OP_stop, OP_sin}, pairs[] = {OP_add, OP_mul, OP_sub, OP_max, OP_add, OP_min};
    struct node *x = pick(m), *y = pick(m);
    struct type both;
    uint32_t rank = x->type.rank, bits = below(16);
    if (type_total(m->graph, x->type) > 3000) x = m->made.at[0], rank = x->type.rank;
    bool batch = x->type.batched && below(2);
    switch (below(10)) {
    case 0: unary(m, maps[below(6)], x); break;
    case 1: case 2: case 3:
        if (type_broadcast(x->type, y->type, &both) && type_total(m->graph, both) < 5000) unary(m, OP_tanh, binary(m, pairs[below(6)], x, y));
        break;
    case 4: if (bits & ((1u << rank) - 1) || batch) sum(m, x, bits, batch); break;
    case 5:
        if (!rank) break;
        x = unary(m, OP_floor, binary(m, OP_add, binary(m, OP_mul, x, number(m, 9)), number(m, 0.37))); /* so that rounding decides nothing */
        node(m, below(2) ? OP_max_over : OP_argmax, 1, &x, (struct node){.axis_count = 1, .axes = {below(rank)}});
        break;
    case 6: case 7: add_view(m, x); break;
    case 8:
        if (rank && type_total(m->graph, x->type) < 2000) {
            struct node *z = type_equal(x->type, y->type) ? y : unary(m, OP_neg, x);
            node(m, OP_concat, 2, (struct node *[]){x, z}, (struct node){.axes = {below(rank)}, .axis_count = 1});
        } else {
            node(m, below(2) ? OP_rand_uniform : OP_rand_normal, 0, NULL, (struct node){.index = m->p.streams++, .type = x->type});
        }
        break;
    default: add_product(m, x);
    }
}

static void random_graph(void)
{
    struct model *m = model_new(1 + below(4));
    minibatch(m, 2, size(), size());
    minibatch(m, 1, size(), 0);
    struct node *swap[2] = {tensor(m, 2, 3, 4), tensor(m, 2, 3, 4)};
    for (uint32_t i = 0; i < 25; i++) add_random(m);
    for (uint32_t i = 0; i < 4; i++) show(m, pick(m));
    bool swaps = below(2);
    for (uint32_t i = 0; i < m->graph->nodes.n; i++) { /* tensors are updated, some in place, some from elsewhere */
        struct node *t = m->graph->nodes.at[i];
        if (t->op != OP_tensor || (swaps && (t == swap[0] || t == swap[1])) || !below(2)) continue;
        struct node *from = t;
        for (uint32_t j = 0; j < m->made.n; j++)
            if (type_equal(m->made.at[j]->type, t->type) && below(2)) from = m->made.at[j];
        effect(m, t, below(3) ? binary(m, OP_sub, t, from) : from);
    }
    if (swaps) effect(m, swap[0], swap[1]), effect(m, swap[1], below(2) ? unary(m, OP_neg, swap[0]) : swap[0]);
    uint32_t before = (uint32_t)check_failures;
    model_check(m, UINT32_MAX);
    if (diag_errors(m->g)) diag_print(m->g, stdout, COLOR_NEVER);
    CHECK((uint32_t)check_failures == before);
    ganc_free(m->g);
}

/* ---- what must come out as one kernel ---- */

static struct node *dense(struct model *m, struct node *x, struct node *w, struct node *b)
{
    return binary(m, OP_add, matmul(m, x, w, false, false), b);
}

/* A layer, its activation and a drawn mask: one product with an epilogue. */
static void test_epilogue(void)
{
    struct model *m = model_new(5);
    struct node *h = unary(m, OP_tanh, dense(m, minibatch(m, 1, 7, 0), tensor(m, 2, 7, 20), tensor(m, 1, 20, 0)));
    struct node *keep = node(m, OP_rand_uniform, 0, NULL, (struct node){.index = 0, .type = h->type});
    show(m, binary(m, OP_mul, h, binary(m, OP_gt, keep, number(m, 0.5))));
    model_check(m, 1);
    ganc_free(m->g);
}

/* dW and the update with momentum are one kernel, after the product that reads the old W. */
static void test_update(void)
{
    struct model *m = model_new(5);
    struct node *x = minibatch(m, 1, 7, 0), *dy = minibatch(m, 1, 20, 0), *w = tensor(m, 2, 7, 20), *v = tensor(m, 2, 7, 20);
    struct node *dw = matmul(m, x, dy, true, false), *half = number(m, 0.5);
    struct node *next = binary(m, OP_sub, binary(m, OP_mul, half, v), dw);
    effect(m, v, next);
    effect(m, w, binary(m, OP_add, w, next));
    show(m, matmul(m, dy, w, false, true));
    const struct kernel_graph *kg = model_check(m, 2);
    CHECK(kg->kernels.at[kg->kernels.n - 1].body.n == 9); /* the tile, 0.5, v, mul, sub, w, add, two stores */
    ganc_free(m->g);
}

/* Two products summed in one tile; softmax's two reductions; a swap. */
static void test_shapes(void)
{
    struct model *m = model_new(4);
    struct node *x = minibatch(m, 1, 6, 0), *a = tensor(m, 2, 6, 20), *b = tensor(m, 2, 6, 20);
    struct node *y = binary(m, OP_add, matmul(m, x, a, false, false), matmul(m, unary(m, OP_tanh, x), b, false, false));
    show(m, unary(m, OP_sin, y));
    const struct kernel_graph *kg = model_check(m, 2);
    CHECK(kg->kernels.at[kg->kernels.n - 1].products.n == 2);
    ganc_free(m->g);

    m = model_new(3);
    a = tensor(m, 2, 3, 4), b = tensor(m, 2, 3, 4);
    effect(m, a, b), effect(m, b, a);
    model_check(m, 1);
    ganc_free(m->g);

    m = model_new(3);
    a = tensor(m, 2, 4, 4), b = tensor(m, 2, 4, 4);
    effect(m, a, node(m, OP_transpose, 1, &b, (struct node){.axes = {1, 0}})), effect(m, b, node(m, OP_transpose, 1, &a, (struct node){.axes = {1, 0}}));
    model_check(m, 4);
    ganc_free(m->g);
}

/* A sum of everything large is made in two steps, the first of several tasks; column sums in several tasks. */
static void test_reductions(void)
{
    struct model *m = model_new(100);
    struct node *x = minibatch(m, 2, 900, 1);
    struct node *y = binary(m, OP_mul, x, x);
    show(m, sum(m, y, 3, true));
    const struct kernel_graph *kg = model_check(m, 2);
    CHECK(kg->kernels.at[0].tasks > 1);
    ganc_free(m->g);

    m = model_new(1);
    x = tensor(m, 1, 70000, 0);
    show(m, sum(m, binary(m, OP_mul, x, x), 1, false));
    kg = model_check(m, 2);
    CHECK(kg->kernels.at[0].tasks > 1);
    ganc_free(m->g);

    m = model_new(100);
    x = minibatch(m, 1, 1200, 0);
    show(m, sum(m, unary(m, OP_tanh, x), 0, true));
    kg = model_check(m, 1);
    CHECK(kg->kernels.at[0].tasks > 1 && kg->kernels.at[0].chunk % 64 == 0);
    ganc_free(m->g);
}

/* A layer of maxout: the product with its bias, then the largest of each five, vectors along the 240. */
static void test_maxout(void)
{
    struct model *m = model_new(10);
    struct node *h = dense(m, minibatch(m, 1, 7, 0), tensor(m, 2, 7, 1200), tensor(m, 1, 1200, 0));
    h = node(m, OP_reshape, 1, &h, (struct node){.type = type_of(true, 2, (int64_t[]){240, 5})});
    show(m, node(m, OP_max_over, 1, &h, (struct node){.axis_count = 1, .axes = {1}}));
    const struct kernel_graph *kg = model_check(m, 2);
    const struct kernel *k = &kg->kernels.at[kg->kernels.n - 1];
    CHECK(!k->reduced[k->rank - 1]);
    ganc_free(m->g);
}

int main(int argc, char **argv)
{
    int graphs = argc > 1 ? atoi(argv[1]) : 300;
    if (argc > 2) seed = strtoull(argv[2], NULL, 10);
    test_epilogue();
    test_update();
    test_shapes();
    test_reductions();
    test_maxout();
    for (int i = 0; i < graphs && check_failures < 3; i++) random_graph();
    return check_done();
}
