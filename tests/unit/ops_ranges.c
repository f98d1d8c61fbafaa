/* Interval arithmetic: known cases with their open ends, and random points that must stay inside. */
#include "graph/program.h"
#include "ops/interval.h"

#include "check.h"

#include <stdlib.h>

static struct range ends(const char *text) /* "[0, 1)", "(-inf, 2]" */
{
    char first, last;
    double low, high;
    sscanf(text, "%c%lf , %lf%c", &first, &low, &high, &last);
    return (struct range){low, high, first == '(', last == ')'};
}

static bool same_range(struct range a, struct range b)
{
    return a.low == b.low && a.high == b.high && a.low_open == b.low_open && a.high_open == b.high_open;
}

static struct range of(enum op op, struct range a, struct range b, bool same)
{
    static struct graph graph = {.batch = 4};
    struct node x = {.op = OP_tensor, .range = a}, y = {.op = OP_tensor, .range = b}, *args[3] = {&x, same ? &x : &y, &y};
    if (op == OP_where) args[1] = &x;
    struct node n = {.op = op, .nargs = (uint32_t)op_info[op].operands, .arg = args};
    op_hooks[op].range(&graph, &n);
    return n.range;
}

static void expect(enum op op, const char *a, const char *b, const char *want)
{
    bool same = b && !strcmp(b, "same");
    struct range r = of(op, ends(a), ends(b && !same ? b : a), same), w = ends(want);
    bool good = same_range(r, w);
    CHECK(good);
    if (!good)
        printf("%s of %s, %s is %c%.17g, %.17g%c, not %s\n", op_info[op].name, a, b ? b : "-", "[("[r.low_open], r.low, r.high, "])"[r.high_open], want);
}

static void check_cases(void)
{
    const char *all = "(-inf, inf)";
    expect(OP_sigmoid, all, NULL, "(0, 1)");
    expect(OP_tanh, all, NULL, "(-1, 1)");
    expect(OP_erf, all, NULL, "(-1, 1)");
    expect(OP_softplus, all, NULL, "(0, inf)");
    expect(OP_exp, all, NULL, "(0, inf)");
    expect(OP_exp, "[0, 0]", NULL, "[1, 1]");
    expect(OP_abs, all, NULL, "[0, inf)");
    expect(OP_abs, "[-2, 1)", NULL, "[0, 2]");
    expect(OP_abs, "(-2, 2]", NULL, "[0, 2]");
    expect(OP_abs, "(-3, -1)", NULL, "(1, 3)");
    expect(OP_neg, "[-2, 1)", NULL, "(-1, 2]");
    expect(OP_sin, all, NULL, "[-1, 1]");
    expect(OP_log, "(0, 1)", NULL, "(-inf, 0)");
    expect(OP_log, "[-1, 1]", NULL, "(-inf, 0]");
    expect(OP_log, "[-2, -1]", NULL, all);
    expect(OP_sqrt, "[0, 4)", NULL, "[0, 2)");
    expect(OP_sqrt, all, NULL, "[0, inf)");
    expect(OP_sign, "(0, 3]", NULL, "[1, 1]");
    expect(OP_sign, "[0, 3]", NULL, "[0, 1]");
    expect(OP_floor, "[0, 1)", NULL, "[0, 0]");
    expect(OP_floor, "[-0.5, 2]", NULL, "[-1, 2]");
    expect(OP_stop, "[0, 1)", NULL, "[0, 1)");
    expect(OP_add, "[0, 1)", "(2, 3]", "(2, 4)");
    expect(OP_add, "[0, inf)", all, all);
    expect(OP_sub, "[1, 1]", "(0, 1)", "(0, 1)");
    expect(OP_mul, "[-2, 3]", "[-5, 7]", "[-15, 21]");
    expect(OP_mul, "[0, 1]", all, all);
    expect(OP_mul, "[0, 0]", all, "[0, 0]");
    expect(OP_mul, "(0, 1)", "(0, inf)", "(0, inf)");
    expect(OP_mul, all, "same", "[0, inf)");
    expect(OP_mul, "(-1, 3)", "same", "[0, 9)");
    expect(OP_mul, all, all, all);
    expect(OP_div, "[0, 1]", "[2, 2]", "[0, 0.5]");
    expect(OP_div, "[1, 1]", "(0, 4]", "[0.25, inf)");
    expect(OP_div, "[1, 2]", "[-4, -1]", "[-2, -0.25]");
    expect(OP_div, "[1, 2]", "[0, 1]", all);
    expect(OP_div, "[1, 2]", "[-1, 1]", all);
    expect(OP_rem, all, "[3, 3]", "[0, 3)");
    expect(OP_rem, "[0, 1]", "[3, 3]", "[0, 1]");
    expect(OP_rem, all, "[-3, -3]", "(-3, 0]");
    expect(OP_rem, all, all, all);
    expect(OP_pow, all, "[2, 2]", "[0, inf)");
    expect(OP_pow, "(-2, 1]", "[2, 2]", "[0, 4)");
    expect(OP_pow, "[-2, 2]", "[3, 3]", "[-8, 8]");
    expect(OP_pow, "(0, 2]", "[-1, -1]", "[0.5, inf)");
    expect(OP_pow, "[0, 4]", "[0.5, 0.5]", "[0, 2]");
    expect(OP_pow, all, "[0, 0]", "[1, 1]");
    expect(OP_pow, "[0.5, 0.5]", "[1, inf)", "(0, 0.5]");
    expect(OP_pow, "(0, 9]", all, "(0, inf)");
    expect(OP_pow, all, "[0.5, 2]", all);
    expect(OP_max, "[0, 0]", all, "[0, inf)");
    expect(OP_max, "(1, 2]", "[1, 3)", "(1, 3)");
    expect(OP_min, "[0, 1]", "(0, 1)", "[0, 1)");
    expect(OP_min, all, "[1, 1]", "(-inf, 1]");
    expect(OP_lt, all, all, "[0, 1]");
    expect(OP_where, "[0, 1]", "(2, 3]", "[0, 3]");
}

