/* narrow.c: scratch storages of one byte an element: dropout's masks, maxout's positions; see narrow.h.
 *
 * What is kept for the backward pass is mostly such: it costs a quarter of the memory, and of the time to write and to read it. A storage is narrow
 * where all that is stored in it is known to be small and whole, and where vectors write and read it whole: not an operand of a product, not an
 * output, not gathered. */
#include "schedule/narrow.h"

#include "schedule/internal.h"
#include "schedule/rules.h"
#include "schedule/verify.h"

#include <math.h>

/* Storages that begin at multiples of 64 bytes gain nothing where they are as short as that. */
#define ELEMENTS_LEAST 17
/* A dimension inside the lane, up to this long, is loaded whole: PIECES_MOST of codegen/nest.h. */
#define INSIDE_MOST 7

static int limited(int64_t most)
{
    return most >= 0 && most <= NARROW_MOST ? (int)most : NARROW_NOT;
}

static int of_operation(enum op op, const int *x)
{
    switch (op) {
    case OP_eq: case OP_ne: case OP_lt: case OP_le: case OP_gt: case OP_ge: return 1;
    case OP_stop: case OP_abs: case OP_floor: return x[0];
    case OP_sign: return x[0] < 1 ? x[0] : 1;
    case OP_where: return x[1] < 0 || x[2] < 0 ? NARROW_NOT : x[1] > x[2] ? x[1] : x[2];
    default: break;
    }
    if (x[0] < 0 || x[1] < 0) return NARROW_NOT;
    switch (op) {
    case OP_mul: return limited((int64_t)x[0] * x[1]);
    case OP_add: return limited((int64_t)x[0] + x[1]);
    case OP_max: return x[0] > x[1] ? x[0] : x[1];
    case OP_min: return x[0] < x[1] ? x[0] : x[1];
    default: return NARROW_NOT;
    }
}

static int of_reduction(const struct kernel *k, enum op op, int x)
{
    int64_t points = 1, inmost = 1;
    for (uint32_t d = 0; d < k->rank; d++) {
        if (!k->reduced[d]) continue;
        inmost = k->extent[d];
        points = points > NARROW_MOST || inmost > NARROW_MOST ? NARROW_MOST + 1 : points * inmost;
    }
    if (op == OP_argmax) return limited(inmost - 1);
    if (x < 0) return NARROW_NOT;
    return op == OP_max_over ? x : limited(points * x);
}

void narrow_values(const struct kernels *all, const struct kernel *k, const int *stored, int *most)
{
    for (uint32_t i = 0; i < k->body.n; i++) {
        const struct insn *in = &k->body.at[i];
        int64_t low, high;
        int x[3] = {NARROW_NOT, NARROW_NOT, NARROW_NOT};
        for (uint32_t a = 0; a < in->nargs; a++) x[a] = most[in->arg[a]];
        most[i] = NARROW_NOT;
        switch (in->kind) {
        case INSN_NUMBER:
            if (in->number >= 0 && in->number <= NARROW_MOST && !signbit(in->number) && in->number == floor(in->number)) most[i] = (int)in->number;
            break;
        case INSN_INDEX:
            if (access_span(k, &in->at, &low, &high) && low >= 0) most[i] = limited(high);
            break;
        case INSN_RANDOM:
            if (in->op == OP_rand_bernoulli) most[i] = 1;
            if (in->op == OP_rand_index && in->number >= 1 && in->number <= NARROW_MOST + 1) most[i] = (int)in->number - 1;
            break;
        case INSN_LOAD:
            if (in->at.storage >= all->tensors.n) most[i] = stored[in->at.storage - all->tensors.n];
            break;
        case INSN_OP: most[i] = of_operation(in->op, x); break;
        case INSN_REDUCE: most[i] = of_reduction(k, in->op, x[0]); break;
        case INSN_SCALAR:
        case INSN_PRODUCT:
        case INSN_STORE: break;
        }
    }
}

/* ---- the choice ---- */

