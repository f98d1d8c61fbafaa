/* trace_run.c: graphs followed one by one while they run: what each began with is kept, and what it left is looked at before the next one begins. The first
 * that leaves something bad is walked through at once; what runs after it does not count.
 *
 * A minibatch that was filled is recorded, so that the step can be run again where the data is not (trace_file.c), and is taken from such a record
 * instead of being drawn. */
#include "trace_run.h"

#include <stdlib.h>

static void start_free(struct trace_start *s)
{
    free(s->tensors);
    free(s->at);
    free(s->batches);
    *s = (struct trace_start){0};
}

static size_t batch_bytes(const struct run *run, const struct ganrt_batch *b)
{
    return (size_t)b->elements * run_element(run);
}

/* What the graph's kernels begin with, as it stands in the arena now. */
static void keep(struct follow *f, uint32_t number)
{
    const struct ganrt_graph *graph = &f->run->model->graphs[number];
    size_t bytes = 0, tensors = (size_t)f->run->model->tensor_bytes;
    start_free(&f->start);
    f->start.graph = number;
    f->start.tick = f->run->frame.tick;
    f->start.tensors = memory_take(tensors + 1, 1);
    memcpy(f->start.tensors, f->run->frame.arena, tensors);
    f->start.at = memory_take(graph->nbatches, sizeof *f->start.at);
    for (uint32_t i = 0; i < graph->nbatches; i++) {
        f->start.at[i] = bytes;
        bytes += batch_bytes(f->run, &graph->batches[i]);
    }
    f->start.batches = memory_take(bytes + 1, 1);
    for (uint32_t i = 0; i < graph->nbatches; i++)
        memcpy(f->start.batches + f->start.at[i], run_at(f->run, graph->batches[i].offset), batch_bytes(f->run, &graph->batches[i]));
}

static void record(struct follow *f, uint32_t number)
{
    const struct ganrt_graph *graph = &f->run->model->graphs[number];
    for (uint32_t i = 0; i < graph->nbatches; i++) {
        size_t bytes = batch_bytes(f->run, &graph->batches[i]);
        struct trace_minibatch m = {f->graphs, number, i, memory_take(bytes + 1, 1), bytes};
        memcpy(m.bytes, f->start.batches + f->start.at[i], bytes);
        f->minibatches = memory_grow(f->minibatches, f->nminibatches + 1, sizeof *f->minibatches);
        f->minibatches[f->nminibatches++] = m;
    }
}

/* Minibatches of the graph that runs as the n-th, from the record. */
static bool feed(struct follow *f, uint32_t number)
{
    const struct ganrt_graph *graph = &f->run->model->graphs[number];
    for (uint32_t batch = 0; batch < graph->nbatches; batch++) {
        size_t size = batch_bytes(f->run, &graph->batches[batch]);
        bool found = false;
        for (uint32_t i = 0; i < f->nminibatches && !found; i++) { /* a forged record may name one twice */
            const struct trace_minibatch *m = &f->minibatches[i];
            found = m->run == f->graphs && m->graph == number && m->batch == batch && m->size == size;
            if (found) memcpy(run_at(f->run, graph->batches[batch].offset), m->bytes, size);
        }
        if (!found) return false;
    }
    return true;
}

static bool result_bad(const struct follow *f)
{
    const struct ganrt_graph *graph = &f->run->model->graphs[f->start.graph];
    for (uint32_t i = 0; i < graph->noutputs; i++) {
        const struct ganrt_output *o = &graph->outputs[i];
        if (o->kind == 0 && run_result_known(f->run, o->result) && !isfinite(f->run->frame.results[o->result])) return true;
    }
    return false;
}

/* The graph that ran last is done: is what it left finite? */
static void look(struct follow *f)
{
    if (!f->begun || f->found) return;
    bool bad = f->run->model->graphs[f->start.graph].kind == GANRT_STEP && result_bad(f);
    if (bad || trace_scan(f->run, f->may) >= 0) f->found = trace_walk(f->t, f->run, &f->start, f->may, &f->fault);
}

static bool begin(struct watch *w, uint32_t graph)
{
    struct follow *f = (struct follow *)w;
    look(f);
    return f->fed && feed(f, graph);
}

static void begun(struct watch *w, uint32_t graph)
{
    struct follow *f = (struct follow *)w;
    if (f->found) return;
    int32_t set = f->run->model->graphs[graph].kind == GANRT_STEP ? trace_scan(f->run, f->may) : -1;
    if (set >= 0) { /* the last graph left all finite, and statements came between */
        trace_blame_statement(f->t, f->run, graph, (uint32_t)set, f->may && f->may[set], &f->fault);
        f->found = true;
        return;
    }
    keep(f, graph);
    if (!f->fed) record(f, graph);
    f->graphs++;
    f->begun = true;
}

void follow_begin(struct follow *f, struct run *run, const struct trace *t, const uint8_t *may)
{
    f->watch = (struct watch){begin, begun};
    f->run = run;
    f->t = t;
    f->may = may;
    run->watch = &f->watch;
}

void follow_end(struct follow *f)
{
    f->run->watch = NULL;
    look(f);
}

void follow_free(struct follow *f)
{
    start_free(&f->start);
    for (uint32_t i = 0; i < f->nminibatches; i++) free(f->minibatches[i].bytes);
    free(f->minibatches);
}
