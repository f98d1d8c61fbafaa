/* sink.c: view(f(x)) becomes f(view(x)) where f is elementwise in x alone.
 *
 * The view may stand between two operations that a rule wants to see together: a discriminator ends in sigmoid, [1] becomes [], then comes
 * the logarithm. Only where the view is f's one use (else f would be computed twice), and never past a node that a gradient is
 * taken with respect to. */
#include "passes/passes.h"
#include "passes/rebuild.h"

static bool sinks(enum op op)
{
    return op == OP_reshape || op == OP_transpose || op == OP_slice || op == OP_as_tensor || op == OP_as_batch;
}

/* The one operand of f with f's shape, all others being single numbers ([], not batched); -1 where there is none such. */
static int carrier(const struct node *f)
{
    int found = -1;
    for (uint32_t i = 0; i < f->nargs; i++) {
        const struct type *t = &f->arg[i]->type;
        if (!t->batched && t->rank == 0) continue;
        if (found >= 0 || !type_equal(*t, f->type)) return -1;
        found = (int)i;
    }
    return found;
}

static struct node *sink(struct rebuild *r, const struct node *n, struct node *const *args)
{
    if (!sinks(n->op)) return NULL;
    const struct node *f = args[0];
    if (op_info[f->op].class != CLASS_MAP || r->uses[n->arg[0]->id] != 1 || rebuild_wanted(r, f)) return NULL;
    int i = carrier(f);
    if (i < 0) return NULL;
    struct node *operands[3];
    for (uint32_t k = 0; k < f->nargs; k++) operands[k] = f->arg[k];
    operands[i] = rebuild_node(r, n, n->op, 1, &f->arg[i], n);
    return rebuild_node(r, n, f->op, f->nargs, operands, f);
}

bool pass_sink(struct ganc *g, const struct program *p, struct graph *graph)
{
    return rebuild_graph(g, p, graph, sink, NULL);
}
