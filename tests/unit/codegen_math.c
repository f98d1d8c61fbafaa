/* The vector mathematics of codegen/math.c against the C library in double, over samples of all floats and over special values. */
#include "codegen_kit.h"

KIT_SERVICES

#define SAMPLES 65536

static double sigmoid(double x) { return x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x)); }
static double softplus(double x) { return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)); }

static const struct {
    enum op op;
    double (*exact)(double);
    double most;      /* ulp */
    double low, high; /* where it is interesting */
} functions[] = {
    {OP_exp, exp, 1.0, -105, 90},           {OP_log, log, 0.9, 0, 4},      {OP_tanh, tanh, 1.5, -10, 10}, {OP_sigmoid, sigmoid, 2.5, -105, 20},
    {OP_softplus, softplus, 1.7, -105, 20}, {OP_sin, sin, 1.7, -100, 100}, {OP_cos, cos, 1.7, -100, 100}, {OP_erf, erf, 1.3, -4.5, 4.5},
    {OP_sqrt, sqrt, 0.51, 0, 10},
};
#define FUNCTIONS (sizeof functions / sizeof *functions)

static float from_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The distance between floats around y. */
static double ulp(double y)
{
    int e;
    frexp(y, &e);
    if (e < -125) e = -125;
    return ldexp(1, e - 24);
}

static void fill(float *x, unsigned round, double low, double high)
{
    uint32_t w = 12345 + round;
    for (uint32_t i = 0; i < SAMPLES; i++) {
        w = w * 1664525u + 1013904223u;
        if (round == 0) x[i] = from_bits(i << 16 | w >> 16);              /* all exponents, both signs, infinities and NaN */
        else if (round == 1) x[i] = (float)(low + (high - low) * (w * 0x1p-32)); /* where it bends */
        else x[i] = (float)ldexp((w * 0x1p-32 - 0.5) * 2, -(int)(i % 16));    /* around 0 */
    }
    const float special[] = {0.0f, -0.0f, INFINITY, -INFINITY, NAN, 1, -1, 0x1p-149f, -0x1p-149f, 0x1p-126f, 88.72283f, 88.7229f, -87.33655f, -103.97f, -104, 1e30f, 32768, 32769};
    memcpy(x, special, sizeof special);
}

static double test_round(struct kit *t, uint32_t x_at, const uint32_t *y_at, unsigned f)
{
    const float *x = kit_memory(t, x_at), *y = kit_memory(t, y_at[f]);
    double worst = 0;
    float where = 0;
    for (uint32_t i = 0; i < SAMPLES; i++) {
        double want = functions[f].exact(x[i]);
        if (isnan(want) || isinf((float)want) || isinf(y[i]) || isnan(y[i])) {
            bool overflows = isinf((float)want) || fabs(want) > 3.4028234e38;
            bool good = isnan(want) ? isnan(y[i]) != 0 : overflows ? y[i] == (float)want || fabs(y[i]) > 3.4028230e38f : false;
            if (!good) printf("%s(%a) is %a, not %a\n", op_info[functions[f].op].name, x[i], y[i], want);
            CHECK(good);
            continue;
        }
        if (y[i] == 0 && want == 0) {
            if (x[i] == 0 && functions[f].op != OP_sigmoid) CHECK(!signbit(y[i]) == !signbit(want));
            continue;
        }
        double off = fabs(y[i] - want) / ulp(want);
        if (off > worst) worst = off, where = x[i];
    }
    if (worst > functions[f].most) printf("%s: %.3f ulp at %a (%g)\n", op_info[functions[f].op].name, worst, where, where);
    CHECK(worst <= functions[f].most);
    return worst;
}

int main(int argc, char **argv)
{
    struct kit t;
    kit_open(&t, false);
    uint32_t x = kit_storage(&t, SAMPLES, 4), y[FUNCTIONS];
    for (unsigned f = 0; f < FUNCTIONS; f++) {
        y[f] = kit_storage(&t, SAMPLES, 4);
        struct kernel *k = kit_kernel(&t, 1, (int64_t[]){SAMPLES});
        uint32_t in = kit_insn(&t, k, (struct insn){.kind = INSN_LOAD, .at = KIT_AT(x, 0, 1)});
        uint32_t op = kit_insn(&t, k, (struct insn){.kind = INSN_OP, .op = functions[f].op, .nargs = 1, .arg = {in}});
        kit_insn(&t, k, (struct insn){.kind = INSN_STORE, .nargs = 1, .arg = {op}, .at = KIT_AT(y[f], 0, 1)});
    }
    CHECK(kit_load(&t));
    for (unsigned f = 0; f < FUNCTIONS && t.model; f++) {
        double worst = 0;
        for (unsigned round = 0; round < 3; round++) {
            fill(kit_memory(&t, x), round, functions[f].low, functions[f].high);
            kit_run(&t, f);
            double here = test_round(&t, x, y, f);
            if (here > worst) worst = here;
        }
        if (argc > 1 && !strcmp(argv[1], "-v")) printf("%-9s %.3f ulp\n", op_info[functions[f].op].name, worst);
    }
    kit_close(&t);
    return check_done();
}
