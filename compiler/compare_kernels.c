/* compare_kernels.c: see compare.h. Each graph's kernels are interpreted in double, from the tensors, minibatches and random words that the machine code
 * gets; so an error of the scheduler shows against the evaluator, and one of the code generator against the interpreter. */
#include "compare.h"

#include "compare_values.h"
#include "evaluate/evaluate.h"
#include "evaluate/made_up.h"
#include "schedule/interpret.h"

#include <ganrt/model.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AGAINST_EVALUATOR, AGAINST_CODE, SIDES };

struct value { /* that a graph gives: an output, or a tensor that it stores */
    const char *name;
    const struct storage *at;
    int32_t output, tensor; /* one of them is -1 */
    double *want;           /* the interpreter's */
    double error[SIDES], noise[SIDES];
};

struct comparison {
    struct ganc *g;
    const struct kernels *k;
    struct program *plain; /* as differentiated; NULL where the text of kernels was given */
    struct run *run;
    struct evaluator *evaluator; /* of plain, or NULL */
    struct interpretation in;
    struct sexpr_context schedule;
    struct arena *mem; /* the graph's */
    const double **outputs; /* of the evaluator, by the graph's outputs */
    double bound[SIDES];
    bool good;
};

static bool failed(struct comparison *x, const char *what, const char *message)
{
    if (!message) return false;
    printf("%s: %s\n", what, message);
    x->good = false;
    return true;
}

/* ---- what the graph gets ---- */

static void examples(struct comparison *x, uint32_t data, int64_t batch, double *to)
{
    const struct data *d = &x->k->program->data.at[data];
    made_up_examples(d, x->k->program->f64, 1, batch * type_elements(d->type), to);
}

static void evaluator_data(void *self, const struct graph *graph, uint64_t tick, uint32_t data, uint32_t draw, double *to)
{
    (void)tick, (void)draw;
    examples(self, data, graph->batch, to);
}

static void evaluator_mean(void *self, uint32_t data, double *to)
{
    examples(self, data, 1, to);
}

static void evaluator_input(void *self, const struct graph *graph, uint32_t index, double *to)
{
    compared_input(((struct comparison *)self)->run, graph->index, index, to);
}

static double scalar(void *self, const struct sexpr *e)
{
    return sexpr_evaluate(e, &((struct comparison *)self)->schedule);
}

static const double *state(void *self, uint32_t tensor)
{
    const struct comparison *x = self;
    return interpret_cell(&x->in, &x->k->tensors.at[tensor], 0);
}

/* Tensors as the machine code has them, what the runtime fills, and NaN in all the rest. */
static void cells_fill(struct comparison *x, const struct kernel_graph *kg, const unsigned char *tensors)
{
    for (int64_t i = 0; i < interpret_cells(x->k); i++) x->in.cells[i] = NAN;
    for (uint32_t t = 0; t < x->k->tensors.n; t++) {
        const struct storage *s = &x->k->tensors.at[t];
        for (int64_t i = 0; i < s->elements; i++)
            *interpret_cell(&x->in, s, i) = compared_element(tensors + s->offset, s->size, panel_position(s->elements, s->columns, i));
    }
    for (uint32_t j = 0; j < kg->storages.n; j++) {
        const struct storage *s = &kg->storages.at[j];
        if (s->kind == STORAGE_SCRATCH) continue;
        double *values = NEW_ARRAY(x->mem, double, s->elements);
        if (s->kind == STORAGE_INPUT) compared_input(x->run, kg->graph->index, s->index, values);
        else examples(x, s->index, s->kind == STORAGE_MEAN ? 1 : kg->graph->batch, values);
        for (int64_t i = 0; i < s->elements; i++) *interpret_cell(&x->in, s, i) = values[i];
    }
}

/* ---- what it gives ---- */

static struct value *values_list(struct comparison *x, const struct kernel_graph *kg, uint32_t *n)
{
    VEC(struct value) list = {0};
    bool *stored = NEW_ARRAY(x->mem, bool, x->k->tensors.n + 1);
    for (uint32_t i = 0; i < kg->outputs.n; i++)
        vec_push(x->mem, &list,
                 (struct value){
                     .name = kg->outputs.at[i].output->name, .at = kernels_storage(x->k, kg, kg->outputs.at[i].storage), .output = (int32_t)i, .tensor = -1});
    for (uint32_t i = 0; i < kg->kernels.n; i++)
        for (uint32_t j = 0; j < kg->kernels.at[i].body.n; j++) {
            const struct insn *in = &kg->kernels.at[i].body.at[j];
            if (in->kind != INSN_STORE || in->at.storage >= x->k->tensors.n || stored[in->at.storage]) continue;
            const struct storage *s = &x->k->tensors.at[in->at.storage];
            stored[in->at.storage] = true;
            vec_push(x->mem, &list, (struct value){.name = s->name, .at = s, .output = -1, .tensor = (int32_t)in->at.storage});
        }
    *n = list.n;
    return list.at;
}

