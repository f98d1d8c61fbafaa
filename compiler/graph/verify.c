/* verify.c: checks what graph.h and program.h promise, after every pass of a debug build and of every text that is read. The first
 * thing that is broken is told, with the graph and the node; nothing is reported as the user's fault. */
#include "graph/program.h"

#include "base/buffer.h"
#include "base/diag.h"
#include "graph/text.h"
#include "ops/ops.h"

#include <ganrt/random.h>
#include <inttypes.h>
#include <string.h>

struct seen { /* a set of nonzero keys, with room for as many as it was made for */
    uint64_t *keys;
    uint32_t mask;
};

struct verify {
    struct ganc *g;
    const struct program *p;
    const struct graph *graph;
    const char *message;       /* the first */
    struct arena *mem;         /* freed in the end */
    struct seen streams;       /* of this graph, plus 1 */
};

static struct seen seen_new(struct arena *mem, uint32_t most)
{
    uint32_t slots = 16;
    while (slots < (uint64_t)most * 2 && slots < 1u << 31)
        slots *= 2;
    return (struct seen){NEW_ARRAY(mem, uint64_t, slots), slots - 1};
}

static bool seen_before(struct seen *s, uint64_t key) /* adds it */
{
    uint32_t at = (uint32_t)((key * 0x9e3779b97f4a7c15u) >> 32) & s->mask;
    while (s->keys[at] && s->keys[at] != key)
        at = (at + 1) & s->mask;
    bool before = s->keys[at] == key;
    s->keys[at] = key;
    return before;
}

static void broken(struct verify *v, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void broken(struct verify *v, const char *format, ...)
{
    if (v->message)
        return;
    va_list args;
    va_start(args, format);
    const char *text = arena_vformat(v->g->mem, format, args);
    va_end(args);
    if (v->graph)
        text = arena_format(v->g->mem, "graph %" PRIu32 " (%s): %s", v->graph->index, v->graph->name ? v->graph->name : "", text);
    v->message = text;
}

static const char *type_text(struct verify *v, struct type t)
{
    struct buffer b = {0};
    type_print(&b, t);
    const char *text = arena_format(v->g->mem, "%s%s", t.batched ? "batched " : "", b.text);
    buffer_free(&b);
    return text;
}

static bool type_good(struct type t)
{
    if (t.rank > MAX_RANK)
        return false;
    for (uint32_t i = 0; i < t.rank; i++)
        if (t.dim[i] < 1)
            return false;
    return type_elements(t) <= MAX_ELEMENTS;
}

/* ---- expressions ---- */

/* `block`: the train block that e stands in, or NULL outside. */
static void verify_sexpr(struct verify *v, const struct sexpr *e, uint32_t vars, const char *where)
{
    if (!e) {
        broken(v, "%s: an expression is missing", where);
        return;
    }
    uint32_t bound = UINT32_MAX;
    switch (e->kind) {
    case SEXPR_SETTING:
        bound = v->p->settings.n;
        break;
    case SEXPR_UPDATES:
        bound = v->p->counters.n;
        break;
    case SEXPR_VAR:
        bound = vars;
        break;
    case SEXPR_RESULT:
        bound = v->p->results.n;
        break;
    case SEXPR_STATE:
        bound = v->p->tensors.n;
        if (e->index < bound && !v->p->tensors.at[e->index].f64)
            broken(v, "%s: %s is not held as a double", where, v->p->tensors.at[e->index].name);
        break;
    case SEXPR_OP:
        if (e->op >= OP_COUNT || op_info[e->op].class != CLASS_MAP || e->nargs != (uint32_t)op_info[e->op].operands)
            broken(v, "%s: a schedule's operation must be elementwise", where);
        break;
    default:
        break;
    }
    if (e->index >= bound)
        broken(v, "%s: an expression names entry %" PRIu32 " of %" PRIu32, where, e->index, bound);
    for (uint32_t i = 0; i < e->nargs && !v->message; i++)
        verify_sexpr(v, e->arg[i], vars, where);
}

/* The slots that an expression of a graph may use: those of any train block. */
static uint32_t most_vars(const struct program *p)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < p->trains.n; i++)
        most = p->trains.at[i].vars > most ? p->trains.at[i].vars : most;
    return most;
}

static void verify_index(struct verify *v, const char *what, int64_t index, uint32_t n)
{
    if (index >= (int64_t)n)
        broken(v, "%s names entry %" PRId64 " of %" PRIu32, what, index, n);
}

