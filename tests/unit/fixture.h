/* fixture.h: small programs of one graph made by hand, and their values by the reference evaluator; for rules.c and passes.c.
 *
 * Inputs are tensors t0, t1, ... ; a batched one is a tensor [batch, ...] seen by as_batch. Results are effects on tensors of their own. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include "base/diag.h"
#include "differentiate/rule.h"
#include "evaluate/evaluate.h"
#include "graph/program.h"
#include "passes/passes.h"

#include <stdlib.h>
#include <string.h>

#define FIXTURE_TENSORS 64

struct fixture {
    struct ganc *g;
    struct program p;
    struct graph *graph;
    double *value[FIXTURE_TENSORS], *tangent[FIXTURE_TENSORS]; /* of the inputs; tangent may be NULL */
    uint32_t inputs;
};

/* Numbers for tests: xorshift64*; the same in every run. */
static uint64_t fixture_seed = 88172645463325252u;
static inline double fixture_random(double low, double high)
{
    fixture_seed ^= fixture_seed >> 12;
    fixture_seed ^= fixture_seed << 25;
    fixture_seed ^= fixture_seed >> 27;
    return low + (high - low) * (double)(fixture_seed * 2685821657736338717u >> 11) * 0x1p-53;
}

/* The compilation that holds the rules of the standard library for all fixtures. */
static inline struct ganc *fixture_library(void)
{
    static struct ganc *library;
    if (!library) library = ganc_new();
    if (rules_of(library)) return library;
    diag_print(library, stdout, COLOR_NEVER);
    exit(1);
}

static inline struct fixture *fixture_new(int64_t batch)
{
    struct ganc *g = ganc_new();
    g->rules = rules_of(fixture_library());
    struct fixture *f = NEW(g->mem, struct fixture);
    f->g = g;
    f->p.name = "test";
    f->p.source = "";
    f->p.f64 = true;
    f->graph = NEW(g->mem, struct graph);
    f->graph->kind = GRAPH_STEP;
    f->graph->name = "test";
    f->graph->batch = batch;
    vec_push(g->mem, &f->p.graphs, f->graph);
    return f;
}

static inline void fixture_free(struct fixture *f)
{
    if (diag_errors(f->g)) diag_print(f->g, stdout, COLOR_NEVER);
    ganc_free(f->g);
}

static inline uint32_t fixture_declare(struct fixture *f, char kind, struct type t)
{
    uint32_t index = f->p.tensors.n;
    struct tensor tensor = {.kind = TENSOR_NET_STATE, .type = t, .net = -1, .of = -1};
    tensor.name = intern(f->g, arena_format(f->g->mem, "%c%u", kind, index));
    vec_push(f->g->mem, &f->p.tensors, tensor);
    return index;
}

/* An unbatched input with random values in (-2, 2), none within 0.1 of 0. */
static inline struct node *fixture_tensor(struct fixture *f, struct type t)
{
    uint32_t index = fixture_declare(f, 't', t);
    int64_t n = type_elements(t);
    f->value[index] = NEW_ARRAY(f->g->mem, double, n);
    for (int64_t i = 0; i < n; i++) {
        double x = fixture_random(-1.9, 1.9);
        f->value[index][i] = x + copysign(0.1, x);
    }
    f->inputs = index + 1;
    return graph_node(f->g, f->graph, OP_tensor, 0, NULL, &(struct node){.index = index, .type = t}, (struct span){0});
}

/* An input of any type. */
static inline struct node *fixture_input(struct fixture *f, struct type t)
{
    int64_t dims[MAX_RANK + 1] = {f->graph->batch};
    for (uint32_t i = 0; i < t.rank; i++) dims[i + 1] = t.dim[i];
    return t.batched ? graph_unary(f->g, f->graph, OP_as_batch, fixture_tensor(f, type_of(false, t.rank + 1u, dims))) : fixture_tensor(f, t);
}

static inline struct type fixture_type(bool batched, uint32_t rank, int64_t a, int64_t b)
{
    return type_of(batched, rank, (int64_t[]){a, b});
}

static inline struct node *fixture_node(struct fixture *f, enum op op, uint32_t nargs, struct node *const *args, struct node like)
{
    return graph_node(f->g, f->graph, op, nargs, args, &like, (struct span){0});
}

static inline struct node *fixture_unary(struct fixture *f, enum op op, struct node *a)
{
    return graph_unary(f->g, f->graph, op, a);
}

static inline struct node *fixture_binary(struct fixture *f, enum op op, struct node *a, struct node *b)
{
    return graph_binary(f->g, f->graph, op, a, b);
}

static inline struct node *fixture_number(struct fixture *f, double x)
{
    return graph_constant(f->g, f->graph, x, (struct span){0});
}

/* The sum of all elements of all examples. */
static inline struct node *fixture_total(struct fixture *f, struct node *x)
{
    int64_t axes[MAX_RANK] = {0, 1, 2, 3, 4, 5, 6, 7};
    return graph_sum(f->g, f->graph, x, axes, x->type.rank, x->type.batched);
}

/* Makes x a result: the effect's number. */
static inline uint32_t fixture_result(struct fixture *f, struct node *x)
{
    if (x->type.batched) x = fixture_unary(f, OP_as_tensor, x);
    struct effect e = {fixture_declare(f, 'r', x->type), x, {0}};
    vec_push(f->g->mem, &f->graph->effects, e);
    return f->graph->effects.n - 1;
}

/* How many nodes of this operation the graph has; OP_COUNT: all nodes. */
static inline uint32_t fixture_count(const struct fixture *f, enum op op)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < f->graph->nodes.n; i++) n += op == OP_COUNT || f->graph->nodes.at[i]->op == op;
    return n;
}

/* The values of all results, one after the other, and their tangents along f->tangent where `tangent` is not NULL. */
static inline const double *fixture_run(struct fixture *f, int64_t *count, const double **tangent)
{
    struct evaluator *e = evaluator_new(&f->p);
    int64_t total = 0, at = 0;
    for (uint32_t i = 0; i < f->inputs; i++)
        if (f->value[i]) memcpy(e->tensors[i], f->value[i], (size_t)type_elements(f->p.tensors.at[i].type) * sizeof **e->tensors);
    for (uint32_t i = 0; i < f->graph->effects.n; i++) total += type_elements(f->graph->effects.at[i].value->type);
    double *values = NEW_ARRAY(f->g->mem, double, total), *tangents = NEW_ARRAY(f->g->mem, double, total);
    const double *direction[FIXTURE_TENSORS] = {0};
    for (uint32_t i = 0; i < f->inputs; i++) direction[i] = f->tangent[i];
    const char *error = tangent ? evaluator_graph_tangent(e, f->graph, direction) : evaluator_graph(e, f->graph);
    if (error) {
        printf("%s\n", error);
        exit(1);
    }
    for (uint32_t i = 0; i < f->graph->effects.n; i++) {
        const struct node *n = f->graph->effects.at[i].value;
        size_t size = (size_t)type_elements(n->type);
        const double *d = tangent ? evaluator_tangent(e, n) : NULL;
        memcpy(values + at, evaluator_node(e, n), size * sizeof *values);
        if (d) memcpy(tangents + at, d, size * sizeof *tangents);
        at += (int64_t)size;
    }
    evaluator_free(e);
    if (count) *count = total;
    if (tangent) *tangent = tangents;
    return values;
}

#endif
