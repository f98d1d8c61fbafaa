/* What the runtime says of the origin of bad values rests on two copies of what the compiler knows: the elementwise operations, and the kernels' description.
 * Here every operation of the table is the runtime's function of the same name, the same value for value; bad values are counted; descriptions that end early
 * or name what is not there are refused. */
#include "check.h"
#include "ops/ops.h"
#include "trace.h"

#include <stdlib.h>

static void check_operations(void)
{
    static const double values[] = {-INFINITY, -1e30, -2.5, -1, -0.3, -0.0, 0, 1e-20, 0.4, 1, 2, 7.75, 1e30, INFINITY, NAN};
    enum { N = sizeof values / sizeof *values };
    uint32_t found = 0;
    for (int op = 0; op < OP_COUNT; op++) {
        if (op_info[op].class != CLASS_MAP) continue;
        trace_function *f = trace_find_function(op_info[op].name);
        CHECK(f != NULL);
        found++;
        for (uint32_t i = 0; f && i < N * N * N; i++) {
            double x[3] = {values[i % N], values[i / N % N], values[i / N / N]};
            double a = f(x), b = op_hooks[op].fold(x);
            bool nan = isnan(x[0]) || isnan(x[1]) || isnan(x[2]);
            if (nan) continue; /* of NaN the compiled code decides: below */
            CHECK((isnan(a) && isnan(b)) || a == b);
        }
    }
    CHECK(found > 25 && !trace_find_function("matmul") && !trace_find_function(""));
    static const char *const keep[] = {"neg", "exp", "log", "sqrt", "abs", "sign", "sin", "cos", "tanh", "sigmoid", "softplus", "erf", "floor", "add", "sub", "mul",
                                       "div", "rem", "max", "min"};
    for (size_t i = 0; i < sizeof keep / sizeof *keep; i++) {
        CHECK(isnan(trace_find_function(keep[i])((double[]){NAN, 1, 0})));
        CHECK(op_info[op_find(keep[i])].operands < 2 || isnan(trace_find_function(keep[i])((double[]){1, NAN, 0})));
    }
    CHECK(trace_find_function("where")((double[]){1, 2, NAN}) == 2 && trace_find_function("lt")((double[]){NAN, 1, 0}) == 0);
}

static void check_finite(void)
{
    enum { N = 100 };
    float f[N] = {0};
    double d[N] = {0};
    CHECK(trace_finite(f, N, 4, false) && trace_finite(d, N, 8, false));
    for (int i = 0; i < N; i++) {
        static const float largest = 3.40282347e38f;
        f[i] = -largest, d[i] = -1.7976931348623157e308;
        CHECK(trace_finite(f, N, 4, false) && trace_finite(d, N, 8, false));
        f[i] = -INFINITY, d[i] = INFINITY;
        CHECK(!trace_finite(f, N, 4, false) && !trace_finite(d, N, 8, false) && trace_finite(f, N, 4, true) && trace_finite(d, N, 8, true));
        CHECK(trace_finite(f, i, 4, false) && trace_finite(d, i, 8, false));
        f[i] = NAN, d[i] = -NAN;
        CHECK(!trace_finite(f, N, 4, true) && !trace_finite(d, N, 8, true));
        f[i] = 0, d[i] = 0;
    }
}

/* for i0 in 0..4, i1 in 0..3, summed over i2 in 0..5 */
static void check_points(void)
{
    struct trace_kernel k = {.rank = 3, .extent = {4, 3, 5}, .reduced = {false, false, true}, .reduces = true};
    struct trace_access a = {.offset = 7, .stride = {30, 10, 2}};
    int64_t at[TRACE_RANK];
    for (int64_t i = 0; i < 60; i++) {
        int64_t element = 7 + 30 * (i / 15) + 10 * (i / 5 % 3) + 2 * (i % 5);
        CHECK(trace_solve(&k, &a, element, true, at) && at[0] == i / 15 && at[1] == i / 5 % 3 && at[2] == i % 5);
        CHECK(trace_solve(&k, &a, element, false, at) == (i % 5 == 0));
        CHECK(!trace_solve(&k, &a, element + 1, true, at));
    }
    a.stride[0] = -30;
    CHECK(trace_solve(&k, &a, 7 - 90 + 20, true, at) && at[0] == 3 && at[1] == 2 && at[2] == 0);
    CHECK(!trace_solve(&k, &a, 7 + 30, true, at) && !trace_solve(&k, &a, -1000, true, at));
}

static void check_hostile(void)
{
    unsigned char bytes[] = {GANRT_TRACE, 1, 2, 'a', 'b', 1, 0, 1, 2, 0, 0, 0, 0, 0};
    struct ganrt_model model = {.name = "m"};
    struct error e;
    CHECK(!trace_read(&model, &e) && strstr(e.text, "no description"));
    model.trace = bytes;
    for (size_t n = 0; n <= sizeof bytes; n++) { /* whole, it has no graphs; cut short it is refused */
        unsigned char *copy = malloc(n ? n : 1); /* exactly so long: a sanitizer sees what is read beyond */
        memcpy(copy, bytes, n);
        model.trace = copy, model.trace_bytes = (int64_t)n;
        struct trace *t = trace_read(&model, &e);
        CHECK((t != NULL) == (n == sizeof bytes));
        CHECK(!t || (t->nplaces == 1 && t->places[0].at.line == 1 && !strcmp(t->places[0].at.file, "ab")));
        trace_free(t);
        free(copy);
    }
    model.trace = bytes, model.trace_bytes = sizeof bytes;
    bytes[0] = GANRT_TRACE + 1;
    CHECK(!trace_read(&model, &e));
    bytes[0] = GANRT_TRACE, bytes[6] = 1; /* a text that is not there */
    CHECK(!trace_read(&model, &e) && strstr(e.text, "broken"));
}

int main(void)
{
    check_operations();
    check_finite();
    check_points();
    check_hostile();
    return check_done();
}