/* ---- nodes ---- */

static const struct net_info *net_of(const struct verify *v)
{
    for (uint32_t i = 0; i < v->p->nets.n; i++)
        if (v->p->nets.at[i].graph == (int32_t)v->graph->index)
            return &v->p->nets.at[i];
    return NULL;
}

/* The graph whose outputs are, on average, this one's inputs. */
static const struct graph *gather_of(const struct verify *v)
{
    for (uint32_t i = 0; i < v->p->reports.n; i++) {
        const struct report *r = &v->p->reports.at[i];
        if (r->gather >= 0 && r->graph == v->graph->index && (uint32_t)r->gather < v->p->graphs.n) return v->p->graphs.at[r->gather];
    }
    return NULL;
}

static void verify_leaf_type(struct verify *v, const struct node *n, struct type declared, bool batched)
{
    declared.batched = batched;
    if (!type_equal(n->type, declared))
        broken(v, "%%%" PRIu32 " (%s) is %s, declared %s", n->id, op_info[n->op].name, type_text(v, n->type), type_text(v, declared));
}

/* Each of stacked minibatches draws from a stream of its own. */
static void verify_streams(struct verify *v, const struct node *n, const char *what)
{
    uint32_t minibatches = n->type.batched > 1 ? n->type.batched : 1;
    if ((minibatches > 1) != (n->draw > 0))
        broken(v, "%s draws %" PRIu32 " minibatches from streams %" PRIu32 " apart", what, minibatches, n->draw);
    if (type_elements(n->type) > GANRT_DRAW_ELEMENTS || (n->type.batched && v->graph->batch > GANRT_DRAW_EXAMPLES))
        broken(v, "%s draws more than 2^33 numbers for an example, or for more than 2^32 examples", what);
    for (uint32_t i = 0; i < minibatches && !v->message; i++) {
        uint64_t stream = n->index + (uint64_t)i * n->draw;
        if (stream >= v->p->streams)
            broken(v, "%s draws from stream %" PRIu64 " of %" PRIu32, what, stream, v->p->streams);
        else if (seen_before(&v->streams, stream + 1))
            broken(v, "%s draws from stream %" PRIu64 ", as another value does", what, stream);
    }
}

static void verify_attributes(struct verify *v, const struct node *n)
{
    const struct program *p = v->p;
    const struct net_info *net;
    const struct graph *gather;
    const char *what = arena_format(v->mem, "%%%" PRIu32 " (%s)", n->id, op_info[n->op].name);
    switch (op_info[n->op].attributes) {
    case ATTR_TENSOR:
        if (n->index >= p->tensors.n)
            broken(v, "%s names tensor %" PRIu32 " of %" PRIu32, what, n->index, p->tensors.n);
        else
            verify_leaf_type(v, n, p->tensors.at[n->index].type, false);
        break;
    case ATTR_DATA:
        if (n->index >= p->data.n)
            broken(v, "%s names data set %" PRIu32 " of %" PRIu32, what, n->index, p->data.n);
        else
            verify_leaf_type(v, n, p->data.at[n->index].type, n->op == OP_data);
        break;
    case ATTR_INPUT:
        gather = gather_of(v);
        net = net_of(v);
        if (gather && n->index < gather->outputs.n) {
            verify_leaf_type(v, n, gather->outputs.at[n->index].value->type, false);
            break;
        }
        if (!net || n->index >= net->inputs.n)
            broken(v, "%s names input %" PRIu32 ", which no net or report has that this graph is of", what, n->index);
        else
            verify_leaf_type(v, n, net->inputs.at[n->index].type, true);
        break;
    case ATTR_STREAM:
    case ATTR_STREAM_SCALAR:
    case ATTR_STREAM_NUMBER:
        if (n->index >= p->streams)
            broken(v, "%s draws from stream %" PRIu32 " of %" PRIu32, what, n->index, p->streams);
        else
            verify_streams(v, n, what);
        if (n->scalar)
            verify_sexpr(v, n->scalar, most_vars(p), what);
        break;
    case ATTR_SCALAR:
        verify_sexpr(v, n->scalar, most_vars(p), what);
        break;
    default:
        break;
    }
}

