/* dce.c: dead code. Rebuilding leaves out what is dead by itself. */
#include "passes/passes.h"
#include "passes/rebuild.h"

static struct node *keep_all(struct rebuild *r, const struct node *n, struct node *const *args)
{
    (void)r, (void)n, (void)args;
    return NULL;
}

bool pass_dce(struct ganc *g, const struct program *p, struct graph *graph)
{
    uint32_t before = graph->nodes.n;
    rebuild_graph(g, p, graph, keep_all, NULL);
    return graph->nodes.n != before;
}
