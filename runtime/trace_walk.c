/* trace_walk.c: from what has gone bad back to where it began.
 *
 * The arena holds only what a kernel left last, so the graph's kernels are run again up to the one that is looked at; they make the same bits each time.
 * There the element is evaluated at its point, instruction by instruction. A value that is not finite while an operand is not either was handed on, and the
 * walk follows that operand: within the kernel, into the sum or product that it stands in, or through a load to the kernel that stored it. One that is made
 * of finite operands is the origin. An infinity that ends in a constant (the padding of a largest value) is innocent: then it is who made something that is
 * no number of it. Infinities that lead nowhere, as 1 / exp(100) in single precision, are not met, because the walk begins at what is bad. */
#include "trace.h"

#include "threads.h"

#include <stdlib.h>

enum { HOPS = 100000, LOOKS = 1 << 25 /* instructions, or terms of products, that are evaluated to say what operands were */ };

struct seen { uint32_t storage, before; int64_t element; };

struct walk {
    const struct trace *t;
    struct run *run;
    const struct trace_start *start;
    const struct trace_graph *graph;
    uint32_t done;      /* kernels that have run in the arena as it is */
    uint32_t hops;
    struct seen *seen;  /* elements that were found innocent */
    uint32_t nseen;
    struct trace_fault *f;
};

struct job { struct ganrt_frame *frame; ganrt_kernel *kernel; };

static void task(void *self, uint32_t number, uint32_t worker)
{
    struct job *job = self;
    job->kernel(job->frame, number, worker);
}

void trace_kernel_run(struct run *run, uint32_t graph, uint32_t kernel)
{
    const struct ganrt_kernel_info *info = &run->model->graphs[graph].kernels[kernel];
    struct job job = {&run->frame, info->run};
    threads_run(run->threads, task, &job, info->tasks);
}

void trace_restore(struct run *run, const struct trace_start *start)
{
    const struct ganrt_graph *graph = &run->model->graphs[start->graph];
    memcpy(run->frame.arena, start->tensors, (size_t)run->model->tensor_bytes);
    for (uint32_t i = 0; i < graph->nbatches; i++)
        memcpy(run_at(run, graph->batches[i].offset), start->batches + start->at[i], (size_t)graph->batches[i].elements * run_element(run));
    run->frame.tick = start->tick;
    run->frame.graph = start->graph;
}

/* The arena as it is before kernel j. */
static void go(struct walk *w, uint32_t j)
{
    if (j < w->done) {
        trace_restore(w->run, w->start);
        w->done = 0;
    }
    for (; w->done < j; w->done++) trace_kernel_run(w->run, w->start->graph, w->done);
}

static struct trace_point point_of(const struct walk *w, uint32_t j, const int64_t *at)
{
    struct trace_point p = {.t = w->t, .run = w->run, .graph = w->start->graph, .k = &w->graph->kernels[j]};
    if (at) memcpy(p.at, at, sizeof p.at);
    p.value = memory_take(p.k->ninsns, sizeof *p.value);
    return p;
}

static bool blame(struct walk *w, enum trace_kind kind, uint32_t j, uint32_t i, const struct trace_point *p)
{
    const struct trace_insn *in = &p->k->insns[i];
    w->f->kind = kind;
    w->f->kernel = j;
    w->f->insn = i;
    w->f->place = in->place ? in->place : p->k->place;
    w->f->operation = in->name ? in->name : "";
    w->f->value = p->value[i];
    w->f->nargs = in->kind == GANRT_TRACE_TILE ? 2 : in->nargs;
    for (uint32_t a = 0; a < in->nargs; a++) w->f->arg[a] = p->value[in->arg[a]];
    return true;
}

static bool of_element(struct walk *w, uint32_t j, uint32_t storage, int64_t element);
static bool of_value(struct walk *w, uint32_t j, const struct trace_point *p, uint32_t i);

/* Of two values: the one to follow first. */
static bool worse(double a, double b)
{
    return (isnan(a) && !isnan(b)) || (!isfinite(a) && isfinite(b));
}