/* The type must be what the shape rule gives when it is asked again. */
static void verify_type(struct verify *v, const struct node *n)
{
    if (!type_good(n->type)) {
        broken(v, "%%%" PRIu32 " (%s) has a bad type", n->id, op_info[n->op].name);
        return;
    }
    struct node copy = *n;
    if (!op_type_is_free(n->op))
        copy.type = (struct type){0};
    uint32_t mark = diag_mark(v->g);
    bool fits = op_hooks[n->op].shape(v->g, v->graph, &copy);
    diag_rewind(v->g, mark);
    if (!fits)
        broken(v, "%%%" PRIu32 " (%s) does not fit its operands", n->id, op_info[n->op].name);
    else if (!type_equal(copy.type, n->type))
        broken(v, "%%%" PRIu32 " (%s) is %s, not %s", n->id, op_info[n->op].name, type_text(v, copy.type), type_text(v, n->type));
}

static bool node_in(const struct graph *graph, const struct node *n, uint32_t before)
{
    return n && n->id < before && graph->nodes.at[n->id] == n;
}

static void verify_node(struct verify *v, const struct node *n, uint32_t position)
{
    if (!n || n->id != position || n->op >= OP_COUNT) {
        broken(v, "the node at position %" PRIu32 " is numbered %%%" PRIu32, position, n ? n->id : 0);
        return;
    }
    int wanted = op_info[n->op].operands;
    if (wanted >= 0 ? n->nargs != (uint32_t)wanted : n->nargs < 1)
        broken(v, "%%%" PRIu32 " (%s) has %" PRIu32 " operands", position, op_info[n->op].name, n->nargs);
    for (uint32_t i = 0; i < n->nargs && !v->message; i++)
        if (!node_in(v->graph, n->arg[i], position))
            broken(v, "operand %" PRIu32 " of %%%" PRIu32 " (%s) does not stand before it in this graph", i, position, op_info[n->op].name);
    if (!v->message)
        verify_type(v, n);
    if (!v->message)
        verify_attributes(v, n);
}

/* ---- what a graph does ---- */

static void verify_effects(struct verify *v)
{
    bool *set = NEW_ARRAY(v->mem, bool, v->p->tensors.n);
    for (uint32_t i = 0; i < v->graph->effects.n && !v->message; i++) {
        const struct effect *e = &v->graph->effects.at[i];
        if (e->tensor >= v->p->tensors.n || !node_in(v->graph, e->value, v->graph->nodes.n)) {
            broken(v, "effect %" PRIu32 " names no tensor, or no value of this graph", i);
            return;
        }
        const struct tensor *t = &v->p->tensors.at[e->tensor];
        if (set[e->tensor])
            broken(v, "%s is set twice", t->name);
        if (!type_equal(t->type, e->value->type))
            broken(v, "%s is %s, but is set to %%%" PRIu32 ", %s", t->name, type_text(v, t->type), e->value->id, type_text(v, e->value->type));
        set[e->tensor] = true;
    }
}

static void verify_outputs(struct verify *v)
{
    for (uint32_t i = 0; i < v->graph->outputs.n && !v->message; i++) {
        const struct output *o = &v->graph->outputs.at[i];
        if (!node_in(v->graph, o->value, v->graph->nodes.n)) {
            broken(v, "output %" PRIu32 " is no value of this graph", i);
            return;
        }
        bool scalar = output_is_number(o->kind) || o->kind == OUTPUT_LOOK;
        if (o->value->type.batched > 1)
            broken(v, "%s is of %d minibatches", o->name, o->value->type.batched);
        if (o->kind == OUTPUT_GATHER && !o->value->type.batched)
            broken(v, "%s is %s, but must have a row for each example", o->name, type_text(v, o->value->type));
        if (o->kind == OUTPUT_GATHER)
            verify_index(v, o->name, o->data, v->p->data.n);
        if (scalar && (o->value->type.batched || o->value->type.rank))
            broken(v, "%s is %s, but must be one number", o->name, type_text(v, o->value->type));
        if (output_is_number(o->kind) && o->result >= v->p->results.n)
            broken(v, "%s is result %" PRIu32 " of %" PRIu32, o->name, o->result, v->p->results.n);
    }
    for (uint32_t i = 0; i < v->graph->keep.n && !v->message; i++)
        if (!node_in(v->graph, v->graph->keep.at[i], v->graph->nodes.n))
            broken(v, "keep %" PRIu32 " is no value of this graph", i);
}

