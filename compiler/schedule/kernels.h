/* kernels.h: the last form before LLVM: loop nests over storages in one arena, in order, for each graph.
 *
 * Code generation reads nothing but this (and the program's schedule, settings and tables, which `program` holds). A kernel is one
 * of two things:
 *   LOOP     a nest over `extent[0..rank)`; dimensions marked `reduced` are summed (maximised) over, the rest are parallel.
 *   PRODUCT  an [extent[0], extent[1]] matrix, the sum of one or more matrix products, made tile by tile, and a body that runs over
 *            each finished tile (the epilogue).
 * The body is a list of instructions; instruction i's value is named %i. Values before a reduction live at each point
 * of the nest ("inner"); a REDUCE turns an inner value into one for each point of the parallel dimensions ("outer"),
 * and what depends on an outer value is outer. */
#ifndef GANC_KERNELS_H
#define GANC_KERNELS_H

#include "graph/program.h"

enum storage_kind {
    STORAGE_TENSOR,  /* a parameter or state; index: program->tensors. Lives for ever */
    STORAGE_BATCH,   /* a minibatch that the runtime fills before the graph runs; index: program->data, draw */
    STORAGE_MEAN,    /* a data set's mean example, filled by the runtime; index: program->data */
    STORAGE_INPUT,   /* an input of a net's program, filled by the caller; index: position */
    STORAGE_SCRATCH, /* between kernels of one graph */
};

struct storage {
    enum storage_kind kind;
    uint32_t index, draw;
    const char *name;     /* for readers */
    int64_t elements;
    uint32_t size;        /* bytes of an element: 4, or 8; 1: scratch of whole numbers from 0 to 255, see narrow.h */
    int64_t offset;       /* bytes from the arena's start; a multiple of 64 */
    int64_t columns;      /* TENSOR, SCRATCH: 0: its elements lie in row-major order; else it is a matrix of so many columns, laid out in panels */
    uint32_t first, last; /* kernels of its graph between which it must keep its content (not TENSOR) */
    bool batched;         /* INPUT, SCRATCH: it grows with the minibatch, as a BATCH does; only plan_smaller asks */
};

#define KERNEL_RANK 9 /* MAX_RANK and the batch */

#define RED_ZONE 64 /* bytes left free behind each storage under --check=bounds */

/* Where an element lies, in elements: offset + sum of stride[d] * index of dimension d. */
struct access {
    uint32_t storage;
    int64_t offset;
    int64_t stride[KERNEL_RANK];
};

enum insn_kind {
    INSN_NUMBER,  /* number */
    INSN_SCALAR,  /* the graph's scalar `index`, converted to the element type */
    INSN_INDEX,   /* at.offset + sum at.stride[d] * i_d, as a number (iota) */
    INSN_LOAD,    /* at */
    INSN_STORE,   /* at; arg[0]. No value */
    INSN_OP,      /* op, of class MAP; arg[0..nargs) */
    INSN_RANDOM,  /* op, one of rand_*; stream: index; at: the element within its example; example: the example. bernoulli: scalar `scalar`, normal: none,
                     index: number; minibatch, apart: of stacked ones */
    INSN_PRODUCT, /* the element of the matrix product (PRODUCT kernels only) */
    INSN_REDUCE,  /* op: sum, max_over or argmax (argmax: along the innermost reduced dimension); arg[0] */
};

struct insn {
    enum insn_kind kind;
    enum op op;
    uint32_t nargs, arg[3]; /* earlier instructions */
    double number;
    uint32_t index, scalar;
    uint32_t apart;         /* RANDOM: example e is example e % minibatch of stream index + apart * (e / minibatch); minibatch 0: e of stream index */
    int64_t minibatch;
    struct access at, example;
    bool outer;             /* runs once for each point of the parallel dimensions, after the reduction */
    struct span span;       /* of what computes (OP, PRODUCT, REDUCE, SCALAR): what it was made from */
};

