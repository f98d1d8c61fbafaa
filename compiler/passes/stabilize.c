/* stabilize.c: brings a forward graph into stable form before it is differentiated: the gradient of log(1 - sigmoid(x)) is then that of
 * -softplus(x), which neither overflows nor vanishes early. */
#include "passes/passes.h"

#define ROUNDS 16 /* a view sinks past one operation a round */

void stabilize_graph(struct ganc *g, const struct program *p, struct graph *graph)
{
    for (uint32_t round = 0; round < ROUNDS; round++) {
        bool changed = pass_sink(g, p, graph);
        changed |= pass_views(g, p, graph);
        changed |= pass_rewrite(g, p, graph);
        if (!changed) return;
    }
}
