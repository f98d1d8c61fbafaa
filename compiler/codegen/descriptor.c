/* descriptor.c: the model's description, ganrt_model, as constants: every structure of ganrt/model.h, field by field, in its order.
 *
 * A structure's LLVM type is made of its fields' types, whose natural alignment is C's; tests/unit/codegen_descriptor.c reads each field
 * back through the C structures. Change model.h, this file and GANRT_ABI together. */
#include "codegen/emit.h"

#include "base/buffer.h"
#include "elaborate/elaborate.h"

#include <ganrt/model.h>
#include <stdio.h>
#include <string.h>

#ifndef GANC_VERSION
#define GANC_VERSION "unknown"
#endif

_Static_assert(PRODUCT_PANEL == GANRT_PANEL, "the runtime reads panels as wide as codegen/ writes them");

#define FIELDS 48

struct fields {
    struct emit *e;
    ir at[FIELDS];
    unsigned n;
};

static void put(struct fields *f, ir value)
{
    f->at[f->n++] = value;
}

static void put_u32(struct fields *f, uint32_t x) { put(f, emit_integer(f->e->i32, x)); }
static void put_i64(struct fields *f, int64_t x) { put(f, emit_i64(f->e, x)); }
static void put_f64(struct fields *f, double x) { put(f, emit_number(f->e->f64, x)); }
static void put_text(struct fields *f, const char *x) { put(f, emit_text(f->e, x)); }

static ir structure(struct fields *f)
{
    return LLVMConstStructInContext(f->e->context, f->at, f->n, false);
}

/* Equal elements in a table of their own; null where there are none. */
static ir table(struct emit *e, ir *elements, uint32_t count)
{
    if (!count) return LLVMConstNull(e->ptr);
    ir value = LLVMConstArray2(LLVMTypeOf(elements[0]), elements, count);
    ir global = LLVMAddGlobal(e->module, LLVMTypeOf(value), "table");
    LLVMSetInitializer(global, value);
    LLVMSetGlobalConstant(global, true);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    return global;
}

/* The table of make(e, 0), ..., make(e, count - 1). */
typedef ir make_element(struct emit *e, const void *of, uint32_t i);
static ir table_of(struct emit *e, const void *of, uint32_t count, make_element *make)
{
    ir *elements = NEW_ARRAY(e->mem, ir, count + 1);
    for (uint32_t i = 0; i < count; i++) elements[i] = make(e, of, i);
    return table(e, elements, count);
}

static ir make_number(struct emit *e, const void *of, uint32_t i) { return emit_integer(e->i32, ((const uint32_t *)of)[i]); }
static ir make_size(struct emit *e, const void *of, uint32_t i) { return emit_i64(e, ((const int64_t *)of)[i]); }
static ir make_name(struct emit *e, const void *of, uint32_t i) { return emit_text(e, ((const char *const *)of)[i]); }

/* rank, dims */
static void put_shape(struct fields *f, const struct type *t)
{
    put_u32(f, t->rank);
    put(f, table_of(f->e, t->dim, t->rank, make_size));
}

/* ---- declarations ---- */

static ir make_setting(struct emit *e, const void *of, uint32_t i)
{
    const struct setting *s = &((const struct program *)of)->settings.at[i];
    struct fields f = {.e = e};
    put_text(&f, s->name);
    put_text(&f, s->doc);
    put_u32(&f, s->fixed);
    put_u32(&f, s->boolean);
    put_text(&f, s->text);
    return structure(&f);
}

static ir make_data(struct emit *e, const void *of, uint32_t i)
{
    const struct data *d = &((const struct program *)of)->data.at[i];
    struct fields f = {.e = e};
    put_text(&f, d->name);
    put_text(&f, d->field);
    put_u32(&f, d->source);
    put_shape(&f, &d->type);
    put_i64(&f, type_elements(d->type));
    put_u32(&f, d->any);
    put_u32(&f, d->onehot);
    put_f64(&f, d->low);
    put_f64(&f, d->high);
    put_text(&f, d->from);
    put_u32(&f, d->sliced);
    put_i64(&f, d->slice_low);
    put_i64(&f, d->slice_high);
    return structure(&f);
}

static ir make_prior(struct emit *e, const void *of, uint32_t i)
{
    const struct prior_info *p = &((const struct program *)of)->priors.at[i];
    struct fields f = {.e = e};
    put_text(&f, p->name);
    put_text(&f, p->text);
    put_shape(&f, &p->type);
    return structure(&f);
}

static ir make_tensor(struct emit *e, const void *of, uint32_t i)
{
    const struct tensor *t = &((const struct program *)of)->tensors.at[i];
    const struct storage *s = &e->k->tensors.at[i];
    struct fields f = {.e = e};
    put_text(&f, t->name);
    put_u32(&f, t->kind);
    put_shape(&f, &t->type);
    put_i64(&f, type_elements(t->type));
    put_u32(&f, s->size);
    put_u32(&f, (uint32_t)t->net);
    put_i64(&f, s->offset);
    put_i64(&f, s->columns);
    return structure(&f);
}

