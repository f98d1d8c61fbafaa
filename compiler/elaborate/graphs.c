/* graphs.c: beginning and ending the graph of a statement, report, picture or net. */
#include "elaborate/internal.h"

bool elaboration_failed(const struct elaboration *e)
{
    return diag_errors(e->g) > e->errors;
}

struct graph *graph_begin(struct elaboration *e, enum graph_kind kind, int64_t batch, struct span span)
{
    struct graph *graph = NEW(e->g->mem, struct graph);
    graph->kind = kind;
    graph->batch = batch;
    graph->span = span;
    e->graph = graph;
    e->training = kind == GRAPH_STEP;
    e->tensor_nodes = e->state_nodes = NULL;
    e->tensor_capacity = 0;
    memo_forget(e);
    e->draws.n = e->expectations.n = e->applications.n = e->changes.n = 0;
    e->current_application = UINT32_MAX;
    e->data_draws = 0;
    e->notes.here = (struct noted_graph){0};
    return graph;
}

void graph_finish(struct elaboration *e, struct graph *graph, const char *name)
{
    if (graph->kind == GRAPH_STEP) { /* of several settings of one tensor the last stands */
        struct arena *scratch = arena_new();
        uint32_t *last = NEW_ARRAY(scratch, uint32_t, e->p->tensors.n + 1);
        for (uint32_t i = 0; i < e->changes.n; i++) last[e->changes.at[i].tensor] = i;
        for (uint32_t i = 0; i < e->changes.n; i++) {
            const struct state_change *c = &e->changes.at[i];
            if (last[c->tensor] == i) vec_push(e->g->mem, &graph->effects, (struct effect){c->tensor, c->value, c->span});
        }
        arena_free(scratch);
    }
    graph->name = name;
    graph->index = e->p->graphs.n;
    vec_push(e->g->mem, &e->p->graphs, graph);
    e->notes.here.graph = graph;
    vec_push(e->g->mem, &e->notes.graphs, e->notes.here);
    e->graph = NULL;
    e->training = false;
}

void keep_draws(struct elaboration *e, struct graph *graph)
{
    for (uint32_t i = 0; i < e->expectations.n; i++)
        for (uint32_t k = 0; k < e->expectations.at[i].data.n; k++) vec_push(e->g->mem, &graph->keep, e->expectations.at[i].data.at[k]);
}

/* Options of train, report and picture. */
bool options_once(struct elaboration *e, const struct ast *options)
{
    bool good = true;
    for (uint32_t i = 0; options && i < options->n; i++)
        for (uint32_t k = 0; k < i && options->kids[i]->name; k++)
            if (options->kids[k]->name == options->kids[i]->name) {
                diag(e->g, E0405, options->kids[i]->span, options->kids[i]->name);
                good = false;
                break;
            }
    return good;
}

static bool is_result(const struct elaboration *e, const char *name)
{
    for (uint32_t i = 0; i < e->p->results.n; i++)
        if (e->p->results.at[i] == name) return true;
    return false;
}

/* "V", then "V (2)", "V (3)", ... */
uint32_t result_add(struct elaboration *e, const char *name)
{
    const char *id = intern(e->g, name), *unique = id;
    uint32_t i = 0;
    while (i < e->result_names.n && e->result_names.at[i].name != id) i++;
    if (i == e->result_names.n) vec_push(e->g->mem, &e->result_names, (__typeof__(*e->result_names.at)){id, 0});
    if (e->result_names.at[i].n++) unique = NULL;
    while (!unique || is_result(e, unique)) {
        unique = intern(e->g, arena_format(e->g->mem, "%s (%u)", name, e->result_names.at[i].n));
        if (is_result(e, unique)) e->result_names.at[i].n++;
    }
    vec_push(e->g->mem, &e->p->results, unique);
    return e->p->results.n - 1;
}

const char *expression_text(struct elaboration *e, const struct ast *a)
{
    struct buffer b = {0};
    ast_expression(&b, a);
    const char *text = arena_string(e->g->mem, b.text ? b.text : "", b.length);
    buffer_free(&b);
    return text;
}
