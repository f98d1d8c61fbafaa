/* The distributions that compiled code draws from, by their exact distribution functions: Kolmogorov and Smirnov's test, moments, tails, and
 * correlations of neighbours in each coordinate of the counter (element, example, tick, stream).
 *
 * Each test is of one number that is standard normal, or has Kolmogorov's distribution, where the draws are what they should be. A test fails where
 * that number has probability below 1e-7; there are about 300 tests, and the seeds are fixed, so that none fails by chance. `--draws N`: of each
 * distribution and seed, 1,000,000 without. */
#include "codegen_kit.h"

KIT_SERVICES

#define IMPROBABLE 5.33 /* standard deviations: probability 1e-7, both sides */
#define WIDTH 1000

enum { UNIFORM, NORMAL, BERNOULLI, INDEX, KINDS };
static const enum op ops[KINDS] = {OP_rand_uniform, OP_rand_normal, OP_rand_bernoulli, OP_rand_index};
static const char *const names[KINDS] = {"uniform", "normal", "bernoulli", "index"};
static const double mean[KINDS] = {0.5, 0, 0.3, 4.5}, variance[KINDS] = {1.0 / 12, 1, 0.21, 99.0 / 12};
static const double fourth[KINDS] = {1.0 / 80, 3, 0.21 * (0.343 + 0.027), 120.8625}; /* E (x - mean)^4 */

struct drawn {
    struct kit t;
    uint32_t to[KINDS], other; /* storages; other: the normal of the next stream */
    int64_t rows;
};

static double chance(double z) { return erfc(fabs(z) / sqrt(2)); }

static void expect(double z, const char *what, const char *of)
{
    if (!(fabs(z) < IMPROBABLE)) printf("%s of %s: %.2f standard deviations, probability %.1e\n", what, of, z, chance(z));
    CHECK(fabs(z) < IMPROBABLE);
}

static double value(const struct drawn *d, uint32_t storage, int64_t i)
{
    const void *at = kit_memory((struct kit *)&d->t, storage);
    return d->t.program.f64 ? ((const double *)at)[i] : (double)((const float *)at)[i];
}

static uint32_t kernel_of(struct drawn *d, unsigned kind, uint32_t stream)
{
    struct kit *t = &d->t;
    uint32_t to = kit_storage(t, d->rows * WIDTH, t->program.f64 ? 8 : 4);
    struct kernel *k = kit_kernel(t, 2, (int64_t[]){d->rows, WIDTH});
    struct insn draw = {.kind = INSN_RANDOM, .op = ops[kind], .index = stream, .number = 10, .at = KIT_AT(0, 0, 0, 1), .example = KIT_AT(0, 0, 1, 0)};
    uint32_t value = kit_insn(t, k, draw);
    kit_insn(t, k, (struct insn){.kind = INSN_STORE, .nargs = 1, .arg = {value}, .at = KIT_AT(to, 0, WIDTH, 1)});
    return to;
}

/* ---- tests of one sample ---- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The chance that sqrt(n) D is above x: Kolmogorov's distribution, with Stephens' correction for n. */
static double kolmogorov(double d, double n)
{
    double x = (sqrt(n) + 0.12 + 0.11 / sqrt(n)) * d, sum = 0;
    for (int k = 1; k <= 100; k++) sum += (k & 1 ? 2 : -2) * exp(-2.0 * k * k * x * x);
    return x < 0.3 ? 1 : sum;
}

static double normal_below(double x) { return 0.5 * erfc(-x / sqrt(2)); }

