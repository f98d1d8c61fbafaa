/* passes.c: what each pass does to small graphs, and that no pass, alone, left out, or in the pipeline, changes a value. */
#include "check.h"
#include "differentiate/differentiate.h"
#include "fixture.h"

static const int64_t batch = 3;

/* Compares the results before and after `pass`; then the graph is the pass's. */
static bool unchanged(struct fixture *f, pass_run *pass)
{
    int64_t n, m;
    const double *before = fixture_run(f, &n, NULL);
    pass(f->g, &f->p, f->graph);
    const char *wrong = graph_verify(f->g, &f->p, f->graph);
    if (wrong) printf("%s\n", wrong);
    const double *after = fixture_run(f, &m, NULL);
    bool same = n == m && !wrong;
    for (int64_t i = 0; i < n && same; i++) same = fabs(before[i] - after[i]) <= 1e-10 * (1 + fabs(before[i]));
    return same;
}

static void stabilize(struct fixture *f)
{
    stabilize_graph(f->g, &f->p, f->graph);
}

static struct type flat(int64_t n)
{
    return fixture_type(true, 1, n, 0);
}

/* ---- stability, through the reshape of a discriminator's last layer ---- */

static void test_stability(void)
{
    struct fixture *f = fixture_new(batch);
    struct node *h = fixture_input(f, flat(1));
    struct node *d = graph_reshape(f->g, f->graph, fixture_unary(f, OP_sigmoid, h), fixture_type(true, 0, 0, 0));
    struct node *real = fixture_unary(f, OP_log, d);
    struct node *fake = fixture_unary(f, OP_log, fixture_binary(f, OP_sub, fixture_number(f, 1), d));
    fixture_result(f, fixture_total(f, fixture_binary(f, OP_add, real, fake)));
    f->value[0][1] = -40; /* where the plain form still has a value in doubles */
    double before = fixture_run(f, NULL, NULL)[0];
    stabilize(f);
    CHECK_NEAR(fixture_run(f, NULL, NULL)[0], before, 1e-10);
    CHECK(fixture_count(f, OP_log) == 0 && fixture_count(f, OP_sigmoid) == 0 && fixture_count(f, OP_softplus) == 2);
    f->value[0][1] = 1e4; /* where it has none */
    CHECK(isfinite(fixture_run(f, NULL, NULL)[0]));
    fixture_free(f);
}

/* d log(s) / d s where s = sigmoid(x): the rewriting must not lose s. */
static void test_wanted(void)
{
    struct fixture *f = fixture_new(1);
    struct node *x = fixture_input(f, type_scalar()), *s = fixture_unary(f, OP_sigmoid, x);
    struct node *pair[2] = {fixture_unary(f, OP_log, s), s};
    fixture_result(f, fixture_node(f, OP_grad, 2, pair, (struct node){0}));
    f->value[0][0] = 0;
    CHECK(differentiate(f->g, &f->p));
    CHECK_NEAR(fixture_run(f, NULL, NULL)[0], 2, 1e-12);
    fixture_free(f);
}

/* One walk serves all x of one y; y that does not depend on x; grad of grad. */
static void test_grads(void)
{
    struct fixture *f = fixture_new(batch);
    struct node *x = fixture_input(f, flat(2)), *w = fixture_input(f, fixture_type(false, 2, 2, 4)), *z = fixture_input(f, type_scalar());
    struct node *y = fixture_unary(f, OP_tanh, graph_matmul(f->g, f->graph, x, w, false, false));
    fixture_result(f, fixture_node(f, OP_grad, 2, (struct node *[]){y, x}, (struct node){0}));
    fixture_result(f, fixture_node(f, OP_grad, 2, (struct node *[]){y, w}, (struct node){0}));
    fixture_result(f, fixture_node(f, OP_grad, 2, (struct node *[]){y, z}, (struct node){0}));
    CHECK(differentiate(f->g, &f->p));
    CHECK(fixture_count(f, OP_grad) == 0 && fixture_count(f, OP_matmul) == 3 && fixture_count(f, OP_tanh) == 1);
    int64_t n;
    const double *values = fixture_run(f, &n, NULL);
    CHECK(n == batch * 2 + 8 + 1 && values[n - 1] == 0);
    fixture_free(f);

    f = fixture_new(1); /* d/dx (d x^3/dx)^2 = 36 x^3 */
    x = fixture_tensor(f, type_scalar());
    y = fixture_binary(f, OP_pow, x, fixture_number(f, 3));
    struct node *d = fixture_node(f, OP_grad, 2, (struct node *[]){y, x}, (struct node){0});
    d = fixture_binary(f, OP_mul, d, d);
    fixture_result(f, fixture_node(f, OP_grad, 2, (struct node *[]){d, x}, (struct node){0}));
    f->value[0][0] = 2;
    CHECK(differentiate(f->g, &f->p));
    CHECK_NEAR(fixture_run(f, NULL, NULL)[0], 36 * 8, 1e-9);
    fixture_free(f);
}

