/* batch.c: what compiled code asks of the runtime: minibatches, and kernels run on the threads.
 *
 * In training each data set is a stream: pass after pass over its items, each pass in an order of its own (Fisher-Yates, the random numbers'
 * tick being the pass), a last partial minibatch dropped. The place in the stream is (pass, next); nothing else is state, so a resumed run
 * draws what an uninterrupted one draws. Outside training examples are picked at random with replacement, and the streams
 * stay where they are: by graph kind, a picture always the same ones, a report by its step. A report over all of its data sweeps:
 * every example once, in an order that is always the same. */
#include "data.h"
#include "looks.h"
#include "run.h"
#include "threads.h"

#include <ganrt/random.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Elements of a batch from which the threads share the copying; below, waking them costs more. */
#define SHARED_ELEMENTS 32768

/* The order of items in the current pass. Word i of stream SHUFFLE + source at tick `pass` chooses the partner of item count - 1 - i. */
static void shuffle(struct run *run, uint32_t number)
{
    struct run_source *s = &run->sources[number];
    if (!s->order) s->order = memory_take((size_t)s->count, sizeof *s->order);
    for (int64_t i = 0; i < s->count; i++) s->order[i] = (uint32_t)i;
    uint32_t counter[4] = {0, 0, (uint32_t)s->pass, (GANRT_STREAM_SHUFFLE + number) << 16 | (uint32_t)(s->pass >> 32 & 0xffff)}, words[4];
    for (int64_t i = 0; i < s->count - 1; i++) {
        counter[0] = (uint32_t)(i / 4);
        if (i % 4 == 0) ganrt_philox(run->frame.seed, counter, words);
        int64_t last = s->count - 1 - i, other = (int64_t)((uint64_t)words[i % 4] * (uint64_t)(last + 1) >> 32);
        uint32_t kept = s->order[last];
        s->order[last] = s->order[other];
        s->order[other] = kept;
    }
    s->ordered = s->pass + 1;
}

/* The next n items of a stream; n <= count was checked before training began (train.c). */
static void draw(struct run *run, uint32_t number, int64_t n)
{
    struct run_source *s = &run->sources[number];
    if (s->next + n > s->count) {
        s->pass++;
        s->next = 0;
    }
    if (s->ordered != s->pass + 1) {
        data_ahead_stop(s->data);
        shuffle(run, number);
        data_ahead_begin(s->data, &(struct data_order){s->order, s->next});
    }
    for (int64_t i = 0; i < n; i++) run->picks[i] = s->order[s->next + i];
    s->next += n;
}

static void pick(struct run *run, uint32_t number, uint32_t draw_number, int64_t n)
{
    struct run_source *s = &run->sources[number];
    for (int64_t i = 0; i < n; i++) {
        uint32_t word = ganrt_random_word(run->frame.seed, run->frame.tick, GANRT_STREAM_PICK + number, (uint32_t)i, draw_number);
        run->picks[i] = (int64_t)((uint64_t)word * (uint64_t)s->count >> 32);
    }
}

/* A permutation of 0..count - 1, as a function: four rounds of Feistel's network on the numbers below a power of 4, walked until one is below
 * count. Word 2^32 + 4 * draw + round of tick 0 is a round's key, the half its example. */
static int64_t permuted(const struct run *run, uint32_t number, uint32_t draw_number, int64_t i)
{
    const struct run_source *s = &run->sources[number];
    uint32_t bits = 1;
    while (bits < 16 && (int64_t)1 << 2 * bits < s->count) bits++;
    uint32_t mask = (uint32_t)((UINT64_C(1) << bits) - 1), left = (uint32_t)(i >> bits), right = (uint32_t)i & mask;
    for (;;) {
        for (uint32_t round = 0; round < 4; round++) {
            uint64_t key = (UINT64_C(1) << 32) + 4 * (uint64_t)draw_number + round;
            uint32_t next = left ^ (ganrt_random_word(run->frame.seed, 0, GANRT_STREAM_PICK + number, right, key) & mask);
            left = right;
            right = next;
        }
        int64_t to = (int64_t)left << bits | right;
        if (to < s->count) return to;
    }
}