static void distance_test(const struct drawn *d, unsigned kind)
{
    int64_t n = d->rows * WIDTH;
    double *x = malloc((size_t)n * sizeof *x), most = 0;
    for (int64_t i = 0; i < n; i++) x[i] = value(d, d->to[kind], i);
    qsort(x, (size_t)n, sizeof *x, ascending);
    for (int64_t i = 0; i < n; i++) {
        double f = kind == UNIFORM ? x[i] + 0x1p-25 : normal_below(x[i]);
        double above = (double)(i + 1) / (double)n - f, below = f - (double)i / (double)n;
        if (above > most) most = above;
        if (below > most) most = below;
    }
    double p = kolmogorov(most, (double)n);
    if (p < 1e-7) printf("%s: Kolmogorov and Smirnov's distance is %g, probability %.1e\n", names[kind], most, p);
    CHECK(p >= 1e-7);
    CHECK(kind != UNIFORM || (x[0] >= 0 && x[n - 1] < 1));
    free(x);
}

static void moments_test(const struct drawn *d, unsigned kind)
{
    int64_t n = d->rows * WIDTH;
    double first = 0, second = 0, third = 0;
    for (int64_t i = 0; i < n; i++) {
        double x = value(d, d->to[kind], i) - mean[kind];
        first += x;
        second += x * x;
        third += x * x * x;
    }
    double m4 = fourth[kind], v = variance[kind];
    expect(first / sqrt((double)n * v), "the mean", names[kind]);
    expect((second - (double)n * v) / sqrt((double)n * (m4 - v * v)), "the variance", names[kind]);
    if (kind == NORMAL) expect(third / sqrt(15.0 * (double)n), "the third moment", names[kind]); /* E x^6 = 15 */
}

/* How often each of 0..9 comes, and 1. */
static void counts_test(const struct drawn *d, unsigned kind)
{
    int64_t n = d->rows * WIDTH, count[10] = {0}, others = 0;
    for (int64_t i = 0; i < n; i++) {
        double x = value(d, d->to[kind], i);
        if (x == floor(x) && x >= 0 && x < 10) count[(int)x]++;
        else others++;
    }
    CHECK(others == 0);
    for (int k = 0; k < (kind == INDEX ? 10 : 2); k++) {
        double p = kind == INDEX ? 0.1 : k ? 0.3 : 0.7;
        expect(((double)count[k] - (double)n * p) / sqrt((double)n * p * (1 - p)), "a count", names[kind]);
    }
}

/* How many normal numbers are beyond 1, 2, ... standard deviations, on each side; none is beyond sqrt(-2 log 2^-24). Where few are expected: Poisson's
 * chance of as many or more, as few or fewer. */
static void tails_test(const struct drawn *d)
{
    int64_t n = d->rows * WIDTH;
    double most = 0;
    for (double beyond = 1; beyond < 5.6; beyond += 0.5)
        for (int side = -1; side <= 1; side += 2) {
            int64_t count = 0;
            for (int64_t i = 0; i < n; i++) {
                double x = value(d, d->to[NORMAL], i);
                if (fabs(x) > most) most = fabs(x);
                count += side * x > beyond;
            }
            double p = 0.5 * erfc(beyond / sqrt(2)), want = (double)n * p;
            if (want > 100) {
                expect(((double)count - want) / sqrt(want * (1 - p)), "a tail", "normal");
                continue;
            }
            double fewer = 0, term = exp(-want);
            for (int64_t k = 0; k <= count; k++, term *= want / (double)k) fewer += k < count ? term : 0;
            bool probable = 1 - fewer > 1e-7 && (count > 0 || exp(-want) > 1e-7);
            if (!probable) printf("normal: %lld beyond %g, %g expected\n", (long long)count, side * beyond, want);
            CHECK(probable);
        }
    CHECK(most <= sqrt(48 * log(2)) * (1 + 1e-6));
    CHECK(most > 3.5);
}

/* ---- correlations ---- */

static double correlation(const struct drawn *d, uint32_t a, uint32_t b, unsigned kind, int64_t row, int64_t column, bool squares)
{
    double sum = 0;
    int64_t n = 0;
    for (int64_t r = 0; r + row < d->rows; r++)
        for (int64_t c = 0; c + column < WIDTH; c++, n++) {
            double x = value(d, a, r * WIDTH + c) - mean[kind], y = value(d, b, (r + row) * WIDTH + c + column) - mean[kind];
            sum += squares ? (x * x - variance[kind]) * (y * y - variance[kind]) / (variance[kind] * variance[kind] * 2) : x * y / variance[kind];
        }
    return sum / sqrt((double)n);
}

