/* kernels.c: the whole of schedule/, in order: values, groups, storages, kernels, their order, layouts, tasks, the arena. */
#include "base/buffer.h"
#include "base/diag.h"
#include "schedule/internal.h"
#include "schedule/rules.h"

#include <stdlib.h>
#include <string.h>

#define NAME_OPS 6 /* operations that a kernel's name lists */

static void tensors_make(struct ganc *g, struct kernels *k)
{
    for (uint32_t i = 0; i < k->program->tensors.n; i++) {
        const struct tensor *t = &k->program->tensors.at[i];
        struct storage s = {.kind = STORAGE_TENSOR, .index = i, .name = t->name, .elements = type_elements(t->type)};
        s.size = k->program->f64 || t->f64 ? 8 : 4;
        vec_push(g->mem, &k->tensors, s);
    }
}

static uint32_t storage_push(struct scheduling *s, struct storage st)
{
    st.size = s->p->f64 ? 8 : 4;
    vec_push(s->g->mem, &s->kg->storages, st);
    return s->k->tensors.n + s->kg->storages.n - 1;
}

/* The storage of a leaf; equal minibatches are one. */
static uint32_t leaf_storage(struct scheduling *s, const struct node *n)
{
    if (n->op == OP_tensor) return n->index;
    struct storage st = {.index = n->index, .elements = type_total(s->graph, n->type)};
    st.kind = n->op == OP_data ? STORAGE_BATCH : n->op == OP_input ? STORAGE_INPUT : STORAGE_MEAN;
    st.draw = st.kind == STORAGE_BATCH ? n->draw : 0;
    st.batched = st.kind == STORAGE_INPUT && n->type.batched;
    for (uint32_t i = 0; i < s->kg->storages.n; i++) {
        const struct storage *o = &s->kg->storages.at[i];
        if (o->kind == st.kind && o->index == st.index && o->draw == st.draw) return s->k->tensors.n + i;
    }
    if (st.kind == STORAGE_INPUT) {
        st.name = n->name ? n->name : arena_format(s->g->mem, "input%u", n->index);
    } else {
        const struct data *d = &s->p->data.at[n->index];
        const char *dot = d->field ? "." : "", *field = d->field ? d->field : "";
        if (st.kind == STORAGE_MEAN) st.name = arena_format(s->g->mem, "mean.%s%s%s", d->name, dot, field);
        else st.name = arena_format(s->g->mem, "%s%s%s.%u", d->name, dot, field, n->draw);
    }
    return storage_push(s, st);
}

/* By value: does it have so many elements for each example? An image with the batch inside is not called batched, nor is a copy of it. */
static bool *batched_values(struct scheduling *s)
{
    bool *batched = NEW_ARRAY(s->mem, bool, s->values.n + 1);
    for (uint32_t i = 0; i < s->values.n; i++)
        if (s->values.at[i]->batched && s->values.at[i]->inside) batched[s->values.at[i]->inside->id] = true;
    for (uint32_t i = 0; i < s->values.n; i++) {
        const struct value *v = s->values.at[i];
        batched[i] = batched[i] || v->batched;
        for (uint32_t k = 0; k < v->nargs; k++) batched[i] = batched[i] || (batched[v->arg[k]->id] && v->arg[k]->total == v->total);
    }
    return batched;
}

/* Leaves first (the runtime fills them), then scratch, in the order of the values. Scratch is named by its number, and for readers the value's name. */
static void storages_make(struct scheduling *s)
{
    for (uint32_t i = 0; i < s->graph->keep.n; i++) leaf_storage(s, s->graph->keep.at[i]);
    for (uint32_t i = 0; i < s->values.n; i++)
        if (s->values.at[i]->kind == VALUE_LEAF) s->values.at[i]->storage = leaf_storage(s, s->values.at[i]->node);
    uint32_t number = 0;
    const bool *batched = batched_values(s);
    for (uint32_t i = 0; i < s->values.n; i++) {
        struct value *v = s->values.at[i];
        if (v->kind != VALUE_JOIN && !(v->solid && v->stored)) continue;
        const char *name = v->node->name;
        struct storage st = {.kind = STORAGE_SCRATCH, .index = number, .elements = v->total};
        st.batched = batched[i];
        st.name = name ? arena_format(s->g->mem, "s%u.%s", number, name) : arena_format(s->g->mem, "s%u", number);
        number++;
        v->storage = storage_push(s, st);
    }
}

