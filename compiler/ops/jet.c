/* jet.c: elementwise operations on jets: nested dual numbers, by which the evaluator takes gradients of gradients in forward mode.
 *
 * A jet over L levels is x = the sum over subsets s of {0, .., L - 1} of x[s] e_s, where e_s is the product of its infinitesimals, each of square
 * zero: x[0] is the value, x[1] the tangent of level 0, x[3] the tangent on level 1 of that tangent, and so on. A product of two adds over the ways to
 * share s out. A smooth function of x is its Taylor series at x[0] in what is left of x, which ends after L terms. Each
 * function's series is written down here by itself: no rule of stdlib/derivatives.gan has a part in it.
 *
 * Kinks as in elementwise.c; and as there, what has a tangent of 0 adds nothing, whatever the slope. */
#include "ops/hooks.h"
#include "ops/nest.h"

#include <string.h>

typedef double jet[JET_PARTS];

static void multiply(uint32_t levels, const double *a, const double *b, double *y)
{
    jet r = {0};
    for (uint32_t s = 0; s < 1u << levels; s++)
        for (uint32_t t = s;; t = (t - 1) & s) {
            if (s == 0 || (a[t] != 0 && b[s ^ t] != 0)) r[s] += a[t] * b[s ^ t];
            if (t == 0) break;
        }
    memcpy(y, r, sizeof *y << levels);
}

static void constant(uint32_t levels, double value, double *y)
{
    memset(y, 0, sizeof *y << levels);
    y[0] = value;
}

static void scale(uint32_t levels, double factor, const double *x, double *y)
{
    for (uint32_t s = 0; s < 1u << levels; s++) y[s] = factor == 0 ? 0 : factor * x[s];
}

static void add(uint32_t levels, const double *a, double factor, const double *b, double *y)
{
    for (uint32_t s = 0; s < 1u << levels; s++) y[s] = a[s] + factor * b[s];
}

/* The sum of c[j] (x - x[0])^j, j = 0 .. levels. */
static void compose(uint32_t levels, const double *c, const double *x, double *y)
{
    jet rest, r;
    memcpy(rest, x, sizeof *x << levels);
    rest[0] = 0;
    constant(levels, c[levels], r);
    for (uint32_t j = levels; j-- > 0;) {
        multiply(levels, r, rest, r);
        r[0] = c[j];
    }
    memcpy(y, r, sizeof *y << levels);
}

/* ---- series: c[j] = f's j-th derivative at x, over j!, j = 0 .. n ---- */

typedef double series[JET_LEVELS + 1];

static void series_exp(double x, uint32_t n, double *c)
{
    c[0] = exp(x);
    for (uint32_t j = 1; j <= n; j++) c[j] = c[j - 1] / j;
}

static void series_log(double x, uint32_t n, double *c)
{
    double power = 1;
    c[0] = log(x);
    for (uint32_t j = 1; j <= n; j++) {
        power /= x;
        c[j] = (j % 2 ? 1.0 : -1.0) * power / j;
    }
}

static void series_power(double x, double b, uint32_t n, double *c)
{
    double binomial = 1;
    for (uint32_t j = 0; j <= n; j++) {
        c[j] = binomial == 0 ? 0 : binomial * pow(x, b - j);
        binomial *= (b - j) / (j + 1);
    }
}

static void series_sqrt(double x, uint32_t n, double *c)
{
    series_power(x, 0.5, n, c);
    c[0] = sqrt(x);
}

static void series_sin(double x, uint32_t n, double *c)
{
    double turn[4] = {sin(x), cos(x), -sin(x), -cos(x)}, factorial = 1;
    for (uint32_t j = 0; j <= n; j++) {
        c[j] = turn[j % 4] / factorial;
        factorial *= j + 1;
    }
}

static void series_cos(double x, uint32_t n, double *c)
{
    series s;
    series_sin(x, n, s);
    c[0] = cos(x);
    for (uint32_t j = 1; j <= n; j++) /* the derivative of cos is -sin */
        c[j] = -s[j - 1] / j;
}

/* y' = 1 / cosh(x)^2, and (1 / cosh^2)' = -2 y y' */
static void series_tanh(double x, uint32_t n, double *c)
{
    c[0] = tanh(x);
    if (n) c[1] = 1 / (cosh(x) * cosh(x));
    for (uint32_t j = 1; j < n; j++) { /* (y')_j = j-th of y' */
        double sum = 0;
        for (uint32_t i = 0; i < j; i++) sum += c[i] * (j - i) * c[j - i];
        c[j + 1] = -2 * sum / (j * (j + 1.0));
    }
}

/* y = (1 + tanh(x / 2)) / 2 */
static void series_sigmoid(double x, uint32_t n, double *c)
{
    double power = 0.5;
    series_tanh(x / 2, n, c);
    for (uint32_t j = 1; j <= n; j++) {
        power /= 2;
        c[j] *= power;
    }
    c[0] = fold_sigmoid(&x);
}

static void series_softplus(double x, uint32_t n, double *c)
{
    series s;
    series_sigmoid(x, n, s);
    c[0] = fold_softplus(&x);
    for (uint32_t j = 1; j <= n; j++) c[j] = s[j - 1] / j;
}

