/* The vector mathematics of codegen/math.c in double precision, against MPFR.
 *
 * Numbers of every exponent and both signs, the neighbours of every place where a function or its way of working changes, and of multiples of pi / 2;
 * with denormal numbers, and with denormals as 0, as trainers have it. Bounds: compiler/docs/math.md.
 *
 *     unit_codegen_math_f64 [-v] [--each N]      -v: the largest errors; N: 2 of each exponent and sign */
#include "math_kit.h"

#include <mpfr.h>

KIT_SERVICES

#define NEIGHBOURS 4
#define PRECISION 160 /* bits */

static mpfr_t want, term, off;

static void exact_sigmoid(mpfr_t y, mpfr_t x)
{
    mpfr_neg(y, x, MPFR_RNDN);
    mpfr_exp(y, y, MPFR_RNDN);
    mpfr_add_ui(y, y, 1, MPFR_RNDN);
    mpfr_ui_div(y, 1, y, MPFR_RNDN);
}

static void exact_softplus(mpfr_t y, mpfr_t x)
{
    if (mpfr_cmp_ui(x, 1000) > 0) { /* the difference is below the precision, and soon e^x out of MPFR's range */
        mpfr_set(y, x, MPFR_RNDN);
        return;
    }
    mpfr_exp(y, x, MPFR_RNDN);
    mpfr_log1p(y, y, MPFR_RNDN);
}

/* want = f(x, z), or an infinity, zero or NaN */
static void exact(unsigned f, double x, double z)
{
    mpfr_set_d(want, x, MPFR_RNDN);
    mpfr_set_d(term, z, MPFR_RNDN);
    switch ((enum math_function)f) {
    case EXP: mpfr_exp(want, want, MPFR_RNDN); break;
    case LOG: mpfr_log(want, want, MPFR_RNDN); break;
    case TANH: mpfr_tanh(want, want, MPFR_RNDN); break;
    case SIGMOID: exact_sigmoid(want, want); break;
    case SOFTPLUS: exact_softplus(want, want); break;
    case SIN: mpfr_sin(want, want, MPFR_RNDN); break;
    case COS: mpfr_cos(want, want, MPFR_RNDN); break;
    case ERF: mpfr_erf(want, want, MPFR_RNDN); break;
    case SQRT: mpfr_sqrt(want, want, MPFR_RNDN); break;
    case DIV: mpfr_div(want, want, term, MPFR_RNDN); break;
    case POW: mpfr_pow(want, want, term, MPFR_RNDN); break;
    case SQUARE: mpfr_pow_ui(want, want, 2, MPFR_RNDN); break;
    case CUBE: mpfr_pow_ui(want, want, 3, MPFR_RNDN); break;
    case INVERSE: mpfr_ui_div(want, 1, want, MPFR_RNDN); break;
    case FUNCTIONS: break;
    }
}

/* How far y is from `want`, in ulp; what is too large for a double counts as 2^1024. */
static double distance(double y)
{
    if (mpfr_nan_p(want) || isnan(y)) return mpfr_nan_p(want) && isnan(y) ? 0 : HUGE_VAL;
    if (mpfr_zero_p(want) && y == 0) return !signbit(y) == !mpfr_signbit(want) ? 0 : HUGE_VAL;
    bool beyond = mpfr_inf_p(want) || (mpfr_regular_p(want) && mpfr_get_exp(want) > 1024);
    if (beyond && isinf(y)) return (y < 0) == (mpfr_sgn(want) < 0) ? 0 : HUGE_VAL;
    if (beyond) mpfr_set_si_2exp(want, mpfr_sgn(want), 1024, MPFR_RNDN);
    long e = mpfr_zero_p(want) ? -1073 : mpfr_get_exp(want); /* |want| in [2^(e-1), 2^e) */
    if (e > 1024) e = 1024;
    if (e < -1021) e = -1021;
    if (isinf(y)) mpfr_set_si_2exp(off, y < 0 ? -1 : 1, 1024, MPFR_RNDN);
    else mpfr_set_d(off, y, MPFR_RNDN);
    mpfr_sub(off, off, want, MPFR_RNDN);
    mpfr_mul_2si(off, off, 53 - e, MPFR_RNDN);
    return fabs(mpfr_get_d(off, MPFR_RNDN));
}

static double as_zero(double x)
{
    return fabs(x) < 0x1p-1022 ? copysign(0, x) : x;
}

