/* looks.c: see looks.h.
 *
 * A graph that is looked at first runs with frame->look: its parameters w become their gradients g. They change places with a copy of w, the minibatch is
 * put back where the run may have written over it, and the graph trains: w becomes w + d. With one copy at hand, which holds g by then, the products g d are
 * g (w + d) - g w, sums in double; and d's length is that of a sketch: elements with random signs in SKETCH sums, before and after (Charikar et al. 2002,
 * "Finding frequent items in data streams": its square is right on average, with a deviation of sqrt(2 / SKETCH), 2 %). */
#define _GNU_SOURCE
#include "looks.h"

#include "tool.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#define SKETCH 4096
#define SAMPLES 32 /* whose distances are taken */
#define LANES 16

const char *const measure_names[MEASURES] = {"distance", "data_distance", "accuracy", "gradient", "cosine", "clipped"};

struct look_net {
    int32_t graph;           /* whose gradient it is that is seen; -1: none so far in this look */
    double gg, gw, gd;
    double *sketch;
    int64_t before;          /* elements that it has taken */
    double right[2];         /* shares of data, of samples; NaN */
    bool generates, clipped; /* its samples can be drawn from priors; a projection sets it */
    double value[MEASURES];
};

struct looks {
    struct run *run;
    struct look_net *nets;
    bool on;                 /* the pass under way is looked at */
    bool *seen;              /* by graph, in this look */
    int32_t graph;           /* the one that trains now, looked at before; -1 */
    unsigned char *room;     /* its gradients, then its minibatch */
    size_t mapped;
    double data[2];          /* the mean distance of this minibatch's examples, and how many elements they have */
    const char *failed;
};

static size_t up(size_t bytes) { return (bytes + 63) / 64 * 64; }

static size_t trained_bytes(const struct ganrt_model *model, const struct ganrt_graph *graph)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < graph->ntrained; i++) {
        const struct ganrt_tensor *t = &model->tensors[graph->trained[i]];
        bytes += up((size_t)t->elements * t->size);
    }
    return bytes;
}

static size_t batch_bytes(const struct ganrt_model *model, const struct ganrt_graph *graph)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < graph->nbatches; i++) bytes += up((size_t)graph->batches[i].elements * (model->f64 ? 8 : 4));
    return bytes;
}

int64_t looks_bytes(const struct ganrt_model *model)
{
    size_t most = 0;
    for (uint32_t i = 0; i < model->ngraphs; i++) {
        size_t bytes = model->graphs[i].looks ? trained_bytes(model, &model->graphs[i]) + batch_bytes(model, &model->graphs[i]) : 0;
        if (bytes > most) most = bytes;
    }
    return (int64_t)most;
}

static bool is_trained(const struct ganrt_model *model, const struct ganrt_net *net)
{
    for (uint32_t g = 0; g < model->ngraphs; g++)
        for (uint32_t i = 0; i < model->graphs[g].ntrained && model->graphs[g].looks; i++)
            for (uint32_t k = 0; k < net->ntensors; k++)
                if (net->tensors[k] == model->graphs[g].trained[i]) return true;
    return false;
}

/* Is there a statement `project NET with ...`? Its graph may have become a part of another, but keeps its name. */
static bool is_projected(const struct ganrt_model *model, const char *name)
{
    static const char word[] = "project ";
    size_t n = strlen(name);
    for (uint32_t g = 0; g < model->ngraphs; g++) {
        const char *of = model->graphs[g].name;
        if (model->graphs[g].kind != GANRT_STEP || strncmp(of, word, sizeof word - 1)) continue;
        of += sizeof word - 1;
        if (!strncmp(of, name, n) && (of[n] == ' ' || of[n] == '.' || of[n] == ',')) return true;
    }
    return false;
}

struct looks *looks_new(struct run *run, struct error *e)
{
    const struct ganrt_model *model = run->model;
    struct looks *l = memory_take(1, sizeof *l);
    *l = (struct looks){.run = run, .graph = -1};
    l->nets = memory_take(model->nnets, sizeof *l->nets);
    l->seen = memory_take(model->ngraphs, sizeof *l->seen);
    for (uint32_t i = 0; i < model->nnets; i++) {
        const struct ganrt_net *net = &model->nets[i];
        struct look_net *n = &l->nets[i];
        bool trained = is_trained(model, net);
        n->generates = trained && net->graph >= 0 && net->ninputs > 0;
        for (uint32_t k = 0; k < net->ninputs; k++) n->generates = n->generates && net->inputs[k].prior >= 0;
        n->clipped = trained && is_projected(model, net->name);
        for (int m = 0; m < MEASURES; m++) n->value[m] = NAN;
        if (trained && !(n->sketch = malloc(SKETCH * sizeof *n->sketch))) {
            error_set(e, "no memory for what the alarms see");
            looks_free(l);
            return NULL;
        }
    }
    return l;
}