/* A product over the windows of images that lie [rows, columns, examples, channels], the batch inside. Its rows come in groups of `inner`, one for each
 * position of the grid, and k in taps of equal depth. For each position and tap a's part is that of one pixel of the image, an
 * [examples, channels] matrix; what falls outside of the image is left out.
 *     as it is      rows (position, example), k (tap, channel): the pixel is stride * position + tap - before
 *     back          likewise, but the pixel is (position + before - tap) / stride, where that is whole
 *     a turned      rows (position, channel), k (tap, example): the pixel is position + stride * tap - before
 * The first makes conv2d, the second its transpose, the third its gradient for the weights. */
struct windows {
    bool on, back;
    int64_t grid[2], taps[2], image[2], stride[2], before[2];
};

#define WINDOWS_MOST ((int64_t)1 << 20) /* a stride, and what lies before an image */

struct product {
    struct access a, b;     /* a, b as stored: row-major matrices; only storage and offset count */
    int64_t lda, ldb;       /* elements between rows as stored */
    bool ta, tb;            /* a is stored [k, m], b is stored [n, k] */
    bool panels;            /* a lies in panels: its storage says so, and kernels_mark repeats it here */
    int64_t k;
    struct windows windows; /* a kernel with one has no other product */
};

enum kernel_kind { KERNEL_LOOP, KERNEL_PRODUCT };

struct kernel {
    enum kernel_kind kind;
    const char *name;       /* made of the layer's and operations' names */
    struct span span;
    uint32_t rank;
    int64_t extent[KERNEL_RANK];
    bool reduced[KERNEL_RANK];
    VEC(struct insn) body;
    VEC(struct product) products;
    bool look;              /* it runs only where the runtime looks (looks.c) */
    bool library;           /* PRODUCT of floats: by OpenBLAS (--blas), as all of doubles are; it reads and writes nothing in panels */
    int64_t tile[2];        /* PRODUCT: rows and columns of a tile; each tile is a task */
    uint32_t split;         /* LOOP: the parallel dimension that is cut into tasks */
    int64_t chunk;          /* LOOP: how much of it a task takes; extent[split] where there is one task */
    uint32_t tasks;
};

struct kernel_output {
    const struct output *output;
    uint32_t storage;       /* where the value stands when the graph has run, row-major */
};

struct kernel_graph {
    const struct graph *graph;
    VEC(struct storage) storages; /* its own: batches, inputs, scratch. Ids from tensors.n upwards: id - tensors.n */
    VEC(struct kernel) kernels;
    VEC(const struct sexpr *) scalars; /* evaluated in this order before the kernels run */
    VEC(struct kernel_output) outputs;
    int64_t scratch_bytes;  /* highest byte its storages use, from the start of the scratch region */
};

struct kernels {
    const struct program *program;
    VEC(struct storage) tensors;   /* one for each of program->tensors; storage ids 0.. name these */
    VEC(struct kernel_graph) graphs; /* one for each of program->graphs */
    int64_t tensor_bytes;   /* the arena starts with the tensors */
    int64_t arena_bytes;    /* tensors, then the scratch region, shared by all graphs */
    int64_t worker_bytes;   /* each thread's own tile, apart from the arena */
};

static inline bool span_same(struct span a, struct span b)
{
    return a.file == b.file && a.at == b.at && a.length == b.length && a.role == b.role && a.call == b.call;
}

struct kernels *kernels_make(struct ganc *g, const struct program *p);   /* the whole of schedule/ */
/* The same with other grids of tiles for the products of floats that our code makes: grid[n], n counting the kernels of all graphs in order, is a place in
 * the kernel's order of grids by cost, below KERNEL_GRIDS; the last there is where it has fewer. 0, or a grid of NULL: as kernels_make. Equal bits. */