/* The operands that are not finite, those that are no number first. */
static bool of_operation(struct walk *w, uint32_t j, const struct trace_point *p, uint32_t i)
{
    const struct trace_insn *in = &p->k->insns[i];
    bool any = false, nans = false, taken[3] = {true, true, true};
    if (!strcmp(in->name, "where")) taken[p->value[in->arg[0]] != 0 ? 2 : 1] = false;
    for (int turn = 0; turn < 2; turn++)
        for (uint32_t a = 0; a < in->nargs; a++) {
            double x = p->value[in->arg[a]];
            if (!taken[a] || isfinite(x) || isnan(x) != (turn == 0)) continue;
            any = true;
            nans |= isnan(x);
            if (of_value(w, j, p, in->arg[a])) return true;
        }
    return (!any || (isnan(p->value[i]) && !nans)) && blame(w, TRACE_OPERATION, j, i, p);
}

static bool of_reduction(struct walk *w, uint32_t j, const struct trace_point *p, uint32_t i)
{
    uint32_t from = p->k->insns[i].arg[0];
    struct trace_point q = point_of(w, j, p->at), bad = q;
    double found = 0;
    go(w, j);
    for (uint32_t d = 0; d < q.k->rank; d++)
        if (q.k->reduced[d]) q.at[d] = 0;
    do {
        trace_evaluate_inner(&q);
        if (!worse(q.value[from], found)) continue;
        found = q.value[from];
        memcpy(bad.at, q.at, sizeof bad.at);
    } while (!isnan(found) && trace_next(q.k, q.at, true));
    bool is = isfinite(found);
    if (is) {
        is = blame(w, TRACE_OPERATION, j, i, p);
    } else {
        memcpy(q.at, bad.at, sizeof q.at);
        trace_evaluate_inner(&q);
        is = of_value(w, j, &q, from) || (isnan(p->value[i]) && !isnan(found) && blame(w, TRACE_OPERATION, j, i, p));
    }
    free(q.value);
    return is;
}

static bool of_product(struct walk *w, uint32_t j, const struct trace_point *p, uint32_t i)
{
    uint32_t storage = 0;
    int64_t element[2], at = -1;
    double found = 0;
    go(w, j);
    for (uint32_t x = 0; x < p->k->nproducts; x++)
        for (int64_t n = 0; n < p->k->products[x].k && !isnan(found); n++) {
            if (!trace_factors(p->k, &p->k->products[x], p->at[0], p->at[1], n, element)) continue;
            for (int side = 0; side < 2; side++) {
                uint32_t id = p->k->products[x].side[side].storage;
                double y = trace_load(w->run, trace_storage_of(w->t, p->graph, id), element[side]);
                if (worse(y, found)) found = y, storage = id, at = element[side];
            }
        }
    if (at < 0) return blame(w, TRACE_OPERATION, j, i, p);
    return of_element(w, j, storage, at) || (isnan(p->value[i]) && !isnan(found) && blame(w, TRACE_OPERATION, j, i, p));
}

/* Is instruction i of kernel j, at a point at which it is not finite, the origin, or does it lead to it? false: all it leads to is innocent. */
static bool of_value(struct walk *w, uint32_t j, const struct trace_point *p, uint32_t i)
{
    const struct trace_insn *in = &p->k->insns[i];
    if (w->hops++ > HOPS) return blame(w, TRACE_OPERATION, j, i, p);
    switch (in->kind) {
    case GANRT_TRACE_LOAD: return of_element(w, j, in->at.storage, trace_element_of(p, &in->at));
    case GANRT_TRACE_OP: return of_operation(w, j, p, i);
    case GANRT_TRACE_REDUCE: return of_reduction(w, j, p, i);
    case GANRT_TRACE_TILE: return of_product(w, j, p, i);
    case GANRT_TRACE_SCALAR: return blame(w, TRACE_SCALAR, j, i, p);
    case GANRT_TRACE_NUMBER: return isnan(in->number) && blame(w, TRACE_CONSTANT, j, i, p);
    case GANRT_TRACE_INDEX:
    case GANRT_TRACE_RANDOM:
    case GANRT_TRACE_STORE: break;
    }
    return blame(w, TRACE_OPERATION, j, i, p);
}

static bool computes(const struct trace_insn *in)
{
    return in->kind == GANRT_TRACE_OP || in->kind == GANRT_TRACE_TILE || in->kind == GANRT_TRACE_REDUCE;
}

/* Compiled code's value is not finite, and plain arithmetic in double makes a finite one: partial sums overflowed, or a function at the end of its range. The
 * operation is the sum or product, or else the one with the largest value. */
