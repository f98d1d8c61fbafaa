/* compare.c: see compare.h. */
#include "compare.h"

#include "evaluate/evaluate.h"
#include "run.h"

#include <ganrt/model.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct comparison {
    struct compilation *compiled; /* machine code, after all passes */
    struct program *plain;        /* as differentiated */
    const struct ganrt_model *model;
    struct run *run;
    struct evaluator *evaluator;
    double bound, worst;
    bool quiet, good;
};

/* The runtime makes up minibatches for data that is not open (runtime/batch.c); this makes the same. */
static void made_up(void *self, const struct graph *graph, uint64_t tick, uint32_t data, uint32_t draw, double *to)
{
    struct comparison *x = self;
    const struct data *d = &x->plain->data.at[data];
    int64_t each = type_elements(d->type), n = graph->batch * each;
    uint32_t word = 1;
    double low = d->any ? -1 : d->low, high = d->any ? 1 : d->high;
    (void)tick, (void)draw;
    for (int64_t i = 0; i < n; i++) {
        word = word * 1664525u + 1013904223u;
        double v = d->onehot ? i / each % each == i % each : low + (high - low) * (double)(word >> 8) * 0x1p-24;
        to[i] = x->plain->f64 ? v : (float)v;
    }
}

static void made_up_mean(void *self, uint32_t data, double *to)
{
    struct graph one = {.batch = 1};
    made_up(self, &one, 0, data, 0, to);
}

static void net_input(void *self, const struct graph *graph, uint32_t index, double *to)
{
    struct comparison *x = self;
    const struct ganrt_graph *g = &x->model->graphs[graph->index];
    for (uint32_t i = 0; i < g->nbatches; i++)
        if (g->batches[i].kind == GANRT_BATCH_INPUT && g->batches[i].index == index)
            for (int64_t k = 0; k < g->batches[i].elements; k++) {
                double v = (double)((k * 7919 + 13) % 1009) / 1009;
                to[k] = x->plain->f64 ? v : (float)v;
                if (x->plain->f64) ((double *)run_at(x->run, g->batches[i].offset))[k] = to[k];
                else ((float *)run_at(x->run, g->batches[i].offset))[k] = (float)to[k];
            }
}

static double element(const struct comparison *x, const void *at, uint32_t size, int64_t i)
{
    (void)x;
    return size == 8 ? ((const double *)at)[i] : (double)((const float *)at)[i];
}

/* Relative error of n elements at `at` against `want`, in the 2-norm; infinite where one is not finite and the other is. */
static double error_of(const struct comparison *x, const void *at, uint32_t size, const double *want, int64_t n)
{
    double difference = 0, norm = 0;
    for (int64_t i = 0; i < n; i++) {
        double a = element(x, at, size, i);
        if (isfinite(a) != isfinite(want[i])) return INFINITY;
        if (!isfinite(a)) continue;
        difference += (a - want[i]) * (a - want[i]);
        norm += want[i] * want[i];
    }
    return difference == 0 ? 0 : sqrt(difference / (norm > 0 ? norm : 1e-30));
}

static void judge(struct comparison *x, const char *graph, const char *what, double error)
{
    if (error > x->worst) x->worst = error;
    if (error <= x->bound) return;
    x->good = false;
    printf("%s: %s: relative error %.3g\n", graph, what, error);
}

static bool failed(struct comparison *x, const char *graph, const char *message)
{
    if (!message) return false;
    printf("%s: %s\n", graph, message);
    x->good = false;
    return true;
}

/* The compiled tensors' values become the evaluator's. */
static void share_tensors(struct comparison *x)
{
    for (uint32_t t = 0; t < x->model->ntensors; t++) {
        const struct ganrt_tensor *tensor = &x->model->tensors[t];
        for (int64_t i = 0; i < tensor->elements; i++) x->evaluator->tensors[t][i] = element(x, run_at(x->run, tensor->offset), tensor->size, i);
    }
}

