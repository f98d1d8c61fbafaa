/* evaluate.c: runs one graph: the values of its live nodes, their tangents along a direction, and grad nodes by (nested) forward mode. */
#include "evaluate/run.h"

#include <string.h>

struct evaluator *evaluator_new(const struct program *p)
{
    struct arena *mem = arena_new();
    struct evaluator *e = NEW(mem, struct evaluator);
    *e = (struct evaluator){.p = p, .mem = mem, .epoch = 1, .most_directions = 4096, .most_work = INFINITY};
    e->tensors = NEW_ARRAY(mem, double *, p->tensors.n);
    for (uint32_t i = 0; i < p->tensors.n; i++) e->tensors[i] = NEW_ARRAY(mem, double, type_elements(p->tensors.at[i].type));
    e->settings = NEW_ARRAY(mem, double, p->settings.n);
    e->counters = NEW_ARRAY(mem, double, p->counters.n);
    e->results = NEW_ARRAY(mem, double, p->results.n);
    uint32_t vars = 0;
    for (uint32_t i = 0; i < p->trains.n; i++) vars = p->trains.at[i].vars > vars ? p->trains.at[i].vars : vars;
    e->vars = NEW_ARRAY(mem, double, vars);
    evaluator_defaults(e, NULL);
    return e;
}

void evaluator_free(struct evaluator *e)
{
    if (!e) return;
    evaluator_run_free(e->run);
    arena_free(e->mem);
}

/* ---- the world, as operations see it ---- */

static void fail(struct evaluator_run *run, const char *message)
{
    if (!run->error) run->error = message;
}

static const double *world_tensor(void *self, uint32_t tensor)
{
    return ((struct evaluator_run *)self)->e->tensors[tensor];
}

static const double *world_tensor_tangent(void *self, uint32_t tensor)
{
    const struct evaluator_run *run = self;
    return run->direction ? run->direction[tensor] : NULL;
}

double *evaluator_run_array(struct evaluator_run *run, struct type t)
{
    return NEW_ARRAY(run->mem, double, type_total(run->graph, t));
}

static const double *world_data(void *self, uint32_t data, uint32_t draw)
{
    struct evaluator_run *run = self;
    struct evaluator *e = run->e;
    for (uint32_t i = 0; i < run->minibatches.n; i++)
        if (run->minibatches.at[i].data == data && run->minibatches.at[i].draw == draw) return run->minibatches.at[i].examples;
    struct type t = e->p->data.at[data].type;
    t.batched = true;
    double *examples = evaluator_run_array(run, t);
    if (e->source.data) e->source.data(e->source.self, run->graph, run->tick, data, draw, examples);
    else fail(run, arena_format(e->mem, "it draws %s, but nothing was given to draw from", e->p->data.at[data].name));
    vec_push(run->mem, &run->minibatches, (struct minibatch){data, draw, examples});
    return examples;
}

static const double *world_data_mean(void *self, uint32_t data)
{
    struct evaluator_run *run = self;
    struct evaluator *e = run->e;
    double *mean = evaluator_run_array(run, e->p->data.at[data].type);
    if (e->source.data_mean) e->source.data_mean(e->source.self, data, mean);
    else fail(run, arena_format(e->mem, "it wants the mean of %s, which was not given", e->p->data.at[data].name));
    return mean;
}

/* The type of an input is its node's. */
static const double *world_input(void *self, uint32_t index)
{
    struct evaluator_run *run = self;
    struct evaluator *e = run->e;
    double *x = evaluator_run_array(run, run->node->type);
    if (e->source.input) e->source.input(e->source.self, run->graph, index, x);
    else fail(run, arena_format(e->mem, "%s", "it has an input, which was not given"));
    return x;
}

static double world_scalar(void *self, const struct sexpr *s)
{
    return evaluator_scalar(((struct evaluator_run *)self)->e, s);
}