static void verify_graph(struct verify *v, const struct graph *graph)
{
    v->graph = graph;
    v->streams = seen_new(v->mem, v->p->streams < graph->nodes.n * MOST_MINIBATCHES ? v->p->streams : graph->nodes.n * MOST_MINIBATCHES);
    if (graph->batch < 1 || graph->batch > MAX_ELEMENTS)
        broken(v, "its batch is %" PRId64, graph->batch);
    for (uint32_t i = 0; i < graph->nodes.n && !v->message; i++)
        verify_node(v, graph->nodes.at[i], i);
    if (!v->message)
        verify_effects(v);
    if (!v->message)
        verify_outputs(v);
    v->graph = NULL;
}

/* ---- the program around the graphs ---- */

static void verify_names(struct verify *v)
{
    static const enum name_space unique[] = {NAME_SETTING, NAME_DATA, NAME_PRIOR, NAME_TENSOR, NAME_NET};
    for (uint32_t k = 0; k < sizeof unique / sizeof *unique; k++) {
        uint32_t n = text_count(v->p, unique[k]);
        struct seen seen = seen_new(v->mem, n);
        for (uint32_t i = 0; i < n && !v->message; i++) {
            const char *field, *name = text_entry(v->p, unique[k], i, &field);
            if (!name) {
                broken(v, "%s %" PRIu32 " has no name", text_spaces[unique[k]], i);
                return;
            }
            name = intern(v->g, field ? arena_format(v->mem, "%s.%s", name, field) : name);
            if (seen_before(&seen, (uintptr_t)name))
                broken(v, "%s %s is there twice", text_spaces[unique[k]], name);
        }
    }
}

static void verify_declarations(struct verify *v)
{
    const struct program *p = v->p;
    for (uint32_t i = 0; i < p->settings.n; i++)
        if (p->settings.at[i].value || !p->settings.at[i].text)
            verify_sexpr(v, p->settings.at[i].value, 0, p->settings.at[i].name);
    if (p->streams > GANRT_STREAM_RUNTIME)
        broken(v, "%" PRIu32 " streams are more than %u", p->streams, GANRT_STREAM_RUNTIME);
    for (uint32_t i = 0; i < p->data.n; i++)
        if (p->data.at[i].source >= GANRT_SOURCES)
            broken(v, "data %s is of source %" PRIu32 ", and there may be %u", p->data.at[i].name, p->data.at[i].source, GANRT_SOURCES);
        else if (!type_good(p->data.at[i].type) || p->data.at[i].type.batched)
            broken(v, "data %s has a bad type", p->data.at[i].name);
    for (uint32_t i = 0; i < p->tensors.n; i++) {
        const struct tensor *t = &p->tensors.at[i];
        if (!type_good(t->type) || t->type.batched)
            broken(v, "%s has a bad type", t->name);
        verify_index(v, t->name, t->net, p->nets.n);
        verify_index(v, t->name, t->of, p->tensors.n);
    }
    for (uint32_t i = 0; i < p->nets.n; i++) {
        const struct net_info *n = &p->nets.at[i];
        verify_index(v, n->name, n->graph, p->graphs.n);
        for (uint32_t k = 0; k < n->tensors.n; k++)
            verify_index(v, n->name, n->tensors.at[k], p->tensors.n);
        for (uint32_t k = 0; k < n->inputs.n; k++) {
            verify_index(v, n->name, n->inputs.at[k].prior, p->priors.n);
            verify_index(v, n->name, n->inputs.at[k].data, p->data.n);
        }
    }
}

/* What runs as a part of another graph does nothing by itself, and is a part of one. */
static void verify_joins(struct verify *v)
{
    const struct program *p = v->p;
    struct seen seen = seen_new(v->mem, p->graphs.n);
    for (uint32_t i = 0; i < p->graphs.n; i++)
        for (uint32_t k = 0; k < p->graphs.at[i]->joins.n && !v->message; k++) {
            uint32_t at = p->graphs.at[i]->joins.at[k];
            verify_index(v, "joins", at, p->graphs.n);
            if (v->message)
                return;
            const struct graph *part = p->graphs.at[at];
            if (part->kind != GRAPH_STEP || p->graphs.at[i]->kind != GRAPH_STEP)
                broken(v, "graph %" PRIu32 " joins graph %" PRIu32 ", but not both are steps", i, at);
            else if (part->nodes.n || part->effects.n || part->outputs.n || part->keep.n || part->joins.n)
                broken(v, "graph %" PRIu32 " joins graph %" PRIu32 ", which is not empty", i, at);
            else if (seen_before(&seen, (uint64_t)at + 1))
                broken(v, "graph %" PRIu32 " is joined twice", at);
        }
}

