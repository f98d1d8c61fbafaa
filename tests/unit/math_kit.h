/* math_kit.h: the functions of mathematics as compiled kernels, for codegen_math.c (single precision) and codegen_math_f64.c (double).
 *
 * Each function is a kernel over CHUNK numbers, made for AVX2 and, where this machine has it, for AVX-512, and once more for a single number, which
 * takes the path without vectors. math_kit_run() runs all of them and checks that they have the same bits. The bounds are those of the table in
 * compiler/docs/math.md. */
#ifndef MATH_KIT_H
#define MATH_KIT_H

#include "codegen_kit.h"

enum { CHUNK = 16384, SINGLE = 61 /* of the chunk, every so many-th goes through the kernel without vectors, too */ };
enum math_function { EXP, LOG, TANH, SIGMOID, SOFTPLUS, SIN, COS, ERF, SQRT, DIV, POW, SQUARE, CUBE, INVERSE, FUNCTIONS };

static const struct math_info {
    const char *name; /* its row in compiler/docs/math.md */
    enum op op;
    unsigned arity;
    double exponent; /* of pow, where it is a constant of the kernel */
} math_functions[FUNCTIONS] = {
    [EXP] = {"exp", OP_exp, 1, 0},
    [LOG] = {"log", OP_log, 1, 0},
    [TANH] = {"tanh", OP_tanh, 1, 0},
    [SIGMOID] = {"sigmoid", OP_sigmoid, 1, 0},
    [SOFTPLUS] = {"softplus", OP_softplus, 1, 0},
    [SIN] = {"sin", OP_sin, 1, 0},
    [COS] = {"cos", OP_cos, 1, 0},
    [ERF] = {"erf", OP_erf, 1, 0},
    [SQRT] = {"sqrt", OP_sqrt, 1, 0},
    [DIV] = {"x / y", OP_div, 2, 0},
    [POW] = {"x ^ y", OP_pow, 2, 0},
    [SQUARE] = {"x ^ 2", OP_pow, 1, 2},
    [CUBE] = {"x ^ 3", OP_pow, 1, 3},
    [INVERSE] = {"x ^ -1", OP_pow, 1, -1},
};

struct math_set { /* of one instruction set */
    const char *cpu;
    bool there;
    struct kit t;
    uint32_t x, z, y, one_x, one_z, one_y; /* storages */
};

struct math_kit {
    bool f64;
    struct math_set sets[2];
    double most[FUNCTIONS];  /* ulp, of the table */
    double worst[FUNCTIONS]; /* found so far, at: */
    double where[FUNCTIONS][2];
    uint64_t numbers, different;
    bool flush; /* kernels run with denormals as 0, as a trainer's do */
};

/* Column `column` (1: f32, 2: f64) of the row `name`. */
static inline double math_bound(const char *name, unsigned column)
{
    FILE *page = fopen(MATH_PAGE, "r");
    char line[512], start[64];
    double bound = -1;
    int length = snprintf(start, sizeof start, "| `%s` |", name);
    while (page && fgets(line, sizeof line, page)) {
        if (strncmp(line, start, (size_t)length)) continue;
        const char *at = line + length;
        for (unsigned i = 1; i < column && at; i++) at = strchr(at, '|'), at = at ? at + 1 : NULL;
        if (at) sscanf(at, "%lf", &bound);
        break;
    }
    if (page) fclose(page);
    if (bound < 0) printf("%s has no bound for %s\n", MATH_PAGE, name);
    CHECK(bound >= 0);
    return bound;
}

static inline void math_kernel(struct math_set *s, const struct math_info *f, bool one)
{
    struct kernel *k = kit_kernel(&s->t, 1, (int64_t[]){one ? 1 : CHUNK});
    uint32_t from[2] = {one ? s->one_x : s->x, one ? s->one_z : s->z}, arg[2];
    unsigned nargs = f->op == OP_pow || f->op == OP_div ? 2 : 1;
    for (unsigned i = 0; i < nargs; i++)
        arg[i] = i < f->arity ? kit_insn(&s->t, k, (struct insn){.kind = INSN_LOAD, .at = KIT_AT(from[i], 0, 1)})
                              : kit_insn(&s->t, k, (struct insn){.kind = INSN_NUMBER, .number = f->exponent});
    uint32_t op = kit_insn(&s->t, k, (struct insn){.kind = INSN_OP, .op = f->op, .nargs = nargs, .arg = {arg[0], nargs > 1 ? arg[1] : 0}});
    kit_insn(&s->t, k, (struct insn){.kind = INSN_STORE, .nargs = 1, .arg = {op}, .at = KIT_AT(one ? s->one_y : s->y, 0, 1)});
}

static inline void math_kit_open(struct math_kit *m, bool f64)
{
    *m = (struct math_kit){.f64 = f64};
    m->sets[0].cpu = "x86-64-v3";
    m->sets[1].cpu = "x86-64-v4";
    bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd")
                && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    uint32_t size = f64 ? 8 : 4;
    for (unsigned i = 0; i < 1u + wide; i++) {
        struct math_set *s = &m->sets[i];
        kit_open(&s->t, f64);
        s->t.g->cpu = s->cpu;
        s->x = kit_storage(&s->t, CHUNK, size);
        s->z = kit_storage(&s->t, CHUNK, size);
        s->y = kit_storage(&s->t, CHUNK, size);
        s->one_x = kit_storage(&s->t, 1, size);
        s->one_z = kit_storage(&s->t, 1, size);
        s->one_y = kit_storage(&s->t, 1, size);
        for (unsigned f = 0; f < FUNCTIONS; f++) math_kernel(s, &math_functions[f], false);
        for (unsigned f = 0; f < FUNCTIONS; f++) math_kernel(s, &math_functions[f], true);
        s->there = kit_load(&s->t);
        CHECK(s->there);
    }
    if (!wide) printf("this machine has no AVX-512: AVX2 alone\n");
    for (unsigned f = 0; f < FUNCTIONS; f++) m->most[f] = math_bound(math_functions[f].name, f64 ? 2 : 1);
}

