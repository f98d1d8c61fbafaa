/* trace_tables.c: reads what the object says of its kernels. The format is ganrt/trace.h; the bytes are the object's own, written with the code that
 * runs, but a description that ends too early or names what is not there is refused all the same. */
#include "trace.h"

#include <stdlib.h>

struct reading {
    struct trace *t;
    const unsigned char *at, *end;
    bool bad;
};

/* Not inlined: it stands in forty places, and is asked once in a run. */
static uint64_t __attribute__((noinline)) get(struct reading *r)
{
    uint64_t x = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (r->at == r->end) break;
        unsigned char byte = *r->at++;
        x |= (uint64_t)(byte & 127) << shift;
        if (!(byte & 128)) return x;
    }
    r->bad = true;
    return 0;
}

static int64_t get_signed(struct reading *r)
{
    uint64_t x = get(r);
    return (int64_t)(x >> 1 ^ -(x & 1));
}

/* A number below `limit`. */
static uint32_t get_below(struct reading *r, uint64_t limit)
{
    uint64_t x = get(r);
    if (x < limit) return (uint32_t)x;
    r->bad = true;
    return 0;
}

/* A list's length: each of its entries takes a byte at least. */
static uint32_t get_count(struct reading *r)
{
    return get_below(r, (uint64_t)(r->end - r->at) + 1);
}

static const char *__attribute__((noinline)) get_text(struct reading *r)
{
    uint32_t i = get_below(r, r->t->ntexts);
    return r->bad ? "" : r->t->texts[i];
}

static const struct trace_place *get_place(struct reading *r)
{
    return &r->t->places[get_below(r, r->t->nplaces)];
}

static uint32_t get_storage(struct reading *r, const struct trace_graph *graph)
{
    return get_below(r, (uint64_t)r->t->model->ntensors + graph->nstorages);
}

static void read_texts(struct reading *r)
{
    r->t->ntexts = get_count(r);
    r->t->texts = memory_take(r->t->ntexts, sizeof *r->t->texts);
    for (uint32_t i = 0; i < r->t->ntexts; i++) {
        uint32_t n = get_count(r);
        r->t->texts[i] = memory_format("%.*s", (int)n, (const char *)r->at);
        r->at += n;
    }
}

static void read_places(struct reading *r)
{
    r->t->nplaces = get_count(r);
    r->t->places = memory_take((size_t)r->t->nplaces + 1, sizeof *r->t->places);
    for (uint32_t i = 0; i < r->t->nplaces; i++) {
        struct trace_place *p = &r->t->places[i];
        p->at.file = get_text(r);
        p->at.line = (uint32_t)get(r);
        p->at.column = (uint32_t)get(r);
        p->at.text = get_text(r);
        p->role = (enum ganrt_role)get_below(r, GANRT_UPDATE + 1);
        p->call.line = (uint32_t)get(r);
        if (!p->call.line) continue;
        p->call.file = get_text(r);
        p->call.column = (uint32_t)get(r);
        p->call.text = get_text(r);
    }
}

static void read_tensors(struct reading *r)
{
    const struct ganrt_model *model = r->t->model;
    r->t->owners = memory_take(model->ntensors, sizeof *r->t->owners);
    r->t->tensors = memory_take(model->ntensors, sizeof *r->t->tensors);
    for (uint32_t i = 0; i < model->ntensors; i++) {
        const struct ganrt_tensor *t = &model->tensors[i];
        r->t->owners[i] = (int32_t)get_below(r, (uint64_t)model->nnets + 1) - 1;
        r->t->tensors[i] = (struct trace_storage){.name = t->name, .elements = t->elements, .offset = t->offset, .columns = t->columns, .size = t->size};
    }
    r->t->nsets = get_count(r);
    r->t->sets = memory_take(r->t->nsets, sizeof *r->t->sets);
    for (uint32_t i = 0; i < r->t->nsets; i++) {
        r->t->sets[i].tensor = get_below(r, model->ntensors);
        r->t->sets[i].place = get_place(r);
    }
}