/* ---- thin products: all shapes and flags ---- */

static void test_thin(void)
{
    for (int form = 0; form < 8 * 4 * 2; form++) {
        int64_t m = form & 1 ? 4 : 1, k = form & 2 ? 5 : 1, n = form & 4 ? 2 : 1;
        bool ta = form & 8, tb = form & 16, batched = form & 32;
        if (batched && ta && tb) continue; /* no such form */
        struct fixture *f = fixture_new(batch);
        /* batched: the batch is among A's rows (y = x W), or with ta it is summed over (dW = x' dy) */
        struct node *a = batched ? fixture_input(f, flat(ta ? m : k)) : fixture_input(f, ta ? fixture_type(false, 2, k, m) : fixture_type(false, 2, m, k));
        struct type b = tb ? fixture_type(false, 2, n, k) : fixture_type(false, 2, k, n);
        if (batched && ta) {
            b = flat(n);
            k = batch;
        } else if (batched)
            m = batch;
        fixture_result(f, graph_matmul(f->g, f->graph, a, fixture_input(f, b), ta, tb));
        bool same = unchanged(f, pass_thin);
        CHECK(same);
        CHECK(fixture_count(f, OP_matmul) == (m > 1 && k > 1 && n > 1));
        if (!same) printf("in form %d\n", form);
        fixture_free(f);
    }
}

static void test_transpose(void)
{
    for (int form = 0; form < 8; form++) {
        struct fixture *f = fixture_new(1);
        struct node flip = {.axes = {1, 0}}, *a = fixture_input(f, fixture_type(false, 2, 2, 3)), *b = fixture_input(f, fixture_type(false, 2, 4, 3));
        if (form & 1) a = fixture_node(f, OP_transpose, 1, &a, flip);
        if (form & 2) b = fixture_node(f, OP_transpose, 1, &b, flip);
        struct node *c = graph_matmul(f->g, f->graph, a, b, form & 1, !(form & 2));
        if (form & 4) c = fixture_node(f, OP_transpose, 1, &c, flip);
        fixture_result(f, c);
        CHECK(unchanged(f, pass_transpose));
        CHECK(fixture_count(f, OP_matmul) >= 1);
        pass_dce(f->g, &f->p, f->graph);
        CHECK(fixture_count(f, OP_transpose) == 0 && fixture_count(f, OP_matmul) == 1);
        fixture_free(f);
    }
}

/* ---- views ---- */

