/* graphs.c: beginning and ending the graph of a statement, report, picture or net. */
#include "elaborate/internal.h"

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
    e->memos.n = e->draws.n = e->expectations.n = e->applications.n = e->changes.n = 0;
    e->current_application = UINT32_MAX;
    e->data_draws = 0;
    return graph;
}

void graph_finish(struct elaboration *e, struct graph *graph, const char *name)
{
    if (graph->kind == GRAPH_STEP) /* of several settings of one tensor the last stands */
        for (uint32_t i = 0; i < e->changes.n; i++) {
            const struct state_change *c = &e->changes.at[i];
            bool last = true;
            for (uint32_t k = i + 1; k < e->changes.n && last; k++) last = e->changes.at[k].tensor != c->tensor;
            if (last) vec_push(e->g->mem, &graph->effects, (struct effect){c->tensor, c->value, c->span});
        }
    graph->name = name;
    graph->index = e->p->graphs.n;
    vec_push(e->g->mem, &e->p->graphs, graph);
    e->graph = NULL;
    e->training = false;
}

uint32_t result_add(struct elaboration *e, const char *name)
{
    const char *unique = name;
    for (uint32_t i = 0, again = 2; i < e->p->results.n; i++)
        if (intern(e->g, e->p->results.at[i]) == intern(e->g, unique)) {
            unique = arena_format(e->g->mem, "%s (%u)", name, again++);
            i = UINT32_MAX;
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
