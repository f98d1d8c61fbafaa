/* transpose.c: a product reads its matrices either way, so a transposed one becomes a flag. */
#include "passes/passes.h"
#include "passes/rebuild.h"

/* The x of which n is the transpose, both plain matrices; or NULL. */
static struct node *flipped(struct node *n)
{
    return n->op == OP_transpose && n->type.rank == 2 && !n->type.batched && n->axes[0] == 1 ? n->arg[0] : NULL;
}

static bool plain(const struct node *n)
{
    return n->type.rank == 2 && !n->type.batched;
}

/* The forms that a product has (ops/matmul.c). */
static bool fits(bool ta, bool tb, struct node *const *operands)
{
    return ta && !tb ? true : plain(operands[1]) && !(ta && operands[0]->type.batched);
}

static struct node *flag(struct rebuild *r, const struct node *n, struct node *const *args)
{
    struct node like = *n, *operands[2];
    if (n->op == OP_matmul) {
        for (uint32_t i = 0; i < 2; i++) operands[i] = flipped(args[i]);
        if (!operands[0] && !operands[1]) return NULL;
        like.ta = n->ta != (operands[0] != NULL);
        like.tb = n->tb != (operands[1] != NULL);
        for (uint32_t i = 0; i < 2; i++)
            if (!operands[i]) operands[i] = args[i];
        return fits(like.ta, like.tb, operands) ? rebuild_node(r, n, OP_matmul, 2, operands, &like) : NULL;
    }
    /* (A B)' = B' A' */
    if (n->op != OP_transpose || args[0]->op != OP_matmul || r->uses[n->arg[0]->id] != 1) return NULL;
    const struct node *product = args[0];
    if (!plain(n) || n->axes[0] != 1 || !plain(product->arg[0]) || !plain(product->arg[1])) return NULL;
    operands[0] = product->arg[1];
    operands[1] = product->arg[0];
    like = (struct node){.ta = !product->tb, .tb = !product->ta};
    return rebuild_node(r, n, OP_matmul, 2, operands, &like);
}

bool pass_transpose(struct ganc *g, const struct program *p, struct graph *graph)
{
    return rebuild_graph(g, p, graph, flag, NULL);
}