static void correlations_test(const struct drawn *d)
{
    static const int64_t apart[][2] = {{0, 1}, {0, 2}, {0, 3}, {0, 15}, {0, 16}, {0, 32}, {0, 64}, {1, 0}, {2, 0}, {1, 1}};
    for (unsigned kind = 0; kind < KINDS; kind++)
        for (size_t i = 0; i < sizeof apart / sizeof *apart; i++)
            expect(correlation(d, d->to[kind], d->to[kind], kind, apart[i][0], apart[i][1], false), "neighbours", names[kind]);
    for (size_t i = 0; i < sizeof apart / sizeof *apart; i++) /* Box and Muller's pairs share a radius; only one of a pair is used */
        expect(correlation(d, d->to[NORMAL], d->to[NORMAL], NORMAL, apart[i][0], apart[i][1], true), "squares of neighbours", "normal");
    expect(correlation(d, d->to[NORMAL], d->other, NORMAL, 0, 0, false), "streams", "normal");
    expect(correlation(d, d->to[NORMAL], d->other, NORMAL, 0, 0, true), "squares of streams", "normal");
}

/* Normal numbers of one tick and the next. */
static void ticks_test(struct drawn *d)
{
    kit_run(&d->t, NORMAL);
    d->t.frame.tick++;
    kit_run(&d->t, KINDS + 1); /* the same stream into `other`, at the next tick */
    d->t.frame.tick--;
    expect(correlation(d, d->to[NORMAL], d->other, NORMAL, 0, 0, false), "ticks", "normal");
    expect(correlation(d, d->to[NORMAL], d->other, NORMAL, 0, 0, true), "squares of ticks", "normal");
}

static void test(bool f64, int64_t rows, uint64_t seed)
{
    struct drawn d = {.rows = rows};
    kit_open(&d.t, f64);
    vec_push(d.t.g->mem, &kit_graph(&d.t)->scalars, sexpr_number(d.t.g, 0));
    for (unsigned kind = 0; kind < KINDS; kind++) d.to[kind] = kernel_of(&d, kind, 11 + kind);
    d.other = kernel_of(&d, NORMAL, 11 + NORMAL + 1);
    struct kernel *again = kit_kernel(&d.t, 2, (int64_t[]){rows, WIDTH});
    uint32_t value = kit_insn(&d.t, again, (struct insn){.kind = INSN_RANDOM, .op = OP_rand_normal, .index = 11 + NORMAL, .at = KIT_AT(0, 0, 0, 1), .example = KIT_AT(0, 0, 1, 0)});
    kit_insn(&d.t, again, (struct insn){.kind = INSN_STORE, .nargs = 1, .arg = {value}, .at = KIT_AT(d.other, 0, WIDTH, 1)});
    CHECK(kit_load(&d.t));
    if (d.t.model) {
        d.t.scalars[0] = 0.3;
        d.t.frame.seed[0] = (uint32_t)seed;
        d.t.frame.seed[1] = (uint32_t)(seed >> 32);
        for (uint32_t k = 0; k <= KINDS; k++) kit_run(&d.t, k);
        for (unsigned kind = 0; kind < KINDS; kind++) moments_test(&d, kind);
        distance_test(&d, UNIFORM);
        distance_test(&d, NORMAL);
        counts_test(&d, BERNOULLI);
        counts_test(&d, INDEX);
        tails_test(&d);
        correlations_test(&d);
        ticks_test(&d);
    }
    kit_close(&d.t);
}

int main(int argc, char **argv)
{
    int64_t rows = 1000;
    if (argc == 3 && !strcmp(argv[1], "--draws")) rows = strtoll(argv[2], NULL, 10) / WIDTH;
    if (rows < 10) return 2;
    test(false, rows, 1);
    test(true, rows, 0x9E3779B97F4A7C15u);
    return check_done();
}