struct evaluator_run *evaluator_run_new(struct evaluator *e, const struct graph *graph, uint64_t tick)
{
    struct arena *mem = arena_new();
    struct evaluator_run *run = NEW(mem, struct evaluator_run);
    *run = (struct evaluator_run){.e = e, .mem = mem, .room = mem, .graph = graph, .tick = tick, .most_levels = JET_LEVELS};
    run->value = NEW_ARRAY(mem, struct value, graph->nodes.n);
    run->world = (struct evaluation_world){run, world_tensor, world_tensor_tangent, world_data, world_data_mean, world_input, world_scalar,
                                           {e->seed[0], e->seed[1]}, tick};
    uint32_t most = 0;
    for (uint32_t i = 0; i < graph->nodes.n; i++) most = graph->nodes.at[i]->nargs > most ? graph->nodes.at[i]->nargs : most;
    run->x = NEW_ARRAY(mem, const double *, most);
    run->dx = NEW_ARRAY(mem, const double *, most);
    return run;
}

void evaluator_run_free(struct evaluator_run *run)
{
    if (run) arena_free(run->mem);
}

/* ---- nodes ---- */

static bool subset(uint32_t s, uint32_t of)
{
    return !(s & ~of);
}

static double *part(const struct evaluator_run *run, const struct node *n, uint32_t s)
{
    const struct value *v = &run->value[n->id];
    return subset(s, v->levels) ? v->jets.part[s] : NULL;
}

/* The levels on which n's value may have a tangent, by its operands'. */
static uint32_t levels_of(const struct evaluator_run *run, const struct node *n)
{
    uint32_t levels = n->op == OP_tensor && run->direction && run->direction[n->index];
    for (uint32_t k = 0; k < n->nargs; k++) levels |= run->value[n->arg[k]->id].levels;
    for (uint32_t l = 0; l < run->levels; l++)
        if (run->seeded[l] == n) levels |= 1u << l;
    return levels;
}

/* Room for n's value that nobody reads. */
static double *spare(struct evaluator_run *run, const struct node *n)
{
    int64_t total = type_total(run->graph, n->type);
    if (total > run->spare_size) {
        run->spare = NEW_ARRAY(run->mem, double, total);
        run->spare_size = total;
    }
    return run->spare;
}

/* The operation's own rule: the value, and its tangent on the set of levels s (0: none). */
static void apply_rule(struct evaluator_run *run, const struct node *n, uint32_t s, double *y, double *dy)
{
    for (uint32_t k = 0; k < n->nargs; k++) {
        run->x[k] = part(run, n->arg[k], 0);
        run->dx[k] = s ? part(run, n->arg[k], s) : NULL;
    }
    run->node = n;
    struct evaluation evaluation = {run->graph, n, run->x, run->dx, y, dy, &run->world, run->branches && y != run->spare ? &run->branches[n->id] : NULL};
    op_hooks[n->op].evaluate(&evaluation);
}

/* A product on several levels: part s is the sum over the ways to share s between the two. */
static void share_out(struct evaluator_run *run, const struct node *n, uint32_t s, double *y)
{
    int64_t total = type_total(run->graph, n->type);
    memset(y, 0, (size_t)total * sizeof *y);
    for (uint32_t t = s;; t = (t - 1) & s) {
        const double *x[2] = {part(run, n->arg[0], t), part(run, n->arg[1], s ^ t)};
        if (x[0] && x[1]) {
            double *term = spare(run, n);
            struct evaluation evaluation = {run->graph, n, x, (const double *[2]){NULL, NULL}, term, NULL, &run->world, NULL};
            op_hooks[n->op].evaluate(&evaluation);
            for (int64_t i = 0; i < total; i++) y[i] += term[i];
        }
        if (!t) break;
    }
}