void looks_free(struct looks *l)
{
    if (!l) return;
    for (uint32_t i = 0; i < l->run->model->nnets; i++) free(l->nets[i].sketch);
    if (l->room) munmap(l->room, l->mapped);
    free(l->nets);
    free(l->seen);
    free(l);
}

/* ---- sums, in an order that the number of elements alone decides ---- */

static double sign_of(int64_t block) /* 1 or -1, by a mixing of its number */
{
    uint64_t x = (uint64_t)(block + 1) * UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
    return (x ^ x >> 32) & 1 ? 1 : -1;
}

#define SUMS(TYPE)                                                                                                                                             \
    static double dot_##TYPE(const TYPE *a, const TYPE *b, int64_t n)                                                                                          \
    {                                                                                                                                                          \
        double lane[LANES] = {0}, sum = 0;                                                                                                                     \
        int64_t whole = n / LANES * LANES;                                                                                                                     \
        for (int64_t i = 0; i < whole; i += LANES)                                                                                                             \
            for (int k = 0; k < LANES; k++) lane[k] += (double)a[i + k] * (double)b[i + k];                                                                    \
        for (int64_t i = whole; i < n; i++) sum += (double)a[i] * (double)b[i];                                                                                \
        for (int k = 0; k < LANES; k++) sum += lane[k];                                                                                                        \
        return sum;                                                                                                                                            \
    }                                                                                                                                                          \
    /* x, of which `before` others come first */                                                                                                               \
    static void sketch_##TYPE(const TYPE *x, int64_t n, int64_t before, double sign, double *to)                                                               \
    {                                                                                                                                                          \
        for (int64_t at = 0; at < n;) {                                                                                                                        \
            int64_t from = (before + at) % SKETCH, most = n - at < SKETCH - from ? n - at : SKETCH - from;                                                     \
            double s = sign * sign_of((before + at) / SKETCH);                                                                                                 \
            for (int64_t i = 0; i < most; i++) to[from + i] += s * (double)x[at + i];                                                                          \
            at += most;                                                                                                                                        \
        }                                                                                                                                                      \
    }                                                                                                                                                          \
    static double distance_##TYPE(const TYPE *x, int64_t n, int64_t elements) /* the mean over all pairs of n examples */                                      \
    {                                                                                                                                                          \
        double sum = 0;                                                                                                                                        \
        for (int64_t a = 0; a < n; a++)                                                                                                                        \
            for (int64_t b = 0; b < a; b++) {                                                                                                                  \
                const TYPE *p = x + a * elements, *q = x + b * elements;                                                                                       \
                double lane[LANES] = {0}, square = 0;                                                                                                          \
                int64_t whole = elements / LANES * LANES;                                                                                                      \
                for (int64_t i = 0; i < whole; i += LANES)                                                                                                     \
                    for (int k = 0; k < LANES; k++) lane[k] += ((double)p[i + k] - (double)q[i + k]) * ((double)p[i + k] - (double)q[i + k]);                  \
                for (int64_t i = whole; i < elements; i++) square += ((double)p[i] - (double)q[i]) * ((double)p[i] - (double)q[i]);                            \
                for (int k = 0; k < LANES; k++) square += lane[k];                                                                                             \
                sum += sqrt(square);                                                                                                                           \
            }                                                                                                                                                  \
        return n > 1 ? sum / (0.5 * (double)n * (double)(n - 1)) : NAN;                                                                                        \
    }                                                                                                                                                          \
    static double share_at_most_##TYPE(const TYPE *x, int64_t n, double most, int64_t *count) /* counts those of this size; returns the largest size */        \
    {                                                                                                                                                          \
        for (int64_t i = 0; i < n; i++) {                                                                                                                      \
            double size = fabs((double)x[i]);                                                                                                                  \
            if (count) *count += size == most;                                                                                                                 \
            else if (size > most) most = size;                                                                                                                 \
        }                                                                                                                                                      \
        return most;                                                                                                                                           \
    }
SUMS(float)
SUMS(double)

static double dot(size_t size, const void *a, const void *b, int64_t n) { return size == 8 ? dot_double(a, b, n) : dot_float(a, b, n); }

static double distance(size_t size, const void *x, int64_t n, int64_t elements)
{
    return size == 8 ? distance_double(x, n, elements) : distance_float(x, n, elements);
}