struct narrowing {
    const struct scheduling *s;
    const struct kernel *made;
    uint32_t n, base; /* kernels; the number of the graph's first own storage */
    bool *never;      /* by storage: it stays as it is */
    int *stored, *next;
};

/* Do vectors find its elements side by side, one for all lanes, or in pieces? */
static bool together(const struct kernel *k, const struct insn *in)
{
    uint32_t lane = k->rank;
    while (lane > 0 && in->outer && k->reduced[lane - 1]) lane--;
    if (lane == 0) return true;
    int64_t stride = in->at.stride[lane - 1];
    bool good = stride == 0 || stride == 1;
    for (uint32_t d = 0; d < k->rank && stride <= INSIDE_MOST; d++) good = good || (k->extent[d] == stride && in->at.stride[d] == 1);
    return good;
}

static void exclude(struct narrowing *w, uint32_t storage)
{
    if (storage >= w->base) w->never[storage - w->base] = true;
}

static void exclude_all(struct narrowing *w)
{
    const struct kernel_graph *kg = w->s->kg;
    for (uint32_t i = 0; i < kg->storages.n; i++)
        w->never[i] = kg->storages.at[i].kind != STORAGE_SCRATCH || kg->storages.at[i].elements < ELEMENTS_LEAST;
    for (uint32_t i = 0; i < w->s->outputs.n; i++) exclude(w, w->s->outputs.at[i]->storage);
    for (uint32_t i = 0; i < w->n; i++) {
        const struct kernel *k = &w->made[i];
        for (uint32_t p = 0; p < k->products.n; p++) exclude(w, k->products.at[p].a.storage), exclude(w, k->products.at[p].b.storage);
        for (uint32_t j = 0; j < k->body.n; j++)
            if ((k->body.at[j].kind == INSN_LOAD || k->body.at[j].kind == INSN_STORE) && !together(k, &k->body.at[j])) exclude(w, k->body.at[j].at.storage);
    }
}

/* What the stores say of each storage, as far as the storages that are narrow already go; are there more now? */
static bool round_of(struct narrowing *w, struct arena *mem)
{
    uint32_t storages = w->s->kg->storages.n;
    bool *none = NEW_ARRAY(mem, bool, storages + 1), more = false;
    for (uint32_t i = 0; i < storages; i++) w->next[i] = NARROW_NOT;
    for (uint32_t i = 0; i < w->n; i++) {
        const struct kernel *k = &w->made[i];
        int *most = NEW_ARRAY(mem, int, k->body.n + 1);
        narrow_values(w->s->k, k, w->stored, most);
        for (uint32_t j = 0; j < k->body.n; j++) {
            const struct insn *in = &k->body.at[j];
            if (in->kind != INSN_STORE || in->at.storage < w->base) continue;
            uint32_t to = in->at.storage - w->base;
            int x = most[in->arg[0]];
            none[to] = none[to] || x < 0;
            if (x > w->next[to]) w->next[to] = x;
        }
    }
    for (uint32_t i = 0; i < storages; i++)
        if (w->stored[i] < 0 && w->next[i] >= 0 && !none[i] && !w->never[i]) w->stored[i] = w->next[i], more = true;
    return more;
}

void narrow_storages(struct scheduling *s, const struct kernel *made)
{
    struct kernel_graph *kg = s->kg;
    if (!rule_on(s->g, RULE_bytes)) return;
    struct narrowing w = {.s = s, .made = made, .n = s->groups.n, .base = s->k->tensors.n};
    w.never = NEW_ARRAY(s->mem, bool, kg->storages.n + 1);
    w.stored = NEW_ARRAY(s->mem, int, kg->storages.n + 1);
    w.next = NEW_ARRAY(s->mem, int, kg->storages.n + 1);
    for (uint32_t i = 0; i < kg->storages.n; i++) w.stored[i] = NARROW_NOT;
    exclude_all(&w);
    while (round_of(&w, s->mem)) {}
    for (uint32_t i = 0; i < kg->storages.n; i++)
        if (w.stored[i] >= 0) kg->storages.at[i].size = 1;
}
