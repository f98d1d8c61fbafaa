/* run.c: makes a run: its tables, memory, settings and data sets; runs graphs outside training. */
#define _GNU_SOURCE
#include "run.h"

#include "data.h"
#include "threads.h"

#include <errno.h>
#include <ganrt/random.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#define HUGE_PAGE ((size_t)2 << 20)
#define SOURCES_MOST (GANRT_STREAM_PICK - GANRT_STREAM_SHUFFLE) /* random streams set aside for them */

double run_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void run_results_clear(struct run *run)
{
    const uint64_t never = RUN_NEVER;
    for (uint32_t i = 0; i < run->model->nresults; i++) memcpy(&run->frame.results[i], &never, sizeof never);
}

/* Which sources there are, and which a train block draws from. */
static void find_sources(struct run *run)
{
    const struct ganrt_model *model = run->model;
    for (uint32_t i = 0; i < model->ndata; i++)
        if (model->data[i].source + 1 > run->nsources) run->nsources = model->data[i].source + 1;
    run->sources = memory_take(run->nsources, sizeof *run->sources);
    run->field = memory_take(model->ndata, sizeof *run->field);
    for (uint32_t i = 0; i < model->ndata; i++) {
        struct run_source *source = &run->sources[model->data[i].source];
        if (!source->nfields) {
            source->name = model->data[i].name;
            source->path = model->data[i].from;
        }
        run->field[i] = source->nfields++;
    }
    int64_t most = 1; /* examples that one draw takes */
    for (uint32_t i = 0; i < model->ngraphs; i++) {
        const struct ganrt_graph *graph = &model->graphs[i];
        for (uint32_t j = 0; j < graph->nbatches; j++) {
            const struct ganrt_batch *batch = &graph->batches[j];
            if (batch->kind == GANRT_BATCH_INPUT) continue;
            const struct ganrt_data *data = &model->data[batch->index];
            run->sources[data->source].trained |= graph->kind != GANRT_NET;
            if (data->elements > 0 && batch->elements / data->elements > most) most = batch->elements / data->elements;
        }
    }
    run->picks = memory_take((size_t)most, sizeof *run->picks);
    run->most = most;
}

struct run *run_new(const struct ganrt_model *model)
{
    struct run *run = memory_take(1, sizeof *run);
    run->model = model;
    run->invoked = error_program();
    run->seed = 1;
    run->bad_share = DATA_BAD_SHARE;
    run->nthreads = threads_available();
    run->given = memory_take(model->nsettings, 1);
    run->frame = (struct ganrt_frame){
        .settings = memory_take(model->nsettings, sizeof(double)),
        .scalars = memory_take(model->scalars, sizeof(double)),
        .vars = memory_take(model->vars, sizeof(double)),
        .counters = memory_take(model->ncounters, sizeof(double)),
        .results = memory_take(model->nresults, sizeof(double)),
        .step = 1,
        .epoch = 1,
        .runtime = run,
    };
    run_results_clear(run);
    find_sources(run);
    return run;
}

void run_free(struct run *run)
{
    if (!run) return;
    threads_free(run->threads);
    for (uint32_t i = 0; i < run->nsources; i++) {
        data_close(run->sources[i].data);
        free(run->sources[i].order);
        free(run->sources[i].recorded);
    }
    if (run->arena_map) munmap(run->arena_map, run->arena_mapped);
    if (run->tiles_map) munmap(run->tiles_map, run->tiles_mapped);
    free(run->frame.settings);
    free(run->frame.scalars);
    free(run->frame.vars);
    free(run->frame.counters);
    free(run->frame.results);
    free(run->given);
    free(run->sources);
    free(run->field);
    free(run->picks);
    free(run);
}

void run_settings(struct run *run)
{
    if (run->model->defaults) run->model->defaults(&run->frame, run->given);
}