/* Adds a tensor of the net, or takes it away: sign 1, -1. The tensors of a graph come in the same order both times. */
static void sketch(const struct run *run, const struct ganrt_tensor *t, double sign, struct look_net *n)
{
    if (t->size == 8) sketch_double(run_at(run, t->offset), t->elements, n->before, sign, n->sketch);
    else sketch_float(run_at(run, t->offset), t->elements, n->before, sign, n->sketch);
    n->before += t->elements;
}

/* ---- a graph ---- */

static void copy_batches(struct looks *l, const struct ganrt_graph *graph, unsigned char *room, bool back)
{
    for (uint32_t i = 0; i < graph->nbatches; i++) {
        size_t bytes = (size_t)graph->batches[i].elements * run_element(l->run);
        void *at = run_at(l->run, graph->batches[i].offset);
        memcpy(back ? at : room, back ? (const void *)room : at, bytes);
        room += up(bytes);
    }
}

static void swap(unsigned char *a, unsigned char *b, size_t bytes)
{
    unsigned char some[4096];
    for (size_t at = 0; at < bytes; at += sizeof some) {
        size_t n = bytes - at < sizeof some ? bytes - at : sizeof some;
        memcpy(some, a + at, n);
        memcpy(a + at, b + at, n);
        memcpy(b + at, some, n);
    }
}

/* The net whose gradient this tensor's is a part of, seen in this graph first; NULL: none. */
static struct look_net *net_of(struct looks *l, int32_t graph, const struct ganrt_tensor *t)
{
    struct look_net *n = t->net >= 0 ? &l->nets[t->net] : NULL;
    if (!n || !n->sketch) return NULL;
    if (n->graph < 0) {
        n->graph = graph;
        n->gg = n->gw = n->gd = 0;
        n->before = 0;
        memset(n->sketch, 0, SKETCH * sizeof *n->sketch);
    }
    return n->graph == graph ? n : NULL;
}

static void look_at_data(struct looks *l, const struct ganrt_graph *graph)
{
    const struct ganrt_model *model = l->run->model;
    for (uint32_t i = 0; i < graph->nbatches && isnan(l->data[0]); i++) {
        const struct ganrt_batch *b = &graph->batches[i];
        if (b->kind != GANRT_BATCH_DATA || model->data[b->index].onehot) continue;
        int64_t elements = model->data[b->index].elements, n = b->elements / elements;
        for (uint32_t k = 0; k < model->nnets; k++)
            if (l->nets[k].generates && model->nets[k].elements == elements) l->data[1] = (double)elements;
        if (l->data[1] == (double)elements) l->data[0] = distance(run_element(l->run), run_at(l->run, b->offset), n < SAMPLES ? n : SAMPLES, elements);
    }
}

/* The shares that the graph leaves: "NET of data", "NET of samples". */
static void look_at_judges(struct looks *l, const struct ganrt_graph *graph)
{
    const struct ganrt_model *model = l->run->model;
    for (uint32_t i = 0; i < graph->noutputs; i++) {
        const struct ganrt_output *o = &graph->outputs[i];
        if (o->kind != 6) continue;
        for (uint32_t k = 0; k < model->nnets; k++) {
            size_t n = strlen(model->nets[k].name);
            if (strncmp(o->name, model->nets[k].name, n) || o->name[n] != ' ') continue;
            const void *at = run_at(l->run, o->offset);
            l->nets[k].right[strcmp(o->name + n, " of data") != 0] = model->f64 ? *(const double *)at : (double)*(const float *)at;
        }
    }
}