static void map_jets(struct evaluator_run *run, const struct node *n, uint32_t from)
{
    struct jets x[3], y = {{NULL}};
    for (uint32_t s = 0; s < JET_PARTS; s++) {
        for (uint32_t k = 0; k < n->nargs; k++) x[k].part[s] = part(run, n->arg[k], s);
        if (s >= from) y.part[s] = part(run, n, s);
    }
    jets_evaluate(run->graph, n, run->levels, x, &y);
}

static void grad_node(struct evaluator_run *run, const struct node *n, uint32_t from);

void evaluator_run_node(struct evaluator_run *run, const struct node *n, uint32_t from)
{
    struct value *v = &run->value[n->id];
    uint32_t levels = v->levels = levels_of(run, n);
    if (run->borrows && n->op == OP_tensor) {
        v->jets.part[0] = run->e->tensors[n->index];
        v->jets.part[1] = levels ? (double *)run->direction[n->index] : NULL;
        return;
    }
    for (uint32_t s = from; s <= levels; s++)
        if (subset(s, levels) && !v->jets.part[s]) v->jets.part[s] = NEW_ARRAY(run->room, double, type_total(run->graph, n->type));
    if (n->op == OP_grad) {
        grad_node(run, n, from);
        return;
    }
    bool one = !(levels & (levels - 1)); /* one level at most: the rule gives value and tangent together */
    if (one && !(from && op_info[n->op].class == CLASS_PRODUCT)) {
        if (from <= levels) apply_rule(run, n, levels, from ? spare(run, n) : v->jets.part[0], levels ? v->jets.part[levels] : NULL);
        return;
    }
    if (from == 0) apply_rule(run, n, 0, v->jets.part[0], NULL); /* first: it takes the branches */
    if (op_info[n->op].class == CLASS_MAP) {
        map_jets(run, n, from ? from : 1);
        return;
    }
    for (uint32_t s = from ? from : 1; s <= levels; s++) {
        if (!subset(s, levels)) continue;
        if (op_info[n->op].class == CLASS_PRODUCT) share_out(run, n, s, v->jets.part[s]);
        else apply_rule(run, n, s, spare(run, n), v->jets.part[s]);
    }
}

/* ---- grad nodes ---- */

/* The nodes between x and y on which x has a bearing, and what is to be done for them. */
struct between {
    uint32_t n;
    const struct node **at;
    bool apart;   /* each example of y depends on its own of x alone: all take their directions at once */
    double work;  /* of one evaluation, in multiplications or so */
};

/* A contraction of a and b to y has about sqrt(|a| |b| |y|) products. */
static double work_of(const struct evaluator_run *run, const struct node *n)
{
    double work = (double)type_total(run->graph, n->type);
    if (op_info[n->op].class == CLASS_PRODUCT)
        work = sqrt(work * (double)type_total(run->graph, n->arg[0]->type) * (double)type_total(run->graph, n->arg[1]->type));
    for (uint32_t k = 0; k < n->nargs && op_info[n->op].class == CLASS_REDUCE; k++) work += (double)type_total(run->graph, n->arg[k]->type);
    return work;
}

static struct between between(struct evaluator_run *run, struct arena *scratch, const struct node *y, const struct node *x)
{
    struct between b = {.apart = x->type.batched == 1 && y->type.batched == 1};
    bool *marked = NEW_ARRAY(scratch, bool, y->id + 1);
    b.at = NEW_ARRAY(scratch, const struct node *, y->id + 1);
    marked[y->id] = true; /* what y needs */
    for (uint32_t id = y->id; id > x->id; id--)
        for (uint32_t k = 0; marked[id] && k < run->graph->nodes.at[id]->nargs; k++) marked[run->graph->nodes.at[id]->arg[k]->id] = true;
    bool *reached = NEW_ARRAY(scratch, bool, y->id + 1);
    reached[x->id] = true;
    for (uint32_t id = x->id + 1; id <= y->id; id++) {
        const struct node *n = run->graph->nodes.at[id];
        for (uint32_t k = 0; k < n->nargs && marked[id]; k++) reached[id] = reached[id] || reached[n->arg[k]->id];
        if (!reached[id]) continue;
        b.at[b.n++] = n;
        b.apart = b.apart && n->type.batched == 1;
        b.work += work_of(run, n) * (double)(1u << run->levels);
    }
    return b;
}

