/* plan.c: where each storage lies in the one arena.
 *
 * Tensors come first and keep their place; behind them each graph lays out its own storages over the same bytes. Largest first, each goes to the
 * smallest gap that is free for its whole lifetime (lowest of equals), or behind what is there. */
#include "base/diag.h"
#include "schedule/internal.h"

#include <stdlib.h>

#define ALIGN 64
#define ARENA_MOST ((int64_t)1 << 46)     /* bytes that a process can map; a storage is below 2^44 (MAX_ELEMENTS) */

static int64_t storage_bytes(const struct ganc *g, const struct storage *s)
{
    int64_t bytes = (s->elements * s->size + ALIGN - 1) / ALIGN * ALIGN;
    return bytes + (g->check_bounds ? RED_ZONE : 0);
}

static int by_size(const void *a, const void *b)
{
    const struct storage *x = *(struct storage *const *)a, *y = *(struct storage *const *)b;
    int64_t m = x->elements * x->size, n = y->elements * y->size;
    if (m != n) return m < n ? 1 : -1;
    return x < y ? -1 : x > y; /* as they were made */
}

/* placed[0..n) is sorted by offset. Returns where s goes. */
static int64_t place(const struct ganc *g, struct storage *const *placed, uint32_t n, const struct storage *s)
{
    int64_t need = storage_bytes(g, s), end = 0, best = -1, smallest = INT64_MAX;
    for (uint32_t i = 0; i < n; i++) {
        const struct storage *p = placed[i];
        if (p->last < s->first || s->last < p->first) continue;
        int64_t gap = p->offset - end;
        if (gap >= need && gap < smallest) best = end, smallest = gap;
        int64_t after = p->offset + storage_bytes(g, p);
        if (after > end) end = after;
    }
    return best >= 0 ? best : end;
}

/* Offsets from the start of the scratch region; false where they pass ARENA_MOST. */
static bool plan_graph(struct ganc *g, struct kernel_graph *kg)
{
    struct arena *mem = arena_new();
    uint32_t n = kg->storages.n;
    struct storage **by = NEW_ARRAY(mem, struct storage *, n), **placed = NEW_ARRAY(mem, struct storage *, n);
    for (uint32_t i = 0; i < n; i++) by[i] = &kg->storages.at[i];
    if (n) qsort(by, n, sizeof *by, by_size);
    bool fits = true;
    for (uint32_t i = 0; i < n && fits; i++) {
        struct storage *s = by[i];
        s->offset = place(g, placed, i, s);
        uint32_t at = i;
        for (; at > 0 && placed[at - 1]->offset > s->offset; at--) placed[at] = placed[at - 1];
        placed[at] = s;
        int64_t end = s->offset + storage_bytes(g, s);
        if (end > kg->scratch_bytes) kg->scratch_bytes = end;
        fits = end <= ARENA_MOST;
    }
    arena_free(mem);
    return fits;
}

void plan_arena(struct ganc *g, struct kernels *k)
{
    bool fits = true;
    for (uint32_t i = 0; i < k->tensors.n && fits; i++) {
        struct storage *s = &k->tensors.at[i];
        s->offset = k->tensor_bytes;
        if (s->elements <= MAX_ELEMENTS) k->tensor_bytes += storage_bytes(g, s);
        fits = s->elements <= MAX_ELEMENTS && k->tensor_bytes <= ARENA_MOST;
        if (!fits) diag(g, E0811, k->program->tensors.at[i].span, k->tensors.at[i].name);
    }
    int64_t scratch = 0;
    for (uint32_t i = 0; i < k->graphs.n && fits; i++) {
        struct kernel_graph *kg = &k->graphs.at[i];
        fits = plan_graph(g, kg);
        if (!fits) diag(g, E0812, kg->graph->span, kg->graph->name);
        if (kg->scratch_bytes > scratch) scratch = kg->scratch_bytes;
        for (uint32_t j = 0; j < kg->storages.n; j++) kg->storages.at[j].offset += k->tensor_bytes;
    }
    k->arena_bytes = k->tensor_bytes + scratch;
}

int64_t plan_batch(const struct kernels *k)
{
    int64_t most = 0;
    for (uint32_t i = 0; i < k->program->trains.n; i++)
        if (k->program->trains.at[i].batch > most) most = k->program->trains.at[i].batch;
    return most;
}

/* Pictures and nets have minibatches of their own. */
static bool grows(const struct kernel_graph *kg)
{
    return kg->graph->kind == GRAPH_STEP || kg->graph->kind == GRAPH_REPORT;
}

/* The kernels are those of the whole minibatch. Made for a smaller one they keep more between them, as values that are small enough are stored rather than
 * made again: of the examples' arenas, with minibatches of a half to an eighth, at most 15 % more. A sixth is added for it, so that what is said to fit does. */
int64_t plan_smaller(struct ganc *g, const struct kernels *k, int64_t batch)
{
    struct arena *mem = arena_new();
    int64_t whole = plan_batch(k), scratch = 0;
    for (uint32_t i = 0; i < k->graphs.n; i++) {
        struct kernel_graph kg = k->graphs.at[i];
        struct storage *own = NEW_ARRAY(mem, struct storage, kg.storages.n);
        kg.scratch_bytes = 0;
        for (uint32_t j = 0; j < kg.storages.n; j++) {
            own[j] = kg.storages.at[j];
            if ((own[j].batched || own[j].kind == STORAGE_BATCH) && grows(&kg))
                own[j].elements = (int64_t)ceil((double)own[j].elements * (double)batch / (double)whole);
        }
        kg.storages.at = own;
        plan_graph(g, &kg);
        if (kg.scratch_bytes > scratch) scratch = kg.scratch_bytes;
    }
    arena_free(mem);
    return least(k->arena_bytes, (k->tensor_bytes + scratch) / 6 * 7);
}
