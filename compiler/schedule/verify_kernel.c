/* verify_kernel.c: one kernel: that its tasks make up its points, that values stand where they may be used, that accesses stay inside their
 * storages, and that points can run in any order, so that any number of threads gives the same. */
#include "schedule/verify.h"

#include "base/diag.h"

#include <ganrt/random.h>
#include <string.h>

#define MOST_POINTS ((int64_t)1 << 62)

struct checking {
    const struct verifying *v;
    const struct kernel *k;
    const struct kernel_places *at;
    struct arena *mem;
    bool reduces; /* it has reductions */
    bool all[KERNEL_RANK], parallel[KERNEL_RANK];
    bool *depends; /* by instruction: on a reduced dimension */
};

static struct span head(const struct checking *c)
{
    return c->at ? c->at->head : (struct span){0};
}
static struct span place(const struct checking *c, uint32_t insn)
{
    return c->at ? c->at->body[insn] : (struct span){0};
}

static void wrong(const struct checking *c, const char *why)
{
    diag(c->v->g, E0879, head(c), c->k->name, why);
}
static void misplaced(const struct checking *c, uint32_t insn, const char *why)
{
    diag(c->v->g, E0878, place(c, insn), why);
}

/* ---- shape ---- */

static int64_t parts(int64_t extent, int64_t part)
{
    return extent / part + (extent % part > 0);
}

static bool times(int64_t a, int64_t b, int64_t *product)
{
    return !__builtin_mul_overflow(a, b, product) && *product <= MOST_POINTS;
}

static void verify_loop(const struct checking *c)
{
    const struct kernel *k = c->k;
    bool cut = k->tasks > 1;
    if (k->rank == 0) wrong(c, "it has no loop");
    else if (k->products.n) wrong(c, "a product is made by tiles");
    else if (k->split >= k->rank || (cut && k->reduced[k->split])) wrong(c, "it is not cut along a dimension that runs in parallel");
    else if (k->chunk > k->extent[k->split] || parts(k->extent[k->split], k->chunk) != k->tasks)
        diag(c->v->g, E0877, head(c), k->tasks, k->name,
             arena_format(c->v->g->mem, "i%u has %lld parts of %lld", k->split, (long long)parts(k->extent[k->split], k->chunk), (long long)k->chunk));
    else if (cut && k->split + 1 == k->rank && k->chunk % PRODUCT_LANES)
        wrong(c, arena_format(c->v->g->mem, "the parts of its last dimension, along which vectors run, are no multiple of %d", PRODUCT_LANES));
    if (k->library) wrong(c, "a library makes products, and it is none");
    bool reduced = false;
    for (uint32_t d = 0; d < k->rank; d++) reduced = reduced || k->reduced[d];
    if (reduced && !c->reduces) wrong(c, "it runs over a dimension, but reduces nothing");
    if (!reduced && c->reduces) wrong(c, "it reduces, but runs over no dimension to reduce");
}

/* What a tile's columns must be a multiple of, unless they are all there are: where panels stand in memory, it begins with one. */
static int64_t column_unit(const struct checking *c)
{
    const struct kernel *k = c->k;
    bool panels = kernel_draws(k);
    for (uint32_t i = 0; i < k->products.n; i++)
        panels = panels || (!k->products.at[i].tb && kernels_storage(c->v->k, c->v->kg, k->products.at[i].b.storage)->columns);
    for (uint32_t i = 0; i < k->body.n; i++)
        panels = panels || (k->body.at[i].kind == INSN_STORE && kernels_storage(c->v->k, c->v->kg, k->body.at[i].at.storage)->columns);
    return panels ? kernel_group(k) : PRODUCT_LANES;
}

/* Do the panels of its right operands fit into a worker's memory? */
static bool panels_fit(const struct checking *c)
{
    const struct kernel *k = c->k;
    int64_t depth = 2 * PRODUCT_DEPTH + k->tile[0], bytes; /* with what follows, more than kernel_worker_bytes adds up */
    for (uint32_t i = 0; i < k->products.n; i++)
        if (__builtin_add_overflow(depth, k->products.at[i].k, &depth)) return false;
    if (kernel_windows(k) && windows_patches(k) && (!times(k->tile[0] + 2 * PRODUCT_LANES, windows_depth(&k->products.at[0]), &bytes) ||
                                                    __builtin_add_overflow(depth, bytes, &depth)))
        return false;
    return times(depth, k->tile[1] + 2 * PRODUCT_CHUNK, &bytes) && times(bytes, 8, &bytes) &&
           kernel_worker_bytes(k, c->v->k->program->f64 ? 8 : 4) <= c->v->k->worker_bytes;
}

