/* schedule.c: what must come out as one kernel, or as several tasks; and that it computes the same. */
#include "schedule_model.h"

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
    struct node *x = minibatch(m, 2, 9000, 1);
    struct node *y = binary(m, OP_mul, x, x);
    show(m, sum(m, y, 3, true));
    const struct kernel_graph *kg = model_check(m, 2);
    CHECK(kg->kernels.at[0].tasks > 1);
    ganc_free(m->g);

    m = model_new(1);
    x = tensor(m, 1, 700000, 0);
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

/* What fits into no memory is an error, not an overflow. */
static void test_large(void)
{
    const int64_t n = (int64_t)1 << 40;
    for (int tensors = 0; tensors < 2; tensors++) {
        struct model *m = model_new(1);
        for (uint32_t i = 0; i < 20; i++) {
            if (tensors) tensor(m, 1, n, 0);
            else show(m, node(m, OP_rand_uniform, 0, NULL, (struct node){.index = i, .type = type_of(false, 1, &n)}));
        }
        kernels_make(m->g, &m->p);
        CHECK(diag_errors(m->g) == 1);
        ganc_free(m->g);
    }
}

int main(void)
{
    test_epilogue();
    test_update();
    test_shapes();
    test_reductions();
    test_maxout();
    test_large();
    return check_done();
}