/* Zeroed memory, aligned to pages, and to huge pages where it is worth it. NULL: errno says why. */
static unsigned char *map(size_t bytes, void **whole, size_t *mapped)
{
    size_t room = bytes >= 2 * HUGE_PAGE ? bytes + HUGE_PAGE : bytes + 4096;
    unsigned char *memory = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return NULL;
    *whole = memory;
    *mapped = room;
    if (bytes < 2 * HUGE_PAGE) return memory;
    memory += (HUGE_PAGE - (uintptr_t)memory % HUGE_PAGE) % HUGE_PAGE;
    madvise(memory, bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE); /* a wish: training is right without */
    return memory;
}

bool run_allocate(struct run *run, struct error *e)
{
    const struct ganrt_model *model = run->model;
    run_settings(run);
    run->frame.seed[0] = (uint32_t)run->seed;
    run->frame.seed[1] = (uint32_t)(run->seed >> 32);
    size_t arena = (size_t)model->arena_bytes, tiles = (size_t)model->worker_bytes * run->nthreads;
    run->frame.arena = map(arena, &run->arena_map, &run->arena_mapped);
    if (run->frame.arena) run->frame.tiles = map(tiles, &run->tiles_map, &run->tiles_mapped);
    if (!run->frame.tiles) return error_set(e, "%zu bytes of memory are wanted: %s", arena + tiles, strerror(errno));
    /* Bytes of ones are a NaN in both element types: what reads scratch before it is written makes a NaN that ends up in an objective. */
    if (model->check_bounds) memset(run->frame.arena + model->tensor_bytes, 0xff, (size_t)(model->arena_bytes - model->tensor_bytes));
    run->threads = threads_new(run->nthreads, e);
    return run->threads != NULL;
}

int32_t run_source_named(const struct run *run, const char *name)
{
    for (uint32_t i = 0; i < run->nsources; i++)
        if (run->sources[i].nfields && !strcmp(run->sources[i].name, name)) return (int32_t)i;
    return -1;
}

bool run_open_source(struct run *run, uint32_t number, struct error *e)
{
    const struct ganrt_model *model = run->model;
    struct run_source *source = &run->sources[number];
    if (source->data) return true;
    if (number >= SOURCES_MOST) return error_set(e, "%s: a model may have %u data sets", source->name, SOURCES_MOST);
    if (!source->path)
        return error_set(e, "%s: no data was given; use --data %s%sPATH", source->name, run->nsources > 1 ? source->name : "",
                         run->nsources > 1 ? "=" : "");
    struct ganrt_data *fields = memory_take(source->nfields, sizeof *fields);
    for (uint32_t i = 0, n = 0; i < model->ndata; i++)
        if (model->data[i].source == number) fields[n++] = model->data[i];
    const struct data_options options = {run->data_memory, run->bad_share, run->nthreads, run->sizes};
    source->data = data_open(fields, source->nfields, source->path, &options, e);
    free(fields);
    if (!source->data) return false;
    source->count = data_count(source->data);
    data_stage_room(source->data, run->most);
    if (!data_complain(source->data, e)) return false;
    if (source->count <= UINT32_MAX) return true;
    return error_set(e, "%s: %lld items are more than a data set may have (2^32)", source->path, (long long)source->count);
}

bool run_data_has_news(struct run *run)
{
    for (uint32_t i = 0; i < run->nsources; i++)
        if (run->sources[i].data && data_has_news(run->sources[i].data)) return true;
    return false;
}

bool run_data_complain(struct run *run, struct error *e)
{
    for (uint32_t i = 0; i < run->nsources; i++)
        if (run->sources[i].data && !data_complain(run->sources[i].data, e)) return false;
    return true;
}

void run_graph(struct run *run, uint32_t graph, uint64_t tick)
{
    struct ganrt_frame *f = &run->frame;
    bool training = run->training;
    uint64_t kept = f->tick;
    run->training = false;
    f->tick = tick;
    run->model->graphs[graph].run(f);
    f->tick = kept;
    run->training = training;
}

void run_initialise(struct run *run)
{
    for (uint32_t i = 0; i < run->model->ngraphs; i++)
        if (run->model->graphs[i].kind == GANRT_INIT) run_graph(run, i, 0);
}
