/* check_moves.c: one maximize or minimize: which way it pushes what (and so what each net learns), and what is wrong with that by itself:
 * range-mismatch, saturating, critic-sigmoid. */
#include "elaborate/internal.h"
#include "ops/interval.h"

/* ---- directions: a sweep from the objective down ---- */

static uint8_t turned(uint8_t push)
{
    return (uint8_t)((push & PUSH_UP ? PUSH_DOWN : 0) | (push & PUSH_DOWN ? PUSH_UP : 0));
}

/* push, through a factor of range r. */
static uint8_t scaled(uint8_t push, struct range r)
{
    if (r.low == 0 && r.high == 0) return 0;
    if (r.low >= 0) return push;
    if (r.high <= 0) return turned(push);
    return push ? PUSH_BOTH : 0;
}

/* How n, pushed so, pushes its operand k. */
static uint8_t passed(const struct node *n, uint32_t k, uint8_t push)
{
    if (!push || !graph_flows(n, k)) return 0;
    switch (n->op) {
    case OP_neg: return turned(push);
    case OP_sub: return k ? turned(push) : push;
    case OP_mul: return scaled(push, n->arg[!k]->range);
    case OP_div: return k ? scaled(turned(push), n->arg[0]->range) : scaled(push, n->arg[1]->range);
    case OP_abs: return scaled(push, n->arg[0]->range);
    case OP_pow:
        if (k || !interval_is_point(n->arg[1]->range)) return PUSH_BOTH;
        if (n->arg[0]->range.low >= 0 || fmod(n->arg[1]->range.low, 2) == 1) return scaled(push, n->arg[1]->range);
        return PUSH_BOTH;
    case OP_add: case OP_exp: case OP_log: case OP_sqrt: case OP_tanh: case OP_sigmoid: case OP_softplus: case OP_erf:
    case OP_max: case OP_min: case OP_where: case OP_sum: case OP_max_over: case OP_windows_sum:
        return push;
    default: return op_info[n->op].class == CLASS_VIEW ? push : PUSH_BOTH;
    }
}

/* Is n linear in its operand k, as far as the trained parameters go? */
static bool is_linear(const struct node *n, uint32_t k, const uint64_t *trained)
{
    switch (n->op) {
    case OP_neg: case OP_add: case OP_sub: case OP_sum: case OP_windows_sum: return true;
    case OP_mul: return !trained[n->arg[!k]->id];
    case OP_div: return !k && !trained[n->arg[1]->id];
    default: return op_info[n->op].class == CLASS_VIEW;
    }
}

struct view { /* of one move */
    struct facts *f;
    const struct move *move;
    bool maximize;
    uint64_t *trained; /* by id: the nets by whose parameters, trained here, a gradient flows from it; as bits */
    struct push *push; /* by id */
};

static void find_pushes(struct view *v)
{
    uint32_t root = v->move->objective->id;
    v->trained = NEW_ARRAY(v->f->mem, uint64_t, root + 1);
    v->push = NEW_ARRAY(v->f->mem, struct push, root + 1);
    for (uint32_t i = 0; i <= root; i++) {
        const struct node *n = &v->f->nodes[i];
        if (n->op == OP_tensor && n->index < v->move->tensors && v->move->updated[n->index]) v->trained[i] = v->f->e->notes.nets[n->index];
        for (uint32_t k = 0; k < n->nargs; k++)
            if (graph_flows(n, k)) v->trained[i] |= v->trained[n->arg[k]->id];
    }
    v->push[root].any = v->push[root].linear = v->maximize ? PUSH_UP : PUSH_DOWN;
    for (uint32_t i = root + 1; i-- > 0;) {
        const struct node *n = &v->f->nodes[i];
        for (uint32_t k = 0; k < n->nargs && v->push[i].any; k++) {
            struct push *to = &v->push[n->arg[k]->id];
            to->any |= passed(n, k, v->push[i].any);
            if (is_linear(n, k, v->trained)) to->linear |= passed(n, k, v->push[i].linear);
        }
    }
}

