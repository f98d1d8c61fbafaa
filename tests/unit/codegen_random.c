/* Random numbers of compiled kernels against ganrt/random.h, word for word; where strips of vectors share blocks, and where they cannot. And
 * against Philox4x32-10's published vectors. */
#include "codegen_kit.h"
#include "philox_vectors.h"

KIT_SERVICES

enum { ROWS = 3 };
static const int64_t widths[] = {1, 15, 64, 100, 150, 333};
#define WIDTHS (sizeof widths / sizeof *widths)
static const enum op ops[] = {OP_rand_uniform, OP_rand_normal, OP_rand_bernoulli, OP_rand_index};

struct draw {
    enum op op;
    int64_t width, first, row_stride; /* element within its example: first + column + row_stride * row */
    bool batched;                     /* the row is the example */
    bool stacked;                     /* of minibatches of two rows, each with its own stream */
    uint32_t to;
};

static double expected(struct kit *t, const struct draw *d, uint32_t stream, int64_t row, int64_t column)
{
    uint32_t example = d->batched ? (uint32_t)row : 0, pair[2], own = stream;
    if (d->stacked) stream += 3 * (example / 2), example %= 2;
    uint64_t element = (uint64_t)(d->first + column + d->row_stride * row);
    uint32_t w = ganrt_random_word(t->frame.seed, t->frame.tick, stream, example, element);
    switch (d->op) {
    case OP_rand_uniform: return (w >> 8) * 0x1p-24;
    case OP_rand_bernoulli: return w < (uint64_t)floor(t->scalars[own % 4] * 0x1p32);
    case OP_rand_index: return (double)((uint64_t)w * 10 >> 32);
    default:
        ganrt_random_pair(t->frame.seed, t->frame.tick, stream, example, element, pair);
        return sqrt(-2 * log(((pair[0] >> 8) + 1) * 0x1p-24)) * cos(2 * acos(-1) * (pair[1] >> 8) * 0x1p-24);
    }
}

static void test(bool f64)
{
    struct kit t;
    struct draw draws[4 * WIDTHS * 3];
    uint32_t n = 0;
    kit_open(&t, f64);
    for (int s = 0; s < 4; s++) vec_push(t.g->mem, &kit_graph(&t)->scalars, sexpr_number(t.g, 0));
    for (unsigned o = 0; o < 4; o++)
        for (unsigned w = 0; w < WIDTHS; w++)
            for (int batched = 0; batched < 3; batched++) {
                int64_t width = widths[w];
                struct draw *d = &draws[n];
                *d = (struct draw){ops[o], width, w == 4 ? 5 : 0, batched ? 0 : width, batched > 0, batched == 2, kit_storage(&t, ROWS * width, f64 ? 8 : 4)};
                struct kernel *k = kit_kernel(&t, 2, (int64_t[]){ROWS, width});
                if (width == 333) k->split = 1, k->chunk = 128, k->tasks = 3;
                struct insn draw = {.kind = INSN_RANDOM, .op = d->op, .index = n, .scalar = n % 4, .number = 10, .at = KIT_AT(0, d->first, d->row_stride, 1)};
                if (batched) draw.example = KIT_AT(0, 0, 1, 0);
                if (batched == 2) draw.minibatch = 2, draw.apart = 3;
                uint32_t value = kit_insn(&t, k, draw);
                kit_insn(&t, k, (struct insn){.kind = INSN_STORE, .nargs = 1, .arg = {value}, .at = KIT_AT(d->to, 0, width, 1)});
                n++;
            }
    CHECK(kit_load(&t));
    t.frame.tick = 0x123456789abcu;
    t.scalars[0] = 0.5, t.scalars[1] = 0.1, t.scalars[2] = 1, t.scalars[3] = 0;
    for (uint32_t i = 0; i < n && t.model; i++) {
        kit_run(&t, i);
        const struct draw *d = &draws[i];
        double off = 0;
        for (int64_t e = 0; e < ROWS * d->width; e++) {
            double got = f64 ? ((double *)kit_memory(&t, d->to))[e] : ((float *)kit_memory(&t, d->to))[e];
            double want = expected(&t, d, i, e / d->width, e % d->width), error = fabs(got - want);
            if (!(error <= off)) off = error;
        }
        double most = d->op != OP_rand_normal ? 0 : f64 ? 1e-14 : 2e-6;
        if (!(off <= most)) printf("%s, width %lld, %s: off by %g\n", op_info[d->op].name, (long long)d->width, d->stacked ? "stacked" : d->batched ? "batched" : "not batched", off);
        CHECK(off <= most);
    }
    kit_close(&t);
}

/* index of 2^32 is the word itself. Word k of a block is that of element block / 16 * 64 + 16 k + block % 16; alone, and as one of 64 neighbours that
 * share their blocks where the block is a multiple of 16. */
static void test_vector(const struct philox_vector *v)
{
    struct kit t;
    kit_open(&t, true);
    uint64_t first = (uint64_t)(v->counter[0] / 16) * 64;
    uint32_t stream = v->counter[3] >> 16, lane = v->counter[0] % 16, to[2];
    for (unsigned i = 0; i < 2; i++) {
        to[i] = kit_storage(&t, 64, 8);
        struct kernel *k = kit_kernel(&t, 1, (int64_t[]){i ? 64 : 4});
        struct insn draw = {.kind = INSN_RANDOM, .op = OP_rand_index, .index = stream, .number = 0x1p32, .example = KIT_AT(0, v->counter[1], 0)};
        draw.at = i ? KIT_AT(0, (int64_t)first, 1) : KIT_AT(0, (int64_t)first + lane, 16);
        uint32_t value = kit_insn(&t, k, draw);
        kit_insn(&t, k, (struct insn){.kind = INSN_STORE, .nargs = 1, .arg = {value}, .at = KIT_AT(to[i], 0, 1)});
    }
    CHECK(kit_load(&t));
    memcpy(t.frame.seed, v->key, sizeof t.frame.seed);
    t.frame.tick = v->counter[2] | (uint64_t)(v->counter[3] & 0xffff) << 32;
    for (uint32_t i = 0; i < 2 && t.model; i++) {
        kit_run(&t, i);
        const double *got = kit_memory(&t, to[i]);
        for (uint32_t word = 0; word < 4; word++) CHECK(got[i ? 16 * word + lane : word] == v->words[word]);
    }
    kit_close(&t);
}

int main(void)
{
    for (size_t i = 0; i < PHILOX_VECTORS; i++) test_vector(&philox_vectors[i]);
    test(false);
    test(true);
    return check_done();
}