void looks_graph(struct run *run, uint32_t number)
{
    struct looks *l = run->looks;
    const struct ganrt_model *model = run->model;
    const struct ganrt_graph *graph = &model->graphs[number];
    if (!l->on || l->seen[number] || !graph->looks) return;
    l->seen[number] = true;
    size_t parameters = trained_bytes(model, graph);
    l->mapped = parameters + batch_bytes(model, graph) + 64;
    l->room = mmap(NULL, l->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (l->room == MAP_FAILED) {
        l->room = NULL;
        l->failed = strerror(errno);
        return;
    }
    look_at_data(l, graph);
    unsigned char *at = l->room;
    for (uint32_t i = 0; i < graph->ntrained; i++) {
        const struct ganrt_tensor *t = &model->tensors[graph->trained[i]];
        struct look_net *n = net_of(l, (int32_t)number, t);
        memcpy(at, run_at(run, t->offset), (size_t)t->elements * t->size);
        if (n) sketch(run, t, -1, n);
        at += up((size_t)t->elements * t->size);
    }
    copy_batches(l, graph, at, false);
    run->frame.look = 1;
    graph->run(&run->frame);
    run->frame.look = 0;
    look_at_judges(l, graph);
    at = l->room;
    for (uint32_t i = 0; i < graph->ntrained; i++) {
        const struct ganrt_tensor *t = &model->tensors[graph->trained[i]];
        struct look_net *n = net_of(l, (int32_t)number, t);
        unsigned char *own = run_at(run, t->offset);
        if (n) n->gg += dot(t->size, own, own, t->elements), n->gw += dot(t->size, own, at, t->elements);
        swap(own, at, (size_t)t->elements * t->size);
        at += up((size_t)t->elements * t->size);
    }
    copy_batches(l, graph, at, true);
    for (uint32_t i = 0; i < model->nnets; i++) l->nets[i].before = 0;
    l->graph = (int32_t)number;
}

void looks_graph_done(struct run *run)
{
    struct looks *l = run->looks;
    if (l->graph < 0) return;
    const struct ganrt_model *model = run->model;
    const struct ganrt_graph *graph = &model->graphs[l->graph];
    unsigned char *at = l->room;
    for (uint32_t i = 0; i < graph->ntrained; i++) {
        const struct ganrt_tensor *t = &model->tensors[graph->trained[i]];
        struct look_net *n = net_of(l, l->graph, t);
        if (n) {
            n->gd += dot(t->size, run_at(run, t->offset), at, t->elements);
            sketch(run, t, 1, n);
        }
        at += up((size_t)t->elements * t->size);
    }
    munmap(l->room, l->mapped);
    l->room = NULL;
    l->graph = -1;
}

/* ---- a look ---- */

void looks_begin(struct looks *l)
{
    l->on = true;
    l->data[0] = l->data[1] = NAN;
    memset(l->seen, 0, l->run->model->ngraphs * sizeof *l->seen);
    for (uint32_t i = 0; i < l->run->model->nnets; i++) {
        l->nets[i].graph = -1;
        l->nets[i].right[0] = l->nets[i].right[1] = NAN;
        for (int m = 0; m < MEASURES; m++) l->nets[i].value[m] = NAN;
    }
}

static double clipped(const struct run *run, const struct ganrt_net *net)
{
    double most = 0;
    int64_t count = 0, all = 0;
    for (int pass = 0; pass < 2; pass++)
        for (uint32_t i = 0; i < net->ntensors; i++) {
            const struct ganrt_tensor *t = &run->model->tensors[net->tensors[i]];
            if (t->kind != GANRT_PARAMETER) continue;
            const void *at = run_at(run, t->offset);
            most = t->size == 8 ? share_at_most_double(at, t->elements, most, pass ? &count : NULL) : share_at_most_float(at, t->elements, most, pass ? &count : NULL);
            all += pass ? t->elements : 0;
        }
    return all && most > 0 ? (double)count / (double)all : NAN;
}

static bool look_at_samples(struct looks *l, uint32_t net, struct error *e)
{
    int64_t elements = l->run->model->nets[net].elements;
    void *samples = tool_samples(l->run, (int32_t)net, SAMPLES, e);
    if (!samples) return false;
    l->nets[net].value[MEASURE_DISTANCE] = distance(run_element(l->run), samples, SAMPLES, elements);
    if (l->data[1] == (double)elements) l->nets[net].value[MEASURE_DATA_DISTANCE] = l->data[0];
    free(samples);
    return true;
}

bool looks_end(struct looks *l, struct error *e)
{
    const struct ganrt_model *model = l->run->model;
    looks_graph_done(l->run);
    l->on = false;
    if (l->failed) return error_set(e, "no memory to look at gradients: %s; --alarms off does without", l->failed);
    for (uint32_t i = 0; i < model->nnets; i++) {
        struct look_net *n = &l->nets[i];
        n->value[MEASURE_ACCURACY] = (n->right[0] + n->right[1]) / 2;
        if (n->clipped) n->value[MEASURE_CLIPPED] = clipped(l->run, &model->nets[i]);
        if (n->generates && !look_at_samples(l, i, e)) return false;
        if (n->graph < 0) continue;
        double dd = dot_double(n->sketch, n->sketch, SKETCH);
        n->value[MEASURE_GRADIENT] = sqrt(n->gg);
        if (n->gg > 0 && dd > 0) n->value[MEASURE_COSINE] = fmin(fmax((n->gw - n->gd) / sqrt(n->gg * dd), -1), 1);
    }
    return true;
}

double looks_value(const struct looks *l, uint32_t net, enum measure m)
{
    return l->nets[net].value[m];
}
