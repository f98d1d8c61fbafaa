/* verify.c: see verify.h. Storages: that they are what the program says, lie in the arena, do not lie over each other while both are needed, and
 * are written before they are read; and that the outputs are what the runtime takes them for. */
#include "schedule/verify.h"

#include "base/diag.h"
#include "schedule/narrow.h"

#include <stdlib.h>
#include <string.h>

static struct span storage_place(const struct verifying *v, const struct kernels_places *at, uint32_t id)
{
    if (!at) return (struct span){0};
    return id < v->k->tensors.n ? at->tensors[id] : v->at->storages[id - v->k->tensors.n];
}

static int64_t bytes_of(const struct ganc *g, const struct storage *s)
{
    int64_t bytes = s->elements * s->size;
    return g->check_bounds ? (bytes + 63) / 64 * 64 + RED_ZONE : bytes;
}

/* ---- each by itself ---- */

static const struct net_info *net_of(const struct verifying *v)
{
    const struct program *p = v->k->program;
    for (uint32_t i = 0; i < p->nets.n; i++)
        if (p->nets.at[i].graph == (int32_t)v->kg->graph->index) return &p->nets.at[i];
    return NULL;
}

/* The graph whose outputs are, on average, this one's inputs. */
static const struct kernel_graph *gather_of(const struct verifying *v)
{
    const struct program *p = v->k->program;
    for (uint32_t i = 0; i < p->reports.n; i++)
        if (p->reports.at[i].gather >= 0 && p->reports.at[i].graph == v->kg->graph->index) return &v->k->graphs.at[p->reports.at[i].gather];
    return NULL;
}

/* How many elements the runtime fills of a storage: 0 where it fills none. */
static int64_t filled_elements(const struct verifying *v, const struct storage *s)
{
    const struct graph *graph = v->kg->graph;
    const struct kernel_graph *gather = gather_of(v);
    const struct net_info *net = net_of(v);
    if (s->kind == STORAGE_MEAN) return type_elements(v->k->program->data.at[s->index].type);
    struct type t;
    if (s->kind == STORAGE_BATCH) t = v->k->program->data.at[s->index].type;
    else if (gather) {
        if (s->index >= gather->outputs.n) return 0;
        return kernels_storage(v->k, gather, gather->outputs.at[s->index].storage)->elements / gather->graph->batch;
    } else if (net && s->index < net->inputs.n) t = net->inputs.at[s->index].type;
    else return 0;
    t.batched = true;
    return type_total(graph, t);
}

static const char *wrong_size(const struct verifying *v, const struct storage *s)
{
    const struct program *p = v->k->program;
    uint32_t size = p->f64 ? 8 : 4;
    int64_t elements = s->elements;
    if (s->kind == STORAGE_TENSOR) {
        elements = type_elements(p->tensors.at[s->index].type);
        if (p->tensors.at[s->index].f64) size = 8;
    } else if (s->kind != STORAGE_SCRATCH) elements = filled_elements(v, s);
    bool may = (s->kind == STORAGE_TENSOR || (s->kind == STORAGE_SCRATCH && s->size == 4)) && size == 4 && !p->f64;
    if (s->columns && (!may || s->columns % PRODUCT_LANES || s->elements % s->columns))
        return arena_format(v->g->mem, "only tensors and scratch of floats lie in panels, whole rows of a multiple of %d columns", PRODUCT_LANES);
    if (!elements) return "no net or report has such an input that this graph is of";
    if (s->elements != elements) return arena_format(v->g->mem, "it has %lld elements there", (long long)elements);
    if (s->size == 1 && s->kind == STORAGE_SCRATCH) return NULL;
    if (s->size != size) return arena_format(v->g->mem, "an element has %u bytes there", size);
    return NULL;
}

static bool filled(const struct storage *s)
{
    return s->kind != STORAGE_TENSOR && s->kind != STORAGE_SCRATCH;
}

static void verify_storage(const struct verifying *v, const struct storage *s, struct span place)
{
    const char *wrong = wrong_size(v, s);
    int64_t low = s->kind == STORAGE_TENSOR ? 0 : v->k->tensor_bytes;
    int64_t high = s->kind == STORAGE_TENSOR ? v->k->tensor_bytes : v->k->tensor_bytes + v->kg->scratch_bytes;
    if (wrong) diag(v->g, E0871, place, s->name, wrong);
    else if (s->offset % 64) diag(v->g, E0871, place, s->name, "a storage begins at a multiple of 64 bytes");
    else if (filled(s) && s->first > 0 && s->first <= s->last)
        diag(v->g, E0871, place, s->name, "the runtime fills it before kernel 0, so it must be kept from there on");
    else if (s->offset < low || s->offset > high - bytes_of(v->g, s))
        diag(v->g, E0872, place, s->name, (long long)s->offset, (long long)(s->offset + bytes_of(v->g, s)), (long long)low, (long long)high);
}