static bool trains(const struct view *v, uint32_t net)
{
    const struct net_info *info = &v->f->e->p->nets.at[net];
    for (uint32_t i = 0; i < info->tensors.n; i++)
        if (info->tensors.at[i] < v->move->tensors && v->move->updated[info->tensors.at[i]]) return true;
    return false;
}

static bool is_single(uint8_t push)
{
    return push == PUSH_UP || push == PUSH_DOWN;
}

/* ---- saturating ---- */

/* The use of a net that is not trained here, on the way from n (a view, shift or multiple of it) to a sigmoid or, in logits, to its end; and
 * whether n falls where the net's output rises. NULL where there is none. */
static const struct net_use *judged_by(const struct view *v, const struct node *n, bool logits, bool *falls)
{
    const struct facts *f = v->f;
    const struct net_use *use = NULL;
    *falls = false;
    for (int steps = 0; steps < MOST_STEPS; steps++) {
        if (f->use[n->id] && !use && !trains(v, f->noted->uses.at[f->use[n->id] - 1].net)) use = &f->noted->uses.at[f->use[n->id] - 1];
        const struct node *next = facts_step(n);
        if (!next) return use && (logits || n->op == OP_sigmoid) ? use : NULL;
        uint8_t push = passed(n, n->nargs > 1 && n->arg[1] == next, PUSH_UP);
        if (!is_single(push)) return NULL;
        if (!use && push == PUSH_DOWN) *falls = !*falls;
        n = next;
    }
    return NULL;
}

/* n as a logarithm of a judge's probability, or its softplus: the use of that judge; and whether the move pushes where it saturates. */
static const struct net_use *judgement(const struct view *v, const struct node *n, bool *saturates, bool *falls)
{
    uint8_t push = v->push[n->id].linear;
    bool logits = n->op == OP_softplus;
    if ((!logits && n->op != OP_log) || !v->trained[n->id] || !is_single(push)) return NULL;
    if (!logits && (n->arg[0]->range.low < 0 || n->arg[0]->range.high > 1)) return NULL;
    *saturates = push == (logits ? PUSH_UP : PUSH_DOWN);
    return judged_by(v, n->arg[0], logits, falls);
}

static void report_saturating(const struct view *v, const struct node *n, const struct net_use *use, bool falls)
{
    struct elaboration *e = v->f->e;
    const char *output = facts_text(v->f, use->result), *net = e->p->nets.at[use->net].name, *term = facts_text(v->f, n);
    const char *player = players_text(e, v->move, NULL), *instead;
    if (n->op == OP_softplus) instead = arena_format(e->g->mem, "minimize softplus(%s%s)", falls ? "" : "-", output);
    else instead = arena_format(e->g->mem, falls ? "maximize log(%s)" : "maximize log(1 - %s)", output);
    const struct ast *objective = v->move->statement->kids[0];
    diag(e->g, W0706, objective->span, player, term, net);
    struct span at = facts_place(v->f, n);
    if (at.at < objective->span.at || at.at >= objective->span.at + objective->span.length) diag_note(e->g, at, "%s stands here", term);
    diag_help(e->g, "%s instead: the same aim, and a gradient that is large where %s is far off (Goodfellow et al. 2014, section 3)", instead, player);
}

/* One report a statement; none of a judge that also stands in a term that does not saturate (log D - log(1 - D)). */
static void check_saturating(const struct view *v)
{
    bool *healthy = NEW_ARRAY(v->f->mem, bool, v->f->noted->uses.n + 1), saturates, falls;
    for (int round = 0; round < 2; round++)
        for (uint32_t i = 0; i <= v->move->objective->id; i++) {
            const struct net_use *use = judgement(v, &v->f->nodes[i], &saturates, &falls);
            if (!use) continue;
            bool *well = &healthy[use - v->f->noted->uses.at];
            if (!round) *well = *well || !saturates;
            else if (saturates && !*well) {
                report_saturating(v, &v->f->nodes[i], use, falls);
                return;
            }
        }
}

/* ---- range-mismatch ---- */

static bool differs(double a, double b, double width)
{
    if (isinf(a) || isinf(b)) return a != b;
    return fabs(a - b) > 1e-6 * width;
}

