/* check_players.c: what the statements say together: nets that none trains, that nothing bounds, that no one opposes. */
#include "elaborate/internal.h"

/* A statement that names a net and does not reach it; a net that no statement trains (one that the first case names is left to it). */
void check_trained(struct elaboration *e)
{
    if (!e->p->trains.n) return;
    struct arena *scratch = arena_new();
    bool *trained = NEW_ARRAY(scratch, bool, e->p->tensors.n + 1), *told = NEW_ARRAY(scratch, bool, e->p->nets.n + 1);
    for (uint32_t i = 0; i < e->notes.moves.n; i++) {
        const struct move *m = &e->notes.moves.at[i];
        for (uint32_t t = 0; t < m->tensors; t++) trained[t] = trained[t] || m->updated[t];
        const struct ast *parts = m->statement->kids[1];
        for (uint32_t k = 0; k < parts->n; k++) {
            if (!m->idle[k]) continue;
            const struct ast *path = parts->kids[k]->kids[0];
            const char *text = expression_text(e, path);
            diag(e->g, W0703, parts->kids[k]->span, place_text(e, m->statement->kids[0]->span), text);
            diag_help(e->g, "this statement leaves %s as it is: name here only what it trains", text);
            for (uint32_t n = 0; n < e->p->nets.n && path->kind == A_NAME; n++) told[n] = told[n] || e->p->nets.at[n].name == path->name;
        }
    }
    for (uint32_t i = 0; i < e->p->nets.n; i++) {
        const struct net_info *net = &e->p->nets.at[i];
        bool parameters = false, any = false, projected = false;
        for (uint32_t k = 0; k < net->tensors.n; k++) {
            uint32_t t = net->tensors.at[k];
            if (e->p->tensors.at[t].kind != TENSOR_PARAMETER) continue;
            parameters = true;
            any = any || trained[t];
            projected = projected || e->notes.projected[t];
        }
        if (!net->name || !parameters || any || told[i]) continue;
        diag(e->g, W0702, net->span, net->name);
        if (projected) diag_help(e->g, "project limits its parameters, but does not train them");
    }
    arena_free(scratch);
}

static const char *way(uint8_t push)
{
    return push == PUSH_UP ? "up" : "down";
}

static bool is_single(uint8_t push)
{
    return push == PUSH_UP || push == PUSH_DOWN;
}

/* Of one net: its own statements together, and whether another opposes it. */
struct player {
    uint8_t real, generated;
    bool unclear, bounded, opposed;
    const struct stance *first, *grows; /* first: that sees what is generated */
};

static void check_unbounded(struct elaboration *e, uint32_t net, const struct player *p)
{
    const struct net_info *info = &e->p->nets.at[net];
    if (!p->grows || p->bounded) return;
    for (uint32_t i = 0; i < info->tensors.n; i++)
        if (e->notes.projected[info->tensors.at[i]]) return;
    const struct ast *s = p->grows->move->statement;
    diag(e->g, W0707, s->kids[0]->span, place_text(e, s->kids[0]->span), info->name);
    diag_note(e->g, info->span, "%s is declared here; its output is not bounded, and stands in the objective as it is", info->name);
    diag_help(e->g,
              "after this statement project %s onto a bounded set (Arjovsky et al. 2017, Algorithm 1), or subtract a penalty on its gradient "
              "(Gulrajani et al. 2017, equation 3)",
              info->name);
}

/* A net whose own statements push its output one way on data and the other on what is generated tells them apart. A statement of another
 * net that pushes the latter the same way helps it. */
static void check_helper(struct elaboration *e, const struct player *p, const struct stance *s)
{
    uint8_t real = s->trains ? s->real : p->real, generated = s->trains ? s->generated : p->generated;
    if (!is_single(real) || !is_single(generated) || real == generated || s->against != generated) return;
    const struct ast *statement = s->move->statement;
    const char *net = e->p->nets.at[s->net].name;
    diag(e->g, W0710, statement->kids[0]->span, players_text(e, s->move, s->trains ? net : NULL), net, s->where, way(s->against));
    if (s->trains) {
        diag_help(e->g, "one objective for both is no game: train them by two statements, of opposite aims");
        return;
    }
    diag_note(e->g, p->first->move->statement->kids[0]->span, "%s is trained here, and pushes it %s too", net, way(generated));
    diag_help(e->g, "did you mean to %s it over %s?", statement->flags & AST_MAXIMIZE ? "minimize" : "maximize", players_text(e, s->move, NULL));
}

/* Its output is one number, and every statement pushes it the same way, on whatever example. */
static void check_lonely(struct elaboration *e, uint32_t net, const struct player *p)
{
    const struct net_info *info = &e->p->nets.at[net];
    if (!p->first || p->unclear || p->opposed || !is_single(p->real) || p->real != p->generated) return;
    if (info->inputs.n != 1 || type_elements(info->output) != 1) return; /* what depends on a label may well rise everywhere */
    const struct ast *s = p->first->move->statement;
    diag(e->g, W0712, s->kids[0]->span, info->name, way(p->real));
    diag_help(e->g, "push it the other way on what is generated: log(1 - %s) where the data has log(%s(...)), or a minus sign", p->first->where, info->name);
}

void check_players(struct elaboration *e, struct arena *mem, const struct stances *stances)
{
    struct player *players = NEW_ARRAY(mem, struct player, e->p->nets.n + 1);
    for (uint32_t i = 0; i < stances->n; i++) {
        const struct stance *s = &stances->at[i];
        struct player *p = &players[s->net];
        if (!s->trains) continue;
        p->real |= s->real;
        p->generated |= s->generated;
        p->unclear = p->unclear || s->unclear;
        p->bounded = p->bounded || s->bounded;
        if (!p->first && s->generated) p->first = s;
        if (s->grows && !p->grows) p->grows = s;
    }
    for (uint32_t i = 0; i < stances->n; i++) {
        const struct stance *s = &stances->at[i];
        struct player *p = &players[s->net];
        if (!s->trains) p->opposed = p->opposed || s->unclear || (p->real | s->generated | s->real) != p->real;
        check_helper(e, p, s);
    }
    for (uint32_t net = 0; net < e->p->nets.n; net++) {
        check_unbounded(e, net, &players[net]);
        check_lonely(e, net, &players[net]);
    }
}