/* ---- two at once ---- */

static int by_offset(const void *a, const void *b)
{
    const struct storage *x = *(const struct storage *const *)a, *y = *(const struct storage *const *)b;
    if (x->offset != y->offset) return x->offset < y->offset ? -1 : 1;
    return x < y ? -1 : x > y;
}

/* n storages of one region, at[0] the first of their places. */
static void verify_apart(const struct verifying *v, const struct storage *all, uint32_t n, const struct span *at)
{
    struct arena *mem = arena_new();
    const struct storage **by = NEW_ARRAY(mem, const struct storage *, n + 1);
    for (uint32_t i = 0; i < n; i++) by[i] = &all[i];
    if (n) qsort(by, n, sizeof *by, by_offset);
    for (uint32_t i = 0; i < n; i++) {
        const struct storage *s = by[i];
        for (uint32_t j = i + 1; j < n && by[j]->offset < s->offset + bytes_of(v->g, s); j++) {
            const struct storage *t = by[j];
            bool apart = s->kind != STORAGE_TENSOR && (s->first > s->last || t->first > t->last || s->last < t->first || t->last < s->first);
            if (!apart) diag(v->g, E0873, at ? at[t - all] : (struct span){0}, t->name, s->name);
        }
    }
    arena_free(mem);
}

static void verify_once(const struct verifying *v)
{
    const struct kernel_graph *kg = v->kg;
    for (uint32_t i = 0; i < kg->storages.n; i++)
        for (uint32_t j = 0; j < i && filled(&kg->storages.at[i]); j++) {
            const struct storage *s = &kg->storages.at[i], *t = &kg->storages.at[j];
            if (s->kind == t->kind && s->index == t->index && s->draw == t->draw)
                diag(v->g, E0871, v->at ? v->at->storages[i] : (struct span){0}, s->name, "the same examples are filled in twice");
        }
}

/* ---- over time ---- */

struct times {
    const struct verifying *v;
    bool *written; /* by storage of the graph */
    uint32_t kernel;
};

static void used(const struct times *t, uint32_t id, struct span place, bool reads)
{
    if (id < t->v->k->tensors.n) return;
    const struct storage *s = &t->v->kg->storages.at[id - t->v->k->tensors.n];
    if (t->kernel < s->first || t->kernel > s->last) diag(t->v->g, E0874, place, t->kernel, s->name);
    else if (reads && s->kind == STORAGE_SCRATCH && !t->written[id - t->v->k->tensors.n]) diag(t->v->g, E0875, place, t->kernel, s->name);
}

static void verify_times(const struct verifying *v)
{
    struct arena *mem = arena_new();
    struct times t = {.v = v, .written = NEW_ARRAY(mem, bool, v->kg->storages.n + 1)};
    uint32_t base = v->k->tensors.n;
    struct span place = {0};
    for (; t.kernel < v->kg->kernels.n; t.kernel++) {
        const struct kernel *k = &v->kg->kernels.at[t.kernel];
        const struct kernel_places *at = v->at ? &v->at->kernels[t.kernel] : NULL;
        for (uint32_t i = 0; i < k->products.n; i++) {
            if (at) place = at->products[i];
            used(&t, k->products.at[i].a.storage, place, true);
            used(&t, k->products.at[i].b.storage, place, true);
        }
        for (uint32_t i = 0; i < k->body.n; i++) {
            const struct insn *in = &k->body.at[i];
            if (in->kind == INSN_LOAD || in->kind == INSN_STORE) used(&t, in->at.storage, at ? at->body[i] : place, in->kind == INSN_LOAD);
        }
        for (uint32_t i = 0; i < k->body.n; i++)
            if (k->body.at[i].kind == INSN_STORE && k->body.at[i].at.storage >= base) t.written[k->body.at[i].at.storage - base] = true;
    }
    t.kernel = v->kg->kernels.n ? v->kg->kernels.n - 1 : 0;
    for (uint32_t i = 0; i < v->kg->outputs.n; i++) used(&t, v->kg->outputs.at[i].storage, v->at ? v->at->outputs[i] : place, true);
    arena_free(mem);
}

/* ---- bytes ---- */

static void verify_bytes(const struct verifying *v)
{
    struct arena *mem = arena_new();
    int *stored = NEW_ARRAY(mem, int, v->kg->storages.n + 1); /* what has been stored up to here */
    for (uint32_t i = 0; i < v->kg->storages.n; i++) stored[i] = NARROW_NOT;
    for (uint32_t i = 0; i < v->kg->kernels.n; i++) {
        const struct kernel *k = &v->kg->kernels.at[i];
        int *most = NEW_ARRAY(mem, int, k->body.n + 1);
        narrow_values(v->k, k, stored, most);
        for (uint32_t j = 0; j < k->body.n; j++) {
            const struct insn *in = &k->body.at[j];
            if (in->kind != INSN_STORE || kernels_storage(v->k, v->kg, in->at.storage)->size != 1) continue;
            int x = most[in->arg[0]], *to = &stored[in->at.storage - v->k->tensors.n];
            if (x > *to) *to = x;
            if (x < 0) diag(v->g, E0878, v->at ? v->at->kernels[i].body[j] : (struct span){0}, "a byte holds what is known to be a whole number from 0 to 255");
        }
    }
    arena_free(mem);
}