static void test_views(void)
{
    struct fixture *f = fixture_new(batch);
    struct node *x = fixture_input(f, flat(6)), *v;
    struct node turn = {.axes = {1, 0}};
    v = graph_reshape(f->g, f->graph, graph_reshape(f->g, f->graph, x, fixture_type(true, 2, 2, 3)), flat(6));
    fixture_result(f, v); /* x itself */
    v = graph_reshape(f->g, f->graph, x, fixture_type(true, 2, 2, 3));
    v = fixture_node(f, OP_transpose, 1, &v, turn);
    v = fixture_node(f, OP_transpose, 1, &v, turn);
    fixture_result(f, graph_reshape(f->g, f->graph, v, flat(6))); /* x again */
    v = fixture_node(f, OP_concat, 2, (struct node *[]){x, fixture_unary(f, OP_neg, x)}, (struct node){.axes = {0}});
    v = fixture_node(f, OP_slice, 1, &v, (struct node){.type = flat(4), .axes = {7}});
    fixture_result(f, fixture_node(f, OP_slice, 1, &v, (struct node){.type = flat(2), .axes = {1}})); /* a slice of -x */
    struct node *c = fixture_number(f, 2);
    v = fixture_binary(f, OP_mul, graph_expand(f->g, f->graph, c, flat(6)), x);
    fixture_result(f, v); /* 2 * x, no expand */
    for (int i = 0; i < 4; i++) CHECK(unchanged(f, pass_views));
    CHECK(pass_cse(f->g, &f->p, f->graph)); /* the results' as_tensor */
    pass_dce(f->g, &f->p, f->graph);
    CHECK(fixture_count(f, OP_reshape) == 0 && fixture_count(f, OP_transpose) == 0 && fixture_count(f, OP_concat) == 0);
    CHECK(fixture_count(f, OP_slice) == 1 && fixture_count(f, OP_expand) == 0);
    fixture_free(f);

    f = fixture_new(batch); /* sums of repeated values */
    struct node *row = fixture_input(f, fixture_type(false, 1, 3, 0));
    v = graph_expand(f->g, f->graph, row, fixture_type(true, 2, 2, 3));
    fixture_result(f, graph_sum(f->g, f->graph, v, (int64_t[]){0}, 1, true));     /* 2 * batch * row */
    fixture_result(f, graph_sum(f->g, f->graph, v, (int64_t[]){0, 1}, 2, false)); /* 2 * sum(row), for each example */
    v = graph_sum(f->g, f->graph, fixture_input(f, fixture_type(true, 2, 2, 3)), (int64_t[]){1}, 1, false);
    fixture_result(f, graph_sum(f->g, f->graph, v, (int64_t[]){0}, 1, true)); /* one sum */
    CHECK(unchanged(f, pass_views));
    pass_dce(f->g, &f->p, f->graph);
    CHECK(fixture_count(f, OP_sum) == 2);
    fixture_free(f);
}

/* ---- fold, cse, dce ---- */

static void test_fold(void)
{
    struct fixture *f = fixture_new(batch);
    struct node *x = fixture_input(f, flat(4)), *s = fixture_input(f, type_scalar()), *v;
    v = fixture_binary(f, OP_mul, fixture_binary(f, OP_mul, x, fixture_number(f, 3)), fixture_number(f, 0.5));
    fixture_result(f, fixture_unary(f, OP_neg, v)); /* x * -1.5 */
    v = fixture_binary(f, OP_sub, fixture_binary(f, OP_add, x, fixture_number(f, 3)), fixture_number(f, 1));
    fixture_result(f, v); /* x + 2 */
    v = fixture_binary(f, OP_max, fixture_number(f, 0), fixture_unary(f, OP_sigmoid, x));
    fixture_result(f, fixture_unary(f, OP_stop, v)); /* sigmoid(x) */
    fixture_result(f, fixture_binary(f, OP_div, x, s)); /* x * (1 / s) */
    fixture_result(f, fixture_binary(f, OP_mul, fixture_unary(f, OP_tanh, x), fixture_number(f, 0))); /* 0 */
    fixture_result(f, fixture_binary(f, OP_mul, x, fixture_number(f, 0))); /* stays: x may be infinite */
    fixture_result(f, graph_sum(f->g, f->graph, fixture_unary(f, OP_neg, fixture_binary(f, OP_mul, s, x)), (int64_t[]){0}, 1, true)); /* s * -sum(x) */
    for (int i = 0; i < 3; i++) CHECK(unchanged(f, pass_fold));
    pass_dce(f->g, &f->p, f->graph);
    CHECK(fixture_count(f, OP_mul) == 4 && fixture_count(f, OP_neg) == 1 && fixture_count(f, OP_add) == 1 && fixture_count(f, OP_sub) == 0);
    CHECK(f->graph->effects.at[6].value->type.rank == 0 && f->graph->effects.at[6].value->op == OP_neg);
    CHECK(fixture_count(f, OP_max) == 0 && fixture_count(f, OP_stop) == 0 && fixture_count(f, OP_tanh) == 0 && fixture_count(f, OP_div) == 1);
    fixture_free(f);
}