static bool at_the_edge(struct walk *w, uint32_t j, struct trace_point *p, uint32_t stored, double actual)
{
    uint32_t largest = stored;
    bool *needed = memory_take(p->k->ninsns, sizeof *needed);
    needed[stored] = true;
    for (uint32_t i = stored + 1; i-- > 0;) {
        const struct trace_insn *in = &p->k->insns[i];
        for (uint32_t a = 0; needed[i] && a < in->nargs; a++) needed[in->arg[a]] = true;
        if (!needed[i] || !computes(in)) continue;
        if (!computes(&p->k->insns[largest]) || fabs(p->value[i]) > fabs(p->value[largest])) largest = i;
    }
    free(needed);
    p->value[largest] = actual;
    return blame(w, TRACE_OPERATION, j, largest, p);
}

/* The element as kernel j found it; j may be the number of kernels. */
static bool of_element(struct walk *w, uint32_t j, uint32_t storage, int64_t element)
{
    const struct trace_storage *s = trace_storage_of(w->t, w->start->graph, storage);
    for (uint32_t i = 0; i < w->nseen; i++)
        if (w->seen[i].storage == storage && w->seen[i].before == j && w->seen[i].element == element) return false;
    go(w, j);
    double actual = trace_load(w->run, s, element);
    bool found = false, stored = false;
    for (uint32_t at = j; at-- > 0 && !stored;) {
        const struct trace_kernel *k = &w->graph->kernels[at];
        for (uint32_t i = k->ninsns; i-- > 0 && !stored;) {
            const struct trace_insn *in = &k->insns[i];
            int64_t where[TRACE_RANK];
            if (in->kind != GANRT_TRACE_STORE || in->at.storage != storage || !trace_solve(k, &in->at, element, !in->outer, where)) continue;
            struct trace_point p = point_of(w, at, where);
            stored = true;
            go(w, at);
            if (in->outer) trace_evaluate(&p);
            else trace_evaluate_inner(&p);
            found = isfinite(p.value[in->arg[0]]) ? at_the_edge(w, at, &p, in->arg[0], actual) : of_value(w, at, &p, in->arg[0]);
            free(p.value);
        }
    }
    if (!stored) {
        w->f->kind = s->kind == GANRT_TRACE_SCRATCH ? TRACE_UNREAD : TRACE_BEFORE;
        w->f->operation = s->name;
        w->f->value = actual;
        w->f->place = NULL;
        return true;
    }
    if (!found) {
        w->seen = memory_grow(w->seen, w->nseen + 1, sizeof *w->seen);
        w->seen[w->nseen++] = (struct seen){storage, j, element};
    }
    return found;
}

/* ---- what it was given ---- */

static void widen(double *low, double *high, double x)
{
    if (!(x >= *low)) *low = isnan(x) ? *low : x;
    if (!(x <= *high)) *high = isnan(x) ? *high : x;
}

/* A product's operands are what its factors' storages hold. */
static void look_at_factors(struct walk *w)
{
    const struct trace_kernel *k = &w->graph->kernels[w->f->kernel];
    for (uint32_t i = 0; i < k->nproducts; i++)
        for (int side = 0; side < 2; side++) {
            const struct trace_storage *s = trace_storage_of(w->t, w->start->graph, k->products[i].side[side].storage);
            for (int64_t e = 0; e < s->elements; e++) widen(&w->f->low[side], &w->f->high[side], trace_load(w->run, s, e));
        }
}

/* Ranges of the operands, and how many of the values are bad, over the kernel's points in order, as many as may be looked at. */
static void look(struct walk *w)
{
    struct trace_fault *f = w->f;
    struct trace_point p = point_of(w, f->kernel, NULL);
    const struct trace_insn *in = &p.k->insns[f->insn];
    for (int a = 0; a < 3; a++) f->low[a] = INFINITY, f->high[a] = -INFINITY;
    go(w, f->kernel);
    if (in->kind == GANRT_TRACE_TILE) look_at_factors(w);
    double cost = p.k->ninsns, left = LOOKS;
    for (uint32_t i = 0; i < p.k->nproducts; i++) cost += (double)p.k->products[i].k;
    bool after = in->outer || in->kind == GANRT_TRACE_REDUCE, inner_operand = in->kind == GANRT_TRACE_REDUCE;
    f->all = 1;
    for (uint32_t d = 0; d < p.k->rank; d++) {
        if (after && p.k->reduced[d]) cost *= (double)p.k->extent[d];
        else f->all *= (uint64_t)p.k->extent[d];
    }
    bool more = true;
    while (more && (left > 0 || !f->seen)) {
        if (after) trace_evaluate(&p);
        else trace_evaluate_inner(&p);
        f->seen++;
        f->bad += !isfinite(p.value[f->insn]);
        left -= cost;
        for (uint32_t a = 0; a < in->nargs && !inner_operand; a++) widen(&f->low[a], &f->high[a], p.value[in->arg[a]]);
        for (uint32_t d = 0; inner_operand && d < p.k->rank; d++)
            if (p.k->reduced[d]) p.at[d] = 0;
        do {
            if (!inner_operand) break;
            trace_evaluate_inner(&p);
            widen(&f->low[0], &f->high[0], p.value[in->arg[0]]);
        } while (trace_next(p.k, p.at, true));
        more = trace_next(p.k, p.at, false);
        if (!more && !after) more = trace_next(p.k, p.at, true);
    }
    if (f->seen == f->all && !f->bad) f->bad = 1; /* at the edge */
    free(p.value);
}