/* A bounded range that is another than the data's, or one that does not reach as far. Whether ends are open is no matter. */
static bool mismatch(struct range real, struct range generated)
{
    double width = real.high - real.low;
    if (isinf(width)) return false;
    bool low = differs(real.low, generated.low, width), high = differs(real.high, generated.high, width);
    bool bounded = !isinf(generated.low) && !isinf(generated.high);
    return (low && (bounded || generated.low > real.low)) || (high && (bounded || generated.high < real.high));
}

static void check_mismatch(const struct view *v, const struct net_use *real, const struct net_use *generated)
{
    const struct facts *f = v->f;
    struct elaboration *e = f->e;
    for (uint32_t i = 0; i < real->n; i++) {
        const struct node *x = &f->nodes[real->inputs[i]->id], *y = &f->nodes[generated->inputs[i]->id];
        if (f->nets[x->id] || !f->nets[y->id] || interval_is_point(x->range) || f->vague[x->id] || f->vague[y->id] || !mismatch(x->range, y->range)) continue;
        const char *net = e->p->nets.at[real->net].name;
        diag(e->g, W0705, generated->span, facts_text(f, y), range_text(e, y->range), facts_text(f, x), range_text(e, x->range), net);
        facts_note_end(f, y);
        facts_note_end(f, x);
        diag_help(e->g, "bring them into one range: sigmoid gives (0, 1), tanh (-1, 1); the `in` of the data says how images are scaled");
    }
}

/* ---- each net in the objective ---- */

/* Does a parameter trained here scale n? Looked for where n is made of a product with it alone, through what a factor passes. */
static bool is_scaled(const struct view *v, const struct node *n)
{
    for (;;) {
        if (op_info[n->op].class == CLASS_PRODUCT || n->op == OP_mul)
            for (uint32_t k = 0; k < 2; k++) {
                const struct node *w = facts_end(v->f, n->arg[k]);
                if (w->op == OP_tensor && v->trained[w->id] && v->trained[n->id]) return true;
            }
        const struct node *next = NULL; /* the operand that a scaled value would come from */
        switch (n->op) {
        case OP_add: case OP_sub: case OP_max: case OP_min: case OP_where: case OP_mul: case OP_div:
            for (uint32_t k = n->nargs; k-- > 0;)
                if (n->arg[k]->type.batched && graph_flows(n, k) && v->trained[n->arg[k]->id]) next = n->arg[k];
            break;
        case OP_neg: case OP_sum: case OP_max_over: next = n->arg[0]; break;
        default: next = op_info[n->op].class == CLASS_VIEW && n->nargs == 1 ? n->arg[0] : NULL;
        }
        if (!next) return false;
        n = next;
    }
}

/* By tensor: does an optimizer of this move read it more than once, as one that decays does? */
static bool *read_again(const struct view *v)
{
    const struct graph *graph = v->f->noted->graph;
    bool *read = NEW_ARRAY(v->f->mem, bool, v->move->tensors + 1), *again = NEW_ARRAY(v->f->mem, bool, v->move->tensors + 1);
    for (uint32_t i = v->move->updates; i < graph->nodes.n; i++) {
        const struct node *n = &v->f->nodes[i];
        for (uint32_t k = 0; k < n->nargs && n->op != OP_grad; k++) {
            const struct node *w = n->arg[k];
            bool nothing = n->op == OP_mul && n->arg[!k]->range.low == 0 && n->arg[!k]->range.high == 0; /* a decay of 0 */
            if (w->op != OP_tensor || w->index >= v->move->tensors || nothing) continue;
            again[w->index] = read[w->index];
            read[w->index] = true;
        }
    }
    return again;
}

/* The nets, as bits, on whose parameters the objective depends otherwise than linearly by their outputs, or that their optimizer decays. */
static uint64_t bounded_nets(const struct view *v)
{
    uint32_t root = v->move->objective->id;
    uint64_t *met = NEW_ARRAY(v->f->mem, uint64_t, root + 1), bounded = 0;
    met[root] = ~(uint64_t)0;
    for (uint32_t i = root + 1; i-- > 0;) {
        const struct node *n = &v->f->nodes[i];
        uint64_t nets = met[i] & v->trained[i];
        if (v->f->use[i]) nets &= ~net_bit(v->f->noted->uses.at[v->f->use[i] - 1].net);
        if (!n->nargs) bounded |= nets;
        for (uint32_t k = 0; k < n->nargs; k++)
            if (is_linear(n, k, v->trained)) met[n->arg[k]->id] |= nets;
            else bounded |= nets & v->trained[n->arg[k]->id];
    }
    const bool *again = read_again(v);
    for (uint32_t t = 0; t < v->move->tensors; t++)
        if (again[t] && v->move->updated[t]) bounded |= v->f->e->notes.nets[t];
    return bounded;
}

