/* codegen_kit.h: kernels made by hand, compiled, loaded and run on an arena, for the tests of code generation.
 *
 * The services of the runtime are the test's own (KIT_SERVICES), so that no trainer is needed around a kernel. */
#ifndef CODEGEN_KIT_H
#define CODEGEN_KIT_H

#include "check.h"

#include "base/diag.h"
#include "codegen/codegen.h"

#include <ganrt/model.h>
#include <ganrt/random.h>
#include <stdlib.h>

struct kit {
    struct ganc *g;
    struct program program;
    struct kernels k;
    struct graph graph;
    struct object object;
    void *handle;
    const struct ganrt_model *model;
    struct ganrt_frame frame;
    double settings[8], scalars[8], vars[8], counters[8], results[8];
};

static inline void kit_open(struct kit *t, bool f64)
{
    *t = (struct kit){.g = ganc_new()};
    t->program.name = "kit";
    t->program.f64 = f64;
    t->k.program = &t->program;
    t->graph = (struct graph){.kind = GRAPH_STEP, .name = "by hand", .batch = 1};
    struct graph *graph = &t->graph;
    vec_push(t->g->mem, &t->program.graphs, graph);
    vec_push(t->g->mem, &t->k.graphs, (struct kernel_graph){.graph = graph});
    t->k.worker_bytes = 1 << 16;
}

static inline struct kernel_graph *kit_graph(struct kit *t)
{
    return &t->k.graphs.at[0];
}

/* A scratch storage of the program's type, or of doubles; its number. Red zones of 64 bytes lie between. */
static inline uint32_t kit_storage(struct kit *t, int64_t elements, uint32_t size)
{
    struct storage s = {.kind = STORAGE_SCRATCH, .name = "s", .elements = elements, .size = size, .offset = t->k.arena_bytes};
    t->k.arena_bytes += (elements * size + 127) / 64 * 64;
    vec_push(t->g->mem, &kit_graph(t)->storages, s);
    return t->k.tensors.n + kit_graph(t)->storages.n - 1;
}

static inline struct kernel *kit_kernel(struct kit *t, uint32_t rank, const int64_t *extent)
{
    struct kernel k = {.kind = KERNEL_LOOP, .name = "kernel", .rank = rank, .tasks = 1};
    for (uint32_t d = 0; d < rank; d++) k.extent[d] = extent[d];
    if (rank) k.chunk = extent[0];
    vec_push(t->g->mem, &kit_graph(t)->kernels, k);
    return &kit_graph(t)->kernels.at[kit_graph(t)->kernels.n - 1];
}

static inline uint32_t kit_insn(struct kit *t, struct kernel *k, struct insn in)
{
    vec_push(t->g->mem, &k->body, in);
    return k->body.n - 1;
}

#define KIT_AT(storage_, offset_, ...) ((struct access){.storage = (storage_), .offset = (offset_), .stride = {__VA_ARGS__}})

/* Compiles and loads; false where the compiler reported something. Memory starts as zeros. */
static inline bool kit_load(struct kit *t)
{
    if (!codegen_object(t->g, &t->k, &t->object)) return false;
    t->model = jit_load(t->g, &t->object, &t->handle);
    if (!t->model) return false;
    t->frame = (struct ganrt_frame){.settings = t->settings, .scalars = t->scalars, .vars = t->vars, .counters = t->counters,
                                    .results = t->results, .step = 1, .epoch = 1, .seed = {7, 9}, .tick = 3};
    t->frame.arena = aligned_alloc(64, (size_t)(t->k.arena_bytes + 63) / 64 * 64 + 64);
    t->frame.tiles = aligned_alloc(64, (size_t)t->k.worker_bytes + 64);
    memset(t->frame.arena, 0, (size_t)t->k.arena_bytes);
    return t->frame.arena && t->frame.tiles;
}

static inline void *kit_memory(struct kit *t, uint32_t storage)
{
    return t->frame.arena + kernels_storage(&t->k, kit_graph(t), storage)->offset;
}

/* All tasks of a kernel, last first: their order must not matter. */
static inline void kit_run(struct kit *t, uint32_t kernel)
{
    const struct ganrt_kernel_info *info = &t->model->graphs[0].kernels[kernel];
    for (uint32_t task = info->tasks; task-- > 0;) info->run(&t->frame, task, 0);
}

static inline void kit_close(struct kit *t)
{
    diag_print(t->g, stdout, COLOR_NEVER);
    jit_unload(t->handle);
    codegen_object_free(&t->object);
    free(t->frame.arena);
    free(t->frame.tiles);
    ganc_free(t->g);
}

static uint32_t kit_begun, kit_serial, kit_outside;
static int64_t kit_byte;

#define KIT_SERVICES                                                                                                   \
    void ganrt_begin(struct ganrt_frame *f, uint32_t graph) { f->graph = graph, kit_begun++; }                         \
    void ganrt_parallel(struct ganrt_frame *f, ganrt_kernel *kernel, uint32_t tasks, uint32_t index)                   \
    {                                                                                                                  \
        (void)index;                                                                                                   \
        for (uint32_t i = 0; i < tasks; i++) kernel(f, i, 0);                                                          \
    }                                                                                                                  \
    void ganrt_serial(struct ganrt_frame *f, ganrt_kernel *kernel, uint32_t index)                                     \
    {                                                                                                                  \
        (void)index;                                                                                                   \
        kit_serial++;                                                                                                  \
        kernel(f, 0, 0);                                                                                               \
    }                                                                                                                  \
    void ganrt_bounds(struct ganrt_frame *f, uint32_t graph, uint32_t kernel, uint32_t storage, int64_t byte)          \
    {                                                                                                                  \
        (void)f, (void)graph, (void)kernel;                                                                            \
        kit_outside = storage;                                                                                         \
        kit_byte = byte;                                                                                               \
        longjmp(kit_escape, 1);                                                                                        \
    }

#include <setjmp.h>
static jmp_buf kit_escape;

#endif