struct kernels *kernels_make_grids(struct ganc *g, const struct program *p, const uint8_t *grid);
enum { KERNEL_GRIDS = 6 };
/* About the arena_bytes, rather too many, with minibatches of `batch` examples in training instead of k's own, the largest of which is plan_batch(k). */
int64_t plan_batch(const struct kernels *k);
int64_t plan_smaller(struct ganc *g, const struct kernels *k, int64_t batch);
/* Sets `panels` of every product by what its storages say. */
void kernels_mark(struct kernels *k);
void kernels_print(struct buffer *to, const struct ganc *g, const struct kernels *k);
/* The text of kernels read back (read.c): the program with it, NULL after an error. g->check_bounds becomes what the text was planned for. */
struct kernels *kernels_parse(struct ganc *g, uint32_t file, struct program **p);
bool kernels_is_text(const char *text, size_t length); /* does it start with `ganc kernels`? */
void plan_print(struct buffer *to, const struct ganc *g, const struct kernels *k); /* each storage's bytes, offset, lifetime; totals */

/* Panels: a matrix [rows, columns] as the innermost part of a product wants to read it, PRODUCT_PANEL columns after the other, row after row within
 * each; the last panel may be narrower. Columns are a multiple of PRODUCT_LANES, so that no vector stands in two panels. Instructions name
 * elements by their row-major numbers whatever the layout; only code generation and the runtime know where they stand. */
enum { PRODUCT_LANES = 16, PRODUCT_PANEL = 48 };

static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* Where element `i`, counted row by row, stands in a storage of `elements`; columns: of struct storage. */
static inline int64_t panel_position(int64_t elements, int64_t columns, int64_t i)
{
    if (!columns) return i;
    int64_t row = i / columns, column = i % columns, start = column / PRODUCT_PANEL * PRODUCT_PANEL;
    int64_t wide = least(columns - start, PRODUCT_PANEL);
    return start * (elements / columns) + row * wide + column - start;
}

/* A PRODUCT of floats is made panel by panel, in each a few rows after the other, which go through the body while they are in the first cache.
 * What of the right operands does not stand in memory as a panel is packed into the worker's own memory first. Where k is deeper than
 * PRODUCT_DEEP in all, the whole tile is summed there, PRODUCT_DEPTH of k after the other. Of doubles, and where `library` says so, a library
 * multiplies; then only the whole tile is there. Right operands whose rows lie PRODUCT_NEAR elements apart or less are read where they stand: the cache
 * holds them as well as a panel. Left operands that are stored turned are packed too, PRODUCT_CHUNK rows of the tile at a time, if there is more than a
 * panel to be made of them; of a tile with several such chunks all right operands are packed first. Of a deep tile the piece at work of the left
 * operand is copied. A left operand in panels is read where it stands. */
enum { PRODUCT_DEEP = 2048, PRODUCT_DEPTH = 960, PRODUCT_BLOCK = 8, PRODUCT_NEAR = 64, PRODUCT_CHUNK = 256, PRODUCT_GROUP = 4 * PRODUCT_PANEL };

static inline int64_t kernel_depth(const struct kernel *k)
{
    int64_t depth = 0;
    for (uint32_t i = 0; i < k->products.n; i++) depth += k->products.at[i].k;
    return depth;
}

/* The windows of a PRODUCT that is one over windows; NULL of any other. */
static inline const struct windows *kernel_windows(const struct kernel *k)
{
    return k->products.n && k->products.at[0].windows.on ? &k->products.at[0].windows : NULL;
}

static inline int64_t windows_depth(const struct product *p) { return p->k / (p->windows.taps[0] * p->windows.taps[1]); } /* of a tap */
static inline int64_t windows_inner(const struct kernel *k) /* rows of a position */
{
    const struct windows *w = kernel_windows(k);
    return k->extent[0] / (w->grid[0] * w->grid[1]);
}

/* Of few channels the patches that rows meet are gathered first, [taps and channels, examples], zeros outside of the image: of conv2d all taps of a position;
 * of its gradient for the weights, whose rows are those of the patches, at one of its taps after the other. */
