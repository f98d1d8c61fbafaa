/* order.c: the order of a graph's kernels, and how long each storage is needed.
 *
 * Topological; among kernels that are ready, the one after which least memory is held (what it allocates less what it is the last to read),
 * and of equals the first in the graph. Then those that only add to what is held wait until the next that needs them: weights are turned right
 * before they are read so. */
#include "schedule/internal.h"

#include <string.h>

struct order {
    struct scheduling *s;
    uint32_t base;      /* ids of the graph's own storages start here */
    uint32_t *left;     /* by storage: kernels to come that touch it */
    bool *begun, *kept;
};

/* Calls visit for each storage that k touches, once or more. */
static void kernel_storages(const struct kernel *k, void (*visit)(void *self, uint32_t storage), void *self)
{
    for (uint32_t i = 0; i < k->body.n; i++)
        if (k->body.at[i].kind == INSN_LOAD || k->body.at[i].kind == INSN_STORE) visit(self, k->body.at[i].at.storage);
    for (uint32_t i = 0; i < k->products.n; i++) {
        visit(self, k->products.at[i].a.storage);
        visit(self, k->products.at[i].b.storage);
    }
}

struct touched { /* the storages of a kernel, each once */
    struct arena *mem;
    uint32_t base;
    VEC(uint32_t) ids; /* less base */
};

static void touch(void *self, uint32_t storage)
{
    struct touched *t = self;
    if (storage < t->base) return;
    for (uint32_t i = 0; i < t->ids.n; i++)
        if (t->ids.at[i] == storage - t->base) return;
    vec_push(t->mem, &t->ids, storage - t->base);
}

static int64_t grows(const struct order *o, const struct touched *t)
{
    int64_t bytes = 0;
    for (uint32_t i = 0; i < t->ids.n; i++) {
        uint32_t id = t->ids.at[i];
        const struct storage *st = &o->s->kg->storages.at[id];
        if (st->kind == STORAGE_SCRATCH && !o->begun[id]) bytes += st->elements * st->size;
        if (o->left[id] == 1 && !o->kept[id]) bytes -= st->elements * st->size;
    }
    return bytes;
}

/* For each group, the groups that wait for it, and how many it waits for itself. */
struct waits {
    VEC(uint32_t) next;
    uint32_t count;
};

static struct waits *waits_make(struct scheduling *s)
{
    struct waits *w = NEW_ARRAY(s->mem, struct waits, s->groups.n);
    uint32_t *position = NEW_ARRAY(s->mem, uint32_t, s->values.n); /* of a value's group, by the value */
    uint32_t *seen = NEW_ARRAY(s->mem, uint32_t, s->groups.n);     /* the last group, from 1, that counted this one */
    for (uint32_t i = 0; i < s->groups.n; i++)
        for (const struct value *v = s->groups.at[i]->first; v; v = v->next) position[v->id] = i;
    for (uint32_t i = 0; i < s->groups.n; i++)
        for (const struct value *v = s->groups.at[i]->first; v; v = v->next) {
            const struct use *u;
            for (uint32_t j = 0; (u = value_need(v, j)); j++) {
                uint32_t from = position[u->value->id];
                if (from == i || seen[from] == i + 1) continue;
                seen[from] = i + 1;
                vec_push(s->mem, &w[from].next, i);
                w[i].count++;
            }
        }
    return w;
}