static void judge(struct math_kit *m, unsigned f, uint32_t count)
{
    const double *x = math_x(m), *z = math_z(m), *y = math_kit_run(m, f);
    for (uint32_t i = 0; i < count; i++) {
        exact(f, m->flush ? as_zero(x[i]) : x[i], m->flush ? as_zero(z[i]) : z[i]);
        if (m->flush && y[i] == 0 && mpfr_regular_p(want) && mpfr_get_exp(want) <= -1022 && !signbit(y[i]) == !mpfr_signbit(want)) continue;
        if (f == POW && isnan(y[i]) && (isnan(x[i]) || isnan(z[i]))) continue; /* NaN^0 and 1^NaN are 1 for quiet ones alone */
        double here = m->flush && y[i] != 0 && fabs(y[i]) < 0x1p-1022 ? HUGE_VAL : distance(y[i]);
        if (here > m->worst[f]) math_kit_found(m, f, here, x[i], z[i]);
    }
}

static uint32_t gathered;

static void judge_all(struct math_kit *m)
{
    for (unsigned f = 0; f < FUNCTIONS; f++) judge(m, f, gathered);
    gathered = 0;
}

static void gather(struct math_kit *m, double x, double z)
{
    ((double *)math_x(m))[gathered] = x;
    ((double *)math_z(m))[gathered] = z;
    if (++gathered == CHUNK) judge_all(m);
}

static double from_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void gather_around(struct math_kit *m, double x, int64_t neighbours)
{
    static uint32_t place;
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    for (int64_t i = -neighbours; i <= neighbours; i++) {
        double z = math_places[place++ % MATH_PLACES];
        gather(m, from_bits(bits + (uint64_t)i), z);
        gather(m, from_bits((bits + (uint64_t)i) ^ (uint64_t)1 << 63), -z);
    }
}

static void gather_places(struct math_kit *m)
{
    for (size_t i = 0; i < MATH_PLACES; i++) gather_around(m, math_places[i], NEIGHBOURS);
    for (size_t i = 0; i < MATH_PLACES; i++)
        for (size_t k = 0; k < MATH_PLACES; k++)
            for (unsigned s = 0; s < 4; s++) gather(m, s & 1 ? -math_places[i] : math_places[i], s & 2 ? -math_places[k] : math_places[k]);
    for (uint32_t k = 1; k < 1024; k++) gather_around(m, k * 1.5707963267948966, 1);
}

static uint64_t random_bits(void)
{
    static uint64_t s = 88172645463325252u;
    s ^= s >> 12;
    s ^= s << 25;
    s ^= s >> 27;
    return s * 2685821657736338717u;
}

/* `each` of each exponent and sign. */
static void gather_exponents(struct math_kit *m, uint32_t each)
{
    for (uint64_t e = 0; e < 4096; e++)
        for (uint32_t i = 0; i < each; i++) {
            double z = ((double)(random_bits() >> 11) * 0x1p-53 - 0.5) * (i & 1 ? 64 : 4);
            gather(m, from_bits(e << 52 | random_bits() >> 12), z);
        }
}

/* `count` where most functions are neither 0, 1 nor too large. */
static void gather_middle(struct math_kit *m, uint32_t count)
{
    static const double ranges[] = {1, 4, 20, 40, 750};
    for (uint32_t i = 0; i < count; i++) {
        double x = ((double)(random_bits() >> 11) * 0x1p-53 - 0.5) * 2 * ranges[i % 5], z = ((double)(random_bits() >> 11) * 0x1p-53 - 0.5) * 200;
        gather(m, i % 10 < 5 ? x : fabs(x), z);
    }
}

int main(int argc, char **argv)
{
    struct math_kit m;
    bool show = false;
    uint32_t each = 2;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "-v")) show = true;
        else if (!strcmp(argv[i], "--each") && i + 1 < argc) each = (uint32_t)strtoul(argv[++i], NULL, 10);
    }
    math_kit_open(&m, true);
    if (check_failures) return check_done();
    mpfr_inits2(PRECISION, want, term, off, (mpfr_ptr)NULL);
    for (unsigned flush = 0; flush < 2; flush++) {
        m.flush = flush;
        gather_places(&m);
        gather_exponents(&m, flush ? 1 : each);
        gather_middle(&m, 5000 * each);
        judge_all(&m);
    }
    mpfr_clears(want, term, off, (mpfr_ptr)NULL);
    mpfr_free_cache();
    return math_kit_done(&m, show);
}