static bool interpret(struct comparison *x, const struct kernel_graph *kg, const unsigned char *tensors, double shake, uint32_t which)
{
    cells_fill(x, kg, tensors);
    x->in.shake = shake;
    x->in.shaken = which;
    return !failed(x, kg->graph->name, kernels_interpret(x->mem, &x->in, kg->graph->index));
}

static double *interpreted(struct comparison *x, const struct value *v)
{
    double *copy = NEW_ARRAY(x->mem, double, v->at->elements);
    for (int64_t i = 0; i < v->at->elements; i++) copy[i] = *interpret_cell(&x->in, v->at, i);
    return copy;
}

/* Runs the evaluator on the graph before any pass, and on those that were joined to it; false where there is none. */
static bool evaluate(struct comparison *x, uint32_t graph, const unsigned char *tensors)
{
    struct evaluator *e = x->evaluator;
    if (!e) return false;
    for (uint32_t t = 0; t < x->k->tensors.n; t++) {
        const struct storage *s = &x->k->tensors.at[t];
        for (int64_t i = 0; i < s->elements; i++) e->tensors[t][i] = compared_element(tensors + s->offset, s->size, panel_position(s->elements, s->columns, i));
    }
    memcpy(e->results, x->run->frame.results, x->k->program->results.n * sizeof *e->results);
    e->tick_else = 5;
    e->tick = 4; /* a STEP graph advances it */
    const struct graph *plain = x->plain->graphs.at[graph], *passed = x->k->program->graphs.at[graph];
    const char *error = evaluator_graph(e, plain);
    x->outputs = NEW_ARRAY(x->mem, const double *, plain->outputs.n + 1);
    for (uint32_t i = 0; i < plain->outputs.n && !error; i++) {
        const struct node *n = plain->outputs.at[i].value;
        x->outputs[i] = arena_copy(x->mem, evaluator_node(e, n), (size_t)type_total(plain, n->type) * sizeof **x->outputs);
    }
    for (uint32_t i = 0; i < passed->joins.n && !error; i++) error = evaluator_graph(e, x->plain->graphs.at[passed->joins.at[i]]);
    return !failed(x, plain->name, error);
}

static const double *evaluated(const struct comparison *x, const struct value *v)
{
    return v->tensor >= 0 ? x->evaluator->tensors[v->tensor] : x->outputs[v->output];
}

static void judge(struct comparison *x, const struct graph *graph, const struct value *v, uint32_t n, const bool *ran)
{
    static const char *const against[SIDES] = {"the interpreted kernels differ from the evaluator", "the compiled code differs from the interpreted kernels"};
    double worst[SIDES] = {0};
    for (uint32_t i = 0; i < n; i++)
        for (int side = 0; side < SIDES; side++) {
            if (v[i].noise[side] < 1) worst[side] = fmax(worst[side], v[i].error[side]);
            if (compared_close(v[i].error[side], v[i].noise[side], x->bound[side])) continue;
            printf("%s: %s: %s: relative error %.3g, where rounding makes %.3g\n", graph->name, v[i].name, against[side], v[i].error[side], v[i].noise[side]);
            x->good = false;
        }
    printf("%-60.60s", graph->name);
    if (ran[AGAINST_EVALUATOR]) printf(" kernels %8.2g", worst[AGAINST_EVALUATOR]);
    printf(" code %8.2g\n", worst[AGAINST_CODE]);
    for (uint32_t i = 0; i < n; i++) {
        compared_lost(v[i].name, ", kernels", v[i].error[AGAINST_EVALUATOR], v[i].noise[AGAINST_EVALUATOR]);
        compared_lost(v[i].name, ", code", v[i].error[AGAINST_CODE], v[i].noise[AGAINST_CODE]);
    }
}

