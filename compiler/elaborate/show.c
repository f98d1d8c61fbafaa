/* show.c: reports and pictures, and the picture that a model gets by itself. */
#include "elaborate/internal.h"

#include <string.h>

static int64_t default_batch(struct elaboration *e)
{
    return e->p->trains.n ? e->p->trains.at[0].batch : 100;
}

static const struct sexpr *every_option(struct elaboration *e, const struct ast *value)
{
    struct environment env = {0};
    struct value v = evaluate(e, &env, value);
    return v.kind == VALUE_ERROR ? NULL : value_to_sexpr(e, v, value->span);
}

/* The report's number, in a graph that is begun; NULL after reporting. */
static struct node *report_value(struct elaboration *e, const struct ast *a)
{
    struct environment env = {0};
    struct value v = value_scalar(e, evaluate(e, &env, a), a->span, "a report");
    struct node *n = v.kind == VALUE_ERROR ? NULL : value_to_node(e, v, a->span);
    if (!n || !n->type.batched) return n;
    diag(e->g, E0510, a->span);
    return NULL;
}

static void build_report(struct elaboration *e, const struct declaration *d)
{
    struct report r = {.name = d->name, .gather = -1, .span = d->ast->span};
    struct environment env = {0};
    int64_t batch = default_batch(e);
    const struct ast *args = d->ast->kids[0];
    bool good = true;
    e->over = (struct over){0};
    for (uint32_t i = 0; args && i < args->n; i++) {
        const struct ast *a = args->kids[i];
        if (a->name && !strcmp(a->name, "every")) r.every = every_option(e, a->kids[0]);
        else if (a->name && !strcmp(a->name, "batch")) value_to_integer(e, evaluate(e, &env, a->kids[0]), a->span, "batch", 1, &batch);
        else if (a->name && !strcmp(a->name, "over")) good = over_option(e, a->kids[0]);
        else diag(e->g, E0404, a->span, "report", a->name ? a->name : "(without a name)");
    }
    if (!options_once(e, args) || !good) return;
    struct graph *graph = graph_begin(e, GRAPH_REPORT, batch, d->ast->span);
    struct node *n = report_value(e, d->ast->kids[1]);
    if (n && e->over.on) {
        if (over_finish_gathering(e, graph, d)) {
            r.gather = (int32_t)graph->index;
            e->over.finishing = true;
            graph = graph_begin(e, GRAPH_REPORT, batch, d->ast->span);
            n = report_value(e, d->ast->kids[1]);
        } else n = NULL;
    }
    e->over = (struct over){0};
    if (!n) {
        e->graph = NULL;
        return;
    }
    vec_push(e->g->mem, &graph->outputs, (struct output){OUTPUT_REPORT, d->name, n, 1, result_add(e, d->name), -1});
    graph_finish(e, graph, arena_format(e->g->mem, "report %s", d->name));
    r.graph = graph->index;
    vec_push(e->g->mem, &e->p->reports, r);
}

/* What is black and what is white in a picture of tiles of this type: the mapping of the first data set of the shape that is read from
 * a file; of tanh's and sigmoid's ranges where there is none. */
static void picture_mapping(const struct program *p, const struct node *n, struct picture *x)
{
    struct type t = n->type;
    t.batched = false;
    x->type = t;
    x->low = 0, x->high = 1;
    bool image_shape = t.rank == 2 || (t.rank == 3 && (t.dim[2] == 1 || t.dim[2] == 3));
    x->image = image_shape && t.dim[0] > 1 && t.dim[1] > 1;
    for (uint32_t i = 0; i < p->data.n; i++) {
        const struct data *d = &p->data.at[i];
        bool same = type_equal(d->type, t) && !d->onehot;
        if (!same && !(x->image && type_elements(d->type) == type_elements(t))) continue;
        int64_t side = (int64_t)floor(sqrt((double)type_elements(t)) + 0.5);
        bool square = t.rank == 1 && side * side == t.dim[0] && side >= 8; /* a handful of numbers is no image */
        x->image = x->image || square;
        x->any = d->any;
        x->low = d->low, x->high = d->high;
        return;
    }
    if (isfinite(n->range.low) && isfinite(n->range.high)) x->low = n->range.low, x->high = n->range.high;
    else x->any = true;
}