/* y' = g = 2 / sqrt(pi) exp(-x^2), g' = -2 x g */
static void series_erf(double x, uint32_t n, double *c)
{
    series g = {2 / sqrt(acos(-1)) * exp(-x * x)};
    for (uint32_t j = 0; j + 1 < n; j++) g[j + 1] = -2 * (x * g[j] + (j ? g[j - 1] : 0)) / (j + 1);
    c[0] = erf(x);
    for (uint32_t j = 1; j <= n; j++) c[j] = g[j - 1] / j;
}

#define SMOOTH(name)                                                                                                   \
    void jet_##name(uint32_t levels, const double *const *x, double *y)                                                \
    {                                                                                                                  \
        series c;                                                                                                      \
        series_##name(x[0][0], levels, c);                                                                             \
        compose(levels, c, x[0], y);                                                                                   \
    }
SMOOTH(exp)
SMOOTH(log)
SMOOTH(sqrt)
SMOOTH(sin)
SMOOTH(cos)
SMOOTH(tanh)
SMOOTH(sigmoid)
SMOOTH(softplus)
SMOOTH(erf)

/* ---- linear, piecewise linear, constant ---- */

void jet_neg(uint32_t levels, const double *const *x, double *y)
{
    scale(levels, -1, x[0], y);
}

void jet_abs(uint32_t levels, const double *const *x, double *y)
{
    scale(levels, (x[0][0] > 0) - (x[0][0] < 0), x[0], y);
}

void jet_add(uint32_t levels, const double *const *x, double *y)
{
    add(levels, x[0], 1, x[1], y);
}

void jet_sub(uint32_t levels, const double *const *x, double *y)
{
    add(levels, x[0], -1, x[1], y);
}

void jet_max(uint32_t levels, const double *const *x, double *y)
{
    memcpy(y, x[0][0] >= x[1][0] ? x[0] : x[1], sizeof *y << levels);
}

void jet_min(uint32_t levels, const double *const *x, double *y)
{
    memcpy(y, x[0][0] <= x[1][0] ? x[0] : x[1], sizeof *y << levels);
}

void jet_where(uint32_t levels, const double *const *x, double *y)
{
    memcpy(y, x[0][0] != 0 ? x[1] : x[2], sizeof *y << levels);
}

void jet_rem(uint32_t levels, const double *const *x, double *y)
{
    add(levels, x[0], -floor(x[0][0] / x[1][0]), x[1], y);
}

#define CONSTANT(name)                                                                                                 \
    void jet_##name(uint32_t levels, const double *const *x, double *y)                                                \
    {                                                                                                                  \
        double v[2] = {x[0][0], op_info[OP_##name].operands > 1 ? x[1][0] : 0};                                        \
        constant(levels, fold_##name(v), y);                                                                           \
    }
CONSTANT(stop)
CONSTANT(sign)
CONSTANT(floor)
CONSTANT(eq)
CONSTANT(ne)
CONSTANT(lt)
CONSTANT(le)
CONSTANT(gt)
CONSTANT(ge)

/* ---- products ---- */

void jet_mul(uint32_t levels, const double *const *x, double *y)
{
    multiply(levels, x[0], x[1], y);
}

void jet_div(uint32_t levels, const double *const *x, double *y)
{
    series c;
    jet inverse;
    series_power(x[1][0], -1, levels, c);
    compose(levels, c, x[1], inverse);
    multiply(levels, x[0], inverse, y);
    y[0] = x[0][0] / x[1][0];
}

static bool is_constant(uint32_t levels, const double *x)
{
    for (uint32_t s = 1; s < 1u << levels; s++)
        if (x[s] != 0) return false;
    return true;
}

/* A power of a base that is not positive has no gradient to the exponent. */
void jet_pow(uint32_t levels, const double *const *x, double *y)
{
    series c;
    double a = x[0][0], b = x[1][0];
    if (is_constant(levels, x[1]) || !(a > 0)) {
        series_power(a, b, levels, c);
        compose(levels, c, x[0], y);
        return;
    }
    jet logarithm;
    series_log(a, levels, c);
    compose(levels, c, x[0], logarithm);
    multiply(levels, x[1], logarithm, logarithm);
    series_exp(logarithm[0], levels, c);
    compose(levels, c, logarithm, y);
    y[0] = pow(a, b);
}

/* ---- a node ---- */

void jets_evaluate(const struct graph *graph, const struct node *n, uint32_t levels, const struct jets *x, const struct jets *y)
{
    struct nest nest = nest_over(graph, n->type);
    for (uint32_t k = 0; k < n->nargs; k++) nest_broadcast(&nest, n->arg[k]->type);
    for (int64_t i = 0; i < nest.total; i++, nest_next(&nest)) {
        jet in[3], out;
        const double *operand[3] = {in[0], in[1], in[2]};
        for (uint32_t k = 0; k < n->nargs; k++)
            for (uint32_t s = 0; s < 1u << levels; s++) in[k][s] = x[k].part[s] ? x[k].part[s][nest.at[k]] : 0;
        op_hooks[n->op].jet(levels, operand, out);
        for (uint32_t s = 0; s < 1u << levels; s++)
            if (y->part[s]) y->part[s][i] = out[s];
    }
}