/* Rounding to a limit does not close the end: no sigmoid is 1. */
static void check_limits(void)
{
    struct range r = of(OP_sigmoid, ends("[100, 200]"), ends("[0, 0]"), false);
    CHECK(r.low < 1 && r.high == 1 && r.high_open);
    r = of(OP_exp, ends("[-2000, -1000]"), ends("[0, 0]"), false);
    CHECK(r.low == 0 && r.low_open && r.high > 0);
    r = of(OP_exp, ends("[1000, 2000]"), ends("[0, 0]"), false);
    CHECK(r.low > 1e308 && r.low < INFINITY && r.high == INFINITY && r.high_open);
    CHECK(!range_known(interval_point(INFINITY)) && !range_known(interval_point(NAN)));
}

static double uniform(double low, double high)
{
    return low + (high - low) * rand() / RAND_MAX;
}

static void check_random(enum op op)
{
    for (int i = 0; i < 300; i++) {
        struct range r[2];
        double x[3];
        for (int k = 0; k < 2; k++) {
            double a = floor(uniform(-4, 4)), b = floor(uniform(-4, 4));
            r[k] = interval_of(fmin(a, b), fmax(a, b));
        }
        bool same = rand() % 4 == 0;
        struct range y = of(op, r[0], r[1], same);
        for (int j = 0; j < 20; j++) {
            x[0] = uniform(r[0].low, r[0].high);
            x[1] = same ? x[0] : uniform(r[1].low, r[1].high);
            if (op == OP_where) x[2] = x[1], x[1] = x[0];
            double v = op_hooks[op].fold(x);
            bool good = isnan(v) || (v >= y.low - 1e-9 && v <= y.high + 1e-9);
            CHECK(good);
            if (!good) printf("%s(%g, %g) = %g is not in [%g, %g]\n", op_info[op].name, x[0], x[1], v, y.low, y.high);
        }
    }
}

