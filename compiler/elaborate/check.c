/* check.c: checks of the game as a whole (LANGUAGE section 10). */
#include "elaborate/internal.h"

/* A net that no statement trains. */
void check_trained(struct elaboration *e)
{
    struct arena *scratch = arena_new();
    bool *updated = NEW_ARRAY(scratch, bool, e->p->tensors.n + 1);
    for (uint32_t i = 0; i < e->p->graphs.n; i++) {
        const struct graph *graph = e->p->graphs.at[i];
        for (uint32_t k = 0; graph->kind == GRAPH_STEP && k < graph->effects.n; k++) updated[graph->effects.at[k].tensor] = true;
    }
    for (uint32_t i = 0; i < e->p->nets.n; i++) {
        const struct net_info *net = &e->p->nets.at[i];
        bool parameters = false, trained = false;
        for (uint32_t k = 0; k < net->tensors.n; k++) {
            if (e->p->tensors.at[net->tensors.at[k]].kind != TENSOR_PARAMETER) continue;
            parameters = true;
            trained = trained || updated[net->tensors.at[k]];
        }
        if (net->name && parameters && !trained && e->p->trains.n) diag(e->g, W0702, net->span, net->name);
    }
    arena_free(scratch);
}
