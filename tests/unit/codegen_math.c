/* The vector mathematics of codegen/math.c in single precision, against the C library in double, whose own error is below 2^-27 ulp of a float.
 *
 * All floats that are EVERY apart, the neighbours of every place where a function or its way of working changes, and of each multiple of pi / 2 up to
 * 2^15; with denormal numbers, and with denormals as 0, as trainers have it. Bounds: compiler/docs/math.md.
 *
 *     unit_codegen_math [-v] [--every N]      -v: the largest errors; N: 997; 1 takes all 2^32 floats, half an hour */
#include "math_kit.h"

KIT_SERVICES

#define NEIGHBOURS 128

static double sigmoid(double x) { return x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x)); }
static double softplus(double x) { return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)); }
static double inverse(double x) { return 1 / x; }
static double square(double x) { return x * x; }
static double cube(double x) { return x * x * x; }
static double quotient(double x, double y) { return x / y; }

static double (*const exact1[FUNCTIONS])(double) = {exp, log, tanh, sigmoid, softplus, sin, cos, erf, sqrt, [SQUARE] = square, cube, inverse};
static double (*const exact2[FUNCTIONS])(double, double) = {[DIV] = quotient, [POW] = pow};

static float from_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint32_t to_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* The distance between floats around y, which is finite. */
static double ulp(double y)
{
    uint64_t bits;
    memcpy(&bits, &y, sizeof bits);
    int64_t e = (int64_t)(bits >> 52 & 0x7ff) - 23;
    if (e < 1023 - 149) e = 1023 - 149;
    bits = (uint64_t)e << 52;
    memcpy(&y, &bits, sizeof y);
    return y;
}

/* How far y is from `want`, in ulp; what is too large for a float counts as 2^128. */
static double distance(float y, double want)
{
    if (isnan(want) || isnan(y)) return isnan(want) && isnan(y) ? 0 : HUGE_VAL;
    double got = isinf(y) ? copysign(0x1p128, y) : (double)y;
    if (fabs(want) > 0x1p128) want = copysign(0x1p128, want);
    if (want == 0 && got == 0) return !signbit(got) == !signbit(want) ? 0 : HUGE_VAL;
    return fabs(got - want) / ulp(fabs(want) == 0x1p128 ? 0x1p127 : want);
}

/* With denormals as 0 the arguments are, and so may be a result that is denormal, or rounds to the least normal number. */
static double as_zero(double x)
{
    return fabs(x) < 0x1p-126 ? copysign(0, x) : x;
}

static void judge(struct math_kit *m, unsigned f)
{
    const float *x = math_x(m), *z = math_z(m), *y = math_kit_run(m, f);
    for (uint32_t i = 0; i < CHUNK; i++) {
        double a = m->flush ? as_zero(x[i]) : x[i], b = m->flush ? as_zero(z[i]) : z[i];
        double want = exact1[f] ? exact1[f](a) : exact2[f](a, b);
        if (m->flush && fabs(want) < 0x1p-126 && y[i] == 0 && !signbit(y[i]) == !signbit(want)) continue;
        if (f == POW && isnan(y[i]) && (isnan(x[i]) || isnan(z[i]))) continue; /* NaN^0 and 1^NaN are 1 for quiet ones alone */
        double off = m->flush && y[i] != 0 && fabsf(y[i]) < 0x1p-126f ? HUGE_VAL : distance(y[i], want);
        if (off > m->worst[f]) math_kit_found(m, f, off, x[i], z[i]);
    }
}

static void judge_all(struct math_kit *m)
{
    for (unsigned f = 0; f < FUNCTIONS; f++) judge(m, f);
}

/* Numbers are gathered, and judged when there is a chunk of them. */
static uint32_t gathered;

static void gather(struct math_kit *m, float x, float z)
{
    ((float *)math_x(m))[gathered] = x;
    ((float *)math_z(m))[gathered] = z;
    if (++gathered == CHUNK) judge_all(m), gathered = 0;
}

/* The floats around x and -x; the second operand is another place. */
static void gather_around(struct math_kit *m, double x, int32_t neighbours)
{
    static uint32_t place;
    uint32_t bits = to_bits((float)x);
    for (int32_t i = -neighbours; i <= neighbours; i++) {
        double z = math_places[place++ % MATH_PLACES];
        gather(m, from_bits(bits + (uint32_t)i), (float)z);
        gather(m, from_bits((bits + (uint32_t)i) ^ 0x80000000u), (float)-z);
    }
}

static void gather_places(struct math_kit *m)
{
    for (size_t i = 0; i < MATH_PLACES; i++) gather_around(m, math_places[i], NEIGHBOURS);
    for (size_t i = 0; i < MATH_PLACES; i++) /* all pairs, both signs of each */
        for (size_t k = 0; k < MATH_PLACES; k++)
            for (unsigned s = 0; s < 4; s++) gather(m, (float)(s & 1 ? -math_places[i] : math_places[i]), (float)(s & 2 ? -math_places[k] : math_places[k]));
    for (uint32_t k = 1; k < 20870; k++) gather_around(m, k * 1.5707963267948966, 1);
}

static void gather_floats(struct math_kit *m, uint64_t every)
{
    uint32_t w = 12345;
    for (uint64_t bits = 0; bits < (uint64_t)1 << 32; bits += every) {
        w = w * 1664525u + 1013904223u;
        float y = (float)(w >> 30 ? (w * 0x1p-32 - 0.5) * 64 : ldexp(w * 0x1p-31 - 0.5, (int)(w >> 8 & 63) - 32)); /* an exponent or divisor */
        gather(m, from_bits((uint32_t)bits), y);
    }
}

int main(int argc, char **argv)
{
    struct math_kit m;
    bool show = false;
    uint64_t every = 997;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "-v")) show = true;
        else if (!strcmp(argv[i], "--every") && i + 1 < argc) every = strtoull(argv[++i], NULL, 10);
    }
    if (every == 0) return 2;
    math_kit_open(&m, false);
    if (check_failures) return check_done();
    gather_places(&m);
    gather_floats(&m, every);
    while (gathered) gather(&m, 0, 0);
    m.flush = true;
    gather_places(&m);
    gather_floats(&m, every * 16 + 1);
    while (gathered) gather(&m, 0, 0);
    return math_kit_done(&m, show);
}
