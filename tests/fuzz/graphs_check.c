/* graphs_check.c: see graphs.h: one program in three forms: as made, by the evaluator, whose gradients are nested dual numbers; differentiated, and after
 * the passes, by the evaluator with bounds; and compiled. What was compiled may be off from the differentiated graph by the bounds of the graph that
 * it was compiled from, and by those of the differentiated one in double. */
#include "graphs.h"

#include "base/diag.h"
#include "codegen/codegen.h"
#include "compare_values.h"
#include "differentiate/differentiate.h"
#include "evaluate/bounds.h"
#include "evaluate/made_up.h"
#include "passes/passes.h"
#include "run.h"
#include "schedule/kernels.h"
#include "schedule/rules.h"

#include <string.h>

enum form { MADE, DERIVED, PASSED, FORMS };
static const char *const form_names[FORMS] = {"as made", "differentiated", "after the passes"};

struct check {
    struct ganc *g;
    const struct program *form[FORMS];
    struct evaluator *e[FORMS];
    struct run *run;
    const struct ganrt_model *model;
    struct buffer *why;
};

static void data_of(void *self, const struct graph *graph, uint64_t tick, uint32_t data, uint32_t draw, double *to)
{
    const struct program *p = self;
    const struct data *d = &p->data.at[data];
    (void)tick, (void)draw;
    made_up_examples(d, p->f64, 1, graph->batch * type_elements(d->type), to);
}

static double compiled_tensor(const struct check *c, uint32_t t, int64_t i)
{
    const struct ganrt_tensor *tensor = &c->model->tensors[t];
    return compared_element(run_at(c->run, tensor->offset), tensor->size, ganrt_position(tensor, i));
}

/* ---- the evaluator ---- */

static enum verdict evaluate(struct check *c, enum form form)
{
    const struct program *p = c->form[form];
    struct evaluator *e = c->e[form] = evaluator_new(p);
    e->source = (struct evaluator_source){.self = (void *)p, .data = data_of};
    e->seed[0] = 20, e->seed[1] = 26, e->step = 3, e->tick = 4;
    e->most_work = 3e8;
    for (uint32_t t = 0; t < p->tensors.n; t++)
        for (int64_t i = 0; i < type_elements(p->tensors.at[t].type); i++) e->tensors[t][i] = compiled_tensor(c, t, i);
    const char *error = evaluator_graph(e, p->graphs.at[1]);
    if (!error) return AGREES;
    bool large = strstr(error, "too large") || strstr(error, "too deeply");
    buffer_put(c->why, "%s: %s\n", form_names[form], error);
    return large ? UNDECIDED : REFUSED;
}

/* ---- values ---- */

/* One value: what was compiled (at, its elements' bytes, a tensor's layout or NULL), and in the three forms the node that has it. */
struct value {
    const char *name;
    const void *at;
    uint32_t bytes;
    const struct ganrt_tensor *tensor;
    int64_t n;
    const struct node *node[FORMS];
};

/* The same before and after differentiation, both in double: is what the rules made what the dual numbers find? Forms that lose digits (log(sigmoid(x)))
 * become others on the way, so to a part of the largest element only. */
static bool derived(struct check *c, const struct value *v, const struct bounds *whole)
{
    const double *made = evaluator_node(c->e[MADE], v->node[MADE]), *by_rules = evaluator_node(c->e[DERIVED], v->node[DERIVED]);
    const double *bound = whole->of[v->node[DERIVED]->id];
    double most = 1;
    for (int64_t i = 0; i < v->n; i++) most = fmax(most, fabs(made[i]));
    for (int64_t i = 0; i < v->n; i++) {
        double off = fabs(made[i] - by_rules[i]);
        if (off <= 1e-9 * most + 16 * bound[i]) continue;
        buffer_put(c->why, "%s[%lld]: by dual numbers %.17g, differentiated %.17g: %.3g apart\n", v->name, (long long)i, made[i], by_rules[i], off);
        return false;
    }
    return true;
}

static enum verdict compare(struct check *c, const struct value *v, const struct bounds *single, const struct bounds *whole)
{
    const double *want = evaluator_node(c->e[DERIVED], v->node[DERIVED]);
    const double *rounded = single->of[v->node[PASSED]->id], *exact = whole->of[v->node[DERIVED]->id];
    if (!derived(c, v, whole)) return DIFFERS;
    for (int64_t i = 0; i < v->n; i++) {
        double got = compared_element(v->at, v->bytes, v->tensor ? ganrt_position(v->tensor, i) : i), bound = rounded[i] + 4 * exact[i];
        if (fabs(got - want[i]) <= bound) continue;
        buffer_put(c->why, "%s[%lld]: compiled %.17g, evaluator %.17g; they are %.3g apart, and may be %.3g\n", v->name, (long long)i, got, want[i],
                      fabs(got - want[i]), bound);
        return DIFFERS;
    }
    return AGREES;
}