/* ---- where it begins ---- */

static int64_t first_bad(const struct run *run, const struct trace_storage *s, bool infinite)
{
    for (int64_t i = 0; i < s->elements; i++) {
        double x = trace_load(run, s, i);
        if (isnan(x) || (!infinite && isinf(x))) return i;
    }
    return -1;
}

static bool writes(const struct trace_graph *graph, uint32_t tensor)
{
    for (uint32_t j = 0; j < graph->nkernels; j++)
        for (uint32_t i = 0; i < graph->kernels[j].ninsns; i++)
            if (graph->kernels[j].insns[i].kind == GANRT_TRACE_STORE && graph->kernels[j].insns[i].at.storage == tensor) return true;
    return false;
}

/* What a statement of the train block set. */
static void blame_statement(const struct trace *t, uint32_t tensor, double value, struct trace_fault *f)
{
    f->kind = TRACE_STATE;
    f->result = -1;
    f->tensor = (int32_t)tensor;
    f->operation = t->model->tensors[tensor].name;
    f->value = value;
    for (uint32_t i = 0; i < t->nsets; i++)
        if (t->sets[i].tensor == tensor) f->place = t->sets[i].place;
}

static void begin(struct walk *w, uint32_t storage, int64_t element)
{
    w->done = UINT32_MAX;
    if (of_element(w, w->graph->nkernels, storage, element)) {
        if (w->f->kind == TRACE_OPERATION) look(w);
        return;
    }
    /* innocent to the end: an infinity that is written so */
    w->f->kind = TRACE_CONSTANT;
    w->f->operation = trace_storage_of(w->t, w->start->graph, storage)->name;
    w->f->value = INFINITY;
}

void trace_blame_statement(const struct trace *t, const struct run *run, uint32_t graph, uint32_t tensor, bool infinite, struct trace_fault *f)
{
    int64_t bad = first_bad(run, &t->tensors[tensor], infinite);
    *f = (struct trace_fault){.graph = graph};
    blame_statement(t, tensor, trace_load(run, &t->tensors[tensor], bad), f);
}

bool trace_walk(const struct trace *t, struct run *run, const struct trace_start *start, const uint8_t *may, struct trace_fault *f)
{
    const struct ganrt_model *model = run->model;
    const struct ganrt_graph *graph = &model->graphs[start->graph];
    struct walk w = {.t = t, .run = run, .start = start, .graph = &t->graphs[start->graph], .f = f};
    *f = (struct trace_fault){.graph = start->graph, .result = -1, .tensor = -1};
    if (!w.graph->known) return false;
    for (uint32_t i = 0; i < graph->noutputs && f->result < 0; i++) {
        const struct ganrt_output *o = &graph->outputs[i];
        if (o->kind != 0 || !run_result_known(run, o->result) || isfinite(run->frame.results[o->result])) continue;
        f->result = (int32_t)o->result;
        f->player = w.graph->players[i];
        begin(&w, w.graph->outputs[i], 0);
    }
    for (int turn = 0; turn < 2; turn++) /* parameters first */
        for (uint32_t i = 0; i < model->ntensors && f->result < 0 && f->tensor < 0; i++) {
            if ((model->tensors[i].kind == GANRT_PARAMETER) != (turn == 0)) continue;
            int64_t bad = first_bad(run, &t->tensors[i], may && may[i]);
            if (bad < 0) continue;
            f->tensor = (int32_t)i;
            f->player = t->owners[i] >= 0 ? model->nets[t->owners[i]].name : NULL;
            if (writes(w.graph, i)) begin(&w, i, bad);
            else blame_statement(t, i, trace_load(run, &t->tensors[i], bad), f);
        }
    free(w.seen);
    return f->result >= 0 || f->tensor >= 0;
}