static void compare_graph(struct comparison *x, uint32_t index)
{
    const struct graph *graph = x->plain->graphs.at[index];
    const struct ganrt_graph *compiled = &x->model->graphs[index];
    unsigned char *saved = malloc((size_t)x->model->tensor_bytes + 1);
    if (!saved) return;
    memcpy(saved, x->run->frame.arena, (size_t)x->model->tensor_bytes);
    x->run->frame.tick = x->evaluator->tick_else = 5;
    x->evaluator->tick = 4; /* a STEP graph advances it */
    x->worst = 0;
    if (!failed(x, graph->name, evaluator_graph(x->evaluator, graph))) {
        compiled->run(&x->run->frame);
        for (uint32_t i = 0; i < graph->outputs.n; i++) {
            const struct output *o = &graph->outputs.at[i];
            const struct ganrt_output *c = &compiled->outputs[i];
            const double *want = evaluator_node(x->evaluator, o->value);
            if (want) judge(x, graph->name, o->name, error_of(x, run_at(x->run, c->offset), x->plain->f64 ? 8 : 4, want, c->elements));
        }
        for (uint32_t i = 0; i < graph->effects.n; i++) {
            uint32_t t = graph->effects.at[i].tensor;
            const struct ganrt_tensor *tensor = &x->model->tensors[t];
            judge(x, graph->name, tensor->name, error_of(x, run_at(x->run, tensor->offset), tensor->size, x->evaluator->tensors[t], tensor->elements));
        }
        if (!x->quiet) printf("%-60.60s %8.2g\n", graph->name, x->worst);
    }
    if (graph->kind != GRAPH_INIT) memcpy(x->run->frame.arena, saved, (size_t)x->model->tensor_bytes);
    share_tensors(x);
    free(saved);
}

static void compare_all(struct comparison *x)
{
    struct evaluator *e = x->evaluator;
    e->source = (struct evaluator_source){.self = x, .data = made_up, .data_mean = made_up_mean, .input = net_input};
    x->run->frame.seed[0] = e->seed[0] = 20;
    x->run->frame.seed[1] = e->seed[1] = 26;
    x->run->frame.step = e->step = 3;
    x->run->frame.epoch = e->epoch = 2;
    for (uint32_t i = 0; i < x->plain->counters.n; i++) x->run->frame.counters[i] = e->counters[i] = 3;
    for (uint32_t i = 0; i < x->model->vars; i++) x->run->frame.vars[i] = 0.125 * (i + 1);
    for (uint32_t t = 0; t < x->plain->trains.n; t++)
        for (uint32_t i = 0; i < x->plain->trains.at[t].vars; i++) e->vars[i] = 0.125 * (i + 1);
    for (uint32_t g = 0; g < x->plain->graphs.n; g++) compare_graph(x, g);
}

bool compare_model(struct compilation *c, double bound, bool quiet)
{
    struct compilation plain = {.g = ganc_new(), .path = c->path};
    plain.g->f64 = c->g->f64;
    for (uint32_t i = 0; i < c->g->definitions.n; i++) vec_push(plain.g->mem, &plain.g->definitions, c->g->definitions.at[i]);
    struct comparison x = {.compiled = c, .bound = bound, .quiet = quiet, .good = true};
    void *handle = NULL;
    struct error error = {""};
    if (compile(c, AT_OBJ) && compile(&plain, AT_GRAD)) {
        x.plain = plain.program;
        x.model = jit_load(c->g, &c->object, &handle);
        x.run = x.model ? run_new(x.model) : NULL;
        if (x.run) {
            x.run->nthreads = 2;
            x.evaluator = evaluator_new(x.plain);
            if (run_allocate(x.run, &error)) compare_all(&x);
            else failed(&x, c->path, error.text);
            evaluator_free(x.evaluator);
            run_free(x.run);
        }
    }
    bool good = x.run && x.good && !diag_errors(c->g);
    if (handle) jit_unload(handle);
    ganc_free(plain.g);
    return good;
}