static const struct node *effect_on(const struct program *p, uint32_t tensor)
{
    const struct graph *graph = p->graphs.at[1];
    for (uint32_t i = 0; i < graph->effects.n; i++)
        if (graph->effects.at[i].tensor == tensor) return graph->effects.at[i].value;
    return NULL;
}

static enum verdict compare_all(struct check *c, const struct bounds *single, const struct bounds *whole)
{
    enum verdict verdict = AGREES;
    const struct graph *graph = c->form[MADE]->graphs.at[1];
    for (uint32_t i = 0; i < graph->outputs.n && verdict == AGREES; i++) {
        const struct ganrt_output *o = &c->model->graphs[1].outputs[i];
        struct value v = {.name = o->name, .at = run_at(c->run, o->offset), .bytes = c->model->f64 ? 8 : 4, .n = o->elements};
        for (int f = 0; f < FORMS; f++) v.node[f] = c->form[f]->graphs.at[1]->outputs.at[i].value;
        verdict = compare(c, &v, single, whole);
    }
    for (uint32_t t = 0; t < c->model->ntensors && verdict == AGREES; t++) {
        const struct ganrt_tensor *tensor = &c->model->tensors[t];
        struct value v = {.name = tensor->name, .at = run_at(c->run, tensor->offset), .bytes = tensor->size, .tensor = tensor, .n = tensor->elements};
        for (int f = 0; f < FORMS; f++) v.node[f] = effect_on(c->form[f], t);
        if (v.node[MADE]) verdict = compare(c, &v, single, whole);
    }
    return verdict;
}

/* ---- all of it ---- */

static enum verdict bounded(struct check *c)
{
    struct arena *mem = arena_new();
    double unit = c->model->f64 ? 0x1p-53 : 0x1p-24, largest = c->model->f64 ? 1e300 : 1e37;
    enum verdict verdict = AGREES;
    for (int f = 0; f < FORMS && verdict == AGREES; f++) verdict = evaluate(c, (enum form)f);
    if (verdict == AGREES) {
        struct bounds single = bounds_make(c->e[PASSED], mem, unit, largest), whole = bounds_make(c->e[DERIVED], mem, 0x1p-53, largest);
        if (single.undecided || whole.undecided) {
            const struct node *n = single.undecided ? single.undecided : whole.undecided;
            buffer_put(c->why, "rounding decides %%%u, a %s\n", n->id, op_info[n->op].name);
            verdict = UNDECIDED;
        } else {
            c->model->graphs[1].run(&c->run->frame);
            verdict = compare_all(c, &single, &whole);
        }
    }
    for (int f = 0; f < FORMS; f++) evaluator_free(c->e[f]);
    arena_free(mem);
    return verdict;
}

static enum verdict run_compiled(struct check *c)
{
    struct error error = {""};
    enum verdict verdict = REFUSED;
    c->run = run_new(c->model);
    c->run->nthreads = 2;
    if (run_allocate(c->run, &error)) {
        c->run->frame.seed[0] = 20, c->run->frame.seed[1] = 26, c->run->frame.step = 3;
        c->model->graphs[0].run(&c->run->frame);
        c->run->frame.tick = 5;
        verdict = bounded(c);
    } else {
        buffer_put(c->why, "%s\n", error.text);
    }
    run_free(c->run);
    return verdict;
}

enum verdict graph_checked(struct ganc *g, struct program *p, const char *off, struct buffer *why)
{
    struct check c = {.g = g, .why = why};
    struct object object = {0};
    void *handle = NULL;
    bool rule = off && rule_turn_off(g, off);
    c.form[MADE] = program_snapshot(g, p);
    bool good = differentiate(g, p);
    if (good) c.form[DERIVED] = program_snapshot(g, p);
    good = good && passes_run(g, p, NULL, &off, off && !rule);
    c.form[PASSED] = p;
    struct kernels *k = good ? kernels_make(g, p) : NULL;
    good = k && !diag_errors(g) && codegen_object(g, k, &object);
    c.model = good ? jit_load(g, &object, &handle) : NULL;
    enum verdict verdict = c.model ? run_compiled(&c) : REFUSED;
    if (handle) jit_unload(handle);
    codegen_object_free(&object);
    return verdict;
}