/* On a new level: x has the tangent `seed`, which the caller sets before each run_pass. */
static void level_begin(struct evaluator_run *run, const struct node *x, double *seed)
{
    run->seeded[run->levels] = x;
    uint32_t bit = 1u << run->levels++;
    run->value[x->id].levels |= bit;
    for (uint32_t s = bit; s < 2 * bit; s++) run->value[x->id].jets.part[s] = NULL;
    run->value[x->id].jets.part[bit] = seed;
}

static void level_pass(struct evaluator_run *run, const struct between *b)
{
    for (uint32_t i = 0; i < b->n; i++) evaluator_run_node(run, b->at[i], 1u << (run->levels - 1));
}

static void level_end(struct evaluator_run *run, const struct between *b, const struct node *x)
{
    uint32_t bit = 1u << --run->levels;
    run->seeded[run->levels] = NULL;
    for (uint32_t i = 0; i <= b->n; i++) {
        struct value *v = &run->value[i < b->n ? b->at[i]->id : x->id];
        v->levels &= ~bit;
        for (uint32_t s = bit; s < 2 * bit; s++) v->jets.part[s] = NULL;
    }
}

static bool too_large(struct evaluator_run *run, const struct between *b, int64_t directions)
{
    struct evaluator *e = run->e;
    run->work += b->work * (double)directions;
    if (run->levels == run->most_levels) {
        fail(run, "gradients are nested too deeply to take them by nested tangents: differentiate the program first");
        return true;
    }
    if (directions <= e->most_directions && run->work <= e->most_work) return false;
    fail(run, "a gradient is too large to take one by one: differentiate the program first");
    return true;
}

/* Adds up y's tangents on s and the level at hand into element i of the gradient's part s; of each example apart where b says so. */
static void collect(struct evaluator_run *run, const struct node *n, const struct between *b, uint32_t s, int64_t i)
{
    const struct node *y = n->arg[0], *x = n->arg[1];
    const double *dy = part(run, y, s | 1u << (run->levels - 1));
    double *to = run->value[n->id].jets.part[s];
    int64_t examples = b->apart ? run->graph->batch : 1, each = type_total(run->graph, y->type) / examples, elements = type_elements(x->type);
    for (int64_t k = 0; dy && k < examples; k++) {
        double sum = 0;
        for (int64_t j = 0; j < each; j++) sum += dy[k * each + j];
        to[k * elements + i] = sum;
    }
}

/* grad(y, x): for each element of x the tangent of y's sum along it, on a level of its own, beside the levels that are in use. */
static void grad_node(struct evaluator_run *run, const struct node *n, uint32_t from)
{
    const struct node *y = n->arg[0], *x = n->arg[1];
    uint32_t levels = run->value[n->id].levels;
    int64_t total = type_total(run->graph, x->type);
    for (uint32_t s = from; s <= levels; s++)
        if (subset(s, levels)) memset(run->value[n->id].jets.part[s], 0, (size_t)total * sizeof(double));
    if (x->id > y->id || run->error) return;
    struct arena *scratch = arena_new(), *room = run->room;
    struct between b = between(run, scratch, y, x);
    int64_t examples = b.apart ? run->graph->batch : 1, directions = total / examples;
    if (!too_large(run, &b, directions)) {
        double *seed = NEW_ARRAY(scratch, double, total);
        run->room = scratch;
        level_begin(run, x, seed);
        for (int64_t i = 0; i < directions && !run->error; i++) {
            for (int64_t k = 0; k < examples; k++) seed[k * directions + i] = 1;
            level_pass(run, &b);
            for (uint32_t s = from; s <= levels; s++)
                if (subset(s, levels)) collect(run, n, &b, s, i);
            for (int64_t k = 0; k < examples; k++) seed[k * directions + i] = 0;
        }
        level_end(run, &b, x);
        run->room = room;
    }
    arena_free(scratch);
}

