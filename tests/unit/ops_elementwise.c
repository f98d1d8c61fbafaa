/* Every MAP operation: its tangent against central differences of its value, its value against its range, at random points of a domain
 * (that keeps away from kinks); then values at the places that are special. */
#include "evaluate/evaluate.h"
#include "ops/ops.h"

#include "check.h"

#include <stdlib.h>

enum { POINTS = 64 };

static const struct domain {
    enum op op;
    double low[3], high[3];
} domains[] = {
    {OP_neg, {-3}, {3}},
    {OP_exp, {-3}, {3}},
    {OP_log, {0.1}, {5}},
    {OP_sqrt, {0.1}, {5}},
    {OP_abs, {0.1}, {4}},
    {OP_abs, {-4}, {-0.1}},
    {OP_sign, {0.1}, {4}},
    {OP_sign, {-4}, {-0.1}},
    {OP_sin, {-7}, {7}},
    {OP_cos, {-7}, {7}},
    {OP_tanh, {-3}, {3}},
    {OP_sigmoid, {-5}, {5}},
    {OP_sigmoid, {-50}, {-40}},
    {OP_softplus, {-5}, {5}},
    {OP_softplus, {30}, {50}},
    {OP_erf, {-2}, {2}},
    {OP_floor, {2.1}, {2.9}},
    {OP_add, {-3, -2}, {3, 5}},
    {OP_sub, {-3, -2}, {3, 5}},
    {OP_mul, {-3, -2}, {3, 5}},
    {OP_mul, {1, -5}, {3, -2}},
    {OP_div, {-3, 0.5}, {3, 2}},
    {OP_div, {1, -2}, {3, -0.5}},
    {OP_rem, {0.1, 1}, {0.9, 1.5}},
    {OP_rem, {-1.8, 2}, {-1.1, 3}},
    {OP_rem, {-1.8, -3}, {-1.1, -2}},
    {OP_pow, {0.2, -2}, {3, 2}},
    {OP_pow, {2, -2}, {2.5, 2}},
    {OP_max, {1, 2}, {1.9, 3}},
    {OP_max, {2, 1}, {3, 1.9}},
    {OP_min, {1, 2}, {1.9, 3}},
    {OP_min, {2, 1}, {3, 1.9}},
    {OP_eq, {1, 2}, {1.9, 3}},
    {OP_ne, {1, 2}, {1.9, 3}},
    {OP_lt, {1, 2}, {1.9, 3}},
    {OP_le, {1, 2}, {1.9, 3}},
    {OP_gt, {1, 2}, {1.9, 3}},
    {OP_ge, {1, 2}, {1.9, 3}},
    {OP_where, {0.5, -3, 2}, {1, 3, 4}},
    {OP_where, {0, -3, 2}, {0, 3, 4}},
};

static double uniform(double low, double high)
{
    return low + (high - low) * rand() / RAND_MAX;
}

/* A central difference: the cube root of the unit roundoff balances rounding and truncation. */
static double difference(enum op op, const double *x, const double *direction)
{
    const double h = 6e-6;
    double a[3], b[3];
    for (int i = 0; i < 3; i++) a[i] = x[i] - h * direction[i], b[i] = x[i] + h * direction[i];
    return (op_hooks[op].fold(b) - op_hooks[op].fold(a)) / (2 * h);
}

static bool inside(struct range r, double x)
{
    double slack = 1e-12 * (1 + fabs(x));
    return x >= r.low - slack && x <= r.high + slack;
}

static void check_domain(struct ganc *g, const struct domain *d)
{
    struct program p = {0};
    uint32_t n = (uint32_t)op_info[d->op].operands;
    struct type t = type_of(false, 1, (int64_t[]){POINTS});
    struct graph graph = {.kind = GRAPH_REPORT, .name = "test", .batch = 1};
    struct node *x[3];
    for (uint32_t i = 0; i < n; i++) {
        vec_push(g->mem, &p.tensors, (struct tensor){.name = "x", .type = t, .net = -1, .of = -1});
        x[i] = graph_node(g, &graph, OP_tensor, 0, NULL, &(struct node){.index = i, .type = t}, (struct span){0});
        x[i]->range = (struct range){d->low[i], d->high[i], false, false};
    }
    struct node *y = graph_node(g, &graph, d->op, n, x, &(struct node){0}, (struct span){0});
    vec_push(g->mem, &graph.keep, y);
    struct evaluator *e = evaluator_new(&p);
    double direction[3][POINTS], *directions[3] = {direction[0], direction[1], direction[2]};
    for (uint32_t i = 0; i < n; i++)
        for (int k = 0; k < POINTS; k++) {
            e->tensors[i][k] = uniform(d->low[i], d->high[i]);
            direction[i][k] = d->op == OP_where && i == 0 ? 0 : uniform(-1, 1);
        }
    CHECK(!evaluator_graph_tangent(e, &graph, (const double *const *)directions));
    for (int k = 0; k < POINTS; k++) {
        double at[3] = {0}, along[3] = {0};
        for (uint32_t i = 0; i < n; i++) at[i] = e->tensors[i][k], along[i] = direction[i][k];
        double value = op_hooks[d->op].fold(at), want = difference(d->op, at, along);
        bool good = evaluator_node(e, y)[k] == value && fabs(evaluator_tangent(e, y)[k] - want) <= 1e-8 * (1 + fabs(want)) && inside(y->range, value);
        CHECK(good);
        if (!good)
            printf("%s(%g, %g, %g) = %g in [%g, %g]: tangent %.12g, difference %.12g\n", op_info[d->op].name, at[0], at[1], at[2], value, y->range.low,
                   y->range.high, evaluator_tangent(e, y)[k], want);
    }
    evaluator_free(e);
}