/* ---- outputs ---- */

/* The elements that the runtime reads of it; 0: any number of whole examples. */
static int64_t output_elements(const struct verifying *v, const struct output *o)
{
    const struct program *p = v->k->program;
    const struct net_info *net = net_of(v);
    if (output_is_number(o->kind) || o->kind == OUTPUT_LOOK) return 1;
    struct type t = {0};
    bool known = o->kind == OUTPUT_NET && net;
    if (known) t = net->output;
    for (uint32_t i = 0; i < p->pictures.n && o->kind == OUTPUT_PICTURE; i++)
        if (p->pictures.at[i].graph == v->kg->graph->index) t = p->pictures.at[i].type, known = true;
    t.batched = true;
    return known ? type_total(v->kg->graph, t) : 0;
}

static void verify_output(const struct verifying *v, uint32_t i)
{
    const struct kernel_output *o = &v->kg->outputs.at[i];
    const struct storage *s = kernels_storage(v->k, v->kg, o->storage);
    struct span place = v->at ? v->at->outputs[i] : (struct span){0};
    int64_t elements = output_elements(v, o->output);
    if (elements ? s->elements != elements : s->elements % v->kg->graph->batch)
        diag(v->g, E0871, place, o->output->name,
             elements ? arena_format(v->g->mem, "it has %lld elements there", (long long)elements) : "it has a row for each example there");
    else if (s->size != (v->k->program->f64 ? 8 : 4)) diag(v->g, E0871, place, o->output->name, "its elements are not those of the program");
    else if (s->columns) diag(v->g, E0871, place, o->output->name, "it is row-major there");
}

/* ---- all ---- */

static void verify_graph(const struct verifying *v, const struct kernels_places *at)
{
    const struct kernel_graph *kg = v->kg;
    uint32_t errors = diag_errors(v->g);
    if (kg->scratch_bytes > v->k->arena_bytes - v->k->tensor_bytes)
        diag(v->g, E0872, v->at ? v->at->head : (struct span){0}, kg->graph->name, (long long)v->k->tensor_bytes,
             (long long)(v->k->tensor_bytes + kg->scratch_bytes), (long long)v->k->tensor_bytes, (long long)v->k->arena_bytes);
    for (uint32_t i = 0; i < kg->storages.n; i++) verify_storage(v, &kg->storages.at[i], storage_place(v, at, v->k->tensors.n + i));
    if (diag_errors(v->g) > errors) return;
    verify_apart(v, kg->storages.at, kg->storages.n, v->at ? v->at->storages : NULL);
    verify_once(v);
    for (uint32_t i = 0; i < kg->kernels.n; i++) verify_kernel(v, i);
    verify_times(v);
    verify_bytes(v);
    for (uint32_t i = 0; i < kg->outputs.n; i++) verify_output(v, i);
    for (uint32_t i = 0; i < kg->graph->joins.n; i++) { /* what program_verify asks of nodes */
        const struct kernel_graph *part = &v->k->graphs.at[kg->graph->joins.at[i]];
        if (!part->kernels.n && !part->outputs.n) continue;
        diag(v->g, E0871, v->at ? v->at->head : (struct span){0}, part->graph->name, "a graph that another joins has no kernels and no outputs");
    }
}

bool kernels_verify(struct ganc *g, const struct kernels *k, const struct kernels_places *at)
{
    uint32_t errors = diag_errors(g);
    struct verifying v = {.g = g, .k = k};
    if (k->tensors.n != k->program->tensors.n) {
        diag(g, E0871, at ? at->head : (struct span){0}, "memory", "every tensor has a line");
        return false;
    }
    if (k->tensor_bytes > k->arena_bytes)
        diag(g, E0872, at ? at->head : (struct span){0}, "the tensors", 0LL, (long long)k->tensor_bytes, 0LL, (long long)k->arena_bytes);
    for (uint32_t i = 0; i < k->tensors.n; i++) verify_storage(&v, &k->tensors.at[i], storage_place(&v, at, i));
    if (diag_errors(g) > errors) return false;
    verify_apart(&v, k->tensors.at, k->tensors.n, at ? at->tensors : NULL);
    for (uint32_t i = 0; i < k->graphs.n; i++) {
        v.kg = &k->graphs.at[i];
        v.at = at ? &at->graphs[i] : NULL;
        verify_graph(&v, at);
    }
    return diag_errors(g) == errors;
}