void evaluator_run_along(struct evaluator_run *run, const struct node *y, const struct node *x, const double *seed, double *to)
{
    int64_t total = type_total(run->graph, y->type);
    memset(to, 0, (size_t)total * sizeof *to);
    if (x->id > y->id || run->levels == JET_LEVELS) return;
    struct arena *scratch = arena_new(), *room = run->room;
    struct between b = between(run, scratch, y, x);
    run->room = scratch;
    level_begin(run, x, arena_copy(scratch, seed, (size_t)type_total(run->graph, x->type) * sizeof *seed));
    level_pass(run, &b);
    const double *dy = part(run, y, 1u << (run->levels - 1));
    if (dy) memcpy(to, dy, (size_t)total * sizeof *to);
    level_end(run, &b, x);
    run->room = room;
    arena_free(scratch);
}

/* ---- noise ---- */

bool evaluator_rounds(const struct node *n)
{
    switch (op_info[n->op].class) {
    case CLASS_PRODUCT: return true;
    case CLASS_REDUCE: return n->op == OP_sum || n->op == OP_windows_sum;
    case CLASS_LEAF: return n->op == OP_rand_normal || n->op == OP_scalar || (n->op == OP_constant && (double)(float)n->number != n->number);
    case CLASS_MAP: break;
    default: return false;
    }
    switch (n->op) {
    case OP_neg:
    case OP_abs:
    case OP_sign:
    case OP_floor:
    case OP_stop:
    case OP_max:
    case OP_min:
    case OP_where: return false;
    default: return !(n->op >= OP_eq && n->op <= OP_ge);
    }
}

const double **evaluator_sizes(const struct evaluator_run *run, struct arena *mem, const struct node *n)
{
    const double **sizes = NEW_ARRAY(mem, const double *, n->nargs);
    for (uint32_t k = 0; k < n->nargs; k++) {
        int64_t count = type_total(run->graph, n->arg[k]->type);
        double *size = NEW_ARRAY(mem, double, count);
        for (int64_t i = 0; i < count; i++) size[i] = fabs(run->value[n->arg[k]->id].jets.part[0][i]);
        sizes[k] = size;
    }
    return sizes;
}

void evaluator_apply(const struct evaluator_run *run, struct arena *mem, const struct node *n, const double *const *x, double *y)
{
    const double **none = NEW_ARRAY(mem, const double *, n->nargs);
    struct evaluation evaluation = {run->graph, n, x, none, y, NULL, &run->world, NULL};
    op_hooks[n->op].evaluate(&evaluation);
}

/* What n's roundings are relative to: its value; of a sum or product of k terms the sum of their sizes, for partial sums round too, and sqrt(k) times the
 * value: where terms do not cancel, the partial sums are k of its size. */
static const double *sizes(struct evaluator_run *run, struct arena *scratch, const struct node *n)
{
    int64_t total = type_total(run->graph, n->type);
    if (op_info[n->op].class != CLASS_REDUCE && op_info[n->op].class != CLASS_PRODUCT)
        return arena_copy(scratch, run->value[n->id].jets.part[0], (size_t)total * sizeof(double));
    double *y = NEW_ARRAY(scratch, double, total);
    evaluator_apply(run, scratch, n, evaluator_sizes(run, scratch, n), y);
    double terms = (double)type_total(run->graph, n->arg[0]->type) / (double)total;
    if (n->nargs > 1) terms = sqrt(terms * (double)type_total(run->graph, n->arg[1]->type));
    const double *value = run->value[n->id].jets.part[0];
    for (int64_t i = 0; i < total; i++) y[i] += sqrt(fmax(terms, 1)) * fabs(value[i]);
    return y;
}