/* Leaves, reductions and views: what they make of an operand in (-1, 2]. */
static void check_others(void)
{
    struct ganc *g = ganc_new();
    struct graph graph = {.batch = 4};
    struct type t = type_of(true, 2, (int64_t[]){3, 5}), wide = type_of(true, 2, (int64_t[]){4, 5});
    struct node *x = graph_node(g, &graph, OP_input, 0, NULL, &(struct node){.type = t, .range = {-1, 2, true, false}}, (struct span){0});
    struct {
        enum op op;
        struct node like;
        const char *want;
    } rows[] = {
        {OP_sum, {.axes = {1}, .axis_count = 1}, "(-5, 10]"},
        {OP_sum, {.axes = {0, 1}, .axis_count = 2, .over_batch = true}, "(-60, 120]"},
        {OP_max_over, {.axes = {1}, .axis_count = 1}, "(-1, 2]"},
        {OP_argmax, {.axes = {1}}, "[0, 4]"},
        {OP_transpose, {.axes = {1, 0}}, "(-1, 2]"},
        {OP_as_tensor, {0}, "(-1, 2]"},
        {OP_input, {.type = t}, "(-inf, inf)"}, /* nothing declared */
        {OP_data, {.type = t, .range = {0, 1, false, false}}, "[0, 1]"},
        {OP_rand_uniform, {.type = t}, "[0, 1)"},
        {OP_rand_index, {.type = t, .number = 10}, "[0, 9]"},
        {OP_iota, {.type = type_of(false, 1, (int64_t[]){7})}, "[0, 6]"},
        {OP_scalar, {.scalar = sexpr_number(g, 3)}, "[3, 3]"},
        {OP_scalar, {.scalar = sexpr_leaf(g, SEXPR_STEP, 0)}, "(-inf, inf)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct node *y = graph_node(g, &graph, rows[i].op, op_info[rows[i].op].operands ? 1 : 0, &x, &rows[i].like, (struct span){0});
        CHECK(same_range(y->range, ends(rows[i].want)));
        if (!same_range(y->range, ends(rows[i].want))) printf("%s: [%g, %g], not %s\n", op_info[rows[i].op].name, y->range.low, y->range.high, rows[i].want);
    }
    struct node *up = graph_binary(g, &graph, OP_add, x, graph_constant(g, &graph, 5, (struct span){0})); /* (4, 7] */
    struct node *padded = graph_node(g, &graph, OP_pad, 1, &up, &(struct node){.type = wide}, (struct span){0});
    struct node *joined = graph_node(g, &graph, OP_concat, 2, (struct node *[]){x, up}, &(struct node){0}, (struct span){0});
    CHECK(same_range(padded->range, ends("[0, 7]")));
    CHECK(same_range(joined->range, ends("(-1, 7]")));
    struct node *image = graph_reshape(g, &graph, up, type_of(true, 3, (int64_t[]){1, type_elements(up->type), 1}));
    struct node like = {.axes = {1, 1, 0, 0, 0, 0, 1, 3}, .axis_count = 8}; /* windows of three, none outside */
    struct node *inside = graph_node(g, &graph, OP_windows, 1, &image, &like, (struct span){0});
    struct node *sums = graph_node(g, &graph, OP_windows_sum, 1, &inside, &like, (struct span){0});
    like.axes[3] = like.axes[5] = 1;
    struct node *outside = graph_node(g, &graph, OP_windows, 1, &image, &like, (struct span){0});
    like.number = -INFINITY; /* which is never the largest */
    struct node *largest = graph_node(g, &graph, OP_windows, 1, &image, &like, (struct span){0});
    CHECK(same_range(inside->range, ends("(4, 7]")) && same_range(sums->range, ends("[0, 21]")));
    CHECK(same_range(outside->range, ends("[0, 7]")) && same_range(largest->range, ends("(4, 7]")));
    ganc_free(g);
}

int main(void)
{
    check_cases();
    check_limits();
    check_others();
    for (int op = 0; op < OP_COUNT; op++)
        if (op_info[op].class == CLASS_MAP) check_random((enum op)op);
    return check_done();
}
