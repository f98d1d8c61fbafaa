/* split.c: tasks and tiles, by shape alone, never by the number of threads: results are the same on any number.
 *
 * Loops: the outermost parallel dimension that is long enough is cut in chunks of about TASK_WORK operations; the last one, which vectors run
 * along, in multiples of 64. Products: the grid of tiles that keeps 2, 4 and 8 threads evenly busy at the least cost, where a tile costs
 * its multiply-adds on whole registers, the packing of its part of the right operands, and its start. */
#include "schedule/internal.h"

#define TASK_WORK ((int64_t)1 << 15)    /* operations that are worth a task */
#define TASKS_MOST 16
#define TASKS_SHORT 8
#define LANE_UNIT 64                     /* elements, of a task's part of the dimension that vectors run along */
#define PRODUCT_PARTS 64                 /* of either dimension, tried */
#define PRODUCT_TILES 256                /* tried, in all */
#define WINDOWS_TILES 512                /* of a product over windows, where positions are more */
#define WINDOWS_TILE ((int64_t)1 << 16)  /* elements of its tile */
#define WINDOWS_PIXELS ((int64_t)1 << 17) /* elements of what its rows meet at a tap, which the L2 cache is to keep */
#define WHOLE_BYTES ((int64_t)512 << 10) /* of a tile that is made whole: doubles, and deep ones */

/* Costs in cycles of a processor that does one multiply-add of 16 floats a cycle. */
#define COST_PACK 1.0                    /* of an element packed, most often from beyond the L2 cache */
#define COST_TURN 1.0                    /* of an element packed from panels, in squares */
#define COST_PANEL 0.8                   /* of an element read from panels as it is, fetched ahead */
#define COST_NARROW 0.5                  /* of a row's part of a strip that is narrower than a panel, in vectors */
#define COST_LEFT 0.4                    /* of an element of the left operand read for a panel */
#define COST_TURNED 0.7                  /* of an element of a left operand that is packed for the tile */
#define COST_PIXEL 1.0                   /* of an element of an image, for a tile */
#define COST_PATCH 0.2                   /* of an element of a patch, gathered for a tile */
#define COST_SPREAD 12.0                 /* of a vector that is added to a position, turned: so deep a sum takes as long */
#define COST_SPREAD_PACK 4.0             /* of a row of weights, packed one by one */
#define COST_SEGMENT 40.0                /* of a row's part that the body starts to read or write */
#define COST_CUT 16000.0                 /* of a product that is worth more than one task */
#define COST_LATE 0.15                   /* of a tile that another core, slower for a while, is still at when all else is done */
#define COST_ALONE 20000.0               /* of a graph's kernels on average, where threads begin to pay: they hand over between any two */
#define COST_TILE 1500.0                 /* of a task: to be taken, and its first cache misses */

struct split {
    const struct kernels *all;
    const struct kernel_graph *kg;
    bool alone; /* a task each: its graph is too small for threads */
};

static int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

/* Operations of one point, roughly. */
static int64_t point_work(const struct kernel *k)
{
    int64_t work = 1;
    for (uint32_t i = 0; i < k->body.n; i++) {
        const struct insn *in = &k->body.at[i];
        work += in->outer ? 0 : in->kind == INSN_RANDOM ? 24 : in->kind == INSN_OP ? element_cost(in->op) : 1;
    }
    return work;
}

/* A power of two, so that the threads' shares are as large as each other, and as those of the products before and behind. */
static int64_t loop_tasks(const struct kernel *k)
{
    int64_t points = 1, tasks = 1;
    for (uint32_t d = 0; d < k->rank; d++) points *= k->extent[d];
    int64_t work = points > INT64_MAX / 64 ? INT64_MAX : points * least(point_work(k), 64);
    while (tasks < TASKS_MOST && work / TASK_WORK >= 2 * tasks) tasks *= 2;
    return tasks;
}