/* Moves every element of n's value at random, by up to e->shake of its size. */
static void shake(struct evaluator_run *run, const struct node *n)
{
    double *y = run->value[n->id].jets.part[0];
    int64_t total = type_total(run->graph, n->type);
    uint64_t word = run->e->shaken * 0x9E3779B97F4A7C15u + n->id + 1;
    if (!y || !evaluator_rounds(n)) return;
    struct arena *scratch = arena_new();
    const double *size = sizes(run, scratch, n);
    for (int64_t i = 0; i < total; i++) {
        word = word * 6364136223846793005u + 1442695040888963407u;
        y[i] += run->e->shake * ((double)(word >> 11) * 0x1p-52 - 1) * size[i];
    }
    arena_free(scratch);
}

void evaluator_run_nodes(struct evaluator_run *run, const bool *marked)
{
    for (uint32_t id = 0; id < run->graph->nodes.n && !run->error; id++) {
        if (!marked[id]) continue;
        evaluator_run_node(run, run->graph->nodes.at[id], 0);
        if (run->e->shake > 0) shake(run, run->graph->nodes.at[id]);
    }
}

/* ---- graphs ---- */

static void apply(struct evaluator *e, const struct graph *graph)
{
    for (uint32_t i = 0; i < graph->outputs.n; i++) {
        const struct output *o = &graph->outputs.at[i];
        if (!output_is_number(o->kind)) continue;
        e->results[o->result] = (o->kind == OUTPUT_OBJECTIVE ? o->sign : 1) * evaluator_node(e, o->value)[0];
    }
    for (uint32_t i = 0; i < graph->effects.n; i++) { /* values are apart from tensors: nothing is read late */
        const struct effect *f = &graph->effects.at[i];
        memcpy(e->tensors[f->tensor], evaluator_node(e, f->value), (size_t)type_elements(e->p->tensors.at[f->tensor].type) * sizeof(double));
    }
}

static const char *check_effects(struct evaluator *e, const struct graph *graph)
{
    for (uint32_t i = 0; i < graph->effects.n; i++) {
        const struct tensor *t = &e->p->tensors.at[graph->effects.at[i].tensor];
        if (!type_equal(t->type, graph->effects.at[i].value->type))
            return arena_format(e->mem, "graph %s sets %s to a value of another type", graph->name, t->name);
    }
    return NULL;
}

static const char *run_graph(struct evaluator *e, const struct graph *graph, uint64_t tick, const double *const *direction)
{
    evaluator_run_free(e->run);
    struct evaluator_run *run = e->run = evaluator_run_new(e, graph, tick);
    run->direction = direction;
    run->levels = direction != NULL;
    evaluator_run_nodes(run, graph_live(run->mem, graph));
    return run->error ? arena_format(e->mem, "graph %s: %s", graph->name, run->error) : NULL;
}

const char *evaluator_graph(struct evaluator *e, const struct graph *graph)
{
    const char *error = check_effects(e, graph);
    if (error) return error;
    if (graph->kind == GRAPH_STEP) e->tick++;
    error = run_graph(e, graph, graph->kind == GRAPH_STEP ? e->tick : e->tick_else, NULL);
    if (!error) apply(e, graph);
    return error;
}

const char *evaluator_graph_tangent(struct evaluator *e, const struct graph *graph, const double *const *direction)
{
    return run_graph(e, graph, graph->kind == GRAPH_STEP ? e->tick + 1 : e->tick_else, direction);
}

const double *evaluator_node(const struct evaluator *e, const struct node *n)
{
    return e->run ? e->run->value[n->id].jets.part[0] : NULL;
}

const double *evaluator_tangent(const struct evaluator *e, const struct node *n)
{
    return e->run ? part(e->run, n, 1) : NULL;
}