static void finish_picture(struct elaboration *e, struct graph *graph, struct picture *x, struct node *n)
{
    if (!n->type.batched) {
        struct type t = n->type;
        t.batched = true;
        n = node_make(e, OP_expand, 1, &n, &(struct node){.type = t}, n->span);
        if (!n) {
            e->graph = NULL;
            return;
        }
    }
    picture_mapping(e->p, n, x);
    vec_push(e->g->mem, &graph->outputs, (struct output){OUTPUT_PICTURE, x->name, n, 1, 0, -1});
    graph_finish(e, graph, arena_format(e->g->mem, "picture %s", x->name));
    x->graph = graph->index;
    vec_push(e->g->mem, &e->p->pictures, *x);
}

static void build_picture(struct elaboration *e, const struct declaration *d)
{
    struct picture x = {.name = d->name, .rows = 8, .columns = 8, .every = sexpr_number(e->g, 500), .span = d->ast->span};
    struct environment env = {0};
    const struct ast *args = d->ast->kids[0];
    e->tiling.down = e->tiling.across = NULL;
    e->tiling.bound.n = 0;
    for (uint32_t i = 0; args && i < args->n; i++) {
        const struct ast *a = args->kids[i];
        const char *name = a->name ? a->name : "(without a name)";
        if (!strcmp(name, "rows")) value_to_integer(e, evaluate(e, &env, a->kids[0]), a->span, "rows", 1, &x.rows);
        else if (!strcmp(name, "cols")) value_to_integer(e, evaluate(e, &env, a->kids[0]), a->span, "cols", 1, &x.columns);
        else if (!strcmp(name, "every")) x.every = every_option(e, a->kids[0]);
        else if (!strcmp(name, "down")) e->tiling.down = tile_option(e, a);
        else if (!strcmp(name, "across")) e->tiling.across = tile_option(e, a);
        else diag(e->g, E0404, a->span, "picture", name);
    }
    options_once(e, args);
    if (x.rows > 1000 || x.columns > 1000) {
        diag(e->g, E0519, d->ast->span);
        return;
    }
    e->tiling.columns = x.columns;
    struct graph *graph = graph_begin(e, GRAPH_PICTURE, x.rows * x.columns, d->ast->span);
    struct value v = evaluate(e, &env, d->ast->kids[1]);
    struct node *n = v.kind == VALUE_ERROR ? NULL : value_to_node(e, v, d->ast->kids[1]->span);
    if (n && !tile_check(e, args)) n = NULL;
    e->tiling.down = e->tiling.across = NULL;
    if (n) finish_picture(e, graph, &x, n);
    else e->graph = NULL;
}

/* Without any `picture`, a net whose output is an image and whose inputs come from priors gets one. */
static void own_picture(struct elaboration *e, const struct declaration *d)
{
    const struct net_info *net = &e->p->nets.at[d->index];
    if (!net->name || net->graph < 0 || !net->inputs.n) return;
    for (uint32_t i = 0; i < net->inputs.n; i++)
        if (net->inputs.at[i].prior < 0) return;
    const struct graph *program = e->p->graphs.at[net->graph];
    struct picture x = {.name = intern(e->g, "samples"), .rows = 8, .columns = 8, .every = sexpr_number(e->g, 500), .span = d->ast->span};
    for (uint32_t i = 0; i < e->p->pictures.n; i++)
        if (e->p->pictures.at[i].name == x.name) x.name = arena_format(e->g->mem, "samples_%s", net->name);
    picture_mapping(e->p, program->outputs.at[0].value, &x);
    if (!x.image) return;
    struct graph *graph = graph_begin(e, GRAPH_PICTURE, 64, d->ast->span);
    struct value inputs[16];
    for (uint32_t i = 0; i < net->inputs.n; i++) {
        struct environment env = {0};
        inputs[i] = draw_source(e, net->inputs.at[i].name, evaluate(e, &env, d->ast->kids[0]->kids[i]->kids[1]), NULL, false, d->ast->span);
        if (inputs[i].kind != VALUE_NODE) {
            e->graph = NULL;
            return;
        }
    }
    struct value v = call_with(e, (struct value){.kind = VALUE_FUNCTION, .declaration = d}, net->inputs.n, inputs, d->ast->name_span);
    if (v.kind == VALUE_NODE) finish_picture(e, graph, &x, v.node);
    e->graph = NULL;
}

void declare_reports(struct elaboration *e)
{
    bool any = false;
    for (uint32_t i = 0; i < e->user.n; i++) {
        if (e->user.at[i]->kind == A_REPORT) build_report(e, e->user.at[i]);
        if (e->user.at[i]->kind == A_PICTURE) build_picture(e, e->user.at[i]), any = true;
    }
    for (uint32_t i = 0; i < e->user.n && !any && !elaboration_failed(e); i++)
        if (e->user.at[i]->kind == A_NET) own_picture(e, e->user.at[i]);
}