static inline void *math_x(struct math_kit *m) { return kit_memory(&m->sets[0].t, m->sets[0].x); }
static inline void *math_z(struct math_kit *m) { return kit_memory(&m->sets[0].t, m->sets[0].z); }

static inline void math_run_kernel(const struct math_kit *m, struct math_set *s, uint32_t kernel)
{
    unsigned kept = __builtin_ia32_stmxcsr();
    if (m->flush) __builtin_ia32_ldmxcsr(kept | 0x8040); /* as runtime/threads.c */
    kit_run(&s->t, kernel);
    __builtin_ia32_ldmxcsr(kept);
}

/* Function f of the chunk in math_x(), math_z(): its values, on all paths the same. NaN may differ in its bits. */
static inline const void *math_kit_run(struct math_kit *m, unsigned f)
{
    struct math_set *first = &m->sets[0];
    uint32_t size = m->f64 ? 8 : 4;
    const char *y = kit_memory(&first->t, first->y);
    for (unsigned i = 0; i < 2; i++) {
        struct math_set *s = &m->sets[i];
        if (!s->there) continue;
        char *x = kit_memory(&s->t, s->x), *z = kit_memory(&s->t, s->z), *got = kit_memory(&s->t, s->y), *one = kit_memory(&s->t, s->one_y);
        if (i) memcpy(x, math_x(m), (size_t)CHUNK * size), memcpy(z, math_z(m), (size_t)CHUNK * size);
        math_run_kernel(m, s, f);
        if (i && memcmp(got, y, (size_t)CHUNK * size)) {
            if (m->different++ < 10) printf("%s: AVX-512 is not AVX2\n", math_functions[f].name);
        }
        for (uint32_t k = i; k < CHUNK; k += SINGLE) {
            memcpy(kit_memory(&s->t, s->one_x), x + k * size, size);
            memcpy(kit_memory(&s->t, s->one_z), z + k * size, size);
            math_run_kernel(m, s, FUNCTIONS + f);
            if (memcmp(one, got + k * size, size)) {
                double a = m->f64 ? *(double *)one : *(float *)one, b = m->f64 ? *(double *)(got + k * size) : *(float *)(got + k * size);
                if (!(isnan(a) && isnan(b)) && m->different++ < 10) printf("%s: %a alone, %a in a vector of %s\n", math_functions[f].name, a, b, s->cpu);
            }
        }
    }
    m->numbers += CHUNK;
    return y;
}

static inline void math_kit_found(struct math_kit *m, unsigned f, double off, double x, double z)
{
    if (off <= m->worst[f]) return;
    m->worst[f] = off;
    m->where[f][0] = x;
    m->where[f][1] = z;
}

static inline int math_kit_done(struct math_kit *m, bool show)
{
    CHECK(m->different == 0);
    for (unsigned f = 0; f < FUNCTIONS; f++) {
        const char *name = math_functions[f].name;
        bool within = m->worst[f] <= m->most[f];
        if (show || !within) {
            printf("%-8s %.4f ulp at %a", name, m->worst[f], m->where[f][0]);
            if (math_functions[f].arity == 2) printf(", %a", m->where[f][1]);
            printf(within ? "\n" : ": more than %g\n", m->most[f]);
        }
        CHECK(within);
    }
    if (show) printf("%llu numbers\n", (unsigned long long)m->numbers);
    for (unsigned i = 0; i < 2; i++)
        if (m->sets[i].t.g) kit_close(&m->sets[i].t);
    return check_done();
}

/* Where functions or their ways of working change; both signs of each are of interest. */
static const double math_places[] = {
    0, 0x1p-149, 0x1p-126, 0x1p-1074, 0x1p-1022, 0x1p-30, 0x1p-27, 0x1p-12, 0.0625, 0.25, 0.3465735902799726, 0.41421354, 0.5, 0.5493061443340549, 0.625,
    0.7071067811865476, 0.8813735870195430, 0.9375, 1, 1.0397207708399179, 1.4142135623730951, 2, 3, 3.9192, 3.95, 4, 5.863584748755167, 5.921587195794507,
    8.317766166719343, 9.01, 9.02, 10, 15.94238, 16.63553, 18.021826694558577, 19.0615, 20, 22, 36.04365338911715, 36.7368005696771, 37.42994775023704,
    87, 87.33654475055310, 88, 88.72283905206835, 90, 103.27892990343185, 103.97207708399179, 105, 708.3964185322641, 709.7827128933840, 710,
    744.4400719213812, 745.1332191019412, 746, 32768, 0x1p15, 0x1p22, 0x1p23, 0x1p24, 0x1p31, 0x1p52, 0x1p53, 0x1p62, 0x1p63, 0x1p64, 0x1.fffffep+127,
    0x1p128, 0x1p1023, HUGE_VAL, NAN,
};
#define MATH_PLACES (sizeof math_places / sizeof *math_places)

#endif
