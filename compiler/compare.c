/* compare.c: see compare.h. */
#include "compare.h"

#include "compare_values.h"
#include "evaluate/evaluate.h"
#include "evaluate/made_up.h"
#include "run.h"

#include <ganrt/model.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct comparison {
    struct program *plain;        /* as differentiated */
    const struct program *passed; /* as it was compiled: which graphs run as parts of others (passes/join.c) */
    const struct ganrt_model *model;
    struct run *run;
    struct evaluator *evaluator;
    double bound;
    bool good;
};

static void made_up(void *self, const struct graph *graph, uint64_t tick, uint32_t data, uint32_t draw, double *to)
{
    struct comparison *x = self;
    const struct data *d = &x->plain->data.at[data];
    (void)tick, (void)draw;
    made_up_examples(d, x->plain->f64, 1, graph->batch * type_elements(d->type), to);
}

static void made_up_mean(void *self, uint32_t data, double *to)
{
    struct graph one = {.batch = 1};
    made_up(self, &one, 0, data, 0, to);
}

static void net_input(void *self, const struct graph *graph, uint32_t index, double *to)
{
    struct comparison *x = self;
    compared_input(x->run, graph->index, index, to);
}

/* One value to compare: an output of the graph, or a tensor it sets. */
struct compared {
    const char *name;
    const void *at; /* the compiled one */
    uint32_t size;  /* of an element, bytes */
    const struct ganrt_tensor *tensor; /* NULL: an output, row-major */
    int64_t n;
    double *want;   /* the evaluator's */
    double error, noise;
};

struct values { /* a vec */
    struct compared *at;
    uint32_t n, capacity;
};

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
        for (int64_t i = 0; i < tensor->elements; i++)
            x->evaluator->tensors[t][i] = compared_element(run_at(x->run, tensor->offset), tensor->size, ganrt_position(tensor, i));
    }
}

static void add_outputs(struct comparison *x, uint32_t index, struct arena *mem, struct values *to)
{
    const struct graph *graph = x->plain->graphs.at[index];
    for (uint32_t i = 0; i < graph->outputs.n; i++) {
        const struct output *o = &graph->outputs.at[i];
        const struct ganrt_output *c = &x->model->graphs[index].outputs[i];
        const double *want = evaluator_node(x->evaluator, o->value);
        if (!want || o->kind == OUTPUT_LOOK) continue; /* it was not made */
        struct compared v = {.name = o->name, .at = run_at(x->run, c->offset), .size = x->plain->f64 ? 8 : 4, .n = c->elements};
        v.want = arena_copy(mem, want, (size_t)v.n * sizeof *want);
        vec_push(mem, to, v);
    }
}

/* Each tensor once, though a graph and those that it joins may set it one after the other. */
static void add_effects(struct comparison *x, const struct graph *graph, struct arena *mem, struct values *to)
{
    for (uint32_t i = 0; i < graph->effects.n; i++) {
        uint32_t t = graph->effects.at[i].tensor;
        const struct ganrt_tensor *tensor = &x->model->tensors[t];
        struct compared v = {.name = tensor->name, .at = run_at(x->run, tensor->offset), .size = tensor->size, .tensor = tensor, .n = tensor->elements};
        v.want = arena_copy(mem, x->evaluator->tensors[t], (size_t)v.n * sizeof *v.want);
        uint32_t k = 0;
        while (k < to->n && to->at[k].tensor != tensor) k++;
        if (k < to->n) to->at[k] = v;
        else vec_push(mem, to, v);
    }
}

/* The evaluator runs the graph, and then those that were joined to it; what they gave beside what the compiled one will give. */
static const char *evaluate(struct comparison *x, uint32_t index, struct arena *mem, struct values *to)
{
    const struct graph *graph = x->plain->graphs.at[index], *joining = x->passed->graphs.at[index];
    const char *error = evaluator_graph(x->evaluator, graph);
    if (error) return error;
    add_outputs(x, index, mem, to);
    add_effects(x, graph, mem, to);
    for (uint32_t i = 0; i < joining->joins.n; i++) {
        const struct graph *part = x->plain->graphs.at[joining->joins.at[i]];
        error = evaluator_graph(x->evaluator, part);
        if (error) return error;
        add_effects(x, part, mem, to);
    }
    return NULL;
}