static void verify_schedule(struct verify *v, struct schedule *const *at, uint32_t n, uint32_t vars, const char *where)
{
    for (uint32_t i = 0; i < n && !v->message; i++) {
        const struct schedule *s = at[i];
        uint32_t bound = s->kind == SCHEDULE_RUN   ? v->p->graphs.n
                         : s->kind == SCHEDULE_LET ? vars
                         : s->kind == SCHEDULE_SET ? v->p->tensors.n
                                                   : UINT32_MAX;
        verify_index(v, where, s->index, bound);
        if (s->kind == SCHEDULE_SET && !v->message && !v->p->tensors.at[s->index].f64)
            broken(v, "%s sets %s, which is not held as a double", where, v->p->tensors.at[s->index].name);
        if (s->kind != SCHEDULE_RUN)
            verify_sexpr(v, s->value, vars, where);
        for (uint32_t k = 0; k < s->counters.n; k++)
            verify_index(v, where, s->counters.at[k], v->p->counters.n);
        verify_schedule(v, s->body.at, s->body.n, vars, where);
        verify_schedule(v, s->otherwise.at, s->otherwise.n, vars, where);
    }
}

static void verify_trains(struct verify *v)
{
    const struct program *p = v->p;
    verify_schedule(v, p->setup.at, p->setup.n, 0, "setup");
    for (uint32_t i = 0; i < p->trains.n && !v->message; i++) {
        const struct train *t = &p->trains.at[i];
        if (!t->steps == !t->epochs)
            broken(v, "train %s must count either steps or epochs", t->name);
        else
            verify_sexpr(v, t->steps ? t->steps : t->epochs, 0, t->name);
        verify_index(v, t->name, t->epoch_data, p->data.n);
        for (uint32_t k = 0; k < t->counters.n; k++)
            verify_index(v, t->name, t->counters.at[k], p->counters.n);
        verify_schedule(v, t->body.at, t->body.n, t->vars, t->name);
    }
}

static void verify_readings(struct verify *v)
{
    const struct program *p = v->p;
    for (uint32_t i = 0; i < p->reports.n; i++) {
        verify_index(v, p->reports.at[i].name, p->reports.at[i].graph, p->graphs.n);
        verify_index(v, p->reports.at[i].name, p->reports.at[i].gather, p->graphs.n);
        if (p->reports.at[i].every)
            verify_sexpr(v, p->reports.at[i].every, 0, p->reports.at[i].name);
    }
    for (uint32_t i = 0; i < p->pictures.n && !v->message; i++) {
        const struct picture *c = &p->pictures.at[i];
        verify_index(v, c->name, c->graph, p->graphs.n);
        if (c->every)
            verify_sexpr(v, c->every, 0, c->name);
        int64_t tiles;
        if (!v->message && (__builtin_mul_overflow(c->rows, c->columns, &tiles) || tiles != p->graphs.at[c->graph]->batch))
            broken(v, "picture %s has %" PRId64 " by %" PRId64 " tiles of a batch of %" PRId64, c->name, c->rows, c->columns,
                   p->graphs.at[c->graph]->batch);
    }
}

const char *program_verify(struct ganc *g, const struct program *p)
{
    struct verify v = {.g = g, .p = p, .mem = arena_new()};
    verify_names(&v);
    if (!v.message)
        verify_declarations(&v);
    for (uint32_t i = 0; i < p->graphs.n && !v.message; i++) {
        if (p->graphs.at[i]->index != i)
            broken(&v, "graph %" PRIu32 " stands at position %" PRIu32, p->graphs.at[i]->index, i);
        verify_graph(&v, p->graphs.at[i]);
    }
    if (!v.message)
        verify_joins(&v);
    if (!v.message)
        verify_trains(&v);
    if (!v.message)
        verify_readings(&v);
    arena_free(v.mem);
    return v.message;
}

const char *graph_verify(struct ganc *g, const struct program *p, const struct graph *graph)
{
    struct verify v = {.g = g, .p = p, .mem = arena_new()};
    verify_graph(&v, graph);
    arena_free(v.mem);
    return v.message;
}