/* Into how many tasks dimension d is cut, if it must. A short one inside is better whole: its points are written out (codegen/pieces.c). */
static int64_t cuts(const struct kernel *k, uint32_t d)
{
    if (d + 1 == k->rank) return divide_up(k->extent[d], LANE_UNIT);
    return k->extent[d] < TASKS_SHORT ? 1 : k->extent[d];
}

static void split_loop(const struct split *s, struct kernel *k)
{
    uint32_t best = 0;
    bool found = false;
    int64_t tasks = s->alone ? 1 : loop_tasks(k);
    for (uint32_t d = 0; d < k->rank; d++) {
        if (k->reduced[d]) continue;
        if (!found || (cuts(k, best) < tasks && cuts(k, d) > cuts(k, best))) best = d;
        found = true;
    }
    if (!found) { /* a sum of everything: no dimension to cut */
        k->split = 0, k->chunk = k->extent[0], k->tasks = 1;
        return;
    }
    int64_t extent = k->extent[best], unit = best + 1 == k->rank ? LANE_UNIT : 1;
    k->split = best;
    k->chunk = least(extent, divide_up(divide_up(extent, tasks), unit) * unit);
    k->tasks = (uint32_t)divide_up(extent, k->chunk);
}

static bool in_panels(const struct split *s, uint32_t storage) { return kernels_storage(s->all, s->kg, storage)->columns > 0; }

/* Cycles that it takes to have the columns of p's right operand where they are read. Rows that are near to each other are not packed; see
 * codegen/product_float.c. */
static double right_cost(const struct split *s, const struct product *p, int64_t columns)
{
    double elements = (double)p->k * (double)columns;
    if (in_panels(s, p->b.storage)) return elements * (p->tb ? COST_TURN : COST_PANEL);
    if (p->windows.on && p->ldb <= PRODUCT_NEAR) return elements * COST_PANEL;
    return p->tb || p->ldb > PRODUCT_NEAR ? elements * COST_PACK : 0;
}

/* Cycles that it takes to pack the rows of p's left operand for a tile of so many columns. */
static double left_cost(const struct kernel *k, const struct product *p, int64_t rows, int64_t columns)
{
    if (p->panels || p->windows.on) return 0;
    bool packs = columns > PRODUCT_PANEL && (p->ta ? rows > PRODUCT_BLOCK && kernel_depth(k) <= PRODUCT_DEEP : kernel_depth(k) > PRODUCT_DEEP);
    /* a deep one is too much for the cache to keep from one tile to the next; turned and not packed, its rows take each other's places there */
    double far = kernel_depth(k) > PRODUCT_DEEP || (p->ta && !packs && p->lda > PRODUCT_NEAR) ? 1 : 0;
    return (double)p->k * (double)rows * (far + (packs ? COST_TURNED : 0));
}

/* The part of the taps that a row meets, on average: back, a stride leaves out the others. Runs of positions that meet the same share the right operand, so
 * that it is read whole for less work; elsewhere each position reads its own part, and all costs are less alike. */
static double part_met(const struct kernel *k, const struct product *p)
{
    const struct windows *w = &p->windows;
    return w->on && w->back && windows_runs(k) ? 1 / ((double)w->stride[0] * (double)w->stride[1]) : 1;
}

/* Over windows: each pixel comes from beyond the L2 cache once for a tile, so does the right operand; back, positions share no taps with their neighbours. */
static double windows_cost(const struct split *s, const struct kernel *k, int64_t rows, int64_t columns)
{
    const struct product *p = &k->products.at[0];
    if (windows_patches(k)) return (double)p->k * (double)rows * COST_PATCH;
    double shares = p->windows.back && rows > windows_inner(k) && !windows_runs(k) ? (double)rows / (double)windows_inner(k) : 1;
    return part_met(k, p) * (double)p->k * (double)rows * COST_PIXEL + (shares - 1) * right_cost(s, p, columns);
}

/* Few channels out: of each pixel the columns of all taps, which are turned and added to where they belong. */
static double spread_cost(const struct kernel *k, int64_t rows)
{
    const struct product *p = &k->products.at[0];
    double slices = (double)divide_up(rows * windows_inner(k) / k->extent[0], PRODUCT_LANES), vectors = (double)spread_columns(k) / PRODUCT_LANES;
    double pixels = (double)p->windows.image[0] * (double)p->windows.image[1];
    return COST_TILE + COST_SPREAD_PACK * (double)p->k + slices * pixels * vectors * ((double)windows_depth(p) + COST_SPREAD) * PRODUCT_LANES;
}