/* The evaluator again, from the tensors `saved`. */
static bool run_shaken(struct comparison *x, uint32_t index, const unsigned char *saved, uint32_t which, struct arena *mem, struct values *to)
{
    for (uint32_t t = 0; t < x->model->ntensors; t++) {
        const struct ganrt_tensor *tensor = &x->model->tensors[t];
        for (int64_t i = 0; i < tensor->elements; i++)
            x->evaluator->tensors[t][i] = compared_element(saved + tensor->offset, tensor->size, ganrt_position(tensor, i));
    }
    x->evaluator->tick_else = 5;
    x->evaluator->tick = 4;
    x->evaluator->shake = x->plain->f64 ? 0x1p-53 : 0x1p-24;
    x->evaluator->shaken = which;
    const char *error = evaluate(x, index, mem, to);
    x->evaluator->shake = 0;
    return !error;
}

static void compare_values(struct comparison *x, uint32_t index, const unsigned char *saved, struct arena *mem, const struct values *values)
{
    const struct graph *graph = x->plain->graphs.at[index];
    bool close = true;
    for (uint32_t i = 0; i < values->n; i++) {
        struct compared *v = &values->at[i];
        v->error = compared_error(v->at, v->size, v->tensor, v->want, v->n);
        close = close && v->error <= x->bound;
    }
    for (uint32_t run = 1; run <= NOISE_RUNS && !close; run++) {
        struct values moved = {0};
        uint32_t all = run_shaken(x, index, saved, run, mem, &moved) && moved.n == values->n ? values->n : 0;
        for (uint32_t i = 0; i < all; i++)
            values->at[i].noise = fmax(values->at[i].noise, compared_noise(values->at[i].want, moved.at[i].want, values->at[i].n));
    }
    double worst = 0;
    for (uint32_t i = 0; i < values->n; i++) {
        const struct compared *v = &values->at[i];
        if (!compared_close(v->error, v->noise, x->bound)) {
            printf("%s: %s: relative error %.3g, where rounding makes %.3g\n", graph->name, v->name, v->error, v->noise);
            x->good = false;
        }
        if (v->noise < 1) worst = fmax(worst, v->error);
    }
    printf("%-60.60s %8.2g\n", graph->name, worst);
    for (uint32_t i = 0; i < values->n; i++) compared_lost(values->at[i].name, "", values->at[i].error, values->at[i].noise);
}

static void compare_graph(struct comparison *x, uint32_t index)
{
    const struct graph *graph = x->plain->graphs.at[index];
    if (program_is_part(x->passed, index)) return; /* it was evaluated with the graph that joins it */
    const struct ganrt_graph *compiled = &x->model->graphs[index];
    unsigned char *saved = malloc((size_t)x->model->tensor_bytes + 1);
    if (!saved) {
        failed(x, graph->name, "out of memory");
        return;
    }
    memcpy(saved, x->run->frame.arena, (size_t)x->model->tensor_bytes);
    x->run->frame.tick = x->evaluator->tick_else = 5;
    x->evaluator->tick = 4; /* a STEP graph advances it */
    struct arena *mem = arena_new();
    struct values values = {0};
    if (!failed(x, graph->name, evaluate(x, index, mem, &values))) {
        compiled->run(&x->run->frame);
        compare_values(x, index, saved, mem, &values);
    }
    if (graph->kind != GRAPH_INIT) memcpy(x->run->frame.arena, saved, (size_t)x->model->tensor_bytes);
    share_tensors(x);
    arena_free(mem);
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

bool compare_model(struct compilation *c, double bound)
{
    struct compilation plain = {.g = ganc_new(), .path = c->path};
    plain.g->f64 = c->g->f64;
    for (uint32_t i = 0; i < c->g->definitions.n; i++) vec_push(plain.g->mem, &plain.g->definitions, c->g->definitions.at[i]);
    struct comparison x = {.bound = bound, .good = true};
    void *handle = NULL;
    struct error error = {""};
    bool compiled = compile(c, AT_OBJ);
    if (compiled && c->kernels_read) {
        diag(c->g, E0005, (struct span){0}, stage_names[AT_GRAD], "the file is a text of a later stage");
        diag_help(c->g, "`ganc compare --kernels` compares the compiled code with the kernels, interpreted");
    } else if (compiled && compile(&plain, AT_GRAD)) {
        x.plain = plain.program;
        x.passed = c->program;
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
