/* layout.c: what is kept in panels (kernels.h), packed as the products read it: tensors across steps, scratch between the kernels of a graph.
 *
 * Weights: a matrix that products take as their right operand, whole, as it is or turned, and never as their left one. With the update that ends
 * in the product of a gradient go the tensors that it reads and writes at the same places: momenta, squares, averages. What other
 * kernels read of them they find by number, so that this is a matter of speed alone.
 *
 * Between kernels: matrices that products make, and those that they read as a left operand, as it is or turned, or as a right one, as it is. */
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
            if (!l->columns[in->at.storage] && s->size == 4 && s->elements == l->k->tensors.at[store->at.storage].elements)
                l->columns[in->at.storage] = columns;
        }
    }
}

/* ---- what is kept between the kernels of a graph ---- */

struct between {
    const struct kernels *k;
    const struct kernel_graph *kg;
    int64_t *columns; /* by storage of the graph's own: of its matrix, 0: unknown, NEVER */
    bool *made;       /* by storage: no product reads it */
};

static int64_t *between_columns(const struct between *b, uint32_t storage) { return &b->columns[storage - b->k->tensors.n]; }

/* An operand of x, whole rows of a matrix of `ld` columns. */
static void between_operand(const struct between *b, const struct kernel *k, const struct product *x, bool right)
{
    const struct access *a = right ? &x->b : &x->a;
    if (a->storage < b->k->tensors.n) return;
    const struct storage *s = kernels_storage(b->k, b->kg, a->storage);
    int64_t ld = right ? x->ldb : x->lda, *of = between_columns(b, a->storage);
    int64_t columns = right ? k->extent[1] : x->windows.on ? ld : x->ta ? k->extent[0] : x->k;
    bool fits = ld == columns && ld % PRODUCT_LANES == 0 && ld > PRODUCT_PANEL && a->offset % ld == 0 && s->elements % ld == 0 && x->k >= PRODUCT_BLOCK;
    if (k->library || (right && x->tb) || (!right && !x->ta && !x->windows.on && kernel_depth(k) > PRODUCT_DEEP)) fits = false;
    if (x->windows.on && !right && windows_runs(k)) fits = false;
    *of = fits && (!*of || *of == ld) ? ld : NEVER;
}

/* The columns of what a product's body writes as whole rows: in panels, a block's part of it is one stretch of memory. */
static int64_t between_made(const struct between *b, const struct kernel *k, const struct insn *in)
{
    int64_t columns = k->extent[1];
    bool rows = k->kind == KERNEL_PRODUCT && in->kind == INSN_STORE && in->at.stride[0] == columns && in->at.stride[1] == 1 && columns % PRODUCT_LANES == 0;
    if (!rows || columns <= PRODUCT_PANEL || kernels_storage(b->k, b->kg, in->at.storage)->elements % columns) return 0;
    return columns;
}

/* Do vectors find its elements side by side in one panel, or one for all lanes, or in pieces? */
static bool between_panels(const struct kernel *k, const struct insn *in, int64_t columns)
{
    uint32_t lane = k->rank, pack = k->rank;
    if (kernel_windows(k) && windows_slices(k)) return false; /* it stores down the rows */
    while (lane > 0 && in->outer && k->reduced[lane - 1]) lane--;
    if (lane == 0) return true;
    int64_t inside = in->at.stride[--lane], last = in->at.offset % columns;
    if (in->at.offset % PRODUCT_LANES) return inside == 0;
    for (uint32_t d = 0; inside > 1 && d < k->rank; d++)
        if (d != lane && in->at.stride[d] == 1 && k->extent[d] == inside) pack = d;
    for (uint32_t d = 0; d < k->rank; d++) {
        int64_t stride = in->at.stride[d];
        if (stride < 0) return false;
        if (d != lane && d != pack && stride % PRODUCT_LANES && inside) return false;
        if (stride % columns) last += stride * (k->extent[d] - 1);
    }
    return inside <= 1 ? true : pack < k->rank && last < columns;
}

/* Are there loops over parts of a row, such as the pixels of an image made by a dense layer? They would go from panel to panel. */
static bool between_parts(const struct kernel *k, const struct insn *in, int64_t columns)
{
    for (uint32_t d = 0; d + 1 < k->rank; d++)
        if (in->at.stride[d] >= PRODUCT_PANEL && in->at.stride[d] < columns) return true;
    return false;
}

static void between_choose(struct arena *mem, struct kernels *k, struct kernel_graph *kg)
{
    struct between b = {k, kg, NEW_ARRAY(mem, int64_t, kg->storages.n + 1), NEW_ARRAY(mem, bool, kg->storages.n + 1)};
    for (uint32_t i = 0; i < kg->kernels.n; i++)
        for (uint32_t j = 0; j < kg->kernels.at[i].products.n; j++)
            for (int right = 0; right < 2; right++) between_operand(&b, &kg->kernels.at[i], &kg->kernels.at[i].products.at[j], right);
    for (uint32_t i = 0; i < kg->kernels.n; i++)
        for (uint32_t j = 0; j < kg->kernels.at[i].body.n; j++) {
            const struct insn *in = &kg->kernels.at[i].body.at[j];
            if ((in->kind != INSN_LOAD && in->kind != INSN_STORE) || in->at.storage < k->tensors.n) continue;
            int64_t *columns = between_columns(&b, in->at.storage);
            bool *made = &b.made[in->at.storage - k->tensors.n];
            if (!*columns) *columns = between_made(&b, &kg->kernels.at[i], in), *made = *columns > 0;
            if (*made && *columns > 0 && between_parts(&kg->kernels.at[i], in, *columns)) *columns = NEVER;
            if (*columns > 0 && (kg->kernels.at[i].library || !between_panels(&kg->kernels.at[i], in, *columns))) *columns = NEVER;
        }
    for (uint32_t i = 0; i < kg->outputs.n; i++)
        if (kg->outputs.at[i].storage >= k->tensors.n) *between_columns(&b, kg->outputs.at[i].storage) = NEVER;
    for (uint32_t i = 0; i < kg->storages.n; i++) {
        struct storage *s = &kg->storages.at[i];
        if (s->kind == STORAGE_SCRATCH && s->size == 4 && b.columns[i] > 0) s->columns = b.columns[i];
    }
}

/* ---- all ---- */

void kernels_mark(struct kernels *k)
{
    for (uint32_t i = 0; i < k->graphs.n; i++)
        for (uint32_t j = 0; j < k->graphs.at[i].kernels.n; j++) {
            struct kernel *kernel = &k->graphs.at[i].kernels.at[j];
            for (uint32_t x = 0; x < kernel->products.n; x++)
                kernel->products.at[x].panels = kernels_storage(k, &k->graphs.at[i], kernel->products.at[x].a.storage)->columns > 0;
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
    for (uint32_t i = 0; i < k->graphs.n && rule_on(g, RULE_activations); i++) between_choose(mem, k, &k->graphs.at[i]);
    kernels_mark(k);
    arena_free(mem);
}
