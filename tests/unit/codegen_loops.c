/* Loop kernels of random shapes against plain loops: accesses of any stride, tails, tasks, sums, maxima and argmax over any dimensions.
 *
 * All numbers are small integers, so sums are exact in any order and the results must be equal. In one kernel of seven x, 2 x + .. and the maxima are bytes. */
#include "codegen_kit.h"

KIT_SERVICES

#define KERNELS 80
#define RANK_MOST 4

static uint32_t word = 1;
static int64_t below(int64_t n)
{
    word = word * 1664525u + 1013904223u;
    return (int64_t)((uint64_t)word * (uint64_t)n >> 32);
}

struct trial {
    uint32_t x, full, sum, top, arg; /* storages */
    bool reduces, bytes;
    int64_t at, stride[RANK_MOST], full_stride[RANK_MOST], outer_stride[RANK_MOST]; /* of x, full, and of the reductions' results */
    int64_t points, outer_points;
};

static const int64_t lengths[] = {1, 2, 3, 5, 16, 17, 31, 48, 64, 65, 100, 128, 150, 700};

/* Strides of a dense layout with its dimensions in random order; dimensions that `skip` has get 0. */
static int64_t layout(const struct kernel *k, const bool *skip, int64_t *stride, bool shuffle)
{
    uint32_t order[RANK_MOST];
    int64_t n = 1;
    for (uint32_t d = 0; d < k->rank; d++) order[d] = k->rank - 1 - d;
    for (uint32_t d = k->rank; shuffle && d-- > 1;) {
        uint32_t other = (uint32_t)below(d + 1), kept = order[d];
        order[d] = order[other], order[other] = kept;
    }
    for (uint32_t i = 0; i < k->rank; i++) {
        uint32_t d = order[i];
        stride[d] = skip && skip[d] ? 0 : n;
        n *= skip && skip[d] ? 1 : k->extent[d];
    }
    return n;
}

static struct access access_to(uint32_t storage, int64_t offset, const int64_t *stride)
{
    struct access a = {.storage = storage, .offset = offset};
    memcpy(a.stride, stride, RANK_MOST * sizeof *stride);
    return a;
}

/* full = 2 x + (flat index mod 7 by way of rem), and its sum, maximum and argmax over the reduced dimensions */
static void make(struct kit *t, struct trial *r, unsigned number)
{
    int64_t extent[RANK_MOST], points = 1;
    uint32_t rank = 1 + (uint32_t)below(RANK_MOST);
    for (uint32_t d = 0; d < rank; d++) {
        do extent[d] = lengths[below(sizeof lengths / sizeof *lengths)];
        while (points * extent[d] > 30000);
        points *= extent[d];
    }
    struct kernel *k = kit_kernel(t, rank, extent);
    bool skip[RANK_MOST] = {false};
    r->reduces = number % 4 != 0;
    for (uint32_t d = 0; d < rank; d++) {
        k->reduced[d] = r->reduces && below(2);
        skip[d] = below(4) == 0; /* a broadcast of x */
    }
    if (r->reduces) k->reduced[below(rank)] = true;
    r->at = below(5);
    int64_t elements = layout(k, skip, r->stride, true);
    if (below(4) == 0) { /* backwards along the last dimension */
        r->at += r->stride[rank - 1] * (extent[rank - 1] - 1);
        r->stride[rank - 1] = -r->stride[rank - 1];
    }
    r->bytes = number % 7 == 3;
    r->x = kit_storage(t, elements + 8, r->bytes ? 1 : number % 5 ? 4 : 8);
    r->points = layout(k, NULL, r->full_stride, number % 3 == 0);
    r->full = kit_storage(t, r->points, r->bytes ? 1 : 4);
    r->outer_points = layout(k, k->reduced, r->outer_stride, number % 3 == 0);
    uint32_t split = rank;
    for (uint32_t d = 0; d < rank; d++)
        if (!k->reduced[d] && (split == rank || below(2))) split = d;
    if (split < rank) {
        k->split = split;
        k->chunk = 1 + below(extent[split]);
        if (below(2)) k->chunk = (k->chunk + 15) / 16 * 16;
        if (k->chunk > extent[split]) k->chunk = extent[split];
        k->tasks = (uint32_t)((extent[split] + k->chunk - 1) / k->chunk);
    }
    uint32_t x = kit_insn(t, k, (struct insn){.kind = INSN_LOAD, .at = access_to(r->x, r->at, r->stride)});
    uint32_t two = kit_insn(t, k, (struct insn){.kind = INSN_NUMBER, .number = 2});
    uint32_t twice = kit_insn(t, k, (struct insn){.kind = INSN_OP, .op = OP_mul, .nargs = 2, .arg = {x, two}});
    uint32_t flat = kit_insn(t, k, (struct insn){.kind = INSN_INDEX, .at = access_to(0, 3, r->full_stride)});
    uint32_t seven = kit_insn(t, k, (struct insn){.kind = INSN_NUMBER, .number = 8});
    uint32_t rest = kit_insn(t, k, (struct insn){.kind = INSN_OP, .op = OP_rem, .nargs = 2, .arg = {flat, seven}});
    uint32_t value = kit_insn(t, k, (struct insn){.kind = INSN_OP, .op = OP_add, .nargs = 2, .arg = {twice, rest}});
    kit_insn(t, k, (struct insn){.kind = INSN_STORE, .nargs = 1, .arg = {value}, .at = access_to(r->full, 0, r->full_stride)});
    const enum op ops[] = {OP_sum, OP_max_over, OP_argmax};
    uint32_t *to[] = {&r->sum, &r->top, &r->arg};
    for (int i = 0; i < 3 && r->reduces; i++) {
        *to[i] = kit_storage(t, r->outer_points, r->bytes && ops[i] == OP_max_over ? 1 : 4);
        uint32_t y = kit_insn(t, k, (struct insn){.kind = INSN_REDUCE, .op = ops[i], .nargs = 1, .arg = {value}});
        kit_insn(t, k, (struct insn){.kind = INSN_STORE, .nargs = 1, .arg = {y}, .at = access_to(*to[i], 0, r->outer_stride), .outer = true});
    }
}