static void compare_graph(struct comparison *x, uint32_t index)
{
    const struct kernel_graph *kg = &x->k->graphs.at[index];
    size_t tensor_bytes = (size_t)x->k->tensor_bytes;
    x->mem = arena_new();
    unsigned char *saved = arena_copy(x->mem, x->run->frame.arena, tensor_bytes);
    uint32_t n;
    struct value *v = values_list(x, kg, &n);
    bool ran[SIDES] = {false, interpret(x, kg, saved, 0, 0)}, close = true;
    for (uint32_t i = 0; i < n; i++) v[i].want = interpreted(x, &v[i]);
    ran[AGAINST_EVALUATOR] = ran[AGAINST_CODE] && evaluate(x, index, saved);
    for (uint32_t i = 0; ran[AGAINST_EVALUATOR] && i < n; i++)
        v[i].error[AGAINST_EVALUATOR] = compared_error(evaluated(x, &v[i]), 8, NULL, v[i].want, v[i].at->elements);
    x->run->frame.tick = 5;
    x->run->model->graphs[index].run(&x->run->frame);
    for (uint32_t i = 0; ran[AGAINST_CODE] && i < n; i++) {
        if (v[i].output >= 0 && kg->outputs.at[v[i].output].output->kind == OUTPUT_LOOK) continue; /* the code makes it only where the runtime looks */
        v[i].error[AGAINST_CODE] = compared_error(run_at(x->run, v[i].at->offset), v[i].at->size,
                                                  v[i].tensor >= 0 ? &x->run->model->tensors[v[i].tensor] : NULL, v[i].want, v[i].at->elements);
        for (int side = 0; side < SIDES; side++) close = close && v[i].error[side] <= x->bound[side];
    }
    for (uint32_t run = 1; run <= NOISE_RUNS && !close && ran[AGAINST_CODE]; run++)
        for (int side = 0; side < SIDES; side++) {
            double shake = side == AGAINST_CODE && !x->k->program->f64 ? 0x1p-24 : 0x1p-53;
            if (!interpret(x, kg, saved, shake, run)) continue;
            for (uint32_t i = 0; i < n; i++) v[i].noise[side] = fmax(v[i].noise[side], compared_noise(v[i].want, interpreted(x, &v[i]), v[i].at->elements));
        }
    if (ran[AGAINST_CODE]) judge(x, kg->graph, v, n, ran);
    if (kg->graph->kind != GRAPH_INIT) memcpy(x->run->frame.arena, saved, tensor_bytes);
    arena_free(x->mem);
}

static void compare_all(struct comparison *x)
{
    struct ganrt_frame *f = &x->run->frame;
    struct evaluator *e = x->evaluator;
    uint32_t seed[2] = {20, 26};
    memcpy(f->seed, seed, sizeof seed);
    memcpy(x->in.seed, seed, sizeof seed);
    x->in.tick = 5;
    f->step = 3, f->epoch = 2;
    for (uint32_t i = 0; i < x->k->program->counters.n; i++) f->counters[i] = 3;
    for (uint32_t i = 0; i < x->run->model->vars; i++) f->vars[i] = 0.125 * (i + 1);
    for (uint32_t i = 0; i < x->k->program->results.n; i++) f->results[i] = 0;
    x->schedule = (struct sexpr_context){f->settings, f->vars, f->results, f->counters, f->step, f->epoch, 0, state, x};
    if (e) {
        e->source = (struct evaluator_source){.self = x, .data = evaluator_data, .data_mean = evaluator_mean, .input = evaluator_input};
        memcpy(e->seed, seed, sizeof seed);
        e->step = 3, e->epoch = 2;
        for (uint32_t i = 0; i < x->plain->counters.n; i++) e->counters[i] = 3;
        for (uint32_t i = 0; i < x->run->model->vars; i++) e->vars[i] = f->vars[i];
    }
    for (uint32_t i = 0; i < x->k->graphs.n; i++)
        if (!program_is_part(x->k->program, i)) compare_graph(x, i);
}

bool compare_kernels(struct compilation *c, double bound)
{
    struct compilation plain = {.g = ganc_new(), .path = c->path};
    plain.g->f64 = c->g->f64;
    for (uint32_t i = 0; i < c->g->definitions.n; i++) vec_push(plain.g->mem, &plain.g->definitions, c->g->definitions.at[i]);
    struct comparison x = {.g = c->g, .bound = {1e-14, bound}, .good = true};
    struct error error = {""};
    void *handle = NULL;
    if (compile(c, AT_OBJ) && (c->kernels_read || compile(&plain, AT_GRAD))) {
        x.k = x.in.k = c->kernels;
        x.in.scalar = scalar;
        x.in.self = &x;
        x.plain = c->kernels_read ? NULL : plain.program;
        const struct ganrt_model *model = jit_load(c->g, &c->object, &handle);
        x.run = model ? run_new(model) : NULL;
        x.in.cells = malloc(((size_t)interpret_cells(x.k) + 1) * sizeof *x.in.cells);
        if (x.run && x.in.cells) {
            x.run->nthreads = 2;
            if (x.plain) x.evaluator = evaluator_new(x.plain);
            if (run_allocate(x.run, &error)) compare_all(&x);
            else failed(&x, c->path, error.text);
            if (x.evaluator) evaluator_free(x.evaluator);
        } else if (x.run) failed(&x, c->path, "out of memory");
        free(x.in.cells);
        if (x.run) run_free(x.run);
    }
    if (handle) jit_unload(handle);
    ganc_free(plain.g);
    return x.run && x.good && !diag_errors(c->g);
}