/* Cycles that a tile takes. */
static double tile_cost(const struct split *s, const struct kernel *k, int64_t rows, int64_t columns)
{
    double cost = COST_TILE, vectors = (double)divide_up(columns, PRODUCT_LANES), panels = (double)divide_up(columns, PRODUCT_PANEL);
    if (kernel_windows(k) && windows_slices(k)) return spread_cost(k, rows);
    for (uint32_t i = 0; i < k->products.n; i++) {
        const struct product *p = &k->products.at[i];
        if (p->windows.on) cost += windows_cost(s, k, rows, columns);
        cost += part_met(k, p) * (double)p->k * (double)rows * (vectors + COST_LEFT * panels + (columns % PRODUCT_PANEL ? COST_NARROW : 0)) + right_cost(s, p, columns) +
                left_cost(k, p, rows, columns);
    }
    for (uint32_t i = 0; i < k->body.n; i++) {
        const struct insn *in = &k->body.at[i];
        if ((in->kind == INSN_LOAD || in->kind == INSN_STORE) && in->at.stride[0]) cost += COST_SEGMENT * (double)rows;
    }
    return cost;
}

/* Cycles until the last tile is made: each thread has a share of the tiles, neighbours, and helps the others when it is through with it
 * (runtime/threads.c). */
static double grid_time(const double cost[2][2], int64_t down, int64_t across, const bool rest[2], int64_t threads)
{
    int64_t tiles = down * across, next[8], end[8];
    double busy[8] = {0}, last = 0;
    for (int64_t i = 0; i < threads; i++) {
        next[i] = i ? end[i - 1] : 0;
        end[i] = next[i] + tiles / threads + (i < tiles % threads);
    }
    for (int64_t left = tiles; left > 0; left--) {
        int64_t first = 0, from;
        for (int64_t i = 1; i < threads; i++)
            if (busy[i] < busy[first]) first = i;
        for (from = first; next[from] == end[from];) from = (from + 1) % threads;
        int64_t t = next[from]++;
        busy[first] += cost[rest[0] && t / across == down - 1][rest[1] && t % across == across - 1];
        if (busy[first] > last) last = busy[first];
    }
    return last + COST_LATE * cost[0][0];
}

/* What a grid of such tiles costs on 2, 4 and 8 threads together. Times count as they are, so that fewer threads, which take longer, weigh more, and those on
 * two double: with more, grids that suit them came out that cost two threads 2 % of gan_mnist. */
static double grid_cost(const struct split *s, const struct kernel *k, int64_t rows, int64_t columns)
{
    int64_t left[2] = {k->extent[0] % rows, k->extent[1] % columns};
    bool rest[2] = {left[0] > 0, left[1] > 0};
    double total = 0, cost[2][2];
    for (int i = 0; i < 4; i++) cost[i / 2][i % 2] = tile_cost(s, k, i / 2 ? left[0] : rows, i % 2 ? left[1] : columns);
    for (int64_t threads = 2; threads <= 8; threads *= 2)
        total += grid_time(cost, divide_up(k->extent[0], rows), divide_up(k->extent[1], columns), rest, threads) * (threads == 2 ? 2 : 1);
    return total;
}

static bool tile_fits(const struct kernel *k, int64_t down, int64_t across, uint32_t size)
{
    bool whole = size == 8 || k->library ? !kernel_plain(k) : kernel_depth(k) > PRODUCT_DEEP;
    return !whole || down * across * size <= WHOLE_BYTES;
}

/* The n-th try at cutting `extent` by `unit`: in n equal parts; 0 where that is no new size. */
static int64_t part(int64_t extent, int64_t unit, int64_t n, int64_t before)
{
    int64_t size = least(extent, divide_up(divide_up(extent, n), unit) * unit);
    return size == before ? 0 : size;
}

