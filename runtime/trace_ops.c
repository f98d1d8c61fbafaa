/* trace_ops.c: the elementwise operations as functions of doubles, NaN as compiled code has it (codegen/elementwise.c). tests/unit/trace.c holds them against
 * the compiler's own (ops/elementwise.c). */
#include "trace.h"

#define OPERATION(name, value)                                                                                         \
    static double function_##name(const double *x)                                                                     \
    {                                                                                                                  \
        double a = x[0], b = x[1], c = x[2];                                                                           \
        (void)a, (void)b, (void)c;                                                                                     \
        return value;                                                                                                  \
    }
#define OPERATIONS                                                                                                     \
    OPERATION(neg, -a)                                                                                                 \
    OPERATION(exp, exp(a))                                                                                             \
    OPERATION(log, log(a))                                                                                             \
    OPERATION(sqrt, sqrt(a))                                                                                           \
    OPERATION(abs, fabs(a))                                                                                            \
    OPERATION(sign, isnan(a) ? a : (a > 0) - (a < 0))                                                                  \
    OPERATION(sin, sin(a))                                                                                             \
    OPERATION(cos, cos(a))                                                                                             \
    OPERATION(tanh, tanh(a))                                                                                           \
    OPERATION(sigmoid, (a >= 0 ? 1 : exp(-fabs(a))) / (1 + exp(-fabs(a))))                                             \
    OPERATION(softplus, fmax(a, 0) + log1p(exp(-fabs(a))))                                                             \
    OPERATION(erf, erf(a))                                                                                             \
    OPERATION(floor, floor(a))                                                                                         \
    OPERATION(stop, a)                                                                                                 \
    OPERATION(add, a + b)                                                                                              \
    OPERATION(sub, a - b)                                                                                              \
    OPERATION(mul, a * b)                                                                                              \
    OPERATION(div, a / b)                                                                                              \
    OPERATION(rem, a - b * floor(a / b))                                                                               \
    OPERATION(pow, pow(a, b))                                                                                          \
    OPERATION(max, a >= b || isnan(a) ? a : b)                                                                         \
    OPERATION(min, a <= b || isnan(a) ? a : b)                                                                         \
    OPERATION(eq, a == b)                                                                                              \
    OPERATION(ne, a != b)                                                                                              \
    OPERATION(lt, a < b)                                                                                               \
    OPERATION(le, a <= b)                                                                                              \
    OPERATION(gt, a > b)                                                                                               \
    OPERATION(ge, a >= b)                                                                                              \
    OPERATION(where, a != 0 ? b : c)
OPERATIONS
#undef OPERATION

static const struct {
    const char *name;
    trace_function *function;
} functions[] = {
#define OPERATION(name, value) {#name, function_##name},
    OPERATIONS
#undef OPERATION
};

trace_function *trace_find_function(const char *name)
{
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (!strcmp(functions[i].name, name)) return functions[i].function;
    return NULL;
}