/* The sums of batchnorm's gradients: of numbers for each channel, also as [1, c], and of differences from the mean. */
static void test_factor(void)
{
    struct fixture *f = fixture_new(batch);
    int64_t rows[1] = {0};
    struct node *x = fixture_input(f, fixture_type(true, 2, 2, 4)), *y = fixture_input(f, fixture_type(true, 2, 2, 4));
    struct node *c = fixture_input(f, fixture_type(false, 1, 4, 0)), *wide = graph_reshape(f->g, f->graph, c, fixture_type(false, 2, 1, 4));
    struct node *product = fixture_binary(f, OP_mul, x, fixture_binary(f, OP_mul, y, c));
    fixture_result(f, graph_sum(f->g, f->graph, fixture_unary(f, OP_neg, fixture_binary(f, OP_mul, wide, product)), rows, 1, true)); /* -c c sum(x y) */
    struct node *m = fixture_binary(f, OP_div, graph_sum(f->g, f->graph, x, rows, 1, true), fixture_number(f, 2 * batch));
    struct node *d = fixture_binary(f, OP_mul, wide, fixture_binary(f, OP_sub, x, m));
    fixture_result(f, graph_sum(f->g, f->graph, fixture_binary(f, OP_sub, fixture_unary(f, OP_neg, d), d), rows, 1, true)); /* 0 */
    struct node *other = fixture_binary(f, OP_div, graph_sum(f->g, f->graph, x, rows, 1, true), fixture_number(f, 2 * batch + 1));
    fixture_result(f, graph_sum(f->g, f->graph, fixture_binary(f, OP_sub, x, other), rows, 1, true)); /* no mean: stays */
    fixture_result(f, graph_sum(f->g, f->graph, fixture_binary(f, OP_mul, x, wide), (int64_t[]){1}, 1, true)); /* c is summed over: stays */
    fixture_result(f, graph_sum(f->g, f->graph, fixture_binary(f, OP_mul, x, c), rows, 1, false));           /* for each example: stays */
    CHECK(unchanged(f, pass_factor));
    const struct node *first = f->graph->effects.at[0].value, *sum = first->arg[0]->arg[0]->arg[0];
    CHECK(first->op == OP_neg && sum->op == OP_sum && sum->arg[0]->op == OP_mul && sum->arg[0]->arg[0]->op != OP_mul && sum->arg[0]->arg[1]->op != OP_mul);
    CHECK(f->graph->effects.at[1].value->op == OP_expand && f->graph->effects.at[1].value->arg[0]->op == OP_constant);
    for (uint32_t i = 2; i < 4; i++) CHECK(f->graph->effects.at[i].value->op == OP_sum);
    CHECK(f->graph->effects.at[4].value->arg[0]->op == OP_sum);
    CHECK(!pass_factor(f->g, &f->p, f->graph));
    fixture_free(f);
}