/* The examples of one minibatch of a sweep: each source begins again at its end. Draws of one source differ in their order. */
static void sweep(struct run *run, uint32_t number, uint32_t draw_number, int64_t n)
{
    int64_t count = run->sources[number].count;
    for (int64_t i = 0; i < n; i++) run->picks[i] = permuted(run, number, draw_number, (run->sweep * n + i) % count);
}

struct stage {
    struct run *run;
    struct data_source *data;
    struct data_order order;
};

static void stage_one(void *self, uint32_t task, uint32_t worker)
{
    struct stage *s = self;
    (void)worker;
    data_stage(s->data, &s->order, task, &s->run->picks[task]);
}

/* What cannot be decoded is replaced, and what is not in memory is brought there. drawn: the n examples are the last of the stream's. */
static void stage(struct run *run, uint32_t number, int64_t n, bool drawn)
{
    struct run_source *s = &run->sources[number];
    if (data_staged_freely(s->data)) return;
    struct stage all = {run, s->data, {drawn ? s->order : NULL, drawn ? s->next - n : 0}};
    threads_run(run->threads, stage_one, &all, (uint32_t)n);
    if (drawn) data_ahead_done(s->data, s->next);
}

struct copy { /* examples [from picks] -> batch [n, elements of an example], in chunks */
    struct run *run;
    struct data_source *data;
    uint32_t field;
    int64_t n, elements, chunk;
    unsigned char *to;
};

static void copy_chunk(void *self, uint32_t task, uint32_t worker)
{
    struct copy *c = self;
    (void)worker;
    int64_t low = (int64_t)task * c->chunk, high = low + c->chunk < c->n ? low + c->chunk : c->n;
    size_t example = (size_t)c->elements * run_element(c->run);
    for (int64_t i = low; i < high; i++)
        data_fetch_staged(c->data, c->field, i, c->run->picks[i], c->run->model->f64, c->to + (size_t)i * example);
}

static void put(const struct run *run, void *to, int64_t i, double value)
{
    if (run->model->f64) ((double *)to)[i] = value;
    else ((float *)to)[i] = (float)value;
}

/* For bench and compare (evaluate/made_up.c of the compiler), which need no data: values of the declared range, labels in turn; by the threads,
 * as data is copied. */
struct made {
    struct run *run;
    const struct ganrt_data *data;
    int64_t elements, chunk;
    void *to;
};

/* The generator x <- 1664525 x + 1013904223 after so many steps from 1. */
static uint32_t made_word(uint64_t steps)
{
    uint32_t x = 1, times = 1664525, plus = 1013904223;
    for (; steps; steps >>= 1) {
        if (steps & 1) x = times * x + plus;
        plus += times * plus;
        times *= times;
    }
    return x;
}

static void make_chunk(void *self, uint32_t task, uint32_t worker)
{
    struct made *m = self;
    (void)worker;
    int64_t from = (int64_t)task * m->chunk, each = m->data->elements;
    double low = m->data->any ? -1 : m->data->low, high = m->data->any ? 1 : m->data->high;
    uint32_t x = made_word((uint64_t)from);
    for (int64_t i = from; i < from + m->chunk && i < m->elements; i++) {
        x = x * 1664525u + 1013904223u;
        if (m->data->onehot) put(m->run, m->to, i, i / each % each == i % each);
        else put(m->run, m->to, i, low + (high - low) * (double)(x >> 8) * 0x1p-24);
    }
}

static void make_up(struct run *run, const struct ganrt_data *data, int64_t elements, void *to)
{
    struct made m = {run, data, elements, SHARED_ELEMENTS / 4, to};
    if (elements < SHARED_ELEMENTS) m.chunk = elements;
    threads_run(run->threads, make_chunk, &m, (uint32_t)((elements + m.chunk - 1) / m.chunk));
}