struct seen { /* of one net, in one move */
    const struct net_use *real, *generated, *up, *down; /* up, down: pushed so, linearly */
    struct stance stance;
};

static void see_use(const struct view *v, const struct net_use *use, struct seen *s)
{
    const struct push *push = &v->push[use->result->id];
    uint64_t into = 0, flowing = 0;
    for (uint32_t i = 0; i < use->n; i++) {
        into |= v->f->nets[use->inputs[i]->id];
        flowing |= v->trained[use->inputs[i]->id];
    }
    into &= ~net_bit(use->net);
    if (!is_single(push->any)) s->stance.unclear = true;
    else if (into) s->stance.generated |= push->any;
    else s->stance.real |= push->any;
    if (is_single(push->any) && (flowing & ~net_bit(use->net))) s->stance.against |= push->any;
    if (into && !s->generated) s->generated = use;
    if (!into && !s->real) s->real = use;
    const struct node *y = &v->f->nodes[use->result->id];
    if (push->linear & PUSH_UP && !s->up) s->up = use;
    if (push->linear & PUSH_DOWN && !s->down) s->down = use;
    if ((push->linear & PUSH_UP && isinf(y->range.high)) || (push->linear & PUSH_DOWN && isinf(y->range.low))) s->stance.grows = true;
}

static void check_sigmoid(const struct view *v, const struct seen *s)
{
    struct elaboration *e = v->f->e;
    const struct node *y = &v->f->nodes[s->up->result->id];
    if (facts_end(v->f, y)->op != OP_sigmoid) return;
    diag(e->g, W0708, s->up->span, place_text(e, v->move->statement->kids[0]->span), e->p->nets.at[s->up->net].name, range_text(e, y->range));
    facts_note_end(v->f, y);
    diag_help(e->g, "leave the sigmoid out, and bound the critic by a projection or a penalty (Arjovsky et al. 2017, section 3)");
}

void check_move(struct facts *f, const struct move *m, struct arena *mem, struct stances *stances)
{
    struct elaboration *e = f->e;
    struct view v = {f, m, (m->statement->flags & AST_MAXIMIZE) != 0, NULL, NULL};
    find_pushes(&v);
    check_saturating(&v);
    uint64_t bounded = bounded_nets(&v);
    struct seen **seen = NEW_ARRAY(f->mem, struct seen *, e->p->nets.n + 1);
    for (uint32_t i = 0; i < f->noted->uses.n; i++) {
        const struct net_use *use = &f->noted->uses.at[i];
        if (use->result->id > m->objective->id || !v.push[use->result->id].any || f->use[use->result->id] != i + 1) continue;
        if (!seen[use->net]) seen[use->net] = NEW(f->mem, struct seen);
        see_use(&v, use, seen[use->net]);
    }
    for (uint32_t net = 0; net < e->p->nets.n; net++) {
        struct seen *s = seen[net];
        if (!s && (bounded & net_bit(net))) s = NEW(f->mem, struct seen); /* a penalty by itself */
        if (!s) continue;
        s->stance.move = m;
        s->stance.net = net;
        s->stance.trains = trains(&v, net);
        if (s->generated) s->stance.where = facts_text(f, &f->nodes[s->generated->result->id]);
        if (s->stance.trains) {
            if (s->real && s->generated) check_mismatch(&v, s->real, s->generated);
            bool difference = s->up && s->down;
            if (difference) check_sigmoid(&v, s);
            s->stance.bounded = bounded & net_bit(net);
            s->stance.grows = s->stance.grows && difference && is_scaled(&v, &f->nodes[s->up->result->id]);
        }
        vec_push(mem, stances, s->stance);
    }
}
