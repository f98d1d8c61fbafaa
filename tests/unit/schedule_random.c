/* schedule_random.c: kernels of machine-made graphs against the reference evaluator.
 *
 *     schedule_random [GRAPHS [SEED]] */
#include "schedule_model.h"

static uint64_t seed = 88172645463325252u;

static uint32_t below(uint32_t n) /* 0 .. n - 1 */
{
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    return (uint32_t)((seed >> 32) * n >> 32);
}

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

/* x, made an image, under windows of any kind: laid apart and put back, or a convolution, its transpose and its gradient for the weights. */
static void add_windows(struct model *m, struct node *x)
{
    int64_t n = type_elements(x->type), h = 1 + below(5), w = 1 + below(5), out = below(2) ? 1 : 1 + below(20), size[2];
    while (n % h) h--;
    while (n / h % w) w--;
    int64_t c = n / h / w;
    struct node like = {.axis_count = 8, .number = below(2) ? 0 : 0.25};
    x = node(m, OP_reshape, 1, &x, (struct node){.type = type_of(x->type.batched, 3, (int64_t[]){h, w, c})});
    for (int i = 0; i < 2; i++) {
        int64_t stride = 1 + below(3), before = below(4), count = 1 + below(3);
        size[i] = 1 + below(3);
        like.axes[i] = stride, like.axes[2 + i] = before, like.axes[6 + i] = size[i];
        like.axes[4 + i] = (count - 1) * stride + size[i] - before - x->type.dim[i]; /* of either sign */
    }
    if (below(2)) {
        struct node *y = node(m, OP_windows, 1, &x, like);
        if (below(2)) node(m, OP_windows_sum, 1, &y, like);
        return;
    }
    struct node *k = tensor(m, 2, size[0] * size[1] * c, out), *y;
    k = node(m, OP_reshape, 1, &k, (struct node){.type = type_of(false, 4, (int64_t[]){size[0], size[1], c, out})});
    if (below(3) == 0) k = unary(m, OP_tanh, k);
    y = node(m, OP_conv2d, 2, (struct node *[]){x, k}, like);
    if (below(2)) node(m, OP_conv2d_transpose, 2, (struct node *[]){unary(m, OP_sin, y), k}, like);
    if (below(2)) node(m, OP_conv2d_kernel, 2, (struct node *[]){x, y}, like);
}

static void add_random(struct model *m)
{
    static const enum op maps[] = {OP_neg, OP_tanh, OP_sigmoid, OP_abs, OP_stop, OP_sin}, pairs[] = {OP_add, OP_mul, OP_sub, OP_max, OP_add, OP_min};
    struct node *x = pick(m), *y = pick(m);
    struct type both;
    uint32_t rank = x->type.rank, bits = below(16);
    if (type_total(m->graph, x->type) > 3000) x = m->made.at[0], rank = x->type.rank;
    bool batch = x->type.batched && below(2);
    switch (below(11)) {
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
            static const enum op draws[] = {OP_rand_uniform, OP_rand_normal, OP_rand_index};
            node(m, draws[below(3)], 0, NULL, (struct node){.index = m->p.streams++, .type = x->type, .number = below(2) ? 4 : 300}); /* in a byte, or not */
        }
        break;
    case 9: if (type_total(m->graph, x->type) < 1000) add_windows(m, x); break;
    default: add_product(m, x);
    }
}

static void random_graph(void)
{
    struct model *m = model_new(1 + below(4));
    m->p.f64 = m->g->f64 = below(2);
    m->g->check_bounds = below(2);
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

int main(int argc, char **argv)
{
    int graphs = argc > 1 ? atoi(argv[1]) : 500;
    if (argc > 2) seed = strtoull(argv[2], NULL, 10);
    for (int i = 0; i < graphs && check_failures < 3; i++) random_graph();
    return check_done();
}