/* Does anything that it uses lie in panels? */
static bool meets_panels(const struct checking *c)
{
    const struct kernel *k = c->k;
    bool panels = false;
    for (uint32_t i = 0; i < k->products.n; i++)
        panels = panels || k->products.at[i].panels || kernels_storage(c->v->k, c->v->kg, k->products.at[i].b.storage)->columns;
    for (uint32_t i = 0; i < k->body.n; i++) {
        const struct insn *in = &k->body.at[i];
        panels = panels || ((in->kind == INSN_LOAD || in->kind == INSN_STORE) && kernels_storage(c->v->k, c->v->kg, in->at.storage)->columns);
    }
    return panels;
}

/* Is what a product over windows of few channels makes to lie in panels? It is stored down the rows. */
static bool spread_panels(const struct checking *c)
{
    const struct kernel *k = c->k;
    return kernel_windows(k) && windows_slices(k) && kernels_storage(c->v->k, c->v->kg, k->body.at[1].at.storage)->columns;
}

/* Of a product over windows: is a tile of whole positions, or the same whole part of each? */
static bool windows_cut(const struct kernel *k)
{
    int64_t unit = windows_unit(k), inner = windows_inner(k);
    if (windows_spreads(k) || (windows_patches(k) && (k->tile[0] == k->extent[0] || k->tile[0] % PRODUCT_BLOCK == 0))) return true;
    if (windows_runs(k)) return k->tile[0] % (inner * kernel_windows(k)->grid[1]) == 0;
    return k->tile[0] % unit == 0 && inner % unit == 0 && (unit == inner || unit % PRODUCT_BLOCK == 0);
}

static void verify_product(const struct checking *c)
{
    const struct kernel *k = c->k;
    int64_t tiles = 0;
    if (k->rank != 2 || k->reduced[0] || k->reduced[1] || c->reduces) wrong(c, "a product has rows i0 and columns i1, both parallel, and reduces nothing else");
    else if (!k->products.n) wrong(c, "it is made by tiles, but of no product");
    else if (k->split || k->chunk != k->extent[0] || k->tile[0] > k->extent[0] || k->tile[1] > k->extent[1]) wrong(c, "its tiles are larger than the whole");
    else if (kernel_windows(k) && !windows_cut(k))
        wrong(c, arena_format(c->v->g->mem, "a tile is of whole positions, or a whole part of one, a multiple of %d rows", PRODUCT_BLOCK));
    else if (!kernel_windows(k) && k->tile[0] < k->extent[0] && k->tile[0] % PRODUCT_BLOCK)
        wrong(c, arena_format(c->v->g->mem, "the rows of its tiles are no multiple of %d", PRODUCT_BLOCK));
    else if (k->tile[1] < k->extent[1] && k->tile[1] % column_unit(c))
        wrong(c, arena_format(c->v->g->mem, "the columns of its tiles are no multiple of %lld", (long long)column_unit(c)));
    else if (!times(parts(k->extent[0], k->tile[0]), parts(k->extent[1], k->tile[1]), &tiles) || tiles != k->tasks)
        diag(c->v->g, E0877, head(c), k->tasks, k->name, arena_format(c->v->g->mem, "there are %lld tiles", (long long)tiles));
    else if (kernel_windows(k) && (k->library || c->v->k->program->f64)) wrong(c, "the library knows no products over windows");
    else if (spread_panels(c)) wrong(c, "what it makes of so few channels cannot lie in panels");
    else if (k->library && c->v->k->program->f64) wrong(c, "the library multiplies all doubles: there is no word for it");
    else if (k->library && meets_panels(c)) wrong(c, "a library knows no panels, but a storage that it uses lies in some");
    else if (!panels_fit(c)) wrong(c, "what it packs does not fit into a worker's memory");
}