static ir make_input(struct emit *e, const void *of, uint32_t i)
{
    const struct net_input *in = &((const struct net_info *)of)->inputs.at[i];
    struct fields f = {.e = e};
    put_text(&f, in->name);
    put_shape(&f, &in->type);
    put_i64(&f, type_elements(in->type));
    put_u32(&f, (uint32_t)in->prior);
    put_u32(&f, (uint32_t)in->data);
    return structure(&f);
}

static ir make_net(struct emit *e, const void *of, uint32_t i)
{
    const struct net_info *n = &((const struct program *)of)->nets.at[i];
    struct fields f = {.e = e};
    put_text(&f, n->name);
    put_u32(&f, n->inputs.n);
    put(&f, table_of(e, n, n->inputs.n, make_input));
    put_shape(&f, &n->output);
    put_i64(&f, type_elements(n->output));
    put_u32(&f, n->tensors.n);
    put(&f, table_of(e, n->tensors.at, n->tensors.n, make_number));
    put_u32(&f, (uint32_t)n->graph);
    return structure(&f);
}

/* ---- graphs ---- */

static ir batches(struct emit *e, const struct kernel_graph *kg, uint32_t *count)
{
    ir *made = NEW_ARRAY(e->mem, ir, kg->storages.n + 1);
    *count = 0;
    for (uint32_t i = 0; i < kg->storages.n; i++) {
        const struct storage *s = &kg->storages.at[i];
        if (s->kind != STORAGE_BATCH && s->kind != STORAGE_MEAN && s->kind != STORAGE_INPUT) continue;
        struct fields f = {.e = e};
        put_u32(&f, s->kind == STORAGE_BATCH ? GANRT_BATCH_DATA : s->kind == STORAGE_MEAN ? GANRT_BATCH_MEAN : GANRT_BATCH_INPUT);
        put_u32(&f, s->index);
        put_u32(&f, s->draw);
        put_i64(&f, s->offset);
        put_i64(&f, s->elements);
        made[(*count)++] = structure(&f);
    }
    return table(e, made, *count);
}

static ir make_output(struct emit *e, const void *of, uint32_t i)
{
    const struct kernel_graph *kg = of;
    const struct output *o = kg->outputs.at[i].output;
    const struct storage *s = kernels_storage(e->k, kg, kg->outputs.at[i].storage);
    struct fields f = {.e = e};
    put_text(&f, o->name);
    put_u32(&f, o->kind);
    put_u32(&f, o->result);
    put_i64(&f, s->offset);
    put_i64(&f, s->elements);
    put_u32(&f, (uint32_t)(o->kind == OUTPUT_GATHER ? o->data : -1));
    return structure(&f);
}

/* Points of the nest; of the parallel dimensions only where `outer`. */
static double points(const struct kernel *k, bool outer)
{
    double n = 1;
    for (uint32_t d = 0; d < k->rank; d++) n *= outer && k->reduced[d] ? 1 : (double)k->extent[d];
    return n;
}

/* Of k, how much a row meets; what falls on padding is counted as well. */
static double depth_met(const struct product *p)
{
    return p->windows.back ? (double)p->k / (double)(p->windows.stride[0] * p->windows.stride[1]) : (double)p->k;
}

/* Multiply-adds of products count two, any other operation or reduction one at each of its points. */
static double kernel_flop(const struct kernel *k)
{
    double flop = 0;
    for (uint32_t i = 0; i < k->products.n; i++) flop += 2 * points(k, false) * depth_met(&k->products.at[i]);
    for (uint32_t i = 0; i < k->body.n; i++) {
        const struct insn *in = &k->body.at[i];
        if (in->kind == INSN_OP || in->kind == INSN_REDUCE) flop += points(k, in->outer);
    }
    return flop;
}

/* The distinct elements that an access touches, no more than its storage holds. */
static double access_bytes(const struct emit *e, const struct kernel_graph *kg, const struct kernel *k, const struct access *a)
{
    const struct storage *s = kernels_storage(e->k, kg, a->storage);
    double n = 1;
    for (uint32_t d = 0; d < k->rank; d++) n *= a->stride[d] ? (double)k->extent[d] : 1;
    return (n < (double)s->elements ? n : (double)s->elements) * s->size;
}