/* What a tile's columns are a multiple of: of panels, where any stand in memory, else of vectors, until there are many. */
static int64_t column_unit(const struct split *s, const struct kernel *k, int64_t parts)
{
    for (uint32_t i = 0; i < k->products.n; i++)
        if (in_panels(s, k->products.at[i].b.storage) && !k->products.at[i].tb) return kernel_group(k);
    for (uint32_t i = 0; i < k->body.n; i++)
        if (k->body.at[i].kind == INSN_STORE && in_panels(s, k->body.at[i].at.storage)) return kernel_group(k);
    return kernel_draws(k) ? PRODUCT_GROUP : k->extent[1] < 2 * PRODUCT_PANEL * parts ? PRODUCT_LANES : PRODUCT_PANEL;
}

/* The best grids, by cost; of equal ones the first that was tried. */
struct grids {
    unsigned n;
    struct grid {
        double cost;
        int64_t down, across;
    } at[KERNEL_GRIDS];
};

static void grids_add(struct grids *g, struct grid x)
{
    unsigned i = g->n < KERNEL_GRIDS ? g->n : KERNEL_GRIDS;
    while (i > 0 && x.cost < g->at[i - 1].cost) i--;
    if (i == KERNEL_GRIDS) return;
    if (g->n < KERNEL_GRIDS) g->n++;
    for (unsigned j = g->n - 1; j > i; j--) g->at[j] = g->at[j - 1];
    g->at[i] = x;
}

/* The grid in place `grid`, or the last there is; none: k->tile stays as it is. */
static void grids_take(const struct grids *g, struct kernel *k, unsigned grid)
{
    if (g->n) {
        const struct grid *one = &g->at[grid < g->n ? grid : g->n - 1];
        k->tile[0] = one->down, k->tile[1] = one->across;
    }
    k->split = 0, k->chunk = k->extent[0];
    k->tasks = (uint32_t)(divide_up(k->extent[0], k->tile[0]) * divide_up(k->extent[1], k->tile[1]));
}

/* Few channels out: tiles of all positions of some examples. */
static void split_spread(const struct split *s, struct kernel *k, unsigned grid)
{
    struct grids best = {0};
    int64_t examples = windows_inner(k), positions = k->extent[0] / examples, slice = 0;
    for (int64_t n = 1; n <= PRODUCT_PARTS; n++) {
        int64_t own = part(examples, PRODUCT_LANES, n, slice);
        if (!own) continue;
        slice = own;
        grids_add(&best, (struct grid){grid_cost(s, k, positions * slice, k->extent[1]), positions * slice, k->extent[1]});
    }
    grids_take(&best, k, grid);
}

/* Of patches of few channels: tiles of any rows, as of other products. */
static void split_patches(const struct split *s, struct kernel *k, unsigned grid)
{
    struct grids best = {0};
    int64_t down = 0;
    for (int64_t r = 1; r <= PRODUCT_PARTS; r++) {
        int64_t d = part(k->extent[0], PRODUCT_BLOCK, r, down), across = 0;
        if (!d) continue;
        down = d;
        for (int64_t c = 1; c <= PRODUCT_PARTS; c++) {
            int64_t a = part(k->extent[1], column_unit(s, k, c), c, across);
            if (!a) continue;
            across = a;
            bool fits = down * across <= WINDOWS_TILE && (down <= PRODUCT_BLOCK || down * windows_depth(&k->products.at[0]) <= WINDOWS_PIXELS);
            if (fits && divide_up(k->extent[0], down) * divide_up(k->extent[1], across) <= PRODUCT_TILES) grids_add(&best, (struct grid){grid_cost(s, k, down, across), down, across});
        }
    }
    k->tile[0] = least(k->extent[0], PRODUCT_BLOCK), k->tile[1] = least(k->extent[1], kernel_group(k)); /* of what is too large for PRODUCT_TILES */
    grids_take(&best, k, grid);
}

