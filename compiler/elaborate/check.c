/* check.c: the checks of the game (LANGUAGE section 10), in order: the text, each graph, each statement, the players. */
#include "elaborate/internal.h"

static void gather(struct elaboration *e, struct arena *mem)
{
    struct notes *notes = &e->notes;
    notes->nets = NEW_ARRAY(mem, uint64_t, e->p->tensors.n + 1);
    notes->projected = NEW_ARRAY(mem, bool, e->p->tensors.n + 1);
    for (uint32_t i = 0; i < e->p->nets.n; i++)
        for (uint32_t k = 0; k < e->p->nets.at[i].tensors.n; k++) {
            uint32_t t = e->p->nets.at[i].tensors.at[k];
            if (e->p->tensors.at[t].kind == TENSOR_PARAMETER) notes->nets[t] |= net_bit(i);
        }
    for (uint32_t i = 0; i < notes->projections.n; i++)
        for (uint32_t t = 0; t < notes->projections.at[i].tensors; t++)
            if (notes->projections.at[i].marked[t]) notes->projected[t] = true;
}

void check_game(struct elaboration *e)
{
    const struct notes *notes = &e->notes;
    struct arena *mem = arena_new();
    struct stances stances = {0};
    gather(e, mem);
    check_pipes(e, e->file);
    for (uint32_t i = 0, m = 0; i < notes->graphs.n; i++) {
        if (notes->graphs.at[i].graph->kind == GRAPH_NET) continue;
        struct arena *scratch = arena_new();
        struct facts *f = facts_of(e, scratch, &notes->graphs.at[i]);
        uint32_t first = m;
        while (m < notes->moves.n && notes->moves.at[m].noted == i) m++;
        const bool *live = facts_live(f, m > first);
        check_ranges(f, live);
        check_penalties(f, live);
        for (uint32_t k = first; k < m; k++) check_move(f, &notes->moves.at[k], mem, &stances);
        arena_free(scratch);
    }
    check_trained(e);
    check_players(e, mem, &stances);
    arena_free(mem);
}