static double kernel_bytes(const struct emit *e, const struct kernel_graph *kg, const struct kernel *k)
{
    double bytes = 0;
    for (uint32_t i = 0; i < k->products.n; i++) {
        const struct product *p = &k->products.at[i];
        double left = (double)k->extent[0] * (double)p->k;
        if (p->windows.on) left = (double)p->windows.image[0] * (double)p->windows.image[1] * (double)windows_inner(k) * (double)windows_depth(p);
        bytes += (left + (double)k->extent[1] * (double)p->k) * e->size;
    }
    for (uint32_t i = 0; i < k->body.n; i++) {
        const struct insn *in = &k->body.at[i];
        if (in->kind == INSN_LOAD || in->kind == INSN_STORE) bytes += access_bytes(e, kg, k, &in->at);
    }
    return bytes;
}

static uint32_t line_of(const struct ganc *g, struct span s)
{
    uint32_t line = 0, column;
    if (s.file && s.file < g->sources.n) source_place(g->sources.at[s.file], s.at, &line, &column);
    return line;
}

static ir make_kernel(struct emit *e, const void *of, uint32_t i)
{
    const struct kernel_graph *kg = of;
    const struct kernel *k = &kg->kernels.at[i];
    struct fields f = {.e = e};
    put_text(&f, k->name);
    put_u32(&f, line_of(e->g, k->span));
    put_f64(&f, kernel_flop(k));
    put_f64(&f, kernel_bytes(e, kg, k));
    put_u32(&f, k->tasks);
    put(&f, e->kernels[kg - e->k->graphs.at][i]);
    return structure(&f);
}

struct trained {
    VEC(uint32_t) tensors;
};

/* The parameters that a step sets, and whether it looks: their gradients are to be had. */
static bool trained_by(const struct emit *e, const struct kernel_graph *kg, struct trained *t)
{
    bool looks = false, *is = NEW_ARRAY(e->mem, bool, e->k->tensors.n + 1);
    for (uint32_t i = 0; i < kg->scalars.n; i++) looks = looks || kg->scalars.at[i]->kind == SEXPR_LOOK;
    for (uint32_t i = 0; i < kg->kernels.n && kg->graph->kind == GRAPH_STEP; i++)
        for (uint32_t j = 0; j < kg->kernels.at[i].body.n; j++) {
            const struct insn *in = &kg->kernels.at[i].body.at[j];
            if (in->kind == INSN_STORE && in->at.storage < e->k->tensors.n) is[in->at.storage] = true;
        }
    for (uint32_t i = 0; i < e->k->tensors.n; i++)
        if (is[i] && e->k->program->tensors.at[i].kind == TENSOR_PARAMETER) vec_push(e->mem, &t->tensors, i);
    return looks;
}

static ir make_graph(struct emit *e, const void *of, uint32_t i)
{
    const struct kernel_graph *kg = &((const struct kernels *)of)->graphs.at[i];
    struct fields f = {.e = e};
    uint32_t count;
    ir filled = batches(e, kg, &count);
    put_text(&f, kg->graph->name);
    put_u32(&f, kg->graph->kind);
    put_i64(&f, kg->graph->batch);
    put(&f, e->runs[i]);
    put_u32(&f, count);
    put(&f, filled);
    put_u32(&f, kg->outputs.n);
    put(&f, table_of(e, kg, kg->outputs.n, make_output));
    put_u32(&f, kg->kernels.n);
    put(&f, table_of(e, kg, kg->kernels.n, make_kernel));
    put_i64(&f, kg->scratch_bytes);
    struct trained trained = {0};
    bool looks = trained_by(e, kg, &trained);
    put_u32(&f, trained.tensors.n);
    put(&f, table_of(e, trained.tensors.at, trained.tensors.n, make_number));
    put_u32(&f, looks);
    return structure(&f);
}

/* ---- what runs them ---- */

static ir question(struct emit *e, const char *of, uint32_t i, const char *what, const struct sexpr *value)
{
    char name[48];
    snprintf(name, sizeof name, "gan_%s%u_%s", of, i, what);
    return schedule_question(e, name, value);
}

static ir make_train(struct emit *e, const void *of, uint32_t i)
{
    const struct train *t = &((const struct program *)of)->trains.at[i];
    struct fields f = {.e = e};
    put_text(&f, t->name);
    put_i64(&f, t->batch);
    put(&f, question(e, "t", i, "steps", t->steps));
    put(&f, question(e, "t", i, "epochs", t->epochs));
    put(&f, schedule_pass(e, i));
    put_u32(&f, t->vars);
    put_u32(&f, (uint32_t)t->epoch_data);
    put_u32(&f, t->counters.n);
    put(&f, table_of(e, t->counters.at, t->counters.n, make_number));
    return structure(&f);
}

static ir make_report(struct emit *e, const void *of, uint32_t i)
{
    const struct report *r = &((const struct program *)of)->reports.at[i];
    struct fields f = {.e = e};
    put_text(&f, r->name);
    put_u32(&f, r->graph);
    put(&f, question(e, "r", i, "every", r->every));
    put_u32(&f, (uint32_t)r->gather);
    return structure(&f);
}