static void test_cse(void)
{
    struct fixture *f = fixture_new(batch);
    struct node *x = fixture_input(f, flat(4)), *y = fixture_input(f, flat(4));
    struct node *one = fixture_binary(f, OP_mul, x, y), *other = fixture_binary(f, OP_mul, y, x);
    fixture_result(f, fixture_binary(f, OP_add, one, other));
    fixture_result(f, fixture_binary(f, OP_add, fixture_binary(f, OP_sub, x, y), fixture_binary(f, OP_sub, y, x))); /* differ */
    struct node draw = {.type = flat(4)};
    for (uint32_t i = 0; i < 4; i++) { /* two streams, each drawn twice */
        draw.index = i / 2;
        fixture_result(f, fixture_node(f, OP_rand_uniform, 0, NULL, draw));
    }
    f->p.streams = 2;
    CHECK(unchanged(f, pass_cse));
    CHECK(fixture_count(f, OP_mul) == 1 && fixture_count(f, OP_sub) == 2 && fixture_count(f, OP_rand_uniform) == 2);
    CHECK(!pass_cse(f->g, &f->p, f->graph));
    fixture_unary(f, OP_exp, f->graph->nodes.at[0]); /* dead */
    vec_push(f->g->mem, &f->graph->keep, fixture_unary(f, OP_sin, f->graph->nodes.at[0]));
    CHECK(pass_dce(f->g, &f->p, f->graph) && !pass_dce(f->g, &f->p, f->graph));
    CHECK(fixture_count(f, OP_exp) == 0 && fixture_count(f, OP_sin) == 1);
    fixture_free(f);
}

/* Two minibatches through one net, with draws: value and gradients; a third that needs the first. */
static void test_stack(void)
{
    struct fixture *f = fixture_new(batch);
    struct node *w = fixture_tensor(f, fixture_type(false, 2, 4, 5)), *b = fixture_tensor(f, fixture_type(false, 1, 5, 0)), *y[2], *d[2], *dw[2], *back[2];
    for (uint32_t i = 0; i < 2; i++) {
        struct node *mask = fixture_node(f, OP_rand_uniform, 0, NULL, (struct node){.index = i, .type = flat(5)});
        struct node *x = fixture_input(f, flat(4)), *h = graph_matmul(f->g, f->graph, x, w, false, false);
        y[i] = fixture_binary(f, OP_mul, fixture_unary(f, OP_tanh, fixture_binary(f, OP_add, h, b)), mask);
        d[i] = fixture_binary(f, OP_mul, fixture_unary(f, i ? OP_exp : OP_sin, y[i]), mask);
        dw[i] = graph_matmul(f->g, f->graph, x, d[i], true, false);
        back[i] = graph_matmul(f->g, f->graph, d[i], w, false, true);
    }
    f->p.streams = 2;
    fixture_result(f, fixture_binary(f, OP_add, dw[1], dw[0]));
    fixture_result(f, fixture_binary(f, OP_add, graph_sum(f->g, f->graph, d[0], NULL, 0, true), graph_sum(f->g, f->graph, d[1], NULL, 0, true)));
    fixture_result(f, graph_matmul(f->g, f->graph, back[0], w, false, false)); /* needs y[0]: stays alone */
    fixture_result(f, back[1]);
    CHECK(unchanged(f, pass_stack));
    CHECK(fixture_count(f, OP_rand_uniform) == 1 && fixture_count(f, OP_tanh) == 1 && fixture_count(f, OP_sin) == 1 && fixture_count(f, OP_exp) == 1);
    CHECK(fixture_count(f, OP_matmul) == 4 && fixture_count(f, OP_mul) == 3 && fixture_count(f, OP_sum) == 1);
    CHECK(unchanged(f, pass_stack));
    fixture_free(f);

    f = fixture_new(batch); /* what each is normalised by is its own: the product is stacked, and no more */
    w = fixture_tensor(f, fixture_type(false, 2, 4, 5));
    for (uint32_t i = 0; i < 2; i++) {
        struct node *h = graph_matmul(f->g, f->graph, fixture_input(f, flat(4)), w, false, false);
        fixture_result(f, fixture_unary(f, OP_tanh, fixture_binary(f, OP_sub, h, graph_sum(f->g, f->graph, h, NULL, 0, true))));
    }
    CHECK(unchanged(f, pass_stack));
    CHECK(fixture_count(f, OP_matmul) == 1 && fixture_count(f, OP_sub) == 2 && fixture_count(f, OP_tanh) == 2);
    fixture_free(f);
}

int main(void)
{
    test_stability();
    test_wanted();
    test_grads();
    test_thin();
    test_transpose();
    test_views();
    test_fold();
    test_factor();
    test_cse();
    test_stack();
    return check_done();
}