static inline bool windows_gathers(const struct product *p) { return !p->ta && windows_depth(p) < PRODUCT_LANES && p->k <= PRODUCT_DEPTH; }
static inline bool windows_patches(const struct kernel *k) { return k->products.at[0].ta && windows_inner(k) < PRODUCT_LANES; }

/* Of few examples a block's rows are positions next to each other in a row of the grid, or stride positions apart; a tile is of whole such rows. */
static inline bool windows_runs(const struct kernel *k)
{
    const struct product *p = &k->products.at[0];
    return !p->ta && !windows_gathers(p) && windows_inner(k) < PRODUCT_BLOCK;
}

/* Few channels out: each pixel of the image is multiplied by the weights of all taps at once, as so many columns, and what comes out is added to the positions
 * that the taps say (codegen/product_spread.c), PRODUCT_LANES examples after the other. Of what is less work so than tap by tap, and of positions that
 * a worker's memory may hold. */
enum { SPREAD_COLUMNS = 256, SPREAD_PLACES = 1 << 17 };

/* Along axis i, of what a pixel's taps are added to: that of position 0; how many places there are. */
static inline int64_t windows_shift(const struct windows *w, int i) { return w->back ? w->before[i] : w->taps[i] - 1 - w->before[i]; }
static inline int64_t windows_places(const struct windows *w, int i)
{
    int64_t reached = (w->back ? w->stride[i] : 1) * (w->image[i] - 1) + w->taps[i], asked = w->grid[i] + windows_shift(w, i);
    return reached > asked ? reached : asked;
}

static inline bool windows_few(const struct windows *w, int64_t depth, int64_t examples, int64_t channels)
{
    if (channels >= PRODUCT_LANES || depth < PRODUCT_LANES || examples < PRODUCT_LANES) return false;
    for (int i = 0; i < 2; i++) {
        bool fits = w->taps[i] <= SPREAD_COLUMNS && w->before[i] >= 0 && w->before[i] < w->taps[i] && w->stride[i] <= w->taps[i] && (w->back || w->stride[i] == 1);
        if (!fits || windows_places(w, i) > SPREAD_PLACES) return false;
    }
    int64_t columns = w->taps[0] * w->taps[1] * channels, pixels = w->image[0] * w->image[1], met = w->back ? pixels : w->grid[0] * w->grid[1];
    if (columns > SPREAD_COLUMNS || windows_places(w, 0) * windows_places(w, 1) * channels > SPREAD_PLACES) return false;
    return 3 * pixels * ((columns + PRODUCT_LANES - 1) / PRODUCT_LANES) <= 2 * met * w->taps[0] * w->taps[1];
}

/* Does a PRODUCT's body do nothing but store it as it is? */
static inline bool kernel_plain(const struct kernel *k)
{
    if (k->body.n != 2 || k->body.at[0].kind != INSN_PRODUCT || k->body.at[1].kind != INSN_STORE) return false;
    return k->extent[1] == 1 || k->body.at[1].at.stride[1] == 1;
}

static inline bool windows_slices(const struct kernel *k)
{
    const struct product *p = &k->products.at[0];
    return kernel_plain(k) && !p->ta && !p->tb && windows_few(&p->windows, windows_depth(p), windows_inner(k), k->extent[1]);
}

/* Then a tile is of all positions of some examples, a multiple of PRODUCT_LANES; with other tiles it is made tap by tap. */
static inline bool windows_spreads(const struct kernel *k)
{
    int64_t examples = windows_inner(k), positions = k->extent[0] / examples;
    return windows_slices(k) && k->tile[1] == k->extent[1] && k->tile[0] % positions == 0 && (k->tile[0] == k->extent[0] || k->tile[0] / positions % PRODUCT_LANES == 0);
}