/* Over windows: tiles of whole positions, or of a whole part of each. */
static void split_windows(const struct split *s, struct kernel *k, unsigned grid)
{
    if (windows_slices(k)) {
        split_spread(s, k, grid);
        return;
    }
    if (windows_patches(k)) {
        split_patches(s, k, grid);
        return;
    }
    bool runs = windows_runs(k);
    int64_t rows = k->extent[0], columns = k->extent[1], inner = windows_inner(k) * (runs ? kernel_windows(k)->grid[1] : 1), across = 0;
    struct grids best = {0};
    for (int64_t c = 1; c <= PRODUCT_PARTS; c++) {
        int64_t a = part(columns, column_unit(s, k, c), c, across);
        if (!a) continue;
        across = a;
        for (int64_t n = 1; n <= PRODUCT_PARTS; n *= 2)
            for (int down = 0; down < 2; down++) { /* n positions, or an n-th of one */
                int64_t unit = down ? inner * n : inner / n;
                bool fits = down ? n * inner <= rows : !runs && n > 1 && inner % n == 0 && unit % PRODUCT_BLOCK == 0;
                if (!fits || unit * across > WINDOWS_TILE || (n > 1 && unit * k->products.at[0].lda > WINDOWS_PIXELS) ||
                    divide_up(rows, unit) * divide_up(columns, across) > WINDOWS_TILES)
                    continue;
                grids_add(&best, (struct grid){grid_cost(s, k, unit, across), unit, across});
            }
    }
    k->tile[0] = inner, k->tile[1] = least(columns, kernel_group(k)); /* of what is too large for WINDOWS_TILES */
    grids_take(&best, k, grid);
}

static void split_product(const struct split *s, struct kernel *k, uint32_t size, unsigned grid)
{
    if (kernel_windows(k)) {
        split_windows(s, k, grid);
        return;
    }
    int64_t rows = k->extent[0], columns = k->extent[1], down = 0, across = 0;
    struct grids best = {0};
    if (size == 8 || k->library) grid = 0; /* the library's bits may depend on a tile's size */
    bool cut = !s->alone && tile_cost(s, k, rows, columns) >= COST_CUT;
    k->tile[0] = least(rows, 512), k->tile[1] = least(columns, kernel_group(k)); /* of what is too large for PRODUCT_TILES */
    for (int64_t r = 1; r <= PRODUCT_PARTS; r++) {
        int64_t d = part(rows, PRODUCT_BLOCK, r, down);
        if (!d) continue;
        down = d, across = 0;
        for (int64_t c = 1; c <= PRODUCT_PARTS && (cut || r * c == 1); c++) {
            int64_t a = part(columns, column_unit(s, k, c), c, across);
            if (!a) continue;
            across = a;
            if (divide_up(rows, down) * divide_up(columns, across) > PRODUCT_TILES || !tile_fits(k, down, across, size)) continue;
            grids_add(&best, (struct grid){grid_cost(s, k, down, across), down, across});
        }
    }
    grids_take(&best, k, grid);
}

/* ---- graphs of small kernels ---- */

/* Cycles that one thread takes for all of it, roughly. */
static double alone_cost(const struct split *s, const struct kernel *k)
{
    if (k->kind == KERNEL_PRODUCT) return tile_cost(s, k, k->extent[0], k->extent[1]);
    double points = 1;
    for (uint32_t d = 0; d < k->rank; d++) points *= (double)k->extent[d];
    return points * (double)point_work(k) / PRODUCT_LANES;
}

bool split_pays(const struct kernels *all, const struct kernel_graph *kg)
{
    struct split s = {all, kg, false};
    double cost = 0;
    for (uint32_t i = 0; i < kg->kernels.n; i++) cost += alone_cost(&s, &kg->kernels.at[i]);
    return cost >= COST_ALONE * kg->kernels.n;
}

void split_kernel(const struct kernels *all, const struct kernel_graph *kg, bool alone, struct kernel *k, uint32_t size, unsigned grid)
{
    struct split s = {all, kg, alone};
    if (k->kind == KERNEL_PRODUCT) split_product(&s, k, size, grid);
    else split_loop(&s, k);
}