static void fill(struct run *run, const struct ganrt_batch *batch)
{
    const struct ganrt_data *data = &run->model->data[batch->index];
    struct run_source *source = &run->sources[data->source];
    unsigned char *to = run_at(run, batch->offset);
    if (!source->data) {
        make_up(run, data, batch->elements, to);
        return;
    }
    if (batch->kind == GANRT_BATCH_MEAN) { /* [elements of an example]; only initialisers ask, once */
        double *mean = memory_take((size_t)data->elements, sizeof *mean);
        data_mean(source->data, run->field[batch->index], mean);
        for (int64_t i = 0; i < batch->elements; i++) put(run, to, i, mean[i % data->elements]);
        free(mean);
        return;
    }
    struct copy c = {run, source->data, run->field[batch->index], batch->elements / data->elements, data->elements, 1, to};
    if (batch->elements < SHARED_ELEMENTS) c.chunk = c.n;
    threads_run(run->threads, copy_chunk, &c, (uint32_t)((c.n + c.chunk - 1) / c.chunk));
}

/* Equal draws of a source come together: each is drawn once, where it first stands, and copied to all its batches. */
static void fill_all(struct run *run, const struct ganrt_graph *graph, bool training)
{
    const struct ganrt_model *model = run->model;
    for (uint32_t i = 0; i < graph->nbatches; i++) {
        const struct ganrt_batch *batch = &graph->batches[i];
        if (batch->kind == GANRT_BATCH_INPUT) continue;
        if (batch->kind == GANRT_BATCH_MEAN) {
            fill(run, batch);
            continue;
        }
        uint32_t source = model->data[batch->index].source;
        bool first = true;
        for (uint32_t j = 0; j < i && first; j++)
            first = graph->batches[j].kind != GANRT_BATCH_DATA || graph->batches[j].draw != batch->draw ||
                    model->data[graph->batches[j].index].source != source;
        if (!first) continue;
        int64_t n = batch->elements / model->data[batch->index].elements;
        if (run->sources[source].data) {
            if (training) draw(run, source, n);
            else if (run->sweeping) sweep(run, source, batch->draw, n);
            else pick(run, source, batch->draw, n);
            stage(run, source, n, training);
        }
        for (uint32_t j = i; j < graph->nbatches; j++)
            if (graph->batches[j].kind == GANRT_BATCH_DATA && graph->batches[j].draw == batch->draw &&
                model->data[graph->batches[j].index].source == source)
                fill(run, &graph->batches[j]);
    }
}

void ganrt_begin(struct ganrt_frame *f, uint32_t number)
{
    struct run *run = f->runtime;
    const struct ganrt_graph *graph = &run->model->graphs[number];
    bool training = run->training && graph->kind == GANRT_STEP;
    f->graph = number;
    if (f->look != 0) return; /* the same graph once more, with what is there */
    bool filled = run->watch && run->watch->begin(run->watch, number);
    if (training && run->looks) looks_graph_done(run);
    if (training) f->tick++;
    if (!filled) fill_all(run, graph, training);
    if (training && run->looks) looks_graph(run, number);
    if (run->watch) run->watch->begun(run->watch, number);
}

struct job {
    struct ganrt_frame *frame;
    ganrt_kernel *kernel;
};

static void run_task(void *self, uint32_t task, uint32_t worker)
{
    struct job *job = self;
    job->kernel(job->frame, task, worker);
}

void ganrt_parallel(struct ganrt_frame *f, ganrt_kernel *kernel, uint32_t tasks, uint32_t index)
{
    struct run *run = f->runtime;
    struct job job = {f, kernel};
    double start = run->timed ? run_clock() : 0;
    threads_run(run->threads, run_task, &job, tasks);
    if (run->timed) run->timed(run->timed_self, f->graph, index, run_clock() - start);
}

void ganrt_serial(struct ganrt_frame *f, ganrt_kernel *kernel, uint32_t index)
{
    struct run *run = f->runtime;
    double start = run->timed ? run_clock() : 0;
    kernel(f, 0, 0);
    if (run->timed) run->timed(run->timed_self, f->graph, index, run_clock() - start);
}

void ganrt_bounds(struct ganrt_frame *f, uint32_t graph, uint32_t kernel, uint32_t storage, int64_t byte)
{
    const struct run *run = f->runtime;
    const struct ganrt_graph *g = &run->model->graphs[graph];
    error_line("graph %s, kernel %u (%s, line %u): byte %lld is outside storage %u", g->name, kernel,
               kernel < g->nkernels ? g->kernels[kernel].name : "?", kernel < g->nkernels ? g->kernels[kernel].line : 0, (long long)byte,
               storage);
    _exit(1); /* maybe on a worker thread, with others still writing: nothing may run after it */
}
