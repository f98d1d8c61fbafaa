/* memo.c: what calls and values of the present graph gave: the same of the same is one value, and draws once (LANGUAGE section 8). */
#include "elaborate/internal.h"

#include <string.h>

static uint32_t mix(uint32_t h, uint64_t x)
{
    uint64_t y = (h ^ x) * 0x9e3779b97f4a7c15u;
    return (uint32_t)(y >> 32);
}

/* Values that value_equal calls equal hash alike. */
static uint32_t hash_of(const struct declaration *d, bool training, uint32_t n, const struct value *arguments)
{
    uint32_t h = mix((uint32_t)training, (uintptr_t)d);
    for (uint32_t i = 0; i < n; i++) {
        const struct value *v = &arguments[i];
        uint64_t x = (uint64_t)v->kind;
        if (v->kind == VALUE_NUMBER || v->kind == VALUE_BOOLEAN) memcpy(&x, &v->number, sizeof x);
        else if (v->kind == VALUE_NODE) x = (uintptr_t)v->node;
        h = mix(h, x);
    }
    return h;
}

struct memo *memo_find(struct elaboration *e, const struct declaration *d, uint32_t n, const struct value *arguments)
{
    if (!e->memos.room) return NULL;
    uint32_t hash = hash_of(d, e->training, n, arguments);
    for (uint32_t i = e->memos.buckets[hash & (e->memos.room - 1)]; i; i = e->memos.all.at[i - 1].next) {
        struct memo *m = &e->memos.all.at[i - 1];
        if (m->hash != hash || m->callee != d || m->training != e->training || m->average != e->average || m->n != n) continue;
        bool same = true;
        for (uint32_t k = 0; k < n && same; k++) same = value_equal(&m->arguments[k], &arguments[k]);
        if (same) return m;
    }
    return NULL;
}

static void link_memo(struct memos *m, uint32_t i)
{
    uint32_t *bucket = &m->buckets[m->all.at[i].hash & (m->room - 1)];
    m->all.at[i].next = *bucket;
    *bucket = i + 1;
}

void memo_add(struct elaboration *e, const struct declaration *d, uint32_t n, const struct value *arguments, struct value result)
{
    if (result.kind != VALUE_NODE && result.kind != VALUE_GRADIENTS) return;
    struct memo m = {.callee = d, .training = e->training, .average = e->average, .n = n, .result = result, .hash = hash_of(d, e->training, n, arguments)};
    if (n) m.arguments = arena_copy(e->g->mem, arguments, n * sizeof *arguments);
    vec_push(e->g->mem, &e->memos.all, m);
    if (e->memos.all.n <= e->memos.room) {
        link_memo(&e->memos, e->memos.all.n - 1);
        return;
    }
    e->memos.room = e->memos.room ? e->memos.room * 2 : 64;
    e->memos.buckets = NEW_ARRAY(e->g->mem, uint32_t, e->memos.room);
    for (uint32_t i = 0; i < e->memos.all.n; i++) link_memo(&e->memos, i);
}

void memo_forget(struct elaboration *e)
{
    e->memos.all.n = 0;
    if (e->memos.room) memset(e->memos.buckets, 0, e->memos.room * sizeof *e->memos.buckets);
}