static ir make_picture(struct emit *e, const void *of, uint32_t i)
{
    const struct picture *p = &((const struct program *)of)->pictures.at[i];
    struct fields f = {.e = e};
    put_text(&f, p->name);
    put_u32(&f, p->graph);
    put(&f, question(e, "p", i, "every", p->every));
    put_i64(&f, p->rows);
    put_i64(&f, p->columns);
    put_u32(&f, p->image);
    put_u32(&f, p->any);
    put_shape(&f, &p->type);
    put_f64(&f, p->low);
    put_f64(&f, p->high);
    return structure(&f);
}

/* ---- the model ---- */

struct sizes { /* the arena with smaller minibatches */
    VEC(struct ganrt_size) at;
};

static ir make_fit(struct emit *e, const void *of, uint32_t i)
{
    const struct ganrt_size *s = &((const struct ganrt_size *)of)[i];
    struct fields f = {.e = e};
    put_i64(&f, s->batch);
    put_i64(&f, s->arena_bytes);
    return structure(&f);
}

/* The minibatch halved, again and again. */
static void put_sizes(struct fields *f)
{
    struct emit *e = f->e;
    struct sizes sizes = {0};
    for (int64_t batch = plan_batch(e->k) / 2; batch > 0; batch /= 2) {
        vec_push(e->mem, &sizes.at, (struct ganrt_size){batch, plan_smaller(e->g, e->k, batch)});
    }
    put_u32(f, sizes.at.n);
    put(f, table_of(e, sizes.at.at, sizes.at.n, make_fit));
}

static uint32_t most_scalars(const struct kernels *k)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < k->graphs.n; i++)
        if (k->graphs.at[i].scalars.n > most) most = k->graphs.at[i].scalars.n;
    return most;
}

static uint32_t most_vars(const struct program *p)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < p->trains.n; i++)
        if (p->trains.at[i].vars > most) most = p->trains.at[i].vars;
    return most;
}

static void put_counts(struct fields *f, const struct kernels *k)
{
    const struct program *p = k->program;
    const uint32_t counts[] = {p->settings.n, p->data.n,    p->priors.n, p->tensors.n, p->nets.n,     p->counters.n,
                               k->graphs.n,   p->results.n, p->trains.n, p->reports.n, p->pictures.n, most_scalars(k), most_vars(p)};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) put_u32(f, counts[i]);
}

/* A string of bytes, and how many. */
static void put_trace(struct fields *f, const struct kernels *k)
{
    struct emit *e = f->e;
    struct buffer bytes = {0};
    trace_write(&bytes, e->g, k);
    ir value = LLVMConstStringInContext2(e->context, bytes.text, bytes.length, true), global = LLVMAddGlobal(e->module, LLVMTypeOf(value), "trace");
    LLVMSetInitializer(global, value);
    LLVMSetGlobalConstant(global, true);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    put(f, global);
    put_i64(f, (int64_t)bytes.length);
    buffer_free(&bytes);
}

void descriptor_emit(struct emit *e)
{
    const struct kernels *k = e->k;
    const struct program *p = k->program;
    struct fields f = {.e = e};
    put_u32(&f, GANRT_ABI);
    put_u32(&f, p->f64);
    put_text(&f, p->name);
    put_text(&f, p->source ? model_text(e->g, p) : "");
    put_text(&f, e->target->cpu);
    put_text(&f, e->target->features);
    put_text(&f, GANC_VERSION);
    put_u32(&f, e->g->check_bounds);
    put_i64(&f, k->tensor_bytes);
    put_i64(&f, k->arena_bytes);
    put_i64(&f, k->worker_bytes);
    put(&f, schedule_defaults(e));
    put_counts(&f, k);
    put(&f, table_of(e, p, p->settings.n, make_setting));
    put(&f, table_of(e, p, p->data.n, make_data));
    put(&f, table_of(e, p, p->priors.n, make_prior));
    put(&f, table_of(e, p, p->tensors.n, make_tensor));
    put(&f, table_of(e, p, p->nets.n, make_net));
    put(&f, table_of(e, p->counters.at, p->counters.n, make_name));
    put(&f, table_of(e, k, k->graphs.n, make_graph));
    put(&f, table_of(e, p->results.at, p->results.n, make_name));
    put(&f, table_of(e, p, p->trains.n, make_train));
    put(&f, table_of(e, p, p->reports.n, make_report));
    put(&f, table_of(e, p, p->pictures.n, make_picture));
    put_u32(&f, e->g->check_bounds ? RED_ZONE : 0);
    put_sizes(&f);
    put_trace(&f, k);
    ir value = structure(&f), global = LLVMAddGlobal(e->module, LLVMTypeOf(value), "ganrt_model");
    LLVMSetInitializer(global, value);
    LLVMSetGlobalConstant(global, true);
}