/* What a group is there for: its product's value, its last reduction, else its last value. */
static const struct value *group_main(const struct group *g)
{
    const struct value *found = g->product ? g->products.at[0] : g->last;
    for (const struct value *v = g->first; v && !g->product; v = v->next)
        if (v->kind == VALUE_REDUCE) found = v;
    return found;
}

/* "D.dense1 matmul+add+max": where it comes from, and the operations in it. */
static const char *group_name(struct scheduling *s, const struct group *g, const struct value *main)
{
    struct buffer b = {0};
    const char *name = main->node->name;
    for (const struct value *v = g->first; v && !name; v = v->next) name = v->node->name;
    for (const struct value *v = g->first; v && !name; v = v->next)
        if (v->kind == VALUE_EFFECT) name = s->p->tensors.at[v->tensor].name;
    if (name) buffer_put(&b, "%s ", name);
    uint32_t count = 0;
    const char *last = "";
    for (const struct value *v = g->first; v; v = v->next) {
        if (v->op == OP_where && v->node->arg[0]->op == OP_scalar && v->node->arg[0]->scalar->kind == SEXPR_LOOK) continue; /* of every update */
        const char *op = v->kind == VALUE_EFFECT ? "update" : v->op == OP_stop ? "copy" : op_info[v->kind == VALUE_REDUCE ? v->node->op : v->op].name;
        if (!strcmp(op, last)) continue;
        if (count < NAME_OPS) buffer_put(&b, "%s%s", count ? "+" : "", op);
        if (count == NAME_OPS) buffer_put(&b, "+...");
        count++;
        last = op;
    }
    const char *text = arena_string(s->g->mem, b.text, b.length);
    buffer_free(&b);
    return text;
}

static void outputs_make(struct scheduling *s)
{
    for (uint32_t i = 0; i < s->outputs.n; i++)
        vec_push(s->g->mem, &s->kg->outputs, (struct kernel_output){&s->graph->outputs.at[i], s->outputs.at[i]->storage});
}

static void graph_make(struct ganc *g, struct kernels *k, const struct graph *graph)
{
    struct scheduling s = {.g = g, .mem = arena_new(), .p = k->program, .graph = graph, .k = k, .kg = &k->graphs.at[graph->index]};
    s.kg->graph = graph;
    values_make(&s);
    groups_make(&s);
    storages_make(&s);
    struct kernel *made = NEW_ARRAY(s.mem, struct kernel, s.groups.n);
    for (uint32_t i = 0; i < s.groups.n; i++) {
        struct group *group = s.groups.at[i];
        made[i] = lower_group(&s, group, &group->space);
        if (!group->product) collapse(&made[i]);
        else if (!collapse_product(&made[i], group->rows, group->columns)) abort(); /* lower_fits said that it does */
        made[i].library = group->product && g->blas && !k->program->f64;
        const struct value *main = group_main(group);
        made[i].name = group_name(&s, group, main);
        made[i].span = main->node->span;
    }
    narrow_storages(&s, made);
    order_kernels(&s, made);
    order_lifetimes(&s);
    outputs_make(&s);
    looks_mark(&s);
    arena_free(s.mem);
}

/* Tasks and tiles, which want to know the layouts. */
static void split_all(struct ganc *g, struct kernels *k, const uint8_t *grid)
{
    uint32_t size = k->program->f64 ? 8 : 4, n = 0;
    for (uint32_t i = 0; i < k->graphs.n; i++) {
        const struct kernel_graph *kg = &k->graphs.at[i];
        bool alone = rule_on(g, RULE_alone) && !split_pays(k, kg);
        for (uint32_t j = 0; j < kg->kernels.n; j++) {
            struct kernel *kernel = &kg->kernels.at[j];
            split_kernel(k, kg, alone, kernel, size, grid ? grid[n] : 0);
            n++;
            int64_t tile = (kernel_worker_bytes(kernel, size) + 63) / 64 * 64;
            if (tile > k->worker_bytes) k->worker_bytes = tile;
        }
    }
}

struct kernels *kernels_make(struct ganc *g, const struct program *p) { return kernels_make_grids(g, p, NULL); }

struct kernels *kernels_make_grids(struct ganc *g, const struct program *p, const uint8_t *grid)
{
    struct kernels *k = NEW(g->mem, struct kernels);
    k->program = p;
    tensors_make(g, k);
    for (uint32_t i = 0; i < p->graphs.n; i++) vec_push(g->mem, &k->graphs, (struct kernel_graph){0});
    for (uint32_t i = 0; i < p->graphs.n; i++) graph_make(g, k, p->graphs.at[i]);
    layouts_choose(g, k);
    split_all(g, k, grid);
    plan_arena(g, k);
    return k;
}