static double value(enum op op, double a, double b, double c)
{
    return op_hooks[op].fold((double[]){a, b, c});
}

static void check_values(void)
{
    CHECK_NEAR(value(OP_sigmoid, -745, 0, 0), exp(-745), 0);
    CHECK(value(OP_sigmoid, 800, 0, 0) == 1 && value(OP_sigmoid, -800, 0, 0) == 0);
    CHECK(value(OP_softplus, 800, 0, 0) == 800 && value(OP_softplus, -800, 0, 0) == 0);
    CHECK_NEAR(value(OP_softplus, -40, 0, 0), exp(-40), 1e-30);
    CHECK_NEAR(value(OP_rem, 7, 3, 0), 1, 0);
    CHECK_NEAR(value(OP_rem, -7, 3, 0), 2, 0);
    CHECK_NEAR(value(OP_rem, 7, -3, 0), -2, 0);
    CHECK(value(OP_sign, 0, 0, 0) == 0 && value(OP_sign, -2, 0, 0) == -1);
    CHECK(value(OP_where, 0, 2, 3) == 3 && value(OP_where, -0.5, 2, 3) == 2);
    CHECK(value(OP_pow, 0, 0, 0) == 1);
    CHECK(isnan(value(OP_log, -1, 0, 0)));
}

/* The tangent along (1, ...) at kinks. */
static double tangent_at(struct ganc *g, enum op op, double a, double b, double da, double db)
{
    struct graph graph = {.batch = 1};
    struct node *x = graph_node(g, &graph, OP_tensor, 0, NULL, &(struct node){0}, (struct span){0}), *args[2] = {x, x};
    struct node *y = graph_node(g, &graph, op, (uint32_t)op_info[op].operands, args, &(struct node){0}, (struct span){0});
    double out, dout;
    struct evaluation e = {&graph, y, (const double *[]){&a, &b}, (const double *[]){&da, &db}, &out, &dout, NULL, NULL};
    op_hooks[op].evaluate(&e);
    return dout;
}

static void check_kinks(struct ganc *g)
{
    CHECK(tangent_at(g, OP_abs, 0, 0, 1, 0) == 0);
    CHECK(tangent_at(g, OP_max, 2, 2, 5, 7) == 5);
    CHECK(tangent_at(g, OP_min, 2, 2, 5, 7) == 5);
    CHECK(tangent_at(g, OP_floor, 2, 0, 1, 0) == 0);
    CHECK(tangent_at(g, OP_stop, 2, 0, 1, 0) == 0);
    CHECK(tangent_at(g, OP_sqrt, 0, 0, 0, 0) == 0); /* not 0 * inf */
    CHECK(tangent_at(g, OP_pow, 0, 2, 1, 0) == 0);
    CHECK(tangent_at(g, OP_pow, -3, 2, 1, 1) == -6);
}

int main(void)
{
    struct ganc *g = ganc_new();
    bool seen[OP_COUNT] = {false};
    for (size_t i = 0; i < sizeof domains / sizeof *domains; i++) {
        check_domain(g, &domains[i]);
        seen[domains[i].op] = true;
    }
    for (int op = 0; op < OP_COUNT; op++) {
        if (op_info[op].class == CLASS_MAP && op != OP_stop && !seen[op]) printf("%s has no row\n", op_info[op].name);
        CHECK(op_info[op].class != CLASS_MAP || op == OP_stop || seen[op]);
    }
    check_values();
    check_kinks(g);
    ganc_free(g);
    return check_done();
}