static void __attribute__((noinline)) read_access(struct reading *r, const struct trace_graph *graph, const struct trace_kernel *k, struct trace_access *a)
{
    a->storage = get_storage(r, graph);
    a->offset = get_signed(r);
    for (uint32_t d = 0; d < k->rank; d++) a->stride[d] = get_signed(r);
}

static void read_named(struct reading *r, struct trace_insn *in)
{
    in->name = get_text(r);
    in->place = get_place(r);
}

static void read_insn(struct reading *r, const struct trace_graph *graph, const struct trace_kernel *k, uint32_t i)
{
    struct trace_insn *in = &k->insns[i];
    uint32_t kind = get_below(r, 32);
    if ((kind & 15) > GANRT_TRACE_REDUCE) r->bad = true;
    in->kind = (enum ganrt_trace_insn)(kind & 15);
    in->outer = kind & 16;
    switch (in->kind) {
    case GANRT_TRACE_NUMBER:
        if (r->end - r->at < 8) r->bad = true;
        else memcpy(&in->number, r->at, 8), r->at += 8;
        break;
    case GANRT_TRACE_SCALAR:
        in->index = get_below(r, graph->nscalars);
        if (!r->bad) in->name = graph->scalars[in->index];
        in->place = get_place(r);
        break;
    case GANRT_TRACE_INDEX:
    case GANRT_TRACE_LOAD: read_access(r, graph, k, &in->at); break;
    case GANRT_TRACE_STORE:
        read_access(r, graph, k, &in->at);
        in->nargs = 1;
        in->arg[0] = get_below(r, i);
        break;
    case GANRT_TRACE_OP:
        read_named(r, in);
        in->function = trace_find_function(in->name);
        if (!in->function) r->bad = true;
        in->nargs = get_below(r, 4);
        for (uint32_t a = 0; a < in->nargs; a++) in->arg[a] = get_below(r, i);
        break;
    case GANRT_TRACE_RANDOM:
        in->name = get_text(r);
        in->index = (uint32_t)get(r);
        in->scalar = (uint32_t)get(r);
        in->number = (double)get(r);
        in->apart = (uint32_t)get(r);
        in->minibatch = (int64_t)get(r);
        read_access(r, graph, k, &in->at);
        read_access(r, graph, k, &in->example);
        break;
    case GANRT_TRACE_TILE: read_named(r, in); break;
    case GANRT_TRACE_REDUCE:
        read_named(r, in);
        in->nargs = 1;
        in->arg[0] = get_below(r, i);
        break;
    }
}

static void read_product(struct reading *r, const struct trace_graph *graph, struct trace_product *p)
{
    for (int i = 0; i < 2; i++) {
        p->side[i].storage = get_storage(r, graph);
        p->side[i].offset = (int64_t)get(r);
        p->side[i].ld = (int64_t)get(r);
    }
    p->k = (int64_t)get(r);
    uint32_t flags = get_below(r, 16);
    p->turned[0] = flags & GANRT_TRACE_TA, p->turned[1] = flags & GANRT_TRACE_TB;
    p->windows = flags & GANRT_TRACE_WINDOWS, p->back = flags & GANRT_TRACE_WINDOWS_BACK;
    if (!p->windows) return;
    int64_t *const pairs[5] = {p->grid, p->taps, p->image, p->stride, p->before};
    for (int i = 0; i < 10; i++) pairs[i / 2][i % 2] = get_signed(r);
}

static void read_kernel(struct reading *r, const struct trace_graph *graph, struct trace_kernel *k)
{
    k->product = get_below(r, 2) == GANRT_TRACE_PRODUCT;
    k->rank = get_below(r, TRACE_RANK + 1);
    for (uint32_t d = 0; d < k->rank; d++) k->extent[d] = (int64_t)get(r);
    uint32_t reduced = get_below(r, 1u << TRACE_RANK);
    for (uint32_t d = 0; d < k->rank; d++) k->reduced[d] = reduced >> d & 1, k->reduces |= k->reduced[d];
    k->place = get_place(r);
    k->nproducts = get_count(r);
    k->products = memory_take(k->nproducts, sizeof *k->products);
    for (uint32_t i = 0; i < k->nproducts && !r->bad; i++) read_product(r, graph, &k->products[i]);
    k->ninsns = get_count(r);
    k->insns = memory_take(k->ninsns, sizeof *k->insns);
    for (uint32_t i = 0; i < k->ninsns && !r->bad; i++) read_insn(r, graph, k, i);
}

