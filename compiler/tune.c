/* tune.c: see tune.h.
 *
 * The model is compiled once for each place in the order of grids, all products at once having the grid of that place, and loaded into this process. Its
 * graphs run as `bench` runs them, on all threads, with data made up; the variants take turns, so that a disturbance meets them all. What is compared
 * is the time of one kernel in one variant with that of the same kernel in the others, medians of rounds. */
#include "tune.h"

#include "run.h"

#include <ganrt/model.h>
#include <stdio.h>
#include <stdlib.h>

#define ROUNDS 7
#define ROUND_SECONDS 0.01 /* a graph runs so long in each, and once at least */
#define GAIN 0.03          /* less is noise: the first grid stays */

struct variant {
    struct kernels *k;
    struct object object;
    void *handle;
    struct run *run;
    unsigned char *tensors; /* after the first values were set */
};

struct timing_sum {
    double seconds;
    uint64_t calls;
};

struct tuning {
    struct compilation *c;
    uint32_t nkernels;                 /* of all graphs, in order */
    uint32_t *first;                   /* by graph */
    struct variant variant[KERNEL_GRIDS];
    struct timing_sum *sum;            /* by kernel, of the round at hand */
    double *seconds[KERNEL_GRIDS];     /* by kernel and round; 0: did not run */
    uint8_t *grid;                     /* by kernel: the choice */
};

static void take_time(void *self, uint32_t graph, uint32_t kernel, double seconds)
{
    struct tuning *t = self;
    struct timing_sum *s = &t->sum[t->first[graph] + kernel];
    s->seconds += seconds;
    s->calls++;
}

static const struct kernel *kernel_at(const struct tuning *t, unsigned variant, uint32_t graph, uint32_t kernel)
{
    return &t->variant[variant].k->graphs.at[graph].kernels.at[kernel];
}

/* Is this a grid that no variant before has? */
static bool is_new(const struct tuning *t, unsigned variant, uint32_t graph, uint32_t kernel)
{
    const struct kernel *k = kernel_at(t, variant, graph, kernel);
    bool new = true;
    for (unsigned v = 0; v < variant; v++) {
        const struct kernel *o = kernel_at(t, v, graph, kernel);
        new = new && (o->tile[0] != k->tile[0] || o->tile[1] != k->tile[1]);
    }
    return new;
}

/* Has this graph a product with a choice? */
static bool has_choice(const struct tuning *t, uint32_t graph)
{
    bool any = false;
    for (uint32_t j = 0; j < t->c->kernels->graphs.at[graph].kernels.n; j++)
        any = any || (kernel_at(t, 0, graph, j)->kind == KERNEL_PRODUCT && is_new(t, 1, graph, j));
    return any;
}

static bool open_variant(struct tuning *t, unsigned v)
{
    struct ganc *g = t->c->g;
    struct variant *x = &t->variant[v];
    uint8_t *grid = NEW_ARRAY(g->mem, uint8_t, t->nkernels + 1);
    struct error error = {""};
    memset(grid, (int)v, t->nkernels);
    x->k = v ? kernels_make_grids(g, t->c->program, grid) : t->c->kernels;
    if (!codegen_object(g, x->k, &x->object)) return false;
    const struct ganrt_model *model = jit_load(g, &x->object, &x->handle);
    if (!model) return false;
    x->run = run_new(model);
    x->tensors = malloc((size_t)model->tensor_bytes + 1);
    if (!x->tensors || !run_check(model, &error) || !run_allocate(x->run, &error)) {
        diag(g, E0862, (struct span){0}, x->tensors ? error.text : "out of memory");
        return false;
    }
    run_initialise(x->run);
    memcpy(x->tensors, x->run->frame.arena, (size_t)model->tensor_bytes);
    x->run->timed = take_time;
    x->run->timed_self = t;
    return true;
}

static void close_variant(struct variant *x)
{
    if (x->run) run_free(x->run);
    free(x->tensors);
    if (x->handle) jit_unload(x->handle);
    codegen_object_free(&x->object);
}

/* Each run from the first values, so that nothing diverges; the first run of a round warms the caches and is not counted. */
static void measure(struct tuning *t, unsigned v, uint32_t graph, uint32_t round)
{
    struct run *run = t->variant[v].run;
    uint32_t kernels = t->c->kernels->graphs.at[graph].kernels.n, from = t->first[graph];
    double start = 0, now = 0;
    for (int turn = 0; turn < 2 || now - start < ROUND_SECONDS; turn++) {
        memcpy(run->frame.arena, t->variant[v].tensors, (size_t)run->model->tensor_bytes);
        if (turn == 1) memset(t->sum, 0, t->nkernels * sizeof *t->sum), start = run_clock();
        run->frame.timed = 1;
        run_graph(run, graph, 1);
        run->frame.timed = 0;
        now = run_clock();
    }
    for (uint32_t j = 0; j < kernels; j++) {
        const struct timing_sum *s = &t->sum[from + j];
        t->seconds[v][(size_t)(from + j) * ROUNDS + round] = s->calls ? s->seconds / (double)s->calls : 0;
    }
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const struct tuning *t, unsigned v, uint32_t kernel)
{
    double *all = &t->seconds[v][(size_t)kernel * ROUNDS];
    qsort(all, ROUNDS, sizeof *all, by_size);
    return all[ROUNDS / 2];
}