static double element(struct kit *t, uint32_t storage, int64_t i)
{
    void *x = kit_memory(t, storage);
    uint32_t size = kernels_storage(&t->k, kit_graph(t), storage)->size;
    return size == 8 ? ((double *)x)[i] : size == 1 ? ((unsigned char *)x)[i] : ((float *)x)[i];
}

static bool same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static bool agrees(struct kit *t, const struct kernel *k, const struct trial *r)
{
    double *sum = calloc((size_t)r->outer_points, sizeof *sum), *top = calloc((size_t)r->outer_points, sizeof *top);
    double *arg = calloc((size_t)r->outer_points, sizeof *arg), *best = calloc((size_t)r->outer_points, sizeof *best);
    bool good = sum && top && arg && best;
    uint32_t inmost = k->rank;
    while (inmost-- > 1 && !k->reduced[inmost]) {}
    for (int64_t o = 0; o < r->outer_points; o++) top[o] = best[o] = -INFINITY;
    for (int64_t p = 0; p < r->points && good; p++) {
        int64_t rest = p, x = r->at, f = 0, o = 0, index[RANK_MOST];
        for (uint32_t d = k->rank; d-- > 0; rest /= k->extent[d]) {
            index[d] = rest % k->extent[d];
            x += index[d] * r->stride[d], f += index[d] * r->full_stride[d], o += index[d] * r->outer_stride[d];
        }
        double value = 2 * element(t, r->x, x) + (double)((f + 3) % 8);
        good = same(element(t, r->full, f), value);
        sum[o] += value;
        if (value > top[o] || isnan(value)) top[o] = value; /* a NaN stays */
        if (value > best[o]) best[o] = value, arg[o] = (double)index[inmost];
    }
    uint32_t reduced = 0;
    for (uint32_t d = 0; d < k->rank; d++) reduced += k->reduced[d];
    for (int64_t o = 0; o < r->outer_points && good && r->reduces; o++) {
        good = same(((float *)kit_memory(t, r->sum))[o], sum[o]) && same(element(t, r->top, o), top[o]);
        if (reduced == 1) good = good && ((float *)kit_memory(t, r->arg))[o] == arg[o]; /* of several the order of equals is open */
    }
    free(sum), free(top), free(arg), free(best);
    return good;
}

static void report(const struct kernel *k, unsigned number)
{
    printf("kernel %u:", number);
    for (uint32_t d = 0; d < k->rank; d++) printf(" %lld%s%s", (long long)k->extent[d], k->reduced[d] ? "*" : "", d == k->split && k->tasks > 1 ? "/" : "");
    printf(", chunk %lld\n", (long long)k->chunk);
}

int main(void)
{
    for (int checked = 0; checked < 2; checked++) {
        struct kit t;
        struct trial trials[KERNELS];
        unsigned count = checked ? KERNELS / 8 : KERNELS;
        kit_open(&t, false);
        t.g->check_bounds = checked;
        for (unsigned i = 0; i < count; i++) make(&t, &trials[i], i);
        CHECK(kit_load(&t));
        for (unsigned i = 0; i < count && t.model; i++) {
            const struct storage *s = kernels_storage(&t.k, kit_graph(&t), trials[i].x);
            for (int64_t e = 0; e < s->elements; e++) {
                double x = (double)below(19) - (s->size == 1 ? 0 : 9);
                if (i % 6 == 5 && s->size > 1 && below(50) == 0) x = NAN;
                if (s->size == 1) ((unsigned char *)kit_memory(&t, trials[i].x))[e] = (unsigned char)x;
                else if (s->size == 8) ((double *)kit_memory(&t, trials[i].x))[e] = x;
                else ((float *)kit_memory(&t, trials[i].x))[e] = (float)x;
            }
            kit_run(&t, i);
            bool good = agrees(&t, &kit_graph(&t)->kernels.at[i], &trials[i]);
            CHECK(good);
            if (!good) report(&kit_graph(&t)->kernels.at[i], i);
        }
        kit_close(&t);
    }
    return check_done();
}