/* A matrix of [rows, columns] as stored. */
static void verify_operand(const struct checking *c, uint32_t product, const struct access *a, int64_t rows, int64_t columns, int64_t ld, bool right)
{
    const struct storage *s = kernels_storage(c->v->k, c->v->kg, a->storage);
    const struct product *x = &c->k->products.at[product];
    int64_t last;
    struct span at = c->at ? c->at->products[product] : (struct span){0};
    bool far = __builtin_mul_overflow(rows - 1, ld, &last) || __builtin_add_overflow(last, columns - 1 + a->offset, &last); /* each at most MAX_ELEMENTS */
    if (far) last = INT64_MAX;
    if (a->offset < 0 || last >= s->elements) diag(c->v->g, E0876, at, s->name, (long long)a->offset, (long long)last, (long long)s->elements);
    else if (ld < columns) wrong(c, "the rows of an operand lie over each other");
    else if (s->size != (c->v->k->program->f64 ? 8 : 4)) wrong(c, "an operand's elements are not those of the program");
    else if (s->columns && (a->offset % s->columns || ld != columns || s->columns != columns))
        wrong(c, "of what lies in panels, an operand is whole rows");
    else if (s->columns && right && x->tb && rows * columns != s->elements) wrong(c, "what lies in panels and is turned can be its right operand only whole");
    else if (s->columns && !right && x->windows.on && windows_runs(c->k)) wrong(c, "the images of so few examples cannot lie in panels");
    else if (s->columns && !right && !x->ta && !x->windows.on && kernel_depth(c->k) > PRODUCT_DEEP) wrong(c, "a left operand so deep cannot lie in panels");
    else if (s->columns && (columns <= PRODUCT_PANEL || x->k < PRODUCT_BLOCK)) wrong(c, "an operand is too small to lie in panels");
    for (uint32_t i = 0; i < c->k->body.n; i++)
        if (c->k->body.at[i].kind == INSN_STORE && c->k->body.at[i].at.storage == a->storage) diag(c->v->g, E0857, place(c, i), c->k->name);
}

/* ---- values ---- */

bool access_span(const struct kernel *k, const struct access *a, int64_t *low, int64_t *high)
{
    *low = *high = a->offset;
    for (uint32_t d = 0; d < k->rank; d++) {
        int64_t reach;
        if (__builtin_mul_overflow(a->stride[d], k->extent[d] - 1, &reach)) return false;
        if (__builtin_add_overflow(reach < 0 ? *low : *high, reach, reach < 0 ? low : high)) return false;
    }
    return true;
}

static bool varies(const struct checking *c, const struct access *a)
{
    for (uint32_t d = 0; d < c->k->rank; d++)
        if (c->k->reduced[d] && a->stride[d]) return true;
    return false;
}

static void verify_value(const struct checking *c, uint32_t i, uint32_t arg)
{
    const struct insn *user = &c->k->body.at[i], *in = &c->k->body.at[arg];
    if (in->kind == INSN_STORE) misplaced(c, i, "a store has no value");
    else if (!user->outer && (in->outer || in->kind == INSN_REDUCE)) misplaced(c, i, "inside, nothing is known of what comes after the reduction");
    else if (user->outer && !in->outer && in->kind != INSN_REDUCE && c->depends[arg])
        misplaced(c, i, "after the reduction, a value that differs along it cannot be used");
}

/* Do all streams that it draws from, its last example being `last`? */
static bool streams_exist(const struct checking *c, const struct insn *in, int64_t last)
{
    int64_t minibatch = in->minibatch ? last / in->minibatch : 0, stream;
    if (__builtin_mul_overflow(minibatch, (int64_t)in->apart, &stream) || __builtin_add_overflow(stream, (int64_t)in->index, &stream)) return false;
    return stream < c->v->k->program->streams && stream < GANRT_STREAM_RUNTIME;
}

static void verify_insn(const struct checking *c, uint32_t i)
{
    const struct insn *in = &c->k->body.at[i];
    const struct kernel *k = c->k;
    int64_t low, high, low2 = 0, high2 = 0;
    bool access = in->kind == INSN_LOAD || in->kind == INSN_STORE, number = in->kind == INSN_INDEX || in->kind == INSN_RANDOM;
    const struct storage *s = access ? kernels_storage(c->v->k, c->v->kg, in->at.storage) : NULL;
    bool near = access_span(k, &in->at, &low, &high) && access_span(k, &in->example, &low2, &high2);
    c->depends[i] = (access || number) && (varies(c, &in->at) || varies(c, &in->example));
    for (uint32_t a = 0; a < in->nargs; a++) {
        verify_value(c, i, in->arg[a]);
        c->depends[i] = c->depends[i] || c->depends[in->arg[a]];
    }
    if (in->kind == INSN_REDUCE) c->depends[i] = false;
    if (!near) low = INT64_MIN, high = INT64_MAX;
    if (in->outer && !c->reduces) misplaced(c, i, "the kernel reduces nothing: there is no after");
    else if (in->outer && c->depends[i]) misplaced(c, i, "after the reduction, nothing can differ along it");
    else if (in->kind == INSN_PRODUCT && k->kind != KERNEL_PRODUCT) misplaced(c, i, "only a product has a tile");
    else if (in->kind == INSN_STORE && s->kind != STORAGE_TENSOR && s->kind != STORAGE_SCRATCH) misplaced(c, i, "what the runtime fills is only read");
    else if (access && (low < 0 || high >= s->elements)) diag(c->v->g, E0876, place(c, i), s->name, (long long)low, (long long)high, (long long)s->elements);
    else if (number && !near) misplaced(c, i, "the numbers are beyond 2^63");
    else if (in->kind == INSN_RANDOM && (low < 0 || low2 < 0 || high2 > UINT32_MAX)) misplaced(c, i, "elements and examples count from 0, examples to 2^32");
    else if (in->kind == INSN_RANDOM && !streams_exist(c, in, high2))
        misplaced(c, i, "there is no such stream");
}