static void read_graph(struct reading *r, uint32_t number)
{
    struct trace_graph *graph = &r->t->graphs[number];
    const struct ganrt_graph *of = &r->t->model->graphs[number];
    graph->known = get_below(r, 2);
    if (!graph->known) return;
    graph->nstorages = get_count(r);
    graph->storages = memory_take(graph->nstorages, sizeof *graph->storages);
    for (uint32_t i = 0; i < graph->nstorages; i++) {
        struct trace_storage *s = &graph->storages[i];
        s->kind = get_below(r, GANRT_TRACE_SCRATCH + 1);
        s->name = get_text(r);
        s->elements = (int64_t)get(r);
        s->size = get_below(r, 9);
        s->offset = (int64_t)get(r);
        s->columns = (int64_t)get(r);
    }
    graph->outputs = memory_take(of->noutputs, sizeof *graph->outputs);
    graph->players = memory_take(of->noutputs, sizeof *graph->players);
    for (uint32_t i = 0; i < of->noutputs; i++) {
        graph->outputs[i] = get_storage(r, graph);
        uint32_t player = get_below(r, (uint64_t)r->t->ntexts + 1);
        if (player) graph->players[i] = r->t->texts[player - 1];
    }
    graph->nscalars = get_count(r);
    graph->scalars = memory_take(graph->nscalars, sizeof *graph->scalars);
    for (uint32_t i = 0; i < graph->nscalars; i++) graph->scalars[i] = get_text(r);
    graph->nkernels = get_below(r, (uint64_t)of->nkernels + 1);
    if (graph->nkernels != of->nkernels) r->bad = true;
    graph->kernels = memory_take(graph->nkernels, sizeof *graph->kernels);
    for (uint32_t i = 0; i < graph->nkernels && !r->bad; i++) read_kernel(r, graph, &graph->kernels[i]);
}

struct trace *trace_read(const struct ganrt_model *model, struct error *e)
{
    struct trace *t = memory_take(1, sizeof *t);
    struct reading r = {.t = t, .at = model->trace, .end = model->trace + model->trace_bytes, .bad = !model->trace};
    t->model = model;
    if (r.bad || get(&r) != GANRT_TRACE) {
        error_set(e, "%s: the trainer holds no description of its kernels that this runtime reads", model->name);
        trace_free(t);
        return NULL;
    }
    read_texts(&r);
    read_places(&r);
    read_tensors(&r);
    t->graphs = memory_take(model->ngraphs, sizeof *t->graphs);
    if (get_count(&r) != model->ngraphs) r.bad = true;
    for (uint32_t i = 0; i < model->ngraphs && !r.bad; i++) read_graph(&r, i);
    if (!r.bad && r.at == r.end) return t;
    error_set(e, "%s: the trainer's description of its kernels is broken", model->name);
    trace_free(t);
    return NULL;
}

void trace_free(struct trace *t)
{
    if (!t) return;
    for (uint32_t i = 0; t->graphs && i < t->model->ngraphs; i++) {
        struct trace_graph *graph = &t->graphs[i];
        for (uint32_t k = 0; graph->kernels && k < graph->nkernels; k++) free(graph->kernels[k].products), free(graph->kernels[k].insns);
        free(graph->kernels);
        free(graph->storages);
        free(graph->outputs);
        free(graph->players);
        free(graph->scalars);
    }
    for (uint32_t i = 0; t->texts && i < t->ntexts; i++) free(t->texts[i]);
    free(t->graphs);
    free(t->texts);
    free(t->places);
    free(t->owners);
    free(t->sets);
    free(t->tensors);
    free(t);
}