/* The fastest grid of a product that has a choice. */
static void choose(struct tuning *t, uint32_t graph, uint32_t kernel)
{
    uint32_t n = t->first[graph] + kernel;
    if (kernel_at(t, 0, graph, kernel)->kind != KERNEL_PRODUCT) return;
    double best = median(t, 0, n) * (1 - GAIN);
    for (unsigned v = 1; v < KERNEL_GRIDS; v++) {
        double seconds = is_new(t, v, graph, kernel) ? median(t, v, n) : 0;
        if (seconds <= 0 || seconds >= best) continue;
        best = seconds;
        t->grid[n] = (uint8_t)v;
    }
}

/* Of several that are equally fast one always looks faster. So the choice is measured again, and stays only if it gains again; that gain is told. */
static void confirm(struct tuning *t, uint32_t graph, uint32_t kernel)
{
    uint32_t n = t->first[graph] + kernel;
    const struct kernel *usual = kernel_at(t, 0, graph, kernel);
    if (usual->kind != KERNEL_PRODUCT || !is_new(t, 1, graph, kernel)) return;
    double first = median(t, 0, n), gain = t->grid[n] && first > 0 ? 1 - median(t, t->grid[n], n) / first : 0;
    if (gain < GAIN) t->grid[n] = 0, gain = 0;
    const struct kernel *chosen = kernel_at(t, t->grid[n], graph, kernel);
    char from[48], to[48];
    snprintf(from, sizeof from, "[%lld, %lld]", (long long)usual->tile[0], (long long)usual->tile[1]);
    snprintf(to, sizeof to, "[%lld, %lld]", (long long)chosen->tile[0], (long long)chosen->tile[1]);
    fprintf(stderr, "tune: %5u %6u  %-40.40s %10.2f us  %-14s %-14s %4.0f%%\n", graph, kernel, usual->name, first * 1e6, from, t->grid[n] ? to : "stays",
            gain * 100);
}

static void measure_rounds(struct tuning *t, uint32_t graph)
{
    for (uint32_t round = 0; round < ROUNDS; round++)
        for (unsigned v = 0; v < KERNEL_GRIDS; v++) measure(t, v, graph, round);
}

static bool measure_all(struct tuning *t)
{
    const struct kernels *k = t->c->kernels;
    for (unsigned v = 0; v < KERNEL_GRIDS; v++)
        if (!open_variant(t, v)) return false;
    fprintf(stderr, "tune: %5s %6s  %-40s %13s  %-14s %-14s %5s\n", "graph", "kernel", "name", "time", "tile", "chosen", "gain");
    for (uint32_t i = 0; i < k->graphs.n; i++) {
        if (!has_choice(t, i)) continue;
        measure_rounds(t, i);
        for (uint32_t j = 0; j < k->graphs.at[i].kernels.n; j++) choose(t, i, j);
        measure_rounds(t, i);
        for (uint32_t j = 0; j < k->graphs.at[i].kernels.n; j++) confirm(t, i, j);
    }
    return true;
}

bool tune_kernels(struct compilation *c)
{
    const struct kernels *k = c->kernels;
    struct arena *mem = c->g->mem;
    struct tuning t = {.c = c, .first = NEW_ARRAY(mem, uint32_t, k->graphs.n + 1)};
    for (uint32_t i = 0; i < k->graphs.n; i++) {
        t.first[i] = t.nkernels;
        t.nkernels += k->graphs.at[i].kernels.n;
    }
    t.sum = NEW_ARRAY(mem, struct timing_sum, t.nkernels + 1);
    t.grid = NEW_ARRAY(mem, uint8_t, t.nkernels + 1);
    for (unsigned v = 0; v < KERNEL_GRIDS; v++) t.seconds[v] = NEW_ARRAY(mem, double, (size_t)t.nkernels * ROUNDS + 1);
    bool good = measure_all(&t);
    for (unsigned v = 0; v < KERNEL_GRIDS; v++) close_variant(&t.variant[v]);
    if (good) c->kernels = kernels_make_grids(c->g, c->program, t.grid);
    return good && c->kernels;
}