/* ---- order ---- */

static bool same_access(const struct checking *c, const struct access *a, const struct access *b)
{
    bool same = a->offset == b->offset;
    for (uint32_t d = 0; d < c->k->rank; d++) same = same && (a->stride[d] == b->stride[d] || c->k->extent[d] == 1);
    return same;
}

/* A store may not write an element twice, nor one that another point reads or writes; what its own point reads of it, it reads before. */
static void verify_store(const struct checking *c, uint32_t i)
{
    const struct insn *in = &c->k->body.at[i];
    const struct storage *s = kernels_storage(c->v->k, c->v->kg, in->at.storage);
    if (!affine_injective(c->k, &in->at, in->outer ? c->parallel : c->all)) {
        diag(c->v->g, E0880, place(c, i), s->name, "two points write the same element");
        return;
    }
    for (uint32_t j = 0; j < c->k->body.n; j++) {
        const struct insn *other = &c->k->body.at[j];
        bool stores = other->kind == INSN_STORE;
        if (j == i || (!stores && other->kind != INSN_LOAD) || other->at.storage != in->at.storage || (stores && j > i)) continue;
        if (affine_disjoint(c->k, &in->at, &other->at)) continue;
        if (stores) diag(c->v->g, E0880, place(c, i), s->name, "another store of this kernel writes the same element");
        else if (!same_access(c, &in->at, &other->at)) diag(c->v->g, E0880, place(c, i), s->name, "another point reads what is overwritten");
        else if (j > i) diag(c->v->g, E0880, place(c, i), s->name, "it is read again after it was overwritten");
    }
}

void verify_kernel(const struct verifying *v, uint32_t number)
{
    const struct kernel *k = &v->kg->kernels.at[number];
    struct checking c = {.v = v, .k = k, .at = v->at ? &v->at->kernels[number] : NULL, .mem = arena_new()};
    uint32_t errors = diag_errors(v->g);
    bool stores = false;
    int64_t points = 1;
    c.depends = NEW_ARRAY(c.mem, bool, k->body.n + 1);
    for (uint32_t d = 0; d < k->rank; d++) {
        c.all[d] = true, c.parallel[d] = !k->reduced[d];
        if (points && !times(points, k->extent[d], &points)) points = 0;
    }
    for (uint32_t i = 0; i < k->body.n; i++) {
        c.reduces = c.reduces || k->body.at[i].kind == INSN_REDUCE;
        stores = stores || k->body.at[i].kind == INSN_STORE;
    }
    if (!points) wrong(&c, "it has more than 2^62 points");
    else if (!stores) wrong(&c, "it stores nothing");
    else if (k->kind == KERNEL_PRODUCT) verify_product(&c);
    else verify_loop(&c);
    if (diag_errors(v->g) == errors)
        for (uint32_t i = 0; i < k->products.n; i++) {
            const struct product *p = &k->products.at[i];
            int64_t pixels = p->windows.image[0] * p->windows.image[1], rows = p->ta ? p->k : k->extent[0], columns = p->ta ? k->extent[0] : p->k;
            if (p->windows.on) rows = pixels * (p->ta ? windows_depth(p) : windows_inner(k)), columns = p->ta ? windows_inner(k) : windows_depth(p);
            verify_operand(&c, i, &p->a, rows, columns, p->lda, false);
            verify_operand(&c, i, &p->b, p->tb ? k->extent[1] : p->k, p->tb ? p->k : k->extent[1], p->ldb, true);
        }
    for (uint32_t i = 0; i < k->body.n; i++) verify_insn(&c, i);
    for (uint32_t i = 0; i < k->body.n && diag_errors(v->g) == errors; i++)
        if (k->body.at[i].kind == INSN_STORE) verify_store(&c, i);
    arena_free(c.mem);
}
