/* kernels.c: fuzz target: any text as kernels. What must hold: no crash, no leak, bounded time and memory; what is accepted prints and reads back alike,
 * and small kernels, interpreted, stay inside their storages and give the same whatever the order of their points and tasks. */
#include "schedule/interpret.h"
#include "stages.h"

#include <math.h>

enum { MOST_BYTES = 1 << 16, MOST_POINTS = 1 << 16 };

static double scalar(void *self, const struct sexpr *e)
{
    (void)self, (void)e; /* its value does not matter */
    return 0.5;
}

static void run(struct ganc *g, const struct kernels *k, bool backwards, double *cells)
{
    struct interpretation in = {.k = k, .cells = cells, .scalar = scalar, .backwards = backwards};
    for (int64_t i = 0; i < interpret_cells(k); i++) cells[i] = sin(1.0 + 0.7 * (double)i);
    for (uint32_t i = 0; i < k->graphs.n; i++) {
        const char *wrong = kernels_interpret(g->mem, &in, i);
        must(!wrong, wrong ? wrong : "", NULL);
    }
}

static bool is_small(const struct kernels *k)
{
    bool small = k->arena_bytes <= MOST_BYTES;
    double points = 0;
    for (uint32_t i = 0; i < k->graphs.n; i++)
        for (uint32_t j = 0; j < k->graphs.at[i].kernels.n; j++) {
            const struct kernel *one = &k->graphs.at[i].kernels.at[j];
            double n = 1 + one->body.n;
            for (uint32_t d = 0; d < one->rank; d++) n *= (double)one->extent[d];
            points += n * (1 + (double)kernel_depth(one));
        }
    return small && points <= MOST_POINTS;
}

/* Sums come out a little different; what has cancelled, or overflowed, by anything. */
static bool same(double a, double b)
{
    return a == b || !isfinite(a) || !isfinite(b) || fabs(a) > 1e9 || fabs(a - b) <= 1e-6 * (1 + fabs(a));
}

static bool is_smooth(const struct kernels *k)
{
    for (uint32_t i = 0; i < k->graphs.n; i++)
        for (uint32_t j = 0; j < k->graphs.at[i].kernels.n; j++)
            for (uint32_t n = 0; n < k->graphs.at[i].kernels.at[j].body.n; n++) {
                const struct insn *in = &k->graphs.at[i].kernels.at[j].body.at[n];
                if (in->kind == INSN_REDUCE && in->op != OP_sum) return false;
                if (in->kind == INSN_OP && in->op != OP_add && in->op != OP_sub && in->op != OP_mul && in->op != OP_neg) return false;
            }
    return true;
}

static void must_hold_in_any_order(struct ganc *g, const struct kernels *k)
{
    double *forwards = NEW_ARRAY(g->mem, double, MOST_BYTES + 1), *backwards = NEW_ARRAY(g->mem, double, MOST_BYTES + 1);
    run(g, k, false, forwards);
    run(g, k, true, backwards);
    for (int64_t i = 0; i < interpret_cells(k) && is_smooth(k); i++) must(same(forwards[i], backwards[i]), "the order of points matters", NULL);
}

static void must_read_back(struct ganc *g, const struct kernels *k)
{
    struct buffer once = {0}, twice = {0};
    struct program *p;
    uint32_t file;
    kernels_print(&once, g, k);
    source_add(g, "printed.kernels", once.text, once.length, &file);
    struct kernels *again = kernels_parse(g, file, &p);
    must(again, "printed kernels are not read", &once);
    kernels_print(&twice, g, again);
    must(once.length == twice.length && !memcmp(once.text, twice.text, once.length), "printing and reading are not inverse", &twice);
    buffer_free(&once);
    buffer_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!kernels_is_text((const char *)data, size)) return -1;
    struct ganc *g = ganc_new();
    struct program *p;
    uint32_t file;
    source_add(g, "model.kernels", (const char *)data, size, &file);
    struct kernels *k = kernels_parse(g, file, &p);
    if (k) {
        must_read_back(g, k);
        if (is_small(k)) must_hold_in_any_order(g, k);
    }
    print_diagnostics(g);
    ganc_free(g);
    return 0;
}
