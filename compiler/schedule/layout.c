/* layout.c: which tensors are kept in panels (kernels.h), packed as the products read them, across steps.
 *
 * Weights: a matrix that products take as their right operand, whole, as it is or turned, and never as their left one. With the update that ends
 * in the product of a gradient go the tensors that it reads and writes at the same places: momenta, squares, averages. What other
 * kernels read of them they find by number, so that this is a matter of speed alone. */
#include "schedule/internal.h"
#include "schedule/rules.h"

#include <string.h>

struct layouts {
    struct kernels *k;
    int64_t *columns; /* by tensor: of its matrix; 0: nothing is known yet, NEVER: it stays in row-major order */
};
#define NEVER (-1)

/* Is the right operand of k the whole of a matrix of `ld` columns? */
static bool whole(const struct kernel *k, const struct product *p, const struct storage *s)
{
    int64_t rows = p->tb ? k->extent[1] : p->k, columns = p->tb ? p->k : k->extent[1];
    return !p->b.offset && columns == p->ldb && rows * columns == s->elements;
}

/* A library knows no panels: whatever such a kernel reads or writes stays in row-major order. */
static void plain(struct layouts *l, const struct kernel *k)
{
    for (uint32_t i = 0; i < k->products.n; i++) {
        const struct product *p = &k->products.at[i];
        if (p->a.storage < l->k->tensors.n) l->columns[p->a.storage] = NEVER;
        if (p->b.storage < l->k->tensors.n) l->columns[p->b.storage] = NEVER;
    }
    for (uint32_t i = 0; i < k->body.n; i++) {
        const struct insn *in = &k->body.at[i];
        if ((in->kind == INSN_LOAD || in->kind == INSN_STORE) && in->at.storage < l->k->tensors.n) l->columns[in->at.storage] = NEVER;
    }
}

static void operands(struct layouts *l, const struct kernel *k)
{
    if (k->library) {
        plain(l, k);
        return;
    }
    for (uint32_t i = 0; i < k->products.n; i++) {
        const struct product *p = &k->products.at[i];
        if (p->a.storage < l->k->tensors.n) l->columns[p->a.storage] = NEVER;
        if (p->b.storage >= l->k->tensors.n) continue;
        int64_t *columns = &l->columns[p->b.storage];
        bool fits = whole(k, p, &l->k->tensors.at[p->b.storage]) && p->ldb % PRODUCT_LANES == 0 && p->ldb > PRODUCT_PANEL && p->k >= PRODUCT_BLOCK;
        if (!fits || (*columns && *columns != p->ldb)) *columns = NEVER;
        else *columns = p->ldb;
    }
}

static bool same_places(const struct access *a, const struct access *b)
{
    return a->offset == b->offset && !memcmp(a->stride, b->stride, sizeof a->stride);
}

/* Tensors that this product's body reads or writes where it writes weights. */
static void followers(struct layouts *l, const struct kernel *k)
{
    for (uint32_t i = 0; i < k->body.n; i++) {
        const struct insn *store = &k->body.at[i];
        if (store->kind != INSN_STORE || store->at.storage >= l->k->tensors.n) continue;
        int64_t columns = l->columns[store->at.storage];
        if (columns <= 0 || columns != k->extent[1]) continue;
        for (uint32_t j = 0; j < k->body.n; j++) {
            const struct insn *in = &k->body.at[j];
            if ((in->kind != INSN_LOAD && in->kind != INSN_STORE) || in->at.storage >= l->k->tensors.n || !same_places(&in->at, &store->at)) continue;
            const struct storage *s = &l->k->tensors.at[in->at.storage];
            if (!l->columns[in->at.storage] && s->size == 4 && s->elements == l->k->tensors.at[store->at.storage].elements) l->columns[in->at.storage] = columns;
        }
    }
}

void layouts_choose(struct ganc *g, struct kernels *k)
{
    if (k->program->f64 || !rule_on(g, RULE_panels)) return;
    struct arena *mem = arena_new();
    struct layouts l = {k, NEW_ARRAY(mem, int64_t, k->tensors.n + 1)};
    for (uint32_t i = 0; i < k->graphs.n; i++)
        for (uint32_t j = 0; j < k->graphs.at[i].kernels.n; j++)
            if (k->graphs.at[i].kernels.at[j].kind == KERNEL_PRODUCT) operands(&l, &k->graphs.at[i].kernels.at[j]);
    for (uint32_t i = 0; i < k->graphs.n; i++)
        for (uint32_t j = 0; j < k->graphs.at[i].kernels.n; j++)
            if (k->graphs.at[i].kernels.at[j].kind == KERNEL_PRODUCT) followers(&l, &k->graphs.at[i].kernels.at[j]);
    for (uint32_t i = 0; i < k->tensors.n; i++)
        if (l.columns[i] > 0) k->tensors.at[i].columns = l.columns[i];
    arena_free(mem);
}