static inline int64_t spread_columns(const struct kernel *k) /* of all taps, in whole vectors */
{
    const struct windows *w = kernel_windows(k);
    return (w->taps[0] * w->taps[1] * k->extent[1] + PRODUCT_LANES - 1) / PRODUCT_LANES * PRODUCT_LANES;
}

/* Rows that stand together in a tile: those of a position, or a part of them. */
static inline int64_t windows_unit(const struct kernel *k) { return least(k->tile[0], windows_inner(k)); }

/* Does a PRODUCT's body draw random numbers? It runs over PRODUCT_GROUP columns at a time, which share words; any other over a panel. */
static inline bool kernel_draws(const struct kernel *k)
{
    for (uint32_t i = 0; i < k->body.n; i++)
        if (k->body.at[i].kind == INSN_RANDOM) return true;
    return false;
}

static inline int64_t kernel_group(const struct kernel *k) { return kernel_draws(k) ? PRODUCT_GROUP : PRODUCT_PANEL; }

/* Are left operands of a PRODUCT of floats packed? Into how many chunks of rows is its tile cut then? */
static inline bool kernel_turned(const struct kernel *k)
{
    bool turned = false;
    for (uint32_t i = 0; i < k->products.n; i++) turned = turned || (k->products.at[i].ta && !k->products.at[i].panels);
    return turned && !kernel_windows(k) && k->tile[1] > PRODUCT_PANEL && k->tile[0] > PRODUCT_BLOCK && kernel_depth(k) <= PRODUCT_DEEP;
}

/* Is the piece at work of left operands copied, so that rows far apart do not take each other's place in the caches? */
static inline bool kernel_copied(const struct kernel *k) { return !kernel_windows(k) && kernel_depth(k) > PRODUCT_DEEP && k->tile[1] > PRODUCT_PANEL; }

static inline int64_t kernel_chunks(const struct kernel *k) { return kernel_turned(k) ? (k->tile[0] + PRODUCT_CHUNK - 1) / PRODUCT_CHUNK : 1; }

static inline int64_t kernel_worker_bytes(const struct kernel *k, uint32_t size)
{
    if (k->kind != KERNEL_PRODUCT) return 0;
    if (size == 8 || k->library) return kernel_plain(k) ? 0 : k->tile[0] * k->tile[1] * size;
    int64_t depth = kernel_depth(k), wide = (k->tile[1] + PRODUCT_LANES - 1) / PRODUCT_LANES * PRODUCT_LANES;
    if (kernel_windows(k)) {
        const struct product *p = &k->products.at[0];
        if (windows_spreads(k)) {
            const struct windows *w = &p->windows;
            int64_t places = windows_places(w, 0) * windows_places(w, 1) * k->extent[1];
            return ((windows_depth(p) + PRODUCT_LANES) * spread_columns(k) + places * PRODUCT_LANES) * size;
        }
        int64_t gathered = windows_gathers(p) ? p->k * windows_unit(k) : windows_patches(k) ? (k->tile[0] + 2 * windows_inner(k)) * windows_depth(p) : 0;
        return ((windows_gathers(p) ? p->k : windows_depth(p)) * PRODUCT_PANEL + gathered + k->tile[0] * wide) * size;
    }
    if (depth > PRODUCT_DEEP) return (PRODUCT_DEPTH * (PRODUCT_PANEL + (kernel_copied(k) ? k->tile[0] : 0)) + k->tile[0] * wide) * size;
    int64_t across = kernel_chunks(k) > 1 ? wide : kernel_group(k);
    return (depth * across + PRODUCT_BLOCK * kernel_group(k) + depth * (kernel_turned(k) ? PRODUCT_CHUNK + PRODUCT_BLOCK : 0)) * size;
}

static inline const struct storage *kernels_storage(const struct kernels *k, const struct kernel_graph *kg, uint32_t id)
{
    return id < k->tensors.n ? &k->tensors.at[id] : &kg->storages.at[id - k->tensors.n];
}

#endif