/* Moves kernels behind those that neither need them nor they wait for, from the last to the first. `order` has their numbers; nothing is held for longer. */
static void order_late(const struct order *o, const struct touched *touched, const struct waits *w, uint32_t *order)
{
    uint32_t n = o->s->groups.n, m = o->s->kg->storages.n;
    uint32_t *position = NEW_ARRAY(o->s->mem, uint32_t, n), *until = NEW_ARRAY(o->s->mem, uint32_t, m); /* until: kernels so far that touch a storage */
    bool *later = NEW_ARRAY(o->s->mem, bool, m);                                                       /* is it touched by one behind? */
    for (uint32_t p = 0; p < n; p++) {
        position[order[p]] = p;
        for (uint32_t j = 0; j < touched[p].ids.n; j++) until[touched[p].ids.at[j]]++;
    }
    for (uint32_t p = n; p-- > 0;) {
        uint32_t k = order[p], to = n;
        int64_t bytes = 0; /* what it adds, less what is held for it alone */
        for (uint32_t j = 0; j < touched[k].ids.n; j++) {
            uint32_t id = touched[k].ids.at[j];
            const struct storage *st = &o->s->kg->storages.at[id];
            bool first = until[id]-- == 1, last = !later[id] && !o->kept[id];
            later[id] = true;
            if (first != last && st->kind == STORAGE_SCRATCH) bytes += first ? st->elements * st->size : -st->elements * st->size;
        }
        for (uint32_t j = 0; j < w[k].next.n; j++)
            if (position[w[k].next.at[j]] < to) to = position[w[k].next.at[j]];
        if (bytes <= 0 || to == n) continue;
        for (uint32_t q = p; q + 1 < to; q++) order[q] = order[q + 1], position[order[q]] = q;
        order[to - 1] = k, position[k] = to - 1;
    }
}

void order_kernels(struct scheduling *s, const struct kernel *made)
{
    uint32_t n = s->groups.n, m = s->kg->storages.n;
    struct order o = {.s = s, .base = s->k->tensors.n};
    o.left = NEW_ARRAY(s->mem, uint32_t, m);
    o.begun = NEW_ARRAY(s->mem, bool, m);
    o.kept = NEW_ARRAY(s->mem, bool, m);
    for (uint32_t i = 0; i < s->outputs.n; i++)
        if (s->outputs.at[i]->storage >= o.base) o.kept[s->outputs.at[i]->storage - o.base] = true;
    struct touched *touched = NEW_ARRAY(s->mem, struct touched, n);
    for (uint32_t i = 0; i < n; i++) {
        touched[i] = (struct touched){.mem = s->mem, .base = o.base};
        kernel_storages(&made[i], touch, &touched[i]);
        for (uint32_t j = 0; j < touched[i].ids.n; j++) o.left[touched[i].ids.at[j]]++;
    }
    struct waits *w = waits_make(s);
    bool *done = NEW_ARRAY(s->mem, bool, n);
    uint32_t *order = NEW_ARRAY(s->mem, uint32_t, n);
    for (uint32_t placed = 0; placed < n; placed++) {
        uint32_t best = n;
        int64_t least = 0;
        for (uint32_t i = 0; i < n; i++) {
            if (done[i] || w[i].count) continue;
            int64_t bytes = grows(&o, &touched[i]);
            if (best == n || bytes < least) best = i, least = bytes;
        }
        done[best] = true; /* there is one: groups have no cycle */
        order[placed] = best;
        for (uint32_t j = 0; j < touched[best].ids.n; j++) o.left[touched[best].ids.at[j]]--, o.begun[touched[best].ids.at[j]] = true;
        for (uint32_t j = 0; j < w[best].next.n; j++) w[w[best].next.at[j]].count--;
    }
    order_late(&o, touched, w, order);
    for (uint32_t i = 0; i < n; i++) vec_push(s->g->mem, &s->kg->kernels, made[order[i]]);
}

struct lifetime {
    struct scheduling *s;
    uint32_t kernel;
};

static void live(void *self, uint32_t storage)
{
    struct lifetime *l = self;
    if (storage < l->s->k->tensors.n) return;
    struct storage *st = &l->s->kg->storages.at[storage - l->s->k->tensors.n];
    if (l->kernel < st->first) st->first = l->kernel;
    if (l->kernel > st->last) st->last = l->kernel;
}

void order_lifetimes(struct scheduling *s)
{
    struct kernel_graph *kg = s->kg;
    for (uint32_t i = 0; i < kg->storages.n; i++) {
        struct storage *st = &kg->storages.at[i];
        st->first = st->kind == STORAGE_SCRATCH ? UINT32_MAX : 0; /* the runtime fills the others before kernel 0 */
        st->last = 0;
    }
    struct lifetime l = {s, 0};
    for (; l.kernel < kg->kernels.n; l.kernel++) kernel_storages(&kg->kernels.at[l.kernel], live, &l);
    l.kernel = kg->kernels.n ? kg->kernels.n - 1 : 0;
    for (uint32_t i = 0; i < s->outputs.n; i++) live(&l, s->outputs.at[i]->storage);
}
